"""Profile of a data set: exact counts of all of its records, and a sample of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiling.roles import ColumnRole, Role
from modelcollapse.store import write_atomic

LEVELS = (0.05, 0.01, 0.001)
"""Shares of a column that are called its tails."""


@dataclass(frozen=True)
class Cuts:
    """Where the tails of a number column begin, and how wide its bulk is.

    Attributes
    ----------
    median : float
        Middle of the reference.
    scale : float
        What nine tenths of the reference are within of the median; deviations are cut there.
    tails : mapping of float to tuple of float
        By level, the ends of the lower and the upper tail; a value at an end is in the tail.
    """

    median: float
    scale: float
    tails: Mapping[float, tuple[float, float]]


@dataclass(frozen=True)
class NumberTally:
    """Counts and moments of a number column.

    Attributes
    ----------
    n, missing : int
        Records with and without a value; what is not finite counts as missing.
    mean, variance, least, greatest : float
        Of the values; the variance has divisor n - 1.
    beyond : mapping of float to int
        Values in the tails, by level.
    bulk : RatioSums
        Deviations from the median, cut at the scale and in units of it.
    """

    n: int
    missing: int
    mean: float
    variance: float
    least: float
    greatest: float
    beyond: Mapping[float, int]
    bulk: RatioSums

    def __add__(self, other: NumberTally) -> NumberTally:
        """Tally of both parts."""
        if not self.n or not other.n:
            whole = self if self.n else other
            return NumberTally(
                whole.n, self.missing + other.missing, whole.mean, whole.variance, whole.least,
                whole.greatest, whole.beyond, self.bulk + other.bulk,
            )  # fmt: skip
        n, apart = self.n + other.n, other.mean - self.mean
        squares = (
            _squares(self) + _squares(other) + apart**2 * self.n * other.n / n
        )  # about the joint mean
        return NumberTally(
            n, self.missing + other.missing, self.mean + apart * other.n / n,
            squares / (n - 1), min(self.least, other.least), max(self.greatest, other.greatest),
            {level: count + other.beyond[level] for level, count in self.beyond.items()},
            self.bulk + other.bulk,
        )  # fmt: skip


def _squares(tally: NumberTally) -> float:
    return tally.variance * (tally.n - 1) if tally.n > 1 else 0.0


@dataclass(frozen=True)
class CategoryTally:
    """Counts of a category column.

    Attributes
    ----------
    counts : mapping of str to int
        Records by category, in the order of the names.
    missing : int
        Records without one.
    """

    counts: Mapping[str, int]
    missing: int

    def __add__(self, other: CategoryTally) -> CategoryTally:
        """Tally of both parts."""
        return CategoryTally(summed(self.counts, other.counts), self.missing + other.missing)


@dataclass(frozen=True)
class TextTally:
    """Counts of a text column.

    Attributes
    ----------
    documents, missing, empty : int
        Records with a text, without one, and with one that is empty or blank.
    characters : int
        Of all texts.
    """

    documents: int
    missing: int
    empty: int
    characters: int

    def __add__(self, other: TextTally) -> TextTally:
        """Tally of both parts."""
        return TextTally(*(getattr(self, f) + getattr(other, f) for f in self.__match_args__))


def kept(hashes: NDArray[np.uint64], most: int, limit: int | None = None) -> tuple[int, int | None]:
    """How many records of a list in the order of their hashes are the sample.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (k,)
        In ascending order.
    most : int
        At most; copies of one record that would pass this are left out all together, unless they
        fill half of it.
    limit : int, optional
        Hash from which on records are left out of the list already.

    Returns
    -------
    count : int
        Records to keep.
    limit : int or None
        All records with a smaller hash are kept; None if all are.
    """
    whole = len(hashes) if limit is None else int(np.searchsorted(hashes, np.uint64(limit)))
    if whole > most:
        limit = int(hashes[most])
        whole = int(np.searchsorted(hashes, hashes[most]))
    if limit is None:
        return whole, None
    upto = int(np.searchsorted(hashes, np.uint64(limit), side="right"))
    return (whole if 2 * whole >= most else min(most, upto)), limit


def summed(first: Mapping[Any, int], second: Mapping[Any, int]) -> dict[Any, int]:
    """Counts of both, in the order of their keys."""
    return {key: first.get(key, 0) + second.get(key, 0) for key in sorted({*first, *second})}


@dataclass(frozen=True, eq=False)
class Profile:
    """What a data set holds; made by `profile`.

    Attributes
    ----------
    source : str
        What was read, in the words of the user.
    rows : int
        Records.
    roles : tuple of ColumnRole
        Of the columns.
    cuts : mapping of str to Cuts
        Of the reference, by number column.
    numbers, categories, texts : mapping of str to a tally
        By column; exact, of all records. Times are numbers of seconds.
    groups : mapping of tuple of str to mapping of tuple of str to int
        Records of each combination of columns that was asked for.
    tails : mapping of float to RatioSums
        By level, values in the tails by record, over all number columns.
    bulk : RatioSums
        Deviations by record, over all number columns.
    sample : mapping of str to ndarray, shape (k,) or (k, d)
        Sampled records, all columns alike: floats with NaN, objects with None, or vectors.
    hashes : ndarray of uint64, shape (k,)
        Of the content of each sampled record, identifiers left out, in ascending order: the
        sample holds the records with the smallest ones, with all their copies.
    sampled_share : float
        Share of the records that the sample holds.
    digest : str
        Of the content of all records, in any order.
    ignored : tuple of str
        Columns that the reference does not have.
    max_sample : int
        Records of a sample, at most.
    limit : int or None
        All records with a smaller hash are in the sample; None if it holds all records.
    """

    source: str
    rows: int
    roles: tuple[ColumnRole, ...]
    cuts: Mapping[str, Cuts]
    numbers: Mapping[str, NumberTally]
    categories: Mapping[str, CategoryTally]
    texts: Mapping[str, TextTally]
    groups: Mapping[tuple[str, ...], Mapping[tuple[str, ...], int]]
    tails: Mapping[float, RatioSums]
    bulk: RatioSums
    sample: Mapping[str, NDArray[Any]] = field(repr=False)
    hashes: NDArray[np.uint64] = field(repr=False)
    sampled_share: float
    digest: str
    ignored: tuple[str, ...] = ()
    max_sample: int = 50_000
    limit: int | None = None

    def merge(self, other: Profile) -> Profile:
        """Profile of both parts of a data set, of which each was counted by itself.

        Parameters
        ----------
        other : Profile
            Of the other part, with the same roles and cuts.

        Raises
        ------
        InputError
            If the two were not counted alike.
        """
        ours, theirs = (
            (side.roles, side.cuts, side.max_sample, list(side.groups)) for side in (self, other)
        )
        if ours != theirs:
            raise InputError(
                f"the profiles of {self.source} and {other.source} have other roles, cuts, groups "
                "or samples and cannot be merged. Make both like one reference."
            )
        if not (self.rows and other.rows):
            return self if self.rows else other
        rows = self.rows + other.rows
        hashes, sample, limit = self._sampled_with(other)
        digest = (int(self.digest, 16) + int(other.digest, 16)) % 2**128
        return Profile(
            self.source, rows, self.roles, self.cuts,
            {name: one + other.numbers[name] for name, one in self.numbers.items()},
            {name: one + other.categories[name] for name, one in self.categories.items()},
            {name: one + other.texts[name] for name, one in self.texts.items()},
            {by: summed(counts, other.groups[by]) for by, counts in self.groups.items()},
            {level: sums + other.tails[level] for level, sums in self.tails.items()},
            self.bulk + other.bulk, sample, hashes, len(hashes) / rows, f"{digest:032x}",
            tuple(dict.fromkeys((*self.ignored, *other.ignored))), self.max_sample, limit,
        )  # fmt: skip

    def _sampled_with(
        self, other: Profile
    ) -> tuple[NDArray[np.uint64], dict[str, NDArray[Any]], int | None]:
        """Sample of both parts, the same as if they had been counted as one."""
        hashes = np.concatenate([self.hashes, other.hashes])
        sample = {
            name: np.concatenate([values, other.sample[name]])
            for name, values in self.sample.items()
        }
        order = np.argsort(hashes, kind="stable")
        names = [x.name for x in self.roles if x.role is Role.IDENTIFIER]
        if names and (np.diff(hashes[order]) == 0).any():
            keys = [[(x is None, x or "") for x in sample[name].tolist()] for name in names]
            ordered = sorted(order.tolist(), key=lambda i: (hashes[i], *(key[i] for key in keys)))
            order = np.array(ordered, dtype=np.intp)
        limits = [side.limit for side in (self, other) if side.limit is not None]
        keep, limit = kept(hashes[order], self.max_sample, min(limits, default=None))
        order = order[:keep]
        return hashes[order], {name: values[order] for name, values in sample.items()}, limit

    def save(self, path: str | Path) -> None:
        """Write the profile into one file, whole or not at all.

        Parameters
        ----------
        path : path
            Of the file; ``real.profile`` is what `audit` knows as a profile.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        from modelcollapse.profiling.storing import packed

        write_atomic(Path(path), packed(self))

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a profile that `save` wrote.

        Parameters
        ----------
        path : path
            Of the file.

        Raises
        ------
        StoreError
            If there is none, it is damaged, or another version of this package or of DuckDB
            wrote it, whose hashes cannot be compared with those of this one.
        """
        from modelcollapse.profiling.storing import unpacked

        return unpacked(Path(path))
