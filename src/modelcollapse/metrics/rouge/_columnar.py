"""ROUGE of columns: compiled kernels on the bytes of many texts at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from modelcollapse.metrics.rouge import _count_kernels as count_kernels
from modelcollapse.metrics.rouge import _word_kernels as word_kernels
from modelcollapse.metrics.rouge._kinds import Counts, Kind, Longs
from modelcollapse.metrics.rouge._stems import IRREGULAR, STEPS
from modelcollapse.metrics.rouge._texts import Bytes, Column
from modelcollapse.metrics.rouge._tokens import MOST
from modelcollapse.metrics.rouge._word_kernels import Ints, Store, Table, Tables

BLOCK = 1 << 23
"""Bytes of text that are worked on at once, so that memory does not grow with the columns."""


class Block(NamedTuple):
    """Tokens of some texts, and where each sentence and the first sentence of each text begins."""

    tokens: Ints
    ends: Longs
    first: Longs

    @property
    def text_ends(self) -> Longs:
        """Where each text begins."""
        return self.ends[self.first]


def count(
    predictions: Column, references: Column, first: Longs, kinds: Sequence[Kind], stem: bool
) -> Mapping[str, Counts]:
    """Count what references and predictions have in common, as `plain.count` does.

    Parameters
    ----------
    predictions, references : Column
        Texts.
    first : ndarray of int, shape (predictions + 1,)
        Prediction `i` has the references from ``first[i]`` to ``first[i + 1]``.
    kinds : sequence of Kind
        What to count.
    stem : bool
        Whether words of four letters and more count as their stems.

    Returns
    -------
    mapping of str to Counts
        By name of the kind: arrays with an entry for each reference.
    """
    found = {kind.name: np.zeros((3, len(references)), dtype=np.int64) for kind in kinds}
    by_sentence = any(kind.by_sentence for kind in kinds)
    for start, stop in _blocks(predictions, references, first):
        words = _words(stem)
        ours = words.read(*predictions.packed(start, stop), by_sentence)
        here = slice(first[start], first[stop])
        theirs = words.read(*references.packed(here.start, here.stop), by_sentence)
        owner = np.repeat(np.arange(stop - start), np.diff(first[start : stop + 1]))
        for kind in kinds:
            table = found[kind.name]
            table[0, here] = _hits(ours, theirs, owner, kind, words.size)
            table[1, here] = kind.units(np.diff(ours.text_ends))[owner]
            table[2, here] = kind.units(np.diff(theirs.text_ends))
    return {name: Counts(*table) for name, table in found.items()}


def _blocks(
    predictions: Column, references: Column, first: Longs
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """Ranges of predictions that hold a block's worth of text."""
    of_references = np.concatenate([[0], np.cumsum(references.lengths)])[first]
    total = of_references[1:] + np.cumsum(predictions.lengths)
    start, done = 0, 0
    while start < len(predictions):
        stop = max(start + 1, int(np.searchsorted(total, done + BLOCK, side="right")))
        yield start, stop
        start, done = stop, int(total[stop - 1])


def _hits(ours: Block, theirs: Block, owner: Longs, kind: Kind, numbers: int) -> Longs:
    texts = ours.tokens, ours.text_ends, theirs.tokens, theirs.text_ends, owner
    if kind.run is not None:
        return count_kernels.shared_runs(*texts, kind.run)
    hits = count_kernels.longest(*texts, numbers)
    if kind.by_sentence:
        several = (_sentences(ours) > 1)[owner] | (_sentences(theirs) > 1)
        count_kernels.unite(
            ours.tokens, ours.ends, theirs.tokens, theirs.ends, owner, ours.first, theirs.first,
            np.flatnonzero(several), numbers, hits,
        )  # fmt: skip
    return hits


def _sentences(block: Block) -> Longs:
    """Sentences of each text that have tokens."""
    filled = np.concatenate([[0], np.cumsum(np.diff(block.ends) > 0)])
    return np.diff(filled[block.first])


class Words:
    """Numbers of words and of their stems: a store of the kernels that grows as words come.

    Parameters
    ----------
    stemmed : bool
        Whether words of four letters and more count as their stems.
    """

    def __init__(self, stemmed: bool) -> None:
        self._stemmed = stemmed
        self._store = _store(1 << 14, 1 << 18)

    @property
    def size(self) -> int:
        """One more than the largest number given so far."""
        return int(self._store[-1][0])

    def read(self, data: Bytes, ends: Longs, by_sentence: bool) -> Block:
        """Tokens of texts: text `i` is ``data[ends[i]:ends[i + 1]]`` in UTF-8."""
        marks = ends
        if by_sentence:
            breaks = np.flatnonzero(data[ends[0] : ends[-1]] == ord("\n")) + ends[0]
            marks = np.sort(np.concatenate([ends, breaks]))
        tokens = np.empty((ends[-1] - ends[0]) // 2 + marks.size, dtype=np.int32)
        token_ends = np.zeros(marks.size, dtype=np.int64)
        done = filled = 0
        while done < marks.size - 1:
            done, filled = word_kernels.number(
                data, marks, done, filled, self._stemmed, tables(), self._store, tokens,
                token_ends,
            )  # fmt: skip
            if done < marks.size - 1:
                self._grow()
        # In front of a text without words there are several marks: the first will do.
        return Block(tokens[:filled], token_ends, np.searchsorted(marks, ends))

    def _grow(self) -> None:
        _, hashes, starts, letters, stems, used = self._store
        words, filled = int(used[0]), int(used[1])
        larger = _store(2 * stems.size, 2 * letters.size)
        larger[1][:words], larger[2][: words + 1] = hashes[:words], starts[: words + 1]
        larger[3][:filled], larger[4][:words] = letters[:filled], stems[:words]
        larger[5][:] = used
        word_kernels.refill(larger)
        self._store = larger


def _store(words: int, letters: int) -> Store:
    """Empty store with room for so many words, a power of two, and letters."""
    return (
        np.full(2 * words, -1, dtype=np.int32),
        np.zeros(words, dtype=np.uint64),
        np.zeros(words + 1, dtype=np.int64),
        np.zeros(letters, dtype=np.uint8),
        np.full(words, -1, dtype=np.int32),
        np.zeros(2, dtype=np.int64),
    )


@cache
def tables() -> Tables:
    """Rules of stemming as the kernels read them."""
    irregular, second, third, fourth = map(
        _table, (IRREGULAR, *(step.endings for step in STEPS))
    )  # fmt: skip
    return irregular, second, third, fourth


def _table(endings: Mapping[str, str]) -> Table:
    rules = {"ion": word_kernels.ION, "logi": word_kernels.LOGI, "alli": word_kernels.ALLI}
    longest_first = sorted(endings, key=len, reverse=True)
    replacements = [endings[ending] for ending in longest_first]

    def letters(words: Sequence[str]) -> Bytes:
        width = max(map(len, words))
        return np.array([list(word.ljust(width).encode("ascii")) for word in words], dtype=np.uint8)

    return (
        letters(longest_first),
        np.array(list(map(len, longest_first))),
        letters(replacements),
        np.array(list(map(len, replacements))),
        np.array([rules.get(ending, 0) for ending in longest_first]),
    )


class _Remembered(threading.local):
    """Words that calls share, with and without stems; each thread has its own."""

    def __init__(self) -> None:
        self.words = {stemmed: Words(stemmed) for stemmed in (False, True)}


_remembered = _Remembered()


def _words(stemmed: bool) -> Words:
    if _remembered.words[stemmed].size > MOST:
        _remembered.words[stemmed] = Words(stemmed)
    return _remembered.words[stemmed]
