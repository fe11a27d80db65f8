"""Ridge regression on labels of plus and minus one, with many coordinates and many records.

Labels and selection may depend on a few directions only; in all others coordinates stay standard
normal. The fit in those directions is deterministic in the limit, the rest of it is noise of
known length. Everything is written with the shrinkage ``s = 1 / (1 + t)``, where t is the penalty
that the sample covariance adds to the given one: that is finite for every ratio and penalty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values


def checked(ratio: ArrayLike, penalty: ArrayLike) -> tuple[Values, Values]:
    """Coordinates per record, from 0, and penalties, from 0 to infinity."""
    r, k = np.asarray(ratio, dtype=np.float64), np.asarray(penalty, dtype=np.float64)
    if not np.all((r >= 0) & np.isfinite(r)):
        raise InputError(
            f"ratio must be finite and at least 0, got {ratio!r}: it is the number of coordinates "
            "per record. Use 0 for infinitely many records."
        )
    if not np.all(k >= 0):
        raise InputError(
            f"penalty must be at least 0, got {penalty!r}: a negative one rewards large weights. "
            "Use 0 for least squares."
        )
    return r, k


def spectral_root(ratio: Values, penalty: Values) -> Values:
    """Root of the quadratic equation of Marchenko and Pastur, written without cancellation."""
    return values(np.sqrt((1 - ratio) ** 2 + penalty * (penalty + 2 * (1 + ratio))))


def shrinkage(ratio: Values, penalty: Values) -> Values:
    """Factor by which fitted weights of a direction without signal shrink, from 0 to 1."""
    return values(2 / (1 + penalty + ratio + spectral_root(ratio, penalty)))


def student(
    covariance: Values, correlation: Values, ratio: Values, penalty: Values
) -> tuple[Values, Values]:
    """Fitted direction in the plane of the signal, and squared length of the noise around it.

    Parameters
    ----------
    covariance : ndarray, shape (..., k, k)
        Second moments of the kept records in the directions that matter.
    correlation : ndarray, shape (..., k)
        Mean of record times label there.
    ratio, penalty : ndarray, shape (...)
        Coordinates per kept record, and ridge penalty on the mean squared error.

    Returns
    -------
    weights : ndarray, shape (..., k)
        Fitted weights, divided by the shrinkage.
    noise : ndarray, shape (...)
        Expected squared length in all other directions, divided by its square; infinite at the
        interpolation threshold without a penalty.
    """
    s = shrinkage(ratio, penalty)
    k = correlation.shape[-1]
    system = np.eye(k) + s[..., None, None] * (covariance - np.eye(k))
    weights = np.linalg.solve(system, np.broadcast_to(correlation, (*s.shape, k))[..., None])[
        ..., 0
    ]
    spread = np.einsum("...i,...ij,...j->...", weights, covariance, weights)
    residual = 1 - 2 * s * np.sum(weights * correlation, axis=-1) + s * s * spread
    with np.errstate(divide="ignore"):
        noise = residual * ratio / np.maximum(1 - ratio * s * s, 0.0)
    return values(weights), values(noise)


def cosine(weights: Values, noise: Values, target: Values) -> Values:
    """Cosine of the angle between what is fitted and a direction; 0 where nothing is learnt."""
    length = np.sqrt(np.sum(weights * weights, axis=-1) + noise)
    product = np.sum(weights * target, axis=-1)
    return values(np.where(length > 0, product / np.where(length > 0, length, 1.0), 0.0))


def side_accuracy(angle_cosine: Values) -> Values:
    """Share of normal records that two directions put on the same side."""
    return values(1 - np.arccos(np.clip(angle_cosine, -1.0, 1.0)) / np.pi)
