"""Counting one shard of a table: exact tallies, and the records with the smallest hashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.profiling.engine import connection, fetched, literal, read_errors
from modelcollapse.profiling.numbers import count_numbers
from modelcollapse.profiling.plan import NUMERIC, Plan
from modelcollapse.profiling.profiled import CategoryTally, Profile, TextTally, kept
from modelcollapse.profiling.roles import ColumnRole, Kind, Role

MOST_CATEGORIES = 1_000_000
"""Categories of a column, at most."""


def count_part(part: str, plan: Plan, given: Any = None) -> Profile:
    """Profile of one shard.

    Parameters
    ----------
    part : str
        Table of a query.
    plan : Plan
        What to count.
    given : pyarrow.Table, optional
        Data in memory, which the query knows as ``given``.

    Returns
    -------
    Profile
        Of the shard, to be merged with the others.

    Raises
    ------
    InputError
        If the shard cannot be read, a number column holds words, vectors have gaps or other
        lengths, or a category column has more than a million categories.
    """
    with connection(given) as opened, read_errors(plan.source):
        opened.execute(f"CREATE TEMP VIEW shard AS SELECT {plan.selected(plan.read)} FROM {part}")
        _refuse_words(opened, part, plan)
        for name in plan.of(Role.EMBEDDING):
            _refuse_vectors(opened, name, plan)
        rows, digest = opened.execute(
            f"SELECT count(*), coalesce(sum({plan.hashed}), 0) FROM shard"
        ).fetchall()[0]
        sample, hashes, limit = _smallest(opened, plan, rows)
        numbers, tails, bulk = count_numbers(opened, plan, rows)
        return Profile(
            plan.source, rows, plan.roles, plan.cuts, numbers,
            {name: _categories(opened, name, plan) for name in plan.of(Role.CATEGORY)},
            {name: _texts(opened, plan.place(name)) for name in plan.of(Role.TEXT)},
            {by: _groups(opened, by, plan) for by in plan.groups},
            tails, bulk, sample, hashes, len(hashes) / rows if rows else 1.0,
            f"{int(digest) % 2**128:032x}", (), plan.max_sample, limit,
        )  # fmt: skip


def _refuse_words(opened: Any, part: str, plan: Plan) -> None:
    """A number column of the reference must hold numbers here."""
    for column in plan.roles:
        if column.role not in NUMERIC or plan.kinds[column.name] is not Kind.WORDS:
            continue
        word, number = plan.word_for_number(column), plan.number(column)
        many, first = opened.execute(
            f"SELECT count(*), min({word}) FROM {part} "
            f"WHERE {word} IS NOT NULL AND {number} IS NULL"
        ).fetchall()[0]
        if many:
            raise InputError(
                f"the column {column.name!r} of {plan.source} is read as a {column.role}, but "
                f"{many:,} of its values {'are none' if many > 1 else 'is none'}, for example "
                f"{first[:40]!r}. Mend {'them' if many > 1 else 'it'}, or give the column the "
                "role category."
            )


def _refuse_vectors(opened: Any, name: str, plan: Plan) -> None:
    """Points of one space have one length, and no gaps."""
    rows, bad, least, most = measured_vectors(opened, plan.place(name), "shard")
    if bad:
        raise InputError(
            f"{bad:,} of the {rows:,} embeddings {name!r} of {plan.source} are missing or hold "
            "values that are no finite numbers, and a point needs all of its coordinates. Leave "
            "those records out, or exclude the column."
        )
    expected = plan.widths.get(name, least)
    odd = next((found for found in (least, most) if found != expected), None)
    if rows and odd is not None:
        whose = "those of the reference" if name in plan.widths else "others"
        raise InputError(
            f"the embeddings {name!r} of {plan.source} have {odd} numbers and {whose} {expected}, "
            "and points of one space have one length. Make both with one model, or exclude the "
            "column."
        )


def measured_vectors(opened: Any, place: str, table: str) -> tuple[int, int, int | None, int]:
    """Vectors of a column: how many, how many with gaps, and their least and greatest length."""
    rows, bad, least, most = opened.execute(
        f"SELECT count(*), count(*) FILTER ({place} IS NULL OR list_count({place}) < len({place}) "
        f"OR NOT isfinite(coalesce(list_sum(CAST({place} AS DOUBLE[])), 0))), "
        f"min(len({place})), max(len({place})) FROM {table}"
    ).fetchall()[0]
    return int(rows), int(bad), least, most


def _smallest(
    opened: Any, plan: Plan, rows: int
) -> tuple[dict[str, NDArray[Any]], NDArray[np.uint64], int | None]:
    """Records with the smallest hashes, in their order; copies in the order of identifiers."""
    order = ["h", *(plan.place(name) for name in plan.of(Role.IDENTIFIER))]
    wanted = plan.max_sample + 1
    query = f"SELECT * FROM (SELECT *, {plan.hashed} AS h FROM shard)"
    ordered = f" ORDER BY {', '.join(order)} NULLS LAST LIMIT {wanted}"
    found = None
    if rows > 4 * wanted:
        # as hashes are spread evenly, the smallest lie below this, unless records come often
        found = fetched(opened, f"{query} WHERE h < {2**65 * wanted // rows}{ordered}")
    if found is None or len(found) < wanted:
        found = fetched(opened, query + ordered)
    hashes = found.column("h").to_numpy().astype(np.uint64)
    keep, limit = kept(hashes, plan.max_sample)
    columns = {
        column.name: as_array(found.column(plan.place(column.name)), column)[:keep]
        for column in plan.read
    }
    return columns, hashes[:keep], limit


def as_array(values: Any, column: ColumnRole) -> NDArray[Any]:
    """Sampled values of a column: floats with NaN, objects with None, or vectors."""
    if column.role in NUMERIC:
        return np.asarray(values.to_numpy(), dtype=np.float64)
    if column.role is not Role.EMBEDDING:
        return np.array(values.to_pylist(), dtype=object)
    n, chunks = len(values), values.chunks
    flat = [np.asarray(chunk.flatten().to_numpy(zero_copy_only=False)) for chunk in chunks]
    joined = np.concatenate(flat) if flat else np.empty(0)
    return np.asarray(joined, dtype=np.float32).reshape(n, -1 if n else 0)


def _categories(opened: Any, name: str, plan: Plan) -> CategoryTally:
    column = plan.place(name)
    found = opened.execute(
        f"SELECT {column}, count(*) FROM shard GROUP BY 1 LIMIT {MOST_CATEGORIES + 2}"
    ).fetchall()
    counts = {value: int(n) for value, n in found if value is not None}
    refuse_many(name, counts, plan.source)
    missing = next((int(n) for value, n in found if value is None), 0)
    return CategoryTally(dict(sorted(counts.items())), missing)


def refuse_many(name: str, counts: Mapping[str, int], source: str) -> None:
    """Check that the categories of a column are not too many.

    Raises
    ------
    InputError
        If they are.
    """
    if len(counts) > MOST_CATEGORIES:
        raise InputError(
            f"the column {name!r} of {source} has more than {MOST_CATEGORIES:,} categories, which "
            "is no category any more. Give it the role identifier or text, or exclude it."
        )


def _texts(opened: Any, column: str) -> TextTally:
    found = opened.execute(
        f"SELECT count({column}), count(*) - count({column}), "
        f"count(*) FILTER (WHERE trim({column}, E' \\t\\r\\n') = ''), "
        f"coalesce(sum(length({column})), 0) FROM shard"
    ).fetchall()[0]
    return TextTally(*(int(x) for x in found))


def _groups(opened: Any, by: tuple[str, ...], plan: Plan) -> dict[tuple[str, ...], int]:
    missing = literal("(missing)")
    keys = ", ".join(f"coalesce({plan.place(name)}, {missing})" for name in by)
    found = opened.execute(f"SELECT {keys}, count(*) FROM shard GROUP BY ALL").fetchall()
    return dict(sorted((tuple(row[:-1]), int(row[-1])) for row in found))
