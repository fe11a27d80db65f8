"""Which texts are nearly the same: minhash signatures to find pairs, sets of shingles to be sure.

Texts are given as arrays of hashes, one for each word or character. Signatures in bands say which
pairs to compare; these are compared exactly, so that chance joins no two texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing, is_whole

Hashes = NDArray[np.uint64]

FUNCTIONS = 128
"""Hash functions of a signature."""

_MISSED = 1e-3  # most probability that a pair at the threshold shares no band
_SEED = 8191
_AT_ONCE = 1000  # signatures that are read as numbers of Python
_MIX = np.uint64(0x9E3779B97F4A7C15)


def check_likeness(threshold: float, run: int) -> None:
    """Refuse a similarity or a length of shingles that means nothing.

    Parameters
    ----------
    threshold : float
        Jaccard similarity, from above 0 to 1.
    run : int
        Words or characters in a shingle, at least 1.

    Raises
    ------
    InputError
        If either is out of range.
    """
    if not 0 < threshold <= 1:
        raise InputError(
            f"near duplicates are asked for with threshold = {threshold!r}. A Jaccard similarity "
            "lies above 0 and is at most 1: use 0.8."
        )
    if not is_whole(run) or run < 1:
        raise InputError(f"a shingle of run = {run!r} words was asked for. Use at least 1.")


def shingles(hashes: Hashes, run: int) -> Hashes:
    """Hashes of all runs of so many words, in order of writing.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (words,)
        One for each word or character.
    run : int
        How many make a shingle.

    Returns
    -------
    ndarray of uint64, shape (words - run + 1,)
        Empty where there are fewer words.
    """
    size = max(hashes.size - run + 1, 0)
    mixed = np.zeros(size, dtype=np.uint64)
    for place in range(run):
        mixed = (mixed ^ hashes[place : place + size]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed


def bands_for(threshold: float) -> tuple[int, int]:
    """Bands and rows of a signature: as selective as they can be and still find the pairs.

    Parameters
    ----------
    threshold : float
        Jaccard similarity of the pairs to find.

    Returns
    -------
    tuple of int
        Bands, and rows of each.

    Notes
    -----
    Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3: a pair of similarity
    s shares a band with probability ``1 - (1 - s^rows)^bands``, here at least 0.999.
    """
    for rows in range(FUNCTIONS, 1, -1):
        bands = FUNCTIONS // rows
        if (1 - threshold**rows) ** bands <= _MISSED:
            return bands, rows
    return FUNCTIONS, 1


def band_keys(flat: Hashes, offsets: Any, threshold: float, *, extra: str) -> Hashes:
    """One number for each band of the signature of each text.

    Parameters
    ----------
    flat : ndarray of uint64, shape (shingles,)
        Shingles of all texts one after another; repeats have no influence.
    offsets : array_like of int, shape (texts + 1,)
        Where each text begins.
    threshold : float
        Jaccard similarity of the pairs to find.
    extra : str
        Extra of the package that holds rensa, for the message where it is missing.

    Returns
    -------
    ndarray of uint64, shape (texts, bands)
        Texts that share a number in a column are to be compared.

    Raises
    ------
    Missing
        If the package rensa is not installed.

    Notes
    -----
    R-MinHash by rensa; minhash is due to Broder (1997).
    """
    try:
        from rensa import RMinHash
    except ImportError as error:
        raise Missing("Finding near duplicates", "rensa", extra) from error
    bands, rows = bands_for(threshold)
    ends = np.asarray(offsets, dtype=np.int64)
    keys = np.zeros((ends.size - 1, bands), dtype=np.uint64)
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        cuts = ends[start : start + len(part) + 1]
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            flat[cuts[0] : cuts[-1]], (cuts - cuts[0]).tolist(), FUNCTIONS, _SEED
        )
        signature = np.array(matrix.to_rows(), dtype=np.uint64)
        for row in range(rows):
            part ^= signature[:, row : bands * rows : rows]
            part *= _MIX
            part ^= part >> np.uint64(29)
    return keys


def in_company(keys: Hashes) -> NDArray[np.bool_]:
    """Whether each text shares a band with another.

    Parameters
    ----------
    keys : ndarray of uint64, shape (texts, bands)
        From `band_keys`.

    Returns
    -------
    ndarray of bool, shape (texts,)
        False where no near duplicate is left to be found.
    """
    shared = np.zeros(len(keys), dtype=np.bool_)
    for band in keys.T:
        line = np.argsort(band, kind="stable")
        same = band[line][1:] == band[line][:-1]
        shared[line[1:][same]] = True
        shared[line[:-1][same]] = True
    return shared


class Clusters:
    """Clusters of texts, joined pair by pair.

    Parameters
    ----------
    count : int
        Texts, each alone at first.

    Attributes
    ----------
    pairs : list of tuple
        The pairs that joined two clusters: positions, the smaller first, and their similarity.
    """

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self.pairs: list[tuple[int, int, float]] = []

    def root(self, i: int) -> int:
        """Smallest number of its cluster.

        Parameters
        ----------
        i : int
            Position of a text.
        """
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def roots(self) -> NDArray[np.int64]:
        """Root of every text."""
        return np.array([self.root(i) for i in range(len(self._parent))], dtype=np.int64)

    def join_shared(self, keys: Hashes, sets: Mapping[int, Hashes], threshold: float) -> None:
        """Join all pairs that share a band and are as similar as asked for.

        Parameters
        ----------
        keys : ndarray of uint64, shape (texts, bands)
            From `band_keys`.
        sets : mapping of int to ndarray of uint64
            Shingles of each text that shares a band, sorted and without repeats.
        threshold : float
            Jaccard similarity from which on two texts are joined.
        """
        compared: set[tuple[int, int]] = set()
        rows = np.sort(np.fromiter(sets, dtype=np.intp, count=len(sets)))
        couples = [np.empty((0, 2), dtype=np.intp)]
        for band in keys[rows].T:
            line = np.argsort(band, kind="stable")
            cuts = np.flatnonzero(np.diff(band[line], prepend=~band[line[:1]]))
            sizes = np.diff(np.append(cuts, line.size))
            two = cuts[sizes == 2]
            couples.append(np.stack([rows[line[two]], rows[line[two + 1]]], axis=1))
            for start, size in zip(cuts[sizes > 2], sizes[sizes > 2], strict=True):
                bucket = rows[line[start : start + size]].tolist()
                self._join_bucket(bucket, sets, threshold, compared)
        # most buckets hold two, and the same two in many bands
        for couple in np.unique(np.concatenate(couples), axis=0).tolist():
            self._join_bucket(couple, sets, threshold, compared)

    def _join_bucket(
        self,
        bucket: Sequence[int],
        sets: Mapping[int, Hashes],
        threshold: float,
        compared: set[tuple[int, int]],
    ) -> None:
        """Grow one cluster after the other: what has joined it is not compared with the rest."""
        rest = list(bucket)
        while rest:
            members = [rest.pop(0)]
            while members and rest:
                one, apart = members.pop(), []
                for other in rest:
                    if self.root(one) == self.root(other) or self._joins(
                        one, other, sets, threshold, compared
                    ):
                        members.append(other)
                    else:
                        apart.append(other)
                rest = apart

    def _joins(
        self,
        one: int,
        other: int,
        sets: Mapping[int, Hashes],
        threshold: float,
        compared: set[tuple[int, int]],
    ) -> bool:
        pair = (min(one, other), max(one, other))
        if pair in compared:
            return False
        compared.add(pair)
        similarity = jaccard(sets[one], sets[other])
        if similarity < threshold:
            return False
        first, second = self.root(one), self.root(other)
        self._parent[max(first, second)] = min(first, second)
        self.pairs.append((*pair, similarity))
        return True


def jaccard(first: Hashes, second: Hashes) -> float:
    """Shared part of two sets, given as sorted arrays without repeats; 1 for two empty ones.

    Parameters
    ----------
    first, second : ndarray of uint64
        Shingles of two texts.

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    Jaccard (1901).

    Examples
    --------
    >>> jaccard(np.array([1, 2, 3], np.uint64), np.array([2, 3, 4], np.uint64))
    0.5
    """
    shared = np.intersect1d(first, second, assume_unique=True).size
    union = first.size + second.size - shared
    return shared / union if union else 1.0
