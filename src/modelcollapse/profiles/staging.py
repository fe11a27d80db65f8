"""CSV, JSON Lines and plain text, written once as Parquet so that they can be read in parts."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from modelcollapse.errors import InputError, Missing
from modelcollapse.profiles.arrow import NO_VALUE, arrow, numbers_among

MEMORY = "256MB"
"""Memory of the database while it writes; the rest goes to the temporary folder."""

GROUP = 2**17
"""Rows of a row group of what it writes."""

LONGEST = 2**24
"""Bytes of the longest record of JSON Lines."""

DELIMITERS = (",", "\t", ";", "|")
"""What may stand between the fields of a CSV file."""

LINES = 2**14
"""Lines of plain text that are written at once."""


def stage(path: Path, source: str, form: str, target: Path, threads: int) -> None:
    """Write a file of lines as Parquet.

    Parameters
    ----------
    path : Path
        The file, which may be compressed (``.gz``).
    source : str
        The file as the caller named it.
    form : {"csv", "jsonl", "text"}
        What it holds.
    target : Path
        The file to write.
    threads : int
        Threads that read.

    Raises
    ------
    InputError
        If the file cannot be read as what its name says, or holds no records.
    Missing
        If DuckDB is not installed.
    """
    try:
        with _opened(path) as file:
            empty = not file.read(4096).strip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror or error}.") from error
    if empty:
        raise InputError(f"{source} holds no records. Provide a file with at least a few.")
    if form == "text":
        _stage_text(path, source, target)
    else:
        _stage_records(path, source, form, target, threads)


def _stage_records(path: Path, source: str, form: str, target: Path, threads: int) -> None:
    duckdb = _database()
    given = _quoted(str(path))
    if form == "csv":
        mark = _delimiter(path, source)
        absent = ", ".join(_quoted(word) for word in NO_VALUE)
        # all that is said is not guessed: a guess may leave out lines that do not fit
        reader = (
            f"read_csv({given}, header = true, delim = {_quoted(mark)}, quote = '\"', "
            f"escape = '\"', skip = 0, comment = '', sample_size = -1, nullstr = [{absent}])"
        )
    else:
        reader = (
            f"read_json({given}, format = 'newline_delimited', records = true, "
            f"sample_size = -1, maximum_object_size = {LONGEST}, map_inference_threshold = -1)"
        )
    with duckdb.connect() as database:
        database.execute(f"SET threads = {threads}")
        database.execute(f"SET memory_limit = '{MEMORY}'")
        database.execute(f"SET temp_directory = {_quoted(str(target.parent))}")
        try:
            kinds = database.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
            # values of more than one type, each as the text that stands for it
            columns = ", ".join(
                f"{_name(name)} ->> '$' AS {_name(name)}" if kind == "JSON" else _name(name)
                for name, kind, *_ in kinds
            )
            database.execute(
                f"COPY (SELECT {columns} FROM {reader}) TO {_quoted(str(target))} "
                f"(FORMAT parquet, ROW_GROUP_SIZE {GROUP})"
            )
        except duckdb.Error as error:
            raise _fault(path, source, form, error) from error


def _stage_text(path: Path, source: str, target: Path) -> None:
    pa = arrow()
    schema = pa.schema([("text", pa.string())])
    with pa.parquet.ParquetWriter(target, schema) as writer:
        some: list[str] = []
        for line in _decoded(path, source):
            if line.strip():
                some.append(line)
            if len(some) == LINES:
                writer.write_table(pa.table({"text": some}, schema=schema))
                some = []
        if some:
            writer.write_table(pa.table({"text": some}, schema=schema))


def _database() -> Any:
    try:
        import duckdb
    except ImportError:
        raise Missing("reading CSV and JSON Lines into a profile", "duckdb", "audit") from None
    return duckdb


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    opening = gzip.open if path.suffix.lower() == ".gz" else open
    with opening(path, "rb") as file:
        yield cast(IO[bytes], file)


def _decoded(path: Path, source: str) -> Iterator[str]:
    """Lines of a file, without their ends.

    Raises
    ------
    InputError
        If one is no UTF-8, or the file cannot be unpacked.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"line {number} of {source} is not valid UTF-8 (at byte {error.start + 1} "
                        "of the line). Convert the file to UTF-8 first."
                    ) from error
    except (OSError, EOFError) as error:
        raise InputError(f"{source} cannot be read to its end ({error}).") from error


def _delimiter(path: Path, source: str) -> str:
    """What sets the names in the first line of a CSV file apart."""
    line = next(_decoded(path, source))
    mark = max(DELIMITERS, key="".join(line.split('"')[::2]).count)  # none inside quotes
    header = next(csv.reader([line], delimiter=mark))
    twice = [name for name, n in Counter(header).items() if name and n > 1]
    if twice:
        raise InputError(
            f"{source} has more than one column '{twice[0]}', and a column is known by its name. "
            "Give each its own."
        )
    if numbers_among(Counter(name.strip() or "x" for name in header))[0] == len(header):
        raise InputError(
            f"the first line of {source} holds numbers, where a CSV file names its columns. Write "
            "a line of names first."
        )
    return mark


def _fault(path: Path, source: str, form: str, error: Exception) -> InputError:
    """What is wrong with a file that the database could not read, as far as its lines tell."""
    found = (_odd_fields if form == "csv" else _odd_line)(path, source)
    if found is not None:
        return InputError(found)
    said = " ".join(str(error).split(" Possible")[0].split("\n")[:2]).strip()
    return InputError(f"{source} cannot be read as {_FORMS[form]} ({said}). Write it again.")


def _odd_fields(path: Path, source: str) -> str | None:
    """First record of a CSV file that has not the fields of its header."""
    mark = _delimiter(path, source)
    rows = csv.reader((line + "\n" for line in _decoded(path, source)), delimiter=mark)
    width = None
    try:
        for row in filter(None, rows):
            width = width or len(row)
            if len(row) != width:
                return (
                    f"the record that ends on line {rows.line_num} of {source} has {len(row)} "
                    f"fields where the header has {width}. Every record needs the same fields."
                )
    except csv.Error as fault:
        return f"line {rows.line_num} of {source} is not CSV ({fault}). Write it again."
    return None


def _odd_line(path: Path, source: str) -> str | None:
    """First line of a file of JSON Lines that is no object."""
    for number, line in enumerate(_decoded(path, source), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as fault:
            return f"line {number} of {source} is not JSON ({fault}). Each line holds one object."
        if not isinstance(entry, dict):
            return (
                f"line {number} of {source} is not an object with fields. Write each record as "
                '{"name": 1}.'
            )
    return None


_FORMS = {"csv": "CSV", "jsonl": "JSON Lines"}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
