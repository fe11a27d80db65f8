"""What a model from elsewhere wrote, brought to the form of the records it was fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelcollapse import records
from modelcollapse.errors import InputError


def _frame(data: Any) -> Any:
    """Narwhals view of a dataframe, or None for other data."""
    import narwhals as nw

    view = nw.from_native(data, eager_only=True, pass_through=True)
    return view if isinstance(view, nw.DataFrame) else None


def _gaps(column: Any) -> int:
    """Count the nulls, NaN and infinities of a narwhals column."""
    missing = int(column.null_count())
    if column.dtype.is_float():
        missing += int((~column.drop_nulls().is_finite()).sum())
    return missing


@dataclass(frozen=True, eq=False)
class Form:
    """The form of one kind of records.

    Parameters
    ----------
    empty : array, dataframe or list
        No records, but of the kind: it carries the trailing shape, or columns and their types.
    gaps : mapping of str to bool
        Whether the records had missing or infinite values: by column, or under ``""`` for arrays.
    """

    empty: Any
    gaps: Mapping[str, bool]

    @classmethod
    def of(cls, data: Any) -> Self:
        """Read off the form of `data`."""
        empty = records.take(data, np.empty(0, dtype=np.intp))
        frame = None if isinstance(data, list | np.ndarray) else _frame(data)
        if frame is not None:
            return cls(empty, {name: _gaps(frame[name]) > 0 for name in frame.columns})
        numbers = isinstance(data, np.ndarray) and data.dtype.kind in "fc"
        return cls(empty, {"": bool(numbers and not np.isfinite(data).all())})

    def conform(self, written: Any, n: int, who: str) -> Any:
        """Check `written` and convert it to this form.

        Parameters
        ----------
        written : object
            What the model returned: records, or a tuple that starts with them, as scikit-learn's
            mixtures return records and their components.
        n : int
            How many records it was asked for.
        who : str
            Name of the model's class, for the messages.

        Raises
        ------
        InputError
            If there are more or fewer than `n` records, if they have another shape or other
            columns, or if numbers are missing or infinite where the data had none such.
        """
        found = written[0] if isinstance(written, tuple) and written else written
        if isinstance(self.empty, np.ndarray):
            found = np.asarray(found)
        elif isinstance(self.empty, list):
            found = list(found)
        else:
            self._check_kind(found, who)
        if (count := len(found)) != n:
            raise InputError(
                f"{who} was asked for {n} records, got {count}. A lineage counts on the number it "
                "asks for: make `sample(n)` return exactly n."
            )
        if isinstance(self.empty, np.ndarray):
            self._check_array(found, who)
        elif not isinstance(self.empty, list):
            found = self._table(found, who)
        return found

    def _check_array(self, found: Any, who: str) -> None:
        shape = self.empty.shape[1:]
        if found.shape[1:] != shape:
            raise InputError(
                f"{who} was fitted to records of shape {shape}, got samples of shape "
                f"{found.shape[1:]}. A model must write what it reads."
            )
        if found.dtype.kind in "fc" and not self.gaps[""] and not np.isfinite(found).all():
            raise _missing(int((~np.isfinite(found)).sum()), "numbers", who)

    def _check_kind(self, found: Any, who: str) -> None:
        """Raise InputError unless this may be a table."""
        if not isinstance(found, np.ndarray) and _frame(found) is None:
            raise InputError(
                f"{who} was fitted to a table and wrote {type(found).__name__}. Return a dataframe "
                f"with the columns {_frame(self.empty).columns}."
            )

    def _table(self, found: Any, who: str) -> Any:
        import narwhals as nw

        template = _frame(self.empty)
        names = template.columns
        if isinstance(found, np.ndarray):
            if found.ndim != 2 or found.shape[1] != len(names):
                raise InputError(
                    f"{who} was fitted to {len(names)} columns, got an array of shape "
                    f"{found.shape}. A model must write what it reads: return a dataframe with the "
                    f"columns {names}."
                )
            table = nw.from_dict(
                {name: found[:, i].tolist() for i, name in enumerate(names)},
                backend=template.implementation,
            )
        else:
            table = _frame(found)
        if set(table.columns) != set(names):
            raise InputError(
                f"{who} was fitted to a table with columns {names}, got columns {table.columns}. A "
                "model must write what it reads."
            )
        return table.select(
            self._column(table[name], template.schema[name], who) for name in names
        ).to_native()

    def _column(self, column: Any, kind: Any, who: str) -> Any:
        missing = 0 if self.gaps[column.name] else _gaps(column)
        if missing:
            raise _missing(missing, f"values of column {column.name!r}", who)
        other = (_is_text(kind) and column.dtype.is_numeric()) or (
            kind.is_numeric() and not column.dtype.is_numeric()
        )
        if other and column.null_count() < len(column):
            raise InputError(
                f"column {column.name!r} held {kind} and {who} writes {column.dtype}. Return a "
                "dataframe with the columns and types of the records: an array has one type for "
                "all columns."
            )
        if column.dtype == kind or not (kind.is_numeric() and column.dtype.is_numeric()):
            return column
        if kind.is_integer() and not (column.drop_nulls() % 1 == 0).all():
            raise InputError(
                f"column {column.name!r} held whole numbers and {who} writes fractions. Rounding "
                "would change the model's law: convert the column to floating point first."
            )
        return column.cast(kind)


def _is_text(kind: Any) -> bool:
    import narwhals as nw

    return isinstance(kind, nw.String | nw.Categorical | nw.Enum)


def _missing(count: int, what: str, who: str) -> InputError:
    return InputError(
        f"{who} wrote NaN, infinity or nothing for {count} {what}, and the data it was fitted to "
        "had no gaps there. The next generation could not be fitted: check the estimator's options."
    )
