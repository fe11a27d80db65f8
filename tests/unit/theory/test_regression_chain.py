"""Ridge at the end of a chain of generators: published cases by row number, tables, properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.theory import regression


def near(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=0)


def power(d, exponent):
    """Truth with eigenvalues like ``j ** -exponent``; equal ones and a norm of 1 for 0."""
    j = np.arange(1, d + 1.0)
    coefficients = np.full(d, d**-0.5) if exponent == 0 else j**-0.25
    return {"eigenvalues": j**-exponent, "coefficients": coefficients}


ISOTROPIC = {**power(300, 0), "noise": 0.1, "generator_records": 600, "generator_noise": 0.2}
POWER_LAW = {**power(300, 2), "noise": 1.0, "generator_records": 600, "generator_noise": 1.0}
FEW = {**power(300, 0), "noise": 0.1, "generator_records": 150, "generator_noise": 0.0}
HARMONIC = {**power(300, 1), "noise": 0.1, "generator_records": 100, "generator_noise": 0.3}

# --- acceptance rows ------------------------------------------------------------------------


def test_row_07_clean_ridge():
    error = regression.ridge_error(80, 1e-3, **power(100, 2), noise=0.3)
    near([error.bias, error.variance], [0.005157575245, 0.027282005021], 1e-8)
    u = error.variance / (error.variance + 0.3**2)
    near(u, 0.232618849037, 1e-8)


@pytest.mark.parametrize(
    "prefactor, expected", [("asymptotic", 0.9971515726793738), ("exact", 1.000486527771947)]
)
def test_row_08_error_per_generation(prefactor, expected):
    of = {"eigenvalues": np.ones(300), "generator_records": 600}
    near(regression.error_per_generation(1000, 1e-3, **of, prefactor=prefactor), expected, 1e-8)


@pytest.mark.parametrize(
    "setting, generations, n, penalty, same, expected, tolerance",
    [
        pytest.param(ISOTROPIC, 5, 1000, 1e-3, False, 0.20436849650817, 1e-8, id="row 8"),
        pytest.param(ISOTROPIC, 10, 1000, 0.1, False, 0.33447295890465, 1e-8, id="row 9"),
        pytest.param(POWER_LAW, 5, 1e4, 1e-3, False, 0.4207273930609, 1e-7, id="row 10"),
        pytest.param(POWER_LAW, 5, 1e5, 1e5**-0.8, False, 1.2889941587, 1e-7, id="row 11"),
        pytest.param(HARMONIC, 4, 500, 0.01, False, 0.5914051793619, 1e-7, id="row 13, new"),
        pytest.param(HARMONIC, 4, 500, 0.01, True, 0.3942752806556, 1e-7, id="row 13, same"),
    ],
)
def test_rows_08_to_13_chains(setting, generations, n, penalty, same, expected, tolerance):
    error = regression.chain_error(generations, n, penalty, **setting, same_inputs=same)
    near(error.total, expected, tolerance)
    near(error.clean + error.added_bias + error.added_variance, expected, tolerance)


def test_row_12_error_per_generation_with_few_records():
    of = {"eigenvalues": 1 / np.arange(1, 61.0), "generator_records": 20}
    near(regression.error_per_generation(100, 1e-2, **of), 0.5680901639586934, 1e-8)


def test_row_17_best_penalty():
    best = regression.optimal_penalty(10, 1000, **ISOTROPIC)
    near(best.penalty, 0.271772, 1e-3)
    near(best.error, 0.307958, 1e-5)


# --- tables ---------------------------------------------------------------------------------

GENERATIONS = [0, 1, 5, 10, 20]


@pytest.mark.parametrize(
    "setting, n, penalty, expected, digits",
    [
        (ISOTROPIC, 1000, 1e-3, [0.004271, 0.044291, 0.204368, 0.404466, 0.804660], 6),
        (ISOTROPIC, 400, 1e-3, [0.02914, 0.06896, 0.22824, 0.42734, 0.82554], 5),
        (ISOTROPIC, 1e6, 1e-3, [4.0e-6, 0.04006, 0.20027, 0.40054, 0.80108], 5),
        (POWER_LAW, 1e4, 1e4**-0.8, [0.005175, 0.109914, 0.528870, 1.052564, 2.099954], 6),
    ],
)
def test_table_of_the_figures(setting, n, penalty, expected, digits):
    found = regression.chain_error(GENERATIONS, n, penalty, **setting).total
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.51 * 10.0**-digits)


@pytest.mark.parametrize(
    "setting, n, errors, penalties",
    [
        (
            ISOTROPIC,
            1000,
            [0.004260, 0.042957, 0.177576, 0.307958, 0.482601],
            [0.003000, 0.023487, 0.119923, 0.271772, 0.654880],
        ),
        (
            POWER_LAW,
            1e4,
            [0.005172, 0.043444, 0.108710, 0.160353, 0.234418],
            [0.000600, 0.010406, 0.037160, 0.064702, 0.112982],
        ),
    ],
)
def test_table_of_best_penalties(setting, n, errors, penalties):
    best = regression.optimal_penalty(GENERATIONS, n, **setting)
    np.testing.assert_allclose(best.error, errors, rtol=0, atol=1.1e-6)
    np.testing.assert_allclose(best.penalty, penalties, rtol=1e-3)


def test_table_of_a_falling_penalty():
    n = np.array([1e2, 1e3, 1e5, 1e6])
    found = regression.chain_error(5, n, n**-0.8, **POWER_LAW).total
    np.testing.assert_allclose(found, [0.36572, 0.27119, 1.28899, 2.86197], atol=6e-6)


@pytest.mark.parametrize(
    "same, n, expected",
    [
        (True, 1000, [0.00427, 0.50427, 0.50427, 0.50427]),
        (True, 10_000, [0.00031, 0.50031, 0.50031, 0.50031]),
        (False, 1000, [0.00427, 0.50427, 0.97302, 1.00329]),
        (False, 10_000, [0.00031, 0.50031, 0.96906, 0.99933]),
    ],
)
def test_table_of_generators_with_few_records(same, n, expected):
    found = regression.chain_error(GENERATIONS[:4], n, 1e-3, **FEW, same_inputs=same).total
    np.testing.assert_allclose(found, expected, rtol=0, atol=5.1e-6)


@pytest.mark.parametrize(
    "exponent, d, n, penalty, noise, expected",
    [
        (0, 100, 150, 0.1, 0.5, 0.26163),
        (0, 100, 60, 0.01, 0.5, 0.7495),
        (2, 100, 80, 1e-3, 0.3, 0.03244),
        (2, 150, 300, 1e-2, 0.5, 0.02440),
        (1.5, 150, 100, 1e-4, 0.2, 0.07628),
    ],
)
def test_table_of_clean_ridge(exponent, d, n, penalty, noise, expected):
    error = regression.ridge_error(n, penalty, **power(d, exponent), noise=noise)
    assert error.total == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize(
    "exponent, d, records, n, penalty, written, noise, generations, same, expected",
    [
        (0, 60, 120, 200, 1e-3, 0.2, 0.1, 5, False, 0.2071),
        (0, 60, 120, 90, 0.1, 0.5, 0.1, 10, False, 1.841),
        (0, 60, 80, 60, 0.5, 0.5, 0.5, 5, False, 1.732),
        (2, 60, 120, 200, 1e-2, 1, 1, 5, False, 0.781),
        (2, 60, 90, 50, 1e-3, 0.5, 0.3, 3, False, 0.772),
        (2, 60, 120, 600, 0.1, 1, 1, 10, False, 0.466),
        (0, 60, 30, 120, 1e-6, 0, 0.1, 3, False, 0.8850),
        (0, 60, 30, 120, 1e-6, 0, 0.1, 3, True, 0.5100),
        (0, 60, 30, 120, 0.1, 0.5, 0.1, 4, False, 1.2912),
        (0, 60, 30, 120, 0.1, 0.5, 0.1, 4, True, 1.2608),
        (2, 300, 100, 500, 1e-3, 0.3, 0.1, 4, False, 0.1910),
        (2, 300, 150, 200, 1e-2, 0, 0.1, 8, False, 0.02082),
        (0, 300, 225, 200, 0.2, 0.3, 0.2, 6, False, 1.2998),
        (0, 300, 150, 450, 1e-3, 0, 0.1, 5, False, 0.9884),
    ],
)
def test_table_of_chains(
    exponent, d, records, n, penalty, written, noise, generations, same, expected
):
    error = regression.chain_error(
        generations,
        n,
        penalty,
        **power(d, exponent),
        noise=noise,
        generator_records=records,
        generator_noise=written,
        same_inputs=same,
    )
    assert error.total == pytest.approx(expected, rel=7e-4)


# --- properties -----------------------------------------------------------------------------


def rho(n, penalty, lam, records):
    """As printed, sum by sum, with the divisor ``T0 - d - 1``."""
    k = float(regression.effective_penalty(n, penalty, lam))
    df = regression.degrees_of_freedom(k, lam, 2)
    return (df + k**2 * np.sum((lam + k) ** -2.0) * df / (n - df)) / (records - lam.size - 1)


@given(
    d=st.integers(2, 60),
    exponent=st.floats(0, 3),
    n=st.integers(1, 300),
    more=st.integers(2, 200),
    penalty=st.floats(-4, 1).map(lambda x: 10**x),
    same=st.booleans(),
)
def test_property_03_with_enough_records_the_recursion_is_the_published_sum(
    d, exponent, n, more, penalty, same
):
    truth = power(d, exponent)
    of = {"generator_records": d + more}
    error = regression.chain_error(
        [0, 1, 7], n, penalty, **truth, **of, noise=0.4, generator_noise=0.6, same_inputs=same
    )
    each = rho(n, penalty, truth["eigenvalues"], d + more)
    near(error.added_variance, 0.36 * each * np.array([0, 1, 7]), 1e-11)
    np.testing.assert_array_equal(error.added_bias, 0)
    near(
        regression.error_per_generation(n, penalty, eigenvalues=truth["eigenvalues"], **of),
        each,
        1e-11,
    )
    near(error.clean[1], regression.ridge_error(n, penalty, **truth, noise=0.4).total, 1e-13)


@given(
    d=st.integers(4, 60),
    exponent=st.floats(0, 2),
    n=st.integers(2, 200),
    records=st.integers(2, 120),
    penalty=st.floats(-3, 0).map(lambda x: 10**x),
    ridge=st.sampled_from([0.0, 0.05]),
)
def test_property_07_linear_with_enough_records_and_noise_never_helps(
    d, exponent, n, records, penalty, ridge
):
    if ridge == 0 and abs(records - d) < 2:
        records = d + 2
    error = regression.chain_error(
        np.arange(6),
        n,
        penalty,
        **power(d, exponent),
        noise=0.1,
        generator_records=records,
        generator_noise=0.5,
        generator_penalty=ridge,
    )
    assert np.all(np.diff(error.added_variance) >= -1e-12)
    if ridge == 0 and records > d:
        np.testing.assert_allclose(np.diff(error.total, 2), 0, atol=1e-11 * error.total.max())
        assert np.all(np.diff(error.total) > 0)


def test_the_error_of_the_figures_grows_with_the_generations():
    for setting in (ISOTROPIC, POWER_LAW, FEW, HARMONIC):
        for same in (False, True):
            error = regression.chain_error(np.arange(40), 500, 1e-3, **setting, same_inputs=same)
            assert np.all(np.diff(error.total) >= -1e-14)


def test_isotropic_closed_form():
    n, penalty, d, records = 1000, 0.1, 300, 600
    k = regression.isotropic_effective_penalty(n, penalty, d)
    gap = (1 + k) ** 2 - d / n
    error = regression.chain_error(7, n, penalty, **ISOTROPIC)
    near(error.clean, (k**2 + 0.01 * d / n) / gap, 1e-12)
    each = d / (records - d - 1) / (1 + k) ** 2 * (1 + d / n * k**2 / gap)
    near(error.added_variance, 7 * 0.04 * each, 1e-12)


def test_infinitely_many_records_leave_a_floor():
    lam = POWER_LAW["eigenvalues"]
    error = regression.chain_error(3, [1e9, np.inf], 0.02, **POWER_LAW)
    floor = 3 * regression.degrees_of_freedom(0.02, lam, 2) / (600 - 300 - 1)
    near(error.added_variance, floor, 1e-6)
    assert error.variance[1] == 0
    near(error.bias[1], np.sum(lam * (POWER_LAW["coefficients"] * 0.02 / (lam + 0.02)) ** 2), 1e-12)


def test_same_inputs_have_the_published_noise_term():
    error = regression.chain_error(5, 500, 0.01, **HARMONIC, same_inputs=True)
    of = {"eigenvalues": HARMONIC["eigenvalues"], "generator_records": 100}
    near(error.added_variance, 5 * 0.09 * regression.error_per_generation(500, 0.01, **of), 1e-12)
    new = regression.chain_error([1, 5], 500, 0.01, **HARMONIC)
    assert new.added_variance[1] < 0.9 * error.added_variance


def test_generators_that_forget_also_forget_noise():
    d, records = 60, 30
    error = regression.chain_error(
        [1, 10, 100, 1000],
        np.inf,
        0.0,
        **power(d, 0),
        noise=0.0,
        generator_records=records,
        generator_noise=1.0,
    )
    near(error.total[-1] - 1, records / (d - records) / (1 - records / d), 1e-9)
    # along a direction of large variance growth goes on for long
    of = {**power(200, 2), "noise": 0.0, "generator_records": 60, "generator_noise": 1.0}
    late = regression.chain_error([500, 1000, 2000], np.inf, 0.0, **of)
    assert late.added_variance[1] > 1.2 * late.added_variance[0]


def test_ridge_generators_tend_to_least_squares_ones():
    of = {**power(50, 1), "noise": 0.2, "generator_noise": 0.5}
    for records in (20, 400):
        without = regression.chain_error(3, 90, 0.01, **of, generator_records=records)
        with_one = regression.chain_error(
            3, 90, 0.01, **of, generator_records=records, generator_penalty=1e-9
        )
        np.testing.assert_allclose(with_one.added_bias, without.added_bias, atol=1e-6)
        # the divisor of least squares is exact in finite dimension
        ratio = 1.0 if records < 50 else (records - 51) / (records - 50)
        near(with_one.added_variance / without.added_variance, ratio, 1e-5)
    heavy = regression.chain_error(3, 90, 0.01, **of, generator_records=400, generator_penalty=1e6)
    near(heavy.total - heavy.variance, of["eigenvalues"] @ of["coefficients"] ** 2, 1e-3)


@pytest.mark.parametrize("records, ridge", [(80, 0.0), (300, 0.01), (150, 0.1), (20, 1.0)])
def test_the_error_of_generators_is_that_of_a_fit_like_theirs(records, ridge):
    of = {"generator_records": records, "generator_noise": 0.5, "generator_penalty": ridge}
    truth, t = power(120, 1), [0, 3, 9]
    own = regression.generator_error(t, **truth, **of)
    last = regression.chain_error(t, records, ridge, **truth, **of, noise=0.5)
    near(own.total, last.total, 1e-11)
    clean = regression.ridge_error(records, ridge, **truth, noise=0.5)
    near([own.bias[0], own.variance[0]], [clean.bias, clean.variance], 1e-11)


@pytest.mark.parametrize("same", [False, True])
def test_the_error_of_least_squares_generators_is_exact(same):
    error = regression.generator_error(
        np.arange(5),
        **power(20, 2),
        generator_records=40,
        generator_noise=0.5,
        same_inputs=same,
    )
    near(error.variance, np.arange(1, 6) * 0.25 * 20 / 19, 1e-13)
    np.testing.assert_array_equal(error.bias, 0)
    # with the same few inputs the first fit forgets, and each one adds its noise
    few = regression.generator_error(
        np.arange(5), **power(20, 0), generator_records=10, generator_noise=0.5, same_inputs=True
    )
    near(few.bias, 0.5, 1e-12)
    near(few.variance, np.arange(1, 6) * 0.25, 1e-12)


# --- misprints ------------------------------------------------------------------------------


def test_bias_needs_the_squared_level():
    lam, w = power(100, 2).values()
    at = regression.effective_penalty(80, 1e-3 + 1e-8 * np.array([-1, 0, 1]), lam)
    slope = (at[2] - at[0]) / 2e-8
    printed = np.sum(lam * w**2 / (lam + at[1]) ** 2) * slope
    bias = regression.ridge_error(80, 1e-3, eigenvalues=lam, coefficients=w, noise=0).bias
    near(at[1] ** 2 * printed, bias, 1e-6)
    assert printed > 1e5 * bias


@pytest.mark.parametrize("direction, expected", [(0, 0.00156), (30, -0.00177), (59, -0.00774)])
def test_the_printed_lower_bound_on_the_bias(direction, expected):
    """Bias minus that of clean data and that of the fit to the error of the generators alone."""
    lam, w = 1 / np.arange(1, 61.0), np.eye(60)[direction]
    error = regression.chain_error(
        1,
        40,
        1e-3,
        eigenvalues=lam,
        coefficients=w,
        noise=0.1,
        generator_records=30,
        generator_noise=0.0,
    )
    k0 = regression.effective_penalty(30, 0.0, lam)
    lost = k0 / (lam + k0)
    through = lam / (lam + k0) ** 2 / (30 - regression.degrees_of_freedom(k0, lam, 2))
    apart = (lost * w) ** 2 + through * np.sum(lam * (lost * w) ** 2)
    k = regression.effective_penalty(40, 1e-3, lam)
    u = regression.degrees_of_freedom(k, lam, 2) / 40
    seen = lam * (lam**2 + k**2 * u / (1 - u)) / (lam + k) ** 2
    assert error.added_bias - seen @ apart == pytest.approx(expected, abs=6e-6)


def test_generators_that_forget_may_lower_the_error():
    """What a fit near its interpolation threshold cannot learn inflates its error like noise."""
    tail = np.arange(220) >= 20
    of = {"eigenvalues": np.where(tail, 0.01, 1.0), "coefficients": tail.astype(float)}
    of |= {"noise": 0.1, "generator_records": 40, "generator_noise": 0.1}
    error = regression.chain_error(np.arange(6), 25, 1e-3, **of)
    assert np.all(np.diff(error.total) < 0)
    assert np.all(error.added_bias[1:] < 0)
    best = regression.optimal_penalty(np.arange(6), 25, **of)  # and well regularised it does not
    assert np.all(np.diff(best.error) > 0)


# --- best penalties -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [{}, {"generator_records": 120}, {"generator_records": 400, "generator_penalty": 0.01}],
)
def test_best_penalties_are_least(changed):
    of = {**POWER_LAW, **changed}
    t, n = np.array([[0], [3]]), np.array([50, 299, 1000, np.inf])
    best = regression.optimal_penalty(t, n, **of)
    assert best.penalty.shape == (2, 4)
    near(best.error, regression.chain_error(t, n, best.penalty, **of).total, 1e-12)
    factors = np.logspace(-3, 3, 121).reshape(-1, 1, 1)
    others = regression.chain_error(t, n, best.penalty * factors, **of).total
    assert np.all(others > best.error - 1e-13)
    inner = best.penalty > 0
    assert np.all(others[:59, inner] > best.error[inner])
    assert inner.sum() == 7  # infinitely many clean records want none


def test_without_noise_no_penalty_is_best():
    of = {**POWER_LAW, "noise": 0.0}
    best = regression.optimal_penalty(0, [50, 1000], **of)
    np.testing.assert_array_equal(best.penalty, 0)
    near(best.error[0], regression.chain_error(0, 50, 0.0, **of).total, 1e-12)
    assert best.error[1] == 0
    # where least squares has no finite error, hardly any
    best = regression.optimal_penalty(0, 300, **of)
    assert 0 < best.penalty < 1e-13
    assert regression.chain_error(0, 300, best.penalty, **of).total < 1e-9


def test_nothing_to_learn_wants_an_infinite_penalty():
    best = regression.optimal_penalty([0, 3], 200, **{**POWER_LAW, "coefficients": np.zeros(300)})
    np.testing.assert_array_equal(best.penalty, np.inf)
    np.testing.assert_array_equal(best.error, 0)


# --- shapes and refusals --------------------------------------------------------------------


@pytest.mark.parametrize("same", [False, True])
def test_many_queries_have_the_values_of_single_ones(same):
    t, n = np.array([0, 1, 4])[:, None, None], np.array([10, 60, 99, 500, 1e5])[:, None]
    penalty = np.logspace(-7, 1, 200)
    many = regression.chain_error(t, n, penalty, **HARMONIC, same_inputs=same)
    assert many.total.shape == (3, 5, 200)
    for i, j, k in [(0, 0, 0), (1, 2, 50), (2, 1, 199), (2, 4, 100), (2, 3, 7)]:
        one = regression.chain_error(t[i, 0, 0], n[j, 0], penalty[k], **HARMONIC, same_inputs=same)
        assert np.ndim(one.total) == 0
        for part in ("bias", "variance", "added_bias", "added_variance"):
            near(getattr(many, part)[i, j, k], getattr(one, part), 1e-11)


def test_every_number_broadcasts():
    records, ridge = np.array([[20], [90], [400]]), np.array([0.0, 0.1])
    of = {**power(60, 1), "generator_records": records, "generator_penalty": ridge}
    noise = np.array([0.1, 0.7])
    many = regression.chain_error(
        np.array([1, 6]), 80, 0.02, **of, noise=noise, generator_noise=noise
    )
    best = regression.optimal_penalty(
        np.array([1, 6]), 80, **of, noise=noise, generator_noise=noise
    )
    own = regression.generator_error(np.array([1, 6]), **of, generator_noise=noise)
    each = regression.error_per_generation(
        [80, 90], 0.02, eigenvalues=of["eigenvalues"], generator_records=records
    )
    assert many.total.shape == best.error.shape == own.total.shape == each.shape == (3, 2)
    for i in range(3):
        for j, t in enumerate((1, 6)):
            one = {**of, "generator_records": records[i, 0], "generator_penalty": ridge[j]}
            one["generator_noise"] = noise[j]
            near(own.total[i, j], regression.generator_error(t, **one).total, 1e-13)
            one["noise"] = noise[j]
            near(many.total[i, j], regression.chain_error(t, 80, 0.02, **one).total, 1e-12)
            near(best.error[i, j], regression.optimal_penalty(t, 80, **one).error, 1e-12)


ANY = {
    "eigenvalues": [1.0, 0.5, 0.2, 0.1],
    "coefficients": [1.0] * 4,
    "noise": 0.1,
    "generator_records": 9,
    "generator_noise": 0.1,
}


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"eigenvalues": [1.0, 0.5, -0.2, 0.1]}, "eigenvalues must be finite"),
        ({"coefficients": [1.0] * 3}, "coefficients must have shape"),
        ({"coefficients": [1.0, np.nan, 1.0, 1.0]}, "coefficients must be finite"),
        ({"noise": -0.1}, "noise must be finite and at least 0"),
        ({"generator_noise": np.inf}, "generator_noise must be finite"),
        ({"generator_records": 3}, "generator_records must differ by at least 2"),
        ({"generator_records": 4}, "generator_records must differ by at least 2"),
        ({"generator_records": [9, 5]}, "generator_records must differ by at least 2"),
        ({"generator_records": 0}, "generator_records must be at least 1"),
        ({"generator_penalty": -1.0}, "generator_penalty must be finite"),
        ({"generator_penalty": 0.1, "same_inputs": True}, "no formula is known"),
    ],
)
def test_values_out_of_range_are_refused(changed, message):
    of = {**ANY, **changed}
    with pytest.raises(InputError, match=message):
        regression.chain_error(1, 9, 0.1, **of)
    with pytest.raises(InputError, match=message):
        regression.optimal_penalty(1, 9, **of)
    if "noise" not in changed:
        del of["noise"]
        with pytest.raises(InputError, match=message):
            regression.generator_error(1, **of)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((-1, 9, 0.1), "generations must be whole numbers"),
        ((1.5, 9, 0.1), "generations must be whole numbers"),
        ((1, 0, 0.1), "n must be at least 1"),
        ((1, 9, -0.1), "penalty must be finite and at least 0"),
        ((1, [9, 4], 0.0), "penalty must be above 0"),
        ((1, 4, 1e-16), "penalty must be above 0"),
    ],
)
def test_fits_out_of_range_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        regression.chain_error(*arguments, **ANY)


def test_next_to_the_dimension_a_penalty_makes_generators_finite():
    error = regression.chain_error(
        2, 9, 0.1, **{**ANY, "generator_records": 4}, generator_penalty=0.1
    )
    assert np.isfinite(error.total)
    with pytest.raises(InputError, match="prefactor must be"):
        regression.error_per_generation(
            9, 0.1, eigenvalues=[1.0], generator_records=9, prefactor="printed"
        )
