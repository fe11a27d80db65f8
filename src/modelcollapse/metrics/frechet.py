"""Fréchet distance of two sets of records, beside its expectation, and without its bias.

The distance of two samples of one law is far from 0 in high dimension, and falls with their sizes:
a value at one size says nothing of one at another. It sees means and covariances only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import Blocks, checked_draws, deal, pair_of
from modelcollapse.metrics.distances import gaussian_w2_squared
from modelcollapse.metrics.jackknife import GROUPS, jackknife_variance, position_groups
from modelcollapse.metrics.moments import mean_and_root
from modelcollapse.metrics.neighbours._reading import _probability as probability
from modelcollapse.metrics.signal import Signal

_MOMENTS = 1 << 24  # numbers held at once as moments of blocks


def frechet_distance(new: ArrayLike, reference: ArrayLike) -> float:
    """Fréchet distance between Gaussian laws fitted to two sets of records.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records (embeddings) as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.

    Returns
    -------
    float
        In squared units of the records, 0 or larger; grows under collapse and any other change of
        mean or covariance.

    Raises
    ------
    InputError
        If a set has fewer than two records or gaps, or the coordinates differ in number.

    Notes
    -----
    Heusel et al. (2017); covariances with divisor n - 1. Biased upwards by a term of order
    ``d (1/n + 1/m)``: see `frechet_signal` and `extrapolated_frechet`.

    Examples
    --------
    >>> round(frechet_distance([0.0, 2.0], [3.0, 5.0]), 6)
    9.0
    """
    first, second = pair_of(new, reference)
    return float(gaussian_w2_squared(*mean_and_root(first), *mean_and_root(second)))


class _Moments(NamedTuple):
    """Sums over blocks: records, coordinates and products, and the blocks they are of."""

    sizes: Floats
    sums: Floats
    products: Floats
    blocks: Blocks

    def distances(self, new: Floats, reference: Floats) -> Floats:
        """Fréchet distances, shape (draws,), between sides of blocks, shape (draws, blocks)."""
        d = self.sums.shape[1]
        laws: list[Floats] = []
        for side in (new, reference):
            size = (side @ self.sizes)[:, None]
            mean = side @ self.sums / size
            second = (side @ self.products).reshape(-1, d, d)
            cov = second - size[..., None] * mean[:, :, None] * mean[:, None, :]
            values, vectors = np.linalg.eigh(cov / (size[..., None] - 1))
            root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
            laws += [mean, root]
        return np.asarray(gaussian_w2_squared(*laws))


def _moments(new: Floats, reference: Floats, rng: Generator) -> _Moments:
    d = new.shape[1]
    blocks = deal(len(new), len(reference), rng=rng, most=max(40, min(2_000, _MOMENTS // d**2)))
    points = (np.concatenate([new, reference]) - reference.mean(axis=0))[blocks.order]
    parts = np.split(points, blocks.starts[1:])
    products = np.array([(part.T @ part).ravel() for part in parts])
    sums = np.array([part.sum(axis=0) for part in parts])
    return _Moments(blocks.sizes.astype(np.float64), sums, products, blocks)


def frechet_signal(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    rng: Generator,
    draws: int = 199,
    confidence: float = 0.95,
) -> Signal:
    """Fréchet distance of two sets of records, beside its expectation at these sizes.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records (embeddings) as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 199
        Exchanges that expectation and p are read from; each costs O(d^3).
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        In squared units of the records; `expected` is far from 0 in high dimension.

    Raises
    ------
    InputError
        If a set has fewer than four records or gaps, the coordinates differ in number, or there
        are fewer than 99 draws.

    Notes
    -----
    `frechet_distance`; p by exchange of random blocks as in `energy_signal`. Error by a jackknife
    over groups of records, somewhat too large; the interval is that of the distance at these sizes,
    chance included.
    """
    z, draws = quantile_of(confidence), checked_draws(draws)
    first, second = pair_of(new, reference, 4)
    n, m = len(first), len(second)
    found = _moments(first, second, rng)
    new_side = found.blocks.new.astype(np.float64)
    sides = found.blocks.exchanged(draws, rng=rng)
    null = found.distances(sides, 1 - sides)
    value = frechet_distance(first, second)

    variance = 0.0
    for side in (new_side, 1 - new_side):
        own = np.flatnonzero(side)
        group = position_groups(own.size, min(GROUPS, own.size))
        left = np.repeat(side[None], group.max() + 1, axis=0)
        left[group, own] = 0.0
        other = np.repeat(1 - side[None], len(left), axis=0)
        sizes = (side - left) @ found.sizes
        variance += float(jackknife_variance(value, found.distances(left, other), sizes))
    error = variance**0.5
    return Signal(
        value, float(null.mean()), error, max(value - z * error, 0.0), value + z * error,
        probability(value, null, "grows"), "grows", n, m,
    )  # fmt: skip


def extrapolated_frechet(
    new: ArrayLike, reference: ArrayLike, *, rng: Generator, splits: int = 20
) -> float:
    """Fréchet distance extrapolated to infinitely many records.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records (embeddings) as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness.
    splits : int, default 20
        How often both sets are halved.

    Returns
    -------
    float
        In squared units of the records; comparable between sizes, and may be negative.

    Raises
    ------
    InputError
        If a set has fewer than eight records or gaps, the coordinates differ in number, or
        `splits` is not a whole number from 1 upwards.

    Notes
    -----
    After Chong and Forsyth (2020), who extrapolate in 1/n: twice the distance less its mean over
    halves of both sets, which takes out the bias of first order of either set.
    """
    if not is_whole(splits) or splits < 1:
        raise InputError(
            f"splits must be a whole number from 1 upwards, got {splits!r}: the distance of halves "
            "shows its dependence on size. Use 20."
        )
    first, second = pair_of(new, reference, 8)
    found = _moments(first, second, rng)
    halves: list[Floats] = []
    for side in (found.blocks.new, ~found.blocks.new):
        own = np.flatnonzero(side)
        half = np.zeros((2 * splits, side.size))
        for i in range(splits):
            picked = rng.permutation(own)
            half[2 * i, picked[: own.size // 2]] = 1.0
            half[2 * i + 1, picked[own.size // 2 :]] = 1.0
        halves.append(half)
    return 2 * frechet_distance(first, second) - float(found.distances(*halves).mean())
