"""Exact draws from many discrete laws at once, laid out one behind the other.

The layout: `values` of all segments concatenated, segment `r` being
``values[starts[r]:starts[r + 1]]``. In a batch each segment is one replicate, and segments shrink
at their own pace as states die.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# Work of a Poisson draw that does not depend on its size, in entries (measured).
_FIXED_COST = 500
# NumPy draws hypergeometric numbers by their marginals only below this many records.
_LARGEST_HYPERGEOMETRIC = 10**9


def segment_sum(values: NDArray[Any], starts: Integers) -> NDArray[Any]:
    """Sum each segment; an empty one sums to 0.

    Parameters
    ----------
    values : ndarray, shape (entries,)
        Numbers; truth values are counted.
    starts : ndarray of int, shape (segments + 1,)
        Where each segment starts, and the end of the last.

    Returns
    -------
    ndarray, shape (segments,)
        The sums.

    Examples
    --------
    >>> segment_sum(np.array([1, 2, 3]), np.array([0, 2, 2, 3]))
    array([3, 0, 3])
    """
    dtype = np.int64 if values.dtype == bool else values.dtype
    filled = starts[1:] > starts[:-1]
    if filled.all():
        return np.asarray(np.add.reduceat(values, starts[:-1], dtype=dtype))
    # reduceat has no empty segments; the filled ones follow each other without a gap.
    sums = np.zeros(len(starts) - 1, dtype=dtype)
    if filled.any():
        sums[filled] = np.add.reduceat(values, starts[:-1][filled], dtype=dtype)
    return sums


def multinomial(weights: Integers, starts: Integers, n: int | Integers, rng: Generator) -> Integers:
    """Draw `n` records from each segment's law: one multinomial sample a segment.

    Parameters
    ----------
    weights : ndarray of int, shape (entries,)
        What the probabilities are proportional to, all larger than 0.
    starts : ndarray of int, shape (segments + 1,)
        Layout of `weights`.
    n : int or ndarray of int, shape (segments,)
        Records to draw, 0 for a segment without entries.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int, shape (entries,)
        How often each entry was drawn.

    Notes
    -----
    Two ways of the same law, textbook both; the cheaper one is taken. *Binomials*: one conditional
    binomial number an entry. *Poisson*: independent Poisson numbers, which given their total `T`
    are a multinomial sample of `T` records; ``n - T`` further records are drawn, or ``T - n`` of
    those drawn are removed at random. An entry costs half as much as by binomials, but about
    ``0.8 sqrt(n)`` records a segment must be corrected.
    """
    numbers = np.broadcast_to(np.asarray(n, dtype=np.int64), len(starts) - 1)
    if len(weights) > _FIXED_COST + np.sqrt(numbers).sum():
        return _poisson(weights, starts, numbers, rng)
    return _binomials(weights, starts, numbers, rng)


def _poisson(weights: Integers, starts: Integers, n: Integers, rng: Generator) -> Integers:
    totals = segment_sum(weights, starts)
    rate = n / np.maximum(totals, 1)
    drawn = rng.poisson(weights * np.repeat(rate, np.diff(starts)))
    missing = n - segment_sum(drawn, starts)
    more = _positions(np.maximum(missing, 0), totals, rng)
    more.sort()  # sorted needles make the search about three times as fast
    drawn += _tally(more, weights)
    surplus = np.maximum(-missing, 0)
    return np.asarray(drawn - _without_replacement(drawn, starts, surplus, rng))


def _binomials(weights: Integers, starts: Integers, n: Integers, rng: Generator) -> Integers:
    lengths = np.diff(starts)
    width = int(lengths.max(initial=1))
    law = np.zeros((len(lengths), width))
    # Flush right: the last cell takes what rounding leaves over, so it must hold an entry.
    cells = np.arange(width) >= (width - lengths)[:, None]
    law[cells] = weights / np.repeat(segment_sum(weights, starts), lengths)
    return np.asarray(rng.multinomial(n, law)[cells])


def hypergeometric(
    counts: Integers, starts: Integers, k: int | Integers, rng: Generator
) -> Integers:
    """Choose `k` of each segment's records at random, without replacement.

    Parameters
    ----------
    counts : ndarray of int, shape (entries,)
        Records of each entry.
    starts : ndarray of int, shape (segments + 1,)
        Layout of `counts`.
    k : int or ndarray of int, shape (segments,)
        Records to choose, at most as many as the segment holds.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int, shape (entries,)
        How many of each entry's records were chosen: multivariate hypergeometric.

    Notes
    -----
    Either the chosen records are drawn one by one (or those left out, where they are fewer), or one
    hypergeometric number an entry, whichever is less work.
    """
    totals = segment_sum(counts, starts)
    chosen = np.broadcast_to(np.asarray(k, dtype=np.int64), totals.shape)
    inverted = 2 * chosen > totals
    fewer = np.where(inverted, totals - chosen, chosen)
    if fewer.sum() > 2 * len(counts) and totals.max() < _LARGEST_HYPERGEOMETRIC:
        drawn = [
            rng.multivariate_hypergeometric(counts[start:end], number, method="marginals")
            for start, end, number in zip(starts[:-1], starts[1:], chosen, strict=True)
            if end > start
        ]
        return np.concatenate(drawn)
    drawn_fewer = _without_replacement(counts, starts, fewer, rng)
    kept = np.repeat(inverted, np.diff(starts))
    return np.asarray(np.where(kept, counts - drawn_fewer, drawn_fewer))


def _without_replacement(
    counts: Integers, starts: Integers, k: Integers, rng: Generator
) -> Integers:
    """Choose `k` records of each segment by their positions, drawing again what was drawn twice.

    What is already chosen is never given up, and every record not yet chosen is equally likely
    to be next; so all sets of `k` records are equally likely.
    """
    totals = segment_sum(counts, starts)
    bounds = offsets(totals)
    chosen = np.zeros(0, dtype=np.int64)
    lacking = k
    while lacking.any():
        chosen = np.sort(np.concatenate([chosen, _positions(lacking, totals, rng)]))
        chosen = chosen[np.diff(chosen, prepend=-1) > 0]
        lacking = k - np.diff(np.searchsorted(chosen, bounds))
    return _tally(chosen, counts)


def _positions(n: Integers, totals: Integers, rng: Generator) -> Integers:
    """`n` uniform positions among each segment's records, all records being numbered through."""
    within = rng.random(int(n.sum())) * np.repeat(totals, n)
    return np.asarray(within.astype(np.int64) + np.repeat(offsets(totals)[:-1], n))


def _tally(positions: Integers, counts: Integers) -> Integers:
    """Entries of the records at sorted `positions`, counted."""
    entries = np.searchsorted(np.cumsum(counts), positions, side="right")
    return np.asarray(np.bincount(entries, minlength=len(counts)))


def offsets(lengths: NDArray[Any]) -> Integers:
    """Layout of segments of the given lengths: where each starts, and the end of the last.

    Parameters
    ----------
    lengths : ndarray of int, shape (segments,)
        Entries in each segment.

    Returns
    -------
    ndarray of int, shape (segments + 1,)
        The starts.
    """
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
