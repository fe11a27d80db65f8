"""One pass over a part of a data set: tallies and samples, which merge with those of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiles.arrow import arrow, no_utf8
from modelcollapse.profiles.entries import Entries, Numbers, Place, Texts, Words, read
from modelcollapse.profiles.hashing import Hashes, RecordHash, Vocabulary, mixed
from modelcollapse.profiles.parts import Part
from modelcollapse.profiles.roles import Role
from modelcollapse.profiles.sampling import Sample, first_limit, keys_apart
from modelcollapse.profiles.tallies import (
    LEVELS,
    Cuts,
    NumberTally,
    Scores,
    TextTally,
)

MOST_VALUES = 1_000_000
"""Different values of a category that are counted, at most."""

NO_SUMS = RatioSums(0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Plan:
    """What a pass does.

    Parameters
    ----------
    roles : mapping of str to Role
        Columns to read.
    groups : tuple of tuple of str
        Columns whose values are counted together.
    rows : int
        Records of the whole data set.
    max_sample : int
        Most records of a sample; none is taken at 0, and then only numbers are tallied.
    cuts : mapping of str to Cuts, optional
        Of the reference; without them numbers are not tallied.
    expected : str
        Who says the roles, for messages.
    """

    roles: Mapping[str, Role]
    groups: tuple[tuple[str, ...], ...]
    rows: int
    max_sample: int
    cuts: Mapping[str, Cuts] | None
    expected: str

    def columns(self) -> list[str]:
        """Columns that the pass reads."""
        if self.max_sample:
            return list(self.roles)
        return [name for name in self.roles if name in (self.cuts or {})]


class Tally:
    """What passes have found so far."""

    def __init__(self, plan: Plan) -> None:
        self.rows = 0
        self.checks = (0, 0)
        self.counts = {name: Counter[str | None]() for name in _of(plan, Role.CATEGORY)}
        self.texts = {name: TextTally() for name in _of(plan, Role.TEXT)}
        self.groups = {group: Counter[tuple[str, ...]]() for group in plan.groups}
        self.numbers: dict[str, NumberTally] = {}
        self.tails = dict.fromkeys(LEVELS, NO_SUMS)
        self.bulk = NO_SUMS
        limit = first_limit(plan.max_sample, plan.rows) if plan.max_sample else 0
        self.together = Sample(plan.max_sample, limit)
        whole = plan.rows <= plan.max_sample
        self.apart = None if whole else Sample(plan.max_sample, limit)

    def absorb(self, other: Tally, source: str) -> None:
        """Take in what was found in a later part of the same data set."""
        self.rows += other.rows
        self._check(other.checks)
        for name, counts in other.counts.items():
            self.counts[name].update(counts)
            _refuse_many(name, len(self.counts[name]), source)
        for name, text in other.texts.items():
            self.texts[name] += text
        for group, found in other.groups.items():
            self.groups[group].update(found)
        self._numbers(other.numbers, other.tails, other.bulk)
        self.together.absorb(other.together)
        if self.apart is not None and other.apart is not None:
            self.apart.absorb(other.apart)

    def add(self, entries: Mapping[str, Entries], n: int, first: int, plan: Plan) -> None:
        """Take in a batch of records, the first of which is at place `first`."""
        self.rows += n
        if plan.max_sample:
            self._hash(entries, n, first)
            self._count(entries)
        if plan.cuts is not None:
            scores = Scores(n)
            found = {
                name: scores.add(column.values, plan.cuts[name], pooled=role is Role.NUMBER)
                for name, role in plan.roles.items()
                if isinstance(column := entries.get(name), Numbers)
            }
            self._numbers(found, *scores.sums())

    def _numbers(
        self,
        numbers: Mapping[str, NumberTally],
        tails: Mapping[float, RatioSums],
        bulk: RatioSums,
    ) -> None:
        for name, tally in numbers.items():
            self.numbers[name] = self.numbers[name] + tally if name in self.numbers else tally
        self.tails = {level: sums + tails[level] for level, sums in self.tails.items()}
        self.bulk += bulk

    def _hash(self, entries: Mapping[str, Entries], n: int, first: int) -> None:
        record = RecordHash(n)
        for name, column in entries.items():
            if name not in self._identifiers:
                record.add(name, column.hashes())
        hashes = record.value()
        self._check((_sum(hashes), _sum(mixed(~hashes))))
        self.together.add(hashes, hashes, entries)
        if self.apart is not None:
            self.apart.add(keys_apart(hashes, first), hashes, entries)

    _identifiers: frozenset[str] = frozenset()

    def _check(self, sums: tuple[int, int]) -> None:
        one, two = ((mine + other) % 2**64 for mine, other in zip(self.checks, sums, strict=True))
        self.checks = (one, two)

    def _count(self, entries: Mapping[str, Entries]) -> None:
        for name, counts in self.counts.items():
            _count_words(counts, _words(entries, name))
        for name in self.texts:
            column = entries[name]
            assert isinstance(column, Texts)
            self.texts[name] += TextTally.of(column.texts)
        for group, found in self.groups.items():
            _count_together(found, [_words(entries, name) for name in group])


def _of(plan: Plan, role: Role) -> list[str]:
    return [name for name, own in plan.roles.items() if own is role and plan.max_sample]


def _sum(hashes: Hashes) -> int:
    return int(hashes.sum(dtype=np.uint64))


def _words(entries: Mapping[str, Entries], name: str) -> Words:
    column = entries[name]
    assert isinstance(column, Words)
    return column


def _count_words(counts: Counter[str | None], column: Words) -> None:
    found = np.bincount(column.codes, minlength=len(column.words)).tolist()
    for word, count in zip(column.words, found, strict=True):
        if count:
            counts[word] += count


def _count_together(counts: Counter[tuple[str, ...]], columns: list[Words]) -> None:
    joint = np.zeros(len(columns[0].codes), dtype=np.int64)
    for column in columns:
        joint = joint * len(column.words) + column.codes
    codes, found = np.unique(joint, return_counts=True)
    places: list[Any] = []
    for column in reversed(columns):
        codes, place = np.divmod(codes, len(column.words))
        places.insert(0, [column.words[i] for i in place.tolist()])
    for key, count in zip(zip(*places, strict=True), found.tolist(), strict=True):
        if None not in key:
            counts[key] += count


def _refuse_many(name: str, different: int, source: str) -> None:
    if different > MOST_VALUES:
        raise InputError(
            f"column '{name}' of {source} has more than {MOST_VALUES:,} different values, too many "
            "to be counted as a category. Is it an identifier or text? Say so, such as with "
            f"roles={{'{name}': 'identifier'}}."
        )


def scan(part: Part, plan: Plan) -> Tally:
    """Pass over a part of a data set.

    Raises
    ------
    InputError
        If a column holds something else than its role says, or too many values for a category.
    """
    tally = Tally(plan)
    tally._identifiers = frozenset(
        name for name, role in plan.roles.items() if role is Role.IDENTIFIER
    )
    names = plan.columns()
    there = [name for name in names if name in part.types]
    row, known = 0, Vocabulary()
    for batch in part.batches(there):
        entries = {}
        for name in names:
            place = Place(part.source, name, part.first + row, plan.expected)
            entries[name] = _read(batch, name, plan.roles[name], place, known)
        tally.add(entries, batch.num_rows, part.first + row, plan)
        for name, counts in tally.counts.items():
            _refuse_many(name, len(counts), part.source)
        row += batch.num_rows
    if row != part.rows:
        raise InputError(
            f"{part.source} was changed while it was read: it has {row} records where it had "
            f"{part.rows}. Run again once it is complete."
        )
    tally.together.settle()
    if tally.apart is not None:
        tally.apart.settle()
    return tally


def _read(batch: Any, name: str, role: Role, place: Place, known: Vocabulary) -> Entries:
    if name not in batch.schema.names:  # a field that no object of a file of JSON Lines has
        return read(arrow().nulls(batch.num_rows, "string"), role, place, known)
    try:
        return read(batch.column(name), role, place, known)
    except UnicodeDecodeError as error:
        raise no_utf8(name, place.source) from error
