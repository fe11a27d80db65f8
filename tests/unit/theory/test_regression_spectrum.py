"""Effective penalties and degrees of freedom: cases by row number, and tables against sums."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.theory import regression
from modelcollapse.theory.regression._spectrum import Spectrum, Table


def power(d, exponent):
    return np.arange(1, d + 1.0) ** -exponent


def near(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=0)


# --- acceptance rows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, penalty, eigenvalues, expected, tolerance",
    [
        pytest.param(150, 0.1, np.ones(100), 0.2203958069359447, 1e-10, id="row 1"),
        pytest.param(40, 0.0, np.ones(50), 0.25, 1e-9, id="row 2"),
        pytest.param(80, 1e-3, power(100, 2), 0.0016699403226117836, 1e-9, id="row 3"),
        pytest.param(20, 0.0, power(60, 1), 0.09169956222101867, 1e-9, id="row 4"),
    ],
)
def test_rows_01_to_04_effective_penalty(n, penalty, eigenvalues, expected, tolerance):
    near(regression.effective_penalty(n, penalty, eigenvalues), expected, tolerance)


def test_row_01_by_the_solver_and_in_closed_form():
    near(regression.isotropic_effective_penalty(150, 0.1, 100), 0.2203958069359447, 1e-10)
    # two eigenvalues that differ in the last digit are no longer isotropic
    almost = np.ones(100) + 1e-15 * (np.arange(100) % 2)
    assert np.unique(almost).size == 2
    near(regression.effective_penalty(150, 0.1, almost), 0.2203958069359447, 1e-10)


@pytest.mark.parametrize(
    "level, eigenvalues, order, expected",
    [
        pytest.param(0.0016699403226117836, power(100, 2), 1, 32.0940964675, id="row 3, order 1"),
        pytest.param(0.0016699403226117836, power(100, 2), 2, 18.6095079229, id="row 3, order 2"),
        pytest.param(0.09169956222101867, power(60, 1), 2, 8.75499639426, id="row 4, order 2"),
    ],
)
def test_rows_03_and_04_degrees_of_freedom(level, eigenvalues, order, expected):
    near(regression.degrees_of_freedom(level, eigenvalues, order), expected, 1e-9)


@pytest.mark.parametrize(
    "exponent, d, n, penalty, expected",
    [
        (0, 100, 150, 0.1, 81.94),
        (2, 100, 80, 1e-3, 32.09),
        (1, 100, 50, 1e-2, 38.38),
        (1.5, 200, 120, 5e-3, 43.08),
    ],
)
def test_table_of_degrees_of_freedom(exponent, d, n, penalty, expected):
    level = regression.effective_penalty(n, penalty, power(d, exponent))
    assert regression.degrees_of_freedom(level, power(d, exponent)) == pytest.approx(
        expected, abs=5e-3
    )


# --- properties -----------------------------------------------------------------------------

problems = st.fixed_dictionaries(
    {
        "n": st.integers(1, 400),
        "penalty": st.floats(-8, 1).map(lambda x: 10**x),
        "eigenvalues": st.builds(power, st.integers(1, 120), st.floats(0, 3)),
    }
)


@given(problem=problems)
def test_the_level_solves_its_equation(problem):
    level = float(regression.effective_penalty(**problem))
    kept = float(regression.degrees_of_freedom(level, problem["eigenvalues"]))
    assert level >= problem["penalty"]
    near(problem["penalty"] + level * kept / problem["n"], level, 1e-12)


@given(problem=problems)
def test_property_01_slope_of_the_level(problem):
    n, penalty, lam = problem["n"], problem["penalty"], problem["eigenvalues"]
    # Where the level is far above the penalty, differences are lost in its rounding.
    assume(float(regression.effective_penalty(n, penalty, lam)) < 1e4 * penalty)
    # of the fourth order: with few records the level bends within small steps of the penalty
    step = 1e-4 * penalty
    at = regression.effective_penalty(n, penalty + step * np.array([-2, -1, 1, 2]), lam)
    slope = (at @ [1, -8, 8, -1]) / (12 * step)
    level = regression.effective_penalty(n, penalty, lam)
    u = regression.degrees_of_freedom(level, lam, 2) / n
    near(slope, 1 / (1 - u), 1e-5)


@given(n=st.integers(1, 300), d=st.integers(1, 300), penalty=st.floats(1e-9, 10))
def test_closed_form_of_equal_eigenvalues(n, d, penalty):
    level = regression.isotropic_effective_penalty(n, penalty, d)
    near(level, penalty + level * d / (1 + level) / n, 1e-12)
    near(regression.effective_penalty(n, 3 * penalty, np.full(d, 3.0)), 3 * level, 1e-12)


@pytest.mark.parametrize("n", [1, 2, 99, 100, 101, 102, 5000])
@pytest.mark.parametrize("exponent", [0, 1, 4])
def test_without_a_penalty(n, exponent):
    lam = power(100, exponent)
    level = regression.effective_penalty(n, 0.0, lam)
    near(regression.degrees_of_freedom(level, lam), min(n, 100), 1e-11)
    assert (level == 0) == (n >= 100)
    # a penalty too small to matter is none
    assert regression.effective_penalty(n, 1e-15 * lam.mean(), lam) == level


def test_infinitely_many_records_leave_the_penalty():
    np.testing.assert_array_equal(
        regression.effective_penalty(np.inf, [0.0, 1e-3, 2.0], power(50, 2)), [0, 1e-3, 2]
    )


@pytest.mark.parametrize("exponent", [0.5, 2, 8])
def test_many_queries_have_the_values_of_single_ones(exponent):
    lam = power(200, exponent)
    n = np.unique(np.logspace(0, 6, 400).round())
    penalty = np.array([0.0, 1e-9, 1e-4, 0.1, 50.0])[:, None]
    many = regression.effective_penalty(n, penalty, lam)
    assert many.shape == (5, n.size)
    chosen = np.arange(0, n.size, 37)
    for i, ridge in enumerate(penalty[:, 0]):
        for j in chosen:
            near(many[i, j], regression.effective_penalty(n[j], ridge, lam), 1e-12)
    orders = regression.degrees_of_freedom(many[:, chosen], lam, 2)
    near(orders[1], (lam / (lam + many[1, chosen, None])) ** 2 @ np.ones(200), 1e-12)


@pytest.mark.parametrize("exponent", [0.3, 3])
def test_tables_of_sums_are_as_accurate_as_the_sums(exponent):
    rng = np.random.default_rng(3)
    spectrum = Spectrum(power(500, exponent))
    weights = rng.random((3, 2, 500)) ** 8
    sums = spectrum.sums(*weights)
    table = Table(sums, 1e-12, 1e7)
    level = np.exp(rng.uniform(np.log(1e-12), np.log(1e7), 3000))
    near(table(level), sums(level), 1e-12)
    near(table(level, np.array([4, 1])), sums(level)[:, [4, 1]], 1e-12)
    np.testing.assert_array_equal(table(np.zeros(2)), sums(np.zeros(2)))
    # fewer nodes would not do
    assert np.max(np.abs(table(level * 1.0001) / sums(level) - 1)) > 1e-6


def test_equal_eigenvalues_are_counted():
    spectrum = Spectrum([2.0, 1.0, 2.0, 2.0])
    np.testing.assert_array_equal(spectrum.values, [1, 2])
    np.testing.assert_array_equal(spectrum.grouped(np.array([1.0, 10, 100, 1000])), [10, 1101])
    near(regression.degrees_of_freedom(1.0, [2.0, 1.0, 2.0, 2.0]), 2.5, 1e-15)


@pytest.mark.parametrize("many", [np.linspace(0, 4, 999), np.array([[0.0], [1.0]])])
def test_degrees_of_freedom_keep_the_shape(many):
    found = regression.degrees_of_freedom(many, power(30, 1), 3)
    assert found.shape == many.shape
    near(found.flat[0], 30, 1e-14)
    near(found.flat[-1], np.sum((1 / (1 + many.flat[-1] * np.arange(1, 31))) ** 3), 1e-12)


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: regression.effective_penalty(0, 0.1, [1.0]), "n must be at least 1"),
        (lambda: regression.effective_penalty(np.nan, 0.1, [1.0]), "n must be at least 1"),
        (lambda: regression.effective_penalty(9, -0.1, [1.0]), "penalty must be finite"),
        (lambda: regression.effective_penalty(9, np.nan, [1.0]), "penalty must be finite"),
        (lambda: regression.effective_penalty(9, 0.1, [1.0, 0.0]), "eigenvalues must be finite"),
        (lambda: regression.effective_penalty(9, 0.1, [1.0, np.inf]), "eigenvalues must be fin"),
        (lambda: regression.effective_penalty(9, 0.1, np.eye(2)), "eigenvalues must have one"),
        (lambda: regression.effective_penalty(9, 0.1, []), "eigenvalues must have one axis"),
        (lambda: regression.isotropic_effective_penalty(9, 0.1, 0), "dimension must be whole"),
        (lambda: regression.degrees_of_freedom(-1.0, [1.0]), "level must be finite"),
        (lambda: regression.degrees_of_freedom(1.0, [1.0], 0), "order must be a whole number"),
    ],
)
def test_values_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
