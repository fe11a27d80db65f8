"""What every measure needs: checked arguments, and sums over dense or ragged states.

Discrete laws come in two forms. *Dense*: the last axis runs over the states, axes before it over
replicates. *Ragged*: one flat array that holds the replicates one after another, each with the
states it still has; replicate `r` holds the entries from ``starts[r]`` to ``starts[r + 1]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri

from modelcollapse.errors import InputError
from modelcollapse.protocols import Reading

Floats = NDArray[np.float64]
Numbers = NDArray[Any]

ROUNDING = 1e-12
"""Mass below this is taken for the rounding error of a sum of probabilities."""


def plain(values: ArrayLike) -> Reading:
    """The array, or a NumPy scalar where there is no axis left."""
    return np.asarray(values, dtype=np.float64)[()]


def floats(values: ArrayLike) -> Floats:
    """Numbers along at least one axis."""
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


def _offsets(starts: ArrayLike, length: int) -> NDArray[np.intp]:
    offsets = np.asarray(starts, dtype=np.intp)
    if (
        offsets.ndim != 1
        or offsets.size < 2
        or offsets[0] != 0
        or offsets[-1] != length
        or np.any(np.diff(offsets) < 0)
    ):
        raise InputError(
            f"starts must run from 0 to the number of states listed, {length}, and never fall, got "
            f"{np.array2string(offsets, threshold=8)}: replicate r holds the states from starts[r] "
            "to starts[r + 1]. Pass the cumulated numbers of states, with 0 in front."
        )
    return offsets


def total(values: Numbers, starts: ArrayLike | None) -> Floats:
    """Sum over the states of each replicate; zero for a replicate without states."""
    if starts is None:
        return np.asarray(values.sum(axis=-1, dtype=np.float64))
    offsets = _offsets(starts, values.shape[-1])
    # reduceat would give the next replicate's first state to a replicate that has none
    filled = np.diff(offsets) > 0
    sums = np.zeros((*values.shape[:-1], offsets.size - 1))
    if filled.any():
        first = offsets[:-1][filled]
        sums[..., filled] = np.add.reduceat(values, first, axis=-1, dtype=np.float64)
    return sums


def largest(values: Floats, starts: ArrayLike | None) -> Floats:
    """Largest value of each replicate; zero for a replicate without states."""
    if starts is None:
        return np.asarray(values.max(axis=-1))
    offsets = _offsets(starts, values.shape[-1])
    filled = np.diff(offsets) > 0
    peaks = np.zeros((*values.shape[:-1], offsets.size - 1))
    if filled.any():
        peaks[..., filled] = np.maximum.reduceat(values, offsets[:-1][filled], axis=-1)
    return peaks


def spread(values: ArrayLike, length: int, starts: ArrayLike | None) -> Floats:
    """Each replicate's value beside each of its states: the inverse direction of `total`."""
    each = np.asarray(values, dtype=np.float64)
    if starts is None:
        return each[..., None]
    return np.repeat(each, np.diff(_offsets(starts, length)), axis=-1)


def law(p: ArrayLike, starts: ArrayLike | None = None) -> tuple[Floats, NDArray[np.bool_]]:
    """Probabilities that sum to 1, and which replicates hold any; the others are undefined."""
    array = floats(p)
    if array.size and array.min() < 0:
        raise InputError(
            f"probabilities must not be negative, got {array.min():g}. Pass probabilities."
        )
    sums = total(array, starts)
    wrong = (np.abs(sums - 1) > 1e-6) & (sums != 0)
    if wrong.any():
        raise InputError(
            f"probabilities must sum to 1 in each replicate, got {sums[wrong].flat[0]:.9g}: a law "
            "lists all of its mass. Divide counts by their sum."
        )
    return array, np.asarray(sums != 0)


def listed(q: ArrayLike, starts: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Probabilities of some of a law's states, and the mass of the states that are not listed."""
    array = floats(q)
    if array.size and array.min() < 0:
        raise InputError(
            f"probabilities must not be negative, got {array.min():g}. Pass probabilities."
        )
    missing = 1 - total(array, starts)
    if np.any(missing < -1e-6):
        raise InputError(
            f"probabilities must not sum to more than 1 in a replicate, got {1 - missing.min():.9g}"
            ": some states are listed twice, or these are counts. Divide counts by their sum."
        )
    return array, np.where(missing < ROUNDING, 0.0, missing)


def counts_and_size(counts: ArrayLike, starts: ArrayLike | None = None) -> tuple[Numbers, Floats]:
    """Counts of records per state, and the number of records of each replicate."""
    array = np.atleast_1d(np.asarray(counts))
    if array.dtype.kind not in "iuf":
        raise InputError(
            f"counts must be whole numbers, got an array of {array.dtype}. Count the labels first, "
            "for example with numpy.unique(labels, return_counts=True)."
        )
    if array.size and (
        array.min() < 0 or (array.dtype.kind == "f" and np.any(array != np.floor(array)))
    ):
        raise InputError(
            "counts must be whole numbers from 0 upwards, and these hold a negative or a broken "
            "one: they say how many records fell into each state. Multiply shares by the number "
            "of records."
        )
    return array, total(array, starts)


def sizes(array: Numbers, of: int, starts: ArrayLike | None) -> Floats:
    """How many states of each replicate were met exactly `of` times (the f_k of ecology)."""
    return total(array == of, starts)


def rows(X: ArrayLike, name: str = "X") -> Floats:
    """Records as rows: shape ``(..., n, d)``; a flat array is `n` records of one number."""
    array = np.asarray(X, dtype=np.float64)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim < 2 or array.shape[-2] == 0 or array.shape[-1] == 0:
        raise InputError(
            f"{name} must hold records as rows, got an array of shape {np.shape(X)}: there is "
            "nothing to measure. Pass an array of shape (n,) or (n, d) with n and d at least 1."
        )
    return array


def same_width(X: Floats, Y: Floats) -> None:
    """Refuse records of different numbers of coordinates."""
    if X.shape[-1] != Y.shape[-1]:
        raise InputError(
            f"records of {X.shape[-1]} and {Y.shape[-1]} coordinates cannot be compared. Keep the "
            "same coordinates on both sides."
        )


def quantile_of(confidence: float) -> float:
    """Two-sided standard normal quantile of a confidence level."""
    if not 0 < confidence < 1:
        raise InputError(
            f"confidence must lie between 0 and 1, got {confidence!r}: it is the share of "
            "intervals that cover. Use 0.95 for a 95 % interval."
        )
    return float(ndtri(0.5 + confidence / 2))


def fraction(level: float, name: str = "level") -> float:
    """A share strictly between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(
            f"{name} must lie between 0 and 1, got {level!r}: it is a share of the real records. "
            "Use 0.01 for the outermost hundredth."
        )
    return float(level)


def as_root(root: ArrayLike, name: str = "root") -> Floats:
    """Matrix (or stack of matrices) whose product with its transpose is a covariance."""
    array = np.asarray(root, dtype=np.float64)
    if array.ndim < 2 or 0 in array.shape[-2:]:
        raise InputError(
            f"{name} must be a matrix with covariance = root @ root.T, got an array of shape "
            f"{array.shape}. For one coordinate pass the standard deviation as [[sd]]."
        )
    return array


def gaussian_pair(
    mean: ArrayLike, root: ArrayLike, reference_mean: ArrayLike, reference_root: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Difference of the means of two Gaussian laws, and their roots."""
    shift = floats(mean) - floats(reference_mean)
    first, second = as_root(root), as_root(reference_root, "reference_root")
    if not shift.shape[-1] == first.shape[-2] == second.shape[-2]:
        raise InputError(
            f"means of {shift.shape[-1]} coordinates do not belong to roots with "
            f"{first.shape[-2]} and {second.shape[-2]} rows. A mean has shape (..., d) and a root "
            "(..., d, k)."
        )
    return shift, first, second


def choose_ratio(c: Floats, n: ArrayLike, m: float) -> Floats:
    """Binomial coefficient of n - c and m over that of n and m: none of c among m of n."""
    rest = np.asarray(n) - c
    possible = rest >= m
    rest = np.where(possible, rest, m)
    logarithm = gammaln(rest + 1) - gammaln(rest - m + 1)
    logarithm -= gammaln(np.asarray(n) + 1) - gammaln(np.asarray(n) - m + 1)
    # rounding of the logarithms must not lift a probability above 1
    return np.where(possible, np.exp(np.minimum(logarithm, 0.0)), 0.0)
