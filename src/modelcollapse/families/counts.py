"""Sufficient statistics of categorical records, as one more kind of data.

Records with one of `K` states are known, as far as any categorical fit can tell, by how many
there are of each state. `Counts` keeps the states that are left and can be counted, thinned and
joined like records: an exact simulation is the same loop with this kind of data.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.ragged import Integers, hypergeometric, segment_sum
from modelcollapse.records import Indices

Labels = tuple[Hashable, ...]


@dataclass(frozen=True, eq=False)
class Counts:
    """How many records there are of each state, for the states with any.

    One data set, or a batch of replicates one behind the other: replicate `r` holds the entries
    ``starts[r]`` to ``starts[r + 1]``. Build it with `of` or `from_dense`, which check values.

    Attributes
    ----------
    states : ndarray of int, shape (entries,)
        States with any record, ascending within a replicate.
    counts : ndarray of int, shape (entries,)
        Records of each, at least 1.
    starts : ndarray of int, shape (replicates + 1,)
        First entry of each replicate, and the end of the last.
    number_of_states : int
        States of the world, `K`: 0 to ``K - 1``, whether or not a record is left.
    labels : tuple, optional
        Names of the `K` states.
    replicates : int or None
        Number of replicates in a batch, None for a single data set.
    of_rows : bool
        Whether an array of records was summarised: a model fitted to these counts writes such
        records.
    """

    states: Integers
    counts: Integers
    starts: Integers
    number_of_states: int
    labels: Labels | None = None
    replicates: int | None = None
    of_rows: bool = False

    def __post_init__(self) -> None:
        segments = 1 if self.replicates is None else self.replicates
        fits = self.states.shape == self.counts.shape and self.starts.shape == (segments + 1,)
        if not fits or self.starts[-1] != len(self.states):
            raise InputError(
                f"the parts of counts do not fit together: {self.states.shape} states, "
                f"{self.counts.shape} counts, {self.starts.shape} starts, {segments} replicates. "
                "Use Counts.of(records) or Counts.from_dense(counts)."
            )

    @classmethod
    def of(cls, rows: ArrayLike, number_of_states: int | None = None) -> Counts:
        """Count an array of records.

        Parameters
        ----------
        rows : array_like of int, shape (n,)
            State of each record, 0 or larger.
        number_of_states : int, optional
            States of the world. When not given, it is unknown: the largest state seen plus 1 is
            taken, and joining with counts of larger states raises it.

        Returns
        -------
        Counts
            A single data set, with `of_rows` set.

        Raises
        ------
        InputError
            If a record is not a whole number, is negative, or is no state of the world.

        Examples
        --------
        >>> Counts.of([2, 0, 2, 2]).dense()
        array([1, 0, 3])
        """
        checked = as_states(rows, number_of_states)
        states, counts = np.unique(checked, return_counts=True)
        known = int(states.max(initial=-1)) + 1 if number_of_states is None else number_of_states
        starts = np.array([0, len(states)], dtype=np.int64)
        return cls(states, counts.astype(np.int64), starts, known, of_rows=True)

    @classmethod
    def from_dense(cls, counts: ArrayLike, labels: Sequence[Hashable] | None = None) -> Counts:
        """Counts from a table with a column for every state.

        Parameters
        ----------
        counts : array_like of int, shape (K,) or (replicates, K)
            Records of each state, 0 or larger.
        labels : sequence, optional
            Names of the states.

        Returns
        -------
        Counts
            A batch if there are two axes.

        Raises
        ------
        InputError
            If a count is negative or not a whole number, or the labels do not fit.
        """
        table = np.asarray(counts)
        numbers = table.ndim in (1, 2) and table.dtype.kind in "iuf" and np.isfinite(table).all()
        if not numbers or np.any((table < 0) | (table != np.floor(table))):
            raise InputError(
                "counts are whole numbers of records, 0 or larger, with a column for every state; "
                f"got {table.dtype} of shape {table.shape}. Count the records first."
            )
        if labels is not None and len(labels) != table.shape[-1]:
            raise InputError(
                f"there are {len(labels)} labels for {table.shape[-1]} states. Name every state."
            )
        flat = table.astype(np.int64).ravel()
        keys = np.flatnonzero(flat)
        named = None if labels is None else tuple(labels)
        replicates = len(table) if table.ndim == 2 else None
        return _from_keys(keys, flat[keys], table.shape[-1], named, replicates, of_rows=False)

    @cached_property
    def sizes(self) -> Integers:
        """Number of records in each replicate, shape (replicates,); (1,) for a single data set."""
        return np.asarray(segment_sum(self.counts, self.starts))

    @property
    def n(self) -> int | Integers:
        """Number of records; shape (replicates,) where replicates hold different numbers."""
        sizes = self.sizes
        return int(sizes[0]) if (sizes == sizes[0]).all() else sizes

    def total(self, values: NDArray[Any]) -> Any:
        """Sum over the states that are left, of each replicate by itself.

        Parameters
        ----------
        values : ndarray, shape (entries,)
            One number for each entry of `states`.

        Returns
        -------
        float or ndarray, shape (replicates,)
            The sums.

        Examples
        --------
        >>> counts = Counts.from_dense([[1, 0, 3], [2, 2, 0]])
        >>> 1 - counts.total((counts.counts / 4) ** 2)  # heterozygosity
        array([0.375, 0.5  ])
        """
        return reading(segment_sum(values, self.starts), self.replicates)

    def dense(self) -> Integers:
        """Counts of all states, shape (K,) or (replicates, K)."""
        table = np.zeros(len(self.sizes) * self.number_of_states, dtype=np.int64)
        table[self.keys] = self.counts
        return table if self.replicates is None else table.reshape(self.replicates, -1)

    def keeping(self, counts: Integers) -> Counts:
        """Other counts of the same entries; those without records are dropped.

        Parameters
        ----------
        counts : ndarray of int, shape (entries,)
            Records of each entry, 0 or larger.

        Returns
        -------
        Counts
            The same world and replicates.
        """
        alive = np.flatnonzero(counts)
        starts = np.searchsorted(alive, self.starts)
        return replace(self, states=self.states[alive], counts=counts[alive], starts=starts)

    @property
    def keys(self) -> Integers:
        """``replicate * K + state`` of each entry, ascending."""
        if self.replicates is None:
            return self.states
        first = np.arange(self.replicates) * self.number_of_states
        return self.states + np.repeat(first, np.diff(self.starts))


def reading(sums: NDArray[Any], replicates: int | None) -> Any:
    """Return the number of a single data set, or the array of a batch."""
    return sums[0].item() if replicates is None else sums


def as_states(rows: ArrayLike, number_of_states: int | None) -> Integers:
    """Check records that are states.

    Parameters
    ----------
    rows : array_like of int, shape (n,)
        State of each record.
    number_of_states : int or None
        States of the world, where known.

    Returns
    -------
    ndarray of int, shape (n,)
        The records.

    Raises
    ------
    InputError
        If a record is not a whole number, is negative, or is no state of the world.
    """
    array = np.asarray(rows)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
        raise InputError(
            "categorical records are one axis of whole numbers, the state of each record; got "
            f"{array.dtype} of shape {array.shape}. Turn labels into states with encode of a "
            "Categorical, e.g. Categorical.empirical(labels).encode(labels)."
        )
    whole = np.isfinite(array) & (array == np.floor(array)) if array.dtype.kind == "f" else True
    if not np.all(whole):
        odd = array[~np.asarray(whole)][0]
        raise InputError(
            f"the record {odd} is no state: states are whole numbers from 0. Drop such records, or "
            "map the values to states first."
        )
    if array.size and (array.min() < 0 or (number_of_states or np.inf) <= array.max()):
        odd = int(array.min() if array.min() < 0 else array.max())
        last = "" if number_of_states is None else f" to {number_of_states - 1}"
        raise InputError(
            f"the record {odd} is no state of this world, whose states are 0{last}. Drop such "
            "records, or declare a world with more states."
        )
    return array.astype(np.int64, copy=False)


def _from_keys(
    keys: Integers,
    counts: Integers,
    number_of_states: int,
    labels: Labels | None,
    replicates: int | None,
    of_rows: bool,
) -> Counts:
    """Counts of ascending ``replicate * K + state``."""
    first = np.arange(1 if replicates is None else replicates) * number_of_states
    starts = np.searchsorted(keys, np.append(first, first[-1] + number_of_states))
    states = keys - np.repeat(first, np.diff(starts))  # much faster than the remainder
    return Counts(states, counts, starts, number_of_states, labels, replicates, of_rows)


@records.size.register
def _(data: Counts) -> Any:  # an array where replicates hold different numbers
    return data.n


@records.layout.register
def _(data: Counts) -> object:
    return ("counts", data.number_of_states, data.replicates)


@records.take.register
def _(data: Counts, indices: Indices) -> NoReturn:
    raise Incompatible(
        "single records cannot be taken from counts, which know only how many records there are of "
        "each state. Use rows instead (a categorical truth's .rows()), or a random subset."
    )


@records.subset.register
def _(data: Counts, k: int | Integers, *, rng: Generator) -> Counts:
    """Multivariate hypergeometric; `k` may differ between replicates."""
    wanted = np.asarray(k)
    if wanted.shape not in ((), data.sizes.shape):
        raise InputError(
            f"counts of {len(data.sizes)} replicates cannot be thinned by {wanted.shape} numbers. "
            "Give one number, or one for each replicate."
        )
    if np.any(wanted < 0) or np.any(wanted > data.sizes):
        raise InputError(
            f"cannot choose {wanted.max()} of {data.sizes.min()} records without replacement. Ask "
            "for at most as many as there are."
        )
    if np.all(wanted == data.sizes):
        return data
    return data.keeping(hypergeometric(data.counts, data.starts, wanted, rng))


@records.join.register
def _(first: Counts, parts: Sequence[Counts]) -> Counts:
    """Counts add, state by state and replicate by replicate."""
    for part in parts:
        if not isinstance(part, Counts) or _world(part) != _world(first):
            raise Incompatible(
                "counts join only with counts of the same states, labels and replicates, and "
                f"counts of rows only with such: got {_describe(first)} and {_describe(part)}. "
                "Let one world write all blocks."
            )
    number = max(part.number_of_states for part in parts)
    widened = [replace(part, number_of_states=number) for part in parts]
    keys = np.concatenate([part.keys for part in widened])
    counts = np.concatenate([part.counts for part in parts])
    # The parts are ascending runs, which a stable sort merges in linear time.
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    new = np.flatnonzero(np.diff(keys, prepend=-1))
    summed = np.add.reduceat(counts[order], new) if len(new) else counts
    return _from_keys(keys[new], summed, number, first.labels, first.replicates, first.of_rows)


def _world(data: Counts) -> tuple[object, ...]:
    # Rows do not tell how many states there are: a later block may show a larger one.
    number = None if data.of_rows else data.number_of_states
    return (number, data.labels, data.replicates, data.of_rows)


def _describe(data: Any) -> str:
    if not isinstance(data, Counts):
        return type(data).__name__
    kind = " of rows" if data.of_rows else ""
    many = "" if data.replicates is None else f" in {data.replicates} replicates"
    return f"counts{kind} of {data.number_of_states} states{many}"
