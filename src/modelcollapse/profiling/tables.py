"""Opening data of any format as tables that can be counted: files by shards, or memory."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.errors import InputError, suggestion
from modelcollapse.profiling.engine import arrow, connection, literal, read_errors
from modelcollapse.profiling.roles import Kind

READERS = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".ndjson": "json"}
LOADED = (".npy", ".npz", ".txt")
PACKED = (".gz", ".zst")
ROWS = 2_000_000
"""Rows of a shard of a large Parquet file, about."""

WIDE = 64
"""Numbers of a row from which on an array is one embedding rather than columns."""

NULLS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")


@dataclass(frozen=True)
class Table:
    """Data that can be counted.

    Attributes
    ----------
    source : str
        What the user gave.
    parts : tuple of str
        Shards, as tables of a query; they depend on the data only.
    kinds : mapping of str to Kind
        What each column is made of.
    types : mapping of str to str
        The library's name of it; "JSON" where records disagree.
    given : pyarrow.Table or None
        Data in memory.
    """

    source: str
    parts: tuple[str, ...]
    kinds: Mapping[str, Kind]
    types: Mapping[str, str]
    given: Any = None


def open_table(data: Any) -> Table:
    """Open data of any format.

    Parameters
    ----------
    data : path, sequence of paths, dataframe, dict of columns, array or sequence of texts
        As of `profile`.

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
        return _from_files(str(data), _found(str(data)))
    if isinstance(data, Sequence) and data and all(isinstance(x, Path) for x in data):
        return _from_files(f"{len(data)} files", [f for x in data for f in _found(str(x))])
    return _in_memory(data)


def _found(given: str) -> list[str]:
    """Files that a path, pattern or folder stands for."""
    path = Path(given)
    if path.is_dir():
        files = sorted(
            str(x) for x in path.rglob("*")
            if x.is_file() and _ending(str(x)) and not x.name.startswith(".")
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


def _from_files(source: str, files: list[str]) -> Table:
    ending = {_ending(file) for file in files}
    if None in ending:
        odd = next(file for file in files if _ending(file) is None)
        raise InputError(
            f"{odd} has no format that can be read.{suggestion(Path(odd).suffix, list(READERS))} "
            f"Use {', '.join(READERS)}, {', '.join(LOADED)}, or .gz of those with lines."
        )
    if ending & set(LOADED):
        if len(files) > 1:
            raise InputError(f"{source} are several arrays or texts. Give one file.")
        return _loaded(files[0])
    parts: list[str] = []
    kinds: dict[str, Kind] = {}
    types: dict[str, str] = {}
    with connection() as opened:
        for file in files:
            if Path(file).stat().st_size == 0:
                raise InputError(f"{file} is empty. Give a file with records.")
            table = _reader(file)
            with read_errors(file):
                described = opened.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
                parts += _shards(opened, file, table)
            for name, kind, *_ in described:
                before, found = kinds.get(name), kind_of(kind)
                kinds[name] = found if before is None else _joined(before, found)
                if types.setdefault(name, kind) != kind and "JSON" in (kind, types[name]):
                    types[name] = "VARCHAR"
    return Table(source, tuple(parts), kinds, types)


def _reader(file: str) -> str:
    form = READERS[str(_ending(file))]
    if form == "parquet":
        return f"read_parquet({literal(file)})"
    if form == "csv":
        nulls = ", ".join(map(literal, NULLS))
        return f"read_csv({literal(file)}, header=true, sample_size=-1, nullstr=[{nulls}])"
    return (
        f"read_json({literal(file)}, format='newline_delimited', sample_size=-1, "
        "maximum_object_size=268435456, map_inference_threshold=-1)"
    )


def _shards(opened: Any, file: str, table: str) -> list[str]:
    """A large Parquet file is counted by runs of rows, any other in one go."""
    if _ending(file) != ".parquet":
        return [table]
    (rows,) = opened.execute(f"SELECT count(*) FROM {table}").fetchone()
    numbered = table.replace(")", ", file_row_number=true)")
    return [table] if rows <= ROWS else [
        f"(SELECT * EXCLUDE file_row_number FROM {numbered} "
        f"WHERE file_row_number BETWEEN {start} AND {start + ROWS - 1})"
        for start in range(0, rows, ROWS)
    ]  # fmt: skip


def kind_of(kind: str) -> Kind:
    """What values of a type of the library are made of."""
    plain = kind.upper()
    if plain.endswith("]"):
        inner = kind_of(plain[: plain.rindex("[")])
        return Kind.VECTOR if inner in (Kind.NUMBER, Kind.WHOLE) else Kind.NESTED
    if plain.startswith(("DOUBLE", "FLOAT", "REAL", "DECIMAL")):
        return Kind.NUMBER
    if "INT" in plain and not plain.startswith("INTERVAL"):
        return Kind.WHOLE
    if plain == "BOOLEAN":
        return Kind.TRUTH
    if plain.startswith(("DATE", "TIMESTAMP")):
        return Kind.TIME
    if plain.startswith(("STRUCT", "MAP", "UNION", "BLOB", "BIT")):
        return Kind.NESTED
    return Kind.WORDS


def _joined(first: Kind, second: Kind) -> Kind:
    """What the values of two shards are made of together."""
    if first == second:
        return first
    return Kind.NUMBER if {first, second} == {Kind.NUMBER, Kind.WHOLE} else Kind.WORDS


def _loaded(file: str) -> Table:
    from modelcollapse.files import read_records

    records = read_records(Path(file))
    return _in_memory(records if isinstance(records, np.ndarray) else list(records), file)


def _in_memory(data: Any, source: str = "") -> Table:
    given = _as_arrow(data)
    if given.num_columns == 0:
        raise InputError("these data have no columns. Give at least one.")
    with connection(given) as opened:
        described = opened.execute("DESCRIBE SELECT * FROM given").fetchall()
    types = {name: kind for name, kind, *_ in described}
    kinds = {name: kind_of(kind) for name, kind in types.items()}
    words = source or f"{type(data).__name__} in memory"
    return Table(words, ("given",), kinds, types, given)


def _as_arrow(data: Any) -> Any:
    """Data in memory as an Arrow table."""
    if isinstance(data, Mapping):
        return _of_columns({str(name): values for name, values in data.items()})
    if isinstance(data, np.ndarray) and data.ndim == 2:
        if data.shape[1] > WIDE:
            return _of_columns({"embedding": data})
        return _of_columns({f"x{j}": data[:, j] for j in range(data.shape[1])})
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names is None:
        return _of_columns({_single(data): data})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _of_columns({_single(data): data})
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
    words = [value for value in list(values)[:100] if isinstance(value, str)]
    if not words:
        return "value"
    return "text" if np.mean([len(word.split()) for word in words]) >= 2 else "label"


def _of_columns(columns: Mapping[str, Any]) -> Any:
    made = {name: _column(name, values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in made.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            f"columns have different lengths ({', '.join(f'{k}: {v}' for k, v in lengths.items())}"
            "), and a record needs a value of each. Give columns of one length."
        )
    return arrow().table(made)


def _column(name: str, values: Any) -> Any:
    pa = arrow()
    if hasattr(values, "to_arrow"):
        return values.to_arrow()
    array = np.asarray(values) if not isinstance(values, list | tuple) else None
    if array is not None and array.ndim == 2:
        if array.dtype.kind not in "fiub":
            raise InputError(f"the column {name!r} has vectors that are no numbers.")
        flat = pa.array(np.ascontiguousarray(array, dtype=np.float32).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, array.shape[1])
    if array is not None and array.ndim != 1:
        raise InputError(f"the column {name!r} has shape {array.shape}. Give one value a record.")
    if array is not None and array.dtype.kind != "O":
        return pa.array(array.astype(str).tolist() if array.dtype.kind == "U" else array)
    listed = list(values)
    try:
        return pa.array(listed, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # values of several types: as words, each as it is spelt
        return pa.array([None if value is None or value != value else str(value)
                         for value in listed])  # fmt: skip
