"""Counting one shard of a table: exact tallies, and the records with the smallest hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiling.engine import connection, fetched, literal, name_of, read_errors
from modelcollapse.profiling.profiled import (
    LEVELS,
    CategoryTally,
    Cuts,
    NumberTally,
    Profile,
    TextTally,
    kept,
)
from modelcollapse.profiling.roles import ColumnRole, Kind, Role

NUMERIC = (Role.NUMBER, Role.TIME)
MOST_CATEGORIES = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What is to be counted.

    Attributes
    ----------
    source : str
        What the user gave.
    roles : tuple of ColumnRole
        Of the columns.
    kinds, types : mapping of str
        What each column of the table is made of.
    cuts : mapping of str to Cuts
        Of the reference's number columns.
    groups : tuple of tuple of str
        Columns whose combinations are counted.
    max_sample : int
        Records of the sample, at most.
    """

    source: str
    roles: tuple[ColumnRole, ...]
    kinds: Mapping[str, Kind]
    types: Mapping[str, str]
    cuts: Mapping[str, Cuts]
    groups: tuple[tuple[str, ...], ...]
    max_sample: int

    def of(self, *roles: Role) -> list[str]:
        """Columns of some roles."""
        return [column.name for column in self.roles if column.role in roles]

    def value(self, name: str, role: Role) -> str:
        """A value of a column in a query, in one form whatever the file has."""
        column, kind = name_of(name), self.kinds[name]
        if self.types[name].upper() == "JSON":
            column = f"({column} ->> '$')"
        if role in NUMERIC:
            number = _number(column, kind, role)
            return f"(CASE WHEN isfinite({number}) THEN {number} END)"
        if role is Role.EMBEDDING:
            return f"CAST({column} AS FLOAT[])"
        if kind in (Kind.NUMBER, Kind.WHOLE):
            whole = f"CAST(CAST({column} AS HUGEINT) AS VARCHAR)"
            # 1.0 of a column with gaps is the 1 of one without
            return (
                f"(CASE WHEN NOT isfinite(CAST({column} AS DOUBLE)) THEN NULL "
                f"WHEN {column} = floor({column}) AND abs({column}) < 1e15 THEN {whole} "
                f"ELSE CAST({column} AS VARCHAR) END)"
            )
        return f"CAST({column} AS VARCHAR)"

    def selected(self) -> str:
        """All columns that are read, in a query."""
        return ", ".join(
            f"{self.value(column.name, column.role)} AS {name_of(column.name)}"
            for column in self.roles
            if column.role is not Role.SKIPPED
        )

    @property
    def hashed(self) -> str:
        """Hash of the content of a record in a query; identifiers are no content."""
        content = [
            name_of(column.name)
            for column in self.roles
            if column.role not in (Role.SKIPPED, Role.IDENTIFIER)
        ]
        return f"hash({', '.join(content)})"


def _number(column: str, kind: Kind, role: Role) -> str:
    if kind is Kind.TIME:
        return f"CAST(epoch(CAST({column} AS TIMESTAMP)) AS DOUBLE)"
    if kind is Kind.TRUTH:
        return f"CAST(CAST({column} AS INTEGER) AS DOUBLE)"
    if kind is Kind.WORDS:
        if role is Role.TIME:
            return f"CAST(epoch(TRY_CAST({column} AS TIMESTAMP)) AS DOUBLE)"
        return f"TRY_CAST({column} AS DOUBLE)"
    return f"CAST({column} AS DOUBLE)"


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
        If the shard cannot be read, a number column holds words, or a category column has more
        than a million categories.
    """
    with connection(given) as opened, read_errors(plan.source):
        opened.execute(f"CREATE TEMP VIEW shard AS SELECT {plan.selected()} FROM {part}")
        _refuse_words(opened, part, plan)
        sample, hashes = _smallest(opened, plan)
        rows, digest = opened.execute(
            f"SELECT count(*), coalesce(sum({plan.hashed}), 0) FROM shard"
        ).fetchone()
        numbers, tails, bulk = _numbers(opened, plan, rows)
        return Profile(
            plan.source, rows, plan.roles, plan.cuts, numbers,
            {name: _categories(opened, name, plan.source) for name in plan.of(Role.CATEGORY)},
            {name: _texts(opened, name) for name in plan.of(Role.TEXT)},
            {by: _groups(opened, by) for by in plan.groups},
            tails, bulk, sample, hashes, len(hashes) / rows if rows else 1.0,
            f"{int(digest) % 2**128:032x}", (), plan.max_sample,
        )  # fmt: skip


def _refuse_words(opened: Any, part: str, plan: Plan) -> None:
    """A number column of the reference must hold numbers here."""
    for name in plan.of(*NUMERIC):
        if plan.kinds[name] is not Kind.WORDS:
            continue
        role = next(column.role for column in plan.roles if column.name == name)
        column, number = name_of(name), _number(name_of(name), Kind.WORDS, role)
        many, first = opened.execute(
            f"SELECT count(*), min({column}) FROM {part} "
            f"WHERE {column} IS NOT NULL AND {number} IS NULL"
        ).fetchone()
        if many:
            raise InputError(
                f"the column {name!r} of {plan.source} is read as a {role}, but {many:,} of its "
                f"values are none, for example {str(first)[:40]!r}. Mend them, or say "
                f"{name}=category."
            )


def _smallest(opened: Any, plan: Plan) -> tuple[dict[str, NDArray[Any]], NDArray[np.uint64]]:
    """Records with the smallest hashes, in their order."""
    hashed = plan.hashed
    found = fetched(
        opened,
        f"SELECT *, {hashed} AS mc_hash FROM shard ORDER BY mc_hash LIMIT {plan.max_sample + 1}",
    )
    hashes = found.column("mc_hash").to_numpy().astype(np.uint64)
    keep = kept(hashes, plan.max_sample)
    columns = {
        column.name: as_array(found.column(column.name), column, plan.source)[:keep]
        for column in plan.roles
        if column.role is not Role.SKIPPED
    }
    return columns, hashes[:keep]


def as_array(values: Any, column: ColumnRole, source: str) -> NDArray[Any]:
    """Sampled values of a column: floats with NaN, objects with None, or vectors."""
    if column.role in NUMERIC:
        return np.asarray(values.to_numpy(), dtype=np.float64)
    listed = values.to_pylist()
    if column.role is not Role.EMBEDDING:
        return np.array(listed, dtype=object)
    lengths = {None if value is None else len(value) for value in listed}
    if len(lengths) > 1 or None in lengths:
        raise InputError(
            f"the embeddings {column.name!r} of {source} have gaps or different lengths, and "
            "points of one space have one. Leave those records out, or exclude the column."
        )
    return np.array(listed, dtype=np.float32).reshape(len(listed), -1)


def _numbers(
    opened: Any, plan: Plan, rows: int
) -> tuple[dict[str, NumberTally], dict[float, RatioSums], RatioSums]:
    """Tallies of the number columns, and the sums by record over all of them."""
    names = plan.of(*NUMERIC)
    nothing = RatioSums(rows, 0.0, 0.0, 0.0, 0.0, 0.0)
    if not names:
        return {}, dict.fromkeys(LEVELS, nothing), nothing
    terms = {name: _terms(name, plan.cuts[name]) for name in names}
    queries = [query for name in names for query in _aggregates(name, plan.cuts[name])]
    weight = "+".join(f"({name_of(name)} IS NOT NULL)::DOUBLE" for name in names)
    wide = [name for name in names if plan.cuts[name].scale > 0]
    wide_weight = "+".join(f"({name_of(name)} IS NOT NULL)::DOUBLE" for name in wide) or "0.0"
    scores = [("+".join(terms[name][level] for name in names), weight) for level in LEVELS]
    scores.append(("+".join(terms[name]["bulk"] for name in wide) or "0.0", wide_weight))
    inner = ", ".join(f"{score} AS y{i}, {d} AS d{i}" for i, (score, d) in enumerate(scores))
    for i in range(len(scores)):
        queries += [f"sum(y{i})", f"sum(d{i})", f"sum(y{i}*y{i})", f"sum(y{i}*d{i})",
                    f"sum(d{i}*d{i})"]  # fmt: skip
    found = opened.execute(
        f"SELECT {', '.join(queries)} FROM (SELECT *, {inner} FROM shard)"
    ).fetchone()
    each = (len(queries) - 5 * len(scores)) // len(names)
    tallies = {
        name: _tally(found[i * each : (i + 1) * each], rows, plan.cuts[name])
        for i, name in enumerate(names)
    }
    rest = found[each * len(names) :]
    sums = [
        RatioSums(rows, *(float(x or 0.0) for x in rest[5 * i : 5 * i + 5]))
        for i in range(len(scores))
    ]
    return tallies, dict(zip(LEVELS, sums, strict=False)), sums[-1]


def _beyond(name: str, ends: tuple[float, float]) -> str:
    column = name_of(name)
    sides = [f"{column} {sign} {end!r}" for sign, end in zip(("<=", ">="), ends, strict=True)
             if np.isfinite(end)]  # fmt: skip
    return f"coalesce(({' OR '.join(sides)})::DOUBLE, 0.0)" if sides else "0.0"


def _terms(name: str, cuts: Cuts) -> dict[Any, str]:
    """What a value adds to the scores of its record."""
    terms: dict[Any, str] = {level: _beyond(name, cuts.tails[level]) for level in LEVELS}
    if cuts.scale > 0:
        away = f"abs({name_of(name)} - ({cuts.median!r}))"
        terms["bulk"] = f"coalesce(least({away}, {cuts.scale!r}) / {cuts.scale!r}, 0.0)"
    else:
        terms["bulk"] = "0.0"
    return terms


def _aggregates(name: str, cuts: Cuts) -> list[str]:
    """Aggregates of one column, in the order that `_tally` reads."""
    column, terms = name_of(name), _terms(name, cuts)
    away = f"({column} - ({cuts.median!r}))"
    return [
        f"count({column})", f"sum({away})", f"sum({away} * {away})", f"min({column})",
        f"max({column})", *(f"sum({terms[level]})" for level in LEVELS),
        f"sum({terms['bulk']})", f"sum({terms['bulk']} * {terms['bulk']})",
    ]  # fmt: skip


def _tally(found: Sequence[Any], rows: int, cuts: Cuts) -> NumberTally:
    n = int(found[0])
    beyond = {level: int(x or 0) for level, x in zip(LEVELS, found[5:], strict=False)}
    total, squares = (float(x or 0.0) for x in found[-2:])
    weight = float(n) if cuts.scale > 0 else 0.0
    bulk = RatioSums(n, total, weight, squares, total, weight)
    if not n:
        nan = float("nan")
        return NumberTally(0, rows, nan, nan, nan, nan, beyond, bulk)
    shift = float(found[1]) / n
    variance = max(float(found[2]) - n * shift**2, 0.0) / (n - 1) if n > 1 else float("nan")
    return NumberTally(
        n, rows - n, cuts.median + shift, variance, float(found[3]), float(found[4]), beyond, bulk
    )


def _categories(opened: Any, name: str, source: str) -> CategoryTally:
    column = name_of(name)
    found = opened.execute(
        f"SELECT {column}, count(*) FROM shard GROUP BY 1 LIMIT {MOST_CATEGORIES + 2}"
    ).fetchall()
    counts = {value: int(n) for value, n in found if value is not None}
    if len(counts) > MOST_CATEGORIES:
        raise InputError(
            f"the column {name!r} of {source} has more than {MOST_CATEGORIES:,} categories, which "
            f"is no category any more. Say {name}=identifier or {name}=text, or exclude it."
        )
    missing = next((int(n) for value, n in found if value is None), 0)
    return CategoryTally(dict(sorted(counts.items())), missing)


def _texts(opened: Any, name: str) -> TextTally:
    column = name_of(name)
    found = opened.execute(
        f"SELECT count({column}), count(*) - count({column}), "
        f"count(*) FILTER (WHERE trim({column}) = ''), coalesce(sum(length({column})), 0) "
        "FROM shard"
    ).fetchone()
    return TextTally(*(int(x) for x in found))


def _groups(opened: Any, by: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    missing = literal("(missing)")
    keys = ", ".join(f"coalesce(CAST({name_of(name)} AS VARCHAR), {missing})" for name in by)
    found = opened.execute(f"SELECT {keys}, count(*) FROM shard GROUP BY ALL").fetchall()
    return dict(sorted((tuple(map(str, row[:-1])), int(row[-1])) for row in found))
