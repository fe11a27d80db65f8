"""Stability of retraining: the published bound, and the exact map that it must hold for."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from modelcollapse.errors import InputError
from modelcollapse.theory import stability


def test_the_published_example():
    assert stability.exponential_family_factor(0.8) == pytest.approx(4 / 9)
    assert stability.contraction_upper_bound(0.8) == pytest.approx(4)


def test_a_third_of_the_records_may_be_synthetic_without_mismatch():
    ratio = stability.largest_stable_ratio()
    assert ratio / (1 + ratio) == pytest.approx(1 / 3)
    assert stability.largest_stable_ratio(1.0) == pytest.approx(0.25)


@pytest.mark.parametrize("mismatch", [0.0, 0.2, 3.0])
def test_the_condition_and_the_rate_agree(mismatch):
    edge = stability.largest_stable_ratio(mismatch)
    ratios = edge * np.array([0.0, 0.5, 0.999, 1.0, 1.001, 1.9, 2.1, np.inf])
    rates = stability.contraction_upper_bound(ratios, mismatch)
    assert rates[0] == 0
    assert np.all(rates[:3] < 1)
    assert rates[3] == pytest.approx(1)
    assert np.all(rates[4:] > 1)
    assert np.all(np.isinf(rates[6:]))
    # the printed form, with a curvature of 2 and a Lipschitz constant of 5
    curvature, product = 2.0, 2.0 * mismatch
    pull = ratios[:6] * (curvature + product)
    np.testing.assert_allclose(rates[:6], pull / (curvature - pull), rtol=1e-12)


def test_the_distance_is_a_power_of_the_rate_and_unknown_from_the_edge_on():
    t = np.arange(6)
    rate = stability.contraction_upper_bound(0.3, 0.1)
    np.testing.assert_allclose(stability.distance_upper_bound(t, 0.3, 0.1), rate**t)
    beyond = stability.distance_upper_bound(t, 0.6)
    assert beyond[0] == 1
    assert np.all(np.isinf(beyond[1:]))


def test_the_bound_never_beats_the_exact_map_of_well_specified_families():
    ratios = np.linspace(0, 5, 200)
    assert np.all(
        stability.exponential_family_factor(ratios) <= stability.contraction_upper_bound(ratios)
    )
    assert np.all(stability.exponential_family_factor(ratios) < 1)
    assert stability.exponential_family_factor(np.inf) == 1


def test_mean_parameters_follow_the_mixture_of_data():
    mean, truth, ratio = 3.0, -1.0, 0.7
    for t in range(8):
        value = stability.exponential_family_mean(t, 3.0, truth, ratio)
        assert value == pytest.approx(mean, rel=1e-12)
        mean = (truth + ratio * mean) / (1 + ratio)
    assert stability.exponential_family_mean(500, 3.0, truth, ratio) == pytest.approx(truth)
    assert stability.exponential_family_mean(500, 3.0, truth, np.inf) == 3.0
    assert stability.exponential_family_mean([0, 1], 3.0, truth, 0.0).tolist() == [3.0, -1.0]


# --- a family that does not hold the truth --------------------------------------------------

GRID = np.linspace(-40, 40, 40_001)
STEP = GRID[1] - GRID[0]
SCALE = 1.0
DATA = 0.7 * norm.pdf(GRID, -0.5, 1.2) + 0.3 * norm.pdf(GRID, 1.5, 2.0)


def logistic(centre):
    u = expit((GRID - centre) / SCALE)
    return u * (1 - u) / SCALE


def score(centre, density):
    """Expected derivative, by the centre, of the log-likelihood of a logistic law."""
    u = expit((GRID - centre) / SCALE)
    return STEP * np.sum(density * (2 * u - 1)) / SCALE


def refit(density):
    return brentq(lambda centre: score(centre, density), -10, 10, xtol=1e-14)


def test_a_misspecified_family_keeps_within_the_bound():
    best = refit(DATA)
    u = expit((GRID - best) / SCALE)
    curvature = STEP * np.sum(DATA * 2 * u * (1 - u)) / SCALE**2
    lipschitz = 2 * np.max(u * (1 - u) * np.abs(1 - 2 * u)) / SCALE**3
    distance = STEP * np.sum(np.abs(np.cumsum(DATA - logistic(best)) * STEP))
    mismatch = distance * lipschitz / curvature
    assert mismatch > 0.05
    ratio = 0.9 * stability.largest_stable_ratio(mismatch)
    centre = start = best + 0.05
    for t in range(1, 6):
        centre = refit((DATA + ratio * logistic(centre)) / (1 + ratio))
        bound = stability.distance_upper_bound(t, ratio, mismatch)
        exact = (centre - best) / (start - best)
        assert 0 < exact < bound < 1
        # and the bound of a much smaller ratio does not hold
        assert exact > stability.distance_upper_bound(t, ratio / 4, mismatch)


# --- arguments ------------------------------------------------------------------------------


def test_formulas_broadcast():
    t, ratio = np.arange(3)[:, None, None], np.array([[0.1], [0.2]])
    assert stability.distance_upper_bound(t, ratio, [0.0, 0.1, 0.2, 0.3]).shape == (3, 2, 4)
    assert stability.exponential_family_mean(t, [1.0, 2.0], 0.0, ratio).shape == (3, 2, 2)
    assert stability.contraction_upper_bound(ratio, [0.0, 0.5]).shape == (2, 2)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: stability.contraction_upper_bound(-0.1), "ratio must be 0 or larger"),
        (lambda: stability.exponential_family_factor(np.nan), "ratio must be 0 or larger"),
        (lambda: stability.largest_stable_ratio(-1), "mismatch must be finite"),
        (lambda: stability.contraction_upper_bound(0.1, np.inf), "mismatch must be finite"),
        (lambda: stability.distance_upper_bound(0.5, 0.1), "generations must be whole numbers"),
        (lambda: stability.exponential_family_mean(-1, 0, 1, 1), "generations must be whole"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
