"""Ratios of sums over records, compared between two data sets: tails and spread of many columns.

The columns of a record depend on each other, so that values beyond a cut are no independent
events. Here every record carries one score, such as the number of its values beyond their cuts,
and one weight, the number of values it has; sums of these and of their squares are all that is
needed, and add up over shards.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import floats, quantile_of
from modelcollapse.metrics._estimates import Spread, pooled, signal, undefined
from modelcollapse.metrics.signal import Direction, Signal


@dataclass(frozen=True)
class RatioSums:
    """Sums over the records of a data set; ``+`` joins those of two parts of it.

    Attributes
    ----------
    n : int
        Records.
    total, weight : float
        Sum of the scores, and of the weights.
    squares, products, weight_squares : float
        Sums of the squared score, of score times weight, and of the squared weight.
    """

    n: int
    total: float
    weight: float
    squares: float
    products: float
    weight_squares: float

    @classmethod
    def of(cls, scores: ArrayLike, weights: ArrayLike) -> RatioSums:
        """Sums of given scores and weights.

        Parameters
        ----------
        scores, weights : array_like, shape (n,)
            Of each record, finite; weights are not negative.
        """
        y, d = floats(scores), floats(weights)
        if y.ndim != 1 or y.shape != d.shape or not (np.isfinite(y).all() and np.isfinite(d).all()):
            raise InputError(
                f"scores and weights must be two lists of finite numbers of one length, got shapes "
                f"{y.shape} and {d.shape}. A record without values has score 0 and weight 0."
            )
        return cls(len(y), *(float(x) for x in (y.sum(), d.sum(), y @ y, y @ d, d @ d)))

    def __add__(self, other: RatioSums) -> RatioSums:
        """Sums over the records of both."""
        added = (getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        return RatioSums(*added)

    @property
    def ratio(self) -> float:
        """Sum of the scores per unit of weight; NaN without weight."""
        return self.total / self.weight if self.weight > 0 else float("nan")

    def residual_variance(self, ratio: float) -> float:
        """Variance of the sum of ``score - ratio * weight``, the records being independent.

        Parameters
        ----------
        ratio : float
            Expected score per unit of weight.
        """
        squares = self.squares - 2 * ratio * self.products + ratio**2 * self.weight_squares
        mean = (self.total - ratio * self.weight) / self.n
        return max(squares - self.n * mean**2, 0.0) * self.n / max(self.n - 1, 1)


def ratio_signal(
    new: RatioSums, reference: RatioSums, *, collapse: Direction = "falls", confidence: float = 0.95
) -> Signal:
    """Quotient of two ratios of sums, for scores that are positive numbers such as deviations.

    Parameters
    ----------
    new, reference : RatioSums
        Of the new and of the real records.
    collapse : {"falls", "grows", "either"}, default "falls"
        Where the quotient goes under collapse.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        1 where nothing changed; NaN where a side has fewer than two records, no weight or a
        total of zero in the reference. Interval and test on the logarithm.

    Notes
    -----
    Textbook ratio estimator: the variance of ``log(sum y / sum d)`` is that of the residuals
    ``y - R d`` over ``(sum y)^2``; records are independent, what is inside one need not be.

    Examples
    --------
    >>> wide = RatioSums.of([1.0, 2.0, 3.0, 2.0], [1, 1, 1, 1])
    >>> narrow = RatioSums.of([0.5, 1.0, 1.5, 1.0], [1, 1, 1, 1])
    >>> ratio_signal(narrow, wide).value
    0.5
    """
    sizes = (new.n, reference.n)
    if min(sizes) < 2 or not (new.weight > 0 and reference.weight > 0 and reference.total > 0):
        return undefined(collapse, sizes)
    if not new.total > 0:
        return _none_at_all(collapse, sizes, confidence)
    spread = pooled(*(_log_spread(side) for side in (new, reference)))
    return signal(
        new.ratio / reference.ratio, 1.0, spread, collapse, sizes, confidence, logs=True
    )  # fmt: skip


def _log_spread(side: RatioSums) -> Spread:
    return Spread(side.residual_variance(side.ratio) / side.total**2, side.n - 1.0)


def _none_at_all(collapse: Direction, sizes: tuple[int, int], confidence: float) -> Signal:
    """A side whose scores are all zero: constant columns, say. Nothing varies, and that is sure."""
    quantile_of(confidence)
    return Signal(0.0, 1.0, 0.0, 0.0, 0.0, float(collapse == "grows"), collapse, *sizes)


def count_ratio_signal(
    new: RatioSums, reference: RatioSums, *, collapse: Direction = "falls", confidence: float = 0.95
) -> Signal:
    """Quotient of two rates of rare events, for scores that count the events of a record.

    Parameters
    ----------
    new, reference : RatioSums
        Of the new and of the real records.
    collapse : {"falls", "grows", "either"}, default "falls"
        Where the quotient goes under collapse.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        1 where nothing changed; NaN where a side has fewer than two records or no weight, or
        neither saw an event. Upwards unbounded where the reference saw none.

    Notes
    -----
    Given the events of both sides together, those of the new one are binomial if records have at
    most one; where records have several at once, both counts are divided by the variance per event
    that both sides show under a common rate (quasi-Poisson, McCullagh and Nelder 1989, section
    6.2.3). Jeffreys' interval of the binomial share, turned into a quotient, and the tail
    probability that belongs to it: both hold for no events at all.

    Examples
    --------
    >>> none = RatioSums(1000, 0.0, 12000.0, 0.0, 0.0, 144000.0)
    >>> some = RatioSums(1000, 120.0, 12000.0, 150.0, 1440.0, 144000.0)
    >>> reading = count_ratio_signal(none, some)
    >>> reading.value, round(reading.high, 3), reading.p < 1e-20
    (0.0, 0.024, True)
    """
    sizes = (new.n, reference.n)
    quantile_of(confidence)
    events, weight = new.total + reference.total, new.weight + reference.weight
    if min(sizes) < 2 or not (new.weight > 0 and reference.weight > 0 and events > 0):
        return undefined(collapse, sizes)
    rate = events / weight
    per_event = sum(side.residual_variance(rate) for side in (new, reference)) / events
    # records with one value each, nearly all of them events, vary less than events would
    per_event = max(per_event, np.finfo(float).tiny)
    x, y = new.total / per_event, reference.total / per_event
    odds = reference.weight / new.weight

    def quotient(share: float) -> float:
        return float(share / (1 - share) * odds) if share < 1 else float("inf")

    a, b = x + 0.5, y + 0.5
    edge = (1 - confidence) / 2
    low = quotient(float(betaincinv(a, b, edge))) if x > 0 else 0.0
    high = quotient(float(betaincinv(a, b, 1 - edge))) if y > 0 else float("inf")
    value = quotient(x / (x + y))
    share = new.weight / weight
    above = float(betainc(a, b, share))  # of a quotient below 1, so: surprise at so many
    below = float(betainc(b, a, 1 - share))
    p = {"falls": below, "grows": above, "either": min(1.0, 2 * min(above, below))}[collapse]
    error = (high - low) / 2 / quantile_of(confidence)
    return Signal(value, 1.0, error, low, high, p, collapse, *sizes)
