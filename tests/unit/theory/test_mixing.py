"""Gaussian loops with real data: published cases by row number, recursions, limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.theory import gaussian, mixing


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_17_mixture():
    law = mixing.iid_mixture_law(9, 50, alpha=0.6, gamma=0.2, ddof=1)
    model = mixing.iid_mixture(9, 50, alpha=0.6, gamma=0.2, ddof=1)
    close([law.mean_error, law.variance], [0.0203370483, 1.0345608966], 1e-8)
    close([model.mean_error, model.variance], [0.0408151442, 1.0329721476], 1e-8)


def test_row_18_fixed_point_of_the_mixture():
    limit = mixing.iid_mixture_limit(50, alpha=0.8, gamma=0.2, ddof=1)
    close([limit.mean_error, limit.variance], [0.0372093023, 1.0465116279], 1e-8)


def test_row_19_fresh_loop():
    limit = mixing.fresh_loop_limit(30, 70, bias=[1.0, 0.9], ddof=1)
    close(limit.mean_error, [0.0198, 0.0160116448], 1e-9)
    close(limit.variance, [1.014, 0.8199902960], 1e-9)


def test_row_20_fixed_real_loop():
    limit = mixing.fixed_real_loop_limit(30, 70, ddof=1)
    close([limit.mean_error, limit.variance], [0.0135333333, 0.9860000000], 1e-8)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alpha, gamma, n, fits, law, model",
    [
        (0.9, 0.1, 20, 30, (0.26179, 1.2571), (0.3232, 1.2533)),
        (0.5, 0.2, 20, 20, (0.03799, 1.0967), (0.092757, 1.0961)),
        (0.6, 0.0, 20, 15, (0.2939, 1.1959), (0.33172, 1.1818)),
        (1.0, 0.0, 50, 10, (0.2, 1.0), (0.2, 1.0)),
    ],
)
def test_table_of_mixtures(alpha, gamma, n, fits, law, model):
    arguments = {"alpha": alpha, "gamma": gamma, "ddof": 1}
    np.testing.assert_allclose(mixing.iid_mixture_law(fits - 1, n, **arguments), law, rtol=5e-5)
    np.testing.assert_allclose(mixing.iid_mixture(fits - 1, n, **arguments), model, rtol=5e-5)


@pytest.mark.parametrize(
    "real, synthetic, bias, t, fresh, fixed",
    [
        (10, 90, 1.0, 60, (0.054998, 1.05), (0.045002, 0.95003)),
        (50, 50, 1.0, 20, (0.013378, 1.0068), (0.0066216, 0.99324)),
        (20, 80, 0.8, 40, (0.015556, 0.56254), (0.0095537, 0.5374)),
    ],
)
def test_table_of_loops(real, synthetic, bias, t, fresh, fixed):
    arguments = {"bias": bias, "ddof": 1}
    np.testing.assert_allclose(mixing.fresh_loop(t, real, synthetic, **arguments), fresh, rtol=6e-5)
    np.testing.assert_allclose(
        mixing.fixed_real_loop(t, real, synthetic, **arguments), fixed, rtol=6e-5
    )


def test_table_of_biased_fresh_loops():
    limit = mixing.fresh_loop_limit(100, 1000, bias=[1.0, 0.9, 0.7], ddof=1)
    close(limit.variance, [1.0048, 0.501, 0.250], 1e-3)
    assert np.all(1 / limit.mean_error > 100)


def test_a_tenth_of_real_data_bounds_the_drift():
    limit = mixing.iid_mixture_limit(20, alpha=0.9, gamma=0.1, ddof=1)
    close([limit.mean_error, limit.variance], [0.279310, 1.310345], 6e-7)


# --- identities and limits ------------------------------------------------------------------

shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda s: (s[0] * (1 - s[1]), s[1]))


@given(shares=shares, n=st.integers(2, 500), t=st.integers(0, 200))
def test_second_moments_are_conserved_with_maximum_likelihood(shares, n, t):
    alpha, gamma = shares
    close(sum(mixing.iid_mixture_law(t, n, alpha=alpha, gamma=gamma)), 1.0, 1e-11)
    close(sum(mixing.iid_mixture(t, n, alpha=alpha, gamma=gamma)), 1.0, 1e-11)


@given(real=st.integers(2, 500), synthetic=st.integers(1, 5000), t=st.integers(0, 200))
def test_loops_conserve_second_moments_with_maximum_likelihood(real, synthetic, t):
    close(sum(mixing.fresh_loop(t, real, synthetic)), 1.0, 1e-11)
    close(sum(mixing.fresh_loop_limit(real, synthetic)), 1.0, 1e-9)
    # about the mean of the kept records, whose variance divides by their number minus one
    close(sum(mixing.fixed_real_loop(t, real, synthetic)), 1 - 1 / real, 1e-11)
    close(sum(mixing.fixed_real_loop_limit(real, synthetic)), 1 - 1 / real, 1e-9)


@pytest.mark.parametrize("ddof", [0, 1])
def test_the_newest_model_alone_is_replacement(ddof):
    t = np.arange(40)
    model = mixing.iid_mixture(t, 12, alpha=1.0, gamma=0.0, ddof=ddof)
    close(model.variance, gaussian.expected_variance(t, 12, ddof=ddof), 1e-12)
    close(model.mean_error, gaussian.mean_error(t, 12, ddof=ddof), 1e-12)


@pytest.mark.parametrize("ddof", [0, 1])
def test_the_truth_alone_never_moves(ddof):
    model = mixing.iid_mixture(np.arange(9), 12, alpha=0.0, gamma=1.0, ddof=ddof)
    close(model.mean_error, 1 / 12, 1e-14)
    close(model.variance, 11 / (12 - ddof), 1e-14)


@pytest.mark.parametrize("ddof", [0, 1])
def test_old_laws_alone_change_nothing(ddof):
    law = mixing.iid_mixture_law(np.arange(9), 12, alpha=0.0, gamma=0.0, ddof=ddof)
    close(law.mean_error, 0.0, 1e-14)
    close(law.variance, 1.0, 1e-14)


def test_without_real_data_the_expected_variance_of_a_mixture_grows():
    law = mixing.iid_mixture_law(np.arange(30), 20, alpha=0.6, gamma=0.0, ddof=1)
    close(law.variance, (1 + 0.6 * 0.4 / 20) ** np.arange(1, 31), 1e-11)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("alpha, gamma", [(0.9, 0.1), (0.5, 0.2), (0.0, 1.0), (0.0, 0.3)])
def test_mixtures_reach_their_limit(alpha, gamma, ddof):
    limit = mixing.iid_mixture_limit(20, alpha=alpha, gamma=gamma, ddof=ddof)
    late = mixing.iid_mixture_law(5000, 20, alpha=alpha, gamma=gamma, ddof=ddof)
    close(late.mean_error, limit.mean_error, 1e-9)
    close(late.variance, limit.variance, 1e-9)


def test_too_little_real_data_leave_the_expectations_unbounded():
    gamma = np.array([0.2, 0.5, 0.9, 1.1, 2.0]) / (2 * 1000)
    limit = mixing.iid_mixture_limit(1000, alpha=1 - gamma, gamma=gamma, ddof=1)
    np.testing.assert_array_equal(np.isinf(limit.variance), [True, True, True, False, False])
    np.testing.assert_array_equal(np.isinf(limit.mean_error), np.isinf(limit.variance))
    late = mixing.iid_mixture_law([2000, 4000], 20, alpha=0.99, gamma=0.01, ddof=1)
    assert late.variance[1] > 100 * late.variance[0]
    close(sum(mixing.iid_mixture_limit(1000, alpha=1 - gamma, gamma=gamma)), 1.0, 1e-9)


def test_an_infinite_limit_of_the_variance_needs_no_error_without_models():
    limit = mixing.iid_mixture_limit(5, alpha=0.0, gamma=1e-9, ddof=1)
    close([limit.mean_error, limit.variance], [0.0, 1.0], 1e-6)


@pytest.mark.parametrize("bias", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("ddof", [0, 1])
def test_loops_reach_their_limits(bias, ddof):
    arguments = {"bias": bias, "ddof": ddof}
    for trajectory, fixed_point in (
        (mixing.fresh_loop, mixing.fresh_loop_limit),
        (mixing.fixed_real_loop, mixing.fixed_real_loop_limit),
    ):
        late = trajectory(3000, 6, 40, **arguments)
        limit = fixed_point(6, 40, **arguments)
        close(late.mean_error, limit.mean_error, 1e-9)
        close(late.variance, limit.variance, 1e-9)


def test_the_fresh_loop_forgets_its_start():
    starts = mixing.fresh_loop([[0], [400]], 30, 70, initial=[2, 30, 1000], ddof=1)
    close(starts.mean_error[0], [1 / 2, 1 / 30, 1 / 1000], 1e-14)
    close(starts.mean_error[1], 0.0198, 1e-9)
    close(starts.variance[1], 1.014, 1e-9)


@given(real=st.integers(2, 10**4), synthetic=st.integers(1, 10**6))
def test_unbiased_synthetic_data_at_most_double_the_effective_sample(real, synthetic):
    gain = 1 / mixing.fresh_loop_limit(real, synthetic, ddof=1).mean_error / real
    assert 1 <= gain < 2
    if real > 1000:
        assert gain == pytest.approx(1 + synthetic / (real + synthetic), rel=2e-3)


def test_closed_form_of_the_unbiased_fresh_loop():
    real, synthetic = 13, 29
    total = real + synthetic
    limit = mixing.fresh_loop_limit(real, synthetic, ddof=1)
    error = 1 / (total * (1 - (synthetic / total) ** 2 * total / (total - 1)))
    close(limit.mean_error, error, 1e-13)
    close(limit.variance, 1 + synthetic * error / (total - 1), 1e-13)


@pytest.mark.parametrize("t", [0, 1, 5])
def test_loops_follow_the_printed_recursions(t):
    real, synthetic, bias = 7, 11, 0.8
    total = real + synthetic
    u, v, a, b = 1 / real, 1.0, 0.0, 1.0
    for _ in range(t):
        v, u = (
            (real + bias * synthetic * v) / total + real * synthetic * u / (total * (total - 1)),
            (synthetic / total) ** 2 * (u + bias * v / synthetic) + real / total**2,
        )
        apart = a + bias * b / synthetic
        b = (real - 1 + (synthetic - 1) * bias * b + real * synthetic / total * apart) / (total - 1)
        a = (synthetic / total) ** 2 * apart
    close(mixing.fresh_loop(t, real, synthetic, bias=bias, ddof=1), (u, v), 1e-13)
    close(mixing.fixed_real_loop(t, real, synthetic, bias=bias, ddof=1), (a, b), 1e-13)


@pytest.mark.parametrize("ddof", [0, 1])
def test_choosing_among_original_records_lies_between_the_loops(ddof):
    t = np.arange(20)
    every = mixing.fixed_real_loop(t, 12, 30, original=12, ddof=ddof)
    same = mixing.fixed_real_loop(t, 12, 30, ddof=ddof)
    close(every, same, 1e-15)
    many = mixing.fixed_real_loop(t, 12, 30, original=10**9, ddof=ddof)
    fresh = mixing.fresh_loop(t, 12, 30, initial=10**9, ddof=ddof)
    close(many, fresh, 1e-8)
    some = mixing.fixed_real_loop_limit(12, 30, original=50, ddof=ddof)
    assert same.mean_error[-1] < some.mean_error < many.mean_error[-1]
    late = mixing.fixed_real_loop(500, 12, 30, original=50, ddof=ddof)
    close(late, some, 1e-12)


# --- shapes and refusals --------------------------------------------------------------------


def test_moments_broadcast():
    t, n, gamma = np.arange(3)[:, None, None], np.array([[5], [9]]), np.array([0.1, 0.2, 0.3, 0.4])
    law = mixing.iid_mixture_law(t, n, alpha=0.5, gamma=gamma)
    assert law.variance.shape == (3, 2, 4)
    assert law.mean_error.shape == (3, 2, 4)
    one = mixing.iid_mixture_law(2, 9, alpha=0.5, gamma=0.3)
    assert law.variance[2, 1, 2] == pytest.approx(float(one.variance))
    assert np.ndim(one.variance) == 0
    assert mixing.fresh_loop(t, n, 10, bias=gamma).variance.shape == (3, 2, 4)
    assert mixing.fixed_real_loop(t, n, 10, bias=gamma).variance.shape == (3, 2, 4)
    assert mixing.fresh_loop(t, 5, 10, initial=n).variance.shape == (3, 2, 1)
    assert mixing.fresh_loop_limit(n, 10, bias=gamma).variance.shape == (2, 4)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mixing.iid_mixture(1, 9, alpha=-0.1, gamma=0.5), "alpha must lie between"),
        (lambda: mixing.iid_mixture(1, 9, alpha=0.8, gamma=0.5), "must be at most 1"),
        (lambda: mixing.iid_mixture(1, 9, alpha=0.8, gamma=0.1, ddof=2), "ddof must be 0 or 1"),
        (lambda: mixing.iid_mixture_limit(9, alpha=0.8, gamma=0.0), "gamma must be above 0"),
        (lambda: mixing.fresh_loop(1, 1, 9, ddof=1), "real must be larger than ddof"),
        (lambda: mixing.fresh_loop(1, 9, 9, initial=1, ddof=1), "initial must be larger"),
        (lambda: mixing.fresh_loop(1, 9, 0), "synthetic must be whole numbers"),
        (lambda: mixing.fresh_loop_limit(9, 9, bias=1.1), "bias must lie between 0 and 1"),
        (lambda: mixing.fixed_real_loop(1, 1, 9), "real must be larger than ddof"),
        (lambda: mixing.fixed_real_loop(1, 5, 9, original=4), "original must be at least real"),
        (lambda: mixing.fixed_real_loop_limit(1, 9), "real must be larger than ddof"),
    ],
)
def test_values_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
