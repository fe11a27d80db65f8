"""Records as points: number and category columns in common units, or an embedding as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcollapse.auditing.embedding import embedded
from modelcollapse.auditing.hygiene import foreign_columns, other_gaps
from modelcollapse.auditing.numbers import sampled
from modelcollapse.errors import InputError
from modelcollapse.metrics.neighbours import hash_sample
from modelcollapse.profiles import Profile, Role
from modelcollapse.profiles.arrow import arrow

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

NORMAL_TENTH = 1.6448536269514722  # 0.9 quantile of |x| of a standard normal law
MOST_CATEGORIES = 50


@dataclass(frozen=True)
class Points:
    """Sampled records of both sides as points.

    Attributes
    ----------
    name : str
        Embedding column; empty for the other columns together.
    new, reference : ndarray, shape (n, d)
        Points.
    reference_rows : ndarray of int, shape (n,)
        Which records of the reference's sample they are.
    """

    name: str
    new: Floats
    reference: Floats
    reference_rows: Indices


def points(
    new: Profile, reference: Profile, embed: str | None = None, most: int = 5000
) -> Iterator[Points]:
    """Points of every embedding, and of the number columns with the categories.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    embed : str, optional
        Name or folder of a sentence-transformers model that makes points of texts.
    most : int, default 5000
        Records a side, of a table and of texts that are embedded; embeddings are all given.

    Yields
    ------
    Points
        Where there is no number column there is no distance to speak of, and categories alone
        yield nothing.

    Raises
    ------
    InputError
        If texts are to be embedded and there are none, or vectors are of different lengths or
        hold what is no finite number.

    Notes
    -----
    A number is counted from the reference's median in units that are one standard deviation for a
    normal law, so that outliers do not set the unit; a gap is put at the median, and columns with
    other shares of gaps than in the reference, or none of its categories, are left out. Two
    different categories of a column are as far apart as two values one unit apart.
    """
    if embed and not any(column.role is Role.TEXT for column in reference.roles):
        raise InputError(
            f"{reference.source} has no text column to embed. Name one with roles, e.g. note=text, "
            "or leave out embed."
        )
    for column in reference.roles:
        if column.role is Role.EMBEDDING and column.name in new.sample:
            made, real = (_vectors(side, column.name) for side in (new, reference))
            if made.shape[1] != real.shape[1]:
                raise InputError(
                    f"the vectors {column.name!r} have {made.shape[1]} numbers in {new.source} and "
                    f"{real.shape[1]} in {reference.source}, and points of two spaces cannot be "
                    "compared. Embed both with one model."
                )
            yield Points(column.name, made, real, np.arange(len(real)))
        elif embed and column.role is Role.TEXT and column.name in new.sample:
            made, real = (
                embedded(list(side.sample[column.name][:most]), embed) for side in (new, reference)
            )
            yield Points(column.name, made, real, np.arange(len(real)))
    left = {*other_gaps(new, reference), *foreign_columns(new, reference)}
    numbers = tuple(
        name
        for name in reference.columns(Role.NUMBER)  # times move on, which is no loss
        if name in new.numbers and name not in left and _unit(reference, name) > 0
    )
    if not numbers:
        return
    categories = [
        name for name in reference.categories if name in new.categories and name not in left
    ]
    known = {name: _commonest(reference, name) for name in categories}
    narrow = [
        np.column_stack([
            *(_number(side, name, reference) for name in numbers),
            *(_code(side, name, kinds) for name, kinds in known.items()),
        ])
        for side in (new, reference)
    ]  # fmt: skip
    size = min(*map(len, narrow), most)
    rows = [hash_sample(side, size) for side in narrow]
    sizes = [len(kinds) for kinds in known.values()]
    made, real = (
        _spread(side[kept], len(numbers), sizes) for side, kept in zip(narrow, rows, strict=True)
    )
    yield Points("", made, real, rows[1])


def _vectors(side: Profile, name: str) -> Floats:
    vectors = np.asarray(side.sample[name], dtype=np.float64)
    gaps = int((~np.isfinite(vectors)).any(axis=1).sum())
    if gaps:
        raise InputError(
            f"{gaps:,} of the vectors {name!r} of {side.source} hold NaN or infinity, and such a "
            "point lies nowhere. Leave those records out."
        )
    return vectors


def _unit(reference: Profile, name: str) -> float:
    """One standard deviation, for a normal law; of a column that mostly repeats, the plain one."""
    scale = reference.cuts[name].scale / NORMAL_TENTH
    return scale if scale > 0 else float(np.sqrt(reference.numbers[name].variance))


def _number(side: Profile, name: str, reference: Profile) -> Floats:
    away = (sampled(side, name) - reference.cuts[name].median) / _unit(reference, name)
    return np.asarray(np.where(np.isnan(away), 0.0, away), dtype=np.float64)


def _commonest(reference: Profile, name: str) -> list[str]:
    counts = reference.categories[name].counts
    return sorted(counts, key=lambda x: (-counts[x], x))[:MOST_CATEGORIES]


def _code(side: Profile, name: str, known: list[str]) -> Floats:
    """Position of each record's category among the known ones; -1 for any other."""
    from pyarrow import compute

    values = arrow().array(side.sample[name], type=arrow().string())
    found = compute.index_in(values, value_set=arrow().array(known, type=arrow().string()))
    return np.asarray(found.fill_null(-1).to_numpy(), dtype=np.float64)


def _spread(narrow: Floats, numbers: int, sizes: list[int]) -> Floats:
    """Coordinates of records: numbers as they are, and one for each known category."""
    parts = [narrow[:, :numbers]]
    for codes, size in zip(narrow[:, numbers:].T, sizes, strict=True):
        coordinates = np.zeros((len(narrow), size))
        there = np.flatnonzero(codes >= 0)
        coordinates[there, codes[there].astype(np.intp)] = np.sqrt(0.5)
        parts.append(coordinates)
    return np.concatenate(parts, axis=1)
