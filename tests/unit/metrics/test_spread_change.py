import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import kurtosis, levene, permutation_test

from modelcollapse.errors import InputError
from modelcollapse.metrics.jackknife import jackknife_variance
from modelcollapse.metrics.signal import Signal
from modelcollapse.metrics.spread_change import (
    brown_forsythe,
    deviation_ratio,
    gaussian_generations,
    quartile_ratio,
    trace_ratio,
)

NAN = float("nan")


def toy(n, first):
    steps = (np.arange(1, n + 1) + first)[:, None]
    return ndtri(steps * [np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2] % 1)


X, Y = toy(40, 0), 0.7 * toy(30, 100)


def test_toy_values():
    assert deviation_ratio(Y[:, 0], X[:, 0]).value == pytest.approx(0.732576, abs=1e-6)
    assert quartile_ratio(Y[:, 0], X[:, 0]).value == pytest.approx(0.747263, abs=1e-6)
    assert brown_forsythe(Y[:, 0], X[:, 0]) == pytest.approx(0.097530, abs=1e-6)
    assert trace_ratio(Y, X).value == pytest.approx(0.534324, abs=1e-6)


def test_the_error_is_that_of_a_jackknife_and_the_expectation_that_of_fourth_moments():
    rng = np.random.default_rng(0)
    x, y = rng.gamma(2, size=30), rng.gamma(2, size=60)
    variance, bias = 0.0, []
    for side in (x, y):
        whole = np.log(side.std(ddof=1))
        left = [np.log(np.delete(side, i).std(ddof=1)) for i in range(side.size)]
        variance += jackknife_variance(whole, left)
        bias.append(-(kurtosis(side, fisher=False) - 1) / 4)
    found = deviation_ratio(x, y)
    assert found.error / found.value == pytest.approx(variance**0.5)
    assert np.log(found.expected) == pytest.approx(np.mean(bias) * (1 / 30 - 1 / 60))


def test_the_variance_of_one_column_is_its_trace():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 200))
    one, other = deviation_ratio(x, y), trace_ratio(x, y)
    assert other.value == pytest.approx(one.value**2)
    assert (other.low, other.high) == pytest.approx((one.low**2, one.high**2))
    assert other.p == pytest.approx(one.p)


@pytest.mark.parametrize("law", ["normal", "heavy"])
@pytest.mark.parametrize("factor", [1.0, 0.85, 0.75])
def test_p_is_that_of_exchanged_deviations(law, factor):
    rng = np.random.default_rng(2)
    draw = rng.normal if law == "normal" else lambda size: rng.standard_t(3, size)
    x, y = factor * draw(size=40), draw(size=200)
    squares = [np.square(side - side.mean()) * side.size / (side.size - 1) for side in (x, y)]
    given = permutation_test(
        squares, lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis), vectorized=True,
        n_resamples=20_000, alternative="less", rng=rng,
    )  # fmt: skip
    found = deviation_ratio(x, y).p
    assert found == pytest.approx(given.pvalue, rel=0.25, abs=2e-3)


def test_a_small_sample_that_missed_the_outlier_is_no_finding():
    # one record in a thousand carries most of the variance, and a hundred new ones lack it
    rng = np.random.default_rng(3)
    real = np.r_[rng.normal(size=1000), 100.0]
    found = [deviation_ratio(rng.normal(size=100), real) for _ in range(40)]
    assert all(one.value < 0.5 for one in found)
    assert 0.3 < np.median([one.p for one in found]) < 0.7
    # the control: without the outlier a fall half as far is one
    assert deviation_ratio(0.6 * rng.normal(size=100), real[:-1]).p < 1e-6


@pytest.mark.parametrize("measure", [deviation_ratio, quartile_ratio])
def test_half_the_spread_reads_a_half_in_any_units(measure):
    x = np.random.default_rng(4).normal(size=3000)
    found = measure(0.5 * x[:1500], x[1500:])
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.1
    assert found.p < 1e-12
    far = measure(0.5e-6 * x[:1500] + 1e3, 1e-6 * x[1500:] - 7)
    assert far.value == pytest.approx(found.value, rel=1e-6)
    assert measure(2 * x[:1500], x[1500:]).p > 0.999


def test_a_wider_direction_shows_in_the_trace():
    X = np.random.default_rng(5).normal(size=(1000, 3)) * [3, 1, 0.1]
    found = trace_ratio(X[:500] * [1, 1, 0], X[500:])  # blind to a loss of little
    assert found.p > 0.01
    assert trace_ratio(X[:500] * [0.5, 1, 1], X[500:]).p < 1e-10


def test_constant_new_values_are_as_sure_as_the_reference_is_varied():
    mostly = np.r_[np.zeros(95), np.ones(5)]
    few, many = (deviation_ratio(np.zeros(n), mostly) for n in (10, 200))
    assert few.value == many.value == 0
    assert few.p == pytest.approx(0.95**10 + 0.05**10)
    assert many.p < 1e-4
    assert few.high > many.high > 0
    assert deviation_ratio(np.zeros(10), np.arange(100.0)).p < 1e-15
    assert trace_ratio(np.zeros((10, 2)), np.eye(2)[[0, 1] * 20]).p == pytest.approx(2 * 0.5**10)


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.1, 1e-300])
def test_constant_columns_of_any_size_do_not_vary(value):
    assert deviation_ratio(np.full(50, value), np.arange(9.0)).value == 0
    assert np.isnan(deviation_ratio(np.arange(9.0), np.full(50, value)).value)


@pytest.mark.parametrize("measure", [deviation_ratio, quartile_ratio])
@pytest.mark.parametrize(
    ("new", "reference"),
    [([], np.arange(20.0)), ([1.0, 2.0, NAN, 3.0], np.arange(20.0)),
     (np.arange(20.0), np.ones(20)), (np.r_[np.arange(9.0), [np.inf] * 9], np.arange(20.0))],
)  # fmt: skip
def test_where_there_is_nothing_to_compare_nothing_is_said(measure, new, reference):
    found = measure(new, reference)
    assert np.isnan([found.value, found.expected, found.error, found.p]).all()


def test_missing_values_are_left_out():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 50))
    for measure in (deviation_ratio, quartile_ratio):
        assert measure(np.r_[x, NAN, NAN], np.r_[NAN, y]) == measure(x, y)
    assert brown_forsythe(np.r_[x, NAN], y) == brown_forsythe(x, y)


def test_one_record_that_carries_everything_leaves_the_interval_open():
    found = deviation_ratio(np.r_[np.zeros(20), 1.0], np.random.default_rng(7).normal(size=50))
    assert found.low < 1e-3
    assert found.high > 1e3
    assert found.expected > 0.7


def test_quartiles_that_coincide_have_no_interval():
    found = quartile_ratio(np.r_[np.zeros(90), np.arange(10.0)], np.arange(100.0))
    assert found.value == 0
    assert np.isnan([found.error, found.low, found.high, found.p]).all()


def test_the_error_of_the_quartiles_is_that_of_repeated_samples():
    rng = np.random.default_rng(8)
    found = [quartile_ratio(rng.gamma(2, size=300), rng.gamma(2, size=300)) for _ in range(400)]
    values, errors = np.array([(one.value, one.error) for one in found]).T
    assert errors.mean() == pytest.approx(values.std(), rel=0.12)


def test_brown_forsythe_is_levenes_test_around_medians():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=40), 1.5 * rng.normal(size=60)
    assert brown_forsythe(x, y) == pytest.approx(levene(x, y, center="median").pvalue)
    assert np.isnan(brown_forsythe(np.ones(5), np.full(6, 2.0)))
    assert np.isnan(brown_forsythe([1.0], [1.0, 2.0]))
    assert np.isnan(brown_forsythe([1.0, np.inf, 2.0], [1.0, 2.0]))


def ratio(value, error, low, high, expected=1.0):
    return Signal(value, expected, error, low, high, 0.1, "falls", 100, 100)


def test_generations_invert_the_expected_fall():
    sure = ratio(np.exp(-20 / (2 * 9_999)), 1e-9, 0.0, 0.0)
    sure = ratio(sure.value, 1e-9, sure.value - 2e-9, sure.value + 2e-9)
    value, low, high = gaussian_generations(sure, 10_000)
    assert value == pytest.approx(20, rel=1e-3)
    assert 0 < low < 1
    assert high > 100
    assert gaussian_generations(ratio(1.0, 0.01, 0.98, 1.02), 50)[0] == 0
    assert gaussian_generations(ratio(0.9, 0.01, 0.88, 0.92, expected=0.9), 50)[0] == 0
    widened = gaussian_generations(ratio(1.1, 0.01, 1.08, 1.12), 50)
    assert widened[1] < widened[0] < 0 < widened[2]  # as one refit in two does
    far = gaussian_generations(ratio(3.0, 0.01, 2.98, 3.02), 5000)
    assert far[1] < far[0] < far[2] < 0


def test_generations_of_nothing_left_and_of_nothing_known():
    gone = gaussian_generations(deviation_ratio(np.zeros(50), np.arange(50.0)), 50)
    assert gone[0] == gone[2] == np.inf
    assert 0 < gone[1] < np.inf
    assert np.isnan(gaussian_generations(deviation_ratio([], [1.0]), 50)).all()


@pytest.mark.parametrize("n", [1, 2.5, True])
def test_a_generation_has_two_records(n):
    with pytest.raises(InputError, match="Give the records of a generation"):
        gaussian_generations(ratio(0.9, 0.01, 0.88, 0.92), n)


@pytest.mark.parametrize("measure", [deviation_ratio, quartile_ratio, trace_ratio])
def test_a_confidence_outside_is_refused(measure):
    with pytest.raises(InputError, match="confidence"):
        measure(X[:, 0], Y[:, 0], confidence=0)
