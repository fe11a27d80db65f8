"""Opening data of any format as tables that can be counted: files by shards, or memory."""

from __future__ import annotations

import glob
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.errors import InputError, suggestion
from modelcollapse.profiling.engine import connection, duckdb, literal, name_of, read_errors
from modelcollapse.profiling.lines import delimiter, refuse_empty, refuse_faults
from modelcollapse.profiling.memory import as_arrow
from modelcollapse.profiling.roles import NULLS, Kind

READERS = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".ndjson": "json"}
LOADED = (".npy", ".npz", ".txt")
PACKED = (".gz", ".zst")
ROWS = 2_000_000
"""Rows of a shard of a large Parquet file, about."""


@dataclass(frozen=True)
class Table:
    """Data that can be counted.

    Attributes
    ----------
    source : str
        What the user gave.
    parts : tuple of str
        Shards, as tables of a query; they depend on the data only. The columns of each are
        ``p0``, ``p1`` and so on, whatever their names.
    wholes : tuple of str
        The same, uncut.
    kinds : mapping of str to Kind
        What each column is made of, in their order.
    given : pyarrow.Table or None
        Data in memory.
    """

    source: str
    parts: tuple[str, ...]
    wholes: tuple[str, ...]
    kinds: Mapping[str, Kind]
    given: Any = None


@dataclass(frozen=True)
class _File:
    """One file: how to read it, and what its columns are made of."""

    path: str
    reader: str
    kinds: Mapping[str, Kind]
    mixed: Collection[str]
    """Columns of JSON in which records disagree."""

    def table(self, names: Sequence[str], where: str = "", reader: str = "") -> str:
        """Columns of some names as ``p0``, ``p1`` and so on; those it lacks are missing."""
        columns = ", ".join(f"{self._column(name)} AS p{i}" for i, name in enumerate(names))
        return f"(SELECT {columns} FROM {reader or self.reader}{where})"

    def _column(self, name: str) -> str:
        if self.kinds.get(name, Kind.EMPTY) is Kind.EMPTY:
            return "NULL"
        return f"({name_of(name)} ->> '$')" if name in self.mixed else name_of(name)


def open_table(data: Any, *, words: Collection[str] = ()) -> Table:
    """Open data of any format.

    Parameters
    ----------
    data : path, sequence of paths, dataframe, dict of columns, array or sequence of texts
        As of `profile`.
    words : collection of str, default ()
        Columns that are words even where all that a CSV file has looks like numbers.

    Returns
    -------
    Table
        Nothing but the beginnings (of CSV and JSON Lines: all) has been read.

    Raises
    ------
    InputError
        If there are no such data, or they cannot be read.
    """
    if isinstance(data, str | Path):
        return _from_files(str(data), _found(str(data)), words)
    if isinstance(data, Sequence) and data and all(isinstance(x, Path) for x in data):
        files = [file for path in data for file in _found(str(path))]
        return _from_files(f"{len(data)} files", files, words)
    return _in_memory(data)


def _found(given: str) -> list[str]:
    """Files that a path, pattern or folder stands for."""
    path = Path(given)
    if path.is_dir():
        files = sorted(
            str(x) for x in path.rglob("*")
            if x.is_file() and _ending(str(x)) and not x.name.startswith((".", "_"))
        )  # fmt: skip
        if not files:
            raise InputError(
                f"the folder {given} holds no data: no file in it ends with "
                f"{', '.join(READERS)} or {', '.join(LOADED)}."
            )
        return files
    files = [given] if path.exists() else sorted(glob.glob(given, recursive=True))
    if not files:
        raise InputError(f"there is no file {given}. Check the path.")
    return files


def _ending(file: str) -> str | None:
    plain = Path(file)
    while plain.suffix in PACKED:
        plain = plain.with_suffix("")
    return plain.suffix if plain.suffix in (*READERS, *LOADED) else None


def _from_files(source: str, paths: list[str], words: Collection[str]) -> Table:
    endings = [_ending(path) for path in paths]
    if None in endings:
        odd = paths[endings.index(None)]
        raise InputError(
            f"{odd} has no format that can be read. {suggestion(Path(odd).suffix, list(READERS))} "
            f"Use {', '.join(READERS)}, {', '.join(LOADED)}, or .gz of those with lines."
        )
    if set(endings) & set(LOADED):
        if len(paths) > 1:
            raise InputError(
                f"{source} holds {len(paths)} files, some of them arrays or texts "
                f"({', '.join(LOADED)}), and such a file is a data set by itself. Give one file."
            )
        return _loaded(paths[0])
    with connection() as opened:
        files = [_file(opened, path, words) for path in paths]
        if len(files) > 1:
            files = _agreed(opened, files)
        kinds: dict[str, Kind] = {}
        for file in files:
            for name, kind in file.kinds.items():
                kinds[name] = _joined(kinds.get(name, Kind.EMPTY), kind)
        _refuse_gaps(files, kinds)
        names = list(kinds)
        parts = [part for file in files for part in _shards(opened, file, names)]
    return Table(source, tuple(parts), tuple(file.table(names) for file in files), kinds)


def _file(opened: Any, path: str, words: Collection[str] = ()) -> _File:
    if Path(path).stat().st_size == 0:
        raise InputError(f"{path} is empty. Give a file with records.")
    plain = READERS[str(_ending(path))]
    reader = f"read_parquet({literal(path)})"
    if plain == "csv":
        reader = _csv(path)
        if words:
            there = [row[0] for row in _described(opened, path, reader) if row[0] in words]
            reader = _csv(path, there)
    elif plain == "json":
        if not path.endswith(".zst"):
            refuse_empty(path)
        reader = (
            f"read_json({literal(path)}, format='newline_delimited', records=true, "
            "sample_size=-1, maximum_object_size=268435456, map_inference_threshold=-1)"
        )
    described = _described(opened, path, reader)
    mixed = [name for name, kind, *_ in described if kind == "JSON"]
    return _File(path, reader, {name: kind_of(kind) for name, kind, *_ in described}, mixed)


def _csv(path: str, words: Collection[str] = ()) -> str:
    nulls = ", ".join(map(literal, NULLS))
    options = f"header=true, sample_size=-1, nullstr=[{nulls}], quote='\"', escape='\"'"
    if not path.endswith(".zst"):
        refuse_empty(path)
        options += f", delim={literal(delimiter(path))}"
    if words:
        kinds = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in words)
        options += f", types={{{kinds}}}"
    return f"read_csv({literal(path)}, {options})"


def _described(opened: Any, path: str, reader: str) -> list[tuple[str, str]]:
    with read_errors(path):
        try:
            return list(opened.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall())
        except duckdb().Error:
            if not path.endswith((".parquet", ".zst")):
                refuse_faults(path)
            raise


def _agreed(opened: Any, files: list[_File]) -> list[_File]:
    """Read as words, in each CSV file, what is words in another; nothing is of no kind."""
    names = dict.fromkeys(name for file in files for name in file.kinds)
    unlike = [
        name for name in names
        if len({file.kinds[name] for file in files if name in file.kinds}) > 1
    ]  # fmt: skip
    if not unlike:
        return files
    files = [_without_empty(opened, file, unlike) for file in files]
    kinds = {
        name: reduce(_joined, (file.kinds.get(name, Kind.EMPTY) for file in files))
        for name in unlike
    }
    words = [name for name, kind in kinds.items() if kind is Kind.WORDS]
    return [
        _without_empty(opened, _file(opened, file.path, words), unlike)
        if READERS[str(_ending(file.path))] == "csv"
        and any(file.kinds.get(name, Kind.EMPTY) not in (Kind.WORDS, Kind.EMPTY) for name in words)
        else file
        for file in files
    ]


def _without_empty(opened: Any, file: _File, names: Sequence[str]) -> _File:
    """The file with the kind of the columns settled that hold nothing."""
    asked = [name for name in names if file.kinds.get(name) is Kind.WORDS]
    if not asked:
        return file
    counts = ", ".join(f"count({name_of(name)})" for name in asked)
    with read_errors(file.path):
        found = opened.execute(f"SELECT {counts} FROM {file.reader}").fetchall()[0]
    empty = {name: Kind.EMPTY for name, n in zip(asked, found, strict=True) if not n}
    return replace(file, kinds={**file.kinds, **empty})


def _refuse_gaps(files: Sequence[_File], kinds: Mapping[str, Kind]) -> None:
    """Records of JSON Lines may lack a field; shards of a table have the same columns."""
    for file in files:
        lacking = [name for name in kinds if name not in file.kinds]
        if lacking and READERS[str(_ending(file.path))] != "json":
            raise InputError(
                f"{file.path} lacks the column {lacking[0]!r} that {files[0].path} or another file "
                "has, and all files are one table. Give files with the same columns."
            )


def _shards(opened: Any, file: _File, names: Sequence[str]) -> list[str]:
    """A large Parquet file is counted by runs of rows, any other in one go."""
    whole = file.table(names)
    if not file.path.endswith(".parquet") or "file_row_number" in file.kinds:
        return [whole]
    (rows,) = opened.execute(f"SELECT count(*) FROM {file.reader}").fetchall()[0]
    if rows <= ROWS:
        return [whole]
    numbered = f"read_parquet({literal(file.path)}, file_row_number=true)"
    return [
        file.table(
            names, f" WHERE file_row_number BETWEEN {start} AND {start + ROWS - 1}", numbered
        )
        for start in range(0, rows, ROWS)
    ]


def kind_of(kind: str) -> Kind:
    """What values of a type of the library are made of."""
    plain = kind.upper()
    if plain.endswith("]"):
        inner = kind_of(plain[: plain.rindex("[")])
        return Kind.VECTOR if inner in (Kind.NUMBER, Kind.WHOLE) else Kind.NESTED
    base = plain.split("(")[0].split(" ")[0].strip('"')
    return _KINDS.get(base, Kind.WORDS)


_KINDS = {
    **dict.fromkeys(("DOUBLE", "FLOAT", "REAL", "DECIMAL"), Kind.NUMBER),
    **dict.fromkeys(
        (f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")),
        Kind.WHOLE,
    ),
    **dict.fromkeys(("INTEGER", "UINTEGER", "BIGNUM"), Kind.WHOLE),
    "BOOLEAN": Kind.TRUTH,
    **dict.fromkeys(
        ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ"),
        Kind.TIME,
    ),
    **dict.fromkeys(("STRUCT", "MAP", "UNION", "BLOB", "BIT", "VARIANT", "GEOMETRY"), Kind.NESTED),
    "NULL": Kind.EMPTY,
}


def _joined(first: Kind, second: Kind) -> Kind:
    """What the values of two shards are made of together."""
    both = {first, second}
    if len(both) == 1 or Kind.EMPTY in both:
        return second if first is Kind.EMPTY else first
    if both & {Kind.VECTOR, Kind.NESTED}:
        return Kind.NESTED
    return Kind.NUMBER if both == {Kind.NUMBER, Kind.WHOLE} else Kind.WORDS


def _loaded(file: str) -> Table:
    from modelcollapse.files import read_records

    records = read_records(Path(file))
    return _in_memory(records if isinstance(records, np.ndarray) else list(records), file)


def _in_memory(data: Any, source: str = "") -> Table:
    words = source or f"{type(data).__name__} in memory"
    given = as_arrow(data)
    if given.num_columns == 0:
        raise InputError("these data have no columns. Give at least one.")
    names = list(map(str, given.column_names))
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise InputError(
            f"{words} has more than one column {twice!r}, and a column is known by its name. Give "
            "each its own."
        )
    given = given.rename_columns([f"p{i}" for i in range(len(names))])
    with connection(given) as opened, read_errors(words):
        described = opened.execute("DESCRIBE SELECT * FROM given").fetchall()
    kinds = {name: kind_of(row[1]) for name, row in zip(names, described, strict=True)}
    return Table(words, ("given",), ("given",), kinds, given)
