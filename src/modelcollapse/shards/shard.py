"""One piece of a data set: some lines or rows of a file, which a worker reads by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.shards import schema, separated, tables, text
from modelcollapse.shards.schema import Schema
from modelcollapse.shards.text import Aside

LINES = ("jsonl", "text", "csv")
"""Forms whose records are found by lines; those of the others by rows."""


class Piece(NamedTuple):
    """Some records of a shard, in the order of the file.

    Parameters
    ----------
    rows : ndarray of int, shape (records,)
        Where the records stand in their file, counted from 1: rows of a table, else the lines on
        which they begin (so that the first record of a CSV file is on line 2).
    batch : mapping of str to list
        Entries by column; None where a record of JSON Lines lacks one. There may be no records.
    set_aside : tuple of Aside
        Malformed records that were met since the piece before.
    kinds : mapping of str to (str, bool)
        Types of columns of JSON Lines that were met since the piece before, and whether they were
        known when the file was opened.
    """

    rows: NDArray[np.int64]
    batch: Mapping[str, list[Any]]
    set_aside: tuple[Aside, ...]
    kinds: Mapping[str, tuple[str, bool]]


@dataclass(frozen=True)
class Shard:
    """A part of a file, cut by its size and nothing else. Plain data, which any process can read.

    Parameters
    ----------
    index : int
        Position among the shards of the data set.
    file : str
        The file as it was named by the caller, for messages and manifests.
    path : str
        The file, absolute.
    form : {"jsonl", "text", "csv", "parquet", "arrow"}
        What it holds.
    start, stop : int
        Bytes of a file of lines, or rows of a table.
    first : int
        Its first line or row in the file, counted from 1.
    size : int or None
        Lines or rows in it; None for a compressed file, of which only reading tells.
    digest : str
        Digest of its content.
    schema : mapping of str to str or None
        Columns of the data set and their types, as far as they are known beforehand.
    header : tuple of str, default ()
        Columns in the order of the fields of a CSV file.
    """

    index: int
    file: str
    path: str
    form: str
    start: int
    stop: int
    first: int
    size: int | None
    digest: str
    schema: Schema = field(repr=False)
    header: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What `first` and `size` count: ``"line"`` or ``"row"``."""
        return "line" if self.form in LINES else "row"

    def batches(self, size: int = 1024, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """Records of the shard, at most `size` at a time.

        Memory is bounded by the batch, whatever the size of the file. A malformed record (no
        UTF-8, no JSON, no object, a wrong number of fields, an entry of another type than its
        column's) is set aside, takes no other along, and raises nothing.

        Parameters
        ----------
        size : int, default 1024
            Most records of a piece.
        columns : sequence of str, optional
            Columns wanted; all of them when not given.

        Yields
        ------
        Piece
            Rows, columns, and what was set aside. The last one may have no records.

        Raises
        ------
        InputError
            If a column is wanted that is not there, one changes its type in more than a few
            records, or the file is damaged or
            was changed since it was opened.
        """
        if columns is not None:
            for name in columns:
                if name not in self.schema:
                    raise InputError(
                        f"{self.file} has no column '{name}'. {suggestion(name, self.schema)}"
                    )
        try:
            pieces = self._lines(size) if self.form in LINES else self._rows(size, columns)
            for piece in pieces:
                if columns is not None and self.form in LINES:
                    empty = [None] * len(piece.rows)
                    chosen = {name: piece.batch.get(name, empty) for name in columns}
                    piece = piece._replace(batch=chosen)
                yield piece
        except OSError as error:
            raise InputError(f"cannot read {self.file}: {error.strerror or error}.") from error

    def _lines(self, size: int) -> Iterator[Piece]:
        kinds = schema.Kinds(self.schema, self.file)
        lines = _Counted(text.lines_of(self.path, self.start, self.stop))
        if self.form == "csv":
            rows = separated.Rows(lines, self.first, self.file)
            if self.size is None:
                rows.header()
            parsed = rows.records(self.header)
        else:
            parse = text.json_object if self.form == "jsonl" else text.plain_text
            parsed = text.numbered(lines, self.first, self.file, parse, kinds.check)
        while some := list(islice(parsed, size)):
            aside = tuple(found for _, found in some if isinstance(found, Aside))
            good = [(row, found) for row, found in some if not isinstance(found, Aside)]
            names = dict.fromkeys((*self.schema, *kinds.names))
            columns = {name: [found.get(name) for _, found in good] for name in names}
            numbers = [row for row, _ in good]
            met, kinds.met = kinds.met, {}
            yield Piece(np.array(numbers, dtype=np.int64), columns, aside, met)
        kinds.settle()
        if self.size is not None and lines.count != self.size:
            raise InputError(
                f"{self.file} was changed while it was read: it has {lines.count} lines where it "
                f"had {self.size}. Run again once it is complete."
            )

    def _rows(self, size: int, columns: Sequence[str] | None) -> Iterator[Piece]:
        read = tables.parquet_batches if self.form == "parquet" else tables.arrow_batches
        seen = 0
        for begin, found in read(self.path, self.file, self.start, self.stop, size, columns):
            batch, aside = tables.unpacked(found, begin, self.file)
            rows = np.arange(begin + 1, begin + 1 + found.num_rows, dtype=np.int64)
            if aside:
                rows = np.setdiff1d(rows, [each.line for each in aside])
            seen += found.num_rows
            yield Piece(rows, batch, tuple(aside), {})
        if seen != self.size:
            raise InputError(
                f"{self.file} was changed while it was read: {seen} rows are left of {self.size}. "
                "Run again once it is complete."
            )


class _Counted:
    """Lines, and how many of them were read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = next(self._lines)
        self.count += 1
        return line
