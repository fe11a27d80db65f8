import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skbio.diversity import alpha

from modelcollapse.errors import InputError
from modelcollapse.metrics import unseen

quick = settings(max_examples=60, deadline=None)
COUNTS = [30, 20, 10, 8, 5, 3, 2, 2, 2, 1, 1, 1, 1, 1]
ALL = (unseen.missing_mass, unseen.coverage, unseen.chao1, unseen.chao1_variance)


def test_acceptance_36_missing_mass():
    assert unseen.missing_mass(COUNTS) == pytest.approx(0.0574712644, abs=1e-9)
    low, high = unseen.missing_mass_interval(COUNTS)
    half = 1.959963984540054 * 0.0376208910
    assert high == pytest.approx(0.0574712644 + half, abs=1e-8)
    assert low == 0  # the lower end would be negative
    low, high = unseen.missing_mass_interval(COUNTS, confidence=0.5)
    assert (high - low) / 2 == pytest.approx(0.6744897501960817 * 0.0376208910, abs=1e-8)


def test_acceptance_36_coverage():
    assert unseen.coverage(COUNTS) == pytest.approx(0.9433196246, abs=1e-9)


def test_acceptance_36_chao1():
    assert unseen.chao1(COUNTS, bias_corrected=False) == pytest.approx(18.1187739, abs=1e-6)
    assert unseen.chao1(COUNTS) == pytest.approx(16.4712644, abs=1e-6)
    assert unseen.chao1_variance(COUNTS) == pytest.approx(23.3449793, abs=1e-6)
    assert unseen.chao1_interval(COUNTS) == pytest.approx((14.6651038, 39.5062420), abs=1e-6)


@pytest.mark.parametrize("bias_corrected", [True, False])
def test_chao1_agrees_with_scikit_bio_but_for_the_factor_of_the_sample_size(rng, bias_corrected):
    counts = rng.multinomial(150, rng.dirichlet(np.full(80, 0.7)))
    n, met = counts.sum(), (counts > 0).sum()
    theirs = alpha.chao1(counts, bias_corrected=bias_corrected)
    ours = unseen.chao1(counts, bias_corrected=bias_corrected)
    assert ours - met == pytest.approx((theirs - met) * (n - 1) / n)


def test_missing_mass_agrees_with_scikit_bio(rng):
    counts = rng.multinomial(150, rng.dirichlet(np.full(80, 0.7)))
    assert 1 - unseen.missing_mass(counts) == pytest.approx(alpha.goods_coverage(counts))
    low, high = unseen.missing_mass_interval(counts)
    assert (low, high) == pytest.approx(alpha.esty_ci(counts), abs=1e-4)


def test_coverage_of_the_toy_is_complete_only_without_singletons():
    assert unseen.missing_mass([50, 30, 12, 5, 2, 1]) == pytest.approx(0.01)
    assert unseen.coverage([45, 12, 3, 0, 0, 0]) == 1


def test_corner_cases():
    nothing, single, doubles = [0, 0], [1, 0], [2, 2, 2]
    for measure in ALL:
        assert np.isnan(measure(nothing))
    assert unseen.coverage(single) == 0
    assert unseen.missing_mass(single) == 1
    assert unseen.chao1(single) == 1
    assert unseen.coverage(doubles) == 1
    assert unseen.chao1(doubles) == unseen.chao1(doubles, bias_corrected=False) == 3
    assert np.isnan(unseen.chao1_variance(doubles))
    assert np.isnan(unseen.chao1_interval(doubles)).all()
    assert np.isnan(unseen.missing_mass_interval([5, 5])).all()


def test_without_states_met_twice_both_forms_of_chao1_agree():
    counts = [7, 1, 1, 1]
    assert unseen.chao1(counts) == unseen.chao1(counts, bias_corrected=False) > 4
    low, high = unseen.chao1_interval(counts)
    assert 4 <= low < unseen.chao1(counts) < high


@quick
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5))
def test_ragged_is_dense_and_order_does_not_matter(seed, states, replicates):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(rng.integers(1, 40), rng.dirichlet(np.ones(states)), size=replicates)
    alive = counts > 0
    starts = np.concatenate([[0], np.cumsum(alive.sum(axis=1))])
    for measure in ALL:
        dense = measure(counts)
        np.testing.assert_allclose(measure(counts[alive], starts=starts), dense)
        np.testing.assert_allclose(measure(counts[:, rng.permutation(states)]), dense)
    low, high = unseen.chao1_interval(counts)
    judged = ~np.isnan(low)
    assert ((counts > 0).sum(axis=1) <= low + 1e-9)[judged].all()
    assert (low <= high)[judged].all()


def test_refuses_a_confidence_that_is_none():
    for confidence in (0, 1, 95):
        with pytest.raises(InputError, match="confidence"):
            unseen.missing_mass_interval(COUNTS, confidence=confidence)
