"""Bringing two sets of records to one size and into fewer dimensions, blind to which is which."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, same_width
from modelcollapse.metrics.neighbours._search import Indices, records

_STEPS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit words (the finaliser of splitmix64)."""
    words = (words ^ (words >> np.uint64(30))) * _STEPS[1]
    words = (words ^ (words >> np.uint64(27))) * _STEPS[2]
    return np.asarray(words ^ (words >> np.uint64(31)))


def record_hashes(X: ArrayLike) -> NDArray[np.uint64]:
    """Number of each record that depends on its content, and on how many copies came before.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records as rows.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Evenly spread. The set of numbers is the same in any order of the rows.

    Raises
    ------
    InputError
        If there is no record, or one holds NaN.

    Notes
    -----
    Steele, Lea and Flood (2014), the mixing function of splitmix64. Copies get different numbers:
    otherwise a sample would keep all copies of a record or none.
    """
    points = records(X, "X") + 0.0  # no negative zeros
    total = np.full(len(points), _STEPS[0], dtype=np.uint64)
    for column in np.ascontiguousarray(points.T).view(np.uint64):
        total = _mixed(total ^ column) + _STEPS[0]
    _, first, held = np.unique(total, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    copy = np.empty(len(total), dtype=np.uint64)
    copy[order] = np.arange(len(total)) - np.repeat(np.cumsum(held) - held, held)
    return _mixed(total + copy * _STEPS[0])


def hash_sample(X: ArrayLike, size: int) -> Indices:
    """Rows of a sample that depends on nothing but the records.

    Parameters
    ----------
    X : array_like, shape (n,) or (n, d)
        Records as rows.
    size : int
        How many to choose.

    Returns
    -------
    ndarray of int, shape (min(size, n),)
        Rows in ascending order: those with the smallest `record_hashes`. In another order of the
        rows the same records are chosen; where no record has copies in several shards, the sample
        of the whole is the sample of the shards' samples.

    Raises
    ------
    InputError
        If the size is not a whole number from 1 upwards.
    """
    if not is_whole(size) or size < 1:
        raise InputError(
            f"the size of a sample must be a whole number from 1 upwards, got {size!r}. Say how "
            "many records to keep."
        )
    points = records(X, "X")
    if size >= len(points):
        return np.arange(len(points))
    return np.sort(np.argsort(record_hashes(points), kind="stable")[: int(size)])


def principal_directions(new: ArrayLike, reference: ArrayLike, d: int) -> tuple[Floats, Floats]:
    """Coordinates of both sets along the directions in which they vary most, taken together.

    Parameters
    ----------
    new : array_like, shape (m, d0)
        New records as rows.
    reference : array_like, shape (n, d0)
        Real records as rows.
    d : int
        How many directions; all where there are no more.

    Returns
    -------
    new : ndarray, shape (m, d)
        Centred and rotated, in the units of the records.
    reference : ndarray, shape (n, d)
        The same.

    Raises
    ------
    InputError
        If `d` is not a whole number from 1 upwards, or the coordinates differ in number.

    Notes
    -----
    Textbook: eigenvectors of the covariance within the two sets, pooled with equal weight and with
    one mean. Directions of the reference alone would fit its records better than new ones of the
    same law, which would then look closer together than they are. Nothing is scaled: columns in
    different units are to be standardised before.
    """
    X, Y = records(reference, "reference"), records(new, "new")
    same_width(X, Y)
    if not is_whole(d) or d < 1:
        raise InputError(
            f"the number of directions must be a whole number from 1 upwards, got {d!r}. Use 16 to "
            "64."
        )
    if d >= X.shape[1]:
        return Y, X
    centre = (X.mean(axis=0) + Y.mean(axis=0)) / 2
    X, Y = X - centre, Y - centre
    _, vectors = np.linalg.eigh(X.T @ X / len(X) + Y.T @ Y / len(Y))
    axes = vectors[:, ::-1][:, : int(d)]
    return Y @ axes, X @ axes
