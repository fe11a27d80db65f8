"""Tables of readings: as text, as a dataframe of any library, as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing, suggestion
from modelcollapse.probes.language import HISTOGRAM
from modelcollapse.store import write_atomic

if TYPE_CHECKING:
    from modelcollapse.history import History

Columns = dict[str, NDArray[Any]]

_BINS = f"{HISTOGRAM}."


def table(histories: Mapping[str, History], generations: Sequence[int] | None = None) -> list[str]:
    """Lines of a text table: medians, and 5 to 95 % bands in brackets, at some generations.

    The bins of a histogram are counted in one line, and not shown.
    """
    shown = shown_generations(histories, generations)
    rows = [["measure", "lineage", *(f"gen {g}" for g in shown)]]
    measures = dict.fromkeys(m for history in histories.values() for m in history.measures)
    kept = without_bins(measures)
    for measure in kept:
        for label, history in histories.items():
            if measure not in history.readings:
                continue
            band = history.band(measure)
            at = {int(g): i for i, g in enumerate(history.generations)}
            cells = [
                cell(float(band.median[i]), float(band.low[i]), float(band.high[i]))
                if (i := at.get(g)) is not None
                else ""
                for g in shown
            ]
            rows.append([measure, label, *cells])
    if all(row[1] == "" for row in rows[1:]):
        rows = [[row[0], *row[2:]] for row in rows]
    rows[1:] = _without_repeats(rows[1:])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in rows)
    lines = ["  ".join(row).rstrip() for row in padded]
    if len(kept) < len(measures):
        lines.append(f"{HISTOGRAM}: {len(measures) - len(kept)} bins, drawn in the report")
    return lines


def without_bins(measures: Iterable[str]) -> list[str]:
    """Names of measures without the bins of the histogram, which no curve and no table shows."""
    return [name for name in measures if not name.startswith(_BINS)]


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Leave the first column empty where it says the same as the row above."""
    above = [None, *(row[0] for row in rows)]
    return [["" if row[0] == a else row[0], *row[1:]] for row, a in zip(rows, above, strict=False)]


def cell(median: float, low: float, high: float) -> str:
    """Median with its band, e.g. ``0.37 [0.21, 0.62]``."""
    if math.isnan(median):
        return "undefined"
    if low == high:
        return number(median)
    return f"{number(median)} [{number(low)}, {number(high)}]"


def number(value: float) -> str:
    """Three digits, and all digits of the whole part below a million."""
    return f"{value:.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"


def shown_generations(histories: Mapping[str, History], asked: Sequence[int] | None) -> list[int]:
    """Generations that a table shows: those asked for, or some between the first and the last."""
    read = next(iter(histories.values())).generations
    if asked is not None:
        return [int(g) for g in read if int(g) in set(asked)]
    last = int(read[-1])
    wanted = {0, 1, last // 4, last // 2, last}
    # Where only every k-th generation was read, the nearest one that was.
    return sorted({int(read[np.argmin(np.abs(read - g))]) for g in wanted})


def frame(columns: Columns, backend: str | None) -> Any:
    """Dataframe of the asked-for library, or of the first one installed."""
    from importlib.util import find_spec

    import narwhals as nw

    known = ("polars", "pandas", "pyarrow")
    if backend is not None and backend not in known:
        raise InputError(f"no dataframe library '{backend}'. {suggestion(backend, known)}")
    for name in known if backend is None else (backend,):
        if find_spec(name) is not None:
            data = {k: v.tolist() if v.dtype == object else v for k, v in columns.items()}
            return nw.from_dict(data, backend=cast(Any, name)).to_native()
    raise Missing("a dataframe of the history", backend or "polars", "tables")


def write_csv(columns: Columns, path: Path) -> None:
    """Write columns as CSV, whole or not at all; NaN becomes an empty field."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*(column.tolist() for column in columns.values()), strict=True):
        writer.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in row])
    write_atomic(path, buffer.getvalue().encode())
