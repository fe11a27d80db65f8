"""Probes of tables of mixed types: rare categories, minorities, and tails of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics import subgroups
from modelcollapse.metrics.tables import (
    category_retention,
    expected_categories,
    quantile_tail_retention,
)
from modelcollapse.probes import columns
from modelcollapse.probes.columns import Columns
from modelcollapse.protocols import Reading

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

NAN = float("nan")


def _share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InputError(
            f"the level of {name} is {value!r}, but it is a share of the records. Use a number "
            "between 0 and 1."
        )


@dataclass(frozen=True)
class RareCategories:
    """Rare categories that the model still writes, relative to as many real records.

    Readings: all columns of labels together, and each column that has rare categories. 1 where
    nothing changed; it falls first of all measures of a table, for what is not drawn once can
    never be written again. Real shares are those of all records of a finite source.

    Parameters
    ----------
    level : float, default 0.01
        A category is rare if no more than this share of the real records is in it.
    names : sequence of str, optional
        Columns of labels to follow; all when not given.
    """

    level: float = 0.01
    names: Sequence[str] | None = None
    name: ClassVar[str] = "rare_categories"

    def __post_init__(self) -> None:
        _share(self.name, self.level)

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        rare = generation.once(
            f"rare categories {self.level} {self.names}", lambda: self._rare(generation)
        )
        seen = columns.sample(generation)
        found = {name: columns.count(seen[name], known) for name, (known, _) in rare.items()}
        kept = expected = 0.0
        for name, (_, share) in rare.items():
            kept += float(np.count_nonzero(found[name][share > 0]))
            expected += float(expected_categories(share, int(found[name].sum())))
        return {
            "": kept / expected if expected > 0 else NAN,
            **{name: category_retention(found[name], share) for name, (_, share) in rare.items()},
        }

    def _rare(self, generation: Generation) -> dict[str, tuple[NDArray[Any], NDArray[np.float64]]]:
        """Categories of each column with rare ones, and the real shares of those that are rare."""
        real = columns.known(generation)
        found = {}
        for name in columns.chosen(self.names, columns.labels_of(real), "labels"):
            known, share = columns.shares(real[name])
            rare = np.where(share <= self.level, share, 0.0)
            if rare.any():
                found[name] = known, np.append(rare, 0.0)
        return found


@dataclass(frozen=True, eq=False)
class _Groups:
    """Small groups of one combination of columns."""

    categories: dict[str, NDArray[Any]]
    keys: NDArray[np.int64]
    real: NDArray[np.int64]
    """Real records in each group; last those in none."""

    @staticmethod
    def key(table: Columns, categories: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
        """One number for each combination of labels."""
        key = np.zeros(1, dtype=np.int64)
        for name, known in categories.items():
            key = key * (len(known) + 1) + columns.positions(table[name], known)
        return key

    @classmethod
    def of(cls, real: Columns, names: Sequence[str], level: float, fewest: int) -> _Groups:
        categories = {name: np.unique(real[name]) for name in names}
        keys, counts = np.unique(cls.key(real, categories), return_counts=True)
        small = (counts <= level * counts.sum()) & (counts >= fewest)
        others = counts.sum() - counts[small].sum()
        return cls(categories, keys[small], np.append(counts[small], others))

    def count(self, table: Columns) -> NDArray[np.int64]:
        """Records in each group; last those in none."""
        return columns.count(self.key(table, self.categories), self.keys)


@dataclass(frozen=True)
class Minorities:
    """Small groups of records, by combinations of columns of labels: they shrink, then vanish.

    A group is a combination of labels, such as a race with a sex, that no more than a share
    `level` of the real records has, and at least `fewest` of them. Readings: ``kept``, how many of
    the groups are still written, relative to as many real records; ``share``, the records in them,
    relative to the real share; ``smallest_ratio``, the same ratio for the group that lost most, as
    far as the numbers of records allow to say.

    Under pure resampling ``share`` is 1 in expectation for ever: judge its median, or ``kept``.

    Parameters
    ----------
    by : sequence of str, optional
        Columns of labels whose combinations are the groups; every pair of columns when not given.
    level : float, default 0.05
        Largest real share of a group that counts as a minority.
    fewest : int, default 10
        Real records that a group needs to be followed, at least 1.
    """

    by: Sequence[str] | None = None
    level: float = 0.05
    fewest: int = 10

    @property
    def name(self) -> str:
        """``minorities``, with the columns behind it where they are given."""
        return "minorities" if self.by is None else "_".join(["minorities", *self.by])

    def __post_init__(self) -> None:
        _share("minorities", self.level)
        if isinstance(self.by, str) or (self.by is not None and not self.by):
            raise InputError(f"by is {self.by!r}. Give a list of columns: by=['race', 'sex'].")
        if self.fewest < 1:
            raise InputError(f"fewest is {self.fewest}, but it counts records. Use at least 1.")

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        followed = generation.once(f"groups {self!r}", lambda: self._groups(generation))
        seen = columns.sample(generation)
        kept = share = 0.0
        expected = real_share = 0.0
        worst, smallest = np.inf, NAN
        for groups in followed:
            found, real = groups.count(seen), groups.real
            p, n = real[:-1] / real.sum(), int(found.sum())
            kept += float(np.count_nonzero(found[:-1]))
            expected += float(expected_categories(p, n))
            share, real_share = share + float(found[:-1].sum()) / n, real_share + float(p.sum())
            ratios = subgroups.share_ratios(found, real)
            at = int(np.argmin(ratios.ratio_high[:-1]))
            if ratios.ratio_high[at] < worst:
                worst, smallest = float(ratios.ratio_high[at]), float(ratios.ratio[at])
        return {
            "kept": kept / expected if followed else NAN,
            "share": share / real_share if followed else NAN,
            "smallest_ratio": smallest,
        }

    def _groups(self, generation: Generation) -> list[_Groups]:
        real = columns.known(generation)
        there = columns.labels_of(real)
        combinations_of = [columns.chosen(self.by, there, "labels")]
        if self.by is None and len(there) > 1:
            combinations_of = [list(pair) for pair in combinations(there, 2)]
        groups = [
            _Groups.of(real, names, self.level, self.fewest) for names in combinations_of if names
        ]
        return [group for group in groups if len(group.keys)]


@dataclass(frozen=True)
class ColumnTails:
    """Tails of each column of numbers that the model still reaches: they fall in early collapse.

    Readings: the mean over the columns, and each column. On each side the share of records beyond
    the real ``level / 2`` quantile, relative to the real share and 1 at most. A column whose ties
    leave nothing beyond either quantile reads NaN, and is not in the mean.

    Parameters
    ----------
    level : float, default 0.1
        Share of the real records that is called the tails of a column.
    """

    level: float = 0.1
    name: ClassVar[str] = "column_tails"

    def __post_init__(self) -> None:
        _share(self.name, self.level)

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        seen, real = columns.sample(generation), columns.reference(generation)
        found = {
            name: quantile_tail_retention(seen[name], real[name], level=self.level)
            for name in columns.numbers_of(real)
        }
        defined = [float(value) for value in found.values() if np.isfinite(value)]
        return {"": float(np.mean(defined)) if defined else NAN, **found}
