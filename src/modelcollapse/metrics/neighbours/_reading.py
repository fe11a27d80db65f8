"""From a statistic of neighbours to a signal: what chance gives, an error, an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.special import betaincinv, gammaincc, ndtr

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, fraction, quantile_of
from modelcollapse.metrics.jackknife import half_sample_variance
from modelcollapse.metrics.neighbours.lists import Deal, Neighbours
from modelcollapse.metrics.signal import Direction, Signal

DRAWS = 499
"""Deals that the null law is read from."""

HALVES = 40
"""Halves that the error is read from."""


@dataclass(frozen=True)
class Statistic:
    """A number that a deal has.

    Parameters
    ----------
    of : callable
        Takes a `Deal`; NaN where the number is not defined.
    collapse : {"falls", "grows", "either"}
        Where it goes as models collapse.
    level, unit : float, optional
        For a count of records beyond a quantile: the share that chance puts there, and the share
        of the records that makes a value of 1.
    """

    of: Callable[[Deal], float]
    collapse: Direction
    level: float | None = None
    unit: float = 1.0


def beyond(distances: Floats, level: float) -> float:
    """Distance that a share `level` of the records is beyond."""
    return interpolated(distances, 1 - level)


def interpolated(distances: Floats, share: float) -> float:
    """`numpy.quantile` of finite numbers, without the questions it spends most of its time on."""
    position = share * (distances.size - 1)
    first = int(position)
    ordered = np.partition(distances, first)
    low = float(ordered[first])
    if position == first:
        return low
    return low + (float(ordered[first + 1 :].min()) - low) * (position - first)


def checked_level(level: float, found: Neighbours) -> float:
    """A share of the reference that holds one record or more."""
    share = fraction(level)
    if share * found.n < 1:
        raise InputError(
            f"a share of {share:g} of {found.n} real records holds not one of them. Give more "
            f"records, or a level of {1 / found.n:.2g} or more; 40 records beyond are a good size."
        )
    return share


def read(
    found: Neighbours,
    statistics: Mapping[str, Statistic],
    *,
    rng: Generator,
    draws: int = DRAWS,
    confidence: float = 0.95,
) -> dict[str, Signal]:
    """Read statistics off neighbours, with what they would be by chance.

    Parameters
    ----------
    found : Neighbours
        Two sets of records.
    statistics : mapping of str to Statistic
        What to read; all of them share the deals.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    dict of str to Signal
        One for each statistic.

    Raises
    ------
    InputError
        If there are fewer than 99 draws, or the confidence is not between 0 and 1.

    Notes
    -----
    `expected` is the mean over random deals of both sets thrown together, `p` the share of deals
    as extreme (Phipson and Smyth 2010: the given one counts as a deal), which has its size exactly
    whatever the data. Where no deal is as extreme, p is the tail of a Pearson type III law with
    the deals' moments (Winkler et al. 2016), if that is smaller; a skewness that would shorten the
    tail is taken for none. The error is that over halves of both sets without
    replacement: copies, as a bootstrap makes them, would be seen as collapse.
    """
    if not is_whole(draws) or draws < 99:
        raise InputError(
            f"the null law needs 99 draws or more, got {draws!r}: fewer do not show its tail. "
            "Use 499."
        )
    z = quantile_of(confidence)
    deal = found.as_found()
    values = {name: one.of(deal) for name, one in statistics.items()}
    chance = _table(found.deals(draws, rng=rng), statistics)
    halves = _table(found.halves(HALVES, rng=rng), statistics)
    signals = {}
    for name, one in statistics.items():
        value, null, part = values[name], chance[name], halves[name]
        null, part = null[np.isfinite(null)], part[np.isfinite(part)]
        if not np.isfinite(value) or len(null) < draws / 2 or len(part) < HALVES / 2:
            nan = float("nan")
            signals[name] = Signal(value, nan, nan, nan, nan, nan, one.collapse, found.n, found.n)
            continue
        error = float(np.sqrt(half_sample_variance(part, found.n)))
        low, high = value - z * error, value + z * error
        if one.level is not None:
            low, high = _counted(value, one, float(null.var()), found.n, confidence)
        p = _probability(value, null, one.collapse)
        signals[name] = Signal(
            value, float(null.mean()), error, low, high, p, one.collapse, found.n, found.n
        )
    return signals


def _table(deals: object, statistics: Mapping[str, Statistic]) -> dict[str, Floats]:
    rows = [[one.of(deal) for one in statistics.values()] for deal in deals]  # type: ignore[attr-defined]
    return dict(zip(statistics, np.array(rows, dtype=np.float64).T, strict=True))


def _counted(
    value: float, one: Statistic, variance: float, n: int, confidence: float
) -> tuple[float, float]:
    """Interval of a ratio of two rates, given their sum; counts shrunk by their overdispersion.

    Two Poisson counts in a ratio: given their sum, one of them is binomial (Clopper-Pearson).
    Records beyond a quantile come in clumps, by which the variance exceeds that of counts.
    """
    assert one.level is not None
    scale = one.level / one.unit
    plain = 2 * (1 - one.level) / (one.level * n) * scale**2
    clumps = max(1.0, variance / plain)
    count, base = value * one.unit * n / clumps, one.level * n / clumps
    tail = (1 - confidence) / 2
    below = betaincinv(count, base + 1, tail) if count > 0 else 0.0
    above = betaincinv(count + 1, base, 1 - tail)
    # no more than all of the records lie beyond
    low, high = (min(scale * part / (1 - part), 1 / one.unit) for part in (below, above))
    return float(low), float(high)


def _probability(value: float, null: Floats, collapse: Direction) -> float:
    if collapse == "either":
        sides = (_one_sided(value, null), _one_sided(-value, -null))
        return min(1.0, 2 * min(sides))
    return _one_sided(value, null) if collapse == "grows" else _one_sided(-value, -null)


def _one_sided(value: float, null: Floats) -> float:
    """Probability of a value as large, if `null` are draws of it."""
    # deals of one set give the same number up to rounding
    edge = value - 1e-12 * abs(value)
    extreme = int((null >= edge).sum())
    share = (1 + extreme) / (1 + len(null))
    deviation = float(null.std(ddof=1))
    if extreme or deviation <= 1e-12 * abs(value):
        return share
    scores = (null - null.mean()) / deviation
    score, bent = (value - float(null.mean())) / deviation, float((scores**3).mean())
    if bent > 0.01:  # a gamma law, moved and stretched
        shape = 4 / bent**2
        tail = float(gammaincc(shape, max(0.0, shape + score * np.sqrt(shape))))
    else:
        tail = float(ndtr(-score))
    return min(share, tail)
