"""Precision, recall, density and coverage: guards that tell noise from collapse.

Around each record lies the ball that reaches to its k-th neighbour of the same set. Density and
precision above chance together with contraction mean sharpening, below chance noise. Recall rises
under noise and is to be read beside density only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from scipy.special import gammaln

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, same_width
from modelcollapse.metrics.neighbours._reading import DRAWS, Statistic, read
from modelcollapse.metrics.neighbours._search import (
    _BLOCK,
    Cloud,
    Matrix,
    clouds,
    nearest,
    squared_block,
    stored,
)
from modelcollapse.metrics.neighbours.lists import Deal, Mask, Neighbours
from modelcollapse.metrics.signal import Signal


@dataclass(frozen=True)
class Manifold:
    """How two sets of balls overlap; made by `precision_recall`.

    Attributes
    ----------
    precision, recall : float
        Share of new records in the ball of any real one, and the reverse.
    density : float
        Mean number of real balls around a new record, over k.
    coverage : float
        Share of real balls that hold a new record.
    expected_coverage : float
        What coverage would be on average if nothing had changed.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    expected_coverage: float


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Coverage that two sets of one law have on average.

    Parameters
    ----------
    n : int
        Real records, more than k.
    m : int
        New records, at least 1.
    k : int, default 5
        Number of neighbours.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    InputError
        If a number is not whole or too small.

    Notes
    -----
    Exact for any law without ties, ``1 - prod_{i=1..k} (n - i)/(n + m - i)``: a ball is empty if
    the k records nearest to its centre are all real, and any k of the others are as likely the
    nearest. Textbook; unequal sizes can be compared by it.

    Examples
    --------
    >>> round(expected_coverage(2000, 250), 3), round(expected_coverage(2000, 2000), 3)
    (0.446, 0.969)
    """
    if not all(map(is_whole, (n, m, k))) or not 1 <= k < n or m < 1:
        raise InputError(
            f"n, m and k must be whole numbers with 1 <= k < n and 1 <= m, got {n!r}, {m!r} and "
            f"{k!r}: a ball reaches to the k-th other record. Give more records, or lower k."
        )
    empty = gammaln(n) - gammaln(n - k) - gammaln(n + m) + gammaln(n + m - k)
    return float(-np.expm1(empty))


def precision_recall(new: ArrayLike, reference: ArrayLike, *, k: int = 5) -> Manifold:
    """Precision, recall, density and coverage of new records, at any two sizes.

    Parameters
    ----------
    new : array_like, shape (m,) or (m, d)
        New records as rows.
    reference : array_like, shape (n,) or (n, d)
        Real records as rows.
    k : int, default 5
        Number of neighbours.

    Returns
    -------
    Manifold
        Dimensionless. Under collapse coverage falls, late; density and precision grow when records
        are drawn to the modes.

    Raises
    ------
    InputError
        If a set has no more than k records, one holds NaN, or the coordinates differ in number.

    Notes
    -----
    Kynkäänniemi et al. (2019) and Naeem et al. (2020). Exact, in blocks, at bounded memory: pairs
    are compared in single precision, and those within its error of the edge again in double. One
    outlier inflates recall (or precision) by its ball; coverage and density resist.
    """
    X, Y = stored(reference, "reference"), stored(new, "new")
    same_width(X, Y)  # type: ignore[arg-type]  # looks at shapes only
    real = nearest(X, X, k, others=True)[0][:, -1]
    made = nearest(Y, Y, k, others=True)[0][:, -1]
    pair = clouds(X, Y)
    inside = np.zeros(len(Y), dtype=bool)
    met, held = np.zeros(len(X), dtype=bool), np.zeros(len(X), dtype=np.int64)
    step = max(1, _BLOCK // len(Y))
    for i in range(0, len(X), step):
        which = slice(i, i + step)
        around_real, around_new = _balls(X, Y, pair, which, real, made)
        held[which] = np.count_nonzero(around_real, axis=1)
        inside |= around_real.any(axis=0)
        met[which] = around_new.any(axis=1)
    return Manifold(
        float(inside.mean()),
        float(met.mean()),
        float(held.sum()) / (k * len(Y)),
        float((held > 0).mean()),
        expected_coverage(len(X), len(Y), k),
    )


def _balls(
    X: Matrix, Y: Matrix, pair: tuple[Cloud, Cloud], which: slice, real: Floats, made: Floats
) -> tuple[Mask, Mask]:
    """Which pairs of some real and all new records lie within the ball of the one, of the other."""
    near, far = pair
    squared = squared_block(near, far, which)
    radius = np.square(real[which] / near.scale)
    other = np.square(made / near.scale)
    slack, other_slack = near.slack(radius, which), far.slack(other, slice(None))
    lower, upper = _around(squared, radius[:, None], slack[:, None])
    low, high = _around(squared, other, other_slack)
    doubtful = np.flatnonzero((lower != upper) | (low != high))
    if len(doubtful) > squared.size // 100 and near.dtype is np.float32:
        return _balls(X, Y, clouds(X, Y, np.float64), which, real, made)
    line, column = np.divmod(doubtful, len(Y))
    line += which.start
    for i in range(0, len(doubtful), _BLOCK // X.shape[1] + 1):
        part = slice(i, i + _BLOCK // X.shape[1] + 1)
        apart = Y[column[part]].astype(np.float64) - X[line[part]]
        exact = np.sqrt(np.einsum("ij,ij->i", apart, apart))
        lower.flat[doubtful[part]] = exact < real[line[part]]
        low.flat[doubtful[part]] = exact < made[column[part]]
    return lower, low


def _around(squared: Matrix, radius: Floats, slack: Floats) -> tuple[Mask, Mask]:
    """Pairs that are surely, and those that may be, nearer than a radius."""
    # rounding of the edges themselves is far below the slack
    kind = squared.dtype
    return squared < (radius - slack).astype(kind), squared < (radius + slack).astype(kind)


def _covered(deal: Deal) -> float:
    return float((deal.visitors[deal.reference] > 0).mean())


def _density(deal: Deal) -> float:
    return float(deal.visitors[deal.reference].sum()) / (deal.k * int(deal.new.sum()))


COVERAGE = Statistic(_covered, "falls")
DENSITY = Statistic(_density, "either")


def coverage(found: Neighbours, *, rng: Generator, draws: int = DRAWS) -> Signal:
    """Share of real records' balls that hold a new record.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        From 0 to 1; falls under collapse, late, and under noise. `expected` is
        `expected_coverage` up to the draws' error, and below it where distances are tied.

    Notes
    -----
    Naeem et al. (2020), at one size.
    """
    return read(found, {"coverage": COVERAGE}, rng=rng, draws=draws)["coverage"]


def density(found: Neighbours, *, rng: Generator, draws: int = DRAWS) -> Signal:
    """Mean number of real records' balls around a new record, over k.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        1 if nothing has changed, exactly on average; above 1 where records are drawn to the modes,
        below 1 under noise.

    Notes
    -----
    Naeem et al. (2020), at one size. A guard: `p` is two-sided.
    """
    return read(found, {"density": DENSITY}, rng=rng, draws=draws)["density"]
