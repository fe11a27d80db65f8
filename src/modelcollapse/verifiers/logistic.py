"""Logistic regression by Newton's method, with what is known about its coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

_STEPS, _CLOSE = 200, 1e-10


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients of a logistic regression.

    Attributes
    ----------
    coefficients : ndarray, shape (k,)
        The intercept first.
    covariance : ndarray, shape (k, k)
        Inverse of the curvature of the penalised likelihood: the covariance of Laplace's
        approximation to the posterior.
    """

    coefficients: Floats
    covariance: Floats

    def logits(self, columns: Floats) -> Floats:
        """Log-odds of records, shape ``(n,)``, from their columns, shape ``(n, k - 1)``."""
        # Row by row, so that a record's value does not depend on how many others there are.
        return np.asarray((columns * self.coefficients[1:]).sum(axis=1) + self.coefficients[0])


def fit(columns: Floats, targets: Floats, weights: Floats, spread: float) -> Fit:
    """Most probable coefficients.

    Parameters
    ----------
    columns : ndarray, shape (n, k - 1)
        Inputs, on comparable scales.
    targets : ndarray, shape (n,)
        Probability of the first class, from 0 to 1.
    weights : ndarray, shape (n,)
        How much each record counts.
    spread : float
        Standard deviation of the normal prior of every coefficient but the intercept; infinite
        for none, which needs targets strictly inside 0 and 1, or classes that overlap.

    Returns
    -------
    Fit
        Coefficients and their covariance.
    """
    design = np.column_stack([np.ones(len(columns)), columns])
    precision = np.full(design.shape[1], spread**-2.0)
    precision[0] = 1e-8  # an intercept of four digits means certainty anyway

    def loss(coefficients: Floats) -> float:
        logits = design @ coefficients
        fits = weights @ (np.logaddexp(0.0, logits) - targets * logits)
        return float(fits + precision @ coefficients**2 / 2)

    coefficients = np.zeros(design.shape[1])
    at = loss(coefficients)
    for _ in range(_STEPS):
        chance = expit(design @ coefficients)
        slope = design.T @ (weights * (chance - targets)) + precision * coefficients
        curve = (design.T * (weights * chance * (1 - chance))) @ design + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        scale = 1.0
        while (new := loss(coefficients - scale * step)) > at and scale > 1e-8:
            scale /= 2
        coefficients, before, at = coefficients - scale * step, at, min(at, new)
        if np.abs(scale * step).max() < _CLOSE or before - at < _CLOSE * (abs(at) + _CLOSE) ** 2:
            break
    chance = expit(design @ coefficients)
    curve = (design.T * (weights * chance * (1 - chance))) @ design + np.diag(precision)
    return Fit(coefficients, np.linalg.inv(curve))
