"""Moments of a standard normal variable in an interval, wherever the interval lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values
from modelcollapse.theory._formula import formula

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_REACH = 10.0  # the density falls by exp(-50) within it
_ROWS = 1024


@dataclass(frozen=True, eq=False)
class TruncatedMoments:
    """Moments of a standard normal variable, given that it lies in an interval.

    Parameters
    ----------
    mean, variance : ndarray
        Of the variable in the interval.
    third : ndarray
        Third central moment.
    log_mass : ndarray
        Natural logarithm of the probability of the interval.
    """

    mean: Values
    variance: Values
    third: Values
    log_mass: Values


@formula(
    kind="exact",
    source="modelcollapse",
    where="textbook moments, by quadrature about the mean",
    holds="any interval with a width above 0",
)
def truncated_moments(lower: ArrayLike, upper: ArrayLike) -> TruncatedMoments:
    """Moments of a standard normal variable between two numbers.

    Parameters
    ----------
    lower, upper : float or array of float
        Ends of the interval, in standard deviations; infinity is allowed.

    Returns
    -------
    TruncatedMoments
        Four arrays of the shape of the inputs, broadcast.

    Raises
    ------
    InputError
        If an interval is empty or an end is not a number.

    Notes
    -----
    Exact to rounding: Gauss-Legendre quadrature over the part of the interval that carries mass,
    about the mean. The textbook differences of densities divide zero by zero far in the tail, and
    lose their digits in narrow intervals; this does neither.

    References
    ----------
    Textbook; the moments are those that yi2026 needs.

    Examples
    --------
    >>> moments = truncated_moments(-1.2, 0.7)
    >>> [round(float(x), 10) for x in (moments.mean, moments.variance, moments.third)]
    [-0.183629856, 0.2639092765, -0.0187465391]
    >>> truncated_moments(29.5, 30.5).mean.round(10)
    np.float64(29.5338208442)
    """
    a, b = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (lower, upper)))
    if not np.all(a < b):
        raise InputError(
            f"lower must be below upper, got {lower!r} and {upper!r}: a variable cannot lie in an "
            "empty interval. Exchange the ends, or widen the interval."
        )
    ends = np.stack([a.ravel(), b.ravel()], axis=1)
    found = np.empty((4, len(ends)))
    for i in range(0, len(ends), _ROWS):
        found[:, i : i + _ROWS] = _moments(*ends[i : i + _ROWS].T)
    return TruncatedMoments(*(values(row.reshape(a.shape)) for row in found))


def _moments(lower: Values, upper: Values) -> tuple[Values, Values, Values, Values]:
    """Mean, variance, third moment and log mass of intervals, shape (rows,)."""
    mirrored = upper < 0
    lower, upper = np.where(mirrored, -upper, lower), np.where(mirrored, -lower, upper)
    # where the density is highest, and how far from there it still counts
    top = np.maximum(lower, 0.0)
    reach = _REACH**2 / (top + np.hypot(top, _REACH))
    left, right = np.maximum(lower - top, -reach), np.minimum(upper - top, reach)
    half = (right - left) / 2
    step = (left + right)[:, None] / 2 + half[:, None] * _NODES
    mass = half[:, None] * _WEIGHTS * np.exp(-step * (top[:, None] + step / 2))
    total = mass.sum(axis=1)
    share = mass / total[:, None]
    shift = (share * step).sum(axis=1)
    apart = step - shift[:, None]
    square = share * apart * apart
    sign = np.where(mirrored, -1.0, 1.0)
    return (
        sign * (top + shift),
        square.sum(axis=1),
        sign * (square * apart).sum(axis=1),
        np.log(total) - top**2 / 2 - np.log(2 * np.pi) / 2,
    )
