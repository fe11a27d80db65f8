"""Two-sample distances over all pairs of records: energy distance and maximum mean discrepancy.

Both are 0 for equal laws and positive for any two others, so they see every kind of change and
name none: collapse raises them, and so does noise. The unbiased forms average to exactly 0 for
equal laws, at any two sizes, and can therefore be negative. The first argument is the model's
records, the second the reference's.

All pairs are visited, in blocks, so that memory stays bounded; the cost grows with the square of
the number of records, except for the energy distance of single numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, rows, same_width

_BLOCK = 1 << 20  # pairs held at once
_PAIRED = 2_000  # records that the bandwidth is read from


def _two_samples(X: ArrayLike, Y: ArrayLike, least: int) -> tuple[Floats, Floats]:
    first, second = rows(X), rows(Y, "Y")
    if first.ndim != 2 or second.ndim != 2:
        raise InputError(
            "two samples are compared at a time, each of shape (n,) or (n, d), got shapes "
            f"{first.shape} and {second.shape}. Call the measure for each replicate."
        )
    same_width(first, second)
    if min(len(first), len(second)) < least:
        raise InputError(
            f"samples of {len(first)} and {len(second)} records are too small: the unbiased form "
            "averages over pairs of distinct records. Use 2 or more on each side."
        )
    # the distance from the origin would cost digits
    centre = second.mean(axis=0)
    return first - centre, second - centre


def _squared(A: Floats, B: Floats) -> Floats:
    """Squared Euclidean distances between two sets of rows."""
    out = A @ B.T
    out *= -2
    out += np.square(A).sum(axis=1)[:, None]
    out += np.square(B).sum(axis=1)
    return np.asarray(np.maximum(out, 0, out=out))


def _cross(A: Floats, B: Floats, of: Callable[[Floats], Floats]) -> float:
    """Sum of a function of the squared distance over all pairs between two sets."""
    step = max(1, _BLOCK // len(B))
    return float(sum(of(_squared(A[i : i + step], B)).sum() for i in range(0, len(A), step)))


def _within(A: Floats, of: Callable[[Floats], Floats]) -> float:
    """Sum over ordered pairs of distinct records of one set; each pair is visited once."""
    step = max(1, _BLOCK // len(A))
    value = 0.0
    for i in range(0, len(A), step):
        block = A[i : i + step]
        value += 2 * float(np.triu(of(_squared(block, block)), 1).sum())
        if i + step < len(A):
            value += 2 * float(of(_squared(block, A[i + step :])).sum())
    return value


def _ordered(x: Floats) -> float:
    """Sum of distances over ordered pairs of single numbers, from their ranks."""
    n = len(x)
    return float(2 * np.sort(x) @ (2 * np.arange(n) - n + 1.0))


def energy_distance(X: ArrayLike, Y: ArrayLike, *, unbiased: bool = True) -> float:
    """Energy distance between two samples.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records of the model, as rows.
    Y : array_like, shape (m,) or (m, d)
        Records of the reference, as rows.
    unbiased : bool, default True
        Average over pairs of distinct records. Otherwise a record is also paired with itself,
        which keeps the value from being negative and biases it upwards by a term of order 1/n.

    Returns
    -------
    float
        In the units of the records; rises under collapse. NaN if there is a NaN.

    Raises
    ------
    InputError
        If a sample is empty, has one record in the unbiased form, or the coordinates differ in
        number.

    Notes
    -----
    Székely and Rizzo (2013): ``2 E|X - Y| - E|X - X'| - E|Y - Y'|``. In one dimension the biased
    form is twice the squared Cramér distance, and the *square* of SciPy's `energy_distance`.
    Depends on the units of the coordinates: standardise them first. Cost O(n log n) for single
    numbers, else O(n m d).

    Examples
    --------
    >>> energy_distance([0.0, 0.0], [1.0, 1.0])
    2.0
    """
    first, second = _two_samples(X, Y, 2 if unbiased else 1)
    n, m = len(first), len(second)
    if first.shape[1] == 1:
        x, y = first[:, 0], second[:, 0]
        own, other = _ordered(x), _ordered(y)
        cross = (_ordered(np.concatenate([x, y])) - own - other) / 2
    else:
        own, other = _within(first, np.sqrt), _within(second, np.sqrt)
        cross = _cross(first, second, np.sqrt)
    less = 1 if unbiased else 0
    return 2 * cross / (n * m) - own / (n * (n - less)) - other / (m * (m - less))


def median_bandwidth(reference: ArrayLike) -> float:
    """Median distance between two real records: the customary width of a Gaussian kernel.

    Parameters
    ----------
    reference : array_like, shape (n,) or (n, d)
        Real records as rows.

    Returns
    -------
    float
        In the units of the records. Above 2,000 records it is the median over 2,000 of them,
        evenly spaced, so that it needs no randomness.

    Raises
    ------
    InputError
        If there are fewer than two records, or half of all pairs coincide.

    Notes
    -----
    Gretton et al. (2012). Take it from the reference only: a width that follows the model's
    records hides their shrinking.

    Examples
    --------
    >>> median_bandwidth([0.0, 1.0, 3.0])
    2.0
    """
    records, _ = _two_samples(reference, reference, 2)
    n = len(records)
    if n > _PAIRED:
        records = records[np.linspace(0, n - 1, _PAIRED).astype(np.intp)]
    upper = np.triu_indices(len(records), 1)
    width = float(np.sqrt(np.median(_squared(records, records)[upper])))
    if width == 0:
        raise InputError(
            "half of all pairs of real records coincide, so that their median distance is 0 and "
            "no width for a kernel. Pass a bandwidth of your own."
        )
    return width


def mmd_squared(
    X: ArrayLike, Y: ArrayLike, *, bandwidth: float | None = None, unbiased: bool = True
) -> float:
    """Squared maximum mean discrepancy between two samples, with a Gaussian kernel.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records of the model, as rows.
    Y : array_like, shape (m,) or (m, d)
        Records of the reference, as rows.
    bandwidth : float, optional
        Width ``h`` of the kernel ``exp(-|x - y|^2 / (2 h^2))``, in the units of the records;
        default `median_bandwidth` of the reference.
    unbiased : bool, default True
        Average over pairs of distinct records. Otherwise a record is also paired with itself,
        which keeps the value from being negative and biases it upwards by a term of order 1/n.

    Returns
    -------
    float
        Dimensionless, at most 2; rises under collapse. NaN if there is a NaN.

    Raises
    ------
    InputError
        If a sample is too small, the coordinates differ in number, or the bandwidth is not
        positive.

    Notes
    -----
    Gretton et al. (2012), equation 3. Values for different bandwidths cannot be compared: along
    a chain, fix it once. Far outliers do not move it, so it sees tails hardly at all.

    Examples
    --------
    >>> round(mmd_squared([0.0, 0.0], [50.0, 50.0], bandwidth=1.0), 6)
    2.0
    """
    first, second = _two_samples(X, Y, 2 if unbiased else 1)
    width = median_bandwidth(Y) if bandwidth is None else float(bandwidth)
    if width <= 0:
        raise InputError(
            f"the bandwidth must be larger than 0, got {bandwidth!r}: it is the distance at which "
            "two records stop being alike. Leave it out for the median distance."
        )

    def kernel(squared: Floats) -> Floats:
        squared *= -0.5 / width**2
        return np.asarray(np.exp(squared, out=squared))

    n, m = len(first), len(second)
    own, other = _within(first, kernel), _within(second, kernel)
    cross = _cross(first, second, kernel)
    if unbiased:
        return own / (n * (n - 1)) + other / (m * (m - 1)) - 2 * cross / (n * m)
    return (own + n) / n**2 + (other + m) / m**2 - 2 * cross / (n * m)
