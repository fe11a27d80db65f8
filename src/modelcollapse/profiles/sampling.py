"""Samples of records by hash: the same records whatever the shards and the workers.

Every record has a key, and the sample keeps the records with the smallest keys, so samples of
parts of a data set merge into the sample of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.profiles.entries import Entries, joined
from modelcollapse.profiles.hashing import MOST, Hashes, mixed

APART_BEYOND = 4.0
"""Other copies that a record has on average, beyond which copies are sampled apart."""

SPARE = 1.25
"""How many times the size of the sample is expected below the first limit of the keys."""


def first_limit(size: int, rows: int) -> int:
    """Key below which about enough of `rows` records lie, and some to spare."""
    return min(int(SPARE * (size + 100) / rows * int(MOST)), int(MOST))


def keys_apart(hashes: Hashes, first: int) -> Hashes:
    """Keys that differ between copies: hashes of the content and of the place in the data set."""
    return mixed(hashes ^ mixed(np.arange(first, first + len(hashes), dtype=np.uint64)))


def below(keys: Hashes, limit: int) -> Hashes:
    """Shrink keys that may have any value to the range from 0 to a limit, in their order."""
    if limit == int(MOST):
        return keys
    return ((keys >> np.uint64(11)) * (limit / 2.0**53)).astype(np.uint64)


def other_copies(hashes: Hashes, rows: int) -> float:
    """Other records equal to a record, on average over the records of a data set.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (m,)
        Of records that were drawn one by one.
    rows : int
        Records of the data set.
    """
    m = len(hashes)
    if m < 2:
        return 0.0
    counts = np.unique(hashes, return_counts=True)[1].astype(np.float64)
    return float((rows - 1) * (counts @ (counts - 1)) / (m * (m - 1.0)))


class Sample:
    """Records with the smallest keys.

    Parameters
    ----------
    size : int
        Most records.
    limit : int
        Greatest key that is looked at.
    """

    def __init__(self, size: int, limit: int = int(MOST)) -> None:
        self.size = size
        self.limit = limit
        self.keys: Hashes = np.empty(0, dtype=np.uint64)
        self.hashes: Hashes = self.keys
        self.columns: dict[str, NDArray[Any]] = {}
        self._parts: list[tuple[Hashes, Hashes, dict[str, NDArray[Any]]]] = []
        self._waiting = 0

    def __len__(self) -> int:
        return len(self.keys) + self._waiting

    def add(self, keys: Hashes, hashes: Hashes, entries: Mapping[str, Entries]) -> None:
        """Look at some records.

        Parameters
        ----------
        keys, hashes : ndarray of uint64, shape (n,)
            Key, and hash of the content, of each record.
        entries : mapping of str to Entries
            Their columns.
        """
        at = np.flatnonzero(keys <= np.uint64(self.limit))
        if len(at):
            columns = {name: column.take(at) for name, column in entries.items()}
            self._put(keys[at], hashes[at], columns)

    def absorb(self, other: Sample) -> None:
        """Take in the records that a later part of the data set kept."""
        other.settle()
        self.limit = min(self.limit, other.limit)
        if len(other.keys):
            self._put(other.keys, other.hashes, other.columns)

    def _put(self, keys: Hashes, hashes: Hashes, columns: dict[str, NDArray[Any]]) -> None:
        self._parts.append((keys, hashes, columns))
        self._waiting += len(keys)
        if self._waiting > self.size:
            self.settle()

    def settle(self) -> None:
        """Sort by key what came since, and drop what is too much."""
        parts = list(self._parts)
        if len(self.keys):
            parts.insert(0, (self.keys, self.hashes, self.columns))
        if not parts:
            return
        keys = np.concatenate([part[0] for part in parts])
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        keep = int(np.searchsorted(ranked, np.uint64(self.limit), side="right"))
        if keep > self.size:
            # all records of a key or none; of the smallest one as many as there is room for
            keep = int(np.searchsorted(ranked, ranked[self.size], side="left"))
            if keep:
                self.limit = int(ranked[keep]) - 1
            else:
                keep, self.limit = self.size, int(ranked[0])
        order = order[:keep]
        self.keys = ranked[:keep]
        self.hashes = np.concatenate([part[1] for part in parts])[order]
        names = parts[0][2]
        self.columns = {name: joined([part[2][name] for part in parts])[order] for name in names}
        self._parts, self._waiting = [], 0
