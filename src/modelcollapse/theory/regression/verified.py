"""Least squares on synthetic records that a verifier let through.

A verifier with its own coefficients accepts a label that lies within a half-width of its own
prediction: a radius (per unit of the input's length) plus a tolerance. Synthetic inputs are the
right singular vectors of the real design, with a fixed number of accepted labels each, so that
directions do not mix. `offsets` are the verifier's coefficients minus the true ones along these
vectors, `singular_values` those of the real design (about the square root of the real records).
Generation 0 is least squares on real data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression.truncated import TruncatedMoments, truncated_moments

HOLDS = (
    "Gaussian labels, synthetic inputs along the singular vectors of the real design, as many "
    "accepted labels for each"
)
# the law of the first fit's error, in standard deviations
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


def _width(half_width: ArrayLike) -> Values:
    array = np.asarray(half_width, dtype=np.float64)
    if not np.all(array > 0):
        raise InputError(
            f"half_width must be larger than 0, got {half_width!r}: a verifier that accepts no "
            "interval accepts nothing. Use its radius plus its tolerance, or numpy.inf for none."
        )
    return array


def _finite(given: ArrayLike, name: str) -> Values:
    array = np.asarray(given, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise InputError(
            f"{name} must be finite, got {given!r}: it is a difference of coefficients. Use 0 "
            "where there is none."
        )
    return array


def _round(
    n_kept: ArrayLike,
    singular_values: ArrayLike,
    offsets: ArrayLike,
    half_width: ArrayLike,
    noise: ArrayLike,
) -> tuple[Values, ...]:
    """Arguments of one round, checked; directions are the last axis of all of them."""
    scales = np.atleast_1d(positive(singular_values, "singular_values"))
    shifts = np.atleast_1d(_finite(offsets, "offsets"))
    if shifts.shape[-1] not in (1, scales.shape[-1]):
        raise InputError(
            f"there must be one offset for each of the {scales.shape[-1]} singular values, got "
            f"{shifts.shape[-1]}. Give the two arrays last axes of the same length."
        )
    rest = (whole(n_kept, "n_kept"), _width(half_width), positive(noise, "noise"))
    return tuple(np.broadcast_arrays(scales, shifts, *(x[..., None] for x in rest)))


def _interval(gap: Values, half_width: Values, noise: Values) -> TruncatedMoments:
    """Moments of the noise, in its own units, that passes a verifier `gap` above the model."""
    return truncated_moments((gap - half_width) / noise, (gap + half_width) / noise)


@formula(kind="exact", source="yi2026", where="noise of the accepted labels", holds=HOLDS)
def verified_contraction(half_width: ArrayLike, noise: ArrayLike) -> Values:
    """Factor by which a verifier's round shrinks a small distance to the verifier.

    Parameters
    ----------
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float or array of float
        Standard deviation of the labels.

    Returns
    -------
    ndarray
        Between 0 and 1; inputs broadcast.

    Raises
    ------
    InputError
        If an argument is not positive.

    Notes
    -----
    Exact: variance of a standard normal variable between plus and minus ``half_width / noise``,
    the slope of `verified_drift` at the verifier and its largest one anywhere.

    References
    ----------
    yi2026, contraction towards the verifier; closed form derived here.

    Examples
    --------
    >>> round(float(verified_contraction(0.1 + (2 / 3.141592653589793) ** 0.5, 1.0)), 10)
    0.2410067364
    """
    width, sigma = np.broadcast_arrays(_width(half_width), positive(noise, "noise"))
    found = _interval(np.zeros_like(width), width, sigma).variance
    return values(np.where(np.isinf(width), 1.0, found))


@formula(
    kind="exact",
    source="yi2026",
    where="map of one round",
    holds=HOLDS + ", infinitely many of them",
)
def verified_drift(distance: ArrayLike, half_width: ArrayLike, noise: ArrayLike) -> Values:
    """Signed distance from the verifier after one round without sampling noise.

    Parameters
    ----------
    distance : float or array of float
        Coefficient of the model minus that of the verifier, along one direction.
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float or array of float
        Standard deviation of the labels.

    Returns
    -------
    ndarray
        Of the same sign and not larger than `distance`; inputs broadcast.

    Raises
    ------
    InputError
        If a scale is not positive or the distance is not finite.

    Notes
    -----
    Exact, ``e + noise m1`` with m1 the mean of a standard normal variable between
    ``(-e - half_width) / noise`` and ``(-e + half_width) / noise``. Its one fixed point is the
    verifier: no number of rounds leads to the truth unless the verifier is there.

    References
    ----------
    yi2026, iterative retraining.

    Examples
    --------
    >>> round(float(verified_drift(1.0, 0.5, 1.0)), 6)
    0.079355
    """
    gap, width, sigma = _finite(distance, "distance"), _width(half_width), positive(noise, "noise")
    return values(gap + sigma * _interval(-gap, width, sigma).mean)


@formula(
    kind="exact",
    source="yi2026",
    where="one round; expectation over the first fit by quadrature, derived",
    holds=HOLDS,
)
def verified_error(
    n_kept: ArrayLike,
    *,
    singular_values: ArrayLike,
    offsets: ArrayLike,
    half_width: ArrayLike,
    noise: ArrayLike,
) -> Values:
    """Expected squared distance to the truth after one verified round.

    Parameters
    ----------
    n_kept : int or array of int
        Accepted labels per direction.
    singular_values : array of float, shape (..., dimension)
        Of the real design.
    offsets : array of float, shape (..., dimension)
        Verifier minus truth along each direction; a single number is used for all.
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    ndarray
        Sum over directions; leading axes broadcast. The first fit itself, generation 0, has
        ``noise^2 * sum(1 / singular_values^2)``.

    Raises
    ------
    InputError
        If a scale is not positive, an offset is not finite or shapes do not match.

    Notes
    -----
    Exact to 8 digits for singular values from 0.5 upwards: given the first fit, squared bias and
    variance of the mean of truncated normal labels, averaged over the first fit by Gauss-Hermite
    quadrature. `verified_error_series` is some 60 times faster.

    References
    ----------
    yi2026, one round; expectation derived here.

    Examples
    --------
    >>> setting = {"singular_values": [10.0] * 8, "offsets": 0.3 / 8**0.5, "noise": 1.0}
    >>> round(float(verified_error(100, half_width=0.1 + (2 / 3.141592653589793) ** 0.5,
    ...                            **setting)), 10)
    0.0757536773
    """
    scale, offset, size, width, sigma = (
        x[..., None] for x in _round(n_kept, singular_values, offsets, half_width, noise)
    )
    first = _NODES / scale
    moments = _interval(offset - sigma * first, width, sigma)
    squares = sigma**2 * ((first + moments.mean) ** 2 + moments.variance / size)
    return values((squares @ _WEIGHTS).sum(axis=-1) / _WEIGHTS.sum())


@formula(
    kind="asymptotic",
    source="yi2026",
    where="one round; many real records",
    holds=HOLDS + ", many real records and many accepted labels",
    corrects="yi2026, in accounts of which the squared bias is divided by mu^2",
)
def verified_error_series(
    n_kept: ArrayLike,
    *,
    singular_values: ArrayLike,
    offsets: ArrayLike,
    half_width: ArrayLike,
    noise: ArrayLike,
) -> Values:
    """Expected squared distance to the truth after one verified round, with many real records.

    Parameters
    ----------
    n_kept : int or array of int
        Accepted labels per direction.
    singular_values : array of float, shape (..., dimension)
        Of the real design.
    offsets : array of float, shape (..., dimension)
        Verifier minus truth along each direction; a single number is used for all.
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    ndarray
        Sum over directions; leading axes broadcast.

    Raises
    ------
    InputError
        If a scale is not positive, an offset is not finite or shapes do not match.

    Notes
    -----
    Per direction ``noise^2 (m2 / n_kept + m1^2 + (m2^2 + m1 m3) / mu^2)``, with the moments of
    the truncated noise and the singular value mu. In accounts of the paper m1^2 is divided by
    mu^2 as well, which is wrong unless the verifier has no bias. What it leaves out is of the
    orders ``mu^-4`` and ``mu^-2 / n_kept``.

    References
    ----------
    yi2026, one round.

    Examples
    --------
    >>> setting = {"singular_values": [10.0] * 8, "offsets": 0.3 / 8**0.5, "noise": 1.0}
    >>> round(float(verified_error_series(100, half_width=0.1 + (2 / 3.141592653589793) ** 0.5,
    ...                                   **setting)), 10)
    0.0757907955
    """
    scale, offset, size, width, sigma = _round(n_kept, singular_values, offsets, half_width, noise)
    m = _interval(offset, width, sigma)
    spread = (m.variance**2 + m.mean * m.third) / scale**2
    return values((sigma**2 * (m.variance / size + m.mean**2 + spread)).sum(axis=-1))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="improvement condition, small offsets",
    holds=HOLDS + ", an offset small against the half-width",
)
def verified_tolerated_offset(
    n_kept: ArrayLike, *, singular_values: ArrayLike, half_width: ArrayLike, noise: ArrayLike
) -> Values:
    """Largest bias of a verifier with which one round improves on the real data.

    Parameters
    ----------
    n_kept : int or array of int
        Accepted labels per direction.
    singular_values : float or array of float
        Of the real design, in the direction of the bias.
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    ndarray
        Absolute difference of verifier and truth along one direction; NaN where even a verifier
        without bias makes things worse. Inputs broadcast.

    Raises
    ------
    InputError
        If a scale is not positive.

    Notes
    -----
    ``noise / mu * sqrt(1 - rho^2 - mu^2 rho / n_kept) / (1 - rho)`` with the contraction rho. It
    shrinks with the square root of the real records: the more there are, the better the verifier
    must be. Without bias a round needs more than ``mu^2 rho / (1 - rho^2)`` accepted labels.

    References
    ----------
    yi2026 (the condition); closed form derived here.

    Examples
    --------
    >>> round(float(verified_tolerated_offset(1000, singular_values=10.0, half_width=0.9,
    ...                                       noise=1.0)), 4)
    0.1264
    """
    scale, size = positive(singular_values, "singular_values"), whole(n_kept, "n_kept")
    sigma, keep = positive(noise, "noise"), verified_contraction(half_width, noise)
    room = 1 - keep**2 - scale**2 * keep / size
    with np.errstate(divide="ignore", invalid="ignore"):
        return values(sigma / scale * np.sqrt(np.where(room > 0, room, np.nan)) / (1 - keep))
