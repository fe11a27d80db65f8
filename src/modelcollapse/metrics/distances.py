"""Transport distances: how far records must move to turn one law into the other.

The first argument is the model, the second the reference. All are 0 for equal laws and grow under
collapse, but they grow under any other change too: a distance says that something moved, never
that tails went. Leading axes are replicates.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, floats, gaussian_pair, plain, rows, same_width
from modelcollapse.protocols import Reading

_BLOCK = 1 << 21  # numbers held at once while slicing


def gaussian_w2_squared(
    mean: ArrayLike, root: ArrayLike, reference_mean: ArrayLike, reference_root: ArrayLike
) -> Reading:
    """Squared 2-Wasserstein distance between two Gaussian laws.

    Parameters
    ----------
    mean : array_like, shape (..., d)
        Mean of the first law.
    root : array_like, shape (..., d, k)
        Root of its covariance, ``cov = root @ root.T``.
    reference_mean : array_like, shape (..., d)
        Mean of the second law.
    reference_root : array_like, shape (..., d, k)
        Root of its covariance; `k` may differ.

    Returns
    -------
    float or ndarray, shape (...)
        In squared units of the records, 0 or larger.

    Raises
    ------
    InputError
        If the shapes do not belong together.

    Notes
    -----
    gelbrich1990: ``|mean1 - mean2|^2 + tr C1 + tr C2 - 2 tr (C1^(1/2) C2 C1^(1/2))^(1/2)``. The
    last trace is the nuclear norm of ``root1.T @ root2`` whatever the roots, which also works for
    singular covariances. With fitted moments this is the square of the Fréchet distance, and
    biased upwards by a term of order d/n.

    Examples
    --------
    >>> float(gaussian_w2_squared([0.0], [[1.0]], [3.0], [[2.0]]))
    10.0
    """
    shift, first, second = gaussian_pair(mean, root, reference_mean, reference_root)
    location = np.square(shift).sum(axis=-1)
    if first.shape[-2:] == second.shape[-2:] == (1, 1):
        gap = np.abs(first[..., 0, 0]) - np.abs(second[..., 0, 0])
        return plain(location + gap * gap)
    overlap = np.swapaxes(first, -1, -2) @ second
    undefined = np.isnan(overlap.sum(axis=(-2, -1)))
    overlap = np.where(np.asarray(undefined)[..., None, None], 0.0, overlap)
    nuclear = np.linalg.svd(overlap, compute_uv=False).sum(axis=-1)
    size = np.square(first).sum(axis=(-2, -1)) + np.square(second).sum(axis=(-2, -1))
    # the shapes may agree up to rounding
    shape = np.maximum(size - 2 * nuclear, 0.0)
    return plain(np.where(undefined, np.nan, location + shape))


def _power(p: float) -> float:
    if not 1 <= p < np.inf:
        raise InputError(
            f"the order of a Wasserstein distance must be finite and at least 1, got p = {p!r}: "
            "below 1 it is no distance. Use 1 or 2."
        )
    return float(p)


def wasserstein_1d(x: ArrayLike, y: ArrayLike, *, p: float = 2) -> Reading:
    """Wasserstein distance between samples of single numbers, exact for any two sizes.

    Parameters
    ----------
    x : array_like, shape (..., n)
        Records of the model.
    y : array_like, shape (..., m)
        Records of the reference.
    p : float, default 2
        Order, at least 1.

    Returns
    -------
    float or ndarray, shape (...)
        In the units of the records, 0 or larger. NaN for a replicate with NaN in it.

    Raises
    ------
    InputError
        If a sample is empty or `p` is below 1 or infinite.

    Notes
    -----
    Textbook: the order-`p` mean distance between the two quantile functions; cost O(n log n).
    Biased upwards: samples of one law are apart too, so compare with two real samples of the same
    sizes.

    Examples
    --------
    >>> float(wasserstein_1d([0.0, 1.0], [2.0, 3.0]))
    2.0
    """
    order = _power(p)
    first, second = floats(x), floats(y)
    if not first.shape[-1] or not second.shape[-1]:
        raise InputError("an empty sample has no distance to anything. Pass at least one record.")
    return plain(_quantile_power(np.sort(first), np.sort(second), order) ** (1 / order))


def _quantile_power(first: Floats, second: Floats, p: float) -> Floats:
    """Wasserstein distance to the power `p` of samples sorted along the last axis."""
    n, m = first.shape[-1], second.shape[-1]
    if n == m:
        gaps, widths = np.abs(first - second), None
    else:
        # Both quantile functions are steps: at multiples of 1/n and of 1/m. In units of 1/(nm)
        # these are whole numbers, the same ones for all replicates.
        # Stable sorting merges the two runs; an edge that both share just gets width 0.
        edges = np.sort(np.concatenate([np.arange(n) * m, np.arange(1, m) * n]), kind="stable")
        widths = np.diff(edges, append=n * m) / (n * m)
        gaps = np.abs(first[..., edges // m] - second[..., edges // n])
    powers = gaps if p == 1 else np.square(gaps) if p == 2 else gaps**p
    return np.asarray(powers.mean(axis=-1) if widths is None else powers @ widths)


def unit_directions(d: int, k: int, *, rng: Generator) -> Floats:
    """Draw directions uniformly from the sphere.

    Parameters
    ----------
    d : int
        Number of coordinates, at least 1.
    k : int
        How many directions, at least 1.
    rng : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    ndarray, shape (d, k)
        Columns of length 1.

    Raises
    ------
    InputError
        If `d` or `k` is below 1.

    Notes
    -----
    Textbook: normalised normal vectors.
    """
    if d < 1 or k < 1:
        raise InputError(
            f"there must be at least one coordinate and one direction, got {d} and {k}. Use 100 "
            "directions or so."
        )
    directions = rng.standard_normal((d, k))
    return np.asarray(directions / np.linalg.norm(directions, axis=0))


def sliced_wasserstein(
    X: ArrayLike, Y: ArrayLike, *, directions: int = 100, p: float = 2, rng: Generator
) -> Reading:
    """Sliced Wasserstein distance: the mean of one-dimensional ones over random directions.

    Parameters
    ----------
    X : array_like, shape (n,) or (..., n, d)
        Records of the model, as rows.
    Y : array_like, shape (m,) or (..., m, d)
        Records of the reference, as rows.
    directions : int, default 100
        How many directions; the error of the squared distance falls like one over its root.
    p : float, default 2
        Order, at least 1.
    rng : numpy.random.Generator
        Draws the directions, the same ones for all replicates.

    Returns
    -------
    float or ndarray, shape (...)
        In the units of the records, 0 or larger: the `p`-th root of the mean `p`-th power.

    Raises
    ------
    InputError
        If there is no record, the coordinates differ in number, or `p` or `directions` is too
        small.

    Notes
    -----
    Bonneel et al. (2015). In one dimension it is exact. In d dimensions it is at most the
    Wasserstein distance over the root of d (order 2), so compare it with itself only. Biased
    upwards by the finite samples, hardly by the number of coordinates. Memory stays bounded: the
    directions are worked off in blocks.
    """
    order = _power(p)
    first, second = rows(X), rows(Y, "Y")
    same_width(first, second)
    d = first.shape[-1]
    axes = unit_directions(d, directions, rng=rng) if d > 1 else np.ones((1, 1))
    block = max(1, _BLOCK // max(first.size // d, second.size // d))
    total = np.zeros(())
    for i in range(0, axes.shape[1], block):
        x, y = (np.sort(np.swapaxes(Z @ axes[:, i : i + block], -1, -2)) for Z in (first, second))
        total = total + _quantile_power(x, y, order).sum(axis=-1)
    return plain((total / axes.shape[1]) ** (1 / order))
