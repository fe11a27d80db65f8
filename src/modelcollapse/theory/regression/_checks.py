"""Arguments that the formulas of regression share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, whole


def spectrum(eigenvalues: ArrayLike) -> Values:
    """Eigenvalues of the covariance of the inputs: one axis, positive and finite."""
    array = np.asarray(eigenvalues, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"eigenvalues must have one axis, one entry for each direction, got shape "
            f"{array.shape}: they are those of one covariance matrix. Pass a list of numbers."
        )
    if not np.all((array > 0) & np.isfinite(array)):
        raise InputError(
            "eigenvalues must be finite and larger than 0: a direction in which inputs never vary "
            "leaves its coefficient unknown and the error unchanged. Leave such directions out."
        )
    return array


def along(given: ArrayLike, eigenvalues: Values, name: str) -> Values:
    """Finite numbers, one for each eigenvector."""
    array = np.asarray(given, dtype=np.float64)
    if array.shape != eigenvalues.shape:
        raise InputError(
            f"{name} must have shape {eigenvalues.shape}, that of eigenvalues, got {array.shape}: "
            "it has one entry for each eigenvector. Rotate it into the eigenbasis first."
        )
    if not np.all(np.isfinite(array)):
        raise InputError(f"{name} must be finite: NaN and infinity have no error. Replace them.")
    return array


def sizes(given: ArrayLike, name: str = "n") -> Values:
    """Numbers of records from 1 upwards; infinity is allowed, and so are fractions."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all(array >= 1):
        raise InputError(
            f"{name} must be at least 1, got {given!r}: it counts the records of a fit. "
            "Use more records."
        )
    return array


def at_least_zero(given: ArrayLike, name: str) -> Values:
    """Finite numbers from 0 upwards."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all((array >= 0) & np.isfinite(array)):
        raise InputError(
            f"{name} must be finite and at least 0, got {given!r}: it is a size, without a sign. "
            "Use 0 to leave it out."
        )
    return array


def least_squares_sizes(given: ArrayLike, dimension: ArrayLike, name: str = "n") -> Values:
    """Numbers of records with which least squares has a finite expected error."""
    array, d = sizes(given, name), whole(dimension, "dimension")
    if np.any(array < d + 2):
        raise InputError(
            f"{name} must be at least dimension + 2, got {given!r} in dimension {dimension!r}: "
            "with a record more than dimensions the expected error of least squares is infinite, "
            "and with fewer the fit is not unique. Use more records, or see chain_error."
        )
    return array


def generator_sizes(given: ArrayLike, penalty: ArrayLike, dimension: int) -> Values:
    """Numbers of records of a generator that has finite moments."""
    array, level = np.broadcast_arrays(
        sizes(given, "generator_records"), at_least_zero(penalty, "generator_penalty")
    )
    if np.any((np.abs(array - dimension) < 2) & (level == 0)):
        raise InputError(
            f"generator_records must differ by at least 2 from the number of eigenvalues, "
            f"{dimension}, got {given!r}: next to it least squares has an infinite expected error. "
            "Use more or fewer records, or a generator_penalty above 0."
        )
    return array
