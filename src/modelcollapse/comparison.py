"""Several lineages side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.history import History
from modelcollapse.store import write_atomic
from modelcollapse.tabular import Columns, frame, table, write_csv


class Comparison(Mapping[str, History]):
    """Histories of several lineages that ran with common random numbers, by label."""

    def __init__(self, histories: Mapping[str, History]) -> None:
        self._histories = dict(histories)

    def __getitem__(self, label: str) -> History:
        """History of one lineage."""
        return self._histories[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._histories)

    def __len__(self) -> int:
        return len(self._histories)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of everything that was measured in any of the lineages."""
        return tuple(dict.fromkeys(m for h in self.values() for m in h.measures))

    def columns(self) -> Columns:
        """Tidy columns: lineage, replicate, generation, measure, value."""
        tables = [history.columns(lineage=label) for label, history in self.items()]
        return {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}

    def to_frame(self, backend: str | None = None) -> Any:
        """Tidy dataframe; see `History.to_frame`."""
        return frame(self.columns(), backend)

    def to_csv(self, path: str | Path) -> None:
        """Write the tidy table as CSV; numbers keep all their digits."""
        write_csv(self.columns(), Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: each lineage's summaries by label."""
        return {"lineages": {label: history.to_dict() for label, history in self.items()}}

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def plot(self, measures: Sequence[str] | None = None) -> Any:
        """Matplotlib figure: one panel per measure, one line with band per lineage."""
        from modelcollapse.plot import plot_histories

        return plot_histories(self, measures)

    def to_html(self, path: str | Path) -> None:
        """Write a self-contained report page."""
        from modelcollapse.report import write_report

        write_report(self, Path(path))

    def __repr__(self) -> str:
        first = next(iter(self.values()))
        title = (
            f"{len(self)} lineages, {first.replicates} replicates, "
            f"{first.generations[-1]} generations"
        )
        return "\n".join([title, *table(self)])
