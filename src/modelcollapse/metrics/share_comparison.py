"""Two shares compared: intervals of ratio and difference, tests, and corrections for many."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr
from scipy.stats import hypergeom

from modelcollapse.errors import InputError, suggestion
from modelcollapse.metrics._arguments import Floats, floats, plain, quantile_of
from modelcollapse.metrics.subgroups import wilson_interval
from modelcollapse.protocols import Reading

Adjustment = Literal["holm", "benjamini-hochberg"]

_SMALL = 200  # records on both sides up to which a test is exact
_HALVINGS = 60


def share_tests(
    counts: ArrayLike, n: int, reference_counts: ArrayLike, reference_n: int
) -> tuple[Floats, Floats]:
    """One-sided tests of a share against the reference's, in either direction.

    Parameters
    ----------
    counts : array_like of int, shape (groups,)
        New records in question.
    n : int
        New records in all.
    reference_counts : array_like of int, shape (groups,)
        Real records in question.
    reference_n : int
        Real records in all.

    Returns
    -------
    fallen : ndarray, shape (groups,)
        Probability of so few new records if the shares are equal; 1 where neither side has any.
    grown : ndarray, shape (groups,)
        The same of so many.

    Notes
    -----
    Fisher's exact test for at most 200 records on both sides, else the score test without
    correction (textbook).

    Examples
    --------
    >>> fallen, _ = share_tests([0], 60, [8], 100)
    >>> fallen.round(6).tolist()
    [0.020869]
    """
    s, c, M, N = np.atleast_1d(counts), np.atleast_1d(reference_counts), n, reference_n
    z = _score(s, M, c, N, np.ones(s.shape))
    p, growth = np.asarray(ndtr(z)), np.asarray(ndtr(-z))
    small = s + c <= _SMALL
    if small.any():
        pool = s[small] + c[small]
        p[small] = hypergeom.cdf(s[small], M + N, pool, M)
        growth[small] = hypergeom.sf(s[small] - 1, M + N, pool, M)
    # a group without records on either side says nothing
    empty = s + c == 0
    return np.where(empty, 1.0, p), np.where(empty, 1.0, growth)


def _score(s: ArrayLike, M: ArrayLike, c: ArrayLike, N: ArrayLike, ratio: Floats) -> Floats:
    """Score statistic of a given ratio of shares: Koopman's, signed."""
    s, M, c, N = (np.asarray(part, dtype=np.float64) for part in (s, M, c, N))
    # the reference's share that is likeliest if the ratio holds
    a, b = ratio * (M + N), -(s + N + ratio * (M + c))
    root = np.sqrt(np.maximum(b * b - 4 * a * (s + c), 0.0))
    share = np.clip(2 * (s + c) / (root - b), 0.0, 1.0)
    other = np.minimum(ratio * share, 1.0)
    variance = other * (1 - other) / M + ratio**2 * share * (1 - share) / N
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (s / M - ratio * c / N) / np.sqrt(variance)
    return np.where(variance > 0, z, 0.0)


def ratio_interval(
    counts: ArrayLike, n: ArrayLike, reference_counts: ArrayLike, reference_n: ArrayLike,
    *, confidence: float = 0.95,
) -> tuple[Reading, Reading]:  # fmt: skip
    """Confidence interval of a ratio of two shares, by the score.

    Parameters
    ----------
    counts, n : array_like of int
        New records in question, and in all.
    reference_counts, reference_n : array_like of int
        Real records in question, and in all.
    confidence : float, default 0.95
        Share of intervals that are to cover.

    Returns
    -------
    low : float or ndarray
        From 0 upwards; NaN where neither side has a record in question.
    high : float or ndarray
        Up to infinity; NaN likewise.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    Koopman (1984). Defined for counts of 0; covers close to its promise from a handful of records
    on. For a table of many groups, `modelcollapse.metrics.subgroups.share_ratios` is faster.

    Examples
    --------
    >>> low, high = ratio_interval(0, 60, 8, 100)
    >>> float(low), round(float(high), 4)
    (0.0, 0.7665)
    """
    z = quantile_of(confidence)
    s, M, c, N = np.broadcast_arrays(*map(floats, (counts, n, reference_counts, reference_n)))
    ends = []
    for sign in (1.0, -1.0):  # the score falls as the ratio rises
        start, stop = np.full(s.shape, -40.0), np.full(s.shape, 40.0)
        for _ in range(_HALVINGS):
            middle = (start + stop) / 2
            above = _score(s, M, c, N, np.exp(middle)) > sign * z
            start, stop = np.where(above, middle, start), np.where(above, stop, middle)
        ends.append(np.exp((start + stop) / 2))
    low = np.where(s == 0, 0.0, ends[0])
    high = np.where(c == 0, np.inf, ends[1])
    nothing = s + c == 0
    shape = np.broadcast_shapes(*(np.shape(x) for x in (counts, n, reference_counts, reference_n)))
    return (
        plain(np.where(nothing, np.nan, low).reshape(shape)),
        plain(np.where(nothing, np.nan, high).reshape(shape)),
    )


def difference_interval(
    counts: ArrayLike, n: ArrayLike, reference_counts: ArrayLike, reference_n: ArrayLike,
    *, confidence: float = 0.95,
) -> tuple[Reading, Reading]:  # fmt: skip
    """Confidence interval of a difference of two shares.

    Parameters
    ----------
    counts, n : array_like of int
        New records in question, and in all.
    reference_counts, reference_n : array_like of int
        Real records in question, and in all.
    confidence : float, default 0.95
        Share of intervals that are to cover.

    Returns
    -------
    low : float or ndarray
        New share minus real share, from -1 to 1.
    high : float or ndarray
        Likewise.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    Newcombe (1998), method 10: square-and-add of Wilson's intervals.

    Examples
    --------
    >>> [round(float(end), 6) for end in difference_interval(0, 60, 8, 100)]
    [-0.149981, -0.008345]
    """
    a = np.asarray(counts) / np.asarray(n)
    b = np.asarray(reference_counts) / np.asarray(reference_n)
    a_low, a_high = wilson_interval(counts, n, confidence=confidence)
    b_low, b_high = wilson_interval(reference_counts, reference_n, confidence=confidence)
    return (
        plain(a - b - np.hypot(a - a_low, b_high - b)),
        plain(a - b + np.hypot(a_high - a, b - b_low)),
    )


def adjusted_p(p: ArrayLike, adjustment: Adjustment = "holm") -> Floats:
    """Probabilities of many tests, adjusted for their number.

    Parameters
    ----------
    p : array_like, shape (tests,)
        One for each test; NaN where there was none, which does not count.
    adjustment : {"holm", "benjamini-hochberg"}, default "holm"
        What is to be held: the chance of any false alarm, or the share of false alarms.

    Returns
    -------
    ndarray, shape (tests,)
        Compare with the level.

    Raises
    ------
    InputError
        If the adjustment is unknown.

    Notes
    -----
    Holm (1979), valid under any dependence; Benjamini and Hochberg (1995), under independence or
    positive dependence.

    Examples
    --------
    >>> adjusted_p([0.001, 0.02, 0.04, 0.3]).round(3).tolist()
    [0.004, 0.06, 0.08, 0.3]
    """
    if adjustment not in ("holm", "benjamini-hochberg"):
        raise InputError(
            f"there is no adjustment {adjustment!r}. "
            + suggestion(adjustment, ("holm", "benjamini-hochberg"))
        )
    given = floats(p)
    result = np.full(given.shape, np.nan)
    (there,) = np.nonzero(~np.isnan(given))
    order = there[np.argsort(given[there], kind="stable")]
    rank = np.arange(order.size)
    if adjustment == "holm":
        steps = np.maximum.accumulate(given[order] * (order.size - rank))
    else:
        steps = np.minimum.accumulate((given[order] * order.size / (rank + 1))[::-1])[::-1]
    result[order] = np.minimum(steps, 1.0)
    return result
