import numpy as np
import pytest
from scipy.special import ndtri

from modelcollapse.errors import InputError
from modelcollapse.metrics.covariance_change import effective_rank_ratio, log_determinant_change
from modelcollapse.metrics.jackknife import jackknife_variance, position_groups
from modelcollapse.metrics.moments import log_generalised_variance_bias


def toy(n, first):
    steps = (np.arange(1, n + 1) + first)[:, None]
    return ndtri(steps * [np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2] % 1)


X, Y = toy(40, 0), 0.7 * toy(30, 100)
MEASURES = [log_determinant_change, effective_rank_ratio]


def log_determinant(side):
    return np.linalg.slogdet(np.cov(side.T))[1]


def effective_rank(side):
    shares = np.linalg.eigvalsh(np.cov(side.T))
    shares /= shares.sum()
    return np.exp(-(shares * np.log(shares)).sum())


def test_toy_values():
    assert log_determinant_change(Y, X).value == pytest.approx(-1.924218, abs=1e-6)
    assert effective_rank_ratio(Y, X).value == pytest.approx(2.945322 / 2.987428, abs=1e-6)


@pytest.mark.parametrize(
    ("measure", "statistic"),
    [(log_determinant_change, log_determinant),
     (effective_rank_ratio, lambda side: np.log(effective_rank(side)))],
)  # fmt: skip
def test_bias_and_error_are_those_of_a_jackknife_over_groups(measure, statistic):
    rng = np.random.default_rng(0)
    sides = [rng.normal(size=(n, 3)) * [5, 1, 2] + 100 for n in (90, 130)]
    variance, bias = 0.0, []
    for side in sides:
        of, whole = position_groups(len(side)), statistic(side)
        left = [statistic(side[of != g]) for g in range(20)]
        sizes = np.bincount(of)
        variance += jackknife_variance(whole, left, sizes)
        bias.append((1 - sizes / len(side)) @ left - 19 * whole)
    found = measure(*sides)
    by = found.value if measure is effective_rank_ratio else 1.0
    assert found.error / by == pytest.approx(variance**0.5)
    expected = np.log(found.expected) if measure is effective_rank_ratio else found.expected
    assert expected == pytest.approx(bias[0] - bias[1])


def test_the_bias_is_the_known_one_of_normal_records():
    rng = np.random.default_rng(1)
    found = [
        log_determinant_change(rng.normal(size=(100, 6)), rng.normal(size=(1000, 6)))
        for _ in range(100)
    ]
    known = log_generalised_variance_bias(100, 6)[0] - log_generalised_variance_bias(1000, 6)[0]
    assert np.mean([one.expected for one in found]) == pytest.approx(known, rel=0.1)
    error = np.std([one.value for one in found]) / 10
    assert abs(np.mean([one.value for one in found])) > 4 * error  # raw values are biased


def test_one_lost_direction_is_seen_in_any_units():
    X = np.random.default_rng(2).normal(size=(2000, 4)) * [10, 1, 1, 0.1]
    new, real = X[:1000] * [1, 1, 1, 0.5], X[1000:]
    found = log_determinant_change(new, real)
    assert found.low < 2 * np.log(0.5) < found.high
    assert found.p < 1e-6
    units = [1e-6, 1, 1e5, 3]
    scaled = log_determinant_change(new * units + 7, real * units + 7)
    assert scaled.value == pytest.approx(found.value, rel=1e-6)


def test_few_records_are_shrunk_and_a_common_factor_is_still_read_whole():
    rng = np.random.default_rng(3)
    sides = rng.normal(size=(2, 40, 30)) @ rng.normal(size=(30, 30))
    apart, halved = (log_determinant_change(f * sides[0], sides[1]) for f in (1.0, 0.5))
    assert np.isfinite([apart.value, apart.error, apart.p]).all()
    assert halved.value - apart.value == pytest.approx(60 * np.log(0.5))
    fewer = log_determinant_change(sides[0, :20], sides[1, :20])  # than coordinates
    assert np.isfinite([fewer.value, fewer.error, fewer.p]).all()


def test_shape_is_blind_to_a_common_factor_and_sees_an_uneven_one():
    X = np.random.default_rng(4).normal(size=(2000, 4))
    even = effective_rank_ratio(0.1 * X[:1000], X[1000:])
    assert even.low < 1 < even.high
    uneven = effective_rank_ratio(X[:1000] * [1, 1, 1, 0.2], X[1000:])
    assert uneven.value < 0.85
    assert uneven.p < 1e-6


def test_a_direction_that_is_gone_altogether():
    X = np.random.default_rng(5).normal(size=(200, 3))
    found = log_determinant_change(X * [1, 1, 0], X)
    assert found.value == -np.inf
    assert np.isnan([found.error, found.p]).all()
    assert np.isnan(log_determinant_change(X, X * [1, 1, 0]).value)
    doubled = np.c_[X[:, :2], X[:, 0] + X[:, 1]]
    assert np.isnan(log_determinant_change(X, doubled).value)
    assert effective_rank_ratio(X * [1, 1, 0], X).p < 1e-6
    assert np.isnan(effective_rank_ratio(X, np.ones((50, 3))).value)
    assert np.isnan(effective_rank_ratio(np.ones((50, 3)), X).value)


@pytest.mark.parametrize("measure", MEASURES)
def test_what_cannot_be_compared_is_refused(measure):
    with pytest.raises(InputError, match="coordinates"):
        measure(X, Y[:, :2])
    with pytest.raises(InputError, match="4 or more"):
        measure(X[:3], Y)
    with pytest.raises(InputError, match="NaN"):
        measure(np.where(X > 1, np.nan, X), Y)
    with pytest.raises(InputError, match="confidence"):
        measure(X, Y, confidence=1)
