"""Texts that are nearly the same, found in a stream of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.families.texts import words
from modelcollapse.metrics.minhash import (
    Clusters,
    Hashes,
    band_keys,
    bands_for,
    check_likeness,
    in_company,
    shingles,
)
from modelcollapse.selection.pile import Codes
from modelcollapse.selection.word_tally import batches

Unit = Literal["words", "characters"]

_BATCH = 1000  # texts at once


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
    check_likeness(threshold, run)
    known = get_args(Unit)
    if unit not in known:
        raise InputError(f"there is no unit '{unit}'. {suggestion(unit, known)}")
    if iter(texts) is texts:
        raise InputError(
            "the texts are an iterator, which can be gone through once, and near duplicates take "
            "two passes. Give a list, or an object that can be iterated anew."
        )
    shingle = _Shingles(run, unit)
    different, first_of, keys = _first_pass(texts, shingle, threshold)
    pairs = Clusters(len(first_of))
    pairs.join_shared(keys, _second_pass(texts, shingle, first_of, keys), threshold)
    cluster = pairs.roots()[different]
    _, first, numbered = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[numbered]


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
        return np.unique(shingles(hashes, width))


def _first_pass(
    texts: Iterable[str | None], shingle: Callable[[str | None], Hashes], threshold: float
) -> tuple[NDArray[np.int64], list[int], Hashes]:
    """Number of the shingle set of each text, where each was first seen, and keys of its bands."""
    known: dict[bytes, int] = {}
    number: list[NDArray[np.int64]] = []
    first_of: list[int] = []
    keys = [np.empty((0, bands_for(threshold)[0]), dtype=np.uint64)]
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
            keys.append(band_keys(flat, offsets, threshold, extra="curate"))
    different = np.concatenate(number) if number else np.empty(0, dtype=np.int64)
    return different, first_of, np.concatenate(keys)


def _second_pass(
    texts: Iterable[str | None],
    shingle: Callable[[str | None], Hashes],
    first_of: list[int],
    keys: Hashes,
) -> dict[int, Hashes]:
    """Shingle sets of the texts that share a band with another."""
    wanted = {first_of[i]: int(i) for i in np.flatnonzero(in_company(keys))}
    return {
        wanted[position]: shingle(text) for position, text in enumerate(texts) if position in wanted
    }
