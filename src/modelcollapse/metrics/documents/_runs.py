"""Runs of tokens counted by source, and what is left of the counts without a jackknife group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, choose_ratio
from modelcollapse.metrics.documents.corpus import Corpus

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_DIGIT = 16  # bits for which NumPy sorts by counting


class Layout(NamedTuple):
    """How a run is written as a number of 64 bits; one for both sides.

    Runs of many tokens do not fit and are hashed: of a hundred million runs, one pair of different
    ones is taken for equal with a probability of three in ten thousand.
    """

    n: int
    word_bits: int

    @classmethod
    def of(cls, n: int, part: Corpus) -> Layout:
        """Layout of runs of `n` tokens of a corpus."""
        return cls(n, len(part.vocabulary).bit_length())

    @property
    def exact(self) -> bool:
        """Whether runs are numbers that their tokens can be read from."""
        return self.n * self.word_bits <= 64

    @property
    def bits(self) -> int:
        """Bits of a key."""
        return self.n * self.word_bits if self.exact else 64


def windows(part: Corpus, layout: Layout) -> tuple[Keys, NDArray[np.intp]]:
    """Key of each run, and the token that it begins with; none crosses documents."""
    n = layout.n
    ids = part.ids.astype(np.uint64)
    size = max(ids.size - n + 1, 0)
    key = np.zeros(size, dtype=np.uint64)
    for place in range(n):
        if layout.exact:
            key = key << np.uint64(layout.word_bits) | ids[place : place + size]
        else:
            key = (key ^ (ids[place : place + size] + np.uint64(1))) * _MIX
            key ^= key >> np.uint64(32)
    if n == 1:
        return key, np.arange(size)
    inside = part.owners[:size] == part.owners[n - 1 :]
    (begins,) = np.nonzero(inside)
    return key[inside], begins


class Table(NamedTuple):
    """Runs of one side: each entry is a run in one place (source or document).

    Attributes
    ----------
    runs : ndarray of uint64, shape (types,)
        Keys, rising.
    of : ndarray of int, shape (entries,)
        Position of the run of each entry, never falling.
    place : ndarray of int, shape (entries,)
        Where it stands, rising within a run.
    times : ndarray of int, shape (entries,)
        How often.
    """

    runs: Keys
    of: NDArray[np.intp]
    place: NDArray[np.int32]
    times: Ints

    @property
    def met(self) -> Ints:
        """Places that hold each run, shape (types,)."""
        return np.bincount(self.of, minlength=self.runs.size).astype(np.int64)


def tabulate(key: Keys, place: NDArray[np.int32], layout: Layout) -> Table:
    """Count runs by place; places never fall, and runs are sorted by 16 bits at a time."""
    order = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(_DIGIT, layout.bits, _DIGIT):
        digit = (key >> np.uint64(shift)).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    run, place = key[order], place[order]
    new = _begins(run)
    first = np.flatnonzero(new | _begins(place))
    times = np.diff(first, append=run.size)
    return Table(run[new], np.cumsum(new[first]) - 1, place[first], times)


def _begins(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a value differs from the one before it."""
    new = np.ones(ordered.size, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return new


def run_table(part: Corpus, layout: Layout) -> Table:
    """Runs of one side by source."""
    key, begins = windows(part, layout)
    return tabulate(key, part.token_sources[begins], layout)


def grouped(table: Table, place_groups: NDArray[np.intp]) -> tuple[NDArray[np.intp], Any, Any]:
    """Run, jackknife group, and how many places of the group hold the run."""
    group = place_groups[table.place]
    # places are numbered group by group, so that equal pairs stand side by side
    pair = table.of.astype(np.int64) * (int(place_groups[-1]) + 1) + group
    first = np.flatnonzero(_begins(pair))
    return table.of[first], group[first], np.diff(first, append=pair.size)


class Histograms(NamedTuple):
    """How many runs are met in so many places: in all, and without each group.

    Attributes
    ----------
    kinds : ndarray, shape (kinds,)
        Numbers of places.
    whole : ndarray, shape (kinds,)
        Runs that are met in so many.
    without : ndarray, shape (groups, kinds)
        The same without each group.
    """

    kinds: Floats
    whole: Floats
    without: Floats


def histograms(table: Table, place_groups: NDArray[np.intp]) -> Histograms:
    """Histograms of the places of each run."""
    met = table.met
    run, group, held = grouped(table, place_groups)
    return left_out(met, met[run], group, held, int(place_groups[-1]) + 1)


def left_out(
    met: Ints, before: Ints, group: NDArray[np.intp], held: Ints, groups: int
) -> Histograms:
    """Histograms from the counts of all types, and what changes without each group.

    Parameters
    ----------
    met : ndarray of int, shape (types,)
        Places of each type.
    before, group, held : ndarray of int, shape (changes,)
        Places of a type that some group holds, that group, and how many of them it holds.
    groups : int
        Number of groups.
    """
    after = before - held
    whole = np.bincount(met)
    there = np.zeros(whole.size, dtype=np.bool_)
    there[whole > 0] = True
    there[after] = True
    kinds = np.flatnonzero(there)
    where = np.cumsum(there) - 1
    size = groups * kinds.size
    moved = np.bincount(group * kinds.size + where[after], minlength=size)
    moved -= np.bincount(group * kinds.size + where[before], minlength=size)
    counts = whole[kinds].astype(np.float64)
    return Histograms(kinds.astype(np.float64), counts, counts + moved.reshape(groups, kinds.size))


def shown(kinds: Floats, whole: float, part: float) -> Floats:
    """Probability that `part` of `whole` places, drawn at random, hold a run met in so many."""
    return 1 - choose_ratio(kinds, whole, min(part, whole))


def check_run(n: int) -> None:
    """Refuse runs without tokens."""
    if not is_whole(n) or n < 1:
        raise InputError(f"runs of n = {n!r} tokens were asked for, but a run has tokens. Use 1.")
