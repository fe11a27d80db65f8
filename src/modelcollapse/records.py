"""What a lineage may do with data: count it, take from it, thin it, join it.

The loop never looks inside the data. Whatever has `size`, `take`, `subset` and `concat` can flow
through a lineage: arrays (first axis), lists, tables of any dataframe library, and sufficient
statistics, which register their own versions (counts add, moments merge).

A type registers itself beside its definition::

    @size.register
    def _(data: Counts) -> int: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError

Indices = NDArray[np.intp]


def _table(data: Any) -> Any:
    """Narwhals view of a dataframe, or an error that names the type."""
    import narwhals as nw

    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame
    raise InputError(
        f"records of type {type(data).__name__} cannot flow through a lineage: it is not known how "
        "to count, take and join them. Use an array, a list, a dataframe, or register the type "
        "with modelcollapse.records.size, .take and .concat."
    )


@singledispatch
def size(data: Any) -> int:
    """Count the records."""
    return int(_table(data).shape[0])


@singledispatch
def layout(data: Any) -> object:
    """Describe what every record looks like; equal for records that can flow through one lineage.

    The shape behind the first axis for arrays, the column names for tables, the type for the rest.
    """
    columns = getattr(data, "columns", None)
    return type(data).__name__ if columns is None else tuple(map(str, _table(data).columns))


@layout.register
def _(data: np.ndarray) -> object:
    return data.shape[1:]


@singledispatch
def take(data: Any, indices: Indices) -> Any:
    """Records at the given positions, in that order."""
    return _table(data)[np.asarray(indices, dtype=np.intp), :].to_native()


@singledispatch
def subset(data: Any, k: int, *, rng: Generator) -> Any:
    """Choose `k` records at random, without replacement, in their old order."""
    n = size(data)
    if not 0 <= k <= n:
        raise InputError(
            f"cannot choose {k} of {n} records without replacement. Ask for at most {n}."
        )
    if k == n:
        return data
    return take(data, np.sort(rng.choice(n, size=k, replace=False, shuffle=False)))


def concat(parts: Sequence[Any]) -> Any:
    """Join records of one kind, in order; a single part is returned as it is."""
    if not parts:
        raise InputError("there is nothing to join: a corpus holds at least one block of records.")
    return parts[0] if len(parts) == 1 else join(parts[0], parts)


@singledispatch
def weigh(data: Any, weight: float) -> Any:
    """Give every record the same weight in a fit, in place of the weights it had."""
    raise InputError(
        f"records of type {type(data).__name__} carry no weights. Use labelled records, or choose "
        "how many records of each kind there are instead of how much they count."
    )


@singledispatch
def join(first: Any, parts: Sequence[Any]) -> Any:
    """Join two or more parts; dispatches on the first. Call `concat` instead."""
    import narwhals as nw

    return nw.concat([_table(part) for part in parts]).to_native()


@size.register
def _(data: np.ndarray) -> int:
    return int(data.shape[0])


@take.register
def _(data: np.ndarray, indices: Indices) -> NDArray[Any]:
    return np.asarray(data[indices])


@join.register
def _(first: np.ndarray, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise InputError(
            f"records of different shapes cannot be joined: {sorted(map(str, shapes))}. A model "
            "must sample records of the shape it was fitted to."
        )
    return np.concatenate(parts)


@size.register
def _(data: list) -> int:  # type: ignore[type-arg]
    return len(data)


@take.register
def _(data: list, indices: Indices) -> list[Any]:  # type: ignore[type-arg]
    return [data[i] for i in indices]


@join.register
def _(first: list, parts: Sequence[list[Any]]) -> list[Any]:  # type: ignore[type-arg]
    return [record for part in parts for record in part]
