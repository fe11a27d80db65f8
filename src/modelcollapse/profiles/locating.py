"""Finding what the caller means by data: files, frames, arrays or lists, as parts to read."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.files import read_records
from modelcollapse.profiles.arrow import arrow, kind_of, words_of
from modelcollapse.profiles.parts import (
    PART_BYTES,
    PART_ROWS,
    ArrayPart,
    Part,
    parquet_parts,
    table_of_array,
    table_parts,
)
from modelcollapse.profiles.roles import Role, detect
from modelcollapse.profiles.staging import stage

LINES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "text"}
ARRAYS = (".npy", ".npz")
ENDINGS = (".parquet", *LINES, *ARRAYS)

WIDEST = 64
"""Columns of an array that are numbers of their own; wider ones are embeddings."""


def locate(
    data: Any, folder: Path, threads: int, roles: Mapping[str, Role]
) -> tuple[str, list[Part]]:
    """Find data, and cut it into parts that depend on nothing but the data.

    Parameters
    ----------
    data : object
        As `profile` takes it.
    folder : Path
        Where files of lines are written again as Parquet.
    threads : int
        Threads that do so.
    roles : mapping of str to Role
        Roles that are known: by them an array is known for an embedding, and a list for what its
        column is called.

    Returns
    -------
    str, list of parts
        What the data is called in messages, and its parts.

    Raises
    ------
    InputError
        If it is nothing that can be read.
    """
    paths = _paths(data)
    if paths is not None:
        source = ", ".join(map(str, paths[:3])) + (", …" if len(paths) > 3 else "")
        return source, _from_files(paths, folder, threads, roles)
    return "the data", list(table_parts(_table(data, roles), "the data"))


def _paths(data: Any) -> list[str | Path] | None:
    """Paths that the data is; None if it holds records itself."""
    if isinstance(data, str | Path):
        return [data]
    if isinstance(data, list | tuple) and data:
        if all(isinstance(each, Path) for each in data):
            return list(data)
        if all(isinstance(each, str | Path) for each in data) and all(
            len(str(each)) < 4096 and _ending(Path(each)) and Path(each).exists() for each in data
        ):
            return list(data)
    return None


def _ending(path: Path) -> str | None:
    """Ending that says the format of a file; None if it says none."""
    packed = path.suffix.lower() == ".gz"
    ending = (path.with_suffix("") if packed else path).suffix.lower()
    return ending if ending in (LINES if packed else ENDINGS) else None


def _found(given: str | Path) -> list[Path]:
    path = Path(given)
    known = f"Known endings: {', '.join(ENDINGS)}; those of lines may be followed by .gz."
    if path.is_dir():
        files = [
            each
            for each in sorted(path.iterdir())
            if _ending(each) and each.is_file() and not each.name.startswith((".", "_"))
        ]
        if not files:
            raise InputError(f"the folder {path} holds no files of records. {known}")
    elif not path.exists() and glob.has_magic(str(given)):
        files = [Path(each) for each in sorted(glob.glob(str(given), recursive=True))]
        if not files:
            raise InputError(f"no file matches {given}. Check the pattern and the present folder.")
    elif not path.exists():
        raise InputError(f"there is no file {given}. Check its path.")
    else:
        files = [path]
    for each in files:
        if _ending(each) is None:
            raise InputError(f"cannot tell the format of {each} from its name. {known}")
    return files


def _from_files(
    paths: Sequence[str | Path], folder: Path, threads: int, roles: Mapping[str, Role]
) -> list[Part]:
    files = [file for given in paths for file in _found(given)]
    twice = {str(file) for file in files if files.count(file) > 1}
    if twice:
        raise InputError(f"{min(twice)} is given twice. Name each file once.")
    endings = [_ending(file) for file in files]
    if any(ending in ARRAYS for ending in endings):
        if len(files) > 1:
            raise InputError(
                f"{files[0]} and {len(files) - 1} more files were given, of which some are arrays. "
                "An array is read from one file: join them first."
            )
        return _from_array(files[0], roles)
    parts: list[Part] = []
    first = 0
    columns: tuple[Path, set[str]] | None = None
    for place, (file, ending) in enumerate(zip(files, endings, strict=True)):
        path = file.resolve()
        if ending in LINES:
            path = folder / f"{place}.parquet"
            stage(file, str(file), LINES[ending or ""], path, threads)
        found = parquet_parts(path, str(file), first)
        if not found:
            if len(files) == 1:
                raise InputError(f"{file} holds no records. Provide a file with at least a few.")
            continue
        if LINES.get(ending or "") != "jsonl":
            columns = columns or (file, set(found[0].types))
            _same_columns(file, set(found[0].types), *columns)
        parts.extend(found)
        first += sum(part.rows for part in found)
    return parts


def _same_columns(file: Path, names: set[str], before: Path, expected: set[str]) -> None:
    if odd := names ^ expected:
        name = min(odd)
        has, lacks = (file, before) if name in names else (before, file)
        raise InputError(
            f"{has} has a column '{name}', which {lacks} lacks. Files of one data set have the "
            "same columns: profile them apart, or give them the same."
        )


def _from_array(file: Path, roles: Mapping[str, Role]) -> list[Part]:
    if file.suffix.lower() == ".npz":
        return list(table_parts(_table(read_records(file), roles), str(file)))
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(
            f"{file} is not a NumPy file of plain numbers ({error}). Write it again with "
            "numpy.save."
        ) from error
    if array.ndim < 2 or not array.shape[0] or array.dtype.kind not in "iufb":
        return list(table_parts(_table(np.array(array), roles), str(file)))
    flat = _is_flat(array, roles)
    step = min(PART_ROWS, max(PART_BYTES * len(array) // array.nbytes, 1024))
    return [
        ArrayPart(str(file), str(file.resolve()), at, min(at + step, len(array)), flat)
        for at in range(0, len(array), step)
    ]


def _is_flat(array: NDArray[Any], roles: Mapping[str, Role]) -> bool:
    """Whether the places of a record are columns of their own."""
    if "embedding" in roles:
        return roles["embedding"] is not Role.EMBEDDING
    if "x0" in roles:
        return True
    return bool(array[0].size <= WIDEST)


def _table(data: Any, roles: Mapping[str, Role]) -> Any:
    """Arrow table of data in memory."""
    pa = arrow()
    if isinstance(data, pa.Table):
        _refuse_twice(data.column_names)
        return data
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        # pandas: the names may be numbers, which its own lookup takes for places
        data = data.set_axis(list(map(str, data.columns)), axis=1)
        _refuse_twice(data.columns)
    if isinstance(data, Mapping):
        return _columns({str(name): values for name, values in data.items()})
    if isinstance(data, np.ndarray) and data.ndim != 1:
        return _from_numbers(data, roles)
    if isinstance(data, list | tuple | np.ndarray):
        return _listed(data, roles)
    import narwhals as nw

    frame = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.DataFrame):
        return _columns({name: frame[name] for name in frame.columns})
    if hasattr(data, "__array__"):
        return _table(np.asarray(data), roles)
    raise InputError(
        f"data of type {type(data).__name__} cannot be profiled. Give a path, a dataframe, a dict "
        "of columns, an array or a list of texts."
    )


def _refuse_twice(names: Iterable[str]) -> None:
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise InputError(
            f"the data has more than one column '{twice[0]}', and a column is known by its name. "
            "Give each its own."
        )


def _from_numbers(array: NDArray[Any], roles: Mapping[str, Role]) -> Any:
    if array.ndim == 0 or array.dtype.kind not in "iufb" or not array.size:
        what = "no numbers" if array.dtype.kind not in "iufb" else "no records"
        raise InputError(
            f"an array of shape {array.shape} and type {array.dtype} holds {what}. Give an array "
            "of numbers with records along its first axis, or a dict of columns."
        )
    return table_of_array(array, _is_flat(array, roles))


def _listed(data: Any, roles: Mapping[str, Role]) -> Any:
    """Table of one column, which is named after what it holds."""
    if not len(data):
        raise InputError("the data holds no records. Provide at least a few.")
    first = data[0]
    if isinstance(data, list | tuple) and isinstance(first, list | tuple | np.ndarray):
        return _from_numbers(_rectangle(data), roles)
    if isinstance(first, Mapping):
        names = dict.fromkeys(str(name) for record in data for name in record)
        return _columns({name: [record.get(name) for record in data] for name in names})
    values = _column("text", data)
    known = [name for name in ("text", "label", "x0") if name in roles]
    if known:
        return _one_column(known[0], values)
    role = detect("text", values[:: max(len(values) // 10_000, 1)], len(values)).role
    called = {Role.CATEGORY: "label", Role.NUMBER: "x0", Role.TIME: "x0"}
    return _one_column(called.get(role, "text"), values)


def _one_column(name: str, values: Any) -> Any:
    """Table of one column."""
    return arrow().table({name: values})


def _rectangle(data: Any) -> NDArray[Any]:
    try:
        return np.array(data, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"a list of lists is no array of numbers ({error}). Give records of one length, or a "
            "dict of columns."
        ) from error


def _columns(columns: Mapping[str, Any]) -> Any:
    arrays = {name: _column(name, values) for name, values in columns.items()}
    sizes = {len(values) for values in arrays.values()}
    if len(sizes) > 1:
        small, large = sorted(arrays, key=lambda name: len(arrays[name]))[:: len(arrays) - 1]
        raise InputError(
            f"column '{small}' has {len(arrays[small])} entries and column '{large}' has "
            f"{len(arrays[large])}. Every record needs an entry in each column; use None for a "
            "missing one."
        )
    return arrow().table(arrays)


def _column(name: str, values: Any) -> Any:
    """Arrow array of values; those of more than one type become texts."""
    pa = arrow()
    to_arrow = getattr(values, "to_arrow", None)
    array = getattr(values, "__array__", None)
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise InputError(
            f"column '{name}' is a {type(values).__name__}, and a column is a list of one value "
            "for each record. Give a list or an array."
        )
    if isinstance(values, np.ndarray) and values.ndim > 1:
        return table_of_array(values, flat=False).column(0)
    try:
        if to_arrow is not None:
            return to_arrow()
        plain = values if isinstance(values, list | tuple) or array is None else np.asarray(values)
        if isinstance(plain, np.ndarray) and plain.dtype.kind == "U":
            plain = plain.tolist()
        found = pa.array(plain, from_pandas=True)
        kind_of(found.type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        found = pa.array([_spelt(value) for value in values], type=pa.string())
    return found


def _spelt(value: Any) -> str | None:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, str):
        return value
    pa = arrow()
    try:
        return words_of(pa.array([value]))[0]
    except (pa.ArrowException, TypeError, ValueError):
        return str(value)
