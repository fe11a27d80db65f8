"""Kernel density lineages: table values, recursions, limits."""

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.theory import gaussian, kernel


@pytest.mark.parametrize(
    "n, bandwidth, fits, replace, accumulate",
    [
        (20, 0.5, 3, 1.571, 1.386),
        (20, 0.5, 30, 4.1414449442, 1.9071521115),
        (50, 0.3, 3, 1.206, 1.137),
        (50, 0.3, 40, 2.940, 1.351),
    ],
)
def test_table(n, bandwidth, fits, replace, accumulate):
    tolerance = 1e-8 if fits == 30 else 6e-4
    assert kernel.replace_variance(fits - 1, n, bandwidth) == pytest.approx(replace, abs=tolerance)
    assert kernel.accumulate_variance(fits - 1, n, bandwidth) == pytest.approx(
        accumulate, abs=tolerance
    )


def test_row_21_of_the_regression_cases_second_moments():
    assert kernel.replace_variance(29, 20, 0.5) == pytest.approx(4.1414449442, rel=1e-8)
    assert kernel.accumulate_variance(29, 20, 0.5) == pytest.approx(1.9071521115, rel=1e-8)


def test_the_recursions_of_the_sample_variance():
    n, square = 8, 0.4**2
    replaced = pooled = 1 - 1 / n
    for t in range(20):
        if t:
            k = t + 1
            replaced = (1 - 1 / n) * (replaced + square)
            pooled = pooled * (1 - 1 / (n * k**2))
            pooled += square * ((1 - 1 / n) / k + (k - 1) / (n * k**2))
        assert kernel.replace_variance(t, n, 0.4) == pytest.approx(replaced + square, rel=1e-12)
        assert kernel.accumulate_variance(t, n, 0.4) == pytest.approx(pooled + square, rel=1e-12)


def test_a_vanishing_bandwidth_leaves_pure_resampling():
    t = np.arange(40)
    np.testing.assert_allclose(
        kernel.replace_variance(t, 9, 1e-9), gaussian.expected_variance(t, 9), rtol=1e-10
    )
    np.testing.assert_allclose(
        kernel.accumulate_variance(t, 9, 1e-9), gaussian.accumulate_variance(t, 9), rtol=1e-10
    )


def test_replacement_ends_at_its_limit_and_accumulation_grows_like_a_logarithm():
    limit = kernel.replace_variance_limit(20, 0.5)
    assert limit == pytest.approx(5.0)
    assert kernel.replace_variance(2000, 20, 0.5) == pytest.approx(float(limit), rel=1e-12)
    late = kernel.accumulate_variance([999, 9999], 20, 0.5)
    assert late[1] - late[0] == pytest.approx(0.25 * np.log(10), rel=0.1)


def test_formulas_broadcast():
    t, n = np.arange(4)[:, None, None], np.array([[5], [10]])
    for function in (kernel.replace_variance, kernel.accumulate_variance):
        grid = function(t, n, [0.1, 0.2, 0.3])
        assert grid.shape == (4, 2, 3)
        assert grid[3, 1, 2] == pytest.approx(float(function(3, 10, 0.3)))


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.inf, np.nan])
def test_a_bandwidth_is_a_scale(bandwidth):
    for call in (
        lambda: kernel.replace_variance(1, 9, bandwidth),
        lambda: kernel.replace_variance_limit(9, bandwidth),
        lambda: kernel.accumulate_variance(1, 9, bandwidth),
    ):
        with pytest.raises(InputError, match="bandwidth must be finite and larger than 0"):
            call()
