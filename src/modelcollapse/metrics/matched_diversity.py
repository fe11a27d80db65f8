"""Diversity and coverage of counts against a reference, at one number of records.

Hill numbers of order 0 fall first and those of order 2 last, so that the profile tells early from
late collapse; order 2 is silent under pure drift and loud under sharpening. Counts of independent
records need nothing more; tokens of documents, or rows of clusters, are given as `GroupedCounts`,
whose groups hold whole documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import digamma

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, Numbers, choose_ratio
from modelcollapse.metrics._estimates import Counts, Side, Spread, pooled, sides, signal, spread_of
from modelcollapse.metrics._exchange import exchanged, upper_tail
from modelcollapse.metrics.diversity import unbiased_heterozygosity
from modelcollapse.metrics.rarefaction import (
    rarefied_coverage,
    rarefied_entropy,
    rarefied_richness,
)
from modelcollapse.metrics.signal import Signal

_FEW = 10  # states met once or twice, below which nothing is said of unseen ones


def hill_profile(
    counts: Counts,
    reference_counts: Counts,
    *,
    orders: Sequence[int] = (0, 1, 2),
    confidence: float = 0.95,
) -> dict[int, Signal]:
    """Effective numbers of states, compared at the size of the smaller side.

    Parameters
    ----------
    counts : array_like of int, shape (states,), or GroupedCounts
        New records in each state.
    reference_counts : array_like of int, shape (states,), or GroupedCounts
        Real records in each state.
    orders : sequence of int, default (0, 1, 2)
        Orders among 0 (number of states), 1 (exponential of the entropy) and 2 (inverse of the
        probability that two records agree).
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    dict of int to Signal
        By order; the unit is states. Falls under collapse. Interval and test are made on
        logarithms, but the test of order 0 by exchange of records where they are independent.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the states differ, or an order is not one of 0, 1
        and 2.

    Notes
    -----
    Hurlbert (1971) for order 0 and Chao et al. (2014) for order 1, both rarefied to the smaller
    side; the unbiased order 2 needs no matching. Errors by jackknife: over the groups, or over
    records (textbook); the one of order 1 is that of Zahl's entropy (1977).

    Examples
    --------
    >>> profile = hill_profile([45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1])
    >>> round(profile[0].value, 5), round(profile[0].expected, 5)
    (3.0, 5.43368)
    """
    unknown = [order for order in orders if order not in (0, 1, 2)]
    if unknown:
        raise InputError(
            f"there is no order {unknown[0]!r} in the profile: only orders 0, 1 and 2 have "
            "estimates without bias at a matched size. Ask for some of these."
        )
    new, reference = sides(counts, reference_counts)
    m = min(new.n, reference.n)

    def seen(count: Floats, n: int) -> Floats:
        return 1 - choose_ratio(count, float(n), m)

    found = {}
    for order in orders:
        value, expected = (_hill(part.counts, order, m) for part in (new, reference))
        spread = pooled(_log_spread(new, order, m), _log_spread(reference, order, m))
        found[order] = signal(
            value, expected, spread, "falls", (new.n, reference.n) if order == 2 else (m, m),
            confidence, logs=True,
        )  # fmt: skip
    if 0 in found:
        found[0] = replace(found[0], p=_exchange_p(new, reference, seen, found[0]))
    return found


def _exchange_p(
    new: Side, reference: Side, term: Callable[[Floats, int], Floats], found: Signal
) -> float:
    """Probability under exchange of the records, where they are independent."""
    if new.grouped is not None or reference.grouped is not None:
        return found.p
    sign = -1.0 if found.collapse == "falls" else 1.0
    chance = exchanged(
        new.counts + reference.counts, new.n, reference.n,
        lambda s, c: sign * (term(s, new.n) - term(c, reference.n)),
    )  # fmt: skip
    return upper_tail(sign * (found.value - found.expected), chance)


def _hill(counts: Numbers, order: int, m: int) -> float:
    if order == 0:
        return float(rarefied_richness(counts, m))
    if order == 1:
        return float(np.exp(rarefied_entropy(counts, m)))
    agree = 1 - float(unbiased_heterozygosity(counts))
    return 1 / agree if agree > 0 else float("inf")


def _log_spread(part: Side, order: int, m: int) -> Spread:
    """Variance of the logarithm of a Hill number."""
    at = min(m, part.least)

    def changes() -> Floats:
        c, n = part.counts.astype(np.float64), float(part.n)
        if order == 0:
            size = min(m, part.n - 1)
            lost = choose_ratio(np.maximum(c - 1, 0), n - 1, size) - choose_ratio(c, n - 1, size)
            # a state of all the records has no table entry beside one record less
            return np.where(c > 0, lost, 0.0) / max(_hill(part.counts, 0, m), 1.0)
        if order == 1:
            return -(_surprise(c) - _surprise(np.maximum(c - 1, 0))) / n
        agree = 1 - float(unbiased_heterozygosity(part.counts))
        # pairs that agree and leave with the record
        return -2 * (c - 1) / ((n - 1) * (n - 2)) / agree if n > 2 and agree > 0 else c * np.nan

    with np.errstate(invalid="ignore"):  # where no two agree the variance is unknown
        return spread_of(part, lambda counts: float(np.log(_hill(counts, order, at))), changes)


def _surprise(c: Floats) -> Floats:
    return np.where(c > 0, c * digamma(np.maximum(c, 1.0)), 0.0)


def matched_coverage(
    counts: Counts, reference_counts: Counts, *, confidence: float = 0.95
) -> Signal:
    """Share of the law's mass on the states met, compared at one number of records.

    Parameters
    ----------
    counts : array_like of int, shape (states,), or GroupedCounts
        New records (tokens) in each state.
    reference_counts : array_like of int, shape (states,), or GroupedCounts
        Real records in each state.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 to 1; *grows* under collapse.

    Raises
    ------
    InputError
        If a side holds fewer than two records, or the states differ.

    Notes
    -----
    Chao and Jost (2012), rarefied to one record less than the smaller side has, at which it is
    Good's ``1 - f1/n`` and unbiased. Errors by jackknife, on the smaller side next to Esty's (1983)
    ``sqrt(f1 + 2 f2 - f1^2/n) / n``: up to half above the truth, so that the interval is cautious;
    the p comes from exchange of the records, where they are independent, and is not; NaN where
    both sides show fewer than ten states once or twice, as closed lists of categories do. Means
    nothing after duplicates or rare states were removed.

    Examples
    --------
    >>> reading = matched_coverage([45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1])
    >>> reading.value, round(reading.expected, 4)
    (1.0, 0.9807)
    """
    new, reference = sides(counts, reference_counts)
    m = min(new.n, reference.n) - 1
    value, expected = (float(rarefied_coverage(part.counts, m)) for part in (new, reference))
    spread = pooled(_coverage_spread(new, m), _coverage_spread(reference, m))
    found = signal(value, expected, spread, "grows", (m, m), confidence)
    p = _exchange_p(new, reference, lambda count, n: -_missed_share(count, n, m), found)
    few = sum(int(((part.counts == 1) | (part.counts == 2)).sum()) for part in (new, reference))
    p = p if few >= _FEW else float("nan")
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0), p=p)


def _missed_share(count: Floats, n: int, m: int) -> Floats:
    """What a state contributes to the mass that `m` of `n` records leave unseen."""
    left = choose_ratio(np.maximum(count - 1, 0), n - 1.0, m)
    return np.where(count > 0, count / n * left, 0.0)


def _coverage_spread(part: Side, m: int) -> Spread:
    at = min(m, part.least - 1)

    def changes() -> Floats:
        c = part.counts.astype(np.float64)
        return _missed_share(np.maximum(c - 1, 0), part.n, m) - _missed_share(c, part.n, m)

    return spread_of(part, lambda counts: float(rarefied_coverage(counts, at)), changes)
