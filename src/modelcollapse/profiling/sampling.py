"""A first look at a data set: a sample of some columns, to know their roles and cuts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.profiling.counting import as_array, measured_vectors
from modelcollapse.profiling.engine import connection, fetched, read_errors
from modelcollapse.profiling.plan import NUMERIC, Plan
from modelcollapse.profiling.roles import ColumnRole, Kind, Look, Role
from modelcollapse.profiling.tables import Table

PLAIN = {
    Kind.NUMBER: Role.NUMBER, Kind.WHOLE: Role.NUMBER, Kind.TIME: Role.TIME,
    Kind.VECTOR: Role.EMBEDDING, Kind.NESTED: Role.SKIPPED,
}  # fmt: skip

THREADS = 4
"""Of a first look, at most; the records with the smallest hashes do not depend on them."""


def first_look(table: Table, names: Sequence[str], most: int) -> dict[str, Look]:
    """Look at some records of a table whose columns have no roles yet.

    Parameters
    ----------
    table : Table
        To look at.
    names : sequence of str
        Columns.
    most : int
        Records, at most.

    Returns
    -------
    dict of str to Look
        By column.
    """
    roles = tuple(
        ColumnRole(name, PLAIN.get(kind, Role.CATEGORY), "", kind)
        for name, kind in table.kinds.items()
        if name in names
    )
    plan = Plan(table.source, roles, table.kinds, {}, (), most, {})
    with _opened(table, plan) as opened:
        found = {name: Look(Kind.NESTED, _nothing()) for name in plan.of(Role.SKIPPED)}
        for name in plan.of(Role.EMBEDDING):
            found[name] = _vectors(*measured_vectors(opened, plan.place(name), "looked_at"))
        taken = _sampled(opened, plan, most)
        maybe = []
        for column in roles:
            if column.name not in taken:
                continue
            values, kind = taken[column.name], column.kind
            if column.role is Role.NUMBER:
                there = values[~np.isnan(values)]
                kind = Kind.WHOLE if bool((there % 1 == 0).all()) else Kind.NUMBER
                if kind is Kind.WHOLE and len(np.unique(there)) == len(there) > 1:
                    maybe.append(column.name)
            found[column.name] = Look(kind, values)
        for name in _gapless(opened, plan, maybe):
            found[name] = Look(found[name].kind, found[name].values, gapless=True)
    return found


def number_samples(table: Table, plan: Plan) -> dict[str, NDArray[np.float64]]:
    """Sampled values of the number columns of a plan, where they are spelt as words, say.

    Parameters
    ----------
    table : Table
        To look at.
    plan : Plan
        With the roles of the columns.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By column; NaN where a value is missing.
    """
    numbers = tuple(column for column in plan.roles if column.role in NUMERIC)
    only = Plan(plan.source, numbers, plan.kinds, {}, (), plan.max_sample, {})
    with _opened(table, only) as opened:
        return _sampled(opened, only, plan.max_sample)


@contextmanager
def _opened(table: Table, plan: Plan) -> Iterator[Any]:
    """Connection that knows the values of a table as ``looked_at``."""
    threads = min(THREADS, os.cpu_count() or 1)
    with connection(table.given, threads=threads) as opened, read_errors(table.source):
        query = " UNION ALL ".join(
            f"SELECT {plan.selected(plan.read) or '1'} FROM {whole}" for whole in table.wholes
        )
        opened.execute(f"CREATE TEMP VIEW looked_at AS {query}")
        yield opened


def _sampled(opened: Any, plan: Plan, most: int) -> dict[str, NDArray[Any]]:
    """Values of the records with the smallest hashes, vectors left out.

    Where most of these are copies of a few records, they do not stand for the rest: then all
    different records are counted, and each comes as often as is its share.
    """
    columns = [column for column in plan.read if column.role is not Role.EMBEDDING]
    if not columns:
        return {}
    places = [plan.place(column.name) for column in columns]
    hashed = f"hash({', '.join(places)}) AS h"
    found = fetched(
        opened, f"SELECT {', '.join(places)}, {hashed} FROM looked_at ORDER BY h LIMIT {most}"
    )
    different = len(np.unique(found.column("h").to_numpy()))
    picked = np.arange(len(found))
    if len(found) == most and 2 * different <= most:
        firsts = ", ".join(f"first({place}) AS {place}" for place in places)
        found = fetched(
            opened,
            f"SELECT {firsts}, h, count(*) AS n FROM (SELECT *, {hashed} FROM looked_at) "
            f"GROUP BY h ORDER BY h LIMIT {most}",
        )
        upto = np.cumsum(found.column("n").to_numpy())
        picked = np.searchsorted(upto, (np.arange(most) + 0.5) * upto[-1] / most, side="right")
    return {
        column.name: as_array(found.column(place), column)[picked]
        for column, place in zip(columns, places, strict=True)
    }


def _vectors(rows: int, bad: int, least: int | None, most: int | None) -> Look:
    if not rows or least is None:
        return Look(Kind.EMPTY, _nothing())
    if least != most:
        return Look(Kind.NESTED, _nothing(), f"vectors of different lengths, {least} to {most}")
    if bad or not least:
        words = f"vectors, of which {bad:,} in {rows:,} have gaps" if bad else "vectors of nothing"
        return Look(Kind.NESTED, _nothing(), words)
    return Look(Kind.VECTOR, _nothing(), f"vectors of {least} numbers")


def _gapless(opened: Any, plan: Plan, names: Sequence[str]) -> list[str]:
    """Columns whose whole numbers are as many as records from the least to the greatest."""
    if not names:
        return []
    asked = ", ".join(
        f"count({place}), max({place}) - min({place}) + 1" for place in map(plan.place, names)
    )
    found = opened.execute(f"SELECT {asked} FROM looked_at").fetchall()[0]
    return [name for i, name in enumerate(names) if found[2 * i] == found[2 * i + 1]]


def _nothing() -> NDArray[Any]:
    return np.empty(0, dtype=object)
