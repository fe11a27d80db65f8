"""Checks that every formula shares, and the one rule about generations.

A generation is counted from 0 and generation 0 is fitted to real data; so at generation `t` there
have been `t + 1` fits, and that number is what the published formulas call n, t or k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError

Values = NDArray[np.float64]


def values(result: ArrayLike) -> Values:
    """Result of a formula: an array, or a NumPy scalar where every argument was one."""
    return np.asarray(result, dtype=np.float64)[()]


def whole(given: ArrayLike, name: str, *, least: int = 1) -> Values:
    """Whole numbers from `least` upwards, as floats."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all((array >= least) & (array == np.floor(array)) & np.isfinite(array)):
        raise InputError(
            f"{name} must be whole numbers, at least {least}, got {given!r}: they count things. "
            "Round them, or leave the smaller ones out."
        )
    return array


def fits(generations: ArrayLike) -> Values:
    """Fits that have happened by each generation: one more than its index."""
    return whole(generations, "generations", least=0) + 1.0


def records(n: ArrayLike, *, ddof: int = 0, name: str = "n") -> Values:
    """Records per fit, enough for the divisor ``n - ddof`` to be positive."""
    if ddof < 0 or ddof != int(ddof):
        raise InputError(
            f"ddof must be a whole number from 0 upwards, got {ddof!r}: it is what the divisor of "
            "a variance leaves out. Use 0 (maximum likelihood) or 1 (unbiased)."
        )
    array = whole(n, name)
    if np.any(array <= ddof):
        raise InputError(
            f"{name} must be larger than ddof = {ddof}, got {n!r}: the variance divides by "
            f"{name} - ddof. Use more records."
        )
    return array


def spread_records(n: ArrayLike, *, ddof: int = 0, dimension: int = 1) -> Values:
    """Records per fit, enough for the fitted covariance to be regular."""
    least = int(whole(dimension, "dimension")) + 1
    array = records(n, ddof=ddof)
    if np.any(array < least):
        raise InputError(
            f"n must be at least {least} in {least - 1} dimension(s), got {n!r}: the covariance "
            "of fewer records is singular, and its logarithm minus infinity. Use more records."
        )
    return array


def divisor(ddof: int) -> int:
    """One of the two divisors for which a pooled recursion is known."""
    if ddof not in (0, 1):
        raise InputError(
            f"ddof must be 0 or 1, got {ddof!r}: the recursion is known for the maximum "
            "likelihood and for the unbiased variance only. Choose one of them."
        )
    return int(ddof)


def probability(given: ArrayLike, name: str) -> Values:
    """Numbers from 0 to 1."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all((array >= 0) & (array <= 1)):
        raise InputError(
            f"{name} must lie between 0 and 1, got {given!r}: a probability does. Check the scale."
        )
    return array


def distribution(given: ArrayLike, name: str = "probabilities") -> Values:
    """Discrete laws along the last axis; sums are checked, not repaired."""
    array = probability(np.atleast_1d(np.asarray(given, dtype=np.float64)), name)
    if not np.allclose(array.sum(axis=-1), 1.0, rtol=0, atol=1e-9):
        raise InputError(
            f"{name} must sum to 1 along the last axis, got {array.sum(axis=-1)!r}. "
            "Divide counts by their sum."
        )
    return array


def positive(given: ArrayLike, name: str) -> Values:
    """Finite numbers above 0."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all((array > 0) & np.isfinite(array)):
        raise InputError(
            f"{name} must be finite and larger than 0, got {given!r}: it is a scale. "
            "Use a positive number."
        )
    return array


def weights(alpha: ArrayLike, gamma: ArrayLike) -> tuple[Values, Values, Values]:
    """Shares of new, previous and original law; the middle one is what the others leave."""
    a = probability(alpha, "alpha")
    g = probability(gamma, "gamma")
    beta = 1.0 - a - g
    if np.any(beta < -1e-12):
        raise InputError(
            f"alpha + gamma must be at most 1, got {alpha!r} and {gamma!r}: they are shares, and "
            "beta = 1 - alpha - gamma is a share too. Lower one of them."
        )
    return a, np.maximum(beta, 0.0), g
