"""Omnibus tests of two sets of records: whether anything has changed at all.

Energy distance, maximum mean discrepancy and KID in their unbiased forms, with a permutation p.
They see every kind of change and name none; early collapse, which takes tails and small groups,
hardly moves them.

Columns in different units are to be standardised before, both sets by the reference. A copy of a
real record is no new record: sets that share records look more alike than independent ones of the
same law, so that the test errs on the side of no change. Copies within a set, and ties, are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import Blocks, checked_draws, deal, pair_of
from modelcollapse.metrics.jackknife import jackknife_variance
from modelcollapse.metrics.kernels import median_bandwidth
from modelcollapse.metrics.neighbours._reading import _probability as probability
from modelcollapse.metrics.signal import Signal

_TILE = 1 << 19  # pairs held at once

Kernel = Callable[[Floats, Floats], Floats]


def energy_signal(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    rng: Generator,
    draws: int = 999,
    confidence: float = 0.95,
) -> Signal:
    """Energy distance of two sets of records, with its permutation p.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 999
        Exchanges that the null law is read from.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        In the units of the records, 0 on average if nothing has changed, and then negative half of
        the time; grows with any change.

    Raises
    ------
    InputError
        If a set has fewer than two records or gaps, the coordinates differ in number, or there are
        fewer than 99 draws.

    Notes
    -----
    Unbiased form of `modelcollapse.metrics.kernels.energy_distance` (Székely and Rizzo 2013). p by
    exchange of random blocks, 100 or more of the smaller set, summed in one pass over all pairs;
    it has its size exactly. Error by a jackknife over the blocks. Cost O((n + m)^2 d): take samples
    of at most 10,000 records. Depends on the units of the coordinates.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> reading = energy_signal(rng.normal(size=200), 1 + rng.normal(size=200), rng=rng)
    >>> reading.p < 0.001
    True
    """
    first, second = pair_of(new, reference)
    return _test(first, second, _distances, rng, draws, confidence)


def mmd_signal(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    rng: Generator,
    bandwidth: float | None = None,
    draws: int = 999,
    confidence: float = 0.95,
) -> Signal:
    """Squared maximum mean discrepancy of two sets of records, with its permutation p.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness.
    bandwidth : float, optional
        Width ``h`` of the kernel ``exp(-|x - y|^2 / (2 h^2))``, in the units of the records;
        default `modelcollapse.metrics.kernels.median_bandwidth` of the reference.
    draws : int, default 999
        Exchanges that the null law is read from.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        Dimensionless, 0 on average if nothing has changed, at most 2; grows with any change.

    Raises
    ------
    InputError
        If a set has fewer than two records or gaps, the coordinates differ in number, the bandwidth
        is not positive, or there are fewer than 99 draws.

    Notes
    -----
    Unbiased form (Gretton et al. 2012, equation 3); p, error and cost as in `energy_signal`.
    """
    first, second = pair_of(new, reference)
    width = median_bandwidth(second) if bandwidth is None else float(bandwidth)
    if not 0 < width < np.inf:
        raise InputError(
            f"the bandwidth must be larger than 0 and finite, got {bandwidth!r}: it is the "
            "distance at which two records stop being alike. Leave it out for the median distance."
        )

    def kernel(A: Floats, B: Floats) -> Floats:
        squared = _squared(A, B)
        squared *= -0.5 / width**2
        return np.asarray(np.exp(squared, out=squared))

    return _test(first, second, kernel, rng, draws, confidence)


def kid_signal(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    rng: Generator,
    draws: int = 999,
    confidence: float = 0.95,
) -> Signal:
    """Kernel inception distance: discrepancy with a cubic kernel, for embeddings of images.

    Parameters
    ----------
    new : array_like, shape (n, d)
        Embeddings of the new records, as rows.
    reference : array_like, shape (m, d)
        Embeddings of the real records.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 999
        Exchanges that the null law is read from.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        Dimensionless, 0 on average if nothing has changed; grows with changes of the first three
        moments.

    Raises
    ------
    InputError
        If a set has fewer than two records or gaps, the coordinates differ in number, or there are
        fewer than 99 draws.

    Notes
    -----
    Bińkowski et al. (2018): kernel ``(x y / d + 1)^3``, unbiased form over all records instead of a
    mean over subsets. Not invariant to a shift of all embeddings: give them as the encoder does.
    """
    first, second = pair_of(new, reference)

    def kernel(A: Floats, B: Floats) -> Floats:
        product = A @ B.T
        product /= A.shape[1]
        product += 1
        return np.asarray(product * product * product)

    return _test(first, second, kernel, rng, draws, confidence, centred=False)


def _squared(A: Floats, B: Floats) -> Floats:
    """Squared distances; 0 where rounding left no digit, so that copies coincide."""
    a, b = np.einsum("ij,ij->i", A, A), np.einsum("ij,ij->i", B, B)
    out = (-2 * A) @ B.T
    out += a[:, None]
    out += b
    noise = 8 * (A.shape[1] + 10) * np.finfo(np.float64).eps
    out[out < noise * a[:, None]] = 0
    return np.asarray(out)


def _distances(A: Floats, B: Floats) -> Floats:
    squared = _squared(A, B)
    np.sqrt(squared, out=squared)
    return np.asarray(np.negative(squared, out=squared))


def _block_sums(points: Floats, kernel: Kernel, blocks: Blocks) -> Floats:
    """Sums of the kernel over all pairs of distinct records of each two blocks."""
    starts, number = blocks.starts, blocks.sizes.size
    ends = starts + blocks.sizes
    sums = np.zeros((number, number))
    first = 0
    while first < number:
        begin = starts[first]
        height = max(1, _TILE // (len(points) - begin))
        last = max(first + 1, int(np.searchsorted(ends, begin + height, side="right")))
        tile = kernel(points[begin : ends[last - 1]], points[begin:])
        np.fill_diagonal(tile, 0.0)
        across = np.add.reduceat(tile, starts[first:] - begin, axis=1)
        part = np.add.reduceat(across, starts[first:last] - begin, axis=0)
        sums[first:last, first:] = part
        sums[first:, first:last] = part.T
        first = last
    return sums


def _discrepancy(own: Any, other: Any, cross: Any, n: Any, m: Any) -> Floats:
    return np.asarray(own / (n * (n - 1)) + other / (m * (m - 1)) - 2 * cross / (n * m))


def _test(
    new: Floats,
    reference: Floats,
    kernel: Kernel,
    rng: Generator,
    draws: int,
    confidence: float,
    centred: bool = True,
) -> Signal:
    z, draws = quantile_of(confidence), checked_draws(draws)
    n, m = len(new), len(reference)
    blocks = deal(n, m, rng=rng)
    points = np.concatenate([new, reference])[blocks.order]
    if centred:  # the distance from the origin would cost digits
        points -= reference.mean(axis=0)
    sums = _block_sums(points, kernel, blocks)
    is_new = blocks.new.astype(np.float64)
    # the given sides first, then those of the draws
    sides = np.concatenate([is_new[None], blocks.exchanged(draws, rng=rng)])
    mixed = sides @ sums
    own = np.einsum("ij,ij->i", mixed, sides)
    cross = mixed.sum(axis=1) - own
    other = sums.sum() - own - 2 * cross
    values = _discrepancy(own, other, cross, n, m)
    value = float(values[0])

    # what remains without each block
    to_new, to_reference = sums @ is_new, sums @ (1 - is_new)
    inside = np.diag(sums)
    left = _discrepancy(
        own[0] - np.where(blocks.new, 2 * to_new - inside, 0.0),
        other[0] - np.where(blocks.new, 0.0, 2 * to_reference - inside),
        cross[0] - np.where(blocks.new, to_reference, to_new),
        n - np.where(blocks.new, blocks.sizes, 0),
        m - np.where(blocks.new, 0, blocks.sizes),
    ) if min(n, m) - blocks.sizes.max() >= 2 else np.full(len(sums), np.nan)  # fmt: skip
    error = float(np.sqrt(sum(
        jackknife_variance(value, left[side], blocks.sizes[side])
        for side in (blocks.new, ~blocks.new)
    )))  # fmt: skip
    p = probability(value, values[1:], "grows")
    return Signal(value, 0.0, error, value - z * error, value + z * error, p, "grows", n, m)
