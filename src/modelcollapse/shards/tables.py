"""Records in Parquet files and in folders of `datasets`, read without loading them whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from modelcollapse.errors import InputError, Missing
from modelcollapse.shards.text import Aside, even, new_digest

LEAST_ROWS, MOST_ROWS = 512, 16384
"""Bounds of the rows of a shard of a table, about."""

SHARD_BYTES = 64 * 2**20
"""Bytes of a shard of a table before compression, about."""

PIECES = 16
"""Most shards of one row group, of which each has to be unpacked from its beginning."""


@dataclass(frozen=True)
class Range:
    """Rows of a file: from `start`, counted from 0, up to `stop`."""

    start: int
    stop: int
    digest: str


def arrow() -> Any:
    """Library that reads and writes tables.

    Raises
    ------
    Missing
        If it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Missing("reading and scoring files of records", "pyarrow", "curate") from None
    return pyarrow


def parquet_kinds(path: str, file: str) -> dict[str, str | None]:
    """Kinds of the columns of a Parquet file."""
    return _kinds(_parquet(path, file).schema_arrow)


def arrow_kinds(path: str, file: str) -> dict[str, str | None]:
    """Kinds of the columns of a file of Arrow batches."""
    return _kinds(_stream(path, file)[1].schema)


def parquet_ranges(path: str, file: str) -> Iterator[Range]:
    """Cut a Parquet file, at row groups where they are small enough."""
    found = _parquet(path, file)
    meta, names = found.metadata, str(found.schema_arrow).encode()
    start = stop = 0
    size = 0.0
    rows = even(meta.num_rows, LEAST_ROWS, MOST_ROWS)
    digest = new_digest(names)
    for index in range(meta.num_row_groups):
        group = meta.row_group(index)
        weight = max(group.num_rows / rows, group.total_byte_size / SHARD_BYTES)
        if size and size + weight > 1:
            yield Range(start, stop, digest.hexdigest())
            start, size, digest = stop, 0.0, new_digest(names)
        _feed_group(digest, path, group)
        stop += group.num_rows
        size += weight
        if weight > 1:
            pieces = min(PIECES, ceil(weight), group.num_rows)
            for piece in range(pieces):
                low, high = (start + group.num_rows * (piece + i) // pieces for i in (0, 1))
                own = new_digest(f"{digest.hexdigest()}:{piece}/{pieces}".encode())
                yield Range(low, high, own.hexdigest())
            start, size, digest = stop, 0.0, new_digest(names)
    if stop > start:
        yield Range(start, stop, digest.hexdigest())


def _feed_group(digest: Any, path: str, group: Any) -> None:
    with open(path, "rb") as file:
        for index in range(group.num_columns):
            column = group.column(index)
            begins = [column.data_page_offset]
            if column.dictionary_page_offset is not None:
                begins.append(column.dictionary_page_offset)
            file.seek(min(begins))
            left = column.total_compressed_size
            while left and (block := file.read(min(left, 2**20))):
                digest.update(block)
                left -= len(block)


def arrow_ranges(path: str, file: str) -> Iterator[Range]:
    """Cut a file of Arrow batches at its batches."""
    rows = even(sum(batch.num_rows for batch in _stream(path, file)[1]), LEAST_ROWS, MOST_ROWS)
    source, batches = _stream(path, file)
    start = stop = 0
    names = str(batches.schema).encode()
    digest = new_digest(names)
    with open(path, "rb") as raw:
        raw.seek(source.tell())
        for batch in _guarded(batches, file):
            digest.update(raw.read(source.tell() - raw.tell()))
            stop += batch.num_rows
            if stop - start >= rows:
                yield Range(start, stop, digest.hexdigest())
                start, digest = stop, new_digest(names)
    if stop > start:
        yield Range(start, stop, digest.hexdigest())


def parquet_batches(
    path: str, file: str, start: int, stop: int, size: int, columns: Sequence[str] | None
) -> Iterator[tuple[int, Any]]:
    """Batches of Arrow of a range of rows, with the row in which each begins."""
    found = _parquet(path, file)
    first, groups, row = 0, [], 0
    for index in range(found.metadata.num_row_groups):
        begin, row = row, row + found.metadata.row_group(index).num_rows
        if row <= start:
            first = row
        elif begin < stop:
            groups.append(index)
    batches = found.iter_batches(
        batch_size=size, row_groups=groups, columns=columns, use_threads=False
    )
    yield from _within(_guarded(batches, file), first, start, stop)


def arrow_batches(
    path: str, file: str, start: int, stop: int, size: int, columns: Sequence[str] | None
) -> Iterator[tuple[int, Any]]:
    """Batches of Arrow of a range of rows, with the row in which each begins."""
    _, batches = _stream(path, file)
    for begin, batch in _within(_guarded(batches, file), 0, start, stop):
        chosen = batch if columns is None else batch.select(list(columns))
        for at in range(0, chosen.num_rows, size):
            yield begin + at, chosen.slice(at, size)


def _within(batches: Iterator[Any], row: int, start: int, stop: int) -> Iterator[tuple[int, Any]]:
    """Parts of batches that lie in a range of rows."""
    for batch in batches:
        begin, row = row, row + batch.num_rows
        low, high = max(begin, start), min(row, stop)
        if low < high:
            yield low, batch.slice(low - begin, high - low)
        if row >= stop:
            return


def unpacked(batch: Any, first: int, file: str) -> tuple[dict[str, list[Any]], list[Aside]]:
    """Columns of a batch of Arrow, without records whose texts are no UTF-8."""
    try:
        return {name: batch.column(name).to_pylist() for name in batch.schema.names}, []
    except UnicodeDecodeError:
        pass
    columns: dict[str, list[Any]] = {name: [] for name in batch.schema.names}
    aside = []
    for row in range(batch.num_rows):
        try:
            entries = {name: batch.column(name)[row].as_py() for name in columns}
        except UnicodeDecodeError as error:
            name = next(name for name in columns if not _reads(batch.column(name)[row]))
            raw = _bytes(batch.column(name)[row]).decode("utf-8", "backslashreplace")
            reason = f"not valid UTF-8 at byte {error.start} of the column '{name}'"
            aside.append(Aside(file, first + row + 1, reason, raw))
            continue
        for name, entry in entries.items():
            columns[name].append(entry)
    return columns, aside


def _reads(entry: Any) -> bool:
    try:
        entry.as_py()
    except UnicodeDecodeError:
        return False
    return True


def _bytes(entry: Any) -> bytes:
    try:
        found: bytes = entry.as_buffer().to_pybytes()
    except AttributeError:  # texts inside a list or an object
        return str(entry.type).encode()
    return found


def stored_files(folder: Path) -> list[Path] | None:
    """Files of a folder that `datasets` saved; None if it is no such folder.

    Raises
    ------
    InputError
        If it holds several parts, or keeps a choice of rows apart from them.
    """
    if (folder / "dataset_dict.json").exists():
        parts = json.loads((folder / "dataset_dict.json").read_text())["splits"]
        raise InputError(
            f"{folder} holds several sets of records ({', '.join(parts)}). Name one of them, e.g. "
            f"{folder / parts[0]}."
        )
    if not (folder / "state.json").exists():
        return None
    state = json.loads((folder / "state.json").read_text())
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise InputError(
            f"{folder} keeps its choice of rows apart from the rows. Save it again after "
            "flatten_indices()."
        )
    return [folder / entry["filename"] for entry in state["_data_files"]]


def _parquet(path: str, file: str) -> Any:
    pa = arrow()
    try:
        return pa.parquet.ParquetFile(path, buffer_size=2**20)
    except pa.ArrowException as error:
        raise _damaged(file, "Parquet", error) from error


def _stream(path: str, file: str) -> tuple[Any, Any]:
    pa = arrow()
    try:
        source = pa.memory_map(path)
        return source, pa.ipc.open_stream(source)
    except pa.ArrowException as error:
        raise _damaged(file, "Arrow", error) from error


def _guarded(batches: Any, file: str) -> Iterator[Any]:
    pa = arrow()
    try:
        yield from batches
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, "a table", error) from error


def _damaged(file: str, form: str, error: Exception) -> InputError:
    first = str(error).strip().splitlines()[0].rstrip(".")
    return InputError(f"{file} cannot be read as {form} ({first}). Get or write it again.")


def _kinds(schema: Any) -> dict[str, str | None]:
    return {field.name: _kind(field.type) for field in schema}


def _kind(kind: Any) -> str | None:
    types = arrow().types
    if types.is_null(kind):
        return None
    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "text"
    if types.is_integer(kind) or types.is_floating(kind):
        return "number"
    if types.is_boolean(kind):
        return "truth value"
    if types.is_map(kind) or types.is_struct(kind):
        return "object"
    if types.is_nested(kind):
        return "list"
    return str(kind)
