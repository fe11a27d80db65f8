"""Parts of a data set, which workers read by themselves: rows of arrays, tables and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.profiles.arrow import arrow

PART_ROWS, PART_BYTES = 2**20, 2**28
"""Rows and bytes of a part, about; of Parquet at least a row group."""

MOST_ROWS, BATCH_BYTES = 2**17, 2**25
"""Rows of a batch at most, and its bytes, about."""


def batch_rows(rows: int, size: int) -> int:
    """Rows of a batch, a power of two, for records that take `size` bytes together."""
    fitting = BATCH_BYTES * rows // max(size, 1)
    return 1 << min(max(fitting, 256), MOST_ROWS).bit_length() - 1


@dataclass(frozen=True)
class TablePart:
    """Rows of a table in memory.

    Parameters
    ----------
    source : str
        What the caller gave, for messages.
    table : Arrow table
        The rows.
    first : int
        Place of the first of them in the data set.
    """

    source: str
    table: Any = field(repr=False)
    first: int

    @property
    def rows(self) -> int:
        """Count of the rows."""
        return int(self.table.num_rows)

    @property
    def types(self) -> Mapping[str, Any]:
        """Arrow types by column."""
        return dict(zip(self.table.schema.names, self.table.schema.types, strict=True))

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        """Batches of Arrow with these columns."""
        size = batch_rows(self.rows, self.table.nbytes)
        yield from self.table.select(list(columns)).to_batches(max_chunksize=size)


@dataclass(frozen=True)
class ArrayPart:
    """Rows of an array in a file of NumPy."""

    source: str
    path: str
    start: int
    stop: int
    flat: bool

    @property
    def first(self) -> int:
        """Place of the first row in the data set."""
        return self.start

    @property
    def rows(self) -> int:
        """Count of the rows."""
        return self.stop - self.start

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """Arrow types by column."""
        head = table_of_array(self._array()[self.start : self.start + 1], self.flat)
        return dict(zip(head.schema.names, head.schema.types, strict=True))

    def _array(self) -> Any:
        return np.load(self.path, mmap_mode="r", allow_pickle=False)

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        """Batches of Arrow with these columns."""
        array = self._array()
        size = batch_rows(len(array), array.nbytes)
        for at in range(self.start, self.stop, size):
            some = np.array(array[at : min(at + size, self.stop)])
            yield from table_of_array(some, self.flat).select(list(columns)).to_batches()


@dataclass(frozen=True)
class ParquetPart:
    """Row groups of a Parquet file."""

    source: str
    path: str
    groups: tuple[int, ...]
    first: int
    rows: int
    size: int

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """Arrow types by column."""
        schema = parquet(self.path, self.source).schema_arrow
        return dict(zip(schema.names, schema.types, strict=True))

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        """Batches of Arrow with these columns."""
        try:
            yield from parquet(self.path, self.source).iter_batches(
                batch_size=batch_rows(self.rows, self.size),
                row_groups=list(self.groups),
                columns=list(columns),
                use_threads=False,
            )
        except (OSError, arrow().ArrowException) as error:
            raise InputError(
                f"{self.source} is damaged or was changed while it was read ({_line(error)}). "
                "Write it again."
            ) from error


Part = TablePart | ArrayPart | ParquetPart


def parquet(path: str, source: str) -> Any:
    """Open a Parquet file.

    Raises
    ------
    InputError
        If it is none.
    """
    pa = arrow()
    try:
        return pa.parquet.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {source}. Check its path.") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{source} cannot be read as Parquet ({_line(error)}).") from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def parquet_parts(path: Path, source: str, first: int) -> list[ParquetPart]:
    """Cut a Parquet file at row groups, by their sizes and nothing else."""
    meta = parquet(str(path), source).metadata
    parts: list[ParquetPart] = []
    groups: list[int] = []
    rows = size = 0
    for index in range(meta.num_row_groups):
        group = meta.row_group(index)
        if groups and (
            rows + group.num_rows > PART_ROWS or size + group.total_byte_size > PART_BYTES
        ):
            parts.append(ParquetPart(source, str(path), tuple(groups), first, rows, size))
            first, rows, size, groups = first + rows, 0, 0, []
        groups.append(index)
        rows += group.num_rows
        size += group.total_byte_size
    if rows:
        parts.append(ParquetPart(source, str(path), tuple(groups), first, rows, size))
    return parts


def table_parts(table: Any, source: str, first: int = 0) -> list[TablePart]:
    """Cut a table by its size and nothing else."""
    rows = table.num_rows
    step = min(PART_ROWS, max(PART_BYTES * rows // max(table.nbytes, 1), 1024))
    return [
        TablePart(source, table.slice(at, step), first + at) for at in range(0, max(rows, 1), step)
    ]


def table_of_array(array: Any, flat: bool) -> Any:
    """Table of an array: a column of vectors, or one column for each place of a record."""
    pa = arrow()
    n = len(array)
    rows = array.reshape(n, -1)
    if not flat:
        inner = pa.array(np.ascontiguousarray(rows, dtype=np.float32).ravel())
        column = pa.FixedSizeListArray.from_arrays(inner, rows.shape[1])
        return pa.table({"embedding": column})
    return pa.table({f"x{i}": pa.array(rows[:, i]) for i in range(rows.shape[1])})
