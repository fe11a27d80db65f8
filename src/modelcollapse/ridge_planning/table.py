"""Inputs, target and labels from a file of records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.columns import read_columns
from modelcollapse.errors import InputError, suggestion


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers of a file, by their role.

    Attributes
    ----------
    inputs : ndarray, shape (T, d)
        All columns that are neither target nor label nor left out.
    names : tuple of str
        Of the inputs.
    target : ndarray, shape (T,)
        Outcomes.
    generation : ndarray, shape (T,), or None
        Labels.
    """

    inputs: NDArray[np.float64]
    names: tuple[str, ...]
    target: NDArray[np.float64]
    generation: NDArray[np.float64] | None


def read_table(
    path: Path, target: str, *, generation: str | None = None, leave_out: tuple[str, ...] = ()
) -> Table:
    """Read records whose columns are all numbers.

    Parameters
    ----------
    path : Path
        A .csv with a line of names first, .jsonl or .parquet; see `columns.read_columns`.
    target : str
        Column to predict.
    generation : str, optional
        Column that says how many generators are behind an outcome; 0 is a real one.
    leave_out : tuple of str, default none
        Columns that are no inputs.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or one holds something else than numbers.
    """
    columns = read_columns(path)
    roles = [target, *([] if generation is None else [generation]), *leave_out]
    for name in roles:
        if name not in columns:
            raise InputError(f"{path} has no column '{name}'. {suggestion(name, columns)}")
    if generation == target:
        raise InputError(
            f"'{target}' is named as the target and as the generation, but a column has one role. "
            "Name two columns."
        )
    names = tuple(name for name in columns if name not in roles)
    if not names:
        raise InputError(
            f"{path} has no column left for the inputs beside {', '.join(roles)}. Add inputs."
        )
    numbers = {
        name: _numbers(columns[name], name, path) for name in columns if name not in leave_out
    }
    return Table(
        np.column_stack([numbers[name] for name in names]),
        names,
        numbers[target],
        None if generation is None else numbers[generation],
    )


def _numbers(values: list[Any], name: str, path: Path) -> NDArray[np.float64]:
    found = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            if isinstance(value, str) and value.strip() == "":
                value = None
            found[row] = np.nan if value is None else float(value)
        except (TypeError, ValueError):
            raise InputError(
                f"column '{name}' of {path} holds {value!r} in record {row + 1}, which is no "
                "number. Encode the column as numbers, or leave it out."
            ) from None
    return found
