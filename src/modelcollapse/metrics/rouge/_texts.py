"""Columns of texts: lists of strings, and Arrow columns, whose bytes are read where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing
from modelcollapse.metrics.rouge._kinds import Longs

Bytes = NDArray[np.uint8]


class Column(Protocol):
    """Texts, of which some may be taken."""

    def __len__(self) -> int:
        """Count the texts."""
        ...

    @property
    def lengths(self) -> Longs:
        """About how many bytes each text has."""
        ...

    def strings(self) -> Sequence[str]:
        """Return the texts."""
        ...

    def packed(self, start: int, stop: int) -> tuple[Bytes, Longs]:
        """UTF-8 bytes that hold some of the texts, and where each begins and the last ends."""
        ...


@dataclass(frozen=True)
class Listed:
    """Texts in a list."""

    texts: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> Longs:
        """Letters of each text."""
        return np.fromiter(map(len, self.texts), np.int64, len(self.texts))

    def strings(self) -> list[str]:
        """Return the texts."""
        return self.texts

    def packed(self, start: int, stop: int) -> tuple[Bytes, Longs]:
        """Bytes of some of the texts and their ends."""
        texts = self.texts[start:stop]
        joined = "".join(texts)
        lengths = map(len, texts)
        if joined.isascii():
            data = joined.encode("ascii")
        else:
            # Lone surrogates have no UTF-8; they part words like any other sign.
            pieces = [text.encode("utf-8", "replace") for text in texts]
            data, lengths = b"".join(pieces), map(len, pieces)
        ends = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(lengths, np.int64, len(texts)), out=ends[1:])
        return _read_only(data), ends


@dataclass(frozen=True)
class Arrow:
    """Texts in one Arrow array of large strings without gaps."""

    array: Any

    def __len__(self) -> int:
        return len(self.array)

    @property
    def _ends(self) -> Longs:
        if not len(self.array):
            return np.zeros(1, dtype=np.int64)
        offsets = np.frombuffer(self.array.buffers()[1], dtype=np.int64)
        return offsets[self.array.offset : self.array.offset + len(self.array) + 1]

    @property
    def lengths(self) -> Longs:
        """Bytes of each text."""
        return np.diff(self._ends)

    def strings(self) -> list[str]:
        """Texts as strings."""
        return list(self.array.to_pylist())

    def packed(self, start: int, stop: int) -> tuple[Bytes, Longs]:
        """Bytes of all texts, which are not copied, and the ends of some."""
        return _read_only(self.array.buffers()[2] or b""), self._ends[start : stop + 1].copy()


def _read_only(data: Any) -> Bytes:
    # Whether a buffer may be written to varies, and Numba compiles for each case anew.
    array = np.frombuffer(data, dtype=np.uint8)
    array.flags.writeable = False
    return array


def _of_arrow(values: Any, name: str) -> Any:
    """Arrow array of a column that offers itself as one; None for any other."""
    stream = hasattr(values, "__arrow_c_stream__")
    if not stream and not hasattr(values, "__arrow_c_array__"):
        return None
    try:
        arrow = import_module("pyarrow")
    except ImportError as error:
        raise Missing("ROUGE of an Arrow column", "pyarrow", "curate") from error
    array = arrow.chunked_array(values).combine_chunks() if stream else arrow.array(values)
    if array.null_count:
        at = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0]
        raise _no_text(None, name, int(at))
    return array


def _no_text(value: Any, name: str, at: int) -> InputError:
    what = "missing" if value is None else f"a {type(value).__name__}, not a text"
    return InputError(
        f"entry {at} of {name} is {what}. ROUGE compares texts: leave out records that lack one."
    )


def column(values: Any, name: str) -> Column:
    """Texts of a column.

    Parameters
    ----------
    values : sequence of str, or Arrow column
        Texts. Whatever offers itself as an Arrow array or stream of strings will do: arrays of
        pyarrow, Series of polars.
    name : str
        What they are, for messages.

    Raises
    ------
    InputError
        If an entry is missing or no text.
    Missing
        If this is an Arrow column and pyarrow is not installed.
    """
    if isinstance(values, str | bytes):
        raise InputError(f"{name} are a single text. Pass a list of texts, one for each record.")
    array = _of_arrow(values, name)
    if array is None:
        return _listed(list(values), name)
    arrow = import_module("pyarrow")
    kind = array.type.value_type if arrow.types.is_dictionary(array.type) else array.type
    if not any(
        is_text(kind)
        for is_text in (
            arrow.types.is_string, arrow.types.is_large_string, arrow.types.is_string_view
        )
    ):  # fmt: skip
        raise InputError(
            f"{name} are a column of the type {array.type}. ROUGE compares texts: pass strings."
        )
    return Arrow(array.cast(arrow.large_string()))


def _listed(texts: list[Any], name: str) -> Listed:
    if not set(map(type, texts)) <= {str}:
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise _no_text(text, name, i)
    return Listed(texts)


def grouped(values: Any, name: str) -> tuple[Column, Longs]:
    """Texts of a column whose entries are texts or lists of texts, and where each entry begins.

    Raises
    ------
    InputError
        If an entry is missing, no text, or an empty list.
    """
    if isinstance(values, str | bytes):
        return column(values, name), np.zeros(0, dtype=np.int64)
    array = _of_arrow(values, name)
    if array is not None and not hasattr(array.type, "value_field"):
        texts = column(array, name)
        return texts, np.arange(len(texts) + 1)
    entries = list(values) if array is None else array.to_pylist()
    if set(map(type, entries)) <= {str}:
        return Listed(entries), np.arange(len(entries) + 1)
    flat: list[Any] = []
    first = np.zeros(len(entries) + 1, dtype=np.int64)
    for i, entry in enumerate(entries):
        if isinstance(entry, str):
            flat.append(entry)
        elif not isinstance(entry, list | tuple | np.ndarray):
            raise _no_text(entry, name, i)
        elif not len(entry):
            raise InputError(
                f"entry {i} of {name} is an empty list. A record is compared with one text at "
                "least: leave out records without."
            )
        else:
            for text in entry:
                if not isinstance(text, str):
                    raise _no_text(text, name, i)
            flat.extend(entry)
        first[i + 1] = len(flat)
    return Listed(flat), first
