"""Scaling laws: published cases by row number, table values, limits, identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import comb, zeta
from scipy.stats import binom

from modelcollapse.errors import InputError
from modelcollapse.theory import discrete, scaling


def zipf(states, exponent):
    weights = np.arange(1, states + 1.0) ** -exponent
    return weights / weights.sum()


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


LAW = zipf(1000, 1.5)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_24_clean_data():
    close(scaling.expected_error(200, LAW), 0.1386855097, 1e-9)
    close(scaling.error_constant([1.5, 2.0]), [0.9415595058, 0.6909882989], 1e-9)


def test_row_25_a_cut_law():
    close(scaling.expected_error(1000, LAW, rank=30), 0.1183173491, 1e-9)
    close(scaling.truncation_floor(LAW, 30), 0.1172553956, 1e-9)


def test_row_26_a_tempered_law():
    close(scaling.expected_error(500, LAW, temperature=0.7), 0.1600298608, 1e-8)


def test_row_27_contexts_redrawn():
    close(scaling.relabelled_error(4, 200, LAW), 0.2090022647, 1e-9)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n, error", [(50, 0.23998), (500, 0.10254), (5000, 0.038377)])
def test_table_of_clean_data(n, error):
    np.testing.assert_allclose(scaling.expected_error(n, zipf(2000, 1.5)), error, rtol=5e-5)


@pytest.mark.parametrize(
    "exponent, rank, n, error",
    [(1.5, 50, 100, 0.184), (1.5, 50, 100_000, 0.092193), (2.0, 20, 50, 0.095999)],
)
def test_table_of_cut_laws(exponent, rank, n, error):
    law = zipf(2000, exponent)
    close(scaling.expected_error(n, law, rank=rank), error, 6e-6)
    if n == 100_000:
        close(scaling.truncation_floor(law, rank), error, 6e-7)


@pytest.mark.parametrize(
    "exponent, temperature, error",
    [(1.5, 0.7, 0.14885), (2.0, 0.5, 0.099897), (1.5, 1.3, 0.067044)],
)
def test_table_of_tempered_laws(exponent, temperature, error):
    law = zipf(20_000, exponent)
    close(scaling.expected_error(1000, law, temperature=temperature), error, 6e-6)


@pytest.mark.parametrize("fits, error", [(1, 0.18733), (5, 0.27514), (20, 0.32809)])
def test_table_of_contexts_redrawn(fits, error):
    close(scaling.relabelled_error(fits - 1, 100, zipf(2000, 1.5)), error, 6e-6)


@pytest.mark.parametrize("n, error", [(100, 0.19381), (3000, 0.11538), (100_000, 0.026981)])
def test_table_of_mixing(n, error):
    close(scaling.expected_error(n, zipf(2000, 1.5), rank=20, real=0.1), error, 6e-6)
    late = {100: 0.4370, 3000: 0.1407, 100_000: 0.0437}
    close(scaling.power_law_error_asymptotic(n * 0.1, 1.5), late[n], 6e-5)
    close(scaling.plateau(1.5, 20, 0.1).height, 0.171, 2e-3)


@pytest.mark.parametrize(
    "exponent, n, error", [(1.5, 200, 0.20933), (3.0, 200, 0.039239), (2.0, 1000, 0.051008)]
)
def test_table_of_total_variation(exponent, n, error):
    close(scaling.expected_total_variation(n, zipf(2000, exponent)), error, 6e-6)


@pytest.mark.parametrize(
    "exponent, slope", [(1.3, 0.268), (1.5, 0.329), (2.0, 0.438), (3.0, 0.487), (4.0, 0.495)]
)
def test_table_of_slopes_of_total_variation(exponent, slope):
    early, late = scaling.expected_total_variation([10**5, 10**6], zipf(2_000_000, exponent))
    close(np.log10(early / late), slope, 6e-4)
    assert scaling.total_variation_exponent(exponent) == pytest.approx(slope, abs=0.07)


@pytest.mark.parametrize(
    "exponent, ratios", [(1.5, [0.9978, 1.0]), (2.0, [0.9963, 1.0]), (3.0, [0.9957, 0.9999])]
)
def test_table_of_ratios_to_the_scaling_law(exponent, ratios):
    n = [100, 10_000]
    ratio = scaling.power_law_error(n, exponent) / scaling.power_law_error_asymptotic(n, exponent)
    close(ratio, ratios, 6e-5)


def test_table_of_growth_at_exponent_1_5():
    t = np.array([2, 5, 10, 50, 100]) - 1
    close(scaling.relabelled_growth(t, 1.5), [1.206, 1.432, 1.572, 1.833, 1.926], 6e-4)
    close(scaling.resampled_growth(t, 1.5), [1.165, 1.474, 1.797, 2.965, 3.713], 6e-4)


def test_table_of_resampling():
    bound = scaling.resampled_error_upper_bound([4, 19], 200, zipf(2000, 1.5))
    close(bound, [0.2227, 0.3438], 6e-5)


def test_table_of_the_sum_of_two_powers():
    powers = scaling.power_law_error_asymptotic(100, 1.5) + 2 * 50**-0.5 / zeta(1.5, 1)
    close(powers, 0.311, 6e-4)
    bound = scaling.truncated_error_upper_bound(100, 1.5, 50)
    assert 0.184 < bound < powers


# --- a learner on a finite law --------------------------------------------------------------


@pytest.mark.parametrize("real", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("rank", [1, 4, 30])
@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.0])
def test_the_error_is_the_sum_over_states(rank, temperature, real):
    law = np.random.default_rng(3).permutation(zipf(30, 1.2))
    written = law ** (1 / temperature)
    written[np.argsort(-law)[rank:]] = 0
    seen = real * law + (1 - real) * written / written.sum()
    for n in (1, 7, 100):
        expected = sum(p * (1 - s) ** n for p, s in zip(law, seen, strict=True))
        value = scaling.expected_error(n, law, rank=rank, temperature=temperature, real=real)
        assert value == pytest.approx(expected, rel=1e-12)


def test_distortions_that_change_nothing():
    clean = scaling.expected_error([1, 50, 5000], LAW)
    close(scaling.expected_error([1, 50, 5000], LAW, rank=1000), clean, 1e-15)
    close(scaling.expected_error([1, 50, 5000], LAW, rank=10**9), clean, 1e-15)
    close(scaling.expected_error([1, 50, 5000], LAW, rank=3, temperature=0.2, real=1), clean, 1e-15)


def test_a_cut_law_ends_at_its_floor_and_real_records_lower_it():
    n = 10.0 ** np.arange(1, 9)
    error = scaling.expected_error(n, LAW, rank=30)
    assert np.all(np.diff(error) <= 0)
    assert error[-1] == pytest.approx(float(scaling.truncation_floor(LAW, 30)), rel=1e-12)
    assert scaling.expected_error(1e10, LAW, rank=30, real=0.01) < 1e-9


def test_floors_of_every_rank():
    ranks = np.arange(1, 1200)
    floor = scaling.truncation_floor(LAW[::-1], ranks)
    close(floor[:1000], 1 - np.cumsum(LAW), 1e-12)
    assert np.all(floor[999:] == 0)
    tiny = np.array([1 - 1e-30, 1e-30])
    assert scaling.truncation_floor(tiny, 1) == pytest.approx(1e-30)
    assert scaling.truncation_floor(np.tile(LAW, (2, 1)), ranks[:, None]).shape == (1199, 2)


def test_certain_and_impossible_items():
    assert scaling.expected_error(5, [1.0, 0.0]) == 0
    assert scaling.expected_error(5, [0.5, 0.5], rank=1) == 0.5
    close(scaling.relabelled_error([0, 9], 5, [1.0, 0.0]), 0.0, 0)
    assert scaling.expected_total_variation(5, [1.0, 0.0]) == 0


@settings(max_examples=50, deadline=None)
@given(
    n=st.integers(1, 500),
    weights=st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=12),
    temperature=st.floats(0.2, 3.0),
    rank=st.integers(1, 12),
)
def test_errors_stay_between_the_floor_and_one(n, weights, temperature, rank):
    law = np.array(weights) / np.sum(weights)
    error = scaling.expected_error(n, law, temperature=temperature, rank=rank)
    assert scaling.truncation_floor(law, rank) - 1e-12 <= error <= 1
    assert scaling.expected_error(n + 1, law, temperature=temperature, rank=rank) <= error


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_total_variation_is_the_mean_deviation_of_binomial_counts(n):
    law = np.array([0.5, 0.25, 1 / 7, 1 - 0.75 - 1 / 7])
    counts = np.arange(n + 1)[:, None]
    mean = np.sum(np.abs(counts / n - law) * binom.pmf(counts, n, law), axis=0)
    close(scaling.expected_total_variation(n, law), mean.sum() / 2, 1e-13)


def test_total_variation_of_many_records_is_that_of_normal_variables():
    law = zipf(5, 0.5)
    normal = np.sum(np.sqrt(law * (1 - law) / (2 * np.pi * 1e8)))
    assert scaling.expected_total_variation(10**8, law) == pytest.approx(normal, rel=1e-6)


# --- power laws -----------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [1.1, 1.5, 2.0, 3.0, 8.0])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.05])
@pytest.mark.parametrize("n", [1, 40, 10_000, 10**7])
def test_the_infinite_sum_by_brute_force(exponent, temperature, n):
    written = exponent / temperature
    ranks = np.arange(1, 400_001.0)
    p, q = ranks**-exponent / zeta(exponent, 1), ranks**-written / zeta(written, 1)
    head = np.sum(p * np.exp(n * np.log1p(-q)))

    def rest(log_rank):  # the midpoint rule, which is accurate for so many terms
        rank = np.exp(log_rank)
        unseen = np.exp(n * np.log1p(-(rank**-written) / zeta(written, 1)))
        return rank ** (1 - exponent) / zeta(exponent, 1) * unseen

    start = np.log(400_000.5)
    tail = sum(quad(rest, start + i, start + i + 5)[0] for i in range(0, 400, 5))
    value = scaling.power_law_error(n, exponent, temperature=temperature)
    assert value == pytest.approx(head + tail, rel=1e-8)


def test_a_large_alphabet_approaches_an_infinite_one():
    sizes = np.array([10**4, 10**5, 10**6])
    gaps = [
        float(scaling.power_law_error(500, 2.0) - scaling.expected_error(500, zipf(size, 2.0)))
        for size in sizes
    ]
    np.testing.assert_allclose(np.array(gaps) * sizes, gaps[0] * sizes[0], rtol=0.02)


@pytest.mark.parametrize("temperature", [0.5, 0.9, 1.3])
def test_the_scaling_law_is_the_limit(temperature):
    n = np.array([1e3, 1e6, 1e9])
    exact = scaling.power_law_error(n, 1.5, temperature=temperature)
    ratio = exact / scaling.power_law_error_asymptotic(n, 1.5, temperature=temperature)
    assert np.all(np.diff(np.abs(ratio - 1)) < 0)
    assert ratio[-1] == pytest.approx(1, abs=1e-8)
    slope = np.log(exact[1] / exact[2]) / np.log(1e3)
    assert slope == pytest.approx(
        float(scaling.error_exponent(1.5, temperature=temperature)), rel=1e-4
    )


def test_low_temperature_slows_learning_and_high_temperature_speeds_it_up():
    power = scaling.error_exponent(1.5, temperature=[0.5, 1.0, 1.4])
    assert power[1] == pytest.approx(1 / 3)
    assert np.all(np.diff(power) > 0)


def test_floors_of_power_laws():
    ranks = np.array([1, 10, 1000])
    close(scaling.power_law_floor(2.0, ranks), [1 - np.sum(zipf_head(r)) for r in ranks], 1e-12)
    leading = 1000**-0.5 / 0.5 / zeta(1.5, 1)
    assert scaling.power_law_floor(1.5, 1000) == pytest.approx(leading, rel=1e-3)


def zipf_head(rank):
    return np.arange(1, rank + 1.0) ** -2 / zeta(2.0, 1)


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 10**6), exponent=st.floats(1.05, 6.0), rank=st.integers(1, 2000))
def test_the_sum_of_two_powers_bounds_the_error_on_a_cut_power_law(n, exponent, rank):
    p = np.arange(1, rank + 1.0) ** -exponent / zeta(exponent, 1)
    with np.errstate(divide="ignore"):
        learnt = np.exp(n * np.log1p(-np.minimum(p / p.sum(), 1)))
    exact = p @ learnt + scaling.power_law_floor(exponent, rank)
    assert exact <= scaling.truncated_error_upper_bound(n, exponent, rank) + 1e-12


def test_the_plateau_is_flat():
    law, rank, real = zipf(20_000, 1.5), 20, 1e-4
    flat = scaling.plateau(1.5, rank, real)
    edges = np.floor([30 * flat.begin, flat.end / 30, flat.begin / 3, 30 * flat.end])
    *inside, before, after = scaling.expected_error(edges, law, rank=rank, real=real)
    floor = scaling.truncation_floor(law, rank)
    np.testing.assert_allclose(inside, floor, rtol=0.08)
    assert before > 1.3 * floor
    assert after < 0.4 * floor
    assert scaling.plateau(1.5, rank, real / 10).end == pytest.approx(10 * float(flat.end))
    assert flat.begin == pytest.approx(20**1.5)


# --- generations ----------------------------------------------------------------------------


def test_chains_start_with_the_error_on_real_data():
    clean = scaling.expected_error(200, LAW)
    for function in (
        scaling.relabelled_error,
        scaling.relabelled_error_upper_bound,
        scaling.resampled_error,
        scaling.accumulated_error,
    ):
        assert function(0, 200, LAW) == pytest.approx(float(clean), rel=1e-9)
    assert scaling.resampled_error_upper_bound(0, 200, LAW) > clean
    close(scaling.relabelled_growth(0, [1.2, 3.0]), 1.0, 1e-10)
    close(scaling.resampled_growth(0, [1.2, 3.0]), 1.0, 1e-15)


def test_contexts_redrawn_and_the_union_bound():
    t = np.arange(60)
    error = scaling.relabelled_error(t, 200, LAW)
    assert np.all(np.diff(error) > 0)
    assert np.all(error <= scaling.relabelled_error_upper_bound(t, 200, LAW) + 1e-12)
    assert error[49] < 2 * error[0]  # where the union bound grows fiftyfold
    product = 1 - (1 - (1 - LAW) ** 200) ** 8
    assert error[7] == pytest.approx(float(LAW @ product), rel=1e-12)


def test_resampling_forgets_faster_than_contexts_redrawn():
    t = np.arange(3, 20)
    exact = scaling.resampled_error(t, 200, LAW)
    assert np.all(exact > scaling.relabelled_error(t, 200, LAW))
    bound = scaling.resampled_error_upper_bound(t, 200, LAW)
    assert np.all((exact < bound) & (bound < 1.02 * exact))


def test_resampling_loses_what_does_not_survive():
    alive = discrete.survival_probability(6, 50, zipf(9, 1.0))
    error = scaling.resampled_error(6, 50, zipf(9, 1.0))
    assert error == pytest.approx(float(zipf(9, 1.0) @ (1 - alive)), rel=1e-12)


def test_accumulation_keeps_the_error_of_real_data():
    error = scaling.accumulated_error(np.arange(50), 200, LAW)
    assert np.all(error == scaling.expected_error(200, LAW))


@pytest.mark.parametrize("exponent", [1.1, 1.5, 2.0, 5.0])
def test_growth_is_the_alternating_sum(exponent):
    power = 1 - 1 / exponent
    for times in range(1, 20):
        j = np.arange(1, times + 1)
        growth = np.sum(comb(times, j) * (-1.0) ** (j + 1) * j**-power)
        assert scaling.relabelled_growth(times - 1, exponent) == pytest.approx(growth, rel=1e-9)


def test_late_growth_is_a_power_of_the_logarithm():
    # of m variables, the largest is close to log(m) and Euler's constant
    m = 1e6
    growth = scaling.relabelled_growth(m - 1, 2.0)
    assert growth == pytest.approx(
        np.sqrt(np.log(m) + np.euler_gamma) * 2 / np.sqrt(np.pi), rel=3e-3
    )


@pytest.mark.parametrize("t", [1, 4, 20])
def test_growth_is_the_limit_of_ratios_of_errors(t):
    law, n = zipf(300_000, 2.0), 5_000
    clean = scaling.expected_error(n, law)
    for error, growth in (
        (scaling.relabelled_error(t, n, law), scaling.relabelled_growth(t, 2.0)),
        (scaling.resampled_error_upper_bound(t, n, law), scaling.resampled_growth(t, 2.0)),
    ):
        assert error / clean == pytest.approx(float(growth), rel=2e-3)


# --- arguments ------------------------------------------------------------------------------


def test_formulas_broadcast_over_every_argument():
    laws = np.stack([zipf(6, 1.0), zipf(6, 2.0)])
    grid = scaling.expected_error(
        np.array([5, 9])[:, None, None, None],
        laws,
        rank=np.array([2, 6])[:, None, None],
        temperature=np.array([0.5, 1.0, 2.0])[:, None],
        real=0.25,
    )
    assert grid.shape == (2, 2, 3, 2)
    one = scaling.expected_error(9, laws[1], rank=2, temperature=2.0, real=0.25)
    assert grid[1, 0, 2, 1] == pytest.approx(float(one), rel=1e-13)
    t, n = np.arange(3)[:, None, None], np.array([4, 8])[:, None]
    for function in (
        scaling.relabelled_error,
        scaling.relabelled_error_upper_bound,
        scaling.resampled_error_upper_bound,
        scaling.accumulated_error,
    ):
        values = function(t, n, laws)
        assert values.shape == (3, 2, 2)
        assert values[2, 1, 0] == pytest.approx(float(function(2, 8, laws[0])), rel=1e-13)
    assert scaling.power_law_error(n, [1.5, 2.0, 3.0], temperature=0.8).shape == (2, 3)
    assert scaling.plateau([1.5, 2.0], 9, [[0.1], [0.2]]).end.shape == (2, 2)


def test_large_grids_are_summed_in_pieces():
    n = np.arange(1, 2001)
    whole = scaling.expected_error(n, LAW)
    pieces = np.concatenate(
        [scaling.expected_error(n[:700], LAW), scaling.expected_error(n[700:], LAW)]
    )
    np.testing.assert_array_equal(whole, pieces)
    laws = np.random.default_rng(0).dirichlet(np.ones(500), 600)
    each = [scaling.expected_error(20, law) for law in laws[[0, 300, 599]]]
    close(scaling.expected_error(20, laws)[[0, 300, 599]], each, 1e-14)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: scaling.expected_error(0, LAW), "n must be whole numbers"),
        (lambda: scaling.expected_error(5, LAW, rank=0), "rank must be whole numbers"),
        (lambda: scaling.expected_error(5, LAW, temperature=0), "temperature must be finite"),
        (lambda: scaling.expected_error(5, LAW, real=1.5), "real must lie between 0 and 1"),
        (lambda: scaling.expected_error(5, [0.5, 0.4]), "sum"),
        (lambda: scaling.power_law_error(5, 1.0), "exponent must be finite and larger than 1"),
        (lambda: scaling.error_exponent(1.5, temperature=1.5), "temperature must be smaller"),
        (lambda: scaling.plateau(1.5, 5, 0.0), "real must be larger than 0"),
        (lambda: scaling.relabelled_error(-1, 5, LAW), "generations must be whole numbers"),
        (lambda: scaling.relabelled_growth(1, np.nan), "exponent must be finite"),
        (lambda: scaling.total_variation_exponent([2.0, 0.5]), "exponent must be finite"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
