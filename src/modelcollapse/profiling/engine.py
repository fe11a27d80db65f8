"""DuckDB: connections that count the same way everywhere, and its errors in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from modelcollapse.errors import InputError, Missing

MEMORY = "256MB"
"""What one connection may hold before it spills to the disk."""

_LINE = re.compile(r"[Ll]ine:?\s*(\d+)")


def duckdb() -> Any:
    """The library.

    Raises
    ------
    Missing
        If it is not installed.
    """
    try:
        import duckdb as library
    except ImportError:
        raise Missing("profiles of data sets", "duckdb", "audit") from None
    return library


def arrow() -> Any:
    """Library of tables in memory.

    Raises
    ------
    Missing
        If it is not installed.
    """
    try:
        import pyarrow as library
    except ImportError:
        raise Missing("profiles of data sets", "pyarrow", "audit") from None
    return library


@contextmanager
def connection(given: Any = None, *, threads: int = 1) -> Iterator[Any]:
    """Connection of one thread, so that sums come out the same every time.

    Parameters
    ----------
    given : pyarrow.Table, optional
        Table that queries know as ``given``.
    threads : int, default 1
        More only where the result does not depend on them.
    """
    arrow()
    with TemporaryDirectory(prefix="modelcollapse-") as folder:
        settings = {"threads": threads, "memory_limit": MEMORY, "temp_directory": folder}
        opened = duckdb().connect(config=settings)
        try:
            # times with a zone are read in one zone, wherever the machine stands
            opened.execute("SET TimeZone = 'UTC'")
            if given is not None:
                opened.register("given", given)
            yield opened
        finally:
            opened.close()


@cache
def hash_sample() -> str:
    """What the library's hash makes of some values: another version may hash otherwise.

    Returns
    -------
    str
        The same for two versions if, and only if, hashes that they made can be compared.
    """
    with connection() as opened:
        values = (
            "1.5::DOUBLE", "NULL::DOUBLE", "0.0::DOUBLE", "'words of a longer text'", "'a'",
            "''", "NULL::VARCHAR", "[1.5, 2.5]::FLOAT[]",
        )  # fmt: skip
        asked = ", ".join(f"hash({value})" for value in (*values, ", ".join(values)))
        found = opened.execute(f"SELECT {asked}").fetchall()[0]
    folded = 0
    for number in found:
        folded = (folded * 1_000_003 + int(number)) % 2**64
    return f"{folded:016x}"


@contextmanager
def read_errors(source: str) -> Iterator[None]:
    """Turn errors of the library into one sentence on the data.

    Parameters
    ----------
    source : str
        What is being read.

    Raises
    ------
    InputError
        If the data cannot be read.
    """
    try:
        yield
    except duckdb().Error as error:
        said = str(error)
        found = _LINE.search(said)
        line = f" in line {found.group(1)}" if found else ""
        raise InputError(f"{source} cannot be read{line}: {_reason(said)}") from error


def _reason(said: str) -> str:
    lowered = said.lower()
    if "unicode" in lowered or "utf-8" in lowered or "utf8" in lowered:
        return "it is not valid UTF-8. Convert it, for example with iconv -f latin1 -t utf-8."
    if "no magic bytes" in lowered or "too small to be a parquet" in lowered:
        return "it is no Parquet file, or a damaged one. Write it again."
    if "malformed json" in lowered or "invalid input error: malformed" in lowered:
        return "it is not valid JSON. Each line must be one JSON object."
    if "out of memory" in lowered or "failed to offload" in lowered:
        return "there is not enough room on the disk for temporary files. Free some."
    first = re.split(r"\n|Possible fixes|CSV Error on Line", said)[0].strip().rstrip(".")
    return f"{first}. Mend the file, or leave it out."


def fetched(opened: Any, query: str) -> Any:
    """Rows of a query as an Arrow table, whatever the version calls it."""
    relation = opened.sql(query)
    return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()


def name_of(column: str) -> str:
    """A column in a query."""
    return '"' + column.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in a query."""
    return "'" + text.replace("'", "''") + "'"
