"""Spread of new numbers against that of real ones: of a column, and of records as a whole.

Late collapse is a loss of spread. Errors and tests come from the records themselves, never from a
normal law: a few records carry the variance of a heavy-tailed column, and a small sample without
any of them looks narrow although nothing changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, polygamma
from scipy.stats import levene, pearson3

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, floats, quantile_of
from modelcollapse.metrics._blocks import pair_of
from modelcollapse.metrics._estimates import Spread, generations_between, pooled, signal, undefined
from modelcollapse.metrics.signal import Signal

_LEAST = 4  # values of a side that a jackknife of a variance needs
_FAR = 1000  # farthest records that are looked at one by one
_IMPOSSIBLE = 4.0  # standard deviations below its mean that no sum is


def deviation_ratio(new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95) -> Signal:
    """Quotient of two standard deviations.

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
        Falls under collapse. `expected` is below 1 for a small new sample, far below under heavy
        tails. 0 for new values that are all alike; NaN where a side has fewer than four values or
        an infinite one, or the reference does not vary.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    Error and interval by a jackknife over records of the logarithm, with Satterthwaite's (1946)
    degrees of freedom: few where few records carry the variance. `expected` from the bias of a
    logarithm, minus half the relative variance, with the fourth moments of both sides. The interval
    of a small sample cannot know of records that it does not hold, and covers less than it says
    under heavy tails; p does know. It is that of exchange of the squared deviations between both
    sides: the chance to miss all records too far to be among so narrow ones, times that of a sum as
    small among the rest, by three moments (Pearson's type III).

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=4000)
    >>> reading = deviation_ratio(0.7 * x[:2000], x[2000:])
    >>> 0.65 < reading.low < reading.value < reading.high < 0.75, reading.p < 1e-9
    (True, True)
    """
    sides = [_values(side)[:, None] for side in (new, reference)]
    return _variance_ratio(sides[0], sides[1], 0.5, confidence)


def trace_ratio(new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95) -> Signal:
    """Quotient of two total variances.

    Parameters
    ----------
    new : array_like, shape (n, d)
        New records as rows.
    reference : array_like, shape (m, d)
        Real records as rows.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        Falls under collapse; the coordinates with the largest units decide. 0, NaN and `expected`
        as for `deviation_ratio`.

    Raises
    ------
    InputError
        If records have gaps, the coordinates differ in number, a side has fewer than two records,
        or the confidence is not between 0 and 1.

    Notes
    -----
    Traces of the unbiased covariances; error and p as for `deviation_ratio`. Coordinates of a
    record may depend on each other.
    """
    first, second = pair_of(new, reference)
    return _variance_ratio(first, second, 1.0, confidence)


def _values(column: ArrayLike) -> Floats:
    array = floats(column).ravel()
    return array[~np.isnan(array)]


class _Variance(NamedTuple):
    """Logarithm of a total variance; its bias, times the records; its spread by jackknife."""

    log: float
    bias: float
    spread: Spread
    squares: Floats


def _variance_ratio(X: Floats, Y: Floats, power: float, confidence: float) -> Signal:
    sizes = n, m = len(X), len(Y)
    quantile_of(confidence)
    if min(sizes) < _LEAST or not (np.isfinite(X).all() and np.isfinite(Y).all()):
        return undefined("falls", sizes)
    a, b = _variance(X), _variance(Y)
    if b.log == -np.inf:
        return undefined("falls", sizes)
    if a.log == -np.inf:
        return _all_alike(X[0], Y, power, sizes, confidence)
    both = pooled(a.spread, b.spread)
    found = signal(
        float(np.exp(power * (a.log - b.log))),
        float(np.exp(power * (a.bias + b.bias) / 2 * (1 / n - 1 / m))),
        Spread(both.variance * power**2, both.freedom), "falls", sizes, confidence, logs=True,
    )  # fmt: skip
    return replace(found, p=_as_narrow(a.squares, b.squares))


def _variance(X: Floats) -> _Variance:
    n = len(X)
    # less a record first: a constant becomes exactly 0
    centred = X - X[0]
    centred -= centred.mean(axis=0)
    squares = np.einsum("ij,ij->i", centred, centred) * (n / (n - 1))
    total = float(squares.sum())
    if not total > 0:
        return _Variance(-np.inf, 0.0, Spread(0.0, np.inf), squares)
    # without one record after the other; a floor where one carries all
    left = np.maximum(1 - squares / total * (n / (n - 1)), 1e-9)
    changes = np.log(left) + np.log((n - 1) / (n - 2))
    away = np.square(changes - changes.mean())
    variance = float(away.sum()) * (n - 1) / n
    kurtosis = n * float(away @ away) / float(away.sum()) ** 2 if variance > 0 else 1.0
    freedom = 2 * n / (kurtosis - 1) if kurtosis > 1 else np.inf
    # half the relative variance; by jackknife it is out of bounds for heavy tails
    bias = (1 - n * float(squares @ squares) / total**2) / 2
    return _Variance(float(np.log(total / n)), bias, Spread(variance, freedom), squares)


def _as_narrow(new: Floats, reference: Floats) -> float:
    """Probability of squared deviations as small in sum, if the records are exchanged.

    Far records that cannot be among new ones with such a sum are on the other side for certain;
    the law of the sum of the rest, without them, is near to a Gamma law.
    """
    n, N = new.size, new.size + reference.size
    pool = np.concatenate([new, reference])
    most = min(_FAR, N // 4)
    far = np.sort(np.partition(pool, N - most)[N - most :])[::-1]
    pool, far, total = pool / far[0], far / far[0], float(new.sum() / far[0])
    # moments of what is left without the 0, 1, 2, ... farthest
    rest = N - np.arange(most + 1.0)
    mean, square, cube = (
        (whole.sum() - np.concatenate([[0.0], np.cumsum(part)])) / rest
        for whole, part in (
            (pool, far), (pool * pool, far * far), (pool * pool * pool, far * far * far)
        )
    )  # fmt: skip
    spread = np.maximum(square - mean**2, 0.0)
    variance = spread * n * np.maximum(rest - n, 0.0) / (rest - 1)
    possible = total - far >= (n - 1) * mean[1:] - _IMPOSSIBLE * np.sqrt(variance[1:])
    k = int(np.argmax(np.append(possible, True)))
    missed = float(np.prod(np.maximum(rest[:k] - n, 0.0) / rest[:k]))
    if not variance[k] > 0:
        return missed
    third = (cube[k] - 3 * mean[k] * square[k] + 2 * mean[k] ** 3) * n * (rest[k] - n)
    third *= (rest[k] - 2 * n) / ((rest[k] - 1) * (rest[k] - 2))
    z = (total - n * mean[k]) / variance[k] ** 0.5
    return missed * float(pearson3.cdf(z, np.clip(third / variance[k] ** 1.5, -8.0, 8.0)))


def _all_alike(
    point: Floats, reference: Floats, power: float, sizes: tuple[int, int], confidence: float
) -> Signal:
    """New records that are all one: how likely that is, and how much could still vary unseen."""
    n = sizes[0]
    _, counts = np.unique(reference, axis=0, return_counts=True)
    p = float(((counts / sizes[1]) ** n).sum())
    unseen = 1 - (1 - confidence) ** (1 / n)
    centre = reference.mean(axis=0)
    far = float(np.square(point - centre).sum() / np.square(reference - centre).sum(axis=1).mean())
    high = (unseen * (1 + far)) ** power
    return Signal(0.0, 1.0, 0.0, 0.0, high, p, "falls", *sizes)


def quartile_ratio(new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95) -> Signal:
    """Quotient of two interquartile ranges.

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
        Falls under collapse of the bulk, blind to the tails. 0 without interval and p where the
        new quartiles coincide; NaN where a side has fewer than eight values or an infinite one, or
        the real quartiles coincide.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    Standard errors of the quartiles from the distance of order statistics two binomial standard
    deviations to either side (Price and Bonett 2002), correlation 1/3: leaving out records does not
    work for quantiles. Not for columns with few different values.
    """
    quantile_of(confidence)
    sides = [np.sort(_values(side)) for side in (new, reference)]
    n, m = (side.size for side in sides)
    if min(n, m) < 2 * _LEAST or not all(np.isfinite(side[[0, -1]]).all() for side in sides):
        return undefined("falls", (n, m))
    (width, first), (other, second) = (_quartile_range(side) for side in sides)
    if not other > 0:
        return undefined("falls", (n, m))
    if not width > 0:
        nan = float("nan")
        return Signal(0.0, 1.0, nan, nan, nan, nan, "falls", n, m)
    spread = pooled(Spread(first / width**2, n - 1.0), Spread(second / other**2, m - 1.0))
    return signal(width / other, 1.0, spread, "falls", (n, m), confidence, logs=True)


def _quartile_range(ordered: Floats) -> tuple[float, float]:
    """Interquartile range of sorted values, and its variance."""
    n = ordered.size
    low, high = np.quantile(ordered, (0.25, 0.75))
    sd = (n * 0.1875) ** 0.5
    errors = []
    for share in (0.25, 0.75):
        ends = np.clip(n * share - 0.5 + 2 * sd * np.array([-1.0, 1.0]), 0, n - 1)
        values = np.interp(ends, np.arange(n), ordered)
        errors.append(float((values[1] - values[0]) / (ends[1] - ends[0])) * sd)
    a, b = errors
    return float(high - low), a * a + b * b - 2 * a * b / 3


def brown_forsythe(new: ArrayLike, reference: ArrayLike) -> float:
    """Test of equal spread around the median.

    Parameters
    ----------
    new : array_like, shape (n,)
        New values of a column; NaN stands for a missing one.
    reference : array_like, shape (m,)
        Real values.

    Returns
    -------
    float
        Probability of spreads as different, in either direction, if nothing changed; NaN where a
        side has fewer than two values or an infinite one, or neither varies.

    Notes
    -----
    Brown and Forsythe (1974): analysis of variance of absolute deviations from the medians. Holds
    its level for skewed and moderately heavy-tailed laws.

    Examples
    --------
    >>> round(brown_forsythe([1, 2, 3, 4, 5, 6], [1, 4, 7, 10, 13, 16]), 3)
    0.027
    """
    x, y = _values(new), _values(reference)
    if min(x.size, y.size) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return float("nan")
    if np.ptp(x) == 0 == np.ptp(y):
        return float("nan")
    return float(levene(x, y, center="median").pvalue)


def gaussian_generations(ratio: Signal, n: int) -> tuple[float, float, float]:
    """Number of times a normal law would have to be refitted to lose as much spread.

    Parameters
    ----------
    ratio : Signal
        Quotient of standard deviations, from `deviation_ratio`.
    n : int
        Records that each generation is fitted to, at least 2.

    Returns
    -------
    tuple of float
        Value, low and high end. Generations, 0 where nothing changed, negative where the spread
        grew, infinite where it is gone; NaN where the quotient is. The interval has the confidence
        of the quotient's and also counts the randomness of the refits, which soon exceeds that of
        estimation.

    Raises
    ------
    InputError
        If n is below 2.

    Notes
    -----
    The logarithm of a standard deviation, fitted to n normal records with the unbiased variance,
    changes by ``(digamma((n - 1) / 2) - log((n - 1) / 2)) / 2`` in the mean, about
    ``-1 / (2 (n - 1))``, and has the variance ``trigamma((n - 1) / 2) / 4`` (textbook). The
    interval inverts ``(estimate - g)^2 = z^2 (error^2 + g drift)``.

    Examples
    --------
    >>> fallen = Signal(0.9, 1.0, 0.01, 0.88, 0.92, 0.0, "falls", 5000, 5000)
    >>> [round(x, 1) for x in gaussian_generations(fallen, 100)]
    [20.8, 0.5, 836.0]
    """
    if not is_whole(n) or n < 2:
        raise InputError(
            f"n must be a whole number of 2 or more, got {n!r}: one record has no spread to fit. "
            "Give the records of a generation."
        )
    half = (n - 1) / 2
    step = float(digamma(half) - np.log(half)) / 2
    if ratio.value == 0:
        low = float(np.log(ratio.high)) / step if ratio.high > 0 else np.inf
        return np.inf, low, np.inf
    if not ratio.error > 0:
        return (float("nan"),) * 3
    value = float(np.log(ratio.value / ratio.expected)) / step
    error = ratio.error / ratio.value
    # standard errors that the interval of the quotient reaches to either side
    z = float(np.log(ratio.high / ratio.low)) / 2 / error
    drift = float(polygamma(1, half)) / 4 / step**2
    low, high = generations_between(value, z * error / -step, z * z * drift)
    return value, low, high
