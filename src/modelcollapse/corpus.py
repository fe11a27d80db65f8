"""What a generation is trained on: blocks of records, each stamped with who wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import InputError

Summarise = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Records written together.

    Attributes
    ----------
    data : object
        The records: an array, a list, a table, sufficient statistics, ...
    origin : int or None
        The generation that wrote them, or None for nature.
    """

    data: Any
    origin: int | None

    @property
    def size(self) -> int:
        """Number of records, in every replicate of a batch or, where they differ, in the first."""
        return number(self.data)


def number(data: Any) -> int:
    """Count the records, in every replicate of a batch or, where they differ, in the first."""
    held = records.size(data)
    return held if isinstance(held, int) else int(np.ravel(held)[0])


class Corpus:
    """An immutable sequence of blocks.

    Adding a block to the newest corpus of a lineage costs no more than that block: corpora that
    extend one another share their blocks and the joined prefix, because the old part never
    changes.

    Parameters
    ----------
    blocks : iterable of Block
        In order of writing. Blocks without records are left out.
    """

    __slots__ = ("_length", "_trail", "size")

    size: int
    """Number of records."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self._trail = _Trail()
        self.size = self._trail.extend(blocks)
        self._length = len(self._trail.blocks)

    @classmethod
    def of(cls, data: Any, origin: int | None = None) -> Corpus:
        """Corpus of a single block."""
        return cls((Block(data, origin),))

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, in order of writing."""
        return tuple(self._trail.blocks[: self._length])

    def __len__(self) -> int:
        return self.size

    def __add__(self, other: Corpus) -> Corpus:
        """Corpus with the other's blocks behind its own."""
        grown = Corpus.__new__(Corpus)
        # Only the newest corpus of a trail may write to it; an older one starts a trail of its own.
        newest = self._length == len(self._trail.blocks)
        grown._trail = self._trail if newest else _Trail(self.blocks)
        grown.size = self.size + grown._trail.extend(other.blocks)
        grown._length = len(grown._trail.blocks)
        return grown

    @property
    def data(self) -> Any:
        """All records joined. Arrays may be read-only views: learners do not change data."""
        return self._trail.joined(self._length, None)

    def summary(self, summarise: Summarise) -> Any:
        """Joined summaries of the blocks, each block summarised once."""
        return self._trail.joined(self._length, summarise)

    @property
    def real_fraction(self) -> float:
        """Share of the records that nature wrote, NaN when there are none."""
        if self.size == 0:
            return float("nan")
        real = sum(block.size for block in self.blocks if block.origin is None)
        return real / self.size

    def subset(self, k: int, *, rng: Generator) -> Corpus:
        """Choose `k` records at random, without replacement, whichever block they are in.

        Raises
        ------
        InputError
            If there are fewer than `k` records.
        """
        if k == self.size:
            return self
        if not 0 <= k < self.size:
            raise InputError(
                f"cannot choose {k} of the {self.size} records of a corpus without replacement. "
                f"Ask for at most {self.size}."
            )
        blocks = self.blocks
        if len(blocks) > 1 and all(type(block.data) is np.ndarray for block in blocks):
            return self._rows(k, blocks, rng)
        if len(blocks) == 1:
            shares: list[Any] = [k]
        else:
            shares = _shares([records.size(block.data) for block in blocks], k, blocks, rng)
        chosen = (
            Block(records.subset(block.data, share, rng=rng), block.origin)
            for block, share in zip(blocks, shares, strict=True)
            if np.any(share)
        )
        return Corpus(chosen)

    def _rows(self, k: int, blocks: tuple[Block, ...], rng: Generator) -> Corpus:
        """Subset of arrays, from the joined prefix: at the cost of what is chosen."""
        chosen = np.sort(rng.choice(self.size, size=k, replace=False, shuffle=False))
        ends = np.cumsum([len(block.data) for block in blocks])
        cuts = np.searchsorted(chosen, ends[:-1])
        taken = np.split(records.take(self.data, chosen), cuts)
        return Corpus(Block(part, b.origin) for part, b in zip(taken, blocks, strict=True))

    def __repr__(self) -> str:
        origins = ["nature" if b.origin is None else str(b.origin) for b in self.blocks[:6]]
        more = ", ..." if self._length > 6 else ""
        return f"Corpus({self.size} records, written by {', '.join(origins)}{more})"

    def __reduce__(self) -> tuple[type[Corpus], tuple[tuple[Block, ...]]]:
        return (Corpus, (self.blocks,))


def _shares(sizes: list[Any], k: int, blocks: tuple[Block, ...], rng: Generator) -> list[Any]:
    """How many of `k` records come from each block; replicates of a batch choose separately."""
    replicates: Any = getattr(blocks[0].data, "replicates", None)
    if all(np.ndim(size) == 0 for size in sizes):
        drawn = rng.multivariate_hypergeometric(sizes, k, size=replicates)
    else:
        each = np.stack([np.broadcast_to(size, (replicates,)) for size in sizes], axis=-1)
        drawn = np.stack([rng.multivariate_hypergeometric(row, k) for row in each])
    return list(np.moveaxis(drawn, -1, 0))


class _Trail:
    """Blocks shared by the corpora that extend one another, with their joined prefixes."""

    __slots__ = ("blocks", "prefixes")

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self.blocks: list[Block] = list(blocks)
        self.prefixes: dict[Summarise | None, _Prefix] = {}

    def extend(self, blocks: Iterable[Block]) -> int:
        """Append the blocks that hold records; return how many records they hold."""
        added = 0
        for block in blocks:
            held = records.size(block.data)
            # In a batch, a block may be empty in some replicates and not in others.
            if held > 0 if isinstance(held, int) else np.any(held):
                self.blocks.append(block)
                added += block.size
        return added

    def joined(self, length: int, summarise: Summarise | None) -> Any:
        """Join the first `length` blocks, from left to right so that results repeat exactly."""
        if length == 0:
            raise InputError(
                "the corpus is empty, so there is nothing to fit. A policy must return at least "
                "one record."
            )
        prefix = self.prefixes.setdefault(summarise, _Prefix())
        if length < prefix.length:
            prefix = _Prefix()  # an older corpus is joined apart, lest the newest lose its prefix
        new = self.blocks[prefix.length : length]
        if (
            prefix.length == 0
            and summarise is None
            and all(type(b.data) is np.ndarray for b in new)
        ):
            prefix.data, prefix.length = records.concat([block.data for block in new]), length
            prefix.data.flags.writeable = len(new) == 1  # a single block is not ours to lock
            return prefix.data
        for block in new:
            prefix.append(block.data if summarise is None else summarise(block.data))
        return prefix.data


class _Prefix:
    """The first blocks of a trail, joined; arrays grow in a buffer of twice the size needed."""

    __slots__ = ("buffer", "data", "length")

    def __init__(self) -> None:
        self.length = 0
        self.data: Any = None
        self.buffer: Any = None

    def append(self, part: Any) -> None:
        self.data = part if self.length == 0 else self._join(part)
        self.length += 1

    def _join(self, part: Any) -> Any:
        data = self.data
        both_arrays = type(data) is np.ndarray and type(part) is np.ndarray
        if not both_arrays or data.shape[1:] != part.shape[1:] or data.dtype != part.dtype:
            return records.concat([data, part])
        used, total = len(data), len(data) + len(part)
        if self.buffer is None or len(self.buffer) < total:
            # Doubling makes the cost of all copies together linear in the records held.
            self.buffer = np.empty((2 * total, *data.shape[1:]), dtype=data.dtype)
            self.buffer[:used] = data
        self.buffer[used:total] = part
        view = self.buffer[:total]
        view.flags.writeable = False
        return view
