"""Tables of mixed types as measures read them: columns of numbers and columns of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, suggestion
from modelcollapse.metrics.tables import column_values
from modelcollapse.protocols import Finite

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

Columns = dict[str, NDArray[Any]]
"""Columns by name: floating point numbers with NaN for gaps, or strings."""

MANY = 20
"""Real records by which the categories of a law are known, as a multiple of the lineage's size."""


def is_mixed(data: Any) -> bool:
    """Whether data are a table with a column that holds no numbers."""
    if isinstance(data, np.ndarray | list):
        return False
    import narwhals as nw

    table = nw.from_native(data, eager_only=True, pass_through=True)
    return isinstance(table, nw.DataFrame) and any(
        not dtype.is_numeric() for dtype in table.schema.values()
    )


def read(data: Any) -> Columns:
    """Columns of a table.

    Raises
    ------
    Incompatible
        If the data are no table, or a column holds points in time or nested values.
    """
    import narwhals as nw

    table = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame):
        raise Incompatible(
            f"measures of tables read dataframes, not {type(data).__name__}. Put the records into "
            "a dataframe with a name for each column."
        )
    return {name: _column(table[name]) for name in table.columns}


def _column(column: Any) -> NDArray[Any]:
    kind = column.dtype
    if kind.is_nested() or kind.is_temporal():
        raise Incompatible(
            f"column '{column.name}' holds {kind}, which the measures of tables cannot read. "
            "Convert it to numbers or labels, or drop it."
        )
    return column_values(column)


def labels_of(columns: Columns) -> list[str]:
    """Names of the columns of labels."""
    return [name for name, column in columns.items() if column.dtype.kind != "f"]


def numbers_of(columns: Columns) -> list[str]:
    """Names of the columns of numbers."""
    return [name for name, column in columns.items() if column.dtype.kind == "f"]


def chosen(asked: Sequence[str] | None, there: Sequence[str], what: str) -> list[str]:
    """Columns that were asked for, which must be of the right kind; all of them by default."""
    if asked is None:
        return list(there)
    for name in asked:
        if name not in there:
            known = suggestion(name, there) if there else "The table has none."
            raise Incompatible(f"the table has no column of {what} named '{name}'. {known}")
    return list(asked)


def shares(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Categories, sorted, and the share of each."""
    categories, counts = np.unique(labels, return_counts=True)
    return categories, counts / counts.sum()


def positions(labels: NDArray[Any], categories: NDArray[Any]) -> NDArray[np.intp]:
    """Position of each label among the sorted categories; their number for labels of no such."""
    at = np.minimum(np.searchsorted(categories, labels), len(categories) - 1)
    return np.where(categories[at] == labels, at, len(categories))


def count(labels: NDArray[Any], categories: NDArray[Any]) -> NDArray[np.int64]:
    """Records in each of the sorted categories, shape ``(categories + 1,)``; others come last."""
    found = np.bincount(positions(labels, categories), minlength=len(categories) + 1)
    return found.astype(np.int64)


def sample(generation: Generation) -> Columns:
    """Columns of the evaluation sample of a generation, read once."""
    # Kept beside the sample itself: several probes read the same one.
    held = vars(generation)
    if "columns" not in held:
        held["columns"] = read(generation.sample)
    found: Columns = held["columns"]
    return found


def reference(generation: Generation) -> Columns:
    """Columns of the held-out real records."""
    return generation.once("reference columns", lambda: read(generation.reference))


def known(generation: Generation) -> Columns:
    """Columns by which real categories and their shares are known.

    All records of a finite source, since its rarest categories are in no small part of it; many
    records of a law.
    """
    return generation.once("known columns", lambda: read(_known(generation)))


def _known(generation: Generation) -> Any:
    truth = generation.truth
    if isinstance(truth, Finite):
        return truth.take(np.arange(len(truth)))
    rng = generation.rng_once("known records")
    return generation.apart(MANY * generation.examined, rng=rng)


@dataclass(frozen=True, eq=False)
class Encoder:
    """Turns a table into rows of numbers, in which distances and variances have a meaning.

    Numbers are measured from the real mean in units of the real standard deviation, a gap counting
    as the mean; each category has a coordinate that is 1 or 0, and categories that no real record
    has share one. So the total variance is the sum of the relative variances of the columns of
    numbers and of the heterozygosities of the columns of labels.
    """

    scales: dict[str, tuple[float, float]]
    categories: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, real: Columns) -> Encoder:
        """Encoder that knows the scales and the categories of real columns."""
        scales = {}
        for name in numbers_of(real):
            column = real[name][np.isfinite(real[name])]
            spread = float(column.std()) if column.size else 0.0
            scales[name] = (float(column.mean()) if column.size else 0.0, spread or 1.0)
        return cls(scales, {name: np.unique(real[name]) for name in labels_of(real)})

    def rows(self, columns: Columns) -> NDArray[np.float64]:
        """Rows, shape ``(n, coordinates)``."""
        parts = []
        for name, (mean, spread) in self.scales.items():
            centred = (columns[name] - mean) / spread
            parts.append(np.where(np.isfinite(centred), centred, 0.0)[:, None])
        for name, categories in self.categories.items():
            parts.append(np.eye(len(categories) + 1)[positions(columns[name], categories)])
        return np.concatenate(parts, axis=1)
