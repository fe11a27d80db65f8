"""Columns of a table in a file, by name, as they stand there."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelcollapse.errors import InputError, suggestion
from modelcollapse.files import read_records

FORMATS = (".csv", ".jsonl", ".parquet")


Columns = dict[str, list[Any]]


def read_columns(
    path: Path, names: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> Columns:
    """Read columns of a CSV, JSON Lines or Parquet file.

    Parameters
    ----------
    path : Path
        The ending of its name says the format; CSV and JSON Lines may be compressed (``.gz``).
    names : sequence of str, optional
        Columns wanted, all of them when not given. A field that an object of JSON Lines lacks is
        read as missing.
    optional : sequence of str, default none
        Columns that are read where the file has them.

    Returns
    -------
    dict of str to list
        Entries of each column, in the order of the file; texts for CSV.

    Raises
    ------
    InputError
        If the file cannot be read as what its name says, holds no records, or lacks a column.
    """
    ending = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    readers = {".csv": _from_csv, ".jsonl": _from_lines, ".parquet": _from_parquet}
    if ending.lower() not in readers:
        raise InputError(
            f"cannot tell the format of {path} from its name. Known endings: {', '.join(FORMATS)}."
        )
    found = readers[ending.lower()](path)
    if names is None:
        return found
    for name in names:
        if name not in found:
            raise InputError(f"{path} has no column '{name}'. {suggestion(name, found)}")
    return {name: found[name] for name in (*names, *optional) if name in found}


def _text(path: Path) -> str:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not valid UTF-8 at byte {error.start}. Convert it to UTF-8 first."
        ) from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path}: {reason}.") from error


def _from_csv(path: Path) -> Columns:
    try:
        rows = [row for row in csv.reader(io.StringIO(_text(path), newline=""), strict=True) if row]
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV file ({error}). Write it again.") from error
    if len(rows) < 2:
        raise _empty(path)
    header = [name.strip() for name in rows[0]]
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise InputError(
            f"{path} has more than one column '{min(twice)}', so that it is not known which is "
            "meant. Give each its own name."
        )
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(header):
            raise InputError(
                f"record {number} of {path} has {len(row)} fields where the header has "
                f"{len(header)}. Every record needs the same fields."
            )
    return {name: list(column) for name, *column in zip(header, *rows[1:], strict=True)}


def _from_lines(path: Path) -> Columns:
    entries = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"line {number} of {path} is not JSON ({error}). Each line holds one object."
            ) from error
        if not isinstance(entry, dict):
            raise InputError(
                f"line {number} of {path} is not an object with fields. Write each record as "
                '{"name": 1}.'
            )
        entries.append(entry)
    if not entries:
        raise _empty(path)
    fields = dict.fromkeys(name for entry in entries for name in entry)
    return {name: [entry.get(name) for entry in entries] for name in fields}


def _from_parquet(path: Path) -> Columns:
    import narwhals as nw

    table = nw.from_native(read_records(path), eager_only=True)
    return {name: table[name].to_list() for name in table.columns}


def _empty(path: Path) -> InputError:
    return InputError(f"{path} holds no records. Provide a file with at least a few.")
