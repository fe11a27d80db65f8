"""What `curate` returns: the manifest of a training set, and what to read in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelcollapse.curation.output import MANIFEST
from modelcollapse.errors import StoreError
from modelcollapse.store import write_atomic


@dataclass(frozen=True, eq=False)
class Curation:
    """A training set that was selected and mixed, and what there is to know of it.

    Attributes
    ----------
    folder : Path
        Where it lies.
    card : dict
        The content of ``manifest.json``: counts, settings, figures of the verifier, effects on
        tails and groups, digests of what was read and written.
    """

    folder: Path
    card: dict[str, Any]

    @classmethod
    def read(cls, folder: str | Path) -> Curation:
        """Curation that lies in a folder.

        Raises
        ------
        StoreError
            If there is none, or its manifest is damaged.
        """
        path = Path(folder) / MANIFEST
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            card["settings"], card["verdict"], card["counts"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{folder} holds no curated records that can be read ({error}). Give the output "
                "folder of modelcollapse curate."
            ) from error
        return cls(Path(folder), card)

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return str(self.card["verdict"]["sentence"])

    @property
    def states(self) -> dict[str, int]:
        """Candidates by what became of them; they sum to those that were read."""
        return dict(self.card["counts"]["states"])

    @property
    def rows(self) -> dict[str, int]:
        """Rows of the training set by source: real, previous and synthetic."""
        return dict(self.card["mix"]["rows"])

    @property
    def files(self) -> tuple[Path, ...]:
        """Files of the training set, in order."""
        return tuple(self.folder / part["name"] for part in self.card["outputs"]["parts"])

    def to_dict(self) -> dict[str, Any]:
        """Content of the manifest."""
        return self.card

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = as_json(self.card)
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one self-contained page, and write it to `path` if one is given."""
        from modelcollapse.curation_page import render

        page = render(self.card)
        if path is not None:
            write_atomic(Path(path), page.encode())
        return page

    def __repr__(self) -> str:
        counts, rows = self.card["counts"], self.rows
        total = sum(rows.values())
        heading = self.card["verdict"]["heading"]
        lines = [f"{heading}. {self.sentence}", ""]
        states = {state: n for state, n in counts["states"].items() if n}
        wide = max(len(f"{counts['read']:,}"), len(f"{total:,}"))
        lines.append(f"candidates      {counts['read']:>{wide},}")
        for state, count in states.items():
            lines.append(f"  {state:<14}{count:>{wide},}  {count / counts['read']:6.1%}")
            if state in TOLD:
                found = list(counts["reasons"][state].items())[:MOST_REASONS]
                lines += [f"    {number:,} × {reason}" for reason, number in found]
        lines.append(f"training set    {total:>{wide},}")
        lines += [
            f"  {source:<14}{count:>{wide},}  {count / total:6.1%}"
            for source, count in rows.items()
            if count
        ]
        lines += self._beside_random()
        audit = self.card["audit"] or {}
        notes = [*self.card["selection"]["notes"], *audit.get("about_labels", [])]
        lines += [f"mind: {note}" for note in notes]
        return "\n".join(lines)

    def _beside_random(self) -> list[str]:
        """Table of what the selection did, beside a random one of the same size."""
        rows = [row for row in self.card["effects"] if row["headline"]]
        if not rows:
            return []
        cells = [("", "kept", "at random", "z")]
        cells += [
            (
                row["name"], shown(row["kept"]),
                f"{shown(row['random'])} ± {shown(row['sd'])}",
                "" if row["z"] is None else f"{row['z']:+.1f}",
            )
            for row in rows
        ]  # fmt: skip
        widths = [max(len(row[i]) for row in cells) for i in range(4)]
        padded = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        )
        return ["", *padded]


TOLD = ("no score", "set aside")
"""States of candidates with which something is wrong, so that their reasons are shown."""

MOST_REASONS = 3


def as_json(card: dict[str, Any]) -> str:
    """Text of a manifest."""
    return json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def shown(value: float | None) -> str:
    """Number in a table."""
    if value is None:
        return "undefined"
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
