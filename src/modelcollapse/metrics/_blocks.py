"""Exchange of records between two sets, block by block.

A permutation test need not permute single records: random blocks of them that change sides whole
are a subgroup of all permutations, and keep the size of the test exactly (Domingo-Enrich, Dwivedi
and Mackey 2025). What a block contributes is summed once; every draw then costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, same_width
from modelcollapse.metrics.neighbours._search import records

_ENOUGH = 100  # blocks of the smaller set, where it has as many records
_MOST = 2_000  # blocks of both sets together


def pair_of(new: ArrayLike, reference: ArrayLike, least: int = 2) -> tuple[Floats, Floats]:
    """Two sets of complete records of the same coordinates."""
    first, second = records(new, "new"), records(reference, "reference")
    same_width(first, second)
    if min(len(first), len(second)) < least:
        raise InputError(
            f"sets of {len(first)} and {len(second)} records cannot be compared: their spread "
            f"must be seen as well. Give {least} or more on each side."
        )
    return first, second


def checked_draws(draws: int) -> int:
    """Number of exchanges that a null law is read from."""
    if not is_whole(draws) or draws < 99:
        raise InputError(
            f"the null law needs 99 draws or more, got {draws!r}: fewer do not show its tail. "
            "Use 499."
        )
    return int(draws)


@dataclass(frozen=True)
class Blocks:
    """Records of two sets, the new ones first, dealt at random into blocks of one set each.

    Attributes
    ----------
    order : ndarray of int, shape (n + m,)
        Records (those of the reference counted on from `n`), block after block.
    sizes : ndarray of int, shape (blocks,)
        Records of each block: equal, but for the last one of either set, which may be smaller.
    new : ndarray of bool, shape (blocks,)
        Which blocks are of the new set.
    """

    order: NDArray[np.intp]
    sizes: NDArray[np.intp]
    new: NDArray[np.bool_]

    @property
    def starts(self) -> NDArray[np.intp]:
        """Place of each block's first record in `order`, shape (blocks,)."""
        return np.asarray(np.cumsum(self.sizes) - self.sizes)

    @property
    def of_records(self) -> NDArray[np.intp]:
        """Block of each record in its given place, shape (n + m,)."""
        block = np.empty(self.order.size, dtype=np.intp)
        block[self.order] = np.repeat(np.arange(self.sizes.size), self.sizes)
        return block

    def exchanged(self, draws: int, *, rng: Generator) -> Floats:
        """Shape (draws, blocks): 1 for blocks that a draw puts on the new side, else 0.

        Blocks that are smaller than the others stay where they are.
        """
        sides = np.repeat(self.new.astype(np.float64)[None], draws, axis=0)
        whole = self.sizes == self.sizes.max()
        sides[:, whole] = rng.permuted(sides[:, whole], axis=1)
        return sides


def deal(n: int, m: int, *, rng: Generator, most: int = _MOST) -> Blocks:
    """Deal `n` new and `m` real records into blocks, `most` or little more in all."""
    size = max(1, min(n, m) // _ENOUGH, -(-(n + m) // most))
    size = min(size, n, m)
    sizes, new = [], []
    for of, is_new in ((n, True), (m, False)):
        parts = [size] * (of // size) + [of % size] * (of % size > 0)
        sizes += parts
        new += [is_new] * len(parts)
    order = np.concatenate([rng.permutation(n), n + rng.permutation(m)])
    return Blocks(order, np.array(sizes, dtype=np.intp), np.array(new))
