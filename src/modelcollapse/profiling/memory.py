"""Data in memory, of whatever library, as an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.profiling.engine import arrow

WIDE = 64
"""Numbers of a row from which on an array is one embedding rather than columns."""


def as_arrow(data: Any) -> Any:
    """Data in memory as an Arrow table.

    Parameters
    ----------
    data : dataframe, mapping of str to columns, array, or sequence of values
        A frame of pandas, Polars, Arrow or another library that narwhals knows.

    Raises
    ------
    InputError
        If it is none of these, or its columns have different lengths.
    """
    if isinstance(data, Mapping):
        return _of_columns([(str(name), values) for name, values in data.items()])
    if isinstance(data, np.ndarray) and data.ndim > 1:
        rows = data.reshape(len(data), -1) if data.size else data.reshape(len(data), 0)
        if data.ndim > 2 or rows.shape[1] > WIDE:
            return _of_columns([("embedding", rows)])
        return _of_columns([(f"x{j}", rows[:, j]) for j in range(rows.shape[1])])
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names is None:
        return _of_columns([(_single(data), data)])
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _of_columns([(_single(data), data)])
    return _of_frame(data)


def _of_frame(data: Any) -> Any:
    if hasattr(data, "iloc") and hasattr(data, "columns"):  # pandas may name columns by numbers
        names = list(map(str, data.columns))
        return _of_columns([(name, data.iloc[:, i]) for i, name in enumerate(names)])
    import narwhals as nw

    try:
        frame = nw.from_native(data)
        return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_arrow()
    except TypeError:
        raise InputError(
            f"{type(data).__name__} is no data set that can be read: give a path, a dataframe, a "
            "dict of columns, an array or a list of texts."
        ) from None


def _single(values: Any) -> str:
    """Name of the only column."""
    words = [value for value in list(values[:100]) if isinstance(value, str)]
    if not words:
        return "value"
    return "text" if np.mean([len(word.split()) for word in words]) >= 2 else "label"


def _of_columns(columns: Sequence[tuple[str, Any]]) -> Any:
    made = [_column(name, values) for name, values in columns]
    names = [name for name, _ in columns]
    if len({len(values) for values in made}) > 1:
        lengths = ", ".join(f"{name}: {len(x)}" for name, x in zip(names, made, strict=True))
        raise InputError(
            f"columns have different lengths ({lengths}), and a record needs a value of each. "
            "Give columns of one length."
        )
    return arrow().Table.from_arrays(made, names=names)


def _column(name: str, values: Any) -> Any:
    pa = arrow()
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise InputError(
            f"the column {name!r} is {type(values).__name__}, and a column is a list of one value "
            "for each record. Give a list or an array."
        )
    if hasattr(values, "to_arrow"):
        return values.to_arrow()
    if isinstance(values, np.ndarray) and values.ndim != 1:
        return _vectors(name, values)
    if isinstance(values, np.ndarray) and values.dtype == np.float16:
        values = values.astype(np.float32)
    try:
        # a series of pandas knows best what it has missing
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # values of several types: as words, each as it is spelt
        return pa.array([None if _is_missing(value) else str(value) for value in list(values)])


def _vectors(name: str, array: Any) -> Any:
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise InputError(
            f"the column {name!r} has shape {array.shape} and values of the type {array.dtype}. "
            "Give one value, or one vector of numbers, for each record."
        )
    pa = arrow()
    flat = pa.array(np.ascontiguousarray(array, dtype=np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, array.shape[1])


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value
