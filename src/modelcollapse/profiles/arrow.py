"""Values of Arrow arrays: their kinds, and their reading as numbers, words or vectors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing

NO_VALUE = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""Words that stand for a missing number, and for any missing value in a CSV file."""


class Kind(Enum):
    """Kinds of values that are read in the same way."""

    TRUTH = auto()
    INTEGER = auto()
    NUMBER = auto()
    TEXT = auto()
    TIME = auto()
    LIST = auto()
    NESTED = auto()


def arrow() -> Any:
    """Library that holds columns in memory.

    Raises
    ------
    Missing
        If it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise Missing("profiles of data sets", "pyarrow", "audit") from None
    return pyarrow


def kind_of(form: Any) -> Kind:
    """Kind of values of an Arrow type."""
    types = arrow().types
    if types.is_dictionary(form):
        return kind_of(form.value_type)
    for kind, tests in _TESTS.items():
        if any(getattr(types, f"is_{test}", _no)(form) for test in tests):
            return kind
    if any(getattr(types, f"is_{test}", _no)(form) for test in _LISTS):
        inner = kind_of(form.value_type)
        return Kind.LIST if inner in (Kind.NUMBER, Kind.INTEGER) else Kind.NESTED
    return Kind.NESTED


_TESTS = {
    Kind.TRUTH: ("boolean",),
    Kind.INTEGER: ("integer",),
    Kind.NUMBER: ("floating", "decimal"),
    Kind.TEXT: ("string", "large_string", "string_view", "null"),
    Kind.TIME: ("date", "timestamp", "time", "duration"),
}
_LISTS = ("list", "large_list", "fixed_size_list")


def _no(_: Any) -> bool:
    return False


def plain(values: Any) -> Any:
    """One array of values that stand by themselves, of whatever chunks."""
    pa = arrow()
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):  # no chunk, or more than one holds
            values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.nulls(0)
    if pa.types.is_dictionary(values.type):
        return values.dictionary_decode()
    # not every function knows texts that are views
    return pa.compute.cast(values, pa.string()) if values.type == pa.string_view() else values


def word(value: Any) -> str | None:
    """Text that stands for a value of a category in every format: ``1`` for 1, "1" and 1.0."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value == int(value) else str(float(value))
    return str(value)


def words_of(values: Any) -> list[str | None]:
    """Each value as text; None where it is missing."""
    if kind_of(values.type) is Kind.TEXT:
        found: list[str | None] = values.to_pylist()
        return found
    return [word(value) for value in values.to_pylist()]


def no_utf8(column: str, source: str) -> InputError:
    """Error for texts that cannot be read."""
    return InputError(
        f"column '{column}' of {source} holds text that is not valid UTF-8. Convert it to UTF-8 "
        "first."
    )


def number(text: str | None) -> float:
    """Number that a text stands for, NaN for what stands for no value.

    Raises
    ------
    ValueError
        If it is a word.
    """
    stripped = "" if text is None else text.strip()
    if stripped in NO_VALUE:
        return math.nan
    if "_" in stripped:
        raise ValueError(stripped)
    return float(stripped)


def numbers_among(often: Mapping[str, int]) -> tuple[int, str]:
    """Count the texts that are numbers, and return the first that is none (or ``""``)."""
    count, odd = 0, ""
    for text, times in often.items():
        try:
            number(text)
            count += times
        except ValueError:
            odd = odd or text
    return count, odd


def seconds(values: Any) -> NDArray[np.float64]:
    """Dates and times as seconds (since 1970, of the day, or of a duration); NaN where missing."""
    pa = arrow()
    cast, types = pa.compute.cast, pa.types
    form = values.type
    if types.is_date(form) or types.is_timestamp(form):
        micro = pa.timestamp("us", tz=getattr(form, "tz", None))
    else:
        micro = pa.duration("us") if types.is_duration(form) else pa.time64("us")
    return floats(cast(cast(values, micro, safe=False), pa.int64())) / 1e6


def floats(values: Any) -> NDArray[np.float64]:
    """Numbers and truth values in double precision; NaN where missing."""
    compute = arrow().compute
    found = values.to_numpy(zero_copy_only=False) if not values.null_count else None
    if found is None or found.dtype.kind not in "iuf":
        if kind_of(values.type) is Kind.TRUTH:
            values = compute.cast(values, "uint8")
        found = compute.cast(values, "double", safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64)


def vectors(values: Any) -> NDArray[np.float32] | None:
    """Lists of one length as rows, NaN where missing; None if their lengths differ."""
    pa = arrow()
    lengths = pa.compute.list_value_length(values)
    width = lengths.drop_null().unique()
    if len(width) > 1:
        return None
    d = int(width[0].as_py()) if len(width) else 0
    present = values.drop_null() if values.null_count else values
    inner = pa.compute.cast(present.flatten(), "float", safe=False)
    rows = inner.to_numpy(zero_copy_only=False).reshape(len(present), d)
    if not values.null_count:
        return np.asarray(rows, dtype=np.float32)
    filled = np.full((len(values), d), np.nan, dtype=np.float32)
    filled[values.is_valid().to_numpy(zero_copy_only=False)] = rows
    return filled
