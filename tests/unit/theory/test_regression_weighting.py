"""Weights of real records and labels: published cases, tables, recursions, optima."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.theory import regression

GOLDEN = (5**0.5 - 1) / 2


def close(value, expected, rtol):
    np.testing.assert_allclose(value, expected, rtol=rtol)


def isotropic(d, norm=1.0):
    flat = np.ones(d)
    return {"eigenvalues": flat, "coefficients": norm * flat / d**0.5}


def harmonic(d):
    j = np.arange(1, d + 1.0)
    return {"eigenvalues": 1 / j, "coefficients": j**-0.25}


# --- acceptance rows ------------------------------------------------------------------------


def test_row_26_golden_ratio():
    best = regression.optimal_weight([1, 1, 2], [1, 10, 1])
    close(best, [0.6180339887, 0.2701562119, 0.7320508076], 1e-9)
    close(regression.weighted_error_limit(0.4, 1, 1), 0.8125, 1e-9)
    close(regression.pooled_error_limit(1, 10), 0.5238095238, 1e-9)


def test_row_27_interpolation():
    sizes = {"dimension": 200, "signal": 1.0, "noise": 1.0}
    exact = regression.isotropic_interpolator_error(300, 100, GOLDEN, **sizes)
    limit = regression.interpolator_error(300, 100, GOLDEN, noise=1.0, **isotropic(200))
    close([exact, limit.total], [1.1242767563, 1.1180339887], 1e-9)


def test_row_28_ridge():
    first = regression.weighted_ridge_error_limit(100, 0.1, GOLDEN, noise=0.5, **isotropic(150))
    second = regression.weighted_ridge_error_limit(100, 0.05, 0.5, noise=0.5, **harmonic(150))
    close([first.total, second.total], [0.5201382692, 0.4529062484], 1e-7)


# --- weighted estimates ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, m, weight, error, variance",
    [
        (100, 100, 0.4, 0.8125, 0.01660),
        (100, 100, 0.618034, 0.6180, 0.01253),
        (100, 100, 0.8, 0.7083, 0.01432),
        (100, 1000, 0.270156, 0.2702, 0.00545),
        (100, 1000, 1 / 11, 0.5238, 0.01060),
        (50, 25, 0.732051, 0.7321, 0.03021),
        (100, 100, 0.3, 1.137, None),
    ],
)
def test_table_of_weights(n, m, weight, error, variance):
    close(regression.weighted_error_limit(weight, n, m), error, 4e-4)
    if variance is not None:
        spread = regression.weighted_variance_error_limit(weight, n, m)
        np.testing.assert_allclose(spread, variance, atol=6e-6)


ratios = st.floats(1e-3, 1e3)


@given(k=ratios)
def test_property_v_the_best_weight_is_its_own_error(k):
    best = regression.optimal_weight(k, 1)
    close(regression.weighted_error_limit(best, k, 1), best, 1e-12)
    close(best, (np.sqrt(k * k + 4 * k) - k) / 2, 1e-9)


@given(k=ratios, step=st.floats(-0.5, 0.5))
def test_no_weight_is_better(k, step):
    best = regression.optimal_weight(k, 1)
    other = np.clip(best * (1 + step), 1e-6, 1.0)
    assert regression.weighted_error_limit(other, k, 1) >= best * (1 - 1e-12)


@given(k=ratios)
def test_pooling_is_a_weight_and_not_the_best(k):
    pooled = regression.pooled_error_limit(k, 1)
    close(regression.weighted_error_limit(k / (1 + k), k, 1), pooled, 1e-9)
    assert regression.optimal_weight(k, 1) < pooled < 1
    assert pooled > 0.5


@pytest.mark.parametrize("weight", [0.05, 0.5, GOLDEN, 1.0])
def test_recursions_of_weighted_estimates(weight):
    n, m, k, rest = 40, 25, 1.6, 1 - weight
    error, spread = 1.0, 2 / (n - 1)
    for t in range(30):
        if t:
            error = rest**2 * error + weight**2 + k * rest**2
            drawn = 2 / (m - 1)
            spread = weight**2 * 2 / (n - 1) + rest**2 * ((1 + spread) * (1 + drawn) - 1)
        close(regression.weighted_error(t, weight, n, m), error, 1e-12)
        close(regression.weighted_variance_error(t, weight, n, m), spread, 1e-12)
    close(
        regression.weighted_error(5000, weight, n, m),
        regression.weighted_error_limit(weight, n, m),
        1e-12,
    )
    late = regression.weighted_variance_error([10, 10_000], weight, n, m)
    limit = regression.weighted_variance_error_limit(weight, n, m)
    if np.isinf(limit):
        assert late[1] > 1e3 * late[0]
    else:
        close(late[1], limit, 1e-12)


def test_a_variance_estimate_needs_real_weight():
    # with two synthetic records, (1 - w)^2 (m + 1) / (m - 1) is 1 where w is 0.4226
    assert np.isinf(regression.weighted_variance_error_limit(0.4, 10, 2))
    assert np.isfinite(regression.weighted_variance_error_limit(0.45, 10, 2))
    m, weight = 9, 1 - np.sqrt(0.8)
    step = np.diff(regression.weighted_variance_error(np.arange(20), weight, 10, m))
    close(step, step[0], 1e-6)  # just at the edge it grows by the same amount every time


# --- interpolation and ridge ----------------------------------------------------------------


@pytest.mark.parametrize(
    "p, sigma, weight, expected",
    [
        (200, 1.0, GOLDEN, (1.181, 1.124)),
        (200, 1.0, 0.3, (1.581, 1.649)),
        (150, 0.5, 0.9, (0.757, 0.756)),
        (200, 1.0, 0.1, (2.147, 4.592)),
    ],
)
def test_table_of_interpolation(p, sigma, weight, expected):
    sizes = {"dimension": p, "signal": 1.0, "noise": sigma}
    found = regression.isotropic_interpolator_error([1, 12], 100, weight, **sizes)
    close(found, expected, 7e-4)


@pytest.mark.parametrize(
    "p, sigma, weight, expected",
    [(200, 1.0, 0.3, 2.481), (200, 1.0, 0.7, 1.610), (150, 0.5, 0.5, 1.014)],
)
def test_table_of_kept_labels(p, sigma, weight, expected):
    sizes = {"dimension": p, "signal": 1.0, "noise": sigma, "kept": "records"}
    found = regression.isotropic_interpolator_error([0, 400], 100, weight, **sizes)
    close(found[1], expected, 5e-4)
    assert found[1] > found[0]


@pytest.mark.parametrize(
    "sigma, weight, expected", [(1.0, 0.618, 1.1184), (0.5, 0.3, 0.8576), (0.0, 0.5, 0.5714)]
)
def test_table_of_new_inputs(sigma, weight, expected):
    sizes = {"dimension": 120, "signal": 1.0, "noise": sigma, "kept": "nothing"}
    found = regression.isotropic_interpolator_error(400, 60, weight, **sizes)
    close(found, expected, 1e-4)


@pytest.mark.parametrize("kept", ["inputs", "records", "nothing"])
def test_recursions_of_interpolation(kept):
    n, p, weight, rest = 60, 120, 0.3, 0.7
    bias, variance, added = 0.5 * 4, 0.09 * 60 / 59, weight**2 + rest**2
    inflation, kept_part = 1.0, 0.0
    risk = bias + variance
    for t in range(20):
        if t:
            inflation = rest**2 * inflation + added
            kept_part = rest**2 * (kept_part + 1)
            risk = bias + n / p * rest**2 * risk + added * variance
        expected = {
            "inputs": bias + variance * inflation,
            "records": bias + variance * (1 + kept_part),
            "nothing": risk,
        }
        found = regression.isotropic_interpolator_error(
            t, n, weight, dimension=p, signal=2.0, noise=0.3, kept=kept
        )
        close(found, expected[kept], 1e-12)


@pytest.mark.parametrize("kept", ["inputs", "records"])
def test_interpolation_of_any_spectrum(kept):
    common = {"noise": 0.7, "kept": kept}
    flat = regression.interpolator_error([0, 3], 1000, 0.4, **isotropic(2500, 1.5), **common)
    exact = regression.isotropic_interpolator_error(
        [0, 3], 1000, 0.4, dimension=2500, signal=1.5, **common
    )
    close(flat.total, exact, 1e-3)
    law = harmonic(300)
    error = regression.interpolator_error(np.arange(4), 100, 0.4, **law, **common)
    clean = regression.ridge_error(100, 0.0, **law, noise=0.7)
    close(error.bias, clean.bias, 1e-12)
    close(error.variance[0], clean.variance, 1e-12)


def test_the_golden_ratio_is_best_for_any_inputs():
    weights = np.linspace(0.02, 1, 4001)
    for n in (20, 100, 290):
        late = regression.interpolator_error(5000, n, weights, **harmonic(300), noise=2.0)
        assert weights[late.total.argmin()] == pytest.approx(GOLDEN, abs=3e-4)


@pytest.mark.parametrize(
    "law, n, sigma, weight, penalty, expected",
    [
        (isotropic(80), 100, 1.0, 0.3, 0.2, 0.8061),
        (isotropic(150), 100, 0.5, 0.8, 1.0, 0.5973),
    ],
)
def test_table_of_ridge(law, n, sigma, weight, penalty, expected):
    error = regression.weighted_ridge_error_limit(n, penalty, weight, noise=sigma, **law)
    close(error.total, expected, 1e-4)


@pytest.mark.parametrize("weight", [0.2, 0.6, 0.99])
def test_ridge_variance_as_published_by_its_two_levels(weight):
    law, penalty = harmonic(150), 0.05
    error = regression.weighted_ridge_error_limit(100, penalty, weight, noise=0.5, **law)
    a, b = penalty / weight, penalty / (2 - weight)
    levels = [regression.effective_penalty(100, x, law["eigenvalues"]) for x in (a, b)]
    slope = (levels[0] - levels[1]) / (a - b) - 1
    factor = (weight**2 + (1 - weight) ** 2) / (weight * (2 - weight))
    close(error.variance, 0.25 * factor * slope, 1e-9)


def test_real_labels_alone_are_a_clean_ridge_fit():
    law = harmonic(150)
    error = regression.weighted_ridge_error_limit([60, 150, 400], 0.05, 1.0, noise=0.5, **law)
    clean = regression.ridge_error([60, 150, 400], 0.05, noise=0.5, **law)
    close(error.bias, clean.bias, 1e-12)
    close(error.variance, clean.variance, 1e-11)


def test_ridge_without_penalty_interpolates():
    law, weights = harmonic(150), np.array([0.1, 0.5, 0.9])
    error = regression.weighted_ridge_error_limit(100, 0.0, weights, noise=0.5, **law)
    late = regression.interpolator_error(3000, 100, weights, noise=0.5, **law)
    close(error.total, late.total, 1e-10)


@pytest.mark.parametrize(
    "penalty, strength, gamma, expected",
    [(0.1, 1, 1.5, 0.594), (0.1, 10, 1.5, 0.700), (1, 0.1, 1.5, 0.568), (0.01, 1000, 0.5, 0.947)],
)
def test_table_of_best_ridge_weights(penalty, strength, gamma, expected):
    law = isotropic(int(200 * gamma), strength**0.5)
    best = regression.optimal_ridge_weight(200, penalty, noise=1.0, **law)
    assert best == pytest.approx(expected, abs=6e-4)


def test_best_ridge_weights_from_a_half_to_one():
    penalty = np.array([[1e-6], [1e-2], [10.0]])
    for gamma in (0.5, 1.5, 3.0):
        found = np.stack(
            [
                regression.optimal_ridge_weight(
                    200, penalty, noise=1.0, **isotropic(int(200 * gamma), strength**0.5)
                )
                for strength in (0.1, 10, 1000)
            ]
        )
        assert np.all((found >= 0.56) & (found <= 1))
        assert np.all(np.diff(found, axis=0) > -1e-6)
        assert found[0, 0, 0] == pytest.approx(GOLDEN, abs=1e-4)
    weak = regression.optimal_ridge_weight(200, 1e4, noise=1.0, **isotropic(300, 1e-3))
    assert 0.5 < weak < 0.51


def test_many_ridge_fits_agree_with_single_ones():
    law = harmonic(60)
    n, penalty = np.arange(10, 200, 7)[:, None], np.geomspace(1e-4, 1, 9)
    grid = regression.weighted_ridge_error_limit(n, penalty, 0.3, noise=0.5, **law)
    single = regression.weighted_ridge_error_limit(n[4, 0], penalty[5], 0.3, noise=0.5, **law)
    close(grid.total[4, 5], single.total, 1e-10)


# --- wrong input ----------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.0, -0.1, 1.1, np.nan, [0.5, 2.0]])
def test_wrong_weights(weight):
    sizes = {"dimension": 20, "signal": 1.0, "noise": 1.0}
    for call in (
        lambda: regression.weighted_error(3, weight, 10, 10),
        lambda: regression.weighted_error_limit(weight, 10, 10),
        lambda: regression.weighted_variance_error(3, weight, 10, 10),
        lambda: regression.weighted_variance_error_limit(weight, 10, 10),
        lambda: regression.isotropic_interpolator_error(3, 10, weight, **sizes),
        lambda: regression.isotropic_interpolator_error(3, 10, weight, kept="nothing", **sizes),
        lambda: regression.interpolator_error(3, 10, weight, noise=1.0, **isotropic(20)),
        lambda: regression.weighted_ridge_error_limit(10, 0.1, weight, noise=1.0, **isotropic(20)),
    ):
        with pytest.raises(InputError, match="weight must be above 0 and at most 1"):
            call()


def test_wrong_numbers():
    with pytest.raises(InputError, match="n_synthetic must be finite and larger than 0"):
        regression.optimal_weight(10, 0)
    with pytest.raises(InputError, match="n_real must be finite and larger than 0"):
        regression.pooled_error_limit(-1, 10)
    with pytest.raises(InputError, match="n_synthetic must be larger than ddof"):
        regression.weighted_variance_error(3, 0.5, 10, 1)
    with pytest.raises(InputError, match="generations must be whole"):
        regression.weighted_error(-1, 0.5, 10, 10)


def test_wrong_sizes_of_interpolation():
    sizes = {"signal": 1.0, "noise": 1.0}
    with pytest.raises(InputError, match="n must be at most dimension - 2"):
        regression.isotropic_interpolator_error(3, 19, 0.5, dimension=20, **sizes)
    with pytest.raises(InputError, match="n must be below the number of eigenvalues, 20"):
        regression.interpolator_error(3, 20, 0.5, noise=1.0, **isotropic(20))
    with pytest.raises(InputError, match=r"kept = 'record' has no formula.*'records'"):
        regression.isotropic_interpolator_error(3, 5, 0.5, dimension=20, kept="record", **sizes)
    with pytest.raises(InputError, match="kept = 'nothing' has no formula here"):
        regression.interpolator_error(3, 5, 0.5, noise=1.0, kept="nothing", **isotropic(20))
    with pytest.raises(InputError, match="signal must be finite and at least 0"):
        regression.isotropic_interpolator_error(3, 5, 0.5, dimension=20, signal=-1.0, noise=1.0)
    with pytest.raises(InputError, match="penalty must be finite and at least 0"):
        regression.weighted_ridge_error_limit(5, -1.0, 0.5, noise=1.0, **isotropic(20))
