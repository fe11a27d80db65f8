"""Words of a stream of texts, counted for several choices among them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from modelcollapse.families.texts import words
from modelcollapse.selection.pile import Codes, Floats

Counts = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_BATCH = 4000  # texts counted at once, at most
_LETTERS = 1 << 22  # letters of texts from which on a batch ends
_PAIRS = 1 << 18  # different pairs of words that are followed at most


class Vocabulary(dict[str, int]):
    """Numbers of words, in order of first appearance."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def batches(texts: Iterable[str | None], most: int | None = None) -> Iterator[list[str | None]]:
    """Parts of a stream of texts: at most so many, and fewer where they are long."""
    batch: list[str | None] = []
    letters = 0
    most = most or _BATCH
    for text in texts:
        batch.append(text)
        letters += len(text or "")
        if len(batch) >= most or letters >= _LETTERS:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch


def encode(batch: list[str | None], vocabulary: Vocabulary) -> tuple[Codes, Codes]:
    """Words of some texts as numbers, and the position of the text that each stands in."""
    ids: list[int] = []
    lengths = np.empty(len(batch), dtype=np.int64)
    for i, text in enumerate(batch):
        found = words((text or "").lower())
        ids.extend(map(vocabulary.__getitem__, found))
        lengths[i] = len(found)
    return np.array(ids, dtype=np.int64), np.repeat(np.arange(len(batch)), lengths)


class WordTally:
    """Counts of words, and of pairs that stand side by side, for several choices among texts.

    Memory grows with the vocabulary, 8 bytes a choice for each different word, and not with the
    texts. Of pairs, a sample is followed that stays below some 260,000 different ones: it is the
    same for all choices, all pairs until there are more, then a random half, quarter, and so on.

    Parameters
    ----------
    vocabulary : Vocabulary
        Numbers of words, shared with other tallies; it grows.
    choices : int
        Choices among the texts.
    """

    def __init__(self, vocabulary: Vocabulary, choices: int) -> None:
        self._vocabulary = vocabulary
        self._counts = np.zeros((0, choices), dtype=np.int64)
        self._texts = np.zeros(0, dtype=np.int64)
        self._pairs = np.zeros(choices, dtype=np.int64)
        self._sampled = np.empty(0, dtype=np.uint64)
        self._seen = np.empty((0, choices), dtype=np.bool_)
        self._halvings = 0

    def add(self, batch: list[str | None], copies: NDArray[np.integer]) -> None:
        """Count some texts, with the copies that each choice takes of them.

        Parameters
        ----------
        batch : list of str
            Texts.
        copies : ndarray of int, shape (texts, choices)
            The first choice is the one whose texts are counted in `texts_with`.
        """
        ids, text = encode(batch, self._vocabulary)
        many = copies.astype(np.int64)
        self._grow()
        different, local = np.unique(ids, return_inverse=True)
        table = csr_array(
            (np.ones(ids.size, dtype=np.int64), (local, text)), shape=(different.size, len(batch))
        )
        table.sum_duplicates()
        self._counts[different] += np.asarray(table @ many)
        table.data[:] = 1
        self._texts[different] += np.asarray(table @ (many[:, 0] > 0).astype(np.int64))
        self._add_pairs(ids, text, many)

    def _grow(self) -> None:
        size = len(self._vocabulary)
        if size > self._texts.size:
            # Half as much again, so that growing costs little in all.
            more = max(size, self._texts.size * 3 // 2) - self._texts.size
            self._counts = np.pad(self._counts, ((0, more), (0, 0)))
            self._texts = np.pad(self._texts, (0, more))

    def _add_pairs(self, ids: Codes, text: Codes, many: Counts) -> None:
        beside = text[:-1] == text[1:]
        first, second, where = ids[:-1][beside], ids[1:][beside], text[:-1][beside]
        self._pairs += np.bincount(where, minlength=len(many)) @ many
        hashes = _mixed(first.astype(np.uint64) << np.uint64(32) | second.astype(np.uint64))
        held = hashes >> np.uint64(64 - self._halvings) == 0 if self._halvings else slice(None)
        hashes, where = hashes[held], where[held]
        different, local = np.unique(hashes, return_inverse=True)
        table = csr_array(
            (np.ones(local.size, dtype=np.int64), (local, where)),
            shape=(different.size, len(many)),
        )
        everything = np.concatenate([self._sampled, different])
        seen = np.concatenate([self._seen, (table @ (many > 0).astype(np.int64)) > 0])
        line = np.argsort(everything, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(everything[line]) > 0)[: line.size])
        self._sampled = everything[line][starts]
        if starts.size:
            self._seen = np.logical_or.reduceat(seen[line], starts, axis=0)
        while self._sampled.size > _PAIRS:
            self._halvings += 1
            held = self._sampled >> np.uint64(64 - self._halvings) == 0
            self._sampled, self._seen = self._sampled[held], self._seen[held]

    @property
    def counts(self) -> Counts:
        """Tokens of each word, shape ``(choices, words)``."""
        self._grow()
        return np.asarray(self._counts[: len(self._vocabulary)].T)

    @property
    def texts_with(self) -> Counts:
        """Texts of the first choice that hold each word, shape ``(words,)``."""
        self._grow()
        return np.asarray(self._texts[: len(self._vocabulary)])

    @property
    def distinct_pairs(self) -> Floats:
        """Share of different pairs among all pairs (distinct-2), shape ``(choices,)``.

        Exact until pairs are sampled; then unbiased, with a relative error below 0.4 %.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self._seen.sum(axis=0) * 2.0**self._halvings
            return np.asarray(np.where(self._pairs > 0, found / self._pairs, np.nan))


def _mixed(keys: Hashes) -> Hashes:
    """Numbers in which every bit depends on every bit (the finaliser of SplitMix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
