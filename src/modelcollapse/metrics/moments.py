"""Spread of numeric records: total and generalised variance, and how many directions carry it.

Every measure here reads a *root* of a covariance, a matrix ``root`` with ``cov = root @ root.T``
(shape ``(..., d, k)``; a Cholesky factor is one). A chain of models spreads its variances over
more orders of magnitude than a covariance matrix can hold, so logarithms are taken of the root.

Collapse lowers all of them. Leading axes are replicates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, polygamma

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, as_root, plain, rows
from modelcollapse.protocols import Reading


def _lower(matrix: Floats) -> Floats:
    """Lower triangular root of ``matrix @ matrix.T``, with exact zeros where rank is lost."""
    R = np.linalg.qr(np.swapaxes(matrix, -1, -2), mode="r")
    diagonal = np.diagonal(R, axis1=-2, axis2=-1)
    k = diagonal.shape[-1]
    # What rounding leaves of a column that depends on the ones before it; measured against the
    # column itself, so that units do not matter.
    length = np.sqrt(np.einsum("...ij,...ij->...j", R, R))[..., :k]
    noise = 10 * np.finfo(float).eps * np.sqrt(max(matrix.shape[-2:]))
    lost = np.abs(diagonal) <= noise * length
    sign = np.where(diagonal < 0, -1.0, 1.0)
    L = np.swapaxes(R, -1, -2) * sign[..., None, :]
    index = np.arange(k)
    L[..., index, index] = np.where(lost, 0.0, L[..., index, index])
    return np.asarray(L)


def mean_and_root(X: ArrayLike, *, ddof: int = 1) -> tuple[Floats, Floats]:
    """Mean and lower triangular root of the covariance of records.

    Parameters
    ----------
    X : array_like, shape (n,) or (..., n, d)
        Records as rows; leading axes are replicates.
    ddof : int, default 1
        The covariance divides by ``n - ddof``: 1 makes it unbiased, 0 is maximum likelihood.

    Returns
    -------
    mean : ndarray, shape (..., d)
        In the units of the records.
    root : ndarray, shape (..., d, min(n, d))
        Its product with its transpose is the covariance. A coordinate that is constant, or a
        linear function of earlier ones, has an exact 0 on the diagonal.

    Raises
    ------
    InputError
        If there is no record, or not more records than `ddof`.

    Notes
    -----
    Textbook QR factorisation of the centred records; the covariance itself is never formed. A
    replicate with NaN in it gives NaN.

    Examples
    --------
    >>> mean, root = mean_and_root([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]])
    >>> mean.tolist(), abs(root).round(6).tolist()
    ([1.0, 1.0], [[1.0, 0.0], [0.0, 1.732051]])
    """
    records = rows(X)
    n = records.shape[-2]
    if n <= ddof:
        raise InputError(
            f"a covariance of {n} record(s) with ddof = {ddof} divides by {n - ddof}. Use more "
            "records, or ddof = 0."
        )
    # Subtracting a record first makes a constant coordinate exactly 0, whatever its value.
    origin = records[..., :1, :]
    shifted = records - origin
    centre = shifted.mean(axis=-2, keepdims=True)
    root = _lower(np.swapaxes(shifted - centre, -1, -2)) / np.sqrt(n - ddof)
    return np.asarray((origin + centre)[..., 0, :]), root


def log_total_variance(root: ArrayLike) -> Reading:
    """Natural logarithm of the total variance: the sum of the variances of all coordinates.

    Parameters
    ----------
    root : array_like, shape (..., d, k)
        Root of the covariance.

    Returns
    -------
    float or ndarray, shape (...)
        Minus infinity where nothing varies. Falls under collapse. Does not underflow.

    Raises
    ------
    InputError
        If `root` is not a matrix.

    Notes
    -----
    Textbook: the trace of the covariance is the squared Frobenius norm of its root. The trace of
    an unbiased covariance is unbiased; its logarithm is biased low, by about 1/n in one dimension.
    Dominated by the coordinates with the largest units, and for heavy tails by few records.
    """
    array = as_root(root)
    scale = np.abs(array).max(axis=(-2, -1), keepdims=True)
    safe = np.where(scale > 0, scale, 1.0)
    with np.errstate(divide="ignore"):
        return plain(
            np.log(np.square(array / safe).sum(axis=(-2, -1))) + 2 * np.log(safe[..., 0, 0])
        )


def total_variance(root: ArrayLike) -> Reading:
    """Total variance: the sum of the variances of all coordinates (trace of the covariance).

    Parameters
    ----------
    root : array_like, shape (..., d, k)
        Root of the covariance.

    Returns
    -------
    float or ndarray, shape (...)
        In squared units of the records, 0 or larger; falls under collapse.

    Raises
    ------
    InputError
        If `root` is not a matrix.

    Notes
    -----
    Textbook. Unbiased if the root belongs to an unbiased covariance.

    Examples
    --------
    >>> float(total_variance([[3.0, 0.0], [0.0, 4.0]]))
    25.0
    """
    return plain(np.square(as_root(root)).sum(axis=(-2, -1)))


def total_variance_error(root: ArrayLike, n: int) -> Reading:
    """Standard error of the total variance of `n` records, were they normal.

    Parameters
    ----------
    root : array_like, shape (..., d, k)
        Root of the unbiased covariance.
    n : int
        How many records it was computed from, at least 2.

    Returns
    -------
    float or ndarray, shape (...)
        In squared units of the records.

    Raises
    ------
    InputError
        If `root` is not a matrix or `n` is below 2.

    Notes
    -----
    Textbook (muirhead1982): the variance of the trace is ``2 tr(cov @ cov) / (n - 1)``. Too small
    for heavy tails: use a jackknife over records there.
    """
    if n < 2:
        raise InputError(f"a variance needs at least 2 records, got n = {n}. Use more records.")
    array = as_root(root)
    gram = np.swapaxes(array, -1, -2) @ array
    return plain(np.sqrt(2 * np.square(gram).sum(axis=(-2, -1)) / (n - 1)))


def log_variance_ratio(root: ArrayLike, reference_root: ArrayLike) -> Reading:
    """Log of the total variance relative to a reference.

    Parameters
    ----------
    root, reference_root : array_like, shape (..., d, k)
        Roots of the covariances of the model's and of the reference's records.

    Returns
    -------
    float or ndarray, shape (...)
        0 where nothing changed, negative under collapse, minus infinity where the model no longer
        varies, NaN where the reference does not vary.

    Raises
    ------
    InputError
        If one of them is not a matrix.

    Notes
    -----
    A chain multiplies variances, so average and plot logarithms: the mean of the ratio itself is
    carried by few replicates.
    """
    reference = np.asarray(log_total_variance(reference_root))
    reference = np.where(np.isneginf(reference), np.nan, reference)
    return plain(np.asarray(log_total_variance(root)) - reference)


def log_generalised_variance(root: ArrayLike) -> Reading:
    """Natural logarithm of the generalised variance (determinant of the covariance).

    Parameters
    ----------
    root : array_like, shape (..., d, k)
        Root of the covariance.

    Returns
    -------
    float or ndarray, shape (...)
        Minus infinity where the covariance is singular. Falls under collapse, and sees the loss
        of one direction that the total variance overlooks. The difference of two does not depend
        on the units of the coordinates.

    Raises
    ------
    InputError
        If `root` is not a matrix.

    Notes
    -----
    Textbook: twice the sum of the logarithms of the diagonal of a triangular root. A triangular
    root is read as it is, at any condition; another one is made triangular first, and a direction
    that holds no more than rounding error then counts as lost. Biased low: see
    `log_generalised_variance_bias`.

    Examples
    --------
    >>> float(log_generalised_variance([[1.0, 0.0], [5.0, 0.0]]))
    -inf
    """
    array = as_root(root)
    d, k = array.shape[-2:]
    if k < d:
        missing = np.isnan(array.sum(axis=(-2, -1)))
        return plain(np.where(missing, np.nan, -np.inf))
    if k > d or np.triu(array, 1).any():
        array = _lower(array)
    with np.errstate(divide="ignore"):
        return plain(2 * np.log(np.abs(np.diagonal(array, axis1=-2, axis2=-1))).sum(axis=-1))


def log_generalised_variance_bias(n: int, d: int) -> tuple[float, float]:
    """Expected error and standard error of the log generalised variance of normal records.

    Parameters
    ----------
    n : int
        How many records, more than `d`.
    d : int
        How many coordinates, at least 1.

    Returns
    -------
    bias : float
        Negative; subtract it from the estimate made with the unbiased covariance.
    error : float
        Standard error. Both are the same whatever the covariance.

    Raises
    ------
    InputError
        If `d` is below 1 or `n` is not larger than `d`.

    Notes
    -----
    Textbook (muirhead1982): the bias is the sum over i = 1..d of ``digamma((n - i) / 2) -
    log((n - 1) / 2)``, the variance the sum of ``trigamma((n - i) / 2)``.
    """
    if d < 1 or n <= d:
        raise InputError(
            f"the determinant of a covariance of {n} records in {d} dimensions is 0 or undefined. "
            "Use more records than coordinates."
        )
    halves = (n - np.arange(1, d + 1)) / 2
    bias = (digamma(halves) - np.log((n - 1) / 2)).sum()
    return float(bias), float(np.sqrt(polygamma(1, halves).sum()))


def effective_dimension(root: ArrayLike) -> Reading:
    """How many directions carry the variance (participation ratio of the eigenvalues).

    Parameters
    ----------
    root : array_like, shape (..., d, k)
        Root of the covariance.

    Returns
    -------
    float or ndarray, shape (...)
        From 1 (one direction) to d (all alike), dimensionless; NaN where nothing varies. Falls
        when variance is lost unevenly, and is blind to a loss in all directions alike.

    Raises
    ------
    InputError
        If `root` is not a matrix.

    Notes
    -----
    Textbook: ``trace(cov)**2 / trace(cov @ cov)``. Biased low for few records, about
    ``d / (1 + d / n)`` for a spherical law: compare at equal numbers of records.

    Examples
    --------
    >>> float(effective_dimension([[2.0, 0.0], [0.0, 2.0]]))
    2.0
    """
    array = as_root(root)
    scale = np.abs(array).max(axis=(-2, -1), keepdims=True)
    array = array / np.where(scale > 0, scale, 1.0)
    gram = np.swapaxes(array, -1, -2) @ array
    trace = np.trace(gram, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore"):
        return plain(trace**2 / np.square(gram).sum(axis=(-2, -1)))


def quartile_variance(X: ArrayLike) -> Reading:
    """Total variance as the quartiles see it, for records with heavy tails.

    Parameters
    ----------
    X : array_like, shape (n,) or (..., n, d)
        Records as rows; leading axes are replicates.

    Returns
    -------
    float or ndarray, shape (...)
        Sum over coordinates of the squared interquartile range, scaled to equal the total variance
        of normal records; in squared units of the records, 0 or larger; falls under collapse.

    Raises
    ------
    InputError
        If there is no record.

    Notes
    -----
    Textbook. The variance of a heavy-tailed law *is* its tail: the outermost hundredth carries a
    third of it for Student's t with 3 degrees of freedom, three quarters with 2.2. This measure
    reads only the central half of each coordinate, so that loss of tails and loss of spread can be
    told apart. Bias of order 1/n.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=100_000)
    >>> round(float(quartile_variance(X)), 1)
    1.0
    """
    low, high = np.quantile(rows(X), (0.25, 0.75), axis=-2)
    return plain(np.square((high - low) / 1.3489795003921634).sum(axis=-1))
