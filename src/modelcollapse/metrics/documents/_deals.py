"""What chance says: the documents of both sides dealt out to them anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats
from modelcollapse.metrics._exchange import Chance, upper_tail
from modelcollapse.metrics.signal import Direction

_AT_ONCE = 1 << 23  # counts held at once


class Held(NamedTuple):
    """What one side holds.

    Attributes
    ----------
    met : ndarray, shape (types,)
        How many of its records hold each type.
    sources : float
        Documents or clusters that were sampled.
    size : float
        Tokens or documents in all.
    """

    met: Floats
    sources: float
    size: float


def check_deals(deals: int) -> None:
    """Refuse too few deals."""
    if not is_whole(deals) or deals < 10:
        raise InputError(f"{deals!r} deals give no variance to go by. Use at least 10.")


def dealt(
    held: csr_array, sizes: Floats, many: int, deals: int, rng: np.random.Generator
) -> Iterator[tuple[Held, Held]]:
    """Both sides as chance would make them.

    Parameters
    ----------
    held : csr_array, shape (types, sources)
        How many records of each type each source of either side holds.
    sizes : ndarray, shape (sources,)
        Tokens or documents of each source.
    many : int
        Sources of the new side.
    deals : int
        How often.
    rng : numpy.random.Generator
        Source of randomness.
    """
    types, sources = held.shape
    met = np.asarray(held.sum(axis=1), dtype=np.float64)
    total = float(sizes.sum())
    block = max(1, min(deals, _AT_ONCE // max(types, sources)))
    done = 0
    while done < deals:
        now = min(block, deals - done)
        chosen: NDArray[np.float32] = np.zeros((sources, now), dtype=np.float32)
        for deal in range(now):
            chosen[rng.choice(sources, many, replace=False), deal] = 1
        counts, given = np.asarray(held @ chosen, dtype=np.float64), sizes @ chosen
        for deal in range(now):
            s, size = counts[:, deal], float(given[deal])
            yield Held(s, many, size), Held(met - s, sources - many, total - size)
        done += now


def chance_of(values: Sequence[float], least: float = 0.0) -> Chance:
    """Moments of a difference over the deals, which is nothing on average.

    Parameters
    ----------
    values : sequence of float
        The difference of each deal.
    least : float, default 0
        Variance that is believed at least: few deals see nothing of what is rare.
    """
    found = np.asarray(values, dtype=np.float64)
    away = found - found.mean()
    variance = float(np.square(away).sum() / (found.size - 1)) if found.size > 1 else math.nan
    if not variance > least:
        return Chance(0.0, least, 0.0)
    return Chance(0.0, variance, float((away**3).mean()))


def chance_p(value: float, chance: Chance, collapse: Direction) -> float:
    """Probability of a difference at least as far in the direction of collapse."""
    if not chance.variance > 0:
        return 1.0 if value == 0 else math.nan
    if collapse == "falls":
        value, chance = -value, chance._replace(third=-chance.third)
    return upper_tail(value, chance)
