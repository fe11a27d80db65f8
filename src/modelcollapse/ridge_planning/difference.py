"""How much one choice of a fit gains over another, with what is known of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelcollapse.ridge_planning.fits import Fits, Floats
from modelcollapse.ridge_planning.judge import Judge

Unseen: TypeAlias = NDArray[np.bool_] | None

FOLDS = 10
"""Parts of the judging rows, each of which judges a choice that was made without it."""

USED_UP = 0.8
"""Share of its records up to which the degrees of a fit may go. Beyond, close to interpolation, it
explodes in directions that few rows point to, so that leaving them out hardly shows it."""


@dataclass(frozen=True)
class Difference:
    """How much smaller one expected squared error is than another, with a confidence interval.

    Attributes
    ----------
    value : float
        In squared units of the outcomes; above 0 is a gain.
    low, high : float
        Ends of the interval.
    """

    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.low <= 0 <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"value": self.value, "low": self.low, "high": self.high, "shown": self.shown}


class Option:
    """All fits with one weight of synthetic rows, judged.

    Parameters
    ----------
    weight : float
        Of a synthetic row.
    fits : Fits
        At every candidate penalty.
    judge : Judge
        Who judges them.
    """

    def __init__(self, weight: float, fits: Fits, judge: Judge) -> None:
        self.weight = weight
        self.fits = fits
        self._judge = judge

    @cached_property
    def squares(self) -> Floats:
        """Squared leave-one-out errors, shape (judging rows, p)."""
        return self._judge.squares(self.fits)

    @cached_property
    def _barred(self) -> Floats:
        """Infinite for fits that are not to be chosen, 0 for others, shape (p,)."""
        degrees = self.fits.degrees
        above = degrees > USED_UP * self.fits.total
        above[degrees.argmin()] = False
        return np.where(above | np.isinf(self.squares).any(axis=0), np.inf, 0.0)

    @cached_property
    def owed(self) -> Floats:
        """To be added for drift, shape (p,)."""
        return self._judge.owed(self.fits)

    @cached_property
    def errors(self) -> Floats:
        """Expected squared error for a new real outcome by penalty, shape (p,)."""
        return np.asarray(self.squares.mean(axis=0) + self.owed - self._judge.constant)

    def least(self, unseen: Unseen = None) -> tuple[float, int]:
        """Smallest error, and at which penalty, as all judging rows but the unseen ones see it."""
        errors = self.errors
        if unseen is not None:
            errors = self.squares[~unseen].mean(axis=0) + self.owed
        place = int((errors + self._barred).argmin())
        return float(errors[place]), place


def best(options: list[Option], unseen: Unseen = None) -> tuple[Option, int]:
    """Option and penalty with the smallest error, as all but the unseen judging rows see it."""
    option = min(options, key=lambda o: o.least(unseen))
    return option, option.least(unseen)[1]


def gain(
    judge: Judge,
    before: Option,
    after: list[Option],
    confidence: float,
    place: Callable[[Unseen], int] | None = None,
) -> Difference:
    """By how much the error falls from one option to the best of others.

    Each tenth of the judging rows judges what the other nine would choose; else the choice would
    be praised for the luck by which it was chosen. The interval joins the variation over rows, of
    the estimated noise, and of the drift, of which there is one draw however many rows there are.

    Parameters
    ----------
    judge : Judge
        Who judges.
    before : Option
        What to compare with.
    after : list of Option
        Options to choose from.
    confidence : float
        Of the interval.
    place : callable, optional
        From unseen judging rows to the penalty of `before` that is chosen without them; by default
        its best one.

    Returns
    -------
    Difference
        Above 0 where the latter are better.
    """
    from scipy.stats import t as student

    count = len(after[0].squares)
    folds = np.arange(count) % min(FOLDS, count)
    paired, owed, apart = np.empty(count), 0.0, 0.0
    for fold in range(folds.max() + 1):
        rows = folds == fold
        i = place(rows) if place else before.least(rows)[1]
        new, j = best(after, rows)
        paired[rows] = before.squares[rows, i] - new.squares[rows, j]
        owed += float(before.owed[i] - new.owed[j]) * rows.mean()
        if judge.noise is not None:
            change = before.fits.fitted(np.array([i])) - new.fits.fitted(np.array([j]))
            apart += float(np.sum(change[judge.rows, 0][rows] ** 2)) / count
    variance, freedom = float(paired.var(ddof=1)) / count, count - 1.0
    if judge.noise is not None:
        i = place(None) if place else before.least()[1]
        new, j = best(after)
        drift = judge.drift * float(judge.shared[judge.rows].mean())
        own = judge.noise.variance / max(before.fits.total - judge.directions - 1, 1.0)
        variance += owed**2 * 2 / judge.noise.freedom
        variance += 4 * drift * apart
        variance += 4 * (drift + own) ** 2 * before.fits.distance(i, new.fits, j)
        freedom = min(freedom, judge.noise.freedom)
    value = float(paired.mean() + owed)
    half = float(student.ppf((1 + confidence) / 2, freedom)) * math.sqrt(variance)
    return Difference(value, value - half, value + half)
