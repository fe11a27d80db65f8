"""Exact nearest neighbours, in blocks: candidates in single precision, proven in double.

Distances to all records come from one matrix product in single precision, which is quick and
inexact. Its error has a bound, so that most records can be shown not to be among the nearest;
the few that are left are measured in double precision, coordinate by coordinate. Records for
which the bound is too wide (a tight cluster far from the middle) are searched again with a
product in double precision. The distances are those of a plain double loop, to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, rows, same_width

Indices = NDArray[np.intp]
Matrix = NDArray[np.floating]

_BLOCK = 1 << 20  # pairs held at once
_SPARE = 8  # candidates beyond the neighbours that are asked for
_DIRECT = 1 << 18  # numbers held at once where distances are taken coordinate by coordinate


def records(X: ArrayLike, name: str) -> Floats:
    """One set of records as rows, without gaps."""
    found = rows(X, name)
    if found.ndim != 2:
        raise InputError(
            f"{name} must be one set of records, got an array of shape {found.shape}. Pass an "
            "array of shape (n,) or (n, d)."
        )
    if not np.isfinite(found).all():
        raise InputError(
            f"{name} holds NaN or infinity, and a record with gaps has no distance from others. "
            "Drop those records or fill the gaps."
        )
    return found


def stored(X: ArrayLike, name: str) -> Matrix:
    """`records`, but in single precision where they were given so: half of the memory."""
    array = np.asarray(X)
    if array.dtype == np.float32 and array.ndim == 2 and array.size:
        if not np.isfinite(array).all():
            return records(X, name)  # which refuses them
        return array
    return records(X, name)


def whole_k(k: int, available: int) -> int:
    """Number of neighbours, checked against the number of other records."""
    if not is_whole(k) or not 1 <= k <= available:
        raise InputError(
            f"k must be a whole number from 1 to {available}, got {k!r}: a record has no more "
            "neighbours than there are other records. Use 5, or give more records."
        )
    return int(k)


@dataclass(frozen=True)
class Cloud:
    """Records around a centre, in the precision of a search, with the bound of its error."""

    points: Matrix
    centre: Floats
    scale: float
    dtype: type[np.floating]

    def block(self, which: slice | Indices) -> Matrix:
        """Some records relative to the centre, in units in which nothing overflows."""
        return np.asarray((self.points[which] - self.centre) / self.scale, dtype=self.dtype)

    @cached_property
    def moved(self) -> Matrix:
        """All of them."""
        return np.concatenate([self.block(part) for part in self._parts()])

    @cached_property
    def squares(self) -> Floats:
        """Squared distances from the centre, in the units of the blocks."""
        blocks = map(self.block, self._parts())
        return np.concatenate([np.square(one, dtype=np.float64).sum(axis=1) for one in blocks])

    def _parts(self) -> Iterator[slice]:
        step = max(1, _DIRECT // self.points.shape[1])
        return (slice(i, i + step) for i in range(0, len(self.points), step))

    @property
    def unit(self) -> float:
        """Relative error of a squared distance between records as far out as each other."""
        return float((self.points.shape[1] + 10) * np.finfo(self.dtype).eps / 2)

    def slack(self, squared: Floats, rows_: slice | Indices) -> Floats:
        """Bound of the error of squared distances from some records, near the given values.

        The error is at most ``unit (|x| + |y|)^2``. Where |y| is at most 3 |x| that is below
        ``16 unit |x|^2``; elsewhere the distance is at least half of |x| + |y|, and the error
        below ``4 unit`` of the squared distance itself.
        """
        return np.asarray(self.unit * np.maximum(16 * self.squares[rows_], 8 * squared))


def clouds(A: Matrix, B: Matrix, dtype: type[np.floating] = np.float32) -> tuple[Cloud, Cloud]:
    """Two sets of records around the middle of the second."""
    centre = B.mean(axis=0, dtype=np.float64)
    reach = max(
        float(np.maximum(Z.max(axis=0) - centre, centre - Z.min(axis=0)).max()) for Z in (A, B)
    )
    second = Cloud(B, centre, reach or 1.0, dtype)
    return (second if A is B else Cloud(A, centre, reach or 1.0, dtype)), second


def squared_block(queries: Cloud, base: Cloud, which: slice | Indices) -> Matrix:
    """Squared distances of some queries from all records of the base, inexact."""
    out = (-2 * queries.block(which)) @ base.moved.T
    out += queries.squares[which].astype(out.dtype)[:, None]
    out += base.squares.astype(out.dtype)
    return np.asarray(out)


def nearest(
    queries: ArrayLike, base: ArrayLike, k: int = 5, *, others: bool = False
) -> tuple[Floats, Indices]:
    """Exact nearest neighbours of each record.

    Parameters
    ----------
    queries : array_like, shape (m,) or (m, d)
        Records whose neighbours are wanted, as rows.
    base : array_like, shape (n,) or (n, d)
        Records to choose from.
    k : int, default 5
        How many neighbours.
    others : bool, default False
        The two sets are the same one, and no record is its own neighbour.

    Returns
    -------
    distances : ndarray, shape (m, k)
        Euclidean, in the units of the records, ascending.
    neighbours : ndarray of int, shape (m, k)
        Rows of the base; of equally near ones some.

    Raises
    ------
    InputError
        If there are fewer than k records to choose from, a record holds NaN, or the coordinates
        differ in number.

    Notes
    -----
    Textbook, brute force. Distances equal those of a double loop over coordinates to rounding;
    copies have distance exactly 0. Cost O(n m d); memory O((n + m) (d + k)) and one block.

    Examples
    --------
    >>> distances, neighbours = nearest([0.0, 1.0, 3.0], [0.0, 1.0, 3.0], k=1, others=True)
    >>> distances.ravel().tolist(), neighbours.ravel().tolist()
    ([1.0, 1.0, 2.0], [1, 0, 1])
    """
    B = stored(base, "base")
    A = B if others else stored(queries, "queries")
    same_width(A, B)  # type: ignore[arg-type]  # looks at shapes only
    count = whole_k(k, len(B) - others)
    distances = np.empty((len(A), count))
    neighbours = np.empty((len(A), count), dtype=np.intp)
    doubtful = np.arange(len(A))
    for dtype in (np.float32, np.float64):
        near, far = clouds(A, B, dtype)
        step = max(1, _BLOCK // len(B))
        failed = []
        for i in range(0, len(doubtful), step):
            which = doubtful[i : i + step]
            found, order, proven = _block(near, far, which, count, others)
            distances[which], neighbours[which] = found, order
            failed.append(which[~proven])
        doubtful = np.concatenate(failed)
        if not len(doubtful):
            break
    return distances, neighbours


def _block(
    near: Cloud, far: Cloud, which: Indices, k: int, others: bool
) -> tuple[Floats, Indices, NDArray[np.bool_]]:
    """Neighbours of some records, and for which of them they are proven."""
    squared = squared_block(near, far, which)
    if others:
        squared[np.arange(len(which)), which] = np.inf
    candidates, bound = _candidates(squared, min(k + _SPARE, len(far.points) - others))
    exact = _direct(near.points[which], far.points, candidates)
    order = np.lexsort((candidates, exact), axis=-1)[:, :k]
    exact = np.take_along_axis(exact, order, axis=1)
    own = np.square(exact[:, -1] / near.scale)
    # whoever is not a candidate is beyond this
    beyond = bound - near.slack(bound, which)
    complete = k + _SPARE >= len(far.points) - others
    proven = (own <= beyond) | (own == 0) | complete
    return exact, np.take_along_axis(candidates, order, axis=1), proven


def _candidates(squared: Matrix, count: int) -> tuple[Indices, Floats]:
    """At least the `count` smallest of each row (padded with -1), and the largest of these."""
    height, n = squared.shape
    groups = 8 * count
    if n < 4 * groups:
        found = np.argpartition(squared, count - 1, axis=1)[:, :count]
        return found, np.take_along_axis(squared, found, axis=1).max(axis=1).astype(np.float64)
    # The smallest of each of many groups: the count-th of them bounds the count-th of all.
    deep = n // groups
    least = squared[:, : deep * groups].reshape(height, deep, groups).min(axis=1)
    bound = np.partition(least, count - 1, axis=1)[:, count - 1]
    flat = np.flatnonzero(squared <= bound[:, None])
    line, column = flat // n, flat % n
    held = np.bincount(line, minlength=height)
    if held.max() > 4 * count:  # many ties
        found = np.argpartition(squared, count - 1, axis=1)[:, :count]
        return found, np.take_along_axis(squared, found, axis=1).max(axis=1).astype(np.float64)
    found = np.full((height, int(held.max())), -1, dtype=np.intp)
    found[line, np.arange(len(flat)) - np.repeat(np.cumsum(held) - held, held)] = column
    return found, bound.astype(np.float64)


def within(A: Floats, B: Floats, radii: Floats) -> Indices:
    """Number of rows of B nearer to each row of A than its radius.

    Parameters
    ----------
    A, B : ndarray, shapes (m, d) and (n, d)
        Records as rows.
    radii : ndarray, shape (m,)
        Distances.

    Returns
    -------
    ndarray of int, shape (m,)
        Counts.
    """
    everybody = np.arange(len(B))[None]
    return np.array(
        [np.count_nonzero(_direct(A[i : i + 1], B, everybody) < radii[i]) for i in range(len(A))],
        dtype=np.intp,
    )


def _direct(A: Matrix, B: Matrix, candidates: Indices) -> Floats:
    """Distances of rows from their candidates; infinite where there is none."""
    out = np.empty(candidates.shape)
    step = max(1, _DIRECT // (candidates.shape[1] * A.shape[1]))
    for i in range(0, len(A), step):
        apart = B[candidates[i : i + step]].astype(np.float64, copy=False)
        apart -= A[i : i + step, None]
        out[i : i + step] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
    out[candidates < 0] = np.inf
    return out
