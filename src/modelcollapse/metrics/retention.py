"""Retention of types by rarity: which categories, words or n-grams the new records still show.

Types that are called rare because they were rare in a sample have another count in the next, and
an expectation from the counts that chose them is wrong. So rarity is read from
one half of the real records and the expectation from the other: here averaged over *all* splits
into halves, in closed form (as Good and Turing's estimates are averages over left-out records).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import (
    Floats,
    Numbers,
    fraction,
    quantile_of,
)
from modelcollapse.metrics._bands import Band, none_of
from modelcollapse.metrics._estimates import (
    Counts,
    Side,
    inverted,
    pooled,
    sides,
    spread_of,
    tail,
    undefined,
)
from modelcollapse.metrics._exchange import Chance, Exchange, upper_tail
from modelcollapse.metrics.signal import Signal

_LEAST = 1.0  # expected types below which a ratio means nothing


@dataclass(frozen=True)
class Retention:
    """Types of one band of rarity, found and expected.

    Attributes
    ----------
    types : float
        Types in the band; a mean over splits, hence not whole.
    found : float
        Those that as many new records show as are compared.
    expected : float
        Those that as many real records would show.
    signal : Signal
        ``found / expected``: 1 where nothing changed, 0 where all are gone; NaN where less than
        one type is expected. Falls under collapse.
    """

    types: float
    found: float
    expected: float
    signal: Signal


def type_retention(
    counts: Counts, reference_counts: Counts, inside: ArrayLike, *, confidence: float = 0.95
) -> Retention:
    """Types of a given band that the new records show, relative to as many real ones.

    Parameters
    ----------
    counts : array_like of int, shape (states,), or GroupedCounts
        New records in each state.
    reference_counts : array_like of int, shape (states,), or GroupedCounts
        Real records in each state, which had no part in choosing the band.
    inside : array_like of bool, shape (states,)
        Marks the types in question, chosen from a known law or other real records, for example by
        `modelcollapse.metrics.tails.rare_states`.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Retention
        Found and expected types at the size of the smaller side, and their ratio.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the states differ, no state is marked, or one side
        alone is grouped.

    Notes
    -----
    Hurlbert (1971) on both sides: ``sum 1 - C(n - c, m)/C(n, m)``, m the smaller size. Interval
    by inverting the score, with the variance under exchange of the records and, for a ratio R, the
    Poisson-binomial one of types that are kept with probability R; p by exchange, three moments.
    With groups both come from the group jackknife, for records in clusters.

    Examples
    --------
    >>> ref, new = [50, 30, 12, 5, 2, 1], [45, 12, 3, 0, 0, 0]
    >>> kept = type_retention(new, ref, [False, False, False, True, True, True])
    >>> kept.found, round(kept.expected, 4)
    (0.0, 2.4337)
    """
    new, reference = sides(counts, reference_counts)
    chosen = np.asarray(inside)
    if chosen.dtype != np.bool_ or chosen.shape != new.counts.shape or not chosen.any():
        raise InputError(
            f"inside must mark at least one of the {new.counts.size} states with True, got "
            f"{chosen.dtype} of shape {chosen.shape}: it says whose retention is asked for."
        )
    pool = Exchange((new.counts + reference.counts)[chosen], new.n, reference.n)
    return _retention(None, chosen, new, reference, confidence, pool)


def rarity_edges(
    reference_counts: ArrayLike, *, tail: float = 0.05, head: float = 0.8
) -> tuple[int, int]:
    """Counts in half of the real records that bound the tail and the head of the law.

    Parameters
    ----------
    reference_counts : array_like of int, shape (states,)
        Real records in each state.
    tail : float, default 0.05
        Share of the records on the rarest types.
    head : float, default 0.8
        Share of the records on the commonest.

    Returns
    -------
    tuple of int
        First count of the middle and of the head, for `retention_by_rarity`. Where types met once
        in the half already hold more than the tail's share, the tail is these.

    Raises
    ------
    InputError
        If the shares overlap or are not between 0 and 1.

    Examples
    --------
    >>> rarity_edges([50, 30, 12, 5, 2, 1])
    (3, 6)
    """
    if not fraction(tail, "tail") + fraction(head, "head") < 1:
        raise InputError(
            f"tail and head must leave room for a middle, got {tail!r} and {head!r}. Use 0.05 and "
            "0.8."
        )
    rising = np.sort(np.asarray(reference_counts).ravel())
    mass = np.cumsum(rising)
    middle, first = (
        float(rising[min(np.searchsorted(mass, share * mass[-1]), rising.size - 1)]) / 2
        for share in (tail, 1 - head)
    )
    low = max(math.ceil(middle), 2)
    return low, max(math.ceil(first), low + 1)


def retention_by_rarity(
    counts: Counts,
    reference_counts: Counts,
    *,
    edges: Sequence[int] = (2, 6),
    names: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> Mapping[str, Retention]:
    """Retention of the types of each band of rarity.

    Parameters
    ----------
    counts : array_like of int, shape (states,), or GroupedCounts
        New records in each state.
    reference_counts : array_like of int, shape (states,), or GroupedCounts
        Real records in each state.
    edges : sequence of int, default (2, 6)
        Bands by the count in half of the real records: below the first edge (and met), from one
        edge to below the next, and from the last one up; `rarity_edges` finds them by mass.
    names : sequence of str, optional
        One more than there are edges; default tail, middle, head for two edges, else the counts.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    mapping of str to Retention
        By name, rarest first. The comparison is at half the real records, or all the new ones if
        these are fewer.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the states differ, the edges do not rise from 2, or
        one side alone is grouped.

    Notes
    -----
    Derived for this package: the split-reference estimator averaged over all splits into halves,
    ``sum_t P(A_t in band) P(new seen) / sum_t P(A_t in band and B_t seen)``, A and B being halves
    of the real records of a state: hypergeometric, hence unbiased in numerator and denominator.
    Retention falls where tail *mass* does not: pure resampling conserves the expected mass. Errors
    as in `type_retention`.

    The split is one of records. Tokens that repeat within documents need documents to be split:
    half of the tokens show more types than half of the documents, and the ratio falls below 1
    without any change. Then read the band from some documents, count others, as many as there
    are new ones, and use `type_retention`.
    """
    new, reference = sides(counts, reference_counts)
    bounds = [1, *edges, math.inf]
    if not edges or bounds[1] < 2 or any(a >= b for a, b in pairwise(bounds)):
        raise InputError(
            f"edges must rise from 2, got {tuple(edges)!r}: they are counts that bound the bands. "
            "Use (2, 6)."
        )
    if names is None:
        names = ("tail", "middle", "head") if len(edges) == 2 else [
            f"{low}+" if high == math.inf else f"{low}-{int(high) - 1}"
            for low, high in pairwise(bounds)
        ]  # fmt: skip
    if len(names) != len(bounds) - 1:
        raise InputError(f"{len(names)} names do not name {len(bounds) - 1} bands. Name each.")
    everything = np.ones(new.counts.shape, dtype=np.bool_)
    pool = Exchange(new.counts + reference.counts, new.n, reference.n)
    return {
        name: _retention((int(low), high), everything, new, reference, confidence, pool)
        for name, (low, high) in zip(names, pairwise(bounds), strict=True)
    }


def _sums(
    band: Band, s: Floats, c: Floats, M: float
) -> tuple[float, float, Floats, Floats, Floats]:
    """Found and expected types, and per state: weight, presence and expectation."""
    weight, shown = band.weight(c), band.shown(c)
    present = 1 - none_of(s, M, band.m)
    return float(weight @ present), float(shown.sum()), weight, present, shown


def _retention(
    ends: tuple[float, float] | None, inside: Numbers, new: Side, reference: Side,
    confidence: float, pool: Exchange,
) -> Retention:  # fmt: skip
    quantile_of(confidence)
    s, c = (side.counts[inside].astype(np.float64) for side in (new, reference))
    m = min(new.least, math.ceil(reference.least * (0.5 if ends else 1.0)))
    band = Band(reference.n, m, *(ends or ()))
    found, expected, weight, present, shown = _sums(band, s, c, new.n)
    types = float(weight.sum())
    if not expected >= _LEAST:
        empty = replace(undefined("falls", (m, m)), expected=1.0)
        return Retention(types, found, expected, empty)
    if new.grouped is not None or reference.grouped is not None:
        ratio = found / expected
        reading = _by_groups(ends, inside, new, reference, m, ratio, expected, confidence)
    else:
        reading = _by_records(band, new.n, (weight, present, shown), confidence, pool)
    return Retention(types, found, expected, reading)


def _by_records(
    band: Band, M: int, parts: tuple[Floats, Floats, Floats], confidence: float, pool: Exchange
) -> Signal:
    """Signal for independent records: score interval, p by exchange."""
    weight, present, shown = parts
    found, expected, m = float(weight @ present), float(shown.sum()), int(band.m)

    def terms(new: Floats, real: Floats) -> Floats:
        return band.shown(real) - (1 - none_of(new, float(M), m)) * band.weight(real)

    chance = pool.moments(terms)
    z = quantile_of(confidence)
    low, high = inverted(found, expected, m / M * float(weight @ shown), chance.variance, z)
    p = _lost_by_chance(expected - found, chance)
    return Signal(found / expected, 1.0, (high - low) / 2 / z, low, high, p, "falls", m, m)


def _lost_by_chance(missing: float, chance: Chance) -> float:
    """Probability of as many types missing; by three moments, where they make a law.

    Where chance moves less than one type, moments say little of the tail: there Bennett's bound
    for a sum of losses of at most one type each (1962) is taken, if it is larger.
    """
    p, apart, variance = upper_tail(missing, chance), missing - chance.mean, chance.variance
    if not 0 < variance < 1 or apart <= 0:
        return p
    times = apart / variance
    with np.errstate(over="ignore"):
        bound = float(np.exp(-variance * ((1 + times) * np.log1p(times) - times)))
    return max(p, bound)


def _by_groups(
    ends: tuple[float, float] | None, inside: Numbers, new: Side, reference: Side, m: int,
    ratio: float, expected: float, confidence: float,
) -> Signal:  # fmt: skip
    """Signal for records in clusters: both sides by the group jackknife, where groups are given."""
    s, c = new.counts[inside], reference.counts[inside]

    def away(left: Numbers, real: Numbers, M: float, N: float) -> float:
        found, of, *_ = _sums(Band(N, m, *(ends or ())), left * 1.0, real * 1.0, M)
        return (found - ratio * of) / expected

    def none() -> Floats:
        raise InputError(
            "records of one side come in groups and those of the other do not: their errors would "
            "not be of one kind. Give groups for both sides."
        )

    both = pooled(
        spread_of(new, lambda left: away(left[inside], c, left.sum(), reference.n), none),
        spread_of(reference, lambda left: away(s, left[inside], new.n, left.sum()), none),
    )
    error = math.sqrt(both.variance)
    half = float(student.ppf(0.5 + confidence / 2, both.freedom)) * error
    p = tail((ratio - 1) / error, both.freedom, "falls") if error > 0 else math.nan
    return Signal(ratio, 1.0, error, max(ratio - half, 0.0), ratio + half, p, "falls", m, m)
