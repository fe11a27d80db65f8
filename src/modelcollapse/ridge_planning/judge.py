"""Who says how far a fit is from the truth: outcomes that may have drifted away from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.ridge_planning.fits import Fits, Floats
from modelcollapse.theory.regression import drift_variance

ENOUGH_REAL = 30
"""Real rows from which on they alone judge."""


@dataclass(frozen=True)
class Noise:
    """Variance of outcomes about the function behind them.

    Attributes
    ----------
    variance : float
        In squared units of the outcomes.
    freedom : float
        Degrees of freedom of the estimate; infinite if it was given.
    """

    variance: float
    freedom: float


@dataclass(frozen=True, eq=False)
class Judge:
    """Estimates the expected squared error of fits for a new real outcome.

    Squared leave-one-out errors on the judging rows, plus what is owed for drift: the fit has
    followed outcomes that drifted together with those it is judged by.

    Attributes
    ----------
    rows : ndarray of bool, shape (T,)
        Rows whose outcomes judge.
    shared : ndarray, shape (T,)
        For each row of a fit, how many generators it has in common with a judging row, on average.
    drift, level_drift : float
        Variance that one generator adds to a coefficient of an input of variance 1, and to the
        intercept.
    directions : int
        In which the inputs vary.
    noise : Noise or None
        From which the drift was found; None where no drift is owed for.
    mean_depth : float
        Generators behind a judging row, on average.
    """

    rows: NDArray[np.bool_]
    shared: Floats
    drift: float = 0.0
    level_drift: float = 0.0
    directions: int = 0
    noise: Noise | None = None
    mean_depth: float = 0.0

    @property
    def constant(self) -> float:
        """What drift adds to the squared error on a judging row, whatever the fit."""
        return self.mean_depth * (self.drift * self.directions + self.level_drift)

    def squares(self, fits: Fits) -> Floats:
        """Squared leave-one-out errors on the judging rows, shape (rows, p)."""
        return np.asarray(fits.left_out()[self.rows] ** 2)

    def owed(self, fits: Fits) -> Floats:
        """Twice the covariance of fitted values with the drift of what judges them, shape (p,)."""
        slopes, level = self.shared @ fits.leverage(), self.shared @ fits.level_leverage
        return np.asarray(2 * (self.drift * slopes + self.level_drift * level))


def judge(
    X: Floats,
    y: Floats,
    depth: NDArray[np.int64],
    *,
    generator_records: float | None,
    generator_noise: float | None,
    fit_intercept: bool,
) -> Judge:
    """Who judges: real rows where there are enough, else all rows, corrected for their drift.

    Raises
    ------
    InputError
        If there are too few real rows and the generators are not described, or a number that
        describes them is out of range.
    """
    real = depth == 0
    if real.all() or real.sum() >= ENOUGH_REAL:
        return Judge(real, np.zeros(len(y)))
    if generator_records is None:
        raise InputError(
            f"{int(real.sum())} of {len(y)} rows are real, and {ENOUGH_REAL} are needed to judge "
            "by: the others tell the way to their generator, not to the truth. Add real rows, or "
            "say with generator_records how many records each generator was fitted to."
        )
    directions = max(_rank(X, fit_intercept), 1)
    noise = (
        residual_noise(X, y, depth, fit_intercept)
        if generator_noise is None
        else Noise(float(generator_noise) ** 2, math.inf)
    )
    drift = drift_variance(
        1,
        dimension=directions,
        generator_records=generator_records,
        generator_noise=math.sqrt(noise.variance) if generator_noise is None else generator_noise,
        intercept=fit_intercept,
    )
    return Judge(
        np.ones(len(y), dtype=np.bool_),
        _shared(depth),
        float(drift),
        noise.variance * _level_share(generator_records, directions) if fit_intercept else 0.0,
        directions,
        noise,
        float(depth.mean()),
    )


def _level_share(records: float, directions: int) -> float:
    """Variance of a fitted intercept at the mean of new inputs, per variance of the noise."""
    return (records - 2) / (records * (records - directions - 2))


def residual_noise(X: Floats, y: Floats, depth: NDArray[np.int64], fit_intercept: bool) -> Noise:
    """Variance of the residuals of least squares, within each generation that has enough rows.

    Raises
    ------
    InputError
        If none has more rows than inputs.
    """
    rest, freedom = 0.0, 0
    for level in np.unique(depth):
        rows = depth == level
        inputs, outcomes = X[rows], y[rows]
        used = _rank(inputs, fit_intercept) + fit_intercept
        if len(outcomes) <= used:
            continue
        if fit_intercept:
            inputs, outcomes = inputs - inputs.mean(axis=0), outcomes - outcomes.mean()
        found = np.linalg.lstsq(inputs, outcomes, rcond=None)[0]
        rest += float(np.sum((outcomes - inputs @ found) ** 2))
        freedom += len(outcomes) - used
    if freedom == 0:
        raise InputError(
            f"no generation has more rows than the {X.shape[1]} inputs, so that residuals do not "
            "tell the noise of the outcomes. Give it as generator_noise, or more rows."
        )
    return Noise(rest / freedom, float(freedom))


def _rank(X: Floats, fit_intercept: bool) -> int:
    """Directions in which inputs vary; with few rows as many as there are inputs."""
    if len(X) <= X.shape[1] + fit_intercept:
        return int(X.shape[1])
    rank = np.linalg.matrix_rank(X - X.mean(axis=0) if fit_intercept else X)
    return int(rank)


def _shared(depth: NDArray[np.int64]) -> Floats:
    """Generators in common with a row, on average over all rows; all are of one lineage."""
    levels, which, counts = np.unique(depth, return_inverse=True, return_counts=True)
    common = np.minimum(levels[:, None], levels) @ counts / depth.size
    return np.asarray(common[which], dtype=np.float64)
