"""What a reader must know before the figures: columns that say nothing, and what was not read."""

from __future__ import annotations

from collections.abc import Iterator

from modelcollapse.auditing.geometry import LEAST, Geometry
from modelcollapse.auditing.hygiene import (
    constant_columns,
    empty_columns,
    foreign_columns,
    other_gaps,
)
from modelcollapse.auditing.numbers import LEAST as EXPECTED
from modelcollapse.auditing.numbers import LEVELS, tail_level
from modelcollapse.profiles import Profile, Role

NAMED = 10


def notes(new: Profile, reference: Profile, geometries: list[Geometry]) -> Iterator[str]:
    """Sentences on the data, apart from a leak.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    geometries : list of Geometry
        Points that were read, or were too few.

    Yields
    ------
    str
        One sentence each.
    """
    empty = empty_columns(new, reference)
    gaps = [name for name in other_gaps(new, reference) if name not in empty]
    for names, one, many in (
        (gaps, "has other gaps than in the reference, and no part in distances and dependence",
         "have other gaps than in the reference, and no part in distances and dependence"),
        (empty, "has values in the reference and none here",
         "have values in the reference and none here"),
        (constant_columns(new, reference), "varies in the reference and is constant here",
         "vary in the reference and are constant here"),
        (foreign_columns(new, reference), "has no category of the reference here",
         "have no category of the reference here"),
        (list(new.ignored), "is in the new data only, and was not read",
         "are in the new data only, and were not read"),
    ):  # fmt: skip
        if names:
            yield f"{_listed(names)} {one if len(names) == 1 else many}."
    for column in reference.roles:
        if column.role is Role.SKIPPED:
            yield f"{column.name} was not read: {column.reason}."
    if new.bulk.weight and reference.bulk.weight and tail_level(new.rows, reference.rows) is None:
        fewest = int(EXPECTED / max(LEVELS))
        yield f"The tails of numbers are read from {fewest} records a side on, and were not here."
    if any(one.found is None for one in geometries):
        yield f"Neighbours are searched from {LEAST} records a side on, and were not here."


def _listed(names: list[str]) -> str:
    """Names in a sentence, the first few of many."""
    if len(names) == 1:
        return names[0]
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
