"""From a measure of two lists of counts to a signal: errors by jackknife, interval and p."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, Numbers, counts_and_size, quantile_of
from modelcollapse.metrics.jackknife import (
    GroupedCounts,
    jackknife_variance,
    record_jackknife_variance,
)
from modelcollapse.metrics.signal import Direction, Signal

Counts = ArrayLike | GroupedCounts


class Side(NamedTuple):
    """One side of a comparison."""

    counts: Numbers
    n: int
    grouped: GroupedCounts | None

    @property
    def least(self) -> int:
        """Records of the smallest set that a measure is computed on."""
        if self.grouped is None:
            return self.n
        return self.n - int(self.grouped.sizes.max())


class Spread(NamedTuple):
    """Variance of an estimate, and its degrees of freedom."""

    variance: float
    freedom: float


def side(counts: Counts, name: str) -> Side:
    """Counts of one side, checked."""
    grouped = counts if isinstance(counts, GroupedCounts) else None
    array, size = counts_and_size(counts.total if isinstance(counts, GroupedCounts) else counts)
    if array.ndim != 1 or not size >= 2:
        raise InputError(
            f"{name} must hold at least two records, as counts of shape (states,), got shape "
            f"{array.shape} with {float(np.sum(size)):g} records: there is nothing to compare. "
            "Count one data set."
        )
    return Side(array, int(size), grouped)


def sides(counts: Counts, reference_counts: Counts) -> tuple[Side, Side]:
    """Both sides over the same states."""
    new, reference = side(counts, "counts"), side(reference_counts, "reference_counts")
    if new.counts.size != reference.counts.size:
        raise InputError(
            f"counts of {new.counts.size} and {reference.counts.size} states cannot be compared. "
            "Count both sides over the same states, as label_counts does."
        )
    return new, reference


def spread_of(
    part: Side, statistic: Callable[[Numbers], float], changes: Callable[[], Floats]
) -> Spread:
    """Variance of a statistic of counts.

    Parameters
    ----------
    part : Side
        What it was computed on.
    statistic : callable
        Used where groups of records are given. It must not depend on the number of records.
    changes : callable
        Used for independent records: what each state's statistic loses with one of its records.
    """
    if part.grouped is None:
        return Spread(record_jackknife_variance(part.counts, changes()), np.inf)
    replicates = [statistic(left) for left in part.grouped.without_each()]
    variance = jackknife_variance(statistic(part.counts), replicates, part.grouped.sizes)
    return Spread(float(variance), part.grouped.groups - 1.0)


def pooled(first: Spread, second: Spread) -> Spread:
    """Variance of a difference of independent estimates, with Welch's degrees of freedom."""
    variance = first.variance + second.variance
    parts = first.variance**2 / first.freedom + second.variance**2 / second.freedom
    return Spread(variance, variance**2 / parts if parts > 0 else np.inf)


def tail(z: float, freedom: float, collapse: Direction) -> float:
    """Probability of a deviation at least as far in the direction of collapse."""
    if collapse == "either":
        return float(2 * student.sf(abs(z), freedom))
    return float(student.sf(z if collapse == "grows" else -z, freedom))


def undefined(collapse: Direction, sizes: tuple[int, int]) -> Signal:
    """Signal of a measure that these data do not define."""
    nan = float("nan")
    return Signal(nan, nan, nan, nan, nan, nan, collapse, *sizes)


def signal(
    value: float,
    expected: float,
    spread: Spread,
    collapse: Direction,
    sizes: tuple[int, int],
    confidence: float,
    *,
    logs: bool = False,
) -> Signal:
    """Signal from a value, what was expected, and the variance of their difference.

    Parameters
    ----------
    value, expected : float
        The measure of either side.
    spread : Spread
        Variance of their difference, or with `logs` of that of their logarithms.
    collapse : {"falls", "grows", "either"}
        Direction of collapse.
    sizes : tuple of int
        Records compared on either side.
    confidence : float
        Of the interval.
    logs : bool, default False
        Whether interval and test are made on the logarithm, for positive measures.
    """
    quantile_of(confidence)
    sd = float(np.sqrt(spread.variance))
    half = float(student.ppf(0.5 + confidence / 2, spread.freedom)) * sd
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.log(value / expected) if logs else value - expected
        z = float(away / sd) if sd > 0 else float("nan")
        low, high = (value * np.exp(-half), value * np.exp(half)) if logs else (
            value - half, value + half
        )  # fmt: skip
    error = value * sd if logs else sd
    return Signal(
        float(value), float(expected), error, float(low), float(high),
        tail(z, spread.freedom, collapse), collapse, *sizes,
    )  # fmt: skip


def generations_between(value: float, reach: float, drift: float) -> tuple[float, float]:
    """Ends of all numbers g with ``(value - g)^2 <= reach^2 + g drift``, no drift below 0."""
    middle, inside = value + drift / 2, drift * (value + drift / 4) + reach**2
    root = max(inside, 0.0) ** 0.5
    # drift may have widened a law that was refitted, so that the estimate is far below 0
    refitted = inside >= 0 and middle + root > 0
    low = value - reach if value < reach else middle - root
    return low, middle + root if refitted else value + reach


def inverted(found: float, expected: float, v: float, null: float, z: float) -> tuple[float, float]:
    """Ratios R with ``(found - R expected)^2 <= z^2 (v R (1 - R) + null R^2)``.

    The variance is that of exchange where nothing changed. A type that is kept with probability R
    only adds up to ``v R (1 - R)``.
    """
    A = expected**2 - z * z * (null - v)
    B = found * expected + z * z * v / 2
    root = math.sqrt(max(B * B - A * found**2, 0.0))
    if A <= 0:  # the expectation is not known well enough to bound a ratio
        return 0.0, math.inf
    value = found / expected
    return max(min((B - root) / A, value), 0.0), max((B + root) / A, value)
