"""Vendi score: effective number of different records, by a kernel that says how alike they are.

The Hill number of the eigenvalues of the kernel matrix over the number of records. Low orders
weigh rare records and fall first, high ones common records and fall last. The cosine kernel is
blind to lengths, so that a set that shrinks towards the origin keeps its score: for collapse of
scale use the Gaussian kernel, with a width read from real records.

All orders but 2 in its unbiased form grow with the number of records: compare sets of one size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from scipy.linalg import eigh
from scipy.special import stdtr, stdtrit

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, quantile_of, same_width
from modelcollapse.metrics.diversity import hill_number
from modelcollapse.metrics.jackknife import GROUPS, jackknife_variance, position_groups
from modelcollapse.metrics.kernels import median_bandwidth
from modelcollapse.metrics.neighbours._search import records
from modelcollapse.metrics.signal import Signal

_BLOCK = 1 << 20  # numbers held at once


def _width(bandwidth: float) -> float:
    width = float(bandwidth)
    if not 0 < width < np.inf:
        raise InputError(
            f"the bandwidth must be larger than 0 and finite, got {bandwidth!r}: it is the "
            "distance at which two records stop being alike. Use `median_bandwidth` of the real "
            "records."
        )
    return width


def _units(X: ArrayLike) -> Floats:
    """Records of length 1."""
    points = records(X, "X")
    length = np.linalg.norm(points, axis=1)
    if not length.all():
        raise InputError(
            f"{int((length == 0).sum())} records are 0 in all coordinates, and have no direction "
            "for a cosine. Drop them, or use the Gaussian kernel."
        )
    return np.asarray(points / length[:, None])


def _effective(matrix: Floats, order: float) -> float:
    """Hill number of the eigenvalues of a matrix of trace 1."""
    values = eigh(matrix, eigvals_only=True, overwrite_a=True, check_finite=False)
    # what rounding leaves of eigenvalues that are 0 would count at order 0
    edge = len(matrix) * np.finfo(np.float64).eps * float(values[-1])
    values = np.where(values > edge, values, 0.0)
    return float(hill_number(values / values.sum(), order))


def cosine_vendi(X: ArrayLike, *, order: float = 1) -> float:
    """Vendi score with the cosine kernel, exact.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Records as rows.
    order : float, default 1
        Weight of common records, 0 or larger, infinity allowed.

    Returns
    -------
    float
        Effective number of directions, from 1 to the smaller of n and d; falls under collapse,
        late. Blind to lengths.

    Raises
    ------
    InputError
        If a record is 0 or holds NaN, or the order is negative.

    Notes
    -----
    Friedman and Dieng (2023); orders: Pasarkar and Dieng (2024). The n x n kernel matrix and the
    d x d matrix of second moments have the same eigenvalues, apart from zeros; the smaller one is
    solved. Cost O(n d^2) instead of O(n^3). Grows with n, towards the value of the law.

    Examples
    --------
    >>> round(cosine_vendi([[1.0, 0.0], [0.0, 3.0], [2.0, 0.0], [0.0, 1.0]]), 6)
    2.0
    """
    units = _units(X)
    n, d = units.shape
    return _effective((units.T @ units if d <= n else units @ units.T) / n, order)


def gaussian_vendi(X: ArrayLike, *, bandwidth: float, order: float = 1) -> float:
    """Vendi score with the Gaussian kernel, exact.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records as rows.
    bandwidth : float
        Width ``h`` of the kernel ``exp(-|x - y|^2 / (2 h^2))``, in the units of the records: the
        same one for all sets that are compared.
    order : float, default 1
        Weight of common records, 0 or larger, infinity allowed.

    Returns
    -------
    float
        Effective number of different records, from 1 to n; falls under collapse.

    Raises
    ------
    InputError
        If a record holds NaN, the bandwidth is not positive, or the order is negative.

    Notes
    -----
    Friedman and Dieng (2023); orders: Pasarkar and Dieng (2024). Cost O(n^3) and n^2 numbers:
    above a few thousand records use `fourier_vendi`, or `unbiased_vendi` for order 2. Grows with n
    without limit for orders below 2, so compare at one size.
    """
    points, width = records(X, "X"), _width(bandwidth)
    kernel = _similarities(points, points, width)
    return _effective(kernel / len(points), order)


def _similarities(A: Floats, B: Floats, width: float) -> Floats:
    centre = B.mean(axis=0)
    A, B = (A - centre) / width, (B - centre) / width
    out = A @ B.T
    out -= np.square(A).sum(axis=1)[:, None] / 2
    out -= np.square(B).sum(axis=1) / 2
    return np.asarray(np.exp(np.minimum(out, 0, out=out), out=out))


def fourier_vendi(
    X: ArrayLike, *, bandwidth: float, order: float = 1, features: int = 1024, rng: Generator
) -> float:
    """Vendi score with the Gaussian kernel, from random Fourier features.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records as rows.
    bandwidth : float
        Width of the kernel, as in `gaussian_vendi`.
    order : float, default 1
        Weight of common records, 0 or larger, infinity allowed.
    features : int, default 1024
        How many, an even number.
    rng : numpy.random.Generator
        Draws the features: use one seed for sets that are compared.

    Returns
    -------
    float
        From 1 to the number of features; falls under collapse.

    Raises
    ------
    InputError
        If a record holds NaN, the bandwidth is not positive, the number of features is odd, or
        the order is negative.

    Notes
    -----
    Rahimi and Recht (2007), sines and cosines of the same frequencies, which keep the kernel of a
    record with itself at 1. Cost O(n D^2) for D features. Biased low by the noise of the features,
    noticeably where the score is no longer small against D.
    """
    points, width = records(X, "X"), _width(bandwidth)
    if not is_whole(features) or features < 2 or features % 2:
        raise InputError(
            f"the number of features must be an even number, got {features!r}: each frequency "
            "gives a sine and a cosine. Use 1024."
        )
    half = int(features) // 2
    frequencies = rng.standard_normal((points.shape[1], half)) / width
    moments = np.zeros((features, features))
    step = max(1, _BLOCK // int(features))
    for i in range(0, len(points), step):
        phase = points[i : i + step] @ frequencies
        waves = np.hstack([np.cos(phase), np.sin(phase)])
        moments += waves.T @ waves
    return _effective(moments / (half * len(points)), order)


def _pairs(points: Floats, width: float, group: Any, groups: int) -> Floats:
    """Sum of squared similarities between the records of each two groups; none with itself."""
    sums = np.zeros((groups, groups))
    marks = np.eye(groups)[group]
    step = max(1, _BLOCK // len(points))
    for i in range(0, len(points), step):
        block = _similarities(points[i : i + step], points, width / np.sqrt(2))  # of the square
        sums += marks[i : i + step].T @ (block @ marks)
    return sums - np.diag(np.bincount(group, minlength=groups).astype(np.float64))


def unbiased_vendi(X: ArrayLike, *, bandwidth: float) -> float:
    """Vendi score of order 2 with the Gaussian kernel, of the law behind the records.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records as rows, two at least.
    bandwidth : float
        Width of the kernel, as in `gaussian_vendi`.

    Returns
    -------
    float
        Effective number of different records, 1 or larger, infinite where no two are alike; falls
        under collapse.

    Raises
    ------
    InputError
        If there is one record only, one holds NaN, or the bandwidth is not positive.

    Notes
    -----
    Textbook: one over the mean squared similarity of two *different* records, which is unbiased;
    its inverse is nearly so, and does not grow with n. Needs no eigenvalues; cost O(n^2 d), in
    blocks.

    Examples
    --------
    >>> round(unbiased_vendi([0.0, 0.0, 100.0, 100.0], bandwidth=1.0), 6)
    3.0
    """
    points, width = records(X, "X"), _width(bandwidth)
    n = len(points)
    if n < 2:
        raise InputError("one record has no other to be compared with. Give two or more records.")
    total = float(_pairs(points, width, np.zeros(n, dtype=np.intp), 1)[0, 0])
    return n * (n - 1) / total if total > 0 else float("inf")


def vendi_ratio(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    bandwidth: float | None = None,
    confidence: float = 0.95,
) -> Signal:
    """Effective number of different new records, relative to that of real ones.

    Parameters
    ----------
    new : array_like, shape (m,) or (m, d)
        New records as rows.
    reference : array_like, shape (n,) or (n, d)
        Real records as rows.
    bandwidth : float, optional
        Width of the Gaussian kernel; default `median_bandwidth` of the reference.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        Ratio of two `unbiased_vendi`; 1 if nothing has changed, at any two sizes. Falls under
        collapse, late.

    Raises
    ------
    InputError
        If a set has fewer than 40 records, one holds NaN, the coordinates differ in number, or the
        bandwidth is not positive.

    Notes
    -----
    Error of the logarithm by the jackknife over 20 groups on each side (Busing et al. 1999), which
    takes one pass over the pairs; p and interval by Student's law with 38 degrees of freedom.
    Records that belong together must not be neighbours in the order of the rows.
    """
    X, Y = records(reference, "reference"), records(new, "new")
    same_width(X, Y)
    if min(len(X), len(Y)) < 2 * GROUPS:
        raise InputError(
            f"{min(len(X), len(Y))} records are too few for {GROUPS} groups of a jackknife. Give "
            f"at least {2 * GROUPS} on each side."
        )
    quantile_of(confidence)
    width = median_bandwidth(X) if bandwidth is None else _width(bandwidth)
    (made, made_variance), (real, real_variance) = (_log_vendi(Z, width) for Z in (Y, X))
    apart, error = made - real, float(np.sqrt(made_variance + real_variance))
    if not np.isfinite(apart) or not error > 0:
        nan = float("nan")
        return Signal(nan, 1.0, nan, nan, nan, nan, "falls", len(Y), len(X))
    freedom = 2 * (GROUPS - 1)
    reach = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
    ratio = float(np.exp(apart))
    low, high = float(np.exp(apart - reach)), float(np.exp(apart + reach))
    p = float(stdtr(freedom, apart / error))
    return Signal(ratio, 1.0, ratio * error, low, high, p, "falls", len(Y), len(X))


def _log_vendi(points: Floats, width: float) -> tuple[float, float]:
    """Logarithm of the unbiased score, and its variance."""
    group = position_groups(len(points))
    sums = _pairs(points, width, group, GROUPS)
    size = np.bincount(group, minlength=GROUPS)
    left = len(points) - size
    total = sums.sum()
    without = total - 2 * sums.sum(axis=1) + np.diag(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = -np.log(total / (len(points) * (len(points) - 1)))
        replicates = -np.log(without / (left * (left - 1)))
    if not (np.isfinite(value) and np.isfinite(replicates).all()):
        return float("nan"), float("nan")
    return float(value), float(jackknife_variance(value, replicates, size))
