"""Chains of least squares, and of projections: exact cases by row number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.theory import regression

ROW = {"dimension": 20, "generator_records": 40, "noise": 0.5, "generator_noise": 1.0}
PROJECTED = {"dimension": 40, "generator_records": 20, "signal": 1.0, "noise": 0.0}


def near(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=0)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_05_exact():
    near(regression.least_squares_chain_error(5, 60, **ROW), 5.39136302294197, 1e-12)


def test_row_06_asymptotic():
    near(regression.least_squares_chain_error_asymptotic(5, 60, **ROW), 5.125, 1e-12)


@pytest.mark.parametrize("same, expected", [(False, 0.96875), (True, 0.5)])
def test_row_14_projections(same, expected):
    near(regression.projection_bias(5, 20, 40, same_inputs=same), expected, 1e-12)


def test_row_15_projections_with_noise():
    error = regression.projected_chain_error(5, np.inf, **PROJECTED, generator_noise=0.3)
    near(error, 1.1523026315789473, 1e-12)


@pytest.mark.parametrize(
    "d, records, n, written, noise, generations, exact, asymptotic",
    [
        (20, 40, 60, 1, 0.5, 0, 0.12821, 0.12500),
        (20, 40, 60, 1, 0.5, 1, 1.1808, 1.1250),
        (10, 15, 30, 0.2, 0.1, 10, 1.0053, 0.8050),
        (30, 45, 200, 0.5, 1, 3, 1.7847, 1.6765),
    ],
)
def test_table_of_least_squares(d, records, n, written, noise, generations, exact, asymptotic):
    of = {"dimension": d, "generator_records": records, "noise": noise, "generator_noise": written}
    near(regression.least_squares_chain_error(generations, n, **of), exact, 5e-5)
    near(regression.least_squares_chain_error_asymptotic(generations, n, **of), asymptotic, 5e-5)


@pytest.mark.parametrize(
    "records, generations, expected", [(20, 1, 0.5), (20, 2, 0.75), (30, 3, 0.5781)]
)
def test_table_of_projections(records, generations, expected):
    near(regression.projection_bias(generations, records, 40), expected, 1e-4)


# --- properties -----------------------------------------------------------------------------


@given(
    d=st.integers(1, 30),
    more=st.integers(2, 200),
    n=st.integers(2, 200),
    t=st.integers(0, 30),
)
def test_the_asymptotic_form_is_the_ridge_formula_without_penalty(d, more, n, t):
    of = {"generator_records": d + more, "noise": 0.7, "generator_noise": 0.4}
    truth = {"eigenvalues": np.arange(1.0, d + 1), "coefficients": np.ones(d)}
    ridge = regression.chain_error(t, d + n, 0.0, **truth, **of)
    printed = regression.least_squares_chain_error_asymptotic(t, d + n, dimension=d, **of)
    exact = regression.least_squares_chain_error(t, d + n, dimension=d, **of)
    near(ridge.variance + ridge.added_variance * (more - 1) / more, printed, 1e-11)
    near(ridge.variance * n / (n - 1) + ridge.added_variance, exact, 1e-11)
    assert ridge.bias == 0


def test_growing_samples_of_one_size_are_a_chain():
    t = np.arange(5)
    growing = regression.growing_least_squares_error(
        t, 60, **{**ROW, "generator_records": [40] * 4}
    )
    near(growing, regression.least_squares_chain_error(t, 60, **ROW), 1e-13)


def test_constant_of_growing_samples():
    m = np.arange(2, 2_000_001.0)
    series = np.sum(1 / (m * np.log(m) ** 2)) + 1 / np.log(2_000_000.5)  # with its tail
    assert series == pytest.approx(2.1097428, abs=2e-7)
    first = 10_000.0
    sizes = first * np.concatenate([[1.0], m * np.log(m) ** 2])
    of = {"dimension": 3, "noise": 0.0, "generator_noise": 1.0}
    error = regression.growing_least_squares_error(
        [1, 1000, 2_000_000], 60, **of, generator_records=sizes
    )
    assert np.all(error / error[0] < 3.11)
    assert error[2] / error[0] == pytest.approx(3.1097 - 1 / np.log(2e6), abs=1e-3)
    linear = regression.growing_least_squares_error(
        [1000, 1_000_000], 60, **of, generator_records=first * np.arange(1, 1_000_001)
    )
    assert linear[1] / linear[0] == pytest.approx(1.923, abs=2e-3)  # sums of 1 / m


def test_worse_than_predicting_nothing():
    t = regression.null_predictor_generations(
        dimension=20, generator_records=40, generator_noise=0.5, signal=3.0
    )
    near(t, 3 / 0.25 * 19 / 20, 1e-14)
    of = {**ROW, "generator_noise": 0.5}
    before, after = regression.least_squares_chain_error([11, 12], np.inf, **of)
    assert before < 3.0 < after


@given(t=st.integers(0, 50), records=st.integers(1, 90), same=st.booleans())
def test_projections_agree_with_the_recursion(t, records, same):
    d = 40
    if abs(records - d) < 2:
        records = 20
    of = {"generator_records": records, "generator_noise": 0.5, "noise": 0.0, "same_inputs": same}
    found = regression.projected_chain_error(t, np.inf, dimension=d, signal=1.0, **of)
    recursion = regression.chain_error(
        t, np.inf, 0.0, eigenvalues=np.ones(d), coefficients=np.full(d, d**-0.5), **of
    )
    near(
        recursion.added_bias + 1,
        regression.projection_bias(t, records, d, same_inputs=same) + 1,
        1e-12,
    )
    finite = 1 if records > d else (d - records) / (d - records - 1)
    near(found - recursion.added_bias + 1, recursion.added_variance * finite + 1, 1e-11)


def test_projections_broadcast():
    records, t = np.array([[20], [42]]), np.array([0, 1, 5])
    found = regression.projected_chain_error(
        t, 100, **{**PROJECTED, "generator_records": records, "noise": 0.3}, generator_noise=0.1
    )
    assert found.shape == (2, 3)
    near(found[:, 0], 0.09 * 40 / 59, 1e-13)
    near(found[1], 0.09 * 40 / 59 + t * 0.01 * 40, 1e-13)


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, changed, message",
    [
        ((1, 21), {}, r"n must be at least dimension \+ 2"),
        ((1, 60), {"generator_records": 20}, r"generator_records must be at least dimension"),
        ((1, 60), {"noise": -1}, "noise must be finite and at least 0"),
        ((1, 60), {"generator_noise": np.nan}, "generator_noise must be finite"),
        ((-1, 60), {}, "generations must be whole numbers"),
        ((1, 60), {"dimension": 0}, "dimension must be whole numbers"),
    ],
)
def test_values_out_of_range_are_refused(arguments, changed, message):
    for function in (
        regression.least_squares_chain_error,
        regression.least_squares_chain_error_asymptotic,
    ):
        with pytest.raises(InputError, match=message):
            function(*arguments, **{**ROW, **changed})
    sizes = {"generator_records": np.full(3, changed.get("generator_records", 40))}
    with pytest.raises(InputError, match=message):
        regression.growing_least_squares_error(*arguments, **{**ROW, **changed, **sizes})


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: regression.projection_bias(1, 0, 9), "generator_records must be whole numbers"),
        (
            lambda: regression.projected_chain_error(
                1, 99, **{**PROJECTED, "generator_records": 41}, generator_noise=0.1
            ),
            "must differ by at least 2 from the dimension",
        ),
        (
            lambda: regression.projected_chain_error(1, 41, **PROJECTED, generator_noise=0.1),
            r"n must be at least dimension \+ 2",
        ),
        (
            lambda: regression.growing_least_squares_error(
                4, 60, **{**ROW, "generator_records": [40] * 3}
            ),
            "must list every generator up to generation 4",
        ),
        (
            lambda: regression.null_predictor_generations(
                dimension=20, generator_records=40, generator_noise=0, signal=3.0
            ),
            "generator_noise must be finite and larger than 0",
        ),
    ],
)
def test_other_values_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
