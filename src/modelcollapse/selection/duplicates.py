"""Texts that are nearly the same, found in a stream of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing, is_whole, suggestion
from modelcollapse.families.texts import words
from modelcollapse.selection.pile import Codes
from modelcollapse.selection.word_tally import batches

Hashes = NDArray[np.uint64]
Unit = Literal["words", "characters"]

_FUNCTIONS = 128  # hash functions of a signature
_MISSED = 1e-3  # most probability that a pair at the threshold shares no band
_SEED = 8191
_BATCH = 1000  # texts at once
_MIX = np.uint64(0x9E3779B97F4A7C15)


def near_duplicates(
    texts: Iterable[str | None],
    *,
    threshold: float = 0.8,
    run: int = 3,
    unit: Unit = "words",
) -> Codes:
    """Number the clusters of texts that are nearly the same.

    Parameters
    ----------
    texts : iterable of str
        Texts that can be gone through twice: a list, or an object whose iterator reads a file.
        None counts as an empty text.
    threshold : float, default 0.8
        Jaccard similarity, from above 0 to 1, from which on two texts are duplicates.
    run : int, default 3
        Words or characters in a shingle, at least 1. A text with fewer is one shingle.
    unit : {"words", "characters"}, default "words"
        What shingles are made of: characters for scripts that do not part words. Five of them
        say as much as a word or two.

    Returns
    -------
    ndarray of int, shape (texts,)
        Cluster of each text, numbered by first appearance; a text without near duplicate is
        alone in its own.

    Raises
    ------
    InputError
        If a number is out of range, or the texts can be gone through once only.
    Missing
        If the package rensa is not installed.

    Notes
    -----
    Texts are compared by their sets of shingles in lower case, without punctuation. Minhash
    signatures of 128 values (R-MinHash by rensa) in bands (Broder 1997; Leskovec, Rajaraman and
    Ullman, "Mining of Massive Datasets", chapter 3) say which pairs to compare; these are compared
    exactly, so that no two texts are joined by an error of the signature. A pair at the threshold
    is overlooked with probability below 0.001, a closer one less often. Clusters are connected
    components, so two texts of one can be further apart than the threshold; their numbering and
    make-up do not depend on chance.

    Memory: for each different text 8 bytes a band (25 bands at a threshold of 0.8, 64 at 0.5)
    and some 100 for the rest. For each text that shares a band with another, 8 bytes for each of
    its shingles besides: where most are near duplicates, that is most of the memory. For each
    different word 16 bytes and the word.

    Examples
    --------
    >>> near_duplicates(["The cat sat.", "the cat sat", "A dog ran off."]).tolist()
    [0, 0, 1]
    """
    if not 0 < threshold <= 1:
        raise InputError(
            f"near duplicates are asked for with threshold = {threshold!r}. A Jaccard similarity "
            "lies above 0 and is at most 1: use 0.8."
        )
    if not is_whole(run) or run < 1:
        raise InputError(f"a shingle of run = {run!r} words was asked for. Use at least 1.")
    known = get_args(Unit)
    if unit not in known:
        raise InputError(f"there is no unit '{unit}'. {suggestion(unit, known)}")
    if iter(texts) is texts:
        raise InputError(
            "the texts are an iterator, which can be gone through once, and near duplicates take "
            "two passes. Give a list, or an object that can be iterated anew."
        )
    shingle = _Shingles(run, unit)
    bands, rows = _bands(threshold)
    different, first_of, keys = _first_pass(texts, shingle, bands, rows)
    pairs = _Pairs(len(first_of))
    pairs.join_shared(keys, _second_pass(texts, shingle, first_of, keys), threshold)
    cluster = pairs.roots()[different]
    _, first, numbered = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[numbered]


def _bands(threshold: float) -> tuple[int, int]:
    """Bands and rows of a signature: as selective as they can be and still find the pairs."""
    for rows in range(_FUNCTIONS, 1, -1):
        bands = _FUNCTIONS // rows
        if (1 - threshold**rows) ** bands <= _MISSED:
            return bands, rows
    return _FUNCTIONS, 1


class _Hashed(dict[str, int]):
    """Hash of each word; 0 for what is no word."""

    def __missing__(self, word: str) -> int:
        # Python's own hash differs from process to process.
        digest = blake2b(word.encode(), digest_size=8).digest()
        self[word] = found = int.from_bytes(digest, "little") if word[0].isalnum() else 0
        return found


class _Shingles:
    """Sets of runs of words or characters, as sorted hashes."""

    def __init__(self, run: int, unit: Unit) -> None:
        self.run, self.unit = run, unit
        self._hashed = _Hashed()

    def __call__(self, text: str | None) -> Hashes:
        found = words((text or "").lower())
        tokens = "".join(found) if self.unit == "characters" else found
        hashes = np.fromiter(map(self._hashed.__getitem__, tokens), np.uint64, len(tokens))
        hashes = hashes[hashes > 0]
        width = min(self.run, hashes.size)
        if width == 0:
            return hashes
        size = hashes.size - width + 1
        mixed = np.zeros(size, dtype=np.uint64)
        for place in range(width):
            mixed = (mixed ^ hashes[place : place + size]) * _MIX
            mixed ^= mixed >> np.uint64(29)
        return np.unique(mixed)


def _first_pass(
    texts: Iterable[str | None], shingle: Callable[[str | None], Hashes], bands: int, rows: int
) -> tuple[NDArray[np.int64], list[int], Hashes]:
    """Number of the shingle set of each text, where each was first seen, and keys of its bands."""
    try:
        from rensa import RMinHash
    except ImportError as error:
        raise Missing("Finding near duplicates", "rensa", "curate") from error
    known: dict[bytes, int] = {}
    number: list[NDArray[np.int64]] = []
    first_of: list[int] = []
    keys = [np.empty((0, bands), dtype=np.uint64)]
    position = 0
    for batch in batches(texts, _BATCH):
        sets = [shingle(text) for text in batch]
        new = []
        found = np.empty(len(sets), dtype=np.int64)
        for i, one in enumerate(sets):
            digest = blake2b(one.tobytes(), digest_size=16).digest()
            if digest not in known:
                known[digest] = len(first_of)
                first_of.append(position + i)
                new.append(one)
            found[i] = known[digest]
        number.append(found)
        position += len(sets)
        if new:
            offsets = np.cumsum([0, *(one.size for one in new)])
            flat = np.concatenate(new)
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(
                flat, offsets.tolist(), _FUNCTIONS, _SEED
            )
            signature = np.array(matrix.to_rows(), dtype=np.uint64)
            keys.append(_keys(signature, bands, rows))
    different = np.concatenate(number) if number else np.empty(0, dtype=np.int64)
    return different, first_of, np.concatenate(keys)


def _keys(signature: Hashes, bands: int, rows: int) -> Hashes:
    """One number for the rows of each band."""
    keys = np.zeros((signature.shape[0], bands), dtype=np.uint64)
    for row in range(rows):
        keys = (keys ^ signature[:, row : bands * rows : rows]) * _MIX
        keys ^= keys >> np.uint64(29)
    return keys


def _second_pass(
    texts: Iterable[str | None],
    shingle: Callable[[str | None], Hashes],
    first_of: list[int],
    keys: Hashes,
) -> dict[int, Hashes]:
    """Shingle sets of the texts that share a band with another."""
    shared = np.zeros(len(first_of), dtype=np.bool_)
    for band in keys.T:
        _, back, count = np.unique(band, return_inverse=True, return_counts=True)
        shared |= count[back] > 1
    wanted = {first_of[i]: int(i) for i in np.flatnonzero(shared)}
    return {
        wanted[position]: shingle(text) for position, text in enumerate(texts) if position in wanted
    }


class _Pairs:
    """Clusters of texts, joined pair by pair."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, i: int) -> int:
        """Smallest number of its cluster."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def roots(self) -> NDArray[np.int64]:
        """Root of every text."""
        return np.array([self.root(i) for i in range(len(self._parent))], dtype=np.int64)

    def join_shared(self, keys: Hashes, sets: dict[int, Hashes], threshold: float) -> None:
        """Join all pairs that share a band and are as similar as asked for."""
        compared: set[tuple[int, int]] = set()
        for band in keys.T:
            line = np.argsort(band, kind="stable")
            cuts = np.flatnonzero(np.diff(band[line], prepend=~band[line[:1]]))
            sizes = np.diff(np.append(cuts, line.size))
            for start, size in zip(cuts[sizes > 1], sizes[sizes > 1], strict=True):
                bucket = line[start : start + size].tolist()
                self._join_bucket(bucket, sets, threshold, compared)

    def _join_bucket(
        self,
        bucket: list[int],
        sets: dict[int, Hashes],
        threshold: float,
        compared: set[tuple[int, int]],
    ) -> None:
        for place, one in enumerate(bucket):
            for other in bucket[:place]:
                roots = self.root(one), self.root(other)
                if roots[0] == roots[1] or (other, one) in compared:
                    continue
                compared.add((other, one))
                if jaccard(sets[one], sets[other]) >= threshold:
                    self._parent[max(roots)] = min(roots)


def jaccard(first: Hashes, second: Hashes) -> float:
    """Shared part of two sets, given as sorted arrays without repeats; 1 for two empty ones.

    Examples
    --------
    >>> jaccard(np.array([1, 2, 3], np.uint64), np.array([2, 3, 4], np.uint64))
    0.5
    """
    shared = np.intersect1d(first, second, assume_unique=True).size
    union = first.size + second.size - shared
    return shared / union if union else 1.0
