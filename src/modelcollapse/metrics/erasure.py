"""Erasure of subgroups: who is being lost, how surely, and what could have been seen at all.

Minorities go before averages move. Each group gets its share ratio with an interval, a test in
either direction corrected for the number of groups, the chance that plain resampling would have
lost it anyway, and the number of records that would decide. Groups found by clustering the same
reference records look eroded in any other: cluster on one half and count on the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, fraction, plain
from modelcollapse.metrics._estimates import sides
from modelcollapse.metrics.share_comparison import (
    Adjustment,
    adjusted_p,
    difference_interval,
    ratio_interval,
    share_tests,
)
from modelcollapse.metrics.signal import Signal
from modelcollapse.protocols import Reading


class Fate(StrEnum):
    """What became of a group. The values are words of a report."""

    ERASED = "erased"
    ERODED = "eroded"
    GROWN = "grown"
    UNDECIDED = "undecided"
    KEPT = "kept"


@dataclass(frozen=True)
class Erasure:
    """Groups of the new records against those of the reference; arrays of shape (groups,).

    Attributes
    ----------
    counts, reference_counts : ndarray of int
        Records of each group.
    ratio, ratio_low, ratio_high : ndarray
        Share of the new records over share of the real ones, with its interval; NaN, with a lower
        end alone, where no real record belongs to the group.
    difference, difference_low, difference_high : ndarray
        Difference of the two shares with its interval.
    p, adjusted_p : ndarray
        Probability of so few new records if nothing had changed, by itself and adjusted for the
        number of groups.
    growth_p, adjusted_growth_p : ndarray
        The same of so many.
    lost_by_chance : ndarray
        Probability that as many records drawn from the real ones, with replacement, would hold
        none of the group.
    needed : ndarray
        New records at which a halving would be seen; infinite where the reference is too small.
    fate : ndarray of Fate
        What became of each group.
    """

    counts: NDArray[np.int64]
    reference_counts: NDArray[np.int64]
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    difference: Floats
    difference_low: Floats
    difference_high: Floats
    p: Floats
    adjusted_p: Floats
    growth_p: Floats
    adjusted_growth_p: Floats
    lost_by_chance: Floats
    needed: Floats
    fate: NDArray[np.object_]

    def ranking(self) -> NDArray[np.intp]:
        """Positions of the groups, the one most surely eroded first."""
        known = np.where(np.isnan(self.ratio_high), np.inf, self.ratio_high)
        return np.lexsort((self.adjusted_p, known))

    def signal(self, group: int) -> Signal:
        """Share ratio of one group, with the p of losing it that is not adjusted.

        Parameters
        ----------
        group : int
            Its position.
        """
        s, c = int(self.counts[group]), int(self.reference_counts[group])
        n, m = int(self.counts.sum()), int(self.reference_counts.sum())
        ratio = float(self.ratio[group])
        # the delta method, with half a record where there is none
        variance = max(1 / max(s, 0.5) - 1 / n + 1 / max(c, 0.5) - 1 / m, 0.0)
        error = max(ratio, 0.5 / n * m / max(c, 0.5)) * math.sqrt(variance)
        return Signal(
            ratio, 1.0, error, float(self.ratio_low[group]), float(self.ratio_high[group]),
            float(self.p[group]), "falls", n, m,
        )  # fmt: skip


def erasure(
    counts: ArrayLike,
    reference_counts: ArrayLike,
    *,
    adjustment: Adjustment = "holm",
    level: float = 0.05,
    erased_below: float = 0.1,
    eroded_below: float = 0.8,
) -> Erasure:
    """Judge every group of the new records against its share of the real ones.

    Parameters
    ----------
    counts : array_like of int, shape (groups,)
        New records of each group; the groups are exclusive and cover all records.
    reference_counts : array_like of int, shape (groups,)
        Real records of each group.
    adjustment : {"holm", "benjamini-hochberg"}, default "holm"
        Holm holds the chance of any false alarm at the level; Benjamini and Hochberg's holds the
        share of false alarms among the alarms, for intersections of many attributes.
    level : float, default 0.05
        Of the adjusted tests, each direction for itself; intervals have confidence ``1 - level``.
    erased_below, eroded_below : float, default 0.1 and 0.8
        Ratios that the upper end must stay below. Grown is a lower end above one over the second.

    Returns
    -------
    Erasure
        Readings of all groups.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the groups differ, the adjustment is unknown, or
        the thresholds are not ``0 < erased <= eroded < 1``.

    Notes
    -----
    Ratio: Koopman (1984), score. Difference: Newcombe (1998), hybrid of Wilson's intervals. Test:
    Fisher's, exact, for groups of at most 200 records on both sides, else the score test without
    correction. A fate other than undecided or kept takes the interval *and* the adjusted test;
    kept is an interval between the two margins. `lost_by_chance` is ``(1 - c/N)^n``; `needed`
    as in `records_needed`, with the level shared by the groups.

    Examples
    --------
    >>> found = erasure([60, 0], [92, 8])
    >>> round(float(found.p[1]), 6), round(float(found.difference_high[1]), 6)
    (0.020869, -0.008345)
    """
    new, reference = sides(counts, reference_counts)
    if not 0 < erased_below <= eroded_below < 1:
        raise InputError(
            f"thresholds must rise from above 0 to below 1, got {erased_below!r} and "
            f"{eroded_below!r}: they are ratios of shares. Use 0.1 and 0.8."
        )
    confidence = 1 - fraction(level)
    s, c = new.counts.astype(np.int64), reference.counts.astype(np.int64)
    M, N = new.n, reference.n
    low, high = ratio_interval(s, M, c, N, confidence=confidence)
    below, above = difference_interval(s, M, c, N, confidence=confidence)
    p, growth_p = share_tests(s, M, c, N)
    adjusted, adjusted_growth = (adjusted_p(part, adjustment) for part in (p, growth_p))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(c > 0, (s / M) / (c / N), np.nan)
    fate = np.select(
        [
            (high < erased_below) & (adjusted < level),
            (high < eroded_below) & (adjusted < level),
            (low > 1 / eroded_below) & (adjusted_growth < level),
            (low >= eroded_below) & (high <= 1 / eroded_below),
        ],
        [0, 1, 2, 4],
        3,
    )
    share = c / N
    needed = records_needed(share, reference_n=N, tests=len(s), level=level)
    return Erasure(
        s, c, ratio, np.asarray(low), np.asarray(high), s / M - share, np.asarray(below),
        np.asarray(above), p, adjusted, growth_p, adjusted_growth, (1 - share) ** M,
        np.asarray(needed), np.array(list(Fate), dtype=object)[fate],
    )  # fmt: skip


def records_needed(
    share: ArrayLike, *, reference_n: float = math.inf, ratio: float = 0.5, tests: int = 1,
    power: float = 0.8, level: float = 0.05,
) -> Reading:  # fmt: skip
    """New records at which the shrinking of a group would be seen.

    Parameters
    ----------
    share : array_like
        Share of the group among the real records.
    reference_n : float, default infinite
        Real records in all.
    ratio : float, default 0.5
        What is left of its share: 0.5 is a halving.
    tests : int, default 1
        Groups that share the level.
    power : float, default 0.8
        Probability with which it is to be seen.
    level : float, default 0.05
        Of the one-sided test.

    Returns
    -------
    float or ndarray
        Records, infinite where no number suffices because the reference holds too few.

    Raises
    ------
    InputError
        If the ratio, the power or the level is not between 0 and 1, or there is no test.

    Notes
    -----
    Derived for this package: roots of counts have variance 1/4, so that ``n share = (z_level +
    z_power)^2 (1 + n/reference_n) / (2 (1 - sqrt(ratio)))^2``. At equal sizes 36 expected records
    for one test of a halving, 78 for twenty. The exact test is a little weaker than its normal
    approximation: for a power of 0.8 it reaches 0.73 to 0.8.

    Examples
    --------
    >>> round(float(records_needed(0.01, reference_n=10_000)))
    2198
    """
    if tests < 1:
        raise InputError(f"{tests} tests cannot share a level. Give the number of groups.")
    z = ndtri(1 - fraction(level) / tests) + ndtri(fraction(power, "power"))
    gain = (2 * (1 - math.sqrt(fraction(ratio, "ratio")))) ** 2
    left = np.asarray(share, dtype=np.float64) * gain - z * z / reference_n
    with np.errstate(divide="ignore"):
        return plain(np.where(left > 0, z * z / left, np.inf))


def reference_records_needed(
    n: int, reference_n: int, *, tests: int = 1, level: float = 0.05
) -> int:
    """Real records a group must have for its total loss to be seen.

    Parameters
    ----------
    n, reference_n : int
        New and real records in all.
    tests : int, default 1
        Groups that share the level.
    level : float, default 0.05
        Of the one-sided test.

    Returns
    -------
    int
        Records of the group: with fewer, none among the new records proves nothing.

    Raises
    ------
    InputError
        If the level is not between 0 and 1.

    Notes
    -----
    Textbook: Fisher's p of 0 against `c` is close to ``(reference_n / (n + reference_n))^c``.

    Examples
    --------
    >>> reference_records_needed(1000, 1000), reference_records_needed(1000, 1000, tests=20)
    (5, 9)
    """
    each = math.log(reference_n / (n + reference_n))
    return math.ceil(math.log(fraction(level) / tests) / each)
