"""How far one column of numbers has moved as a whole.

Distances of a new sample from a real one are never 0: two real samples are apart as well. Every
reading here stands beside what exchange of the records between both sides would give.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from scipy.stats import ks_2samp

from modelcollapse.metrics._arguments import Floats, floats, quantile_of
from modelcollapse.metrics._estimates import undefined
from modelcollapse.metrics._exchange import Chance, upper_tail
from modelcollapse.metrics.signal import Signal

_EXACT = 1 << 20  # product of the sizes up to which the law of a statistic is counted out
_NEAR = 64  # ranks from either end whose mean absolute deviation is not near that of a normal law
_STEP = 0.25  # of the logit of the rank, between places whose covariance is taken
_HALF_NORMAL = (2 / np.pi) ** 0.5  # mean of the absolute value of a standard normal number


def wasserstein_shift(new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95) -> Signal:
    """Wasserstein distance of order 1, in standard deviations of the reference.

    Parameters
    ----------
    new : array_like, shape (n,)
        New values of a column; NaN stands for a missing one.
    reference : array_like, shape (m,)
        Real values.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 upwards; grows with any change, whether collapse or not. The excess is
        ``value - expected``; the interval is that of the distance seen, chance included. NaN where
        a side has fewer than two values or an infinite one, or the reference does not vary.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    The distance is the integral of ``|F - G|``, F and G being the shares of either side at or below
    each point. If the records are exchanged at random, ``F - G`` has the covariance of a Brownian
    bridge at the ranks of the pool. Its mean absolute values are exact (hypergeometric, De Moivre's
    formula) near the ends and normal in between; variance and third moment of the integral are
    those of absolute values of normal numbers (Nabeya 1951, 1952), brought to the exact variance
    of each place; p by three moments, approximate. No random numbers are used. Error by the
    influence of each record on distance and standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=2000)
    >>> reading = wasserstein_shift(0.8 * x[:1000], x[1000:])
    >>> 0.1 < reading.value < 0.25, reading.expected < 0.06, reading.p < 1e-3
    (True, True, True)
    """
    z = quantile_of(confidence)
    sides = _values(new), _values(reference)
    n, m = (side.size for side in sides)
    if min(n, m) < 2 or not all(np.isfinite(side).all() for side in sides):
        return undefined("grows", (n, m))
    # less a value first: a constant becomes exactly 0
    sd = float(np.std(sides[1] - sides[1][0], ddof=1))
    if not sd > 0:
        return undefined("grows", (n, m))
    # the stable sort merges two runs that are sorted already
    pool = np.concatenate([np.sort(side) for side in sides])
    order = np.argsort(pool, kind="stable")
    pool, is_new = pool[order], order < n
    gaps = np.diff(pool) / sd
    away = np.cumsum(np.where(is_new, 1 / n, -1 / m))[:-1]
    value = float(np.abs(away) @ gaps)

    # a record lowers or raises all shares to its right
    along = np.concatenate([[0.0], np.cumsum(np.sign(away) * gaps)])
    real = pool[~is_new]
    on_scale = np.square((real - real.mean()) / sd) * (value / 2)
    error = float(
        np.sqrt(np.var(along[is_new]) / (n - 1) + np.var(along[~is_new] - on_scale) / (m - 1))
    )
    chance = _by_chance(gaps, n, m)
    return Signal(
        value, chance.mean, error, max(value - z * error, 0.0), value + z * error,
        upper_tail(value, chance), "grows", n, m,
    )  # fmt: skip


def kolmogorov_smirnov(new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95) -> Signal:
    """Largest difference of the shares at or below a point.

    Parameters
    ----------
    new : array_like, shape (n,)
        New values of a column; NaN stands for a missing one.
    reference : array_like, shape (m,)
        Real values.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 to 1; grows with any change, but sees little of the tails. The interval is that of
        the distance seen, chance included. NaN where a side has fewer than two values.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    Textbook; p as counted out by SciPy for products of the sizes up to a million, else from the
    limiting law. Ties make it, and `expected`, too large. Expectation from the mean of
    Kolmogorov's law, ``sqrt(pi / 2) log 2``, and Stephens' (1970) correction for small samples.

    Examples
    --------
    >>> reading = kolmogorov_smirnov([1.0, 2.0, 3.0], [2.5, 3.5, 4.5])
    >>> round(reading.value, 6), round(reading.p, 6)
    (0.666667, 0.6)
    """
    z = quantile_of(confidence)
    x, y = _values(new), _values(reference)
    n, m = x.size, y.size
    if min(n, m) < 2:
        return undefined("grows", (n, m))
    found = ks_2samp(x, y, method="exact" if n * m <= _EXACT else "asymp")
    value = float(found.statistic)
    F, G = (float((side <= found.statistic_location).mean()) for side in (x, y))
    error = (F * (1 - F) / (n - 1) + G * (1 - G) / (m - 1)) ** 0.5
    root = (n * m / (n + m)) ** 0.5
    expected = (np.pi / 2) ** 0.5 * np.log(2) / (root + 0.12 + 0.11 / root)
    return Signal(
        value, float(expected), error, max(value - z * error, 0.0), min(value + z * error, 1.0),
        float(found.pvalue), "grows", n, m,
    )  # fmt: skip


def _values(column: ArrayLike) -> Floats:
    array = floats(column).ravel()
    return array[~np.isnan(array)]


def _by_chance(gaps: Floats, n: int, m: int) -> Chance:
    """Moments of the integral of the absolute difference of shares under exchange."""
    ranks = _ranks(n, m)
    mean = float(gaps @ ranks.mean)
    weight = np.bincount(ranks.place, weights=gaps * ranks.sd)
    places = weight.size
    kernels, at = _absolute_normals(places), np.arange(places)
    variance = float(weight @ kernels.covariance[np.abs(np.subtract.outer(at, at))] @ weight)
    # weights to the left and to the right of each place, by distance from it
    further = np.add.outer(at, at)
    right = np.append(weight, np.zeros(places))[further]
    left = np.append(weight[::-1], np.zeros(places))[further][::-1]
    third = float(weight @ np.einsum("ja,ja->j", left @ kernels.third, right))
    return Chance(mean, variance, third)


class _Ranks(NamedTuple):
    """Absolute difference of shares at each rank of the pool, under exchange.

    Attributes
    ----------
    mean, sd : ndarray, shape (n + m - 1,)
        Mean; and the standard deviation of a normal difference whose absolute value varies as much.
    place : ndarray of int, shape (n + m - 1,)
        Where on the scale of logits, on which the differences are a stationary chain.
    """

    mean: Floats
    sd: Floats
    place: NDArray[np.intp]


@lru_cache(maxsize=4)
def _ranks(n: int, m: int) -> _Ranks:
    N = n + m
    rank = np.arange(1, N)
    sd = np.sqrt(rank * (N - rank) / (n * m * (N - 1.0)))
    mean = _HALF_NORMAL * sd
    ends = np.unique(np.r_[: min(_NEAR, N - 1), max(N - 1 - _NEAR, 0) : N - 1])
    mean[ends] = _mean_deviation(rank[ends], n, N) * N / (n * m)
    rest = np.sqrt(np.maximum(sd**2 - mean**2, 0.0) / (1 - _HALF_NORMAL**2))
    logit = np.log(rank / (N - rank))
    # the correlation of two ranks is exp(-|difference of logits| / 2)
    return _Ranks(mean, rest, np.round((logit - logit[0]) / _STEP).astype(np.intp))


def _mean_deviation(k: Floats, n: int, N: int) -> Floats:
    """Mean absolute deviation of the number of new records among k of all N, exactly.

    With v the first whole number above the mean, twice ``v (N - k - n + v) / N`` times the
    probability of v (De Moivre's formula for the hypergeometric law).
    """
    v = np.floor(k * n / N) + 1
    possible = (v <= np.minimum(k, n)) & (N - k - n + v >= 0)
    at = np.where(possible, v, np.minimum(k, n))
    logs = _log_choose(k, at) + _log_choose(N - k, n - at) - _log_choose(np.asarray(float(N)), n)
    return np.where(possible, 2 * v * (N - k - n + v) / N * np.exp(logs), 0.0)


def _log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    n, k = np.asarray(n, dtype=np.float64), np.asarray(k, dtype=np.float64)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


class _Kernels(NamedTuple):
    """Central moments of absolute values of a stationary Markov chain of normal numbers.

    Attributes
    ----------
    covariance : ndarray, shape (places,)
        By distance.
    third : ndarray, shape (places, places)
        By the distances from the middle one of three to the others, times the number of orders.
    """

    covariance: Floats
    third: Floats


@lru_cache(maxsize=8)
def _absolute_normals(places: int) -> _Kernels:
    r = np.exp(-_STEP / 2 * np.arange(places))
    product = 2 / np.pi * (r * np.arcsin(r) + np.sqrt(np.maximum(1 - r * r, 0.0)))
    a, b = r[:, None], r[None, :]
    c = a * b
    # partial correlations of neighbours; that of the outer two is 0
    with np.errstate(invalid="ignore"):
        first = np.where(a < 1, a * np.sqrt((1 - b * b) / (1 - c * c)), 1.0)
        second = np.where(b < 1, b * np.sqrt((1 - a * a) / (1 - c * c)), 1.0)
    second[0, 0] = 0.0
    three = _HALF_NORMAL**3 * (
        np.sqrt((1 - a * a) * (1 - b * b))
        + a * (1 + b * b) * np.arcsin(first)
        + b * (1 + a * a) * np.arcsin(second)
    )
    lag = np.arange(places)
    outer = np.exp(-_STEP / 2 * np.add.outer(lag, lag))
    outer = 2 / np.pi * (outer * np.arcsin(outer) + np.sqrt(np.maximum(1 - outer**2, 0.0)))
    pairs = product[:, None] + product[None, :] + outer
    orders = np.full((places, places), 6.0)
    orders[0], orders[:, 0], orders[0, 0] = 3.0, 3.0, 1.0
    return _Kernels(
        product - _HALF_NORMAL**2, orders * (three - _HALF_NORMAL * pairs + 2 * _HALF_NORMAL**3)
    )
