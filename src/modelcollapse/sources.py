"""Nature on a disk: finite sets of real records, each of which is read at most once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.records import Indices


@dataclass(frozen=True, eq=False)
class Empirical:
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
        count = records.size(self.data)
        if count == 0:
            raise InputError(
                "the source has no records, so there is nothing a model could be fitted to. "
                "Provide at least a few."
            )
        if isinstance(self.data, np.ndarray) and self.data.dtype.kind == "f":
            _check_finite(self.data)
        if self.labels is not None and len(self.labels) != count:
            raise InputError(
                f"there are {len(self.labels)} labels for {count} records. Give each record one."
            )
        if self.image_shape is not None and np.prod(self.image_shape) != self.data[0].size:
            raise InputError(
                f"image_shape {tuple(self.image_shape)} asks for {np.prod(self.image_shape)} "
                f"values per record, but a record has {self.data[0].size}. Give height and width."
            )

    def __len__(self) -> int:
        return int(records.size(self.data))

    def take(self, indices: Indices) -> Any:
        """Return the records at these positions."""
        return records.take(self.data, indices)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Draw `n` records with replacement, from the empirical law."""
        return self.take(rng.integers(len(self), size=n))

    def present(self, written: Any) -> Any:
        """Return records in the form in which a person looks at them."""
        return present(written, self.image_shape)


@dataclass(frozen=True)
class Digits:
    """The 1,797 handwritten digits that scikit-learn ships, 8 x 8 pixels scaled to 0..1."""

    @cached_property
    def _records(self) -> Empirical:
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        return Empirical(pixels / 16.0, image_shape=(8, 8), labels=labels)

    @property
    def data(self) -> NDArray[np.float64]:
        """The pictures, shape ``(1797, 64)``."""
        data: NDArray[np.float64] = self._records.data
        return data

    @property
    def labels(self) -> NDArray[np.int64]:
        """The digit each picture shows, shape ``(1797,)``."""
        labels: NDArray[np.int64] = self._records.labels
        return labels

    def __len__(self) -> int:
        return len(self._records)

    def take(self, indices: Indices) -> Any:
        """Return the pictures at these positions."""
        return self._records.take(indices)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Draw `n` pictures with replacement."""
        return self._records.sample(n, rng=rng)

    def present(self, written: Any) -> Any:
        """Return pictures of shape ``(n, 8, 8)``."""
        return self._records.present(written)


@dataclass(frozen=True)
class File:
    """Real records in a file.

    Parameters
    ----------
    path : str
        ``.npy`` or ``.npz`` (one array), ``.csv`` (numbers, a header is recognised), ``.txt``
        (one document per line), or ``.jsonl`` (one object per line).
    column : str, optional
        Which field of ``.jsonl`` objects holds the text.
    image_shape : sequence of int, optional
        Height and width, where every record is a picture written row by row.

    Raises
    ------
    InputError
        If the file is missing, empty, damaged, or holds values that are not finite.
    """

    path: str
    column: str | None = None
    image_shape: Sequence[int] | None = field(default=None)

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise InputError(f"there is no file {self.path}. Check the path and the spelling.")

    @cached_property
    def _records(self) -> Empirical:
        from modelcollapse.files import read_records

        return Empirical(read_records(Path(self.path), self.column), self.image_shape)

    @property
    def data(self) -> Any:
        """The records."""
        return self._records.data

    def __len__(self) -> int:
        return len(self._records)

    def take(self, indices: Indices) -> Any:
        """Return the records at these positions."""
        return self._records.take(indices)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Draw `n` records with replacement."""
        return self._records.sample(n, rng=rng)

    def present(self, written: Any) -> Any:
        """Return records in the form in which a person looks at them."""
        return self._records.present(written)


def present(written: Any, image_shape: Sequence[int] | None) -> Any:
    """Pictures for arrays of pixels, strings for texts, records as they are for the rest."""
    if image_shape is not None:
        return np.asarray(written).reshape(-1, *image_shape)
    to_strings = getattr(written, "to_strings", None)
    return written if to_strings is None else to_strings()


def _check_finite(data: NDArray[np.float64]) -> None:
    rows = data.reshape(len(data), -1)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise InputError(
            f"{len(bad)} of {len(data)} records hold NaN or infinite values (the first is record "
            f"{bad[0]}), and no distance or moment is defined with them. Drop or impute them first."
        )
