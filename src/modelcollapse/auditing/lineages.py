"""`audit_lineage`: generation after generation against one reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.auditing.comparing import audit, reference_profile
from modelcollapse.auditing.result import Audit, number
from modelcollapse.auditing.trajectory import generations_in, lineage_card
from modelcollapse.errors import InputError
from modelcollapse.tabular import Columns

READING = ("columns", "exclude", "max_sample", "engine", "n_jobs")


class LineageAudit(Audit):
    """Several generations, read against one reference.

    Its stage and readings are those of the last generation; `generations` has each by itself.
    """

    @property
    def generations(self) -> dict[int, Audit]:
        """Audit of each generation, by its number."""
        numbers = self.card["generation"]
        return dict(zip(numbers, map(Audit, self.card["generations"]), strict=True))

    @property
    def readings(self) -> list[dict[str, Any]]:
        """Readings of the last generation."""
        return list(self.card["generations"][-1]["readings"])

    def columns(self) -> Columns:
        """Readings of all generations by column, with their generation."""
        parts = {number: one.columns() for number, one in self.generations.items()}
        numbers = np.repeat(list(parts), [len(part["measure"]) for part in parts.values()])
        first = next(iter(parts.values()))
        joined = {name: np.concatenate([part[name] for part in parts.values()]) for name in first}
        return {"generation": numbers, **joined}

    def __repr__(self) -> str:
        verdict = self.card["verdict"]
        lines = [f"{verdict['heading']}. {verdict['sentence']}", ""]
        for row in self.trajectories:
            about = f" ({row['about']})" if row["about"] else ""
            values = "  ".join(number(value) for value in row["value"])
            lost = "" if row["lost_at"] is None else f"   changed from {row['lost_at']} on"
            lines.append(f"{row['title'] + about:<44}{values}{lost}")
        lines += [f"mind: {note}" for note in self.card["notes"]]
        return "\n".join(lines)

    @property
    def trajectories(self) -> list[dict[str, Any]]:
        """Headlines over the generations, each with its slope and where it was lost."""
        return list(self.card["trajectories"])


def audit_lineage(generations: Any, reference: Any, **settings: Any) -> LineageAudit:
    """Read several generations against one reference.

    Parameters
    ----------
    generations : path, sequence or mapping of int to data
        A folder with one file or folder of each generation, whose names hold ``gen3`` or
        ``generation_3``; or data by generation, counted from 1 in a sequence.
    reference : data or Profile
        As of `audit`.
    **settings
        As of `audit`.

    Returns
    -------
    LineageAudit
        Trajectories, slopes with intervals, and the generation from which on tails or spread stay
        lost.

    Raises
    ------
    InputError
        If there is no generation, or one of them cannot be audited.
    """
    found = _numbered(generations)
    fixed = {name: settings.pop(name) for name in ("roles", "groups") if name in settings}
    reading = {name: settings[name] for name in READING if name in settings}
    theirs = reference_profile(reference, **fixed, **reading)
    return LineageAudit(
        lineage_card({number: audit(data, theirs, **settings) for number, data in found.items()})
    )


def _numbered(generations: Any) -> Mapping[int, Any]:
    if isinstance(generations, Mapping):
        if not all(isinstance(number, int) for number in generations):
            raise InputError(
                "generations must be given by number, as in {1: first, 2: second}; a dict of "
                "columns is one data set. Give a list of data sets, or use audit."
            )
        found = dict(sorted(generations.items()))
    elif isinstance(generations, Sequence) and not isinstance(generations, str):
        found = dict(enumerate(generations, start=1))
    elif isinstance(generations, str | Path):
        found = dict(generations_in(generations))
    else:
        raise InputError(
            f"{type(generations).__name__} holds no generations: give a folder, a list of data or "
            "data by generation. A single data set is audited by itself."
        )
    if not found:
        raise InputError(
            f"there are no generations in {generations}: names of files or folders must hold gen1, "
            "gen2 and so on. Rename them, or audit one data set by itself."
        )
    return found
