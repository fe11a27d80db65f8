import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.jackknife import grouped_counts, position_groups
from modelcollapse.metrics.matched_diversity import hill_profile, matched_coverage

REFERENCE, NEW = [50, 30, 12, 5, 2, 1], [45, 12, 3, 0, 0, 0]


def zipf(states):
    weights = 1 / np.arange(1, states + 1)
    return weights / weights.sum()


def test_toy_profile():
    profile = hill_profile(NEW, REFERENCE)
    assert profile[0].value == pytest.approx(3)
    assert profile[0].expected == pytest.approx(5.43368, abs=1e-5)
    assert profile[1].value == pytest.approx(1.988610, abs=1e-6)
    assert profile[2].value == pytest.approx(1.671388, abs=1e-6)
    assert profile[2].expected == pytest.approx(2.849741, abs=1e-6)
    assert (profile[0].n, profile[0].reference_n) == (60, 60)
    assert (profile[2].n, profile[2].reference_n) == (60, 100)
    assert all(reading.p < 0.02 for reading in profile.values())


def test_order_2_agrees_with_scikit_bio():
    alpha = pytest.importorskip("skbio.diversity.alpha")
    for counts in (NEW, REFERENCE):
        found = hill_profile(counts, REFERENCE, orders=(2,))[2].value
        assert found == pytest.approx(alpha.inv_simpson(counts, finite=True))


def test_toy_coverage_is_goods():
    # the words of the toy text: 38 of 46 tokens met once
    words = [1] * 38 + [4] * 2
    reading = matched_coverage(words, np.array(words) * 3)
    assert reading.value == pytest.approx(0.173913, abs=1e-6)
    assert (reading.n, reading.reference_n) == (45, 45)


def test_errors_of_coverage_lie_next_to_estys():
    esty_ci = pytest.importorskip("skbio.diversity.alpha").esty_ci
    counts = np.random.default_rng(1).multinomial(2_000, zipf(1_500))
    low, high = esty_ci(counts)
    reference = np.random.default_rng(2).multinomial(1_000_000, zipf(1_500))
    ours = matched_coverage(counts, reference)
    assert ours.error * 2 * 1.96 == pytest.approx(high - low, rel=0.1)


def test_sharpening_moves_order_2_and_drift_does_not():
    rng = np.random.default_rng(3)
    p = zipf(1_000)
    reference = rng.multinomial(5_000, p)
    drifted = p
    for _ in range(3):
        drifted = rng.multinomial(5_000, drifted) / 5_000
    drift = hill_profile(rng.multinomial(5_000, drifted), reference)
    sharp = hill_profile(rng.multinomial(5_000, p**1.2 / (p**1.2).sum()), reference)
    assert drift[0].p < 1e-6
    assert drift[2].p > 0.01
    assert sharp[2].p < 1e-6
    assert matched_coverage(rng.multinomial(5_000, drifted), reference).p < 1e-6


def test_records_that_come_in_clusters_are_worth_less():
    rng = np.random.default_rng(4)

    def clustered(n):
        states = np.repeat(rng.choice(100, n, p=zipf(100)), 8)
        return grouped_counts(states, np.repeat(position_groups(n), 8), 100)

    new, reference = clustered(200), clustered(400)
    for order in (0, 1, 2):
        wide = hill_profile(new, reference, orders=(order,))[order]
        narrow = hill_profile(new.total, reference.total, orders=(order,))[order]
        assert wide.value == pytest.approx(narrow.value)
        assert wide.error > 1.5 * narrow.error
    # one side may be grouped alone
    assert matched_coverage(new, reference.total).value <= 1


def test_what_cannot_be_said_is_nan():
    assert np.isnan(matched_coverage(NEW, REFERENCE).p)
    assert hill_profile([1] * 20, [1] * 20)[2].value == np.inf
    with pytest.raises(InputError, match="no order 3"):
        hill_profile(NEW, REFERENCE, orders=(3,))
    with pytest.raises(InputError, match="confidence"):
        hill_profile(NEW, REFERENCE, confidence=95)
