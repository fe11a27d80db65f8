"""Approximation and expressivity: published cases by row number, table values, identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import logsumexp

from modelcollapse.errors import InputError
from modelcollapse.theory import approximation, gaussian


def zipf(states, exponent):
    weights = np.arange(1, states + 1.0) ** -exponent
    return weights / weights.sum()


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


# --- acceptance rows and tables -------------------------------------------------------------


def test_row_40_expressivity():
    close(approximation.expressivity_divergence([0, 1, 4], 2.0), 0.1719987625, 1e-9)


def test_table_of_expressivity():
    value = approximation.expressivity_divergence(0, [1.0, 2.0, 3.0])
    close(value, [0.0097428, 0.1719988, 0.4619946], 6e-8)


def test_table_of_temperatures():
    law = approximation.tempered_law(3, [0.5, 0.3, 0.15, 0.05], 0.8)
    close(law, [0.677925, 0.249967, 0.064556, 0.007552], 6e-7)


def test_table_of_top_p():
    support = approximation.top_p_support(np.arange(13), zipf(1000, 1), 0.9)
    assert support.tolist() == [1000, 473, 241, 132, 77, 47, 30, 20, 14, 10, 8, 6, 5]


# --- temperature ----------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.5, 0.9, 1.0, 1.7])
def test_temperature_is_applied_once_per_generation(temperature):
    law = np.array([0.1, 0.5, 0.0, 0.4])
    current = law
    for t in range(6):
        close(approximation.tempered_law(t, law, temperature), current, 1e-12)
        current = current ** (1 / temperature)
        current /= current.sum()


def test_log_odds_grow_by_one_factor():
    law = approximation.tempered_law(np.arange(5), [0.6, 0.4], 0.8)
    odds = np.log(law[:, 0] / law[:, 1])
    np.testing.assert_allclose(odds[1:] / odds[:-1], 1 / 0.8, rtol=1e-10)


def test_temperature_ends_at_the_mode_or_at_the_uniform_law():
    law = [0.4, 0.4, 0.2, 0.0]
    close(approximation.tempered_law(5000, law, 0.5), [0.5, 0.5, 0, 0], 1e-12)
    close(approximation.tempered_law(5000, law, 2.0), [1 / 3, 1 / 3, 1 / 3, 0], 1e-12)


# --- top-p ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", [0.05, 0.5, 0.9, 0.999, 1.0])
def test_top_p_is_applied_once_per_generation(mass):
    law = np.random.default_rng(0).permutation(zipf(50, 0.8))
    current = law
    for t in range(8):
        close(approximation.top_p_law(t, law, mass), current, 1e-12)
        assert approximation.top_p_support(t, law, mass) == np.count_nonzero(current)
        order = np.argsort(-current)
        kept = (
            order[: np.argmax(np.cumsum(current[order]) > mass - 1e-9) + 1] if mass < 1 else order
        )
        current = np.where(np.isin(np.arange(50), kept), current, 0.0)
        current /= current.sum()


@settings(max_examples=60, deadline=None)
@given(weights=st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=30), mass=st.floats(0.01, 0.999))
def test_cutting_stops_when_the_least_state_is_too_probable_to_lose(weights, mass):
    law = np.array(weights) / np.sum(weights)
    support = approximation.top_p_support(np.arange(200), law, mass)
    assert np.all(np.diff(support) <= 0)
    assert support[0] == law.size
    late = approximation.top_p_law(199, law, mass)
    assert support[-1] == support[-2]
    assert late[late > 0].min() >= 1 - mass - 1e-9 or support[-1] == 1


def test_ties_and_exact_sums():
    law = np.full(10, 0.1)
    assert approximation.top_p_support([0, 1, 2], law, 0.9).tolist() == [10, 9, 9]
    close(approximation.top_p_law(1, law, 0.9), np.append(np.full(9, 1 / 9), 0), 1e-12)
    assert approximation.top_p_support([0, 5], [1.0, 0.0], 0.5).tolist() == [1, 1]
    rare = np.array([1 - 1e-15, 1e-15])
    assert approximation.top_p_support(9, rare, 1.0) == 2


# --- sampling bias --------------------------------------------------------------------------


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("bias", [0.0, 0.6, 1.0])
def test_bias_by_its_recursion(bias, ddof):
    n, error, variance = 12, 1 / 12, 11 / (12 - ddof)
    for t in range(8):
        assert approximation.biased_variance(t, n, bias, ddof=ddof) == pytest.approx(variance)
        assert approximation.biased_mean_error(t, n, bias, ddof=ddof) == pytest.approx(error)
        error += bias * variance / n
        variance *= bias * 11 / (12 - ddof)


@pytest.mark.parametrize("ddof", [0, 1])
def test_no_bias_is_plain_replacement(ddof):
    t, n = np.arange(30), 9
    for biased, plain in (
        (approximation.biased_variance, gaussian.expected_variance),
        (approximation.biased_mean_error, gaussian.mean_error),
        (approximation.biased_squared_wasserstein, gaussian.expected_squared_wasserstein),
    ):
        np.testing.assert_allclose(biased(t, n, 1.0, ddof=ddof), plain(t, n, ddof=ddof), rtol=1e-12)


def test_published_moments_of_the_biased_loop():
    # the paper counts from a model without error: its values, without the fit to real data
    t, n, bias = np.arange(1, 20), 50, 0.8
    close(approximation.biased_variance(t, n, bias, ddof=1), bias**t, 1e-13)
    error = approximation.biased_mean_error(t, n, bias, ddof=1)
    close(error - 1 / n, bias / n * (1 - bias**t) / (1 - bias), 1e-13)


def test_bias_trades_the_mean_for_the_variance():
    t = 200
    assert approximation.biased_mean_error(t, 50, 0.9) < 0.3 * gaussian.mean_error(t, 50)
    assert approximation.biased_variance(20, 50, 0.9) < 0.2 * gaussian.expected_variance(20, 50)
    # everything but the mean is lost in the end
    late = approximation.biased_squared_wasserstein(3000, 50, 0.9)
    assert late == pytest.approx(1 + float(approximation.biased_mean_error(3000, 50, 0.9)))


def test_many_records_leave_the_bias_alone():
    distance = approximation.biased_squared_wasserstein(np.arange(9), 10**9, 0.7)
    close(distance, (1 - 0.7 ** (np.arange(9) / 2)) ** 2, 1e-7)


# --- expressivity ---------------------------------------------------------------------------


@pytest.mark.parametrize("a", [0.0, 0.3, 0.9, 2.5, 6.0, 12.0])
def test_expressivity_by_adaptive_quadrature(a):
    def integrand(x):
        log_truth = logsumexp([-((x - a) ** 2) / 2, -((x + a) ** 2) / 2]) - np.log(2)
        log_model = -(x**2) / 2 / (1 + a**2) - np.log(1 + a**2) / 2
        return np.exp(log_truth) * (log_truth - log_model) / np.sqrt(2 * np.pi)

    half = sum(quad(integrand, x, x + 1, epsabs=1e-13)[0] for x in np.arange(0, a + 12))
    close(approximation.expressivity_divergence(0, a), 2 * half, 1e-10)


def test_expressivity_close_together_and_far_apart():
    near = approximation.expressivity_divergence(0, [0.05, 0.1])
    assert near[1] < 1e-9
    far = np.array([20.0, 1e3, 1e8])
    expected = np.log1p(far**2) / 2 - np.log(2)
    np.testing.assert_allclose(approximation.expressivity_divergence(0, far), expected, rtol=1e-13)
    rising = approximation.expressivity_divergence(0, np.linspace(0.2, 30, 500))
    assert np.all(np.diff(rising) > 0)


# --- arguments ------------------------------------------------------------------------------


def test_formulas_broadcast():
    t, laws = np.arange(4)[:, None], np.stack([zipf(5, 1), zipf(5, 2)])
    assert approximation.tempered_law(t, laws, 0.9).shape == (4, 2, 5)
    assert approximation.top_p_law(t, laws[0], [0.5, 0.9, 1.0]).shape == (4, 3, 5)
    assert approximation.top_p_support(t, laws[0], [0.5, 0.9, 1.0]).shape == (4, 3)
    assert approximation.expressivity_divergence(t, [1.0, 2.0]).shape == (4, 2)
    for function in (
        approximation.biased_variance,
        approximation.biased_mean_error,
        approximation.biased_squared_wasserstein,
    ):
        grid = function(t[..., None], [[5], [9]], [0.0, 0.5, 1.0])
        assert grid.shape == (4, 2, 3)
        assert grid[2, 1, 1] == pytest.approx(float(function(2, 9, 0.5)))


LAW = [0.5, 0.3, 0.2]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: approximation.tempered_law(1, LAW, 0.0), "temperature must be finite"),
        (lambda: approximation.tempered_law(-1, LAW, 0.5), "generations must be whole numbers"),
        (lambda: approximation.top_p_support(1, LAW, 0.0), "mass must be larger than 0"),
        (lambda: approximation.top_p_support(1, LAW, 1.1), "mass must lie between 0 and 1"),
        (lambda: approximation.top_p_law(1, [LAW, LAW], 0.5), "probabilities must be one law"),
        (lambda: approximation.biased_variance(1, 9, 1.5), "bias must lie between 0 and 1"),
        (lambda: approximation.biased_mean_error(1, 1, 0.5, ddof=1), "n must be larger than ddof"),
        (lambda: approximation.biased_squared_wasserstein(1, 1, 0.5), "n must be at least 2"),
        (lambda: approximation.expressivity_divergence(0, -1.0), "separation must be finite"),
        (lambda: approximation.expressivity_divergence(0, np.inf), "separation must be finite"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
