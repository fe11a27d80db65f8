"""Profile of a data set: roles, exact tallies and a sample, all that measures of it need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiles.hashing import Hashes
from modelcollapse.profiles.roles import ColumnRole, Role
from modelcollapse.profiles.sampling import Sample, below, keys_apart
from modelcollapse.profiles.tallies import CategoryTally, Cuts, NumberTally, TextTally

Groups = Mapping[tuple[str, ...], Mapping[tuple[str, ...], int]]
"""Counts of values that stand together in a record, by columns."""


@dataclass(frozen=True)
class Profile:
    """What is known of a data set after one reading of it.

    Parameters
    ----------
    source : str
        What the user gave, for messages.
    rows : int
        Records.
    roles : tuple of ColumnRole
        Columns and what they are for, in their order.
    cuts : mapping of str to Cuts
        Middle and tails of the columns of numbers and times in the reference.
    numbers, categories, texts : mapping of str to tally
        Exact, over all records. Times are among the numbers, in seconds.
    groups : mapping of tuple of str to mapping of tuple of str to int
        Exact counts of the combinations of categories asked for; records that lack one of the
        values are left out.
    tails : mapping of float to RatioSums
        By tail level, over all records and columns of numbers (without times): values at or
        beyond the cuts, per value that is there.
    bulk : RatioSums
        The same of the distances from the medians, capped at the scale, in units of it.
    sample : mapping of str to ndarray
        Sampled records by column, aligned, in the order of their keys, which is random: its first
        records are a sample as well. float64 for numbers and times (seconds; NaN where missing),
        objects (str or None) for categories, texts and identifiers, float32 of shape (n, d) for
        embeddings.
    hashes : ndarray of uint64, shape (n,)
        Of the content of every sampled record, without identifiers: equal records have equal
        hashes.
    sampled_share : float
        Share of the records that are in the sample.
    digest : str
        Of the content, whatever the shards and the order of the records.
    keys : ndarray of uint64, shape (n,)
        By which the sample was taken: the smallest ones.
    limit : int
        Greatest key up to which all records are in the sample.
    max_sample : int
        Most records of the sample.
    together : bool
        Whether the sample has all copies of a record or none. So it is unless a record has more
        than four other copies on average; then copies are drawn apart from each other.
    ignored : tuple of str
        Columns that the reference does not have.
    """

    source: str
    rows: int
    roles: tuple[ColumnRole, ...]
    cuts: Mapping[str, Cuts]
    numbers: Mapping[str, NumberTally]
    categories: Mapping[str, CategoryTally]
    texts: Mapping[str, TextTally]
    groups: Groups
    tails: Mapping[float, RatioSums]
    bulk: RatioSums
    sample: Mapping[str, NDArray[Any]]
    hashes: Hashes
    sampled_share: float
    digest: str
    keys: Hashes
    limit: int
    max_sample: int
    together: bool
    ignored: tuple[str, ...] = ()

    def role(self, name: str) -> Role:
        """Role of a column."""
        return next(column.role for column in self.roles if column.name == name)

    def columns(self, *roles: Role) -> tuple[str, ...]:
        """Names of the columns that have one of these roles, in their order."""
        return tuple(column.name for column in self.roles if column.role in roles)

    def merge(self, other: Profile) -> Profile:
        """Profile of this and a later part of the same data set.

        Raises
        ------
        InputError
            If they have other roles, cuts, groups or sizes of the sample.
        """
        mine, its = ({c.name: c.role for c in side.roles} for side in (self, other))
        same = mine == its and set(self.groups) == set(other.groups)
        same = same and repr(self.cuts) == repr(other.cuts)  # NaN does not equal itself
        if not same or self.max_sample != other.max_sample:
            raise InputError(
                f"{self.source} and {other.source} cannot be merged: they were profiled with "
                "different roles, cuts, groups or sizes of the sample. Profile both like the same "
                "reference."
            )
        sample = self._merged_sample(other)
        rows = self.rows + other.rows
        checks = (sum(pair) % 2**64 for pair in zip(_sums(self), _sums(other), strict=True))
        return replace(
            self,
            source=f"{self.source}, {other.source}" if other.source != self.source else self.source,
            rows=rows,
            numbers={name: tally + other.numbers[name] for name, tally in self.numbers.items()},
            categories={k: tally + other.categories[k] for k, tally in self.categories.items()},
            texts={name: tally + other.texts[name] for name, tally in self.texts.items()},
            groups={
                group: ranked_groups(Counter(counts) + Counter(other.groups[group]))
                for group, counts in self.groups.items()
            },
            tails={level: sums + other.tails[level] for level, sums in self.tails.items()},
            bulk=self.bulk + other.bulk,
            sample=sample.columns,
            hashes=sample.hashes,
            sampled_share=len(sample) / rows,
            digest=digest_of(*checks),
            keys=sample.keys,
            limit=sample.limit,
            together=self.together and other.together,
            ignored=tuple(dict.fromkeys(self.ignored + other.ignored)),
        )

    def _merged_sample(self, other: Profile) -> Sample:
        found = Sample(self.max_sample)
        for side, first in (self, 0), (other, self.rows):
            keys = side.keys
            if side.together and not (self.together and other.together):
                keys = below(keys_apart(side.hashes, first), side.limit)
            part = Sample(self.max_sample, side.limit)
            part.keys, part.hashes, part.columns = keys, side.hashes, dict(side.sample)
            found.absorb(part)
        found.settle()
        return found

    def save(self, path: str | Path) -> None:
        """Write the profile into one file, whole or not at all.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        from modelcollapse.profiles.storing import write

        write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a profile from a file.

        Raises
        ------
        InputError
            If it cannot be read, or is no profile of this version.
        """
        from modelcollapse.profiles.storing import fields_of

        return cls(**fields_of(Path(path)))


def digest_of(one: int, two: int) -> str:
    """Digest of the sums of the hashes of all records."""
    return f"{one:016x}{two:016x}"


def _sums(profile: Profile) -> tuple[int, int]:
    return int(profile.digest[:16], 16), int(profile.digest[16:], 16)


def ranked_groups(counts: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """Counts of combinations by falling count, then by their values."""
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
