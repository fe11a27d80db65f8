"""Replacement in several dimensions: the fitted covariance is a product of Wishart matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, fits, records, spread_records, values, whole
from modelcollapse.theory._formula import formula

_HOLDS = "records are independent Gaussian vectors, replaced each generation, n > d"


class TraceMoments(NamedTuple):
    """Second moments of the fitted covariance's size.

    Attributes
    ----------
    trace_of_square : ndarray
        Expected trace of the squared covariance.
    square_of_trace : ndarray
        Expected square of its trace.
    """

    trace_of_square: Values
    square_of_trace: Values


@formula(kind="exact", source="modelcollapse", where="QR of Wishart factors", holds=_HOLDS)
def eigenvalue_rates(n: ArrayLike, *, dimension: int, ddof: int = 0) -> Values:
    """Exponential rates at which the ordered eigenvalues of the covariance shrink.

    Parameters
    ----------
    n : int or array of int
        Records per fit, more than `dimension` and than `ddof`.
    dimension : int
        Dimension d of the records.
    ddof : int, default 0
        The covariance divides by ``n - ddof``.

    Returns
    -------
    ndarray, shape (..., dimension)
        In nats per generation, largest first; leading axes are those of `n`.

    Raises
    ------
    InputError
        If ``n <= dimension``: the covariance is singular after one generation.

    Notes
    -----
    ``digamma((n - 1 - j) / 2) - log((n - ddof) / 2)`` for j = 0 ... d - 1: almost surely, the
    logarithm of eigenvalue j over the number of generations tends to it. The rates differ, so the
    covariance becomes effectively rank one long before it vanishes.

    References
    ----------
    alemohammad2024, equations 1 and 2 (the process); rates derived here.
    """
    size = spread_records(n, ddof=ddof, dimension=dimension)[..., None]
    j = np.arange(dimension)
    return values(digamma((size - 1 - j) / 2) - np.log((size - ddof) / 2))


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.15", holds=_HOLDS)
def expected_log_determinant(
    generations: ArrayLike, n: ArrayLike, *, dimension: int, ddof: int = 0
) -> Values:
    """Expected log determinant of the fitted covariance under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `dimension` and than `ddof`.
    dimension : int
        Dimension d of the records.
    ddof : int, default 0
        The covariance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Relative to the log determinant of the true covariance, in nats; inputs broadcast.

    Raises
    ------
    InputError
        If ``n <= dimension``, or a generation is negative.

    Notes
    -----
    ``t + 1`` times the sum of `eigenvalue_rates`, exact for any true covariance.

    References
    ----------
    muirhead1982, theorem 3.2.15, once per generation.
    """
    rates = eigenvalue_rates(n, dimension=dimension, ddof=ddof)
    return values(fits(generations) * rates.sum(axis=-1))


@formula(kind="exact", source="modelcollapse", where="difference of two rates", holds=_HOLDS)
def log_condition_rate(n: ArrayLike, *, dimension: int) -> Values:
    """Rate at which the log condition number of the covariance grows under replacement.

    Parameters
    ----------
    n : int or array of int
        Records per fit, more than `dimension`.
    dimension : int
        Dimension d of the records.

    Returns
    -------
    ndarray
        In nats per generation, for any divisor; of the shape of `n`.

    Raises
    ------
    InputError
        If ``n <= dimension``.

    Notes
    -----
    First of the `eigenvalue_rates` minus the last one; a rate in the limit of many generations.

    References
    ----------
    modelcollapse, derived.
    """
    rates = eigenvalue_rates(n, dimension=dimension)
    return values(rates[..., 0] - rates[..., -1])


@formula(kind="exact", source="modelcollapse", where="Wishart second moments", holds=_HOLDS)
def trace_moments(
    generations: ArrayLike, n: ArrayLike, covariance: ArrayLike, *, ddof: int = 0
) -> TraceMoments:
    """Expected trace of the squared covariance, and square of its trace, under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    covariance : array of float, shape (dimension, dimension)
        True covariance, symmetric.
    ddof : int, default 0
        The covariance divides by ``n - ddof``.

    Returns
    -------
    TraceMoments
        Two arrays in squared units of the covariance; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small or the covariance is not a symmetric matrix.

    Notes
    -----
    Exact. One generation maps (a, b) to (a (1 + 1/m) + b/m, b + 2 a/m) with m = n - 1, times
    ``(m / (n - ddof)) ** 2``; its eigenvalues are 1 + 2/m, on 2a + b, and 1 - 1/m, on a - b.

    References
    ----------
    muirhead1982, section 3.2 (moments of the Wishart law); recursion derived here.
    """
    true = np.asarray(covariance, dtype=np.float64)
    if true.ndim != 2 or true.shape[0] != true.shape[1] or not np.allclose(true, true.T):
        raise InputError(
            f"covariance must be a symmetric matrix, got an array of shape {true.shape}: traces "
            "are taken of it. Use numpy.diag for a list of variances."
        )
    m = spread_records(n, ddof=ddof) - 1
    t = fits(generations)
    a, b = np.sum(true**2), np.trace(true) ** 2
    with np.errstate(over="ignore"):
        scale = (m / (m + 1 - ddof)) ** (2 * t)
        rising = (2 * a + b) / 3 * (1 + 2 / m) ** t
    falling = (a - b) / 3 * (1 - 1 / m) ** t
    return TraceMoments(values(scale * (rising + falling)), values(scale * (rising - 2 * falling)))


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.15", holds=_HOLDS)
def determinant_ratio(
    generations: ArrayLike, n: ArrayLike, *, dimension: int, ddof: int = 0
) -> Values:
    """Expected determinant of the fitted covariance under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    dimension : int
        Dimension d of the records.
    ddof : int, default 0
        The covariance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Ratio to the true determinant, dimensionless; inputs broadcast. It is 0 for
        ``n <= dimension``.

    Raises
    ------
    InputError
        If ``n <= ddof``, or a generation is negative.

    Notes
    -----
    Product over j < d of ``(n - 1 - j) / (n - ddof)``, to the power ``t + 1``. Exact.

    References
    ----------
    muirhead1982, theorem 3.2.15; kazdan2024 reports this ratio.
    """
    size = records(n, ddof=ddof)[..., None]
    j = np.arange(int(whole(dimension, "dimension")))
    factor = np.maximum(size - 1 - j, 0.0) / (size - ddof)
    return values(np.prod(factor, axis=-1) ** fits(generations))
