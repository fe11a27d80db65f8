"""Ray Core: two nodes on this machine, of which one is killed half-way."""

import hashlib
import json
import os
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError, Missing, ModelCollapseError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.verification import verify
from modelcollapse.verifiers.scored import Scored
from modelcollapse.workers import Shared, run

ray = pytest.importorskip("ray", reason="the engine 'ray' needs ray")

# All of them use the one cluster.
pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two nodes with a core each, which this process has joined."""
    before = dict(os.environ)
    diary = tmp_path_factory.mktemp("diary")
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", OMP_NUM_THREADS="1", DIARY=str(diary))
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    options = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}
    found = Cluster(initialize_head=True, head_node_args={**options, "_system_config": quick})
    options.pop("include_dashboard")
    found.diary = diary
    found.second = found.add_node(**options)
    ray.init(address=found.address, log_to_driver=False, logging_level="ERROR")
    yield found
    ray.shutdown()
    found.shutdown()
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    os.environ.clear()
    os.environ.update(before)


def node(x):
    time.sleep(0.2)
    return x, ray.get_runtime_context().get_node_id()


def scaled(x, factor):
    return x * factor


def failing(x):
    if x == 2:
        raise Missing("this", "that", "extra")
    return x


def dying(x):
    if x == 1:
        os._exit(9)
    return x


@dataclass(frozen=True)
class Length:
    """Scores texts by their length; on a cluster with a diary of where."""

    text: str = "text"

    @property
    def name(self):
        return "length"

    @property
    def columns(self):
        return (self.text,)

    def score(self, batch):
        if os.environ.get("DIARY") and ray.is_initialized():
            here, diary = ray.get_runtime_context().get_node_id(), Path(os.environ["DIARY"])
            diary.joinpath(f"{here} {uuid.uuid4()}").touch()
            stuck = diary.joinpath("stuck").read_text()
            while here == stuck or not list(diary.glob(f"{stuck} *")):
                time.sleep(0.05)
        return Scored(np.array([float(len(text)) for text in batch[self.text]]))


def tree(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_tasks_are_spread_and_come_back_in_order(cluster):
    found = list(run(node, range(12), engine="ray"))
    assert [x for x, _ in found] == list(range(12))
    assert len({where for _, where in found}) == 2


def test_what_is_shared_reaches_all_tasks(cluster):
    found = run(scaled, range(5), engine="ray", shared=Shared(np.arange(3.0)))
    assert [x.tolist() for x in found] == [[0, x, 2 * x] for x in range(5)]


def test_no_more_is_handed_out_than_allowed(cluster):
    handed = []

    class Tasks(list):
        def __iter__(self):
            for each in range(20):
                handed.append(each)
                yield each

    for done, _ in enumerate(run(node, Tasks([0] * 20), engine="ray", in_flight=3)):
        # Those that came back, the three at work, and the one to be handed out next.
        assert len(handed) <= done + 1 + 2 * 3
        if done == 8:
            break


def test_errors_come_out_as_they_are(cluster):
    results = run(failing, range(4), engine="ray")
    with pytest.raises(Missing, match="this needs the package 'that'"):
        list(results)


def test_a_task_that_kills_its_worker_each_time_is_one_sentence(cluster):
    results = run(dying, range(3), engine="ray")
    with pytest.raises(ModelCollapseError, match="a worker was killed, and killed again"):
        list(results)


def test_a_lineage_runs_on_ray_as_it_does_here(cluster, tmp_path):
    lineage = mc.Lineage(mc.Gaussian(), mc.KernelDensity(), mc.Accumulate(30), size=30)
    options = {"replicates": 3, "seed": 4, "snapshots": [0, 3]}
    seen = []
    here = lineage.run(3, **options)
    there = lineage.run(
        3, engine="ray", n_jobs=2, store=tmp_path,
        progress=lambda done, total: seen.append((done, total)), **options,
    )  # fmt: skip
    assert there.to_dict() == here.to_dict()
    assert fingerprint(there.snapshots) == fingerprint(here.snapshots)
    assert seen == [(4, 12), (8, 12), (12, 12)]
    assert len(list(tmp_path.glob("*.piece"))) == 3


def test_what_cannot_travel_is_named(cluster):
    lock = threading.Lock()
    results = run(scaled, range(3), engine="ray", shared=Shared(lock), what="a filter")
    with pytest.raises(InputError, match=r"a filter cannot be sent .*n_jobs=1"):
        list(results)


def test_a_node_that_dies_half_way_changes_no_byte(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("modelcollapse.shards.text.LEAST_BYTES", 1024)
    data = tmp_path / "a.jsonl"
    lines = [json.dumps({"text": f"a text {'x' * (i % 40)}", "n": i}) for i in range(300)]
    lines[77] = "broken"
    data.write_text("\n".join(lines))
    with monkeypatch.context() as quiet:
        quiet.delenv("DIARY")
        whole = verify(data, Length(), output=tmp_path / "here", engine="inline")
    shards = len(whole.offsets) - 1
    assert shards > 8
    # What the second node takes up is never finished, and the first one waits for it to begin: so
    # it is at work when it dies.
    cluster.diary.joinpath("stuck").write_text(cluster.second.node_id)

    def taken():
        return [path.name.split()[0] for path in cluster.diary.glob("* *")]

    def kill():
        deadline = time.monotonic() + 60
        while len(taken()) < shards // 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        cluster.remove_node(cluster.second, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    found = verify(data, Length(), output=tmp_path / "there", engine="ray")
    killer.join()
    lost = taken().count(cluster.second.node_id)
    assert lost > 0
    # The node that lived has done every shard, those that were lost included.
    assert len(taken()) - lost == shards
    np.testing.assert_array_equal(found["length"], whole["length"])
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
