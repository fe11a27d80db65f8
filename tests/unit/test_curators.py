import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import Incompatible, InputError


def test_random_selection_takes_every_candidate_equally_often(rng):
    counts = np.zeros(10)
    for _ in range(4000):
        chosen = mc.RandomSelection().select(np.arange(10), 3, rng=rng)
        assert len(np.unique(chosen)) == 3
        counts[chosen] += 1
    expected = 4000 * 0.3
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected * 0.7)


def test_positions_come_in_order_of_writing(rng):
    for curator in (mc.RandomSelection(), mc.TopScore(lambda x: -x)):
        chosen = curator.select(np.arange(50.0), 20, rng=rng)
        assert (np.diff(chosen) > 0).all()


def test_top_score_keeps_the_best(rng):
    scores = rng.permutation(100).astype(float)
    chosen = mc.TopScore(lambda x: x).select(scores, 10, rng=rng)
    assert sorted(scores[chosen]) == list(range(90, 100))
    assert len(mc.TopScore(lambda x: x).select(scores, 100, rng=rng)) == 100


def test_ties_are_broken_by_chance_and_not_by_order(rng):
    counts = np.zeros(6)
    for _ in range(3000):
        chosen = mc.TopScore(lambda x: [1, 1, 1, 1, 0, 5]).select(np.arange(6), 3, rng=rng)
        counts[chosen] += 1
    assert counts[5] == 3000
    assert counts[4] == 0
    assert np.abs(counts[:4] - 1500).max() < 5 * np.sqrt(3000 / 4)


@pytest.mark.parametrize("make", [mc.RandomSelection, lambda r: mc.TopScore(len, r)])
@pytest.mark.parametrize("ratio", [0.9, 0.0, -1.0, float("nan")])
def test_less_than_what_is_kept_cannot_be_written(make, ratio):
    with pytest.raises(InputError, match="oversample = "):
        make(ratio)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda x: x[:3], r"shape \(3,\) for 10 candidates"),
        (lambda x: 1.0, r"shape \(\) for 10 candidates"),
        (lambda x: np.stack([x, x]), r"shape \(2, 10\)"),
        (lambda x: np.where(x > 7, np.nan, x), "2 of 10 scores are NaN or infinite"),
        (lambda x: np.where(x > 8, np.inf, x), "1 of 10 scores"),
    ],
)
def test_scores_that_cannot_rank_are_refused(score, message, rng):
    with pytest.raises(InputError, match=message):
        mc.TopScore(score).select(np.arange(10.0), 5, rng=rng)


def broken(candidates):
    return 1 / 0


@pytest.mark.parametrize("make", [mc.TopScore, mc.BestOf])
def test_a_score_that_fails_is_named(make, rng):
    with pytest.raises(
        InputError, match=rf"score broken of {make.__name__} failed on 10 .*, given"
    ):
        make(broken).select(np.arange(10.0), 5, rng=rng)
    with pytest.raises(InputError, match=r"given as ndarray .ValueError: could not convert string"):
        make(lambda x: ["good"] * len(x)).select(np.arange(10.0), 5, rng=rng)


def test_selection_by_chance_changes_nothing_on_average_and_by_score_does():
    lineage = mc.Lineage(mc.Gaussian(), mc.GaussianMLE(), mc.Replace(200), size=200)
    by_chance = lineage.but(curator=mc.RandomSelection(3.0))
    by_score = lineage.but(curator=mc.TopScore(lambda rows: rows[:, 0], 3.0))
    probes = ["variance"]
    kept, plain, chosen = (
        part.run(3, replicates=30, probes=probes)["variance"][:, -1].mean()
        for part in (by_chance, lineage, by_score)
    )
    assert abs(kept - plain) < 0.15
    assert chosen < 0.3


def test_what_keeps_no_records_cannot_be_curated():
    lineage = mc.Lineage(
        mc.ExactGaussian(), mc.GaussianMLE(), mc.Replace(20), size=20, curator=mc.RandomSelection()
    )
    with pytest.raises(Incompatible, match="single records cannot be taken from moments"):
        lineage.run(2)
