"""Discrete formulas: published cases by row number, table values, limits, identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from modelcollapse.errors import InputError
from modelcollapse.theory import discrete
from modelcollapse.theory.discrete._chain import binomial_rows


def zipf(states, exponent):
    weights = np.arange(1, states + 1.0) ** -exponent
    return weights / weights.sum()


def uniform(states):
    return np.full(states, 1 / states)


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_01_heterozygosity():
    close(discrete.expected_heterozygosity(14, 20, uniform(4)), 0.3474684226, 1e-9)


def test_row_02_loss_in_one_generation():
    close(discrete.loss_probability([1000, 50], [0.002, 0.02]), [0.1350645224, 0.3641696801], 1e-9)


def test_row_03_branching_survival():
    k = np.array([2, 3, 4, 5, 10, 100])
    expected = [0.6321205588, 0.4685363946, 0.3740823053, 0.3120797100, 0.1722546249, 0.0195426105]
    close(discrete.branching_survival(k - 1), expected, 1e-9)


def test_row_04_survival():
    close(discrete.survival_probability(11, 30, 0.1), 0.3872618555, 1e-8)
    close(discrete.survival_lower_bound(11, 30, 0.1), 0.3553534041, 1e-8)


def test_row_05_support():
    close(discrete.expected_support([0, 4], 40, zipf(20, 1)), [13.8501546530, 7.6137350603], 1e-7)


def test_row_06_absorption():
    close(discrete.absorption_time(20, [0.5, 0.5]), 26.22948535, 1e-6)
    close(discrete.absorption_time_diffusion(20, [0.5, 0.5]), 27.72588722, 1e-6)
    close(discrete.absorption_time(30, [0.2, 0.3, 0.5]), 44.79135298, 1e-6)
    close(discrete.absorption_time_diffusion(30, [0.2, 0.3, 0.5]), 46.48565353, 1e-6)


def test_row_07_poisson():
    close(discrete.poisson_survival(9, 5, 2.0), 0.8213892191, 1e-9)


def test_row_21_partially_synthetic():
    law = zipf(10, 1)
    close(discrete.partially_synthetic_drift(49, 100, 100, law), 0.0026948730, 1e-9)
    close(discrete.partially_synthetic_error(49, 100, 100, law), 0.0108883759, 1e-9)


def test_row_22_mixture():
    law = zipf(10, 1)
    limit = discrete.mixture_law_error_limit(40, law, alpha=0.95, gamma=0.05)
    close(limit, 0.1539747279, 1e-9)
    late = discrete.mixture_law_error(2000, 40, law, alpha=0.95, gamma=0.05)
    close(late, limit, 1e-12)


def test_row_39_cross_entropy():
    close(discrete.expected_cross_entropy(19, zipf(10, 1)), 1.9938057592, 1e-8)
    close(discrete.cross_entropy_variance(19, 50, zipf(10, 1)), 0.2099063611, 1e-8)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "law, n, fits, diversity, variance, covariance",
    [
        (zipf(20, 1.0), 50, 10, 0.71632, 0.036713, -0.0070662),
        (zipf(100, 1.2), 200, 100, 0.54127, 0.079048, -0.013218),
        (uniform(5), 30, 60, 0.10464, 0.13907, -0.034768),
    ],
)
def test_table_of_second_moments(law, n, fits, diversity, variance, covariance):
    t = fits - 1
    np.testing.assert_allclose(
        [
            discrete.expected_heterozygosity(t, n, law),
            discrete.frequency_variance(t, n, law[0]),
            discrete.frequency_covariance(t, n, law[0], law[1]),
        ],
        [diversity, variance, covariance],
        rtol=5e-5,
    )


@pytest.mark.parametrize(
    "q, n, fits, exact, lower, upper, rule",
    [
        (0.01, 100, 20, 0.090869, 0.087571, 0.6624, 0.0952),
        (0.05, 60, 10, 0.41859, 0.40355, 1.0, 0.4512),
        (0.3, 40, 50, 0.4789, 0.36904, 1.0, 0.3812),
        (0.002, 500, 10, 0.15886, 0.15824, 0.2138, 0.1813),
    ],
)
def test_table_of_survival(q, n, fits, exact, lower, upper, rule):
    t = fits - 1
    close(discrete.survival_probability(t, n, q), exact, 6e-6)
    close(discrete.survival_lower_bound(t, n, q), lower, 6e-6)
    close(discrete.survival_upper_bound(t, n, q), upper, 6e-5)
    close(discrete.survival_asymptotic(t, n, q), rule, 6e-5)


@pytest.mark.parametrize(
    "rate, n, fits, value",
    [(1.0, 10, 20, 0.60006), (10.0, 10, 100, 0.85833), (0.2, 50, 5, 0.95588)],
)
def test_table_of_the_poisson_law(rate, n, fits, value):
    close(discrete.poisson_survival(fits - 1, n, rate), value, 6e-6)


@pytest.mark.parametrize(
    "law, n, exact, diffusion",
    [
        (uniform(2), 50, 67.517, 69.31),
        ([0.1, 0.9], 50, 31.178, 32.51),
        (uniform(10), 50, 92.831, 94.82),
        (zipf(20, 1.0), 40, 72.763, 74.67),
        (uniform(1000), 50, 97.922, 99.95),
    ],
)
def test_table_of_absorption(law, n, exact, diffusion):
    close(discrete.absorption_time(n, law), exact, 6e-4)
    close(discrete.absorption_time_diffusion(n, law), diffusion, 6e-3)


@pytest.mark.parametrize(
    "p, n, fits, lower", [(0.3, 20, 15, 0.389), (0.1, 50, 40, 0.161), (0.5, 30, 60, 0.131)]
)
def test_table_of_the_tail_of_absorption(p, n, fits, lower):
    close(discrete.absorption_tail_lower_bound(fits - 1, n, [p, 1 - p]), lower, 6e-4)
    assert discrete.absorption_tail_upper_bound(fits - 1, n, [p, 1 - p]) == 1


@pytest.mark.parametrize(
    "law, n, fits, exact, lower",
    [
        (zipf(50, 1.0), 100, 1, 31.767, 31.695),
        (zipf(50, 1.0), 100, 10, 11.356, 11.138),
        (zipf(500, 1.5), 1000, 20, 25.719, 25.637),
    ],
)
def test_table_of_the_support(law, n, fits, exact, lower):
    close(discrete.expected_support(fits - 1, n, law), exact, 6e-4)
    close(discrete.expected_support_lower_bound(fits - 1, n, law), lower, 6e-4)


@pytest.mark.parametrize(
    "law, n, fits, mean, variance, tail",
    [
        (zipf(50, 1.0), 100, 20, 3.1971, 0.29141, 0.17967),
        (zipf(200, 1.3), 300, 50, 3.2473, 0.60887, 0.15172),
    ],
)
def test_table_of_conserved_quantities(law, n, fits, mean, variance, tail):
    close(discrete.expected_cross_entropy(fits - 1, law), mean, 6e-5)
    close(discrete.cross_entropy_variance(fits - 1, n, law), variance, 6e-6)
    mass = law[law < 1 / n].sum()
    close(discrete.expected_frequency([0, fits - 1], mass), tail, 6e-6)


@pytest.mark.parametrize(
    "alpha, gamma, n, fits, error",
    [(0.9, 0.1, 50, 200, 0.062319), (0.5, 0.1, 20, 200, 0.048964), (0.7, 0.0, 30, 15, 0.17362)],
)
def test_table_of_mixtures(alpha, gamma, n, fits, error):
    value = discrete.mixture_law_error(fits - 1, n, zipf(8, 1.0), alpha=alpha, gamma=gamma)
    np.testing.assert_allclose(value, error, rtol=3e-5)


@pytest.mark.parametrize(
    "states, real, synthetic, models, drift, total",
    [
        (10, 50, 50, 30, 0.0053176, 0.021705),
        (10, 50, 500, 30, 0.0075467, 0.023934),
    ],
)
def test_table_of_retained_samples(states, real, synthetic, models, drift, total):
    law = zipf(states, 1.0)
    close(discrete.partially_synthetic_drift(models - 1, real, synthetic, law), drift, 6e-8)
    close(discrete.partially_synthetic_error(models - 1, real, synthetic, law), total, 6e-7)


@pytest.mark.parametrize(
    "law, real, synthetic, models, error",
    [
        (zipf(10, 1.0), 50, 50, 30, 0.010852),
        (zipf(10, 1.0), 50, 500, 60, 0.0085028),
        (zipf(25, 0.7), 80, 160, 15, 0.0069657),
    ],
)
def test_table_of_fresh_samples(law, real, synthetic, models, error):
    np.testing.assert_allclose(
        discrete.fresh_error(models - 1, real, synthetic, law), error, rtol=6e-5
    )


# --- the exact chain ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7, 300, 2000])
def test_sparse_rows_are_binomial(n):
    q = np.array([0.0, 1e-9, 1 / n, 0.3, 0.5, 1 - 1e-4, 1.0])
    rows = binomial_rows(n, q).toarray()
    close(rows, binom.pmf(np.arange(n + 1), n, q[:, None]), 2e-11)
    close(rows.sum(axis=1), 1.0, 1e-11)


def test_rows_of_a_large_chain_hold_what_matters_and_no_more():
    n = 10_000
    rows = binomial_rows(n, np.arange(n + 1) / n)
    close(rows.sum(axis=1), 1.0, 1e-9)
    close(rows @ np.arange(n + 1.0), np.arange(n + 1.0), 1e-5)
    assert rows.nnz < 0.08 * n**2


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_survival_is_the_dense_recursion(n):
    counts = np.arange(n + 1)
    chain = binom.pmf(counts, n, counts[:, None] / n)
    for q in (0.03, 0.4):
        law = binom.pmf(counts, n, q)
        for t in range(6):
            close(discrete.survival_probability(t, n, q), 1 - law[0], 1e-12)
            law = law @ chain


def test_survival_starts_with_one_minus_the_loss_and_ends_with_fixation():
    q = np.array([0.001, 0.1, 0.7])
    close(discrete.survival_probability(0, 50, q), 1 - discrete.loss_probability(50, q), 1e-12)
    close(discrete.survival_probability(3000, 50, q), q, 1e-9)
    close(discrete.fixation_probability([0.25, 0.75]), [0.25, 0.75], 0)


def test_certain_and_impossible_states():
    close(discrete.survival_probability([0, 9], 20, 1.0), 1.0, 1e-12)
    assert discrete.survival_probability(3, 20, 0.0) == 0
    assert discrete.loss_probability(5, 1.0) == 0
    assert discrete.expected_support(4, 20, [1.0, 0.0]) == pytest.approx(1.0)


def test_rare_states_keep_their_relative_accuracy():
    q = 1e-12
    linear = 1000 * q * discrete.branching_survival(20)
    assert discrete.survival_probability(20, 1000, q) == pytest.approx(float(linear), rel=2e-2)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 120), q=st.floats(0.0, 1.0), t=st.integers(0, 40))
def test_survival_bounds_are_ordered(n, q, t):
    exact = discrete.survival_probability(t, n, q)
    assert discrete.survival_lower_bound(t, n, q) <= exact + 1e-12
    assert exact <= discrete.survival_upper_bound(t, n, q) + 1e-12
    assert exact >= q - 1e-9  # the state that wins in the end is alive before


def test_survival_falls_with_time_and_rises_with_the_count():
    grid = discrete.survival_probability(np.arange(30)[:, None], 60, np.linspace(0.01, 0.2, 25))
    assert grid.shape == (30, 25)
    assert np.all(np.diff(grid, axis=0) < 0)
    assert np.all(np.diff(grid, axis=1) > 0)


def test_support_is_the_sum_over_states_with_ties_counted():
    law = np.array([0.4, 0.2, 0.2, 0.1, 0.1])
    t = np.array([0, 3, 8])
    single = discrete.survival_probability(t[:, None], 25, law).sum(axis=1)
    close(discrete.expected_support(t, 25, law), single, 1e-12)
    bound = discrete.expected_support_lower_bound(t, 25, law)
    assert np.all(bound <= single)
    assert np.all(bound > 0.85 * single)


def test_the_branching_constant_lies_between_its_bounds():
    k = np.arange(1, 3000)
    g = discrete.branching_survival(k - 1)
    assert np.all((1 / k <= g) & (g <= 3 / k))
    asymptotic = discrete.branching_survival_asymptotic(k - 1)
    assert np.max(np.abs(asymptotic / g - 1)[9:]) < 0.005
    assert g[-1] * k[-1] == pytest.approx(2, rel=0.01)


# --- absorption -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_absorption_time_adds_up_the_tail(n):
    law = [0.35, 0.65]
    t = np.arange(60 * n)
    # with two states the lineage is undecided while both are alive
    alive = discrete.survival_probability(t[:, None], n, law).sum(axis=1) - 1
    close(discrete.absorption_time(n, law), 1 + alive.sum(), 1e-6)


def test_a_single_state_is_absorbed_at_once():
    assert discrete.absorption_time(30, [1.0]) == pytest.approx(1)
    assert discrete.absorption_time_diffusion(30, [1.0, 0.0]) == 0


def test_absorption_times_agree_in_their_limits():
    exact = discrete.absorption_time(2000, [0.5, 0.5])
    assert exact == pytest.approx(
        float(discrete.absorption_time_diffusion(2000, [0.5, 0.5])), rel=2e-3
    )
    assert discrete.absorption_time(50, uniform(1000)) == pytest.approx(
        float(discrete.absorption_time_coalescent(50)), rel=1e-3
    )


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 80), p=st.floats(0.01, 0.99), t=st.integers(0, 200))
def test_absorption_bounds_are_ordered(n, p, t):
    law = [p, 1 - p]
    undecided = discrete.survival_probability(t, n, law).sum() - 1
    assert discrete.absorption_tail_lower_bound(t, n, law) <= undecided + 1e-9
    assert undecided <= discrete.absorption_tail_upper_bound(t, n, law) + 1e-9
    printed = 2 * n * p * (1 - p) * (1 - 1 / n) ** (t + 1)
    assert discrete.absorption_tail_upper_bound(t, n, law) <= printed + 1e-9 or printed > 1


# --- moments --------------------------------------------------------------------------------


@given(
    counts=st.lists(st.integers(1, 50), min_size=2, max_size=8),
    n=st.integers(1, 300),
    t=st.integers(0, 300),
)
def test_variances_and_covariances_add_up(counts, n, t):
    law = np.array(counts) / np.sum(counts)
    diagonal = discrete.frequency_variance(t, n, law)
    matrix = discrete.frequency_covariance(t, n, law[:, None], law[None, :])
    np.fill_diagonal(matrix, diagonal)
    close(matrix.sum(axis=0), 0.0, 1e-12)  # frequencies sum to 1
    close(diagonal.sum(), discrete.expected_squared_error(t, n, law), 1e-12)
    logs = np.log(law)
    close(logs @ matrix @ logs, discrete.cross_entropy_variance(t, n, law), 1e-10)
    total = discrete.expected_squared_error(t, n, law)
    total = total + discrete.expected_heterozygosity(t, n, law)
    close(total, 1 - np.sum(law**2), 1e-12)


def test_states_of_probability_zero_do_not_count():
    law, padded = zipf(6, 1.0), np.append(zipf(6, 1.0), [0.0, 0.0])
    for function in (
        discrete.expected_heterozygosity,
        discrete.cross_entropy_variance,
        discrete.expected_support_lower_bound,
        discrete.absorption_tail_lower_bound,
    ):
        close(function(7, 30, padded), function(7, 30, law), 1e-14)
    close(discrete.absorption_time(30, padded), discrete.absorption_time(30, law), 1e-11)


# --- real data in the loop ------------------------------------------------------------------


def test_mixtures_follow_their_recursion():
    law, n, alpha, gamma = zipf(8, 1.0), 15, 0.6, 0.15
    diversity, error = 1 - np.sum(law**2), 0.0
    for t in range(12):
        fitted = error + (diversity - error) / n
        close(discrete.mixture_error(t, n, law, alpha=alpha, gamma=gamma), fitted, 1e-13)
        error = (1 - gamma) ** 2 * error + alpha**2 * (diversity - error) / n
        close(discrete.mixture_law_error(t, n, law, alpha=alpha, gamma=gamma), error, 1e-13)


def test_a_mixture_of_the_newest_model_alone_is_replacement():
    law, t = zipf(8, 1.0), np.arange(50)
    plain = discrete.expected_squared_error(t, 15, law)
    close(discrete.mixture_error(t, 15, law, alpha=1.0, gamma=0.0), plain, 1e-13)
    close(discrete.mixture_law_error(t, 15, law, alpha=1.0, gamma=0.0), plain, 1e-13)


def test_limits_of_mixtures():
    law = zipf(8, 1.0)
    diversity = 1 - np.sum(law**2)
    assert discrete.mixture_law_error_limit(15, law, alpha=0.3, gamma=0.0) == pytest.approx(
        diversity
    )
    assert discrete.mixture_law_error_limit(15, law, alpha=0.0, gamma=0.0) == 0
    assert discrete.mixture_law_error_limit(15, law, alpha=0.0, gamma=1.0) == 0
    assert discrete.mixture_law_error(9, 15, law, alpha=0.0, gamma=0.0) == 0


def test_retained_and_fresh_samples_follow_their_recursions():
    law, real, synthetic = zipf(9, 1.0), 12, 30
    diversity, share = 1 - np.sum(law**2), 30 / 42
    drift, error = 0.0, diversity / real
    for t in range(15):
        close(discrete.partially_synthetic_drift(t, real, synthetic, law), drift, 1e-13)
        close(discrete.fresh_error(t, real, synthetic, law), error, 1e-13)
        noise = diversity * (1 - 1 / real) / synthetic
        drift = share**2 * ((1 - 1 / synthetic) * drift + noise)
        error = share**2 * (error + (diversity - error) / synthetic)
        error += (1 - share) ** 2 * diversity / real
    close(
        discrete.partially_synthetic_drift_limit(real, synthetic, law),
        discrete.partially_synthetic_drift(500, real, synthetic, law),
        1e-14,
    )
    close(
        discrete.fresh_error_limit(real, synthetic, law),
        discrete.fresh_error(500, real, synthetic, law),
        1e-14,
    )


def test_choosing_among_original_records_lies_between_kept_and_fresh_ones():
    law, t = zipf(9, 1.0), np.arange(20)
    kept = discrete.partially_synthetic_error(t, 12, 30, law)
    close(discrete.partially_synthetic_error(t, 12, 30, law, original=12), kept, 1e-15)
    fresh = discrete.fresh_error(t, 12, 30, law, initial=10**9)
    many = discrete.partially_synthetic_error(t, 12, 30, law, original=10**9)
    close(many, fresh, 1e-8)
    some = discrete.partially_synthetic_drift_limit(12, 30, law, original=50)
    assert discrete.partially_synthetic_drift_limit(12, 30, law) < some < many[-1]
    close(discrete.partially_synthetic_drift(500, 12, 30, law, original=50), some, 1e-14)


@given(real=st.integers(1, 10**5), synthetic=st.integers(1, 10**6))
def test_synthetic_data_cost_a_kept_sample_at_most_half(real, synthetic):
    law = uniform(4)
    inflation = discrete.partially_synthetic_inflation(real, synthetic)
    assert 1 <= inflation < 1.5
    late = discrete.partially_synthetic_drift_limit(real, synthetic, law) * real / 0.75
    close(inflation, 1 + late, 1e-9)
    if min(real, synthetic) > 1000:
        ratio = synthetic / real
        assert inflation == pytest.approx(1 + ratio / (1 + 2 * ratio), abs=1e-3)


def test_fresh_samples_gain_from_synthetic_data():
    law = zipf(10, 1.0)
    diversity = 1 - np.sum(law**2)
    for real in (20, 500):
        gain = diversity / real / discrete.fresh_error_limit(real, [1, 100, 10**7], law)
        assert np.all(np.diff(gain) > 0)
        assert gain[0] > 1
        assert gain[-1] == pytest.approx(2, rel=1.1 / real)


# --- shapes and refusals --------------------------------------------------------------------


def test_formulas_broadcast():
    t, n, law = np.arange(4)[:, None], np.array([5, 10, 20]), zipf(6, 1.0)
    for function in (
        discrete.expected_heterozygosity,
        discrete.expected_squared_error,
        discrete.cross_entropy_variance,
        discrete.absorption_tail_lower_bound,
        discrete.absorption_tail_upper_bound,
        discrete.expected_support_lower_bound,
    ):
        grid = function(t, n, law)
        assert grid.shape == (4, 3)
        assert grid[2, 1] == pytest.approx(float(function(2, 10, law)), rel=1e-13)
        assert np.ndim(function(2, 10, law)) == 0
    laws = np.stack([law, uniform(6)])
    assert discrete.expected_heterozygosity(t, 10, laws).shape == (4, 2)
    assert discrete.expected_cross_entropy(t, laws).shape == (4, 2)
    assert discrete.expected_frequency(t, law).shape == (4, 6)
    assert discrete.expected_support(t, 10, law).shape == (4, 1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: discrete.expected_heterozygosity(1, 9, [0.5, 0.4]), "must sum to 1"),
        (lambda: discrete.expected_heterozygosity(1, 9, [1.5, -0.5]), "must lie between 0 and 1"),
        (lambda: discrete.survival_probability(1, 9, np.nan), "q must lie between 0 and 1"),
        (lambda: discrete.survival_probability(1, 10**6, 0.1), "up to 20000 for the exact chain"),
        (lambda: discrete.survival_probability(1, [5, 6], 0.1), "one whole number"),
        (lambda: discrete.absorption_time(5, [[0.5, 0.5]]), "one law"),
        (lambda: discrete.absorption_tail_lower_bound(1, 9, [1.0]), "two positive entries"),
        (lambda: discrete.absorption_tail_upper_bound(1, 1, [0.5, 0.5]), "n must be larger"),
        (lambda: discrete.poisson_survival(1, 9, 0.0), "rate must be finite and larger than 0"),
        (
            lambda: discrete.mixture_error(1, 9, [0.5, 0.5], alpha=0.8, gamma=0.3),
            r"alpha \+ gamma must be at most 1",
        ),
        (
            lambda: discrete.partially_synthetic_error(1, 5, 9, [0.5, 0.5], original=4),
            "original must be at least real",
        ),
        (lambda: discrete.fresh_error(1, 0, 5, [0.5, 0.5]), "real must be whole numbers"),
        (lambda: discrete.branching_survival(-1), "generations must be whole numbers"),
    ],
)
def test_values_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
