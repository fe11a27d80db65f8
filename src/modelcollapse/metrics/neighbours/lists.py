"""Everybody's neighbours, found once, and what they would be if the two sets were dealt anew.

If nothing has changed, the two sets are one sample that was dealt into halves at random. The lists
are long enough to deal it again without another search: so the null law of every measure here is
drawn at the sizes, the dimension, the ties and the copies that the data have, and a test has its
size by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, same_width
from modelcollapse.metrics.jackknife import half_samples
from modelcollapse.metrics.neighbours._search import Indices, nearest, records, whole_k, within
from modelcollapse.metrics.neighbours.matching import hash_sample, principal_directions

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Deal:
    """One way to call half of the records new and half of them reference.

    Attributes
    ----------
    reference, new : ndarray of bool, shape (2 n,)
        Who plays what.
    first, own, across : ndarray, shape (2 n,)
        Distance from the nearest record of the own side, from its k-th one, and from the k-th one
        of the other side.
    visitors : ndarray of int, shape (2 n,)
        How many records of the other side are nearer than the k-th of the own; in a half, as far
        as the lists go.
    k : int
        Number of neighbours.
    """

    reference: Mask
    new: Mask
    first: Floats
    own: Floats
    across: Floats
    visitors: Indices
    k: int


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of two sets of records of one size; made by `neighbours`.

    Attributes
    ----------
    new, reference : ndarray, shape (n, d)
        The records that were compared.
    new_rows, reference_rows : ndarray of int, shape (n,)
        Which of the given rows they are.
    k : int
        Number of neighbours that the measures read.
    own_distances, across_distances : ndarray, shape (2 n, length)
        Distances from the nearest records of the same and of the other set, ascending; the
        reference's records first.
    own_rows, across_rows : ndarray of int, shape (2 n, length)
        Who these are, counted through both sets.
    """

    new: Floats
    reference: Floats
    new_rows: Indices
    reference_rows: Indices
    k: int
    own_distances: Floats = field(repr=False)
    across_distances: Floats = field(repr=False)
    own_rows: Indices = field(repr=False)
    across_rows: Indices = field(repr=False)

    @property
    def n(self) -> int:
        """Records on each side."""
        return len(self.reference)

    @property
    def is_reference(self) -> Mask:
        """Which of both sets' records are the reference's."""
        return np.arange(2 * self.n) < self.n

    def as_found(self) -> Deal:
        """The two sets as they are."""
        own, across = self.own_distances[:, self.k - 1], self.across_distances[:, self.k - 1]
        visitors = self._visitors(own)
        real = self.is_reference
        return Deal(real, ~real, self.own_distances[:, 0], own, across, visitors, self.k)

    def _visitors(self, own: Floats) -> Indices:
        """Records of the other side within each ball, counted on where a list ends inside."""
        visitors = (self.across_distances < own[:, None]).sum(axis=1)
        full = visitors == self.across_distances.shape[1]
        for side, other in ((self.is_reference, self.new), (~self.is_reference, self.reference)):
            which = np.flatnonzero(full & side)
            points = np.vstack([self.reference, self.new])[which]
            visitors[which] = within(points, other, own[which])
        return np.asarray(visitors)

    def halves(self, repeats: int, *, rng: Generator) -> Iterator[Deal]:
        """Random halves of both sets, without putting back.

        Parameters
        ----------
        repeats : int
            How many.
        rng : numpy.random.Generator
            Source of all randomness.

        Yields
        ------
        Deal
            One half; records that were left out are neither new nor reference.
        """
        n, real = self.n, self.is_reference
        own = _Lists.of(self.own_distances, self.own_rows)
        across = _Lists.of(self.across_distances, self.across_rows)
        pairs = (half_samples(n, repeats, rng=rng) for _ in range(2))
        for halves in zip(*pairs, strict=True):
            held = np.zeros(2 * n, dtype=bool)
            for side, chosen in enumerate(halves):
                held[side * n + chosen] = True
            kept, kept_across = held[own.who], held[across.who]
            inner, outer = _counted(kept), _counted(kept_across)
            edge = own.at(_place(inner, self.k))
            visitors = (kept_across & (across.distances < edge)).sum(axis=0)
            yield Deal(
                real & held,
                ~real & held,
                own.at(_place(inner, 1)),
                edge,
                across.at(_place(outer, self.k)),
                visitors,
                self.k,
            )

    def deals(self, draws: int, *, rng: Generator) -> Iterator[Deal]:
        """The two sets thrown together and dealt anew.

        Parameters
        ----------
        draws : int
            How often.
        rng : numpy.random.Generator
            Source of all randomness.

        Yields
        ------
        Deal
            As likely as the given one, if both sets are of one law.
        """
        distances = np.hstack([self.own_distances, self.across_distances])
        who = np.hstack([self.own_rows, self.across_rows])
        order = np.argsort(distances, axis=1, kind="stable")[:, : self.own_distances.shape[1]]
        both = _Lists.of(
            np.take_along_axis(distances, order, axis=1), np.take_along_axis(who, order, axis=1)
        )
        begins = both.begins()
        everybody = np.arange(2 * self.n)
        length = len(both.who)
        places = np.arange(1, length + 1, dtype=np.min_scalar_type(length))[:, None]
        for _ in range(draws):
            real = np.zeros(2 * self.n, dtype=bool)
            real[rng.permutation(2 * self.n)[: self.n]] = True
            same = real[both.who] == real
            met = _counted(same)
            place = _place(met, self.k)
            # all that lie nearer, less those of the own side
            nearer = begins[place, everybody].astype(np.intp)
            own = np.where(nearer > 0, met[nearer - 1, everybody], 0)
            across = both.at(_place(places - met, self.k))
            yield Deal(
                real, ~real, both.at(_place(met, 1)), both.at(place), across,
                nearer - own, self.k,
            )  # fmt: skip


@dataclass(frozen=True)
class _Lists:
    """Lists of neighbours side by side, one a column, so that all are read at once."""

    distances: Floats
    who: Indices

    @classmethod
    def of(cls, distances: Floats, who: Indices) -> _Lists:
        return cls(np.ascontiguousarray(distances.T), np.ascontiguousarray(who.T))

    def at(self, place: Indices) -> Floats:
        """Distance at one place of each list."""
        return np.asarray(self.distances[place, np.arange(place.size)])

    def begins(self) -> NDArray[np.int32]:
        """Place of the first neighbour as near as the one at each place."""
        fresh = np.ones(self.distances.shape, dtype=bool)
        fresh[1:] = self.distances[1:] != self.distances[:-1]
        places = np.arange(len(fresh), dtype=np.int32)[:, None]
        return np.maximum.accumulate(np.where(fresh, places, 0), axis=0)


def _counted(held: Mask) -> NDArray[np.unsignedinteger]:
    """How many of each list are held up to each place."""
    counts = held.astype(np.min_scalar_type(len(held)))
    for before, here in pairwise(counts):  # by whole rows, which `accumulate` does not do
        here += before
    return counts


def _place(counts: NDArray[np.unsignedinteger], k: int) -> Indices:
    """Place of the k-th neighbour that is held; where the list is too short, the last."""
    before = (counts < k).astype(counts.dtype).sum(axis=0, dtype=counts.dtype)
    return np.asarray(np.minimum(before, len(counts) - 1), dtype=np.intp)


def list_length(n: int, k: int) -> int:
    """Neighbours to keep so that random halves of all lists hold k of them.

    Parameters
    ----------
    n : int
        Records on each side.
    k : int
        Neighbours that are needed.

    Returns
    -------
    int
        Smallest length for which less than one list in a hundred deals is expected to be too
        short; at most the number of others.

    Notes
    -----
    Textbook: a binomial law of the neighbours that fall to one half.
    """
    length = 2 * k
    while length < n - 1 and 2 * n * bdtr(k - 1, length, 0.5) > 0.01:
        length += 1
    return min(length, n - 1)


def neighbours(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    k: int = 5,
    directions: int | None = 64,
    most: int = 50_000,
) -> Neighbours:
    """Find the neighbours of new and real records, at one size.

    Parameters
    ----------
    new : array_like, shape (m,) or (m, d)
        New records as rows, in units in which coordinates can be compared.
    reference : array_like, shape (n,) or (n, d)
        Real records as rows.
    k : int, default 5
        Number of neighbours that the measures read.
    directions : int or None, default 64
        Principal directions to measure distances in; None for all coordinates.
    most : int, default 50000
        Records of each side that are compared at most.

    Returns
    -------
    Neighbours
        What the measures of this package read. A larger set is sampled down to the size of the
        smaller by a hash of its records, so that the same records give the same answer in any
        order.

    Raises
    ------
    InputError
        If a record holds NaN, the coordinates differ in number, or a side has fewer than 4 k
        records.

    Notes
    -----
    Distances from k-th neighbours grow as a set shrinks, so unequal sets are never compared.
    Distances crowd together in many dimensions, hence the principal directions (of both sets
    together, see `principal_directions`). Cost O(n^2 d), four searches.
    """
    X, Y = records(reference, "reference"), records(new, "new")
    same_width(X, Y)
    if not is_whole(most) or most < 1:
        raise InputError(f"most must be a whole number from 1 upwards, got {most!r}.")
    n = int(min(len(X), len(Y), most))
    count = whole_k(k, n - 1)
    if n < 4 * count:
        raise InputError(
            f"{n} records on each side are too few for {count} neighbours: halves of them are "
            f"compared as well. Give at least {4 * count} records, or lower k."
        )
    reference_rows, new_rows = hash_sample(X, n), hash_sample(Y, n)
    X, Y = X[reference_rows], Y[new_rows]
    if directions is not None:
        Y, X = principal_directions(Y, X, directions)
    length = list_length(n, count)
    own_x, own_y = (nearest(Z, Z, length, others=True) for Z in (X, Y))
    across_x, across_y = nearest(X, Y, length), nearest(Y, X, length)
    return Neighbours(
        Y,
        X,
        new_rows,
        reference_rows,
        count,
        np.vstack([own_x[0], own_y[0]]),
        np.vstack([across_x[0], across_y[0]]),
        np.vstack([own_x[1], own_y[1] + n]),
        np.vstack([across_x[1] + n, across_y[1]]),
    )
