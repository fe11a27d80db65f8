"""Nature on a disk: finite sets of real records, each of which is read at most once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.files import read_records
from modelcollapse.records import Indices


class FiniteSource:
    """What every finite set of real records can do, given its `data`."""

    data: Any
    """The records."""

    def __len__(self) -> int:
        return int(records.size(self.data))

    def take(self, indices: Indices) -> Any:
        """Return the records at these positions."""
        return records.take(self.data, indices)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Draw `n` records with replacement, from the empirical law."""
        return self.take(rng.integers(len(self), size=n))


@dataclass(frozen=True, eq=False)
class Empirical(FiniteSource):
    """A finite set of real records.

    A lineage reads it as a shuffled stream without replacement: first the hold-out, then
    generation 0, then what a policy asks for as fresh. Running dry is an error.

    Parameters
    ----------
    data : array, list, table, ...
        The records; arrays by their first axis. Numbers must be finite.
    image_shape : sequence of int, optional
        Height and width, where every record is a picture written row by row.
    labels : sequence, optional
        A label for each record, e.g. its class, for measures that follow subgroups.

    Raises
    ------
    InputError
        If there are no records, some are not finite, or the labels do not fit.
    """

    data: Any
    image_shape: Sequence[int] | None = None
    labels: Any = None

    def __post_init__(self) -> None:
        _check(self.data, self.image_shape)
        if self.labels is not None and len(self.labels) != len(self):
            raise InputError(
                f"there are {len(self.labels)} labels for {len(self)} records. Give each one."
            )


@dataclass(frozen=True)
class File(FiniteSource):
    """Real records in a file.

    Parameters
    ----------
    path : str
        ``.npy`` or ``.npz`` (one array), ``.csv`` (numbers, a header is recognised), ``.txt``
        (one document per line), ``.jsonl`` (one object per line), or ``.parquet`` (a table).
    column : str, optional
        Which field of ``.jsonl`` objects holds the text; ``"text"`` when not given.
    image_shape : sequence of int, optional
        Height and width, where every record is a picture written row by row.

    Raises
    ------
    InputError
        If the file is missing, empty, damaged, or holds values that are not finite.
    """

    path: str
    column: str | None = None
    image_shape: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise InputError(f"there is no file {self.path}. Check the path and the spelling.")
        _check(self.data, self.image_shape)

    @cached_property
    def data(self) -> Any:
        """The records."""
        return read_records(Path(self.path), self.column)


def present(written: Any, image_shape: Sequence[int] | None) -> Any:
    """Pictures for arrays of pixels, strings for texts, records as they are for the rest."""
    if image_shape is not None:
        return np.asarray(written).reshape(-1, *image_shape)
    to_strings = getattr(written, "to_strings", None)
    return written if to_strings is None else to_strings()


def _check(data: Any, image_shape: Sequence[int] | None) -> None:
    if isinstance(data, np.ndarray) and data.ndim == 0:
        raise InputError("a single number is no set of records. Give an array of them.")
    if records.size(data) == 0:
        raise InputError(
            "the source has no records, so there is nothing a model could be fitted to. Provide "
            "at least a few."
        )
    if not isinstance(data, np.ndarray):
        return
    values = math.prod(data.shape[1:])
    if image_shape is not None and math.prod(image_shape) != values:
        raise InputError(
            f"image_shape {tuple(image_shape)} asks for {math.prod(image_shape)} values per "
            f"record, but a record has {values}. Give height and width."
        )
    if data.dtype.kind != "f":
        return
    bad = np.flatnonzero(~np.isfinite(data.reshape(len(data), -1)).all(axis=1))
    if len(bad):
        raise InputError(
            f"{len(bad)} of {len(data)} records hold NaN or infinite values (the first is record "
            f"{bad[0]}), and no distance or moment is defined with them. Drop or impute them first."
        )
