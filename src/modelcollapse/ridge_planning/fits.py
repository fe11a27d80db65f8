"""Ridge fits at every candidate penalty, by one decomposition of the rows."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = slice | NDArray[np.int64]

EVERY = slice(None)

STEP = 0.2
"""Decades between candidate penalties: the error is flat around its minimum."""
_REACH = (-6.0, 2.0)
"""Decades from the smallest candidate, below the mean variance of an input, to the largest, above
the sum of all."""
_FULL = 1e-10
"""Below this a row's fitted value is its own outcome, and leaving it out says nothing."""


def default_penalties(X: Floats) -> Floats:
    """Candidates from hardly any penalty to one that leaves nothing of the coefficients.

    Parameters
    ----------
    X : ndarray, shape (T, d)
        Inputs.

    Returns
    -------
    ndarray, shape (p,)
        Penalties per record, ascending, five to a decade.
    """
    total = float(X.var(axis=0).sum()) or 1.0
    low, high = np.log10(total / X.shape[1]) + _REACH[0], np.log10(total) + _REACH[1]
    return np.asarray(10.0 ** np.arange(low, high + STEP, STEP))


class Fits:
    """Weighted ridge fits to the same rows, one for each penalty.

    Minimises the weighted mean of squared errors plus the penalty times the squared norm of the
    coefficients; an intercept is not penalised.

    Parameters
    ----------
    X : ndarray, shape (T, d)
        Inputs.
    y : ndarray, shape (T,)
        Outcomes.
    weights : ndarray, shape (T,)
        Of the rows, at least 0, not all 0.
    penalties : ndarray, shape (p,)
        Per unit of weight, at least 0.
    fit_intercept : bool
        Fit an intercept.

    Attributes
    ----------
    total : float
        Sum of the weights: alpha is the penalty times this.
    kept : ndarray, shape (r, p)
        Share of the coefficient along each axis of the inputs that a fit keeps.
    """

    def __init__(
        self, X: Floats, y: Floats, weights: Floats, penalties: Floats, fit_intercept: bool
    ) -> None:
        self.total = float(weights.sum())
        self.penalties = penalties
        self._weights = weights
        self._fit_intercept = fit_intercept
        self._centre = weights @ X / self.total if fit_intercept else np.zeros(X.shape[1])
        self._level = float(weights @ y / self.total) if fit_intercept else 0.0
        self._y = y
        root = np.sqrt(weights)[:, None]
        basis, spread, axes = np.linalg.svd(root * (X - self._centre), full_matrices=False)
        tiny = max(X.shape) * np.finfo(np.float64).eps * spread.max(initial=0.0)
        regular = spread > tiny
        self._spread, self._axes = spread[regular], axes[regular]
        self._along = basis[:, regular].T @ (root[:, 0] * (y - self._level))
        self._scores = (X - self._centre) @ self._axes.T
        square = self._spread[:, None] ** 2
        self.kept = np.asarray(square / (square + penalties * self.total))

    @property
    def degrees(self) -> Floats:
        """Trace of the hat matrix of each fit without the intercept, shape (p,)."""
        return np.asarray(self.kept.sum(axis=0))

    @property
    def level_leverage(self) -> Floats:
        """Part of each row in its own fitted value by the intercept, shape (T,)."""
        return np.asarray(self._weights / self.total * self._fit_intercept)

    def leverage(self, which: Columns = EVERY) -> Floats:
        """Part of each row in its own fitted value by the coefficients, shape (T, columns)."""
        reciprocal = self.kept[:, which] / self._spread[:, None] ** 2
        return np.asarray(self._weights[:, None] * (self._scores**2 @ reciprocal))

    def fitted(self, which: Columns = EVERY) -> Floats:
        """Fitted values of all rows, those of weight 0 too, shape (T, columns)."""
        shares = self.kept[:, which] * (self._along / self._spread)[:, None]
        return np.asarray(self._level + self._scores @ shares)

    def left_out(self, which: Columns = EVERY) -> Floats:
        """Error for each row of the fit to all others; infinite where that says nothing."""
        room = 1 - self.leverage(which) - self.level_leverage[:, None]
        error = self._y[:, None] - self.fitted(which)
        found = np.full(error.shape, np.inf)
        np.divide(error, room, out=found, where=room > _FULL)
        return found

    def coefficients(self, index: int) -> tuple[Floats, float]:
        """Coefficients, shape (d,), and intercept of one fit."""
        slopes = (self.kept[:, index] * self._along / self._spread) @ self._axes
        return slopes, float(self._level - self._centre @ slopes)

    def distance(self, index: int, other: Fits, place: int) -> float:
        """Squared distance of the maps from least-squares coefficients to those of two fits."""
        a, b = self.kept[:, index], other.kept[:, place]
        overlap = a @ (self._axes @ other._axes.T) ** 2 @ b
        return float(max(a @ a + b @ b - 2 * overlap, 0.0))
