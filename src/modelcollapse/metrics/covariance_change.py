"""Shape of the spread of records: volume, and how many directions carry the variance.

The total variance overlooks the loss of a direction that held little of it. The measures here see
that, at the price of a bias that grows with the number of coordinates and must be taken out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import pair_of
from modelcollapse.metrics._estimates import Spread, pooled, signal, undefined
from modelcollapse.metrics.jackknife import GROUPS, jackknife_variance, position_groups
from modelcollapse.metrics.signal import Signal

_LEAST = 4  # records of a side
_ENOUGH = 10  # records per coordinate from which a covariance is read as it is


def log_determinant_change(
    new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95
) -> Signal:
    """Difference of the logarithms of two generalised variances.

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
        In nats; falls under collapse, and sees the loss of one direction that `trace_ratio`
        overlooks. `expected` is the difference of the biases. Minus infinity without interval and
        p where the new records lie in fewer dimensions; NaN where the real ones do.

    Raises
    ------
    InputError
        If records have gaps, the coordinates differ in number, a side has fewer than four records,
        or the confidence is not between 0 and 1.

    Notes
    -----
    With fewer than 10 d records on a side both covariances are shrunk towards a multiple of the
    identity, in units and by a share that do not favour a side: the oracle of Chen et al. (2010)
    for the number of records of the smaller one, at the mean shape of both. Bias and error by a
    jackknife over 20 groups of records, whatever the law; for normal records the bias is that of
    `modelcollapse.metrics.moments.log_generalised_variance_bias`.
    """
    first, second = pair_of(new, reference, _LEAST)
    sizes, d = (len(first), len(second)), first.shape[1]
    quantile_of(confidence)
    # less a record first: a constant becomes exactly 0
    own, scale = (np.std(side - side[0], axis=0) for side in (first, second))
    if not (scale > 0).all():
        return undefined("falls", sizes)
    scale = np.sqrt(np.where(own > 0, own, scale) * scale)
    sides = [(side - second[0]) / scale for side in (first, second)]
    few = min(sizes) < _ENOUGH * d
    share = _shrinkage(sides[0], sides[1]) if few else 0.0

    def log_determinant(cov: Floats) -> float:
        mixed = (1 - share) * cov + share * np.trace(cov) / d * np.eye(d)
        eigenvalues = np.linalg.eigvalsh(mixed)
        if eigenvalues[0] <= 10 * d * np.finfo(float).eps * eigenvalues[-1]:
            return -np.inf
        return float(np.log(eigenvalues).sum())

    a, b = (_by_groups(side, log_determinant) for side in sides)
    if b.value == -np.inf:
        return undefined("falls", sizes)
    if a.value == -np.inf:
        nan = float("nan")
        return Signal(-np.inf, 0.0, nan, nan, nan, nan, "falls", *sizes)
    return signal(
        a.value - b.value, a.bias - b.bias, pooled(a.spread, b.spread), "falls", sizes, confidence
    )


def effective_rank_ratio(
    new: ArrayLike, reference: ArrayLike, *, confidence: float = 0.95
) -> Signal:
    """Quotient of two effective ranks: how evenly the directions share the variance.

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
        Falls where variance is lost unevenly, blind to a loss in all directions alike; depends on
        the units of the coordinates. `expected` is the quotient of the biases. NaN where a side
        does not vary.

    Raises
    ------
    InputError
        If records have gaps, the coordinates differ in number, a side has fewer than four records,
        or the confidence is not between 0 and 1.

    Notes
    -----
    Roy and Vetterli (2007): exponential of the entropy of the shares of variance of the principal
    directions. Bias and error by a jackknife over 20 groups of records; give ten or more records
    per coordinate.
    """
    first, second = pair_of(new, reference, _LEAST)
    sizes = len(first), len(second)
    quantile_of(confidence)

    def entropy(cov: Floats) -> float:
        shares = np.maximum(np.linalg.eigvalsh(cov), 0.0)
        if not shares[-1] > 0:
            return -np.inf
        shares = shares[shares > 0] / shares.sum()
        return float(-(shares @ np.log(shares)))

    a, b = (_by_groups(side, entropy) for side in (first, second))
    if -np.inf in (a.value, b.value):
        return undefined("falls", sizes)
    return signal(
        float(np.exp(a.value - b.value)), float(np.exp(a.bias - b.bias)),
        pooled(a.spread, b.spread), "falls", sizes, confidence, logs=True,
    )  # fmt: skip


def _shrinkage(first: Floats, second: Floats) -> float:
    """Best share of the identity, after Chen et al. (2010), for the side with fewer records.

    From both sides alike: a share that follows the chances of one of them favours it.
    """
    n, d = min(len(first), len(second)), first.shape[1]
    covs = [np.atleast_2d(np.cov(side, rowvar=False)) for side in (first, second)]
    shape = np.mean([cov / max(np.trace(cov), np.finfo(float).tiny) for cov in covs], axis=0)
    squares, square = float(np.square(shape).sum()), float(np.trace(shape)) ** 2
    above = (1 - 2 / d) * squares + square
    below = (n + 1 - 2 / d) * squares + (1 - n / d) * square
    return 1.0 if above >= below else above / below


class _Estimate(NamedTuple):
    """A statistic of a covariance, its bias and its spread."""

    value: float
    bias: float
    spread: Spread


def _by_groups(X: Floats, statistic: Callable[[Floats], float]) -> _Estimate:
    """Statistic and its jackknife over groups of records; minus infinity where one has none."""
    n = len(X)
    groups = min(GROUPS, n)
    of = position_groups(n, groups)
    X = X - X[0]
    X -= X.mean(axis=0)
    whole = X.T @ X
    value = statistic(whole / (n - 1))
    replicates, sizes = np.empty(groups), np.bincount(of)
    for g, size in enumerate(sizes):
        part = X[of == g]
        own = part.sum(axis=0)
        # what is left is centred anew: all sums add up to 0
        left = whole - part.T @ part - np.outer(own, own) / (n - size)
        replicates[g] = statistic(left / (n - size - 1))
    if not np.isfinite([value, *replicates]).all():
        return _Estimate(-np.inf, 0.0, Spread(0.0, np.inf))
    bias = float((1 - sizes / n) @ replicates) - (groups - 1) * value
    variance = float(jackknife_variance(value, replicates, sizes))
    return _Estimate(value, bias, Spread(variance, groups - 1.0))
