"""Ridge fits to real and synthetic records: published cases, tables, limits, break-even."""

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.theory import regression
from modelcollapse.theory.regression._projections import projected_level
from modelcollapse.theory.regression._spectrum import Spectrum


def close(value, expected, rtol):
    np.testing.assert_allclose(value, expected, rtol=rtol)


def isotropic(d, c2=1.0):
    flat = np.ones(d)
    return {
        "eigenvalues": flat,
        "coefficients": flat / d**0.5,
        "defect": regression.isotropic_defect(c2, flat),
    }


def power_law(d):
    j = np.arange(1, d + 1.0)
    return {"eigenvalues": j**-1.5, "coefficients": j**-0.25, "defect": 1 / j}


def mixed(law, n_real, n_synthetic, penalty, variance=0.1, other=None, width=None):
    noise = {"noise": variance**0.5}
    if other is not None:
        noise["synthetic_noise"] = other**0.5
    return regression.mixed_error(n_real, n_synthetic, penalty, width=width, **law, **noise)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_22_mixture():
    error = mixed(isotropic(100), 150, 150, 0.0, 0.25)
    close([error.total, error.defect, error.variance], [0.5, 0.375, 0.125], 1e-9)
    assert error.bias == 0


def test_row_23_mixture_of_a_power_law():
    error = mixed(power_law(120), 150, 100, 0.01)
    close([error.total, error.defect], [0.2652364773, 0.2236332869], 1e-7)


def test_row_24_random_projection():
    error = mixed(isotropic(100), 150, 50, 0.0, width=50)
    close([error.total, error.defect], [0.8041666667, 0.1041666667], 1e-8)


def test_row_25_random_projection_of_a_power_law():
    law = power_law(120)
    close(mixed(law, 100, 60, 0.01, width=60).total, 0.2956016795, 1e-7)
    n, penalty, width = np.array([[160.0], [0.01], [60.0]])
    level = projected_level(Spectrum(law["eigenvalues"]), n, penalty, width)
    kappa = level * (1 - regression.degrees_of_freedom(level, law["eigenvalues"]) / width)
    close([level[0], kappa[0]], [0.0193995347, 0.0117383712], 1e-8)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "law, n_real, n_synthetic, penalty, variances, width, expected",
    [
        (isotropic(100, 2.0), 240, 60, 0.0, (0.1, 0.5), None, 0.3300),
        (isotropic(100), 50, 50, 0.1, (0.1, 0.1), None, 0.7091),
        (isotropic(100, 4.0), 180, 20, 0.05, (0.01, 0.01), None, 0.3130),
        (power_law(120), 40, 40, 1e-3, (0.1, 0.1), None, 0.6562),
        (power_law(300), 180, 90, 1e-3, (0.1, 0.1), None, 0.2612),
        (isotropic(100), 150, 50, 0.05, (0.1, 0.1), 50, 0.7660),
        (isotropic(100, 0.5), 50, 50, 0.05, (0.1, 0.1), 200, 0.6242),
        (isotropic(100, 2.0), 120, 60, 0.01, (0.2, 0.1), 300, 0.8791),
        (power_law(300), 180, 90, 1e-3, (0.1, 0.1), 450, 0.264),
    ],
)
def test_tables(law, n_real, n_synthetic, penalty, variances, width, expected):
    error = mixed(law, n_real, n_synthetic, penalty, *variances, width=width)
    digits = 3 if expected == 0.264 else 4
    np.testing.assert_allclose(error.total, expected, rtol=0, atol=0.6 * 10.0**-digits)


@pytest.mark.parametrize(
    "share, totals, floor",
    [
        (0.1, [0.02111, 0.006465, 0.005145, 0.0050145], 0.005),
        (0.5, [0.1500, 0.12727, 0.12523, 0.12502], 0.125),
        (0.001, [0.01117, None, None, 1.055e-5], 5e-7),
    ],
)
def test_table_of_the_floor(share, totals, floor):
    law = isotropic(100, 0.5)
    n = np.array([1e3, 1e4, 1e5, 1e6])
    error = mixed(law, n * (1 - share), n * share, 0.0).total
    known = [i for i, total in enumerate(totals) if total is not None]
    close(error[known], [totals[i] for i in known], 5e-4)
    eigenvalues, defect = law["eigenvalues"], law["defect"]
    close(regression.defect_floor(share, 0.0, eigenvalues=eigenvalues, defect=defect), floor, 1e-12)


def test_larger_models_take_more_damage():
    error = mixed(isotropic(300, 0.5), 250, 250, 1e-4, 0.01, width=[50, 100, 200, 400, 800, 3200])
    expected = [0.046, 0.094, 0.194, 0.311, 0.312, 0.312]
    np.testing.assert_allclose(error.defect, expected, atol=6e-4)


# --- identities and limits ------------------------------------------------------------------


def test_isotropic_closed_forms():
    d, p, other = 100, 0.7, 0.3
    n = np.array([110.0, 150, 400, 5000])
    phi = d / n
    error = mixed(isotropic(d, 1.7), p * n, other * n, 0.0, 0.2, 0.6)
    noise = p * 0.2 + other * 0.6
    close(
        error.total, noise * phi / (1 - phi) + 1.7 * (other**2 + p * other * phi / (1 - phi)), 1e-9
    )


@pytest.mark.parametrize("m", [20, 50, 90])
def test_isotropic_closed_form_of_projections(m):
    d, n, p, c2, other = 100, 140.0, 0.6, 1.7, 0.4
    u, h = m / n, 1 - m / d
    noise = p * (0.2 + h) + other * (0.3 + h * (1 + c2))
    share = (other**2 * (1 - other * u) + p**2 * other * u) * c2 * m / d
    expected = h + noise * u / (1 - u) + share / (1 - u)
    close(mixed(isotropic(d, c2), p * n, other * n, 0.0, 0.2, 0.3, width=m).total, expected, 1e-9)


def test_the_sign_that_is_easily_slipped():
    law, u = isotropic(100), 100 / 300
    slipped = 0.25 * u / (1 - u) + 0.25 * (1 + 0.5 * u) / (1 - u)
    close(slipped, 0.4375 + 0.125, 1e-12)  # p_2 (1 - p_2 u) is right
    assert mixed(law, 150, 150, 0.0, 0.25).total != pytest.approx(slipped, rel=0.05)


@pytest.mark.parametrize("penalty", [0.0, 1e-6, 0.01, 3.0])
@pytest.mark.parametrize("n", [40, 100, 900])
def test_real_records_alone_are_a_clean_ridge_fit(n, penalty):
    law = power_law(120)
    error = mixed(law, n, 0, penalty, 0.04)
    clean = regression.ridge_error(
        n, penalty, eigenvalues=law["eigenvalues"], coefficients=law["coefficients"], noise=0.2
    )
    close(error.bias, clean.bias, 1e-9)
    close(error.variance, clean.variance, 1e-9)
    assert error.defect == 0


def test_property_ii_synthetic_records_alone_are_the_chain():
    j = np.arange(1, 61.0)
    eigenvalues, coefficients = j**-1.5, j**-0.25
    defect = 5 * 0.5**2 / (eigenvalues * (100 - 60 - 1))
    error = regression.mixed_error(
        0, 80, 0.01, eigenvalues=eigenvalues, coefficients=coefficients, defect=defect, noise=0.3
    )
    chain = regression.chain_error(
        5,
        80,
        0.01,
        eigenvalues=eigenvalues,
        coefficients=coefficients,
        noise=0.3,
        generator_records=100,
        generator_noise=0.5,
    )
    close(error.total, 0.62105236565, 1e-10)
    close(chain.total, error.total, 1e-10)
    close(chain.clean, error.bias + error.variance, 1e-10)


@pytest.mark.parametrize("penalty", [0.0, 1e-5, 0.01, 1.0])
@pytest.mark.parametrize("n_real, n_synthetic", [(30, 20), (100, 60), (400, 500)])
def test_property_vi_very_wide_projections_are_the_inputs(n_real, n_synthetic, penalty):
    law = power_law(120)
    wide = mixed(law, n_real, n_synthetic, penalty, width=1e9)
    plain = mixed(law, n_real, n_synthetic, penalty)
    for part in ("bias", "variance", "defect"):
        close(getattr(wide, part), getattr(plain, part), 1e-6)
    wider = mixed(law, n_real, n_synthetic, penalty, width=1e12)
    close(wider.total, plain.total, 1e-9)
    exactly = mixed(law, n_real, n_synthetic, penalty, width=np.inf)
    close(exactly.total, plain.total, 1e-14)


@pytest.mark.parametrize("width", [40.0, 150.0, 700.0, np.inf])
def test_levels_solve_their_equation(width):
    law = power_law(120)
    n, penalty, width = np.broadcast_arrays(
        np.array([[20.0], [90.0], [150.0], [4000.0]]), np.array([1e-6, 1e-3, 0.1, 5.0]), width
    )
    level = projected_level(Spectrum(law["eigenvalues"]), n, penalty, width)
    used = regression.degrees_of_freedom(level, law["eigenvalues"])
    close(level * (1 - used / width) * (1 - used / n), penalty, 1e-7)
    assert np.all(used < np.minimum(n, width))


def test_many_fits_agree_with_single_ones():
    law = power_law(200)
    grid = mixed(law, np.linspace(5, 900, 40)[:, None], np.linspace(0, 900, 30), 1e-3, width=77)
    single = mixed(law, np.linspace(5, 900, 40)[7], np.linspace(0, 900, 30)[11], 1e-3, width=77)
    close(grid.total[7, 11], single.total, 1e-10)
    grid = mixed(law, np.linspace(5, 900, 40)[:, None], np.linspace(0, 900, 30), 1e-3)
    single = mixed(law, np.linspace(5, 900, 40)[7], np.linspace(0, 900, 30)[11], 1e-3)
    close(grid.total[7, 11], single.total, 1e-10)


def test_no_penalty_is_the_limit_of_small_ones():
    law = power_law(60)
    for n, width in ((40, None), (90, None), (40, 25), (40, 55), (90, 25), (90, 75), (40, 100)):
        small = mixed(law, 0.6 * n, 0.4 * n, 1e-13, width=width)
        none = mixed(law, 0.6 * n, 0.4 * n, 0.0, width=width)
        close(small.total, none.total, 1e-6)


@pytest.mark.parametrize("width", [None, 60, 400])
@pytest.mark.parametrize("penalty", [0.0, 0.01])
def test_many_records_reach_the_floor_and_few_synthetic_ones_leave_none(penalty, width):
    law = power_law(120)
    late = mixed(law, 7e9, 3e9, penalty, width=width).defect
    floor = regression.defect_floor(
        0.3, penalty, eigenvalues=law["eigenvalues"], defect=law["defect"], width=width
    )
    close(late, floor, 1e-6)
    assert mixed(law, 1e10, 50, penalty, width=width).defect < 1e-6 * floor


def test_floor_of_a_narrow_model_and_of_a_penalty():
    law = power_law(120)
    eigenvalues, defect = law["eigenvalues"], law["defect"]
    c2 = np.sum(eigenvalues * defect)
    penalised = regression.defect_floor(0.2, 0.03, eigenvalues=eigenvalues, defect=defect)
    kept = eigenvalues / (eigenvalues + 0.03)
    close(penalised, 0.04 * np.sum(eigenvalues * defect * kept**2), 1e-12)
    narrow = regression.defect_floor(0.2, 0.0, eigenvalues=eigenvalues, defect=defect, width=60)
    level = regression.effective_penalty(60, 0.0, eigenvalues)
    close(narrow, 0.04 * np.sum(defect * eigenvalues**2 / (eigenvalues + level)), 1e-10)
    assert penalised < 0.04 * c2
    assert narrow < 0.04 * c2


def test_break_even_defect():
    law = isotropic(100)
    common = {"noise": 0.5, "synthetic_noise": 0.4, "width": 80}
    factor = regression.tolerated_defect([60, 200], 90, 0.1, **law, **common)
    for n, scale in zip([60, 200], factor, strict=True):
        scaled = {**law, "defect": scale * law["defect"]}
        with_them = regression.mixed_error(n, 90, 0.1, **scaled, **common)
        without = regression.mixed_error(n, 0, 0.1, **law, **common)
        close(with_them.total, without.total, 1e-10)
    assert factor[0] > factor[1] > 0


def test_perfect_labels_that_harm_have_no_break_even():
    # with 60 records interpolation is stable; 40 more bring it to its peak
    law = isotropic(100)
    factor = regression.tolerated_defect(60, [35, 400], 0.0, noise=1.0, **law)
    np.testing.assert_array_equal(np.isnan(factor), [True, False])


def test_isotropic_defect():
    eigenvalues = 1 / np.arange(1, 30.0)
    defect = regression.isotropic_defect(0.7, eigenvalues)
    assert np.ptp(defect) == 0
    close(np.sum(eigenvalues * defect), 0.7, 1e-14)


# --- wrong input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"n_real": -1}, "n_real must be finite and at least 0"),
        ({"n_real": 0, "n_synthetic": 0}, "n_real \\+ n_synthetic must be at least 1"),
        ({"n_real": np.inf}, "n_real must be finite"),
        ({"penalty": -0.1}, "penalty must be finite and at least 0"),
        ({"penalty": np.nan}, "penalty must be finite"),
        ({"defect": [-1.0, 1.0]}, "defect must be finite and at least 0"),
        ({"defect": [1.0]}, "defect must have shape"),
        ({"coefficients": [1.0, 2.0, 3.0]}, "coefficients must have shape"),
        ({"eigenvalues": [1.0, 0.0]}, "eigenvalues must be finite and larger than 0"),
        ({"noise": -1.0}, "noise must be finite and at least 0"),
        ({"synthetic_noise": -1.0}, "synthetic_noise must be finite and at least 0"),
        ({"width": 0.5}, "width must be at least 1"),
    ],
)
def test_wrong_input(arguments, words):
    given = {
        "n_real": 5,
        "n_synthetic": 5,
        "penalty": 0.1,
        "eigenvalues": [1.0, 2.0],
        "coefficients": [1.0, 1.0],
        "defect": [0.1, 0.1],
        "noise": 0.1,
        **arguments,
    }
    with pytest.raises(InputError, match=words):
        regression.mixed_error(**given)


def test_interpolation_at_its_peak_is_refused():
    law = power_law(60)
    for n, width in ((60, None), (40, 40), (60, 90)):
        with pytest.raises(InputError, match="penalty 0 has an infinite expected error"):
            mixed(law, n / 2, n / 2, 0.0, width=width)
        assert np.isfinite(mixed(law, n / 2, n / 2, 1e-3, width=width).total)
    assert np.isfinite(mixed(law, 90, 10, 0.0, width=60).total)


def test_wrong_shares_and_defects():
    two = {"eigenvalues": [1.0, 2.0], "defect": [0.1, 0.1]}
    with pytest.raises(InputError, match="share must lie between 0 and 1"):
        regression.defect_floor(1.2, 0.0, **two)
    with pytest.raises(InputError, match="c2 must be finite and at least 0"):
        regression.isotropic_defect(-1.0, [1.0])
    rest = {"coefficients": [1.0, 1.0], "noise": 0.1}
    with pytest.raises(InputError, match="n_synthetic must be at least 1"):
        regression.tolerated_defect(5, 0, 0.1, **two, **rest)
    with pytest.raises(InputError, match="defect must be above 0"):
        regression.tolerated_defect(5, 5, 0.1, **{**two, "defect": [0.0, 0.0]}, **rest)
