"""Intervals for the shares of an audit sample: exact, or Bayesian with Jeffreys' prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import isnan
from typing import Literal

import numpy as np
from scipy.special import betaincinv

from modelcollapse.verifier_quality.cells import (
    Floats,
    Share,
    composed,
    proportions,
    totals,
    value,
)

Method = Literal["jeffreys", "exact"]

_POINTS, _STEP = 4181, 2584  # neighbouring Fibonacci numbers


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval.

    Attributes
    ----------
    value : float
        The estimate; NaN where the sample says nothing about it.
    low, high : float
        Ends of the interval, from 0 to 1.
    """

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Plain data; an undefined value is None."""
        return {
            "value": None if isnan(self.value) else self.value, "low": self.low, "high": self.high
        }  # fmt: skip

    def __str__(self) -> str:
        shown = "undefined" if isnan(self.value) else f"{self.value:.3f}"
        return f"{shown} [{self.low:.3f}, {self.high:.3f}]"


def proportion(k: float, n: float, confidence: float, method: Method) -> tuple[float, float]:
    """Interval of a proportion, ``k`` of ``n``.

    Parameters
    ----------
    k, n : float
        Counts, not necessarily whole; without records the interval is from 0 to 1.
    confidence : float
        Two-sided.
    method : {"jeffreys", "exact"}
        Quantiles of the posterior under Beta(1/2, 1/2), with the ends 0 and 1 where all records
        are alike; or Clopper and Pearson's, whose coverage is never below the confidence.
    """
    tail = (1 - confidence) / 2
    if method == "jeffreys":
        low, high = (k + 0.5, n - k + 0.5), (k + 0.5, n - k + 0.5)
    else:
        low, high = (k, n - k + 1), (k + 1, n - k)
    return (
        float(betaincinv(*low, tail)) if k > 0 else 0.0,
        float(betaincinv(*high, 1 - tail)) if k < n else 1.0,
    )


def interval(
    share: Share, cells: Floats, keep_rate: float | None, confidence: float, method: Method
) -> tuple[float, float]:
    """Interval of a share of an audit sample.

    Parameters
    ----------
    share : str
        One of the names in `cells.SHARES`.
    cells : ndarray, shape (4,)
        Counts, divided by a design effect where records come in clusters.
    keep_rate : float or None
        Known share of all records that is kept, if kept and dropped ones were sampled apart.
    confidence : float
        Two-sided.
    method : {"jeffreys", "exact"}
        As in `proportion`.

    Notes
    -----
    A share of two independent proportions has its posterior on a lattice of quantiles, which gives
    the same digits every time. The exact interval is the range over the rectangle of two exact
    intervals whose confidences multiply to the one asked for: never below it, often well above.
    """
    counted = [totals(cells, pair) for pair in proportions(share, keep_rate is not None)]
    if len(counted) == 1:
        return proportion(*counted[0], confidence, method)
    if method == "exact":
        sides = [proportion(k, n, confidence**0.5, "exact") for k, n in counted]
        corners = [
            float(composed(share, tuple(map(np.float64, corner)), keep_rate))
            for corner in product(*sides)
        ]
        known = [corner for corner in corners if not isnan(corner)]
        return _closed(share, cells, keep_rate, min(known), max(known))
    draws = tuple(
        betaincinv(k + 0.5, n - k + 0.5, u) for (k, n), u in zip(counted, _lattice(), strict=True)
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(composed(share, draws, keep_rate), [tail, 1 - tail])
    return _closed(share, cells, keep_rate, float(low), float(high))


def _closed(
    share: Share, cells: Floats, keep_rate: float | None, low: float, high: float
) -> tuple[float, float]:
    """Interval that reaches the end at which its estimate lies, and is all where there is none."""
    middle = value(share, cells, keep_rate)
    if isnan(middle):
        return 0.0, 1.0
    return (0.0 if middle <= 0 else low), (1.0 if middle >= 1 else high)


@cache
def _lattice() -> tuple[Floats, Floats]:
    """Points that fill the unit square evenly: a Fibonacci lattice."""
    i = np.arange(_POINTS)
    return (i + 0.5) / _POINTS, (i * _STEP % _POINTS + 0.5) / _POINTS


def estimated(
    share: Share,
    cells: Floats,
    keep_rate: float | None,
    confidence: float,
    method: Method,
    design_effect: float = 1.0,
) -> Interval:
    """Estimate of a share with its interval; the design effect widens the interval only."""
    ends = interval(share, cells / design_effect, keep_rate, confidence, method)
    return Interval(value(share, cells, keep_rate), *ends)
