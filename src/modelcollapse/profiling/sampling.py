"""A first look at a data set: a sample of some columns, to know their roles and cuts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.profiling.counting import NUMERIC, Plan
from modelcollapse.profiling.engine import connection, fetched, name_of, read_errors
from modelcollapse.profiling.roles import ColumnRole, Kind, Role
from modelcollapse.profiling.tables import Table

PLAIN = {
    Kind.NUMBER: Role.NUMBER, Kind.WHOLE: Role.NUMBER, Kind.TIME: Role.TIME,
    Kind.VECTOR: Role.EMBEDDING, Kind.NESTED: Role.SKIPPED,
}  # fmt: skip
FEW_VECTORS = 100


def first_look(
    table: Table, names: Sequence[str], most: int, plan: Plan | None = None
) -> dict[str, tuple[Kind, NDArray[Any]]]:
    """Values of the records with the smallest hashes, and what they are made of.

    Parameters
    ----------
    table : Table
        To look at.
    names : sequence of str
        Columns.
    most : int
        Records, at most.
    plan : Plan, optional
        With the roles of the columns, once they are known.

    Returns
    -------
    dict of str to tuple
        By column. Vectors are a few, and empty where their lengths differ.
    """
    roles = tuple(
        ColumnRole(name, PLAIN.get(table.kinds[name], Role.CATEGORY), "") for name in names
    )
    known = plan or Plan(table.source, roles, table.kinds, table.types, {}, (), most)
    chosen = [column for column in known.roles if column.name in names]
    values = {
        column.name: known.value(column.name, column.role)
        for column in chosen
        if column.role not in (Role.SKIPPED, Role.EMBEDDING)
    }
    found: dict[str, tuple[Kind, NDArray[Any]]] = {}
    with connection(table.given) as opened, read_errors(table.source):
        whole = " UNION ALL ".join(f"SELECT * FROM {part}" for part in table.parts)
        if values:
            spelt = ", ".join(f"{value} AS {name_of(name)}" for name, value in values.items())
            hashed = f"hash({', '.join(map(name_of, values))})"
            taken = fetched(
                opened,
                f"SELECT * FROM (SELECT {spelt} FROM ({whole})) ORDER BY {hashed} LIMIT {most}",
            )
        for column in chosen:
            name, kind = column.name, table.kinds[column.name]
            if column.role is Role.SKIPPED:
                found[name] = kind, np.empty(0, dtype=object)
            elif column.role is Role.EMBEDDING:
                found[name] = _vectors(opened, known.value(name, column.role), whole)
            elif column.role in NUMERIC:
                numbers = np.asarray(taken.column(name).to_numpy(), dtype=np.float64)
                there = numbers[~np.isnan(numbers)]
                even = kind is Kind.NUMBER and bool(there.size) and bool((there % 1 == 0).all())
                found[name] = Kind.WHOLE if even else kind, numbers
            else:
                found[name] = kind, np.array(taken.column(name).to_pylist(), dtype=object)
    return found


def _vectors(opened: Any, value: str, whole: str) -> tuple[Kind, NDArray[Any]]:
    rows = opened.execute(f"SELECT {value} FROM ({whole}) LIMIT {FEW_VECTORS}").fetchall()
    lengths = {None if row[0] is None else len(row[0]) for row in rows}
    if len(lengths) != 1 or None in lengths:
        return Kind.NESTED, np.empty(0, dtype=object)
    return Kind.VECTOR, np.array([row[0] for row in rows], dtype=np.float32)
