from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from skbio.diversity import alpha

from modelcollapse.errors import InputError
from modelcollapse.metrics import diversity

quick = settings(max_examples=60, deadline=None)
COUNTS = [30, 20, 10, 8, 5, 3, 2, 2, 2, 1, 1, 1, 1, 1]
REFERENCE = np.array([50, 30, 12, 5, 2, 1])
MODEL = np.array([45, 12, 3, 0, 0, 0])
OF_LAWS = (
    diversity.support,
    diversity.entropy,
    diversity.heterozygosity,
    *(lambda p, order=q, **k: diversity.hill_number(p, order, **k) for q in (0, 0.5, 1, 2, np.inf)),
)
OF_COUNTS = (diversity.unbiased_heterozygosity, diversity.chao_wang_jost_entropy)


def ragged(P):
    alive = P > 0
    return P[alive], np.concatenate([[0], np.cumsum(alive.sum(axis=1))])


def test_acceptance_37_sum_of_squares_and_entropies():
    p = np.array(COUNTS) / 87
    assert 1 - diversity.unbiased_heterozygosity(COUNTS) == pytest.approx(0.1908580593, abs=1e-9)
    assert diversity.entropy(p) == pytest.approx(1.9703465130, abs=1e-9)
    assert diversity.chao_wang_jost_entropy(COUNTS) == pytest.approx(2.0817326507, abs=1e-9)


def test_the_toy_profile():
    for counts, expected in ((REFERENCE, (6, 3.442768, 2.797985)), (MODEL, (3, 1.98861, 1.652893))):
        p = counts / counts.sum()
        profile = [diversity.hill_number(p, q) for q in (0, 1, 2)]
        assert profile == pytest.approx(expected, abs=1e-6)
    assert 1 / (1 - diversity.unbiased_heterozygosity(REFERENCE)) == pytest.approx(
        2.849741, abs=1e-6
    )
    assert 1 / (1 - diversity.unbiased_heterozygosity(MODEL)) == pytest.approx(1.671388, abs=1e-6)


def test_agrees_with_scikit_bio(rng):
    counts = rng.multinomial(200, rng.dirichlet(np.ones(30)))
    p = counts / counts.sum()
    assert diversity.entropy(p) == pytest.approx(alpha.shannon(counts, base=np.e))
    assert diversity.heterozygosity(p) == pytest.approx(alpha.simpson(counts))
    assert diversity.support(p) == alpha.sobs(counts)
    assert diversity.unbiased_heterozygosity(counts) == pytest.approx(
        alpha.simpson(counts, finite=True)
    )
    for order in (0, 0.5, 1, 2, 3.5):
        assert diversity.hill_number(p, order) == pytest.approx(alpha.hill(counts, order=order))


def test_hill_numbers_near_order_one_lose_no_digits():
    p = np.array([0.7, 0.2, 0.1])
    middle = diversity.hill_number(p, 1)
    for step in (1e-6, 1e-9, 1e-12):
        assert diversity.hill_number(p, 1 + step) == pytest.approx(middle, rel=2 * step + 1e-12)


def test_hill_number_of_infinite_order_is_the_inverse_of_the_largest_share():
    p, starts = [0.5, 0.5, 0.2, 0.8], [0, 2, 2, 4]
    value = diversity.hill_number(p, np.inf, starts=starts)
    assert value[[0, 2]] == pytest.approx([2, 1.25])
    assert np.isnan(value[1])


@quick
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5))
def test_ragged_is_dense(seed, states, replicates):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(rng.integers(2, 60), rng.dirichlet(np.ones(states)), size=replicates)
    alive, starts = ragged(counts)
    for measure in OF_COUNTS:
        np.testing.assert_allclose(measure(alive, starts=starts), measure(counts), rtol=1e-9)
    laws = counts / counts.sum(axis=1, keepdims=True)
    alive, starts = ragged(laws)
    for measure in OF_LAWS:
        np.testing.assert_allclose(measure(alive, starts=starts), measure(laws), rtol=1e-9)


@quick
@given(st.integers(0, 10**6), st.integers(2, 12))
def test_invariances_and_ranges(seed, states):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(states))
    order = rng.permutation(states)
    for measure in OF_LAWS:
        assert measure(p[order]) == pytest.approx(measure(p))
        assert measure(np.append(p, 0.0)) == pytest.approx(measure(p))
    profile = [diversity.hill_number(p, q) for q in (0, 0.5, 1, 1.5, 2, 8, np.inf)]
    assert all(a >= b - 1e-9 for a, b in pairwise(profile))
    assert 1 - 1e-9 <= profile[-1] <= profile[0] == states
    # replication principle: splitting every state in two doubles the effective number
    halves = np.repeat(p / 2, 2)
    for q in (0, 0.5, 1, 2, np.inf):
        assert diversity.hill_number(halves, q) == pytest.approx(2 * diversity.hill_number(p, q))


def test_merging_states_lowers_every_diversity():
    p, merged = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.4, 0.3, 0.3])
    for measure in OF_LAWS:
        assert measure(merged) <= measure(p)
    assert diversity.entropy(merged) < diversity.entropy(p)


def test_a_replicate_without_states_is_undefined():
    for measure in OF_LAWS[1:]:
        value = measure([0.5, 0.5, 1.0], starts=[0, 2, 2, 3])
        assert np.isnan(value).tolist() == [False, True, False]
    assert diversity.support([0.5, 0.5, 1.0], starts=[0, 2, 2, 3]).tolist() == [2, 0, 1]
    for measure in OF_COUNTS:
        assert np.isnan(measure([0, 0]))


def test_one_record_says_nothing_about_pairs():
    assert np.isnan(diversity.unbiased_heterozygosity([1, 0]))
    assert diversity.unbiased_heterozygosity([2, 0]) == 0


def by_the_printed_form(counts):
    """Chao, Wang and Jost as published; loses all digits for large samples."""
    c = np.array([count for count in counts if count], dtype=float)
    n, f1, f2 = c.sum(), (c == 1).sum(), (c == 2).sum()
    value = (c / n * (digamma(n) - digamma(c))).sum()
    if f1 == 0:
        return value
    A = 2 * f2 / ((n - 1) * f1 + 2 * f2) if f2 else 2 / ((n - 1) * (f1 - 1) + 2)
    if A == 1:
        return value
    r = np.arange(1, n)
    return value + f1 / n * (1 - A) ** (1 - n) * (-np.log(A) - ((1 - A) ** r / r).sum())


@pytest.mark.parametrize(
    "counts", [[5, 3, 1, 1], [5, 3, 1], [2, 2, 2], [1, 1, 1, 1], [4, 2, 1], [1], [3], [9, 2, 1, 1]]
)
def test_chao_wang_jost_equals_its_printed_form_on_small_samples(counts):
    assert diversity.chao_wang_jost_entropy(counts) == pytest.approx(
        by_the_printed_form(counts), abs=1e-9
    )


def test_chao_wang_jost_stays_finite_on_large_samples(rng):
    p = 1 / np.arange(1, 100_001)
    p /= p.sum()
    counts = rng.multinomial(1_000_000, p)
    estimate = diversity.chao_wang_jost_entropy(counts)
    assert estimate == pytest.approx(diversity.entropy(p), abs=0.01)
    assert abs(diversity.entropy(counts / 1e6) - diversity.entropy(p)) > 0.02


@pytest.mark.parametrize(
    ("measure", "argument", "match"),
    [
        (diversity.entropy, [3, 4], "sum to 1"),
        (diversity.heterozygosity, [0.5, 0.4], "sum to 1"),
        (diversity.entropy, [1.5, -0.5], "negative"),
        (diversity.unbiased_heterozygosity, [0.5, 0.5], "whole"),
        (diversity.unbiased_heterozygosity, [-1, 3], "whole"),
        (diversity.chao_wang_jost_entropy, ["a", "b"], "whole"),
        (lambda p: diversity.hill_number(p, -1), [0.5, 0.5], "order"),
        (lambda p: diversity.hill_number(p, np.nan), [0.5, 0.5], "order"),
    ],
)
def test_refuses_what_is_no_law_or_no_count(measure, argument, match):
    with pytest.raises(InputError, match=match):
        measure(argument)
