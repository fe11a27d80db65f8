"""Draws from many laws at once: the laws themselves, by chi-square against the exact ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats

from modelcollapse.families import ragged
from modelcollapse.families.ragged import hypergeometric, multinomial, offsets, segment_sum

REPEATS = 40_000


def p_value(draws, outcomes, law):
    """Chi-square test of how often each outcome occurred; rare ones are pooled."""
    probabilities = np.array([law.pmf(outcome) for outcome in outcomes])
    index = {outcome: i for i, outcome in enumerate(outcomes)}
    seen = np.bincount([index[tuple(row)] for row in draws.tolist()], minlength=len(outcomes))
    common = probabilities * len(draws) >= 5
    observed = np.append(seen[common], seen[~common].sum())
    expected = np.append(probabilities[common], probabilities[~common].sum()) * len(draws)
    kept = expected > 0
    return stats.chisquare(observed[kept], expected[kept] * observed.sum() / expected.sum()).pvalue


def compositions(n, parts):
    return [c for c in itertools.product(range(n + 1), repeat=parts) if sum(c) == n]


def repeated(values, repeats=REPEATS):
    return np.tile(values, repeats), np.arange(repeats + 1) * len(values)


class TestSegmentSum:
    @pytest.mark.parametrize(
        "lengths", [(2, 3), (0, 5), (5, 0), (2, 0, 0, 3), (0, 0, 5, 0), (0, 0)]
    )
    def test_equals_the_sum_of_each_slice(self, rng, lengths):
        starts = offsets(np.array(lengths))
        values = rng.random(sum(lengths))
        expected = [values[a:b].sum() for a, b in itertools.pairwise(starts)]
        np.testing.assert_allclose(segment_sum(values, starts), expected)

    def test_truth_values_are_counted(self):
        values = np.array([True, True, False, True])
        assert_array_equal(segment_sum(values, np.array([0, 3, 4])), [2, 1])


@pytest.mark.parametrize("way", ["_poisson", "_binomials"])
class TestBothWaysOfDrawing:
    @pytest.mark.parametrize("n", [1, 5, 9])
    def test_the_law_is_multinomial(self, rng, way, n):
        weights = np.array([1, 2, 5])
        tiled, starts = repeated(weights)
        drawn = getattr(ragged, way)(tiled, starts, np.full(REPEATS, n), rng).reshape(-1, 3)
        outcomes = compositions(n, 3)
        assert p_value(drawn, outcomes, stats.multinomial(n, weights / 8)) > 1e-4
        wrong = np.array([2, 2, 4]) / 8
        assert p_value(drawn, outcomes, stats.multinomial(n, wrong)) < 1e-6

    def test_totals_are_exact_in_segments_of_any_length(self, rng, way):
        lengths = rng.integers(0, 40, size=200)
        starts = offsets(lengths)
        weights = rng.integers(1, 1000, size=starts[-1])
        n = np.where(lengths > 0, rng.integers(0, 5000, size=200), 0)
        drawn = getattr(ragged, way)(weights, starts, n, rng)
        assert drawn.min() >= 0
        assert_array_equal(segment_sum(drawn, starts), n)

    def test_variances_of_large_draws(self, rng, way):
        weights = np.append(200, rng.integers(1, 50, size=29))
        tiled, starts = repeated(weights, 4000)
        n = 2000
        drawn = getattr(ragged, way)(tiled, starts, np.full(4000, n), rng).reshape(-1, 30)
        p = weights / weights.sum()
        ratio = drawn.var(axis=0, ddof=1) / (n * p * (1 - p))
        error = np.sqrt(2 / 3999)
        assert np.abs(ratio - 1).max() < 4.5 * error
        # Uncorrected Poisson numbers would have the variance n p, and this would tell.
        poisson = ratio * (1 - p)
        assert np.abs(poisson - 1).max() > 4.5 * error


def test_the_cheaper_way_is_taken(monkeypatch, rng):
    taken = []
    for way in ("_poisson", "_binomials"):
        monkeypatch.setattr(ragged, way, lambda *_, way=way: taken.append(way))
    one = np.array([0, 5000])
    multinomial(np.ones(5000, dtype=np.int64), one, 5000, rng)
    multinomial(np.ones(5000, dtype=np.int64), one, 10**9, rng)
    assert taken == ["_poisson", "_binomials"]


class TestHypergeometric:
    # Few chosen, few left out, and a middle where each entry has its own number.
    @pytest.mark.parametrize("k", [0, 3, 12, 25, 28])
    def test_the_law_is_multivariate_hypergeometric(self, rng, k):
        counts = np.array([5, 9, 14])
        tiled, starts = repeated(counts, 10_000)
        drawn = hypergeometric(tiled, starts, k, rng).reshape(-1, 3)
        assert_array_equal(drawn.sum(axis=1), k)
        if 0 < k < 28:
            outcomes = compositions(k, 3)
            law = stats.multivariate_hypergeom(counts, k)
            assert p_value(drawn, outcomes, law) > 1e-4
            assert p_value(drawn, outcomes, stats.multinomial(k, counts / 28)) < 1e-6

    def test_equals_choosing_records_one_by_one_in_law(self, rng):
        counts, k = np.array([1, 3, 2]), 2
        records = np.repeat(np.arange(3), counts)
        by_hand = np.array(
            [np.bincount(rng.choice(records, k, replace=False), minlength=3) for _ in range(5000)]
        )
        tiled, starts = repeated(counts, 5000)
        drawn = hypergeometric(tiled, starts, k, rng).reshape(-1, 3)
        outcomes = compositions(k, 3)
        index = {outcome: i for i, outcome in enumerate(outcomes)}
        table = [
            np.bincount([index[tuple(row)] for row in sample.tolist()], minlength=len(outcomes))
            for sample in (drawn, by_hand)
        ]
        possible = np.array(table).sum(axis=0) > 0
        assert not possible[index[2, 0, 0]]  # there is one record of the first state
        assert stats.chi2_contingency(np.array(table)[:, possible]).pvalue > 1e-4

    @pytest.mark.parametrize("size", [3, 4000])
    def test_each_segment_chooses_its_own_number(self, rng, size):
        lengths = np.array([2, 0, 3, 1])
        starts = offsets(lengths)
        counts = rng.integers(1, size, size=6)
        totals = segment_sum(counts, starts)
        k = np.array([totals[0] // 2, 0, totals[2], 1])
        drawn = hypergeometric(counts, starts, k, rng)
        assert np.all((drawn >= 0) & (drawn <= counts))
        assert_array_equal(segment_sum(drawn, starts), k)

    def test_more_records_than_numpy_can_thin(self, rng):
        counts = np.array([2 * 10**9, 10**9])
        drawn = hypergeometric(counts, np.array([0, 2]), 1000, rng)
        assert drawn.sum() == 1000
        assert abs(drawn[0] - 667) < 75  # five standard errors
