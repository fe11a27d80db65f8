"""What an audit returns: a card of plain data, and what to read in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.auditing.gates import Gate, failed
from modelcollapse.errors import StoreError
from modelcollapse.store import write_atomic
from modelcollapse.tabular import Columns, frame, write_csv

FIELDS = (
    "measure", "about", "concern", "headline", "value", "expected", "error", "low", "high", "p",
    "adjusted_p", "outcome", "needed", "tolerance", "relative", "collapse", "n", "reference_n",
    "note",
)  # fmt: skip
_MARKS = {
    "changed": "CHANGED", "replaced": "replaced", "held": "held", "not decided": "not decided",
    "the other way": "the other way", "not measured": "not measured",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Audit:
    """One data set, read against a reference.

    Attributes
    ----------
    card : dict
        Everything that was found, as plain data: verdict, readings, groups, what was lost and
        over-produced, settings, sizes and digests. `to_json` writes it.
    """

    card: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> Audit:
        """Audit that `to_json` wrote.

        Raises
        ------
        StoreError
            If there is none, or it is damaged.
        """
        try:
            card = json.loads(Path(path).read_text(encoding="utf-8"))
            card["verdict"]["stage"], card["settings"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path} holds no audit that can be read ({error}). Give a file that audit --json "
                "wrote."
            ) from error
        if card.get("kind") == "lineage":
            from modelcollapse.auditing.lineages import LineageAudit

            return LineageAudit(card)
        return cls(card)

    @property
    def stage(self) -> str:
        """One of none, early, late and not enough data."""
        return str(self.card["verdict"]["stage"])

    @property
    def findings(self) -> tuple[str, ...]:
        """What else changed: narrowing, duplication, drift, noise."""
        return tuple(self.card["verdict"]["findings"])

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return str(self.card["verdict"]["sentence"])

    @property
    def readings(self) -> list[dict[str, Any]]:
        """All readings, headlines first."""
        return list(self.card["readings"])

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Reading by its name: ``measure`` or ``measure:column``."""
        for one in self.readings:
            if name == (f"{one['measure']}:{one['about']}" if one["about"] else one["measure"]):
                return dict(one)
        raise KeyError(name)

    def failed(self, gates: list[Gate]) -> list[str]:
        """What of the gates was not passed, each in one sentence.

        Parameters
        ----------
        gates : list of Gate
            From `modelcollapse.auditing.gates.gate`.
        """
        return failed({**self.card, "readings": self.readings}, gates)

    def to_dict(self) -> dict[str, Any]:
        """The card."""
        return self.card

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one self-contained page, and write it to `path` if one is given."""
        from modelcollapse.audit_page import render

        page = render(self.card)
        if path is not None:
            write_atomic(Path(path), page.encode())
        return page

    def to_frame(self, backend: str | None = None) -> Any:
        """Readings as a dataframe, one row each.

        Parameters
        ----------
        backend : {"polars", "pandas", "pyarrow"}, optional
            By default whichever is installed, in this order.
        """
        return frame(self.columns(), backend)

    def write(self, folder: str | Path) -> None:
        """Write ``report.html``, ``audit.json`` and ``readings.csv`` into a folder."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.to_html(Path(folder) / "report.html")
        write_csv(self.columns(), Path(folder) / "readings.csv")
        self.to_json(Path(folder) / "audit.json")

    def columns(self) -> Columns:
        """Readings by column; what is not defined is NaN."""
        rows = self.readings
        return {name: _column([row[name] for row in rows]) for name in FIELDS}

    def __repr__(self) -> str:
        verdict, data = self.card["verdict"], self.card["data"]
        lines = [
            f"{verdict['heading']}. {verdict['sentence']}",
            "",
            f"new        {data['new']['rows']:>10,} records  {data['new']['source']}",
            f"reference  {data['reference']['rows']:>10,} records  {data['reference']['source']}",
            "",
        ]
        lines += table([row for row in self.readings if row["headline"]])
        lines += [f"mind: {note}" for note in self.card["notes"]]
        return "\n".join(lines)


def _column(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if all(value is None or isinstance(value, int | float) or value in ("inf", "-inf")
           for value in values):  # fmt: skip
        return np.array([float("nan") if value is None else float(value) for value in values])
    return np.array(values, dtype=object)


def table(rows: list[Mapping[str, Any]]) -> list[str]:
    """Headlines: value, what chance gives, interval, and what it means."""
    cells = [("signal", "value", "expected", "95 % interval", "outcome", "")]
    cells += [
        (
            row["title"] + (f" ({row['about']})" if row["about"] else ""),
            number(row["value"]),
            number(row["expected"]),
            f"{number(row['low'])} to {number(row['high'])}",
            _MARKS[row["outcome"]],
            row["note"] if row["note"] else would_decide(row),
        )
        for row in rows
    ]
    wide = [max(len(row[i]) for row in cells) for i in range(5)]
    return [
        "  ".join(
            text.ljust(width) if i in (0, 4) else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, [*wide, 0], strict=True))
        ).rstrip()
        for row in cells
    ]


def number(value: float | str | None) -> str:
    """A reading in a table."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    # no minus before a zero
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def would_decide(row: Mapping[str, Any]) -> str:
    """How much more data would decide a reading, in words; empty where that is not known."""
    needed = row["needed"]
    if not isinstance(needed, int | float) or not row["n"]:
        return ""
    times = float(f"{needed / row['n']:.2g}")
    return f"{times:,.{1 if times < 10 else 0}f} times as many records would decide"
