"""Samples of different size made comparable: what a smaller sample would have shown.

Richness, coverage, entropy and retention all depend on the number of records, so that a large
sample of a collapsed model can look richer than a small real one. Rarefaction computes, without
drawing anything, the expected value over all subsamples of `m` of the records; compare both sides
at one `m`. Every measure here is an unbiased estimate of its expectation for `m` records.

Leading axes are replicates; `starts` marks replicates in ragged form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import (
    Floats,
    Numbers,
    choose_ratio,
    counts_and_size,
    floats,
    plain,
    spread,
    total,
)
from modelcollapse.protocols import Reading

_BLOCK = 1 << 20  # terms of the entropy held at once


def _missed(counts: Numbers, n: Floats, m: float) -> Floats:
    """Probability that none of a state's `c` records is among `m` of `n`: C(n-c, m) / C(n, m)."""
    if not counts.size:
        return np.zeros(counts.shape)
    most = int(counts.max())
    if np.ptp(n) == 0 and most < counts.size:
        # one table for all states and replicates
        table = choose_ratio(np.arange(most + 1.0), n.flat[0], m)
        return np.asarray(table[counts.astype(np.intp)])
    return choose_ratio(counts.astype(np.float64), n, m)


def _checked(
    counts: ArrayLike, m: int, starts: ArrayLike | None, *, spare: int = 0
) -> tuple[Numbers, Floats, Floats]:
    """Counts, size of each replicate, and that size beside each state."""
    array, n = counts_and_size(counts, starts)
    least = n.min() if n.size else 0
    if not 1 <= m <= least - spare or m != int(m):
        raise InputError(
            f"m must be a whole number from 1 to {int(least) - spare}, got {m!r}: rarefaction "
            "looks at fewer records than there are, never at more. Use the size of the smaller "
            "sample."
        )
    return array, n, spread(n, array.shape[-1], starts)


def rarefied_richness(counts: ArrayLike, m: int, *, starts: ArrayLike | None = None) -> Reading:
    """Expected number of states that `m` of the records show.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    m : int
        Number of records to compare at, at most those there are.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        Number of states, from 1 to `m`; falls under collapse.

    Raises
    ------
    InputError
        If `m` is below 1 or above the size of a replicate, or a count is not whole.

    Notes
    -----
    Hurlbert (1971); unbiased for the sum of ``1 - (1 - p)^m``. Relative error from rounding below
    1e-8 up to a million records, 1e-5 at a billion.

    Examples
    --------
    >>> round(float(rarefied_richness([2, 2], 2)), 6)
    1.666667
    """
    array, _, each = _checked(counts, m, starts)
    return plain(total(1 - _missed(array, each, m), starts))


def rarefied_coverage(counts: ArrayLike, m: int, *, starts: ArrayLike | None = None) -> Reading:
    """Expected share of the law's mass on the states that `m` of the records show.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    m : int
        Number of records to compare at, fewer than there are.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1; *rises* under collapse.

    Raises
    ------
    InputError
        If `m` is below 1 or not below the size of a replicate, or a count is not whole.

    Notes
    -----
    Chao and Jost (2012); unbiased for one minus the sum of ``p (1 - p)^m``.

    Examples
    --------
    >>> round(float(rarefied_coverage([2, 1], 1)), 6)
    0.333333
    """
    array, n, each = _checked(counts, m, starts, spare=1)
    # C(n-c, m) / C(n-1, m), from the same table as the richness
    missed = _missed(array, each, m) * (each / (each - m))
    return plain(1 - total(array.astype(np.float64) * missed, starts) / n)


def rarefied_entropy(counts: ArrayLike, m: int) -> float:
    """Expected plug-in entropy of `m` of the records.

    Parameters
    ----------
    counts : array_like of int, shape (states,)
        Records in each state of one sample.
    m : int
        Number of records to compare at, at most those there are.

    Returns
    -------
    float
        In nats, from 0 to the logarithm of `m`; falls under collapse.

    Raises
    ------
    InputError
        If `m` is out of range, a count is not whole, or there is more than one axis.

    Notes
    -----
    Chao et al. (2014); unbiased for the expected plug-in entropy of `m` records, which is itself
    below the entropy of the law. Cost grows with the number of *different* counts; terms beyond
    nine standard deviations are left out.

    Examples
    --------
    >>> round(rarefied_entropy([1, 1], 2), 6)
    0.693147
    """
    array, size, _ = _checked(counts, m, None)
    if array.ndim != 1:
        raise InputError(
            f"the rarefied entropy is computed for one sample at a time, got counts of shape "
            f"{array.shape}. Call it for each replicate."
        )
    n = float(size)
    kinds, how_many = np.unique(array[array > 0], return_counts=True)
    c = kinds.astype(np.float64)
    # How many of a state's c records are among the m is hypergeometric; its bulk is enough.
    centre = c * (m / n)
    reach = 9 * np.sqrt(centre * (1 - c / n)) + 30
    first = np.floor(np.maximum.reduce([np.zeros_like(c), m - (n - c), centre - reach]))
    last = np.ceil(np.minimum.reduce([c, np.full_like(c, m), centre + reach]))
    lengths = (last - first + 1).astype(np.intp)
    value = 0.0
    for part in np.split(np.arange(c.size), _cuts(lengths)):
        width = lengths[part]
        which = np.repeat(part, width)
        k = np.arange(which.size) - np.repeat(np.cumsum(width) - width, width) + first[which]
        logarithm = _log_choose(c[which], k) + _log_choose(n - c[which], m - k)
        weight = np.exp(logarithm - _log_choose(n, m)) * how_many[which]
        share = k / m
        value -= float(
            (weight * np.where(k > 0, share * np.log(np.where(k > 0, share, 1)), 0)).sum()
        )
    return value


def _cuts(lengths: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where to cut a list of windows into parts of bounded total length."""
    block = np.cumsum(lengths) // _BLOCK
    return np.flatnonzero(np.diff(block)) + 1


def _log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    n, k = np.asarray(n, dtype=np.float64), np.asarray(k, dtype=np.float64)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def rarefied_retention(
    counts: ArrayLike, shares: ArrayLike, m: int, *, starts: ArrayLike | None = None
) -> Reading:
    """Share of given real records whose state `m` of the model's records would show.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        The model's records in each state.
    shares : array_like, shape (..., states)
        How the real records in question spread over the same states. They sum to 1 over all
        states; what is missing lies on states that the model did not write.
    m : int
        Number of the model's records to compare at, at most those there are.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.
        The shares are ragged alike.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1; falls under collapse.

    Raises
    ------
    InputError
        If `m` is out of range, a count is not whole, or shares are negative or sum to more than 1.

    Notes
    -----
    Derived for this package: ``1 - sum of share * C(N - g, m) / C(N, m)``, with `g` of the `N`
    generated records in a state. Unbiased for ``1 - sum of share * (1 - q)^m`` with the model's
    law `q`, if the real records are independent of the model's. Two traps that it avoids: the
    share of real states found among *all* generated records grows with their number, and a tail
    that was picked by its low counts in the very sample it is measured on looks lost in any
    other: choose the tail on one half of the real records, take `shares` from the other.

    Examples
    --------
    >>> round(float(rarefied_retention([3, 1, 0], [0.0, 0.5, 0.5], 2)), 6)
    0.25
    """
    array, _, each = _checked(counts, m, starts)
    weights = floats(shares)
    excess = total(weights, starts)
    if (weights.size and weights.min() < 0) or np.any(excess > 1 + 1e-6):
        raise InputError(
            "shares must not be negative nor sum to more than 1: they say how the real records "
            "spread over the states. Divide the counts of the real records by their number."
        )
    return plain(total(weights * (1 - _missed(array, each, m)), starts))
