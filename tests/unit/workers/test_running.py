import os
import subprocess
import sys
import threading
import time

import cloudpickle
import pytest

from modelcollapse.errors import InputError, Missing, ModelCollapseError
from modelcollapse.workers import Shared, check_engine, run

# Worker processes cannot import a test module: its functions travel to them by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

HERE = os.getpid()


def square(x):
    return x * x


def times(x, factor):
    return x * factor


def place(x):
    return os.getpid()


def backwards(x):
    time.sleep(0.02 * (8 - x))
    return x


def failing(x):
    if x == 3:
        raise {"input": InputError("worker's words"), "missing": Missing("this", "that", "extra")}[
            os.environ.get("KIND", "input")
        ]
    return x


def dying(x):
    if x == 3 and os.getpid() != HERE:
        os._exit(9)
    return x


@pytest.mark.parametrize(("engine", "n_jobs"), [("inline", -1), ("processes", 1), ("processes", 2)])
def test_every_engine_gives_the_same_in_the_order_of_the_tasks(engine, n_jobs):
    options = {"engine": engine, "n_jobs": n_jobs}
    assert list(run(square, range(20), **options)) == [x * x for x in range(20)]
    assert list(run(backwards, range(8), **options)) == list(range(8))
    assert list(run(times, range(5), shared=Shared(3), **options)) == [0, 3, 6, 9, 12]
    assert list(run(square, [], **options)) == []


def test_processes_are_others_unless_one_is_enough():
    assert HERE not in set(run(place, range(4), n_jobs=2))
    assert set(run(place, range(4), n_jobs=1)) == {HERE}
    assert set(run(place, range(4), engine="inline", n_jobs=2)) == {HERE}


def test_short_work_starts_no_processes(monkeypatch):
    monkeypatch.setattr("joblib.Parallel", None)
    assert set(run(place, range(4), n_jobs=2, worth=30.0)) == {HERE}


def test_long_work_starts_them_after_the_first_task():
    found = list(run(place, range(4), n_jobs=2, worth=1e-9))
    assert found[0] == HERE
    assert HERE not in found[1:]


def test_what_is_done_here_can_report():
    seen = []

    def here(x):
        seen.append(x)
        return square(x)

    assert list(run(square, range(4), n_jobs=1, here=here)) == [0, 1, 4, 9]
    assert seen == [0, 1, 2, 3]


class Counting:
    """Counts, in each process, how often it arrives there."""

    def __reduce__(self):
        return (arrive, ())


def arrive():
    sys.arrivals = getattr(sys, "arrivals", 0) + 1
    return Counting()


def arrivals(x, shared):
    time.sleep(0.05)
    return sys.arrivals


def test_what_is_shared_is_read_once_by_each_process_and_left_nowhere(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert set(run(arrivals, range(12), n_jobs=2, shared=Shared(Counting()))) == {1}
    assert not list(tmp_path.glob("modelcollapse-*"))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kind", ["input", "missing"])
def test_errors_of_the_function_come_out_as_they_are(n_jobs, kind, monkeypatch):
    monkeypatch.setenv("KIND", kind)
    words = {"input": "^worker's words$", "missing": "this needs the package 'that'"}

    def told(x):
        os.environ["KIND"] = kind
        return failing(x)

    results = run(told, range(6), n_jobs=n_jobs)
    with pytest.raises({"input": InputError, "missing": Missing}[kind], match=words[kind]):
        list(results)


def test_a_killed_worker_is_one_sentence():
    results = run(dying, range(6), n_jobs=2)
    with pytest.raises(ModelCollapseError, match="a worker process was killed, most often"):
        list(results)
    assert list(run(square, range(3), n_jobs=2)) == [0, 1, 4]


def test_what_cannot_travel_is_named():
    lock = threading.Lock()

    def locked(x):
        return lock.locked()

    for call in (
        lambda: run(locked, range(3), n_jobs=2, what="a filter"),
        lambda: run(times, range(3), n_jobs=2, shared=Shared(lock), what="a filter"),
    ):
        results = call()
        with pytest.raises(InputError, match=r"a filter cannot be sent .*lock.*n_jobs=1"):
            list(results)


def fall_over():
    raise ModuleNotFoundError("No module named 'elsewhere'")


class Elsewhere:
    def __reduce__(self):
        return (fall_over, ())


def test_what_does_not_arrive_is_said():
    results = run(times, range(3), n_jobs=2, shared=Shared(Elsewhere()))
    with pytest.raises(InputError, match=r"cannot be rebuilt in another process, .*elsewhere"):
        list(results)


@pytest.mark.parametrize(
    ("engine", "n_jobs", "message"),
    [
        ("proceses", 1, "no engine 'proceses'. Did you mean 'processes'"),
        ("processes", 0, "n_jobs is 0"),
        ("inline", 1.5, "n_jobs is 1.5"),
        ("inline", True, "n_jobs is True"),
    ],
)
def test_engines_that_do_not_exist_are_refused(engine, n_jobs, message):
    with pytest.raises(InputError, match=message):
        check_engine(engine, n_jobs)
    with pytest.raises(InputError, match=message):
        run(square, [1], engine=engine, n_jobs=n_jobs)


def test_a_missing_ray_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Missing, match="the engine 'ray' needs the package 'ray'"):
        check_engine("ray", 1)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"])
def test_a_cluster_that_does_not_answer_is_named_at_once(address):
    pytest.importorskip("ray", reason="the engine 'ray' needs ray")
    results = run(square, range(3), engine="ray", address=address)
    with pytest.raises(InputError, match=f"the Ray cluster at '{address}' cannot be joined"):
        list(results)


ALONE = """
import os, ray
from modelcollapse.workers import run

def square(x):
    return x * x, os.getpid()

found = list(run(square, range(4), engine="ray", n_jobs=1))
assert [x for x, _ in found] == [0, 1, 4, 9]
assert os.getpid() not in {pid for _, pid in found}
assert not ray.is_initialized(), "the cluster was left running"
assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
"""


@pytest.mark.xdist_group("ray")
def test_without_an_address_a_cluster_is_made_and_ended():
    pytest.importorskip("ray", reason="the engine 'ray' needs ray")
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    quiet.pop("RAY_USAGE_STATS_ENABLED", None)
    quiet.pop("RAY_ADDRESS", None)
    done = subprocess.run(
        [sys.executable, "-c", ALONE], env=quiet, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_while_work_goes_on(n_jobs):
    results = run(square, range(50), n_jobs=n_jobs)
    assert next(results) == 0
    assert next(results) == 1
    del results
