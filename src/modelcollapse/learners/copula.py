"""A Gaussian copula with empirical margins: a synthesizer of tables that needs no other package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from modelcollapse import records
from modelcollapse.errors import Degenerate, Incompatible
from modelcollapse.metrics.tables import column_values
from modelcollapse.protocols import Model

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CopulaModel:
    """A fitted Gaussian copula.

    Attributes
    ----------
    values : tuple
        Distinct values of each column, in the order that the copula gives them: narwhals series,
        or arrays.
    edges : tuple of ndarray
        Upper end of each value's interval: cumulative shares, the last of which is 1.
    root : ndarray, shape (d, d)
        Root of the correlation of the normal scores.
    """

    values: tuple[Any, ...]
    edges: tuple[Floats, ...]
    root: Floats

    @property
    def varies(self) -> bool:
        """Whether any column holds more than one value."""
        return any(len(edges) > 1 for edges in self.edges)

    @property
    def correlation(self) -> Floats:
        """Correlation of the normal scores, shape ``(d, d)``."""
        return np.asarray(self.root @ self.root.T)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` records of the kind that was fitted."""
        scores = rng.standard_normal((n, len(self.edges))) @ self.root.T
        columns = []
        for position, values, edges in zip(ndtr(scores).T, self.values, self.edges, strict=True):
            at = np.minimum(np.searchsorted(edges, position, side="right"), len(edges) - 1)
            columns.append(values[at])
        if isinstance(columns[0], np.ndarray):
            return np.stack(columns, axis=1)
        import narwhals as nw

        # pandas would put the columns beside each other by the rows they were taken from
        return nw.from_dict({s.name: nw.maybe_reset_index(s) for s in columns}).to_native()


@dataclass(frozen=True)
class GaussianCopula:
    """Fit a Gaussian copula with empirical margins to a table of any types.

    Each column is turned into normal scores: its values share the unit interval in proportion to
    how often they occur, numbers and dates in their order and labels by frequency, and each record
    gets a random place within the interval of its value. The model is the correlation of the
    scores, and the values with their shares.

    Parameters
    ----------
    independent : bool, default False
        Leave the correlation out: each column is resampled on its own.

    Notes
    -----
    Every column of what the model writes is an independent draw from the column it was fitted to,
    so a chain of copulas resamples each column exactly: shares follow the Wright-Fisher chain, and
    values that are not drawn are gone. Dependence is fitted less well: random places within
    intervals weaken the correlation of columns with few values, so that a chain loses some of it
    in each generation, as it does with other synthesizers that spread categories over intervals.
    Gaps are values as others are.

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({"age": [31, 47, 31, 60], "sex": ["f", "m", "f", "m"]})
    >>> model = GaussianCopula().fit(table, rng=np.random.default_rng(0))
    >>> model.sample(2, rng=np.random.default_rng(1)).dtypes
    [Int64, String]
    """

    independent: bool = False

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> CopulaModel:
        """Fit a copula.

        Parameters
        ----------
        data : dataframe, or array of numbers of shape (n, d)
            Records.
        rng : numpy.random.Generator
            Chooses the records' places within the intervals of their values.
        parent : Model, optional
            Not used: each generation is fitted from scratch.

        Raises
        ------
        Degenerate
            If there are fewer than two records.
        Incompatible
            If the data are no table.
        """
        n, held = records.size(data), _columns(data)
        if n < 2:
            raise Degenerate(f"a copula needs two records to see dependence, and there is {n}.")
        values, edges, scores = [], [], []
        for column, keys, by_order in held:
            distinct, first, code, counts = np.unique(
                keys, return_index=True, return_inverse=True, return_counts=True
            )
            order = np.arange(len(distinct)) if by_order else np.argsort(-counts, kind="stable")
            upper = np.cumsum(counts[order]) / n
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            rank = place[code]
            u = upper[rank] - rng.random(n) * counts[order][rank] / n
            values.append(column[first[order]])
            edges.append(upper)
            scores.append(ndtri(np.clip(u, 1e-12, 1 - 1e-12)))
        correlation = np.eye(len(held))
        if not self.independent and len(held) > 1:
            correlation = np.corrcoef(scores)
        eigenvalues, axes = np.linalg.eigh(correlation)
        root = axes * np.sqrt(np.maximum(eigenvalues, 0.0))
        return CopulaModel(tuple(values), tuple(edges), root)


def _columns(data: Any) -> list[tuple[Any, NDArray[Any], bool]]:
    """Each column, keys that tell its values apart, and whether the keys are in order."""
    if isinstance(data, np.ndarray):
        if data.ndim != 2 or data.shape[1] == 0 or data.dtype.kind not in "fiub":
            raise Incompatible(
                f"a copula reads tables, got an array of shape {data.shape} and type {data.dtype}. "
                "Pass a dataframe, or numbers of shape (n, d)."
            )
        return [(column, column, True) for column in data.T]
    import narwhals as nw

    table = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame) or not table.columns:
        raise Incompatible(
            f"a copula reads tables, not {type(data).__name__}. Put the records into a dataframe."
        )
    return [(column, *_keys(column)) for column in map(table.get_column, table.columns)]


def _keys(column: Any) -> tuple[NDArray[Any], bool]:
    """Numbers or texts that tell the values of a column apart, and whether they are in order."""
    kind = column.dtype
    if not (kind.is_integer() or kind.is_temporal()):
        return column_values(column), kind.is_numeric()
    if kind.is_integer() and not column.is_null().any():
        return column.to_numpy(), True  # exact, where floats would merge large numbers
    held = zip(column.to_list(), column.is_null().to_list(), strict=True)
    values = [None if gap else value for value, gap in held]
    place = {value: i for i, value in enumerate(sorted({v for v in values if v is not None}))}
    return np.array([place.get(value, len(place)) for value in values]), True
