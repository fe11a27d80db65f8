"""Texts cut into the windows that a model sees at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.families.texts import Texts

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of tokens; in each, every token but the first is to be predicted.

    Attributes
    ----------
    ids : ndarray of int64, shape (m, width)
        Tokens, filled up with 0 behind.
    lengths : ndarray of int64, shape (m,)
        How many of them count.
    record : ndarray of int64, shape (m,)
        The record each was cut from, rising.
    """

    ids: Ints
    lengths: Ints
    record: Ints

    @classmethod
    def cut(
        cls, ids: NDArray[Any], starts: NDArray[Any], step: int, *, overlap: int = 0
    ) -> Windows:
        """Cut each record into windows of `step` tokens, the last one perhaps shorter.

        Record `i` is ``ids[starts[i]:starts[i + 1]]``. With `overlap` 1, each window begins with
        the last token of the one before, so that every token but the record's first is predicted
        once.
        """
        sizes = np.diff(starts)
        counts = np.maximum(-(-(sizes - overlap) // step), 0)
        record = np.repeat(np.arange(len(sizes)), counts)
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        lengths = np.minimum(step + overlap, sizes[record] - place * step)
        width = int(lengths.max(initial=1))
        at = (starts[record] + place * step)[:, None] + np.arange(width)
        inside = np.arange(width) < lengths[:, None]
        cut = np.where(inside, ids[np.where(inside, at, 0)], 0) if record.size else at
        return cls(cut.astype(np.int64), lengths, record)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Windows:
        """Some of the windows, by position or mask."""
        return Windows(self.ids[chosen], self.lengths[chosen], self.record[chosen])

    @property
    def predictable(self) -> Windows:
        """Those that hold a token to predict."""
        return self.take(self.lengths > 1)

    @property
    def targets(self) -> int:
        """Tokens to predict in all."""
        return int(np.maximum(self.lengths - 1, 0).sum())

    def without(self, others: Windows) -> Windows:
        """Those that are not among others, however far each is filled up."""
        known = set(others._contents())
        return self.take(np.array([each not in known for each in self._contents()], dtype=bool))

    def _contents(self) -> Iterator[bytes]:
        for row, length in zip(self.ids, self.lengths, strict=True):
            yield row[:length].tobytes()


def framed(texts: Texts, begin: int, end: int | None) -> tuple[Ints, Ints]:
    """Token numbers and offsets with a token before each record and, unless None, one behind."""
    sizes = np.diff(texts.starts)
    extra = 1 + (end is not None)
    starts = texts.starts + extra * np.arange(len(texts) + 1)
    ids = np.full(int(starts[-1]), begin, np.int64)
    shift = np.repeat(1 + extra * np.arange(len(sizes)), sizes)
    ids[np.arange(texts.ids.size) + shift] = texts.ids
    if end is not None:
        ids[starts[1:] - 1] = end
    return ids, starts
