import contextlib
import hashlib
import itertools
import os
import pickle
import sys
import threading
from dataclasses import dataclass, replace

import cloudpickle
import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import engine
from modelcollapse.engine import run_all
from modelcollapse.errors import Degenerate, InputError, Missing, ModelCollapseError, StoreError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Status
from modelcollapse.store import Store

# Worker processes cannot import a test module: its classes travel to them by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

EXACT = mc.Lineage(mc.ExactGaussian(), mc.GaussianMLE(), mc.Replace(30), size=30)


@pytest.fixture
def rows():
    return mc.Lineage(mc.Gaussian(), mc.KernelDensity(), mc.Replace(30), size=30)


@pytest.fixture
def always_pool(monkeypatch):
    """Start processes after the first piece, however short the work."""
    monkeypatch.setattr(engine, "POOL_SECONDS", -1.0)


@dataclass(frozen=True)
class Mortal:
    """Learner that finds nothing to fit from some generation on."""

    death: int

    def fit(self, data, *, rng, parent=None):
        age = 0 if parent is None else parent.age + 1
        if age >= self.death:
            raise Degenerate(f"dead at {age}")
        return Aged(age)


@dataclass(frozen=True)
class Aged:
    age: int

    def sample(self, n, *, rng):
        return rng.normal(size=(n, 1))


def equal(first, second):
    return (
        first.measures == second.measures
        and all(np.array_equal(first[m], second[m], equal_nan=True) for m in first.measures)
        and np.array_equal(first.alive, second.alive)
        and first.endings == second.endings
        and fingerprint(first.snapshots) == fingerprint(second.snapshots)
        and first.provenance == second.provenance
    )


# --- which generations are read ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("generations", "every", "read"),
    [
        (0, 1, [0]),
        (0, 5, [0]),
        (1, 1, [0, 1]),
        (5, 2, [0, 2, 4, 5]),
        (6, 2, [0, 2, 4, 6]),
        (3, 3, [0, 3]),
        (3, 4, [0, 3]),
        (3, 1000, [0, 3]),
    ],
)
@pytest.mark.parametrize("kind", ["rows", "exact"])
def test_the_first_the_last_and_every_so_many_are_read(kind, rows, generations, every, read):
    lineage = rows if kind == "rows" else EXACT
    history = lineage.run(generations, every=every, replicates=2)
    assert history.generations.tolist() == read
    everything = lineage.run(generations, replicates=2)
    assert np.array_equal(history["variance"], everything["variance"][:, read])


def test_readings_are_those_of_the_generations(rows):
    history = rows.run(6, replicates=2, seed=5, probes=["mean_error", "variance"])
    for replicate in range(2):
        chain = rows.generations(seed=5, replicate=replicate)
        found = [float(np.var(g.sample, ddof=1)) for g in itertools.islice(chain, 7)]
        assert history["variance"][replicate] == pytest.approx(found, rel=1e-12)


def test_more_replicates_begin_with_the_same_ones(rows):
    few, many = (rows.run(3, replicates=r, probes=["variance"]) for r in (2, 5))
    assert np.array_equal(few["variance"], many["variance"][:2])


# --- batches -------------------------------------------------------------------------------------


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(mc.ExactGaussian, "batch", property(lambda self: 4))


@pytest.mark.parametrize("replicates", [1, 3, 4, 5, 8, 11])
def test_the_last_batch_may_be_smaller(small_batches, replicates):
    history = EXACT.run(3, replicates=replicates)
    assert history["variance"].shape == (replicates, 4)
    assert len(np.unique(history["variance"][:, 1])) == replicates
    assert not np.isnan(history["variance"]).any()


def test_full_batches_do_not_depend_on_how_many_there_are(small_batches):
    few, many = EXACT.run(3, replicates=8), EXACT.run(3, replicates=9)
    assert np.array_equal(few["variance"], many["variance"][:8])


@pytest.fixture
def mortal_batches(small_batches, monkeypatch):
    """Batches that end one after another: the first at generation 1, the second at 2, ..."""
    fit, calls = mc.GaussianMLE.fit, []

    def dying(self, data, *, rng, parent=None):
        calls.append(parent is None)
        index = len(calls) - 1 - max(i for i, first in enumerate(calls) if first)
        if parent is not None and index >= sum(calls):
            raise Degenerate("over")
        return fit(self, data, rng=rng)

    monkeypatch.setattr(mc.GaussianMLE, "fit", dying)


def test_an_ending_in_a_batch_is_that_of_its_replicates(mortal_batches):
    history = EXACT.run(4, replicates=10)
    found = {replicate: end.generation for replicate, end in history.endings.items()}
    assert found == {**dict.fromkeys(range(4), 1), **dict.fromkeys(range(4, 8), 2), 8: 3, 9: 3}
    read = ~np.isnan(history["variance"])
    assert read.sum(axis=1).tolist() == [1] * 4 + [2] * 4 + [3] * 2
    assert np.array_equal(history.alive, read)


# --- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("death", [1, 3, 5])
@pytest.mark.parametrize("every", [1, 2, 100])
def test_an_extinct_end_leaves_the_rest_unread(toy, death, every):
    lineage = mc.Lineage(toy.Normal(), Mortal(death), mc.Replace(30), size=30)
    history = lineage.run(5, replicates=2, every=every)
    before = history.generations < death
    for replicate in range(2):
        assert history.endings[replicate].generation == death
        assert history.endings[replicate].reason == f"dead at {death}"
        assert history.status(replicate) is Status.EXTINCT
        assert np.array_equal(history.alive[replicate], before)
    assert np.array_equal(np.isnan(history["variance"][0]), ~before)
    assert "2 replicates" in repr(history)


def test_a_lineage_that_never_begins_is_a_mistake(toy, tmp_path):
    lineage = mc.Lineage(toy.Normal(), Mortal(0), mc.Replace(30), size=30)
    with pytest.raises(InputError, match="no model could be fitted in generation 0: dead at 0"):
        lineage.run(5, replicates=2, store=tmp_path / "store")
    assert not (tmp_path / "store").exists()
    with pytest.raises(InputError, match="generation 0 of 'mortal'"):
        mc.simulate({"mortal": lineage}, generations=5)


def test_an_end_beyond_the_last_generation_is_not_seen(toy):
    history = mc.Lineage(toy.Normal(), Mortal(6), mc.Replace(30), size=30).run(5)
    assert history.endings == {}
    assert history.alive.all()


def test_replicates_may_end_or_not(toy):
    class Lottery:
        def fit(self, data, *, rng, parent=None):
            if rng.random() < 0.3:
                raise Degenerate("bad luck")
            return Aged(0)

    history = mc.Lineage(toy.Normal(), Lottery(), mc.Replace(9), size=9).run(3, replicates=20)
    assert 0 < len(history.endings) < 20
    for replicate, end in history.endings.items():
        assert not history.alive[replicate, end.generation :].any()
        assert history.alive[replicate, : end.generation].all()


# --- snapshots -----------------------------------------------------------------------------------


def test_snapshots_are_of_replicate_0_whether_or_not_they_are_measured(rows):
    history = rows.run(6, replicates=3, every=6, snapshots=[0, 3, 6])
    assert sorted(history.snapshots) == [0, 3, 6]
    for index, shown in history.snapshots.items():
        chain = rows.generations()
        sample = next(itertools.islice(chain, index, None)).sample
        assert np.array_equal(shown, sample[:64])


def test_snapshots_beyond_the_end_are_not_there(rows, toy):
    assert sorted(rows.run(2, snapshots=[1, 2, 3, 50]).snapshots) == [1, 2]
    mortal = mc.Lineage(toy.Normal(), Mortal(2), mc.Replace(9), size=9)
    assert sorted(mortal.run(4, snapshots=[0, 1, 2, 3]).snapshots) == [0, 1]


def test_sufficient_statistics_have_nothing_to_show():
    assert EXACT.run(2, snapshots=[0, 1]).snapshots == {}


def test_at_most_64_records_are_kept(toy):
    lineage = mc.Lineage(toy.Normal(), toy.FitNormal(), mc.Replace(500), size=500)
    assert lineage.run(0, snapshots=[0]).snapshots[0].shape == (64, 1)


# --- wrong numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"generations": -1}, "generations is -1.* at least 0"),
        ({"replicates": 0}, "replicates is 0.* at least 1"),
        ({"every": 0}, "every is 0"),
        ({"seed": -4}, "seed is -4"),
        ({"n_jobs": 0}, "n_jobs is 0"),
        ({"engine": "raj"}, "no engine 'raj'. Did you mean 'ray'"),
        ({"snapshots": [3, -1]}, "snapshot of generation -1"),
        ({"probes": ["nonsense"]}, "there is no probe 'nonsense'"),
    ],
)
def test_numbers_out_of_range_are_refused(rows, options, message):
    with pytest.raises(InputError, match=message):
        rows.run(**{"generations": 2, **options})


def test_something_must_be_simulated():
    with pytest.raises(InputError, match="no lineages"):
        mc.simulate({})


# --- processes -----------------------------------------------------------------------------------


def test_short_work_starts_no_processes(rows, monkeypatch):
    monkeypatch.setattr("joblib.Parallel", None)
    rows.run(2, replicates=20, n_jobs=-1)


def test_the_answer_does_not_depend_on_the_number_of_processes(rows, always_pool):
    finite = mc.Lineage(
        # Above the size from which joblib hands arrays over as read-only maps of memory.
        mc.Empirical(np.random.default_rng(0).normal(size=(150_000, 1))),
        mc.KernelDensity(),
        mc.Mix(60, real=0.5, fresh=True),
        size=60,
    )
    local = lambda corpus, draw: draw.synthetic(20) + draw.fresh(10)  # noqa: E731
    lineages = {
        "rows": rows,
        "finite": finite,
        "lambda": rows.but(policy=local),
        "curated": rows.but(curator=mc.TopScore(lambda x: -np.abs(x[:, 0]))),
        "exact": EXACT,
    }
    options = {"generations": 4, "replicates": 3, "seed": 2, "snapshots": [0, 4]}
    one, two = (run_all(lineages, n_jobs=n, **options) for n in (1, 2))
    assert all(equal(one[label], two[label]) for label in lineages)


@dataclass(frozen=True)
class Failing:
    """Learner of which the second replicate fails, in a worker process if there is one."""

    error: str

    def fit(self, data, *, rng, parent=None):
        if data[0, 0] != FIRST:
            if self.error == "killed":
                os._exit(9)
            if self.error == "missing":
                raise Missing("this", "that", "extra")
            raise {"input": InputError, "other": ZeroDivisionError}[self.error]("worker's words")
        return Aged(0)


FIRST = float(
    mc.Lineage(mc.Gaussian(), mc.GaussianMLE(), mc.Replace(9), size=9)
    .generations()
    .__next__()
    .corpus.data[0, 0]
)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        ("input", InputError, "worker's words"),
        ("missing", Missing, "this needs the package 'that'"),
        ("other", ZeroDivisionError, "worker's words"),
        ("killed", ModelCollapseError, "a worker process was killed"),
    ],
)
def test_what_goes_wrong_in_a_worker_is_said_as_if_it_were_here(always_pool, error, kind, message):
    lineage = mc.Lineage(mc.Gaussian(), Failing(error), mc.Replace(9), size=9)
    with pytest.raises(kind, match=message):
        lineage.run(0, replicates=2, n_jobs=2, probes=[])


def test_a_part_that_cannot_travel_is_named(always_pool, rows):
    lock = threading.Lock()

    def policy(corpus, draw):
        with lock:
            return draw.synthetic(10)

    with pytest.raises(InputError, match=r"cannot be sent to another process .*lock.*n_jobs=1"):
        rows.but(policy=policy).run(1, replicates=3, n_jobs=2)


def test_the_answer_does_not_depend_on_the_engine(rows, always_pool):
    options = {"replicates": 3, "n_jobs": 2, "snapshots": [2]}
    here, there = (rows.run(4, engine=engine, **options) for engine in ("inline", "processes"))
    assert equal(here, there)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_ends_with_everything_done(rows, n_jobs, monkeypatch):
    monkeypatch.setattr(engine, "POOL_SECONDS", -1.0)
    seen = []
    rows.run(
        3, replicates=4, n_jobs=n_jobs, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (16, 16)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {16}


# --- the store -----------------------------------------------------------------------------------


class Stopped(Exception):
    """Stands for a kill at a generation of one's choice."""


def stop_after(generations):
    left = [generations]

    def progress(done, total):
        left[0] -= 1
        if left[0] < 0:
            raise Stopped

    return progress


def lineages_to_resume(toy):
    source = mc.Empirical(np.random.default_rng(0).normal(size=(2000, 1)))
    texts = [f"{'abcdefgh'[i % 8]} {'abcd'[i % 4]} {'ab'[i % 2]}" for i in range(200)]
    rows = mc.Lineage(toy.Normal(), toy.FitNormal(), mc.Replace(20), size=20)
    return {
        "rows": rows,
        "accumulate": rows.but(policy=mc.Accumulate(20), budget=25),
        "warm": mc.Lineage(source, mc.Mixture(2, start="warm"), mc.Mix(40, beta=0.5), size=40),
        "kept axes": mc.Lineage(
            mc.Gaussian([0.0, 0.0, 0.0]),
            mc.PCA(mc.GaussianMLE(), 2, "kept"),
            mc.Augment(30),
            size=30,
        ),
        "finite": mc.Lineage(source, mc.KernelDensity(), mc.Mix(40, real=0.5, fresh=True), size=40),
        "fixed": rows.but(policy=mc.Mix(20, real=0.5, fixed=True)),
        "schedule": rows.but(policy=mc.Schedule([(mc.Replace(20), 3), (mc.Accumulate(20), 9)])),
        "texts": mc.Lineage(mc.Empirical(texts), mc.NGram(2), mc.Accumulate(30), size=30),
        "exact": EXACT.but(policy=mc.Accumulate(30)),
        "exact budget": EXACT.but(policy=mc.Mix(30, beta=0.3, gamma=0.2)),
        "counts": mc.Lineage(mc.Zipf(50), mc.Frequencies(), mc.Mix(40, real=0.2), size=40),
        "states": mc.Lineage(mc.Zipf(50).rows(), mc.Frequencies(), mc.Accumulate(40), size=40),
        "curated": rows.but(curator=mc.RandomSelection()),
        "mortal": rows.but(learner=Mortal(4)),
        "estimator": rows.but(
            learner=mc.Estimator("sklearn.neighbors:KernelDensity", {"bandwidth": 0.3})
        ),
    }


NAMES = list(
    lineages_to_resume(type("toy", (), {"Normal": mc.Gaussian, "FitNormal": mc.GaussianMLE}))
)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_stopped_anywhere_goes_on_to_the_same_bytes(toy, tmp_path, name):
    lineage = lineages_to_resume(toy)[name]
    options = {"generations": 6, "replicates": 2, "snapshots": [0, 2, 6], "seed": 8}
    whole = lineage.run(**options)
    for stop in (0, 2, 6, 7, 11):
        store = Store(tmp_path / str(stop), checkpoint_seconds=0)
        with contextlib.suppress(Stopped):
            run_all({"": lineage}, store=store, progress=stop_after(stop), **options)
        assert equal(run_all({"": lineage}, store=store, **options)[""], whole), stop
        # And a third time, from finished pieces.
        assert equal(run_all({"": lineage}, store=store, **options)[""], whole)


def test_a_checkpoint_of_any_generation_will_do(rows, tmp_path):
    # A checkpoint is taken after a generation; a kill leaves the newest one, whichever it is.
    whole = rows.run(4)
    for kept in range(5):
        store = Store(tmp_path / str(kept), checkpoint_seconds=0)
        saved = []
        store.save = lambda name, value, saved=saved: saved.append((name, pickle.dumps(value)))
        run_all({"": rows}, generations=4, store=store)
        checkpoints = [(n, v) for n, v in saved if n.endswith(".checkpoint")]
        assert len(checkpoints) == 4
        again = Store(tmp_path / str(kept))
        if kept < 4:
            again.save(checkpoints[kept][0], pickle.loads(checkpoints[kept][1]))
        assert equal(run_all({"": rows}, generations=4, store=again)[""], whole)


def test_a_resumed_run_does_not_begin_again(rows, tmp_path):
    store = Store(tmp_path, checkpoint_seconds=0)
    with pytest.raises(Stopped):
        run_all({"": rows}, generations=10, store=store, progress=stop_after(6))
    seen = []
    run_all({"": rows}, generations=10, store=store, progress=lambda d, t: seen.append(d))
    assert seen[0] >= 6


def test_a_finished_piece_is_not_done_again(rows, tmp_path):
    calls = []

    class Counting(type(rows.learner)):
        def fit(self, data, *, rng, parent=None):
            calls.append(1)
            return super().fit(data, rng=rng)

    lineage = rows.but(learner=Counting())
    first = lineage.run(3, replicates=2, store=tmp_path)
    assert len(calls) == 8
    assert equal(lineage.run(3, replicates=2, store=tmp_path), first)
    assert len(calls) == 8
    # More replicates go on from those that are there.
    more = lineage.run(3, replicates=3, store=tmp_path)
    assert len(calls) == 12
    assert np.array_equal(more["variance"][:2], first["variance"])


def test_the_number_of_processes_does_not_matter_to_a_store(rows, tmp_path, always_pool):
    first = rows.run(3, replicates=4, n_jobs=2, store=tmp_path)
    assert equal(rows.run(3, replicates=4, n_jobs=1, store=tmp_path), first)
    assert len(list(tmp_path.glob("*.piece"))) == 4
    assert not list(tmp_path.glob("*.checkpoint"))


def test_labels_that_look_alike_as_file_names_are_kept_apart(rows, tmp_path):
    labels = [
        "10 % real",
        "10_% real",
        "10 %_real",
        "a",
        "A",
        "",
        "lineage",
        "x" * 300,
        "x" * 301,
        "ä",
    ]
    lineages = {label: rows.but(policy=mc.Replace(10 + i)) for i, label in enumerate(labels)}
    plain = run_all(lineages, generations=1)
    stored = run_all(lineages, generations=1, store=tmp_path)
    again = run_all(lineages, generations=1, store=tmp_path)
    for label in labels:
        assert equal(stored[label], plain[label])
        assert equal(again[label], plain[label])
    names = [path.name for path in tmp_path.glob("*.piece")]
    assert len({name.lower() for name in names}) == len(labels)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"policy": mc.Replace(31)}, r"lineages\..*policy"),
        ({"size": 31}, r"lineages\..*size"),
        # What a spec cannot spell out counts as well.
        ({"policy": lambda corpus, draw: draw.synthetic(31)}, "policy"),
    ],
)
def test_a_store_of_another_run_is_refused(rows, tmp_path, change, difference):
    rows.run(1, store=tmp_path)
    with pytest.raises(StoreError, match=f"holds another run .*{difference}"):
        rows.but(**change).run(1, store=tmp_path)


def test_a_store_of_other_records_is_refused(toy, tmp_path):
    def run(data, folder):
        lineage = mc.Lineage(mc.Empirical(data), toy.FitNormal(), mc.Replace(9), size=9)
        return lineage.run(1, store=tmp_path / folder)

    data = np.random.default_rng(0).normal(size=(50, 1))
    first = run(data, "a")
    assert equal(run(data.copy(), "a"), first)
    with pytest.raises(StoreError, match=r"holds another run .*truth"):
        run(data + 1.0, "a")


def test_a_store_of_another_function_is_refused(rows, tmp_path):
    def policy(n):
        return lambda corpus, draw: draw.synthetic(n)

    rows.but(policy=policy(10)).run(1, store=tmp_path)
    rows.but(policy=policy(10)).run(1, store=tmp_path)
    with pytest.raises(StoreError, match=r"holds another run .*policy"):
        rows.but(policy=policy(11)).run(1, store=tmp_path)


def test_a_piece_from_a_version_that_is_gone_is_reported(rows, tmp_path):
    rows.run(1, store=tmp_path)
    piece = next(tmp_path.glob("*.piece"))
    store = Store(tmp_path)
    payload = pickle.dumps(engine.Piece()).replace(b"Piece", b"Peace")
    piece.write_bytes(hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
    with pytest.raises(StoreError, match="written by another version"):
        store.load(piece.name)
    with pytest.raises(StoreError, match="written by another version"):
        rows.run(1, store=tmp_path)


# --- states --------------------------------------------------------------------------------------


def test_an_old_generation_still_knows_where_the_source_was(toy):
    source = mc.Empirical(np.random.default_rng(0).normal(size=(400, 1)))
    lineage = mc.Lineage(source, toy.FitNormal(), mc.Mix(30, real=0.5, fresh=True), size=30)
    seen = list(itertools.islice(lineage.generations(), 8))
    resumed = list(itertools.islice(lineage.generations(after=seen[3].state), 4))
    assert [g.model for g in resumed] == [g.model for g in seen[4:]]


def test_a_piece_can_be_replaced_in_parts():
    assert replace(engine.Piece(), ending=None).readings == {}
