"""Reading records from files, with one clear sentence for each thing that can be wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import InputError, Missing

FORMATS = (".npy", ".npz", ".csv", ".txt", ".jsonl", ".parquet")


def read_records(path: Path, column: str | None = None) -> Any:
    """Records of a file: an array for numbers, a list of strings for texts, a table for Parquet.

    Parameters
    ----------
    path : Path
        The ending of its name says the format: one of `FORMATS`.
    column : str, optional
        Field that holds the text in a ``.jsonl`` file; ``"text"`` when not given.

    Raises
    ------
    InputError
        If the file cannot be read as what its name says, or holds no records.
    """
    readers: dict[str, Callable[[Path], Any]] = {
        ".npy": _array,
        ".npz": _array,
        ".csv": _numbers,
        ".txt": _lines,
        ".parquet": _table,
    }
    ending = path.suffix.lower()
    try:
        if ending == ".jsonl":
            found = _objects(path, column or "text")
        elif ending in readers:
            found = readers[ending](path)
        else:
            raise InputError(
                f"cannot tell the format of {path} from its name. Known endings: "
                f"{', '.join(FORMATS)}."
            )
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not valid UTF-8 at byte {error.start}. Convert it to UTF-8 first."
        ) from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}.") from error
    if records.size(found) == 0:
        raise InputError(f"{path} holds no records. Provide a file with at least a few.")
    return found


def _array(path: Path) -> NDArray[Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise InputError(
            f"{path} is not a NumPy file of plain numbers ({error}). Write it again with "
            "numpy.save."
        ) from error
    if isinstance(loaded, np.ndarray):
        return _listed(loaded, path)
    with loaded:
        if len(loaded.files) != 1:
            raise InputError(
                f"{path} holds {len(loaded.files)} arrays ({', '.join(loaded.files)}), and it is "
                "not known which one is meant. Save the one you want as .npy."
            )
        return _listed(loaded[loaded.files[0]], path)


def _listed(array: NDArray[Any], path: Path) -> NDArray[Any]:
    if array.ndim == 0:
        raise InputError(
            f"{path} holds a single number, not records along a first axis. Save an array of them."
        )
    return array


def _numbers(path: Path) -> NDArray[np.float64]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            rows = [row for row in csv.reader(file) if row]
        except csv.Error as error:
            raise InputError(f"{path} is not a CSV file ({error}). Write it again.") from error
    # A first row that is partly numbers is a record with a fault, not names of columns.
    if rows and not any(map(_is_number, rows[0])):
        rows = rows[1:]
    for line, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise InputError(
                f"record {line} of {path} has {len(row)} fields where the first has "
                f"{len(rows[0])}. Every record needs the same fields."
            )
        wrong = [value for value in row if not _is_number(value)]
        if wrong:
            raise InputError(
                f"record {line} of {path} holds '{wrong[0]}', which is not a number. Only columns "
                "of numbers can be read from CSV here: drop or encode the others."
            )
    return np.array(rows, dtype=np.float64)


def _table(path: Path) -> Any:
    from importlib.util import find_spec

    import narwhals as nw

    for library in ("polars", "pandas", "pyarrow"):
        if find_spec(library) is not None:
            try:
                return nw.read_parquet(str(path), backend=cast(Any, library)).to_native()
            except Exception as error:  # each library raises its own kind for a damaged file
                raise InputError(f"{path} cannot be read as Parquet ({error}).") from error
    raise Missing("reading Parquet files", "polars", "tables")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> list[str]:
    return [line for line in _split(path) if line.strip()]


def _split(path: Path) -> list[str]:
    # Not splitlines(): it would cut at separators that may stand inside a text.
    return path.read_text(encoding="utf-8-sig").split("\n")


def _objects(path: Path, column: str) -> list[str]:
    texts = []
    for number, line in enumerate(_split(path), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"line {number} of {path} is not JSON ({error}). Each line holds one object."
            ) from error
        if not isinstance(entry, dict) or not isinstance(entry.get(column), str):
            fields = ", ".join(entry) if isinstance(entry, dict) else "none"
            raise InputError(
                f"line {number} of {path} has no text in a field '{column}' (its fields: "
                f"{fields}). Name the field with column."
            )
        texts.append(entry[column])
    return texts
