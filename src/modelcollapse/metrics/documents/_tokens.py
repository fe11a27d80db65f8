"""Words of many documents as numbers, many at once where the text is plain ASCII."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["words", "characters"]

_PATTERN = {"words": re.compile(r"\w+"), "characters": re.compile(r"\w")}
_LETTER = np.array([chr(i).isalnum() or chr(i) == "_" for i in range(128)] + [False] * 128)
_FIRST_BYTES = np.array([(1 << 8 * i) - 1 for i in range(8)] + [2**64 - 1], dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SLOTS = 22  # bits of the table of words
_BATCH = 1 << 24  # letters at once


class Numbers(dict[str, int]):
    """Numbers of words, in the order in which they were first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def tokenise(
    texts: Sequence[str], unit: Unit, numbers: Numbers
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the words of texts, in lower case.

    Returns
    -------
    ids : ndarray of int32, shape (tokens,)
        All texts one after another.
    lengths : ndarray of int64, shape (texts,)
        Tokens of each.
    """
    lengths = np.zeros(len(texts), dtype=np.int64)
    plain = np.array([unit == "words" and text.isascii() for text in texts], dtype=np.bool_)
    parts = []
    ids: list[int] = []
    find = _PATTERN[unit].findall
    for i in np.flatnonzero(~plain).tolist():
        before = len(ids)
        ids.extend(map(numbers.__getitem__, find(texts[i].lower())))
        lengths[i] = len(ids) - before
    (where,) = np.nonzero(plain)
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    ends = np.cumsum(sizes[where])
    for part in np.split(where, np.flatnonzero(np.diff(ends // _BATCH)) + 1):
        if part.size:
            found, lengths[part] = _plain([texts[i] for i in part.tolist()], numbers)
            parts.append(found)
    if plain.all():
        return np.concatenate([np.empty(0, np.int32), *parts]), lengths
    # from "all others, then all plain ones" to the order of the texts
    joined = np.concatenate([np.array(ids, dtype=np.int32), *parts])
    order = np.concatenate([np.flatnonzero(~plain), where])
    begins = np.empty(len(texts), dtype=np.int64)
    begins[order] = np.cumsum(lengths[order]) - lengths[order]
    shift = np.repeat(begins - (np.cumsum(lengths) - lengths), lengths)
    return joined[np.arange(joined.size) + shift], lengths


def _plain(texts: Sequence[str], numbers: Numbers) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the words of ASCII texts, without a loop over words."""
    written = ("\n" + "\n".join(texts) + "\n").lower().encode("ascii")
    letters = np.frombuffer(written + bytes(8), dtype=np.uint8)
    inside = _LETTER[letters]
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    begin, end = edges[::2], edges[1::2]
    if not begin.size:
        return np.empty(0, dtype=np.int32), np.zeros(len(texts), dtype=np.int64)
    one_of = _alike(_hashes(letters, begin, end - begin))
    first = np.zeros(begin.size, dtype=np.bool_)
    first[one_of] = True
    chosen = np.flatnonzero(first)
    spelt = zip(begin[chosen].tolist(), end[chosen].tolist(), strict=True)
    number = np.array([numbers[written[a:b].decode("ascii")] for a, b in spelt], dtype=np.int32)
    ids = number[(np.cumsum(first) - 1)[one_of]]
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate([[1], 1 + np.cumsum(sizes + 1)])
    return ids, np.diff(np.searchsorted(begin, starts))


def _hashes(
    letters: NDArray[np.uint8], begin: NDArray[np.intp], length: NDArray[np.intp]
) -> NDArray[np.uint64]:
    """Hash of each word, eight letters at a time."""
    eight: NDArray[np.uint64] = np.ndarray(
        (letters.size - 7,), dtype="<u8", buffer=letters.data, strides=(1,)
    )
    key = (eight[begin] & _FIRST_BYTES[np.minimum(length, 8)]) * _MIX
    (longer,) = np.nonzero(length > 8)
    done = 8
    while longer.size:
        left = np.minimum(length[longer] - done, 8)
        piece = eight[begin[longer] + done] & _FIRST_BYTES[left]
        mixed = (key[longer] ^ (key[longer] >> np.uint64(29)) ^ piece) * _MIX
        key[longer] = mixed ^ (mixed >> np.uint64(32))
        done += 8
        longer = longer[length[longer] > done]
    return key ^ (key >> np.uint64(32))


def _alike(key: NDArray[np.uint64]) -> NDArray[np.intp]:
    """For each key the position of one that equals it, the same for all equal ones."""
    one_of = np.empty(key.size, dtype=np.intp)
    table = np.empty(1 << _SLOTS, dtype=np.int32)
    left = np.arange(key.size)
    mixed = key
    while left.size:
        mixed = mixed * _MIX
        slot = (mixed >> np.uint64(64 - _SLOTS)).astype(np.intp)
        table[slot] = np.arange(left.size)
        found = table[slot]
        same = mixed[found] == mixed
        one_of[left[same]] = left[found[same]]
        left, mixed = left[~same], mixed[~same]
        mixed ^= mixed >> np.uint64(31)
    return one_of
