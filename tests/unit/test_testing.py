"""Each check catches a part that breaks exactly one promise, and passes the part that keeps it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

import modelcollapse as mc
from modelcollapse import records
from modelcollapse.corpus import Block, Corpus
from modelcollapse.errors import InputError
from modelcollapse.families.counts import Counts
from modelcollapse.families.moments import Moments
from modelcollapse.families.texts import Texts
from modelcollapse.testing import (
    BrokenPromise,
    check_curator,
    check_learner,
    check_policy,
    default_statistics,
)

RNG = np.random.default_rng(7)
ROWS = RNG.normal(2.0, 3.0, size=(500, 2))
DOCUMENTS = [
    " ".join(RNG.choice(["a", "b", "c", "d"], p=[0.5, 0.3, 0.1, 0.1], size=8)) for _ in range(200)
]
KINDS = {
    "rows": ROWS,
    "numbers": ROWS[:, 0],
    "whole numbers": RNG.integers(5, size=400),
    "pandas": pd.DataFrame(ROWS, columns=["x", "y"]).assign(z="same"),
    "polars": pl.DataFrame({"x": ROWS[:, 0], "y": ROWS[:, 1]}),
    "moments": mc.Gaussian([1.0, -2.0], [[2.0, 0.3], [0.3, 1.0]]).exact().sample(400, rng=RNG),
    "batch of moments": mc.ExactGaussian().replicate(3).sample(400, rng=RNG),
    "counts": mc.Zipf(50).sample(400, rng=RNG),
    "batch of counts": mc.Zipf(50).replicate(3).sample(400, rng=RNG),
    "texts": Texts.of(DOCUMENTS),
    "strings": DOCUMENTS,
}


@dataclass(frozen=True)
class Bootstrap:
    """Writes records of the data anew: a model that keeps every promise, for any records."""

    data: object

    def sample(self, n, *, rng):
        if isinstance(self.data, Moments):
            return mc.GaussianMLE().fit(self.data, rng=rng).sample(n, rng=rng)
        if isinstance(self.data, Counts):
            return mc.Frequencies().fit(self.data, rng=rng).sample(n, rng=rng)
        return records.take(self.data, rng.integers(records.size(self.data), size=n))


class FitBootstrap:
    def fit(self, data, *, rng, parent=None):
        return Bootstrap(data)


def learner(sample, fit=None):
    """Learner that differs from an honest one in how its model samples, or in how it fits."""

    class Model(Bootstrap):
        def sample(self, n, *, rng):
            return sample(super().sample, n, rng)

    class Custom:
        def fit(self, data, *, rng, parent=None):
            return Model(data if fit is None else fit(self, data, rng))

    return Custom()


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_learner_passes_on_every_kind_of_data(kind):
    check_learner(FitBootstrap(), KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_seed_is_caught_on_every_kind_of_data(kind):
    frozen = learner(lambda honest, n, rng: honest(n, rng=np.random.default_rng(0)))
    with pytest.raises(BrokenPromise, match="it keeps a seed"):
        check_learner(frozen, KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_randomness_of_its_own_is_caught_on_every_kind_of_data(kind):
    own = learner(lambda honest, n, rng: honest(n, rng=np.random.default_rng()))
    with pytest.raises(BrokenPromise, match="different records from equal generators"):
        check_learner(own, KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_too_few_records_are_caught_on_every_kind_of_data(kind):
    short = learner(lambda honest, n, rng: honest(n - 1, rng=rng))
    with pytest.raises(BrokenPromise, match=r"was asked for .* and wrote"):
        check_learner(short, KINDS[kind])


def favour(data):
    """Data of the same kind and size, in which what is rare has become rarer."""
    if isinstance(data, Moments):
        return replace(data, root=data.root * 0.5)
    if isinstance(data, Counts):
        counts = data.dense().reshape(-1, data.number_of_states)
        moved = counts[:, 1:] // 2
        counts[:, 1:] -= moved
        counts[:, 0] += moved.sum(axis=1)
        return Counts.from_dense(counts if data.replicates else counts[0])
    if isinstance(data, Texts | list):
        n = records.size(data)
        strings = data if isinstance(data, list) else data.to_strings()
        commonest = [i for i, text in enumerate(strings) if text.split().count("a") >= 5]
        return records.take(data, np.resize(commonest, n))
    return None


@pytest.mark.parametrize("kind", [k for k in KINDS if favour(KINDS[k]) is not None])
def test_a_model_of_another_law_is_caught_where_no_variance_tells(kind):
    narrow = learner(lambda honest, n, rng: honest(n, rng=rng), lambda _, data, rng: favour(data))
    with pytest.raises(BrokenPromise, match="differ from the data it was fitted to"):
        check_learner(narrow, KINDS[kind])


@pytest.mark.parametrize("kind", ["rows", "numbers", "polars"])
def test_decoding_means_instead_of_sampling_is_caught(kind):
    def shrink(honest, n, rng):
        written = honest(n, rng=rng)
        if kind == "polars":
            return written.select(pl.col("*") * 0.7 + pl.col("*").mean() * 0.3)
        return 0.7 * written + 0.3 * written.mean(axis=0)

    with pytest.raises(BrokenPromise, match=r"writes records with 0\.\d\d times the variance"):
        check_learner(learner(shrink), KINDS[kind])


def test_the_allowed_spread_can_be_chosen():
    wide = learner(lambda honest, n, rng: 1.3 * (w := honest(n, rng=rng)) - 0.3 * w.mean(axis=0))
    with pytest.raises(BrokenPromise, match=r"1\.\d\d times the variance"):
        check_learner(wide, ROWS)
    check_learner(wide, ROWS, spread=(0.75, 2.0))


def test_a_shifted_mean_is_caught():
    shifted = learner(lambda honest, n, rng: honest(n, rng=rng) + 3.0)
    with pytest.raises(BrokenPromise, match=r"statistic 0 is 4\.9\d+ .* where the data have 1\.96"):
        check_learner(shifted, ROWS)


def test_another_layout_is_caught():
    flat = learner(lambda honest, n, rng: honest(n, rng=rng)[:, :1])
    with pytest.raises(BrokenPromise, match=r"layout \(1,\), but was fitted to \(2,\)"):
        check_learner(flat, ROWS)


def keep_on_self(self, data, rng):
    self.last = data
    return data


def warm_up(self, data, rng):
    self.calls = getattr(self, "calls", 0) + 1
    return data


def sort_in_place(self, data, rng):
    data.sort(axis=0)
    return data


def resample(self, data, rng):
    return data[np.random.default_rng().integers(len(data), size=len(data))]


def use_global_state(self, data, rng):
    np.random.random()
    return data


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (keep_on_self, "changed the learner"),
        (warm_up, "changed the learner"),
        (sort_in_place, "changed the data"),
        (resample, r"fitted twice .* gave different models"),
        (use_global_state, "global random state"),
    ],
)
def test_each_promise_of_fit_is_checked(fit, message):
    with pytest.raises(BrokenPromise, match=message):
        check_learner(learner(lambda honest, n, rng: honest(n, rng=rng), fit), ROWS.copy())


def test_global_randomness_in_sampling_is_caught():
    def sample(honest, n, rng):
        return ROWS[np.random.randint(len(ROWS), size=n)]

    with pytest.raises(BrokenPromise, match="global random state"):
        check_learner(learner(sample), ROWS)


def test_a_learner_that_cannot_be_pickled_or_copied_is_checked_all_the_same():
    import threading

    class Locked(FitBootstrap):
        def __init__(self):
            self.lock, self.call = threading.Lock(), lambda x: x

    check_learner(Locked(), ROWS)


def test_nothing_is_said_about_the_moments_of_unknown_records():
    objects = [{"x": i} for i in range(50)]
    assert default_statistics(objects) is None
    check_learner(FitBootstrap(), objects)


def test_ones_own_statistics_replace_the_default():
    biased = learner(lambda honest, n, rng: honest(n, rng=rng) + np.array([0.0, 3.0]))
    check_learner(biased, ROWS, statistics=lambda rows: [rows[:, 0].mean()])
    with pytest.raises(BrokenPromise, match="statistic 1"):
        check_learner(biased, ROWS, statistics=lambda rows: rows.mean(axis=0))


def test_the_default_statistics_are_the_documented_ones():
    assert default_statistics(ROWS)(ROWS) == pytest.approx(ROWS.mean(axis=0))
    of = default_statistics(KINDS["moments"])(KINDS["moments"])
    expected = KINDS["moments"].scatter.trace() / 400
    assert of == pytest.approx([*KINDS["moments"].mean, expected])
    counts = Counts.from_dense([1, 6, 3])
    assert default_statistics(counts)(counts).tolist() == [0.6, 0.3, 0.1]
    assert list(default_statistics(["b a", "a b a"])(["a c", "c c"])) == [0.25, 0.0]
    texts = Texts.of(["b a", "a b a"])
    assert default_statistics(texts)(texts).tolist() == [0.6, 0.4]


# --- policies ----------------------------------------------------------------------------------


def unrepeatable(corpus, draw):
    return draw.original(int(np.random.default_rng().integers(5, 50))) + draw.synthetic(5)


def forgetful(corpus, draw):
    draw.synthetic(5)


def empty(corpus, draw):
    return Corpus()


def destructive(corpus, draw):
    corpus.blocks[0].data[:] = 0
    return draw.synthetic(10)


def prophetic(corpus, draw):
    return Corpus((Block(draw.synthetic(10).data, draw.generation + 3),))


def careless(corpus, draw):
    return corpus.subset(10, rng=np.random.default_rng(np.random.randint(100)))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (unrepeatable, "formed different corpora from equal draws"),
        (forgetful, "returned NoneType instead of a Corpus"),
        (empty, "returned an empty corpus"),
        (destructive, "changed the corpus it was given"),
        (prophetic, "written by generation 4 while generation 1"),
        (careless, "global random state"),
    ],
)
def test_each_promise_of_a_policy_is_checked(policy, message):
    with pytest.raises(BrokenPromise, match=message):
        check_policy(policy)


def test_a_policy_may_read_fresh_records():
    check_policy(lambda corpus, draw: draw.fresh(7) + draw.synthetic(3))


def test_a_policy_that_asks_for_too_much_says_so_itself():
    with pytest.raises(InputError, match="asked for 90 original records"):
        check_policy(mc.Mix(100, real=0.9))
    check_policy(mc.Mix(100, real=0.9), size=100)


# --- curators ----------------------------------------------------------------------------------


def curator(select, ratio=2.0):
    class Custom:
        oversample = ratio

        def select(self, candidates, n, *, rng):
            return select(candidates, n, rng)

    return Custom()


def honest_choice(candidates, n, rng):
    return rng.choice(len(candidates), size=n, replace=False)


def wiping(candidates, n, rng):
    candidates[:] = 0.0
    return np.arange(n)


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (lambda c, n, rng: np.arange(n - 1), "asked for 1 records and returned an array of shape"),
        (lambda c, n, rng: np.arange(n) / 1.0, "type float64"),
        (lambda c, n, rng: c[:n], "returned an array of shape"),
        (lambda c, n, rng: np.zeros(n, dtype=int), "chose a record twice"),
        (lambda c, n, rng: np.arange(n) + 1, "not among the 40 candidates"),
        (lambda c, n, rng: -1 - np.arange(n), "not among the 40 candidates"),
        (lambda c, n, rng: honest_choice(c, n, np.random.default_rng()), "equal generators"),
        (lambda c, n, rng: np.random.permutation(len(c))[:n], "global random state"),
        (wiping, "changed the candidates"),
    ],
)
def test_each_promise_of_a_curator_is_checked(select, message):
    with pytest.raises(BrokenPromise, match=message):
        check_curator(curator(select), ROWS[:40].copy())


def test_a_curator_cannot_keep_more_than_is_written():
    with pytest.raises(BrokenPromise, match=r"oversample is 0\.5"):
        check_curator(curator(honest_choice, 0.5), ROWS[:40])
    check_curator(curator(honest_choice), ROWS[:40])


class MostCommonRegion:
    """Writes right numbers, and for every record the most common label."""

    def __init__(self, data, bends):
        self.data, self.bends = data, bends

    def sample(self, n, *, rng):
        found = records.take(self.data, rng.integers(len(self.data), size=n))
        if not self.bends:
            return found
        most = found["region"].mode().sort()[0]
        return found.with_columns(
            region=pl.when(pl.Series(rng.random(n) < 0.3)).then(pl.lit(most)).otherwise("region")
        )


@dataclass(frozen=True)
class Regions:
    bends: bool

    def fit(self, data, *, rng, parent=None):
        return MostCommonRegion(data, self.bends)


@pytest.mark.parametrize("numbers", [True, False])
def test_a_learner_that_favours_the_most_common_label_is_caught(numbers):
    table = mc.Survey("polars").sample(600, rng=np.random.default_rng(3))
    table = table.select("region", "age") if numbers else table.select("region", "sex")
    check_learner(Regions(bends=False), table)
    with pytest.raises(BrokenPromise, match="differ from the data it was fitted to"):
        check_learner(Regions(bends=True), table)
