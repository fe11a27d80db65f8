"""Subgroups: whose share of the records shrank, by how much, and how sure that is.

Erasure of small groups precedes any loss in averages. Everything here starts from counts per
group; `label_counts` makes them from labels. Leading axes are replicates, the last axis runs over
the groups.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, counts_and_size, plain, quantile_of
from modelcollapse.protocols import Reading


def label_counts(
    labels: ArrayLike, reference: ArrayLike
) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    """Count the labels of two sets of records over the same groups.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Group of each of the model's records.
    reference : array_like, shape (m,)
        Group of each real record.

    Returns
    -------
    groups : ndarray, shape (groups,)
        Every label of either set, sorted.
    counts, reference_counts : ndarray of int, shape (groups,)
        Records of each group.

    Raises
    ------
    InputError
        If the labels cannot be sorted, because they are of mixed types or partly missing.

    Examples
    --------
    >>> groups, counts, reference_counts = label_counts(["a", "a"], ["a", "b"])
    >>> groups.tolist(), counts.tolist(), reference_counts.tolist()
    (['a', 'b'], [2, 0], [1, 1])
    """
    first, second = np.ravel(np.asarray(labels)), np.ravel(np.asarray(reference))
    texts = [part.dtype.kind in "US" for part in (first, second) if part.dtype.kind in "USbiuf"]
    if texts == [True, False] or texts == [False, True]:
        raise InputError(
            f"labels of type {first.dtype} and {second.dtype} name no common groups. Convert one "
            "of the columns."
        )
    try:
        groups, position = np.unique(np.concatenate([first, second]), return_inverse=True)
    except TypeError as error:
        raise InputError(
            "the labels are of several types and cannot be put in order, perhaps because some are "
            "missing. Fill the gaps with a label of their own."
        ) from error
    k = groups.size
    return (
        groups,
        np.bincount(position[: first.size], minlength=k),
        np.bincount(position[first.size :], minlength=k),
    )


def wilson_interval(
    counts: ArrayLike, n: ArrayLike, *, confidence: float = 0.95
) -> tuple[Reading, Reading]:
    """Confidence interval of a share, by Wilson's score.

    Parameters
    ----------
    counts : array_like of int
        Records in question.
    n : array_like of int
        Records in all.
    confidence : float, default 0.95
        Share of intervals that are to cover.

    Returns
    -------
    low : float or ndarray
        Share, from 0 to 1; NaN where there is no record at all.
    high : float or ndarray
        Likewise.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.

    Notes
    -----
    Wilson (1927): centre ``(k/n + z^2/(2n)) / (1 + z^2/n)``. Covers close to its promise from a
    handful of records on, also for a count of 0.

    Examples
    --------
    >>> low, high = wilson_interval(0, 60)
    >>> float(low), round(float(high), 6)
    (0.0, 0.060172)
    """
    z = quantile_of(confidence)
    k, size = np.asarray(counts, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = k + z * z / 2
        half = z * np.sqrt(k * (size - k) / size + z * z / 4)
        low, high = (centre - half) / (size + z * z), (centre + half) / (size + z * z)
    # at the ends the bound is exact, and rounding must not push it past
    low = np.where(k == 0, 0.0, low)
    high = np.where(k == size, 1.0, high)
    empty = size == 0
    return plain(np.where(empty, np.nan, low)), plain(np.where(empty, np.nan, high))


class Shares(NamedTuple):
    """Shares of the groups and their ratios to the reference, each with an interval.

    Every field has shape ``(..., groups)`` and is dimensionless.

    Parameters
    ----------
    share : ndarray
        Share of the model's records.
    share_low, share_high : ndarray
        Its confidence interval.
    ratio : ndarray
        Share over the reference's share: 1 where nothing changed, 0 where the group is gone, NaN
        where the reference has no record of it.
    ratio_low, ratio_high : ndarray
        Its confidence interval.
    """

    share: Floats
    share_low: Floats
    share_high: Floats
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats


def share_ratios(
    counts: ArrayLike, reference_counts: ArrayLike, *, confidence: float = 0.95
) -> Shares:
    """Share of each group among the model's records, relative to its share of the real ones.

    Parameters
    ----------
    counts : array_like of int, shape (..., groups)
        The model's records in each group.
    reference_counts : array_like of int, shape (..., groups)
        Real records in each group.
    confidence : float, default 0.95
        Share of intervals that are to cover, group by group.

    Returns
    -------
    Shares
        Shares with Wilson's interval, and ratios. A ratio falls under collapse in the groups that
        are being erased; the others must rise.

    Raises
    ------
    InputError
        If a count is negative or not whole, or the confidence is not between 0 and 1.

    Notes
    -----
    The ratio's interval is made of the two Wilson intervals (Donner and Zou 2012), counts the
    error of both samples and is defined for counts of 0. The ratio is nearly unbiased. The
    intervals hold for one group at a time: with many, some will miss 1 by chance, so ask for a
    confidence of ``1 - 0.05 / groups`` before calling one eroded.

    Examples
    --------
    >>> share_ratios([45, 5], [40, 10]).ratio.tolist()
    [1.125, 0.5]
    """
    (c, n), (r, m) = counts_and_size(counts), counts_and_size(reference_counts)
    if c.shape[-1] != r.shape[-1]:
        raise InputError(
            f"counts of {c.shape[-1]} and {r.shape[-1]} groups cannot be compared. Count both "
            "sides over the same groups, as label_counts does."
        )
    n, m = n[..., None], m[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = c / n, np.where(r > 0, r / m, np.nan)
        a_low, a_high = (np.asarray(end) for end in wilson_interval(c, n, confidence=confidence))
        b_low, b_high = (np.asarray(end) for end in wilson_interval(r, m, confidence=confidence))
        middle = a * b
        x, y = a_low * (2 * a - a_low), b_high * (2 * b - b_high)
        low = np.where(a == 0, b * 0, x / (middle + np.sqrt(np.maximum(middle**2 - x * y, 0))))
        x, y = a_high * (2 * a - a_high), b_low * (2 * b - b_low)
        high = (middle + np.sqrt(np.maximum(middle**2 - x * y, 0))) / y
        ratio = a / b
    return Shares(a, a_low, a_high, ratio, low, high)


def worst_hit(
    counts: ArrayLike, reference_counts: ArrayLike, *, confidence: float = 0.95
) -> tuple[NDArray[np.intp], Reading]:
    """Find the group that lost most, as far as the numbers of records allow to say.

    Parameters
    ----------
    counts : array_like of int, shape (..., groups)
        The model's records in each group.
    reference_counts : array_like of int, shape (..., groups)
        Real records in each group.
    confidence : float, default 0.95
        Confidence of the upper end by which the groups are ranked.

    Returns
    -------
    position : ndarray of int, shape (...)
        Which group; -1 where no group can be judged.
    ratio : float or ndarray, shape (...)
        Ratio of its share to the reference's; NaN where no group can be judged.

    Raises
    ------
    InputError
        As in `share_ratios`.

    Notes
    -----
    Ranked by the upper end of the ratio's interval: a group with two real records and none
    generated has ratio 0, and next to no meaning.

    Examples
    --------
    >>> position, ratio = worst_hit([95, 5, 0], [79, 20, 1])
    >>> int(position), float(ratio)
    (1, 0.25)
    """
    shares = share_ratios(counts, reference_counts, confidence=confidence)
    ends = np.where(np.isfinite(shares.ratio_high), shares.ratio_high, np.inf)
    position = np.asarray(ends.argmin(axis=-1))
    known = np.isfinite(ends).any(axis=-1)
    ratio = np.take_along_axis(shares.ratio, position[..., None], axis=-1)[..., 0]
    return np.where(known, position, -1), plain(np.where(known, ratio, np.nan))


def lost_subgroups(counts: ArrayLike, reference_counts: ArrayLike) -> Reading:
    """Number of groups that the reference has and the model's records do not.

    Parameters
    ----------
    counts : array_like of int, shape (..., groups)
        The model's records in each group.
    reference_counts : array_like of int, shape (..., groups)
        Real records in each group.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to the number of groups; rises under collapse. Also 0 or more by chance alone, if
        groups are small: a group of share `p` is missing from `n` unchanged records with
        probability ``(1 - p)^n``.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    A count, not an estimate; grows as the model's sample gets smaller.

    Examples
    --------
    >>> float(lost_subgroups([5, 0, 0], [4, 1, 0]))
    1.0
    """
    (c, _), (r, _) = counts_and_size(counts), counts_and_size(reference_counts)
    return plain(((c == 0) & (r > 0)).sum(axis=-1))
