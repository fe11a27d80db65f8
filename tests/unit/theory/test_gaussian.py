"""Gaussian formulas: published cases by row number, table values, limits, identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from modelcollapse.errors import InputError
from modelcollapse.theory import gaussian

GENERATIONS = np.arange(60)


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_08_drift_spread_and_c4():
    n = [10, 100]
    close(gaussian.log_variance_drift(n, ddof=1), [-0.1152064704, -0.0101350188], 1e-9)
    close(gaussian.log_variance_spread(n), [0.2487251030, 0.0204074550], 1e-9)
    close(gaussian.expected_standard_deviation(0, n, ddof=1), [0.9726592741, 0.9974779761], 1e-9)


def test_row_09_squared_wasserstein():
    close(gaussian.expected_squared_wasserstein(9, 25, ddof=1), 0.5977955820, 1e-8)


def test_row_10_divide_by_n():
    close(gaussian.expected_variance(15, 8), 0.1180670870, 1e-9)
    close(gaussian.mean_error(15, 8), 0.8819329130, 1e-9)


def test_row_11_second_moment_of_the_variance():
    close(gaussian.variance_moment(19, 40, 2, ddof=1), 2.7188484087, 1e-8)


def test_row_12_determinant_and_eigenvalue_rates():
    close(gaussian.expected_log_determinant(0, 30, dimension=4, ddof=1), -0.3632161175, 1e-9)
    close(
        gaussian.eigenvalue_rates(30, dimension=4, ddof=1),
        [-0.0348789, -0.0712306, -0.1089530, -0.1481536],
        1e-6,
    )


def test_row_13_trace_moments():
    moments = gaussian.trace_moments(11, 25, np.eye(3), ddof=1)
    close(moments.trace_of_square, 11.8650441429, 1e-7)
    close(moments.square_of_trace, 15.4654410675, 1e-7)


def test_row_14_accumulate_maximum_likelihood():
    close(gaussian.accumulate_variance(9, 16), 0.9056877682, 1e-8)
    close(gaussian.accumulate_variance_limit(16), 0.9003163162, 1e-8)


def test_row_15_accumulate_unbiased():
    close(gaussian.accumulate_variance(9, 16, ddof=1), 0.9652926903, 1e-8)
    close(gaussian.accumulate_mean_error(9, 16, ddof=1), 0.0964212207, 1e-8)


def test_row_16_accumulate_subsample():
    close(gaussian.subsample_variance(24, 20), 0.8666583081, 1e-8)
    close(gaussian.subsample_mean_error(24, 20), 0.1333416919, 1e-8)
    close(gaussian.subsample_variance(24, 20, ddof=1), 1.0510178942, 1e-8)
    close(gaussian.subsample_mean_error(24, 20, ddof=1), 0.1432533729, 1e-8)


def test_row_20_of_the_regression_cases_expected_variances():
    close(gaussian.expected_variance(49, 32), 0.2044493696, 1e-8)
    close(gaussian.mean_error(49, 32), 0.7955506304, 1e-8)
    close(gaussian.accumulate_variance(49, 10), 0.8451076382, 1e-8)
    close(gaussian.accumulate_mean_error(49, 10), 0.1548923618, 1e-8)
    close(gaussian.subsample_variance(49, 10), 0.7432510768, 1e-8)
    close(gaussian.subsample_mean_error(49, 10), 0.2567489232, 1e-8)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, fits, drift, spread, deviation, distance, likelihood",
    [
        (10, 5, -0.57603, 1.2436, 0.87057, 0.75886, 0.59049),
        (50, 30, -0.61641, 1.2498, 0.85809, 0.88383, 0.54548),
        (100, 100, -1.0135, 2.0407, 0.77684, 1.4463, 0.36603),
        (5, 10, -2.7036, 6.4493, 0.53853, 2.9229, 0.10737),
    ],
)
def test_table_of_the_one_dimensional_law(n, fits, drift, spread, deviation, distance, likelihood):
    t = fits - 1
    np.testing.assert_allclose(
        [
            gaussian.expected_log_variance(t, n, ddof=1),
            gaussian.log_variance_variance(t, n),
            gaussian.expected_standard_deviation(t, n, ddof=1),
            gaussian.expected_squared_wasserstein(t, n, ddof=1),
            gaussian.expected_variance(t, n),
        ],
        [drift, spread, deviation, distance, likelihood],
        rtol=6e-5,
    )


@pytest.mark.parametrize(
    "n, fits, drift", [(10, 5, -1.1028), (50, 20, -0.81499), (100, 50, -1.0093)]
)
def test_table_of_the_maximum_likelihood_drift(n, fits, drift):
    close(gaussian.expected_log_variance(fits - 1, n), drift, 6e-5)


@pytest.mark.parametrize("n, fits, value", [(20, 10, 1.0268), (50, 30, 1.6474), (100, 40, 0.63202)])
def test_table_of_the_fourth_moment(n, fits, value):
    close(gaussian.mean_fourth_moment(fits - 1, n, ddof=1), value, 6e-5)


def test_expected_distance_diverges_only_with_the_unbiased_variance():
    t = np.array([10, 100, 1000]) - 1
    np.testing.assert_allclose(
        gaussian.expected_squared_wasserstein(t, 10, ddof=1), [1.484, 11.87, 102.0], rtol=5e-4
    )
    likelihood = gaussian.expected_squared_wasserstein(np.arange(5000), 10)
    assert np.all(np.diff(likelihood) >= 0)
    assert likelihood[-1] <= 2


@pytest.mark.parametrize(
    "n, fits, theorem, first, chernoff, normal",
    [
        (10, 100, 0.770, 0.625, 0.374, 0.0828),
        (10, 200, 0.0593, 0.0391, 0.0295, 0.0045),
        (50, 400, 1.0, 1.0, 0.675, 0.1880),
    ],
)
def test_table_of_the_tail_of_the_standard_deviation(n, fits, theorem, first, chernoff, normal):
    t = fits - 1
    np.testing.assert_allclose(
        [
            gaussian.survival_bound(t, n, 0.1),
            gaussian.survival_bound_first_moment(t, n, 0.1, ddof=1),
            gaussian.survival_bound_chernoff(t, n, 0.1, ddof=1),
            gaussian.survival_probability(t, n, 0.1, ddof=1),
        ],
        [theorem, first, chernoff, normal],
        atol=6e-5,
        rtol=2e-3,
    )


@pytest.mark.parametrize(
    "d, n, fits, determinant, square, total",
    [(2, 10, 8, -2.9053, 13.019, 13.799), (3, 30, 20, -4.3012, 17.986, 20.960)],
)
def test_table_of_the_covariance(d, n, fits, determinant, square, total):
    moments = gaussian.trace_moments(fits - 1, n, np.eye(d), ddof=1)
    np.testing.assert_allclose(
        [
            gaussian.expected_log_determinant(fits - 1, n, dimension=d, ddof=1),
            moments.trace_of_square,
            moments.square_of_trace,
        ],
        [determinant, square, total],
        rtol=5e-5,
    )


@pytest.mark.parametrize(
    "d, n, fits, unbiased, likelihood",
    [(2, 10, 3, 0.70233, 0.37325), (3, 30, 5, 0.58699, 0.353), (5, 50, 4, 0.43063, 0.28749)],
)
def test_table_of_the_determinant_ratio(d, n, fits, unbiased, likelihood):
    close(gaussian.determinant_ratio(fits - 1, n, dimension=d, ddof=1), unbiased, 6e-6)
    close(gaussian.determinant_ratio(fits - 1, n, dimension=d), likelihood, 6e-6)


@pytest.mark.parametrize(
    "n, fits, ddof, variance, error",
    [
        (10, 50, 0, 0.84511, 0.15489),
        (10, 50, 1, 0.93700, 0.16093),
        (4, 200, 0, 0.63741, 0.36259),
        (4, 200, 1, 0.83738, 0.39903),
        (100, 20, 1, 0.99403, 0.015948),
    ],
)
def test_table_of_accumulation(n, fits, ddof, variance, error):
    close(gaussian.accumulate_variance(fits - 1, n, ddof=ddof), variance, 6e-6)
    close(gaussian.accumulate_mean_error(fits - 1, n, ddof=ddof), error, 6e-6)


def test_limits_of_accumulation():
    close(gaussian.accumulate_variance_limit([2, 4, 10]), [0.358188, 0.636620, 0.843436], 6e-7)
    close(
        gaussian.accumulate_total_variance(20000, [4, 10, 100], ddof=1),
        [1.2364, 1.0979, 1.00998],
        6e-5,
    )


@pytest.mark.parametrize(
    "n, fits, ddof, expected",
    [
        (10, 5, 0, (0.77933, 0.22067, 0.84861, 0.15139)),
        (10, 30, 1, (1.1220, 0.29533, 1.1183, 0.18687)),
        (5, 40, 1, (1.3236, 0.63549, 1.3169, 0.37739)),
        (50, 10, 0, (0.94804, 0.051957, 0.96546, 0.034544)),
    ],
)
def test_table_of_accumulation_with_a_budget(n, fits, ddof, expected):
    functions = (
        gaussian.subsample_variance,
        gaussian.subsample_mean_error,
        gaussian.subsample_pool_variance,
        gaussian.subsample_pool_mean_error,
    )
    values = [function(fits - 1, n, ddof=ddof) for function in functions]
    np.testing.assert_allclose(values, expected, rtol=5e-5)


def test_accumulation_with_a_budget_has_a_plateau_or_grows_by_the_divisor():
    close(gaussian.subsample_variance(19999, [10, 32, 100]), [0.7390, 0.9116, 0.9710], 6e-5)
    grows = gaussian.subsample_variance([99, 999], 10, ddof=1)
    close(grows, [1.256, 1.576], 6e-4)
    assert grows[1] / grows[0] == pytest.approx(10**0.1, rel=0.01)
    missing = 1000 * (1 - gaussian.subsample_variance(19999, 1000))
    assert missing == pytest.approx(np.pi**2 / 2 - 2, rel=0.01)


@pytest.mark.parametrize("power, error, drift", [(1.0, 0.3285, -0.33423), (1.5, 0.12593, -0.13017)])
def test_growing_samples(power, error, drift):
    sizes = np.floor(20 * np.arange(1, 401) ** power)
    close(gaussian.growing_mean_error(sizes, ddof=1)[-1], error, 6e-5)
    close(gaussian.growing_log_variance(sizes, ddof=1)[-1], drift, 6e-5)


# --- identities, limits, orderings ----------------------------------------------------------


@given(n=st.integers(2, 1000), t=st.integers(0, 60))
def test_variance_and_mean_error_are_conserved_with_maximum_likelihood(n, t):
    for variance, error in (
        (gaussian.expected_variance, gaussian.mean_error),
        (gaussian.accumulate_variance, gaussian.accumulate_mean_error),
        (gaussian.subsample_variance, gaussian.subsample_mean_error),
        (gaussian.subsample_pool_variance, gaussian.subsample_pool_mean_error),
    ):
        close(variance(t, n) + error(t, n), 1.0, 1e-12)


@given(n=st.integers(3, 1000), budget=st.integers(2, 2000), t=st.integers(0, 60))
def test_the_conservation_law_holds_for_any_budget(n, budget, t):
    total = gaussian.subsample_variance(t, n, budget=budget)
    total = total + gaussian.subsample_mean_error(t, n, budget=budget)
    close(total, 1.0, 1e-12)


@pytest.mark.parametrize("ddof", [0, 1])
def test_an_unlimited_budget_is_plain_accumulation(ddof):
    for capped, plain in (
        (gaussian.subsample_variance, gaussian.accumulate_variance),
        (gaussian.subsample_mean_error, gaussian.accumulate_mean_error),
    ):
        close(
            capped(GENERATIONS, 7, budget=10**6, ddof=ddof), plain(GENERATIONS, 7, ddof=ddof), 1e-12
        )


@pytest.mark.parametrize("ddof", [0, 1])
def test_all_regimes_agree_at_generation_zero(ddof):
    n = np.array([2, 5, 100])
    for variance, error in (
        (gaussian.expected_variance, gaussian.mean_error),
        (gaussian.accumulate_variance, gaussian.accumulate_mean_error),
        (gaussian.subsample_variance, gaussian.subsample_mean_error),
    ):
        close(variance(0, n, ddof=ddof), (n - 1) / (n - ddof), 1e-14)
        close(error(0, n, ddof=ddof), 1 / n, 1e-14)


@pytest.mark.parametrize("ddof", [0, 1, 2])
def test_replacement_follows_its_recursion(ddof):
    n, variance, error = 9, 1.0, 0.0
    for t in range(12):
        error += variance / n
        variance *= (n - 1) / (n - ddof)
        close(gaussian.expected_variance(t, n, ddof=ddof), variance, 1e-13)
        close(gaussian.mean_error(t, n, ddof=ddof), error, 1e-13)


def test_equal_sizes_do_not_grow():
    sizes = np.full((2, 30), [[8], [50]])
    for ddof in (0, 1):
        close(
            gaussian.growing_mean_error(sizes, ddof=ddof),
            gaussian.mean_error(np.arange(30), [[8], [50]], ddof=ddof),
            1e-12,
        )
        close(
            gaussian.growing_log_variance(sizes, ddof=ddof),
            gaussian.expected_log_variance(np.arange(30), [[8], [50]], ddof=ddof),
            1e-12,
        )


@pytest.mark.parametrize("ddof", [0, 1])
def test_moments_of_order_one_and_two_agree_with_other_formulas(ddof):
    close(
        gaussian.variance_moment(GENERATIONS, 12, 1, ddof=ddof),
        gaussian.expected_variance(GENERATIONS, 12, ddof=ddof),
        1e-11,
    )
    scalar = gaussian.trace_moments(GENERATIONS, 12, [[1.0]], ddof=ddof)
    np.testing.assert_allclose(
        gaussian.variance_moment(GENERATIONS, 12, 2, ddof=ddof), scalar.trace_of_square, rtol=1e-11
    )
    np.testing.assert_allclose(scalar.trace_of_square, scalar.square_of_trace, rtol=1e-12)


def test_a_moment_of_a_small_order_has_the_slope_of_the_expected_logarithm():
    h = 1e-6
    slope = (gaussian.variance_moment(4, 10, h) - gaussian.variance_moment(4, 10, -h)) / (2 * h)
    assert slope == pytest.approx(float(gaussian.expected_log_variance(4, 10)), rel=1e-6)


def test_trace_moments_follow_their_recursion_for_any_covariance():
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    n, m = 8, 7
    a, b = np.trace(covariance @ covariance), np.trace(covariance) ** 2
    for t in range(6):
        a, b = a * (1 + 1 / m) + b / m, b + 2 * a / m
        unbiased = gaussian.trace_moments(t, n, covariance, ddof=1)
        close(unbiased.trace_of_square, a, 1e-10)
        close(unbiased.square_of_trace, b, 1e-10)
        biased = gaussian.trace_moments(t, n, covariance)
        close(biased.trace_of_square, a * (m / n) ** (2 * (t + 1)), 1e-10)


def test_the_first_generation_is_the_chi_square_law():
    n = 7
    law = chi2(n - 1, scale=1 / (n - 1))
    close(gaussian.log_variance_drift(n, ddof=1), law.expect(np.log), 1e-7)
    close(gaussian.variance_moment(0, n, 3, ddof=1), law.moment(3), 1e-9)


def test_one_dimension_is_the_one_dimensional_case():
    rates = gaussian.eigenvalue_rates([5, 50], dimension=1)
    close(rates[:, 0], gaussian.log_variance_drift([5, 50]), 1e-14)
    close(
        gaussian.determinant_ratio(GENERATIONS, 9, dimension=1),
        gaussian.expected_variance(GENERATIONS, 9),
        1e-13,
    )


def test_rates_fall_and_add_up_to_the_determinant():
    rates = gaussian.eigenvalue_rates(20, dimension=5, ddof=1)
    assert np.all(np.diff(rates) < 0)
    close(gaussian.expected_log_determinant(6, 20, dimension=5, ddof=1), 7 * rates.sum(), 1e-12)
    close(gaussian.log_condition_rate(20, dimension=5), rates[0] - rates[-1], 1e-12)


def test_too_few_records_leave_no_volume():
    assert gaussian.determinant_ratio(0, 3, dimension=3) == 0
    assert gaussian.determinant_ratio(0, 3, dimension=7) == 0
    assert gaussian.determinant_ratio(0, 4, dimension=3) > 0


@given(n=st.integers(3, 500), t=st.integers(0, 2000), threshold=st.floats(1e-3, 3.0))
def test_tail_bounds_are_ordered(n, t, threshold):
    theorem = gaussian.survival_bound(t, n, threshold)
    first = gaussian.survival_bound_first_moment(t, n, threshold, ddof=1)
    best = gaussian.survival_bound_chernoff(t, n, threshold, ddof=1)
    assert 0 <= best <= first * (1 + 1e-9) + 1e-300
    assert first <= theorem * (1 + 1e-9) + 1e-300
    assert theorem <= 1


def test_the_best_moment_is_found():
    orders = np.linspace(0.01, 10, 3000)
    moments = gaussian.variance_moment(99, 10, orders) / 0.05 ** (2 * orders)
    close(gaussian.survival_bound_chernoff(99, 10, 0.05), moments.min(), 1e-6)


def test_quantiles_invert_the_survival_probability():
    level = np.array([0.05, 0.5, 0.95])
    variance = gaussian.variance_quantile(40, 30, level)
    close(gaussian.survival_probability(40, 30, np.sqrt(variance)), 1 - level, 1e-12)
    close(variance[1], gaussian.typical_variance(40, 30), 1e-14)


def test_the_typical_variance_is_far_below_the_expected_one():
    assert gaussian.typical_variance(99, 100) == pytest.approx(0.13, abs=0.01)
    assert gaussian.expected_variance(99, 100) == pytest.approx(0.37, abs=0.01)


@pytest.mark.parametrize("ddof", [0, 1])
def test_half_life_halves_the_typical_variance(ddof):
    time = gaussian.half_life([10, 1000], ddof=ddof)
    close(np.exp(time * gaussian.log_variance_drift([10, 1000], ddof=ddof)), 0.5, 1e-12)
    assert time[1] / 1000 == pytest.approx(np.log(2) / (2 - ddof), rel=0.01)


def test_early_distances_grow_linearly():
    n = 10**6
    early = gaussian.squared_wasserstein_leading(9, n)
    assert early == pytest.approx(1.5 * 10 / n)
    assert gaussian.expected_squared_wasserstein(9, n, ddof=1) == pytest.approx(
        float(early), rel=1e-4
    )
    close(gaussian.squared_wasserstein_leading(4, 2000, dimension=3), 0.015, 1e-12)


def test_the_distance_is_above_its_bound_for_any_truth():
    exact = gaussian.expected_squared_wasserstein(GENERATIONS, 20, ddof=1)
    assert np.all(exact > gaussian.squared_wasserstein_lower_bound(GENERATIONS, 20))


def test_the_leading_order_is_no_lower_bound():
    assert gaussian.expected_squared_wasserstein(99, 100, ddof=1) < 1.5


@pytest.mark.parametrize("ddof", [0, 1])
def test_accumulation_reaches_its_limit(ddof):
    n = np.array([2, 3, 10, 1000])
    late = gaussian.accumulate_variance(20000, n, ddof=ddof)
    np.testing.assert_allclose(late, gaussian.accumulate_variance_limit(n, ddof=ddof), rtol=5e-5)


def test_accumulated_mean_error_has_its_leading_order():
    n = 10**4
    leading = gaussian.accumulate_mean_error_leading(n)
    for ddof in (0, 1):
        late = gaussian.accumulate_mean_error(20000, n, ddof=ddof)
        assert late == pytest.approx(float(leading), rel=1e-3)


def test_the_printed_total_variance_of_accumulation_is_wrong():
    n = np.array([4, 10, 100])
    printed = 1 + np.pi**2 / (6 * n)
    for ddof in (0, 1):
        total = gaussian.accumulate_total_variance(20000, n, ddof=ddof)
        assert np.all(np.abs(total - printed) > 0.3 * (printed - 1))


def test_more_accumulation_keeps_more():
    replace = gaussian.expected_variance(GENERATIONS, 10)
    capped = gaussian.subsample_variance(GENERATIONS, 10)
    pooled = gaussian.accumulate_variance(GENERATIONS, 10)
    assert np.all(replace[1:] < capped[1:])
    assert np.all(capped[1:] < pooled[1:])


def test_fourth_moment_follows_its_recursion_and_bounds_the_second():
    a, b, c, n = 0.0, 0.0, 1.0, 6
    for t in range(8):
        a, b, c = a + 6 * b / n + 3 * c / n**2, b + c / n, c * (n + 1) / (n - 1)
        close(gaussian.mean_fourth_moment(t, n, ddof=1), a, 1e-10)
    biased = gaussian.mean_fourth_moment(GENERATIONS, n)
    assert np.all(biased >= gaussian.mean_error(GENERATIONS, n) ** 2)


def test_an_expectation_that_overflows_is_infinite():
    assert gaussian.variance_moment(10**6, 3, 4, ddof=1) == np.inf


# --- shapes and refusals --------------------------------------------------------------------


def test_formulas_broadcast():
    t, n = np.arange(4)[:, None], np.array([5, 10, 20])
    for function in (
        gaussian.expected_variance,
        gaussian.mean_error,
        gaussian.mean_fourth_moment,
        gaussian.expected_squared_wasserstein,
        gaussian.expected_log_variance,
        gaussian.typical_variance,
        gaussian.accumulate_variance,
        gaussian.accumulate_mean_error,
        gaussian.subsample_variance,
        gaussian.subsample_mean_error,
    ):
        grid = function(t, n)
        assert grid.shape == (4, 3)
        assert grid[2, 1] == pytest.approx(float(function(2, 10)), rel=1e-13)
        assert np.ndim(function(2, 10)) == 0
    assert gaussian.eigenvalue_rates(n, dimension=2).shape == (3, 2)
    assert gaussian.expected_log_determinant(t, n, dimension=2).shape == (4, 3)
    assert gaussian.trace_moments(t, n, np.eye(2)).square_of_trace.shape == (4, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gaussian.expected_variance(1, 2, ddof=2),
        lambda: gaussian.accumulate_variance(1, 1, ddof=1),
        lambda: gaussian.subsample_variance(1, 5, budget=1, ddof=1),
        lambda: gaussian.growing_mean_error([5, 1], ddof=1),
    ],
)
def test_too_few_records_for_the_divisor_are_refused(call):
    with pytest.raises(InputError, match="must be larger than ddof"):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: gaussian.log_variance_drift(1),
        lambda: gaussian.eigenvalue_rates(4, dimension=4),
        lambda: gaussian.expected_log_determinant(0, [9, 3], dimension=3),
        lambda: gaussian.log_condition_rate(2, dimension=2),
    ],
)
def test_singular_covariances_are_refused(call):
    with pytest.raises(InputError, match=r"singular.*Use more records"):
        call()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: gaussian.accumulate_variance(1, 9, ddof=2), "ddof must be 0 or 1"),
        (lambda: gaussian.subsample_variance(1, 9, ddof=2), "ddof must be 0 or 1"),
        (lambda: gaussian.variance_moment(1, 5, -2), "order must be above"),
        (lambda: gaussian.survival_bound(1, 5, 0.0), "threshold must be finite and larger than 0"),
        (lambda: gaussian.variance_quantile(1, 5, 1.5), "level must lie between 0 and 1"),
        (lambda: gaussian.trace_moments(1, 5, [1.0, 2.0]), "symmetric matrix"),
        (lambda: gaussian.trace_moments(1, 5, [[1, 2], [0, 1]]), "symmetric matrix"),
        (lambda: gaussian.eigenvalue_rates(5, dimension=0), "dimension must be whole numbers"),
    ],
)
def test_other_values_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
