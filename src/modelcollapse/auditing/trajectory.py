"""Several generations of one lineage against one reference: trajectories, slopes, onsets."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.auditing.card import SCHEMA, plain
from modelcollapse.auditing.judging import Stage
from modelcollapse.auditing.result import Audit
from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import quantile_of

_NUMBERED = re.compile(r"(?<![a-z])(?:gen(?:eration)?s?)[-_ ]?0*(\d+)", re.IGNORECASE)
STAGES = {"tails": (Stage.EARLY, Stage.LATE), "spread": (Stage.LATE,)}


def generations_in(folder: str | Path) -> dict[int, Path]:
    """Generations in a folder, by number.

    Parameters
    ----------
    folder : path
        With one file or folder of each generation, whose names hold ``gen3`` or ``generation_3``.

    Returns
    -------
    dict of int to Path
        In ascending order; empty where the names hold no generation.

    Raises
    ------
    InputError
        If two entries are the same generation.
    """
    found: dict[int, Path] = {}
    if not Path(folder).is_dir():
        return found
    for path in sorted(Path(folder).iterdir()):
        match = _NUMBERED.search(path.name)
        if not match or path.name.startswith("."):
            continue
        number = int(match[1])
        if number in found:
            raise InputError(
                f"{path.name} and {found[number].name} in {folder} are both generation {number}. "
                "Leave one, or put the shards of a generation into a folder of its own."
            )
        found[number] = path
    return dict(sorted(found.items()))


def lineage_card(audits: Mapping[int, Audit]) -> dict[str, Any]:
    """Card of a lineage.

    Parameters
    ----------
    audits : mapping of int to Audit
        By generation, each against the same reference.

    Returns
    -------
    dict
        The cards of all generations with a trajectory of every headline: its values, its slope
        per generation with an interval, and the generation from which on it stays lost.
    """
    numbers = sorted(audits)
    cards = [audits[g].card for g in numbers]
    onset = {name: _onset(numbers, cards, stages) for name, stages in STAGES.items()}
    last = cards[-1]
    return dict(plain({
        "schema_version": SCHEMA,
        "kind": "lineage",
        "modelcollapse": last["modelcollapse"],
        "verdict": {
            **last["verdict"], "onset": onset,
            "sentence": _sentence(numbers, onset, last["verdict"]["sentence"]),
        },
        "generation": numbers,
        "generations": cards,
        "trajectories": _trajectories(numbers, cards),
        "data": {"reference": last["data"]["reference"]},
        "settings": last["settings"],
        "notes": _notes(numbers, cards),
    }))  # fmt: skip


def _notes(numbers: Sequence[int], cards: Sequence[Mapping[str, Any]]) -> list[str]:
    """Notes of all generations, each once, with the generations it is about; leaks first."""
    about: dict[str, list[int]] = {}
    for number, card in zip(numbers, cards, strict=True):
        for note in card["notes"]:
            about.setdefault(note, []).append(number)
    leaks = [card["notes"][0] for card in cards if card["verdict"]["leak"] is not None]
    return [
        note
        if len(about[note]) == len(numbers)
        else f"Generation{'s' if len(about[note]) > 1 else ''} "
             f"{', '.join(map(str, about[note]))}: {note}"
        for note in sorted(about, key=lambda note: note not in leaks)
    ]  # fmt: skip


def _onset(
    numbers: Sequence[int], cards: Sequence[Mapping[str, Any]], stages: Sequence[Stage]
) -> int | None:
    """First generation from which on every verdict has one of the stages."""
    lost = [card["verdict"]["stage"] in stages for card in cards]
    return _from_then_on(numbers, lost)


def _from_then_on(numbers: Sequence[int], lost: Sequence[bool]) -> int | None:
    since = None
    for number, gone in zip(numbers, lost, strict=True):
        since = (number if since is None else since) if gone else None
    return since


def _sentence(numbers: Sequence[int], onset: Mapping[str, int | None], last: str) -> str:
    begun = [
        f"{words} are lost from generation {onset[name]} on"
        if name == "tails"
        else f"the {words} is lost from generation {onset[name]} on"
        for name, words in (("tails", "the tails"), ("spread", "spread"))
        if onset[name] is not None
    ]
    span = f"{len(numbers)} generations, {numbers[0]} to {numbers[-1]}"
    words = f"{' and '.join(begun)}" if begun else "neither tails nor spread are lost for good"
    return f"In {span}, {words}. The last one: {last}"


def _trajectories(
    numbers: Sequence[int], cards: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Trajectory of every headline that two generations or more have."""
    rows: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
    for number, card in zip(numbers, cards, strict=True):
        for row in card["readings"]:
            if row["headline"]:
                rows.setdefault((row["measure"], row["about"]), {})[number] = row
    found = []
    for (measure, about), by_number in rows.items():
        if len(by_number) < 2:
            continue
        first = next(iter(by_number.values()))
        at = list(by_number)
        found.append({
            "measure": measure, "about": about, "title": first["title"],
            "concern": first["concern"], "headline": True, "collapse": first["collapse"],
            "generation": at,
            **{name: [by_number[g][name] for g in at]
               for name in ("value", "low", "high", "expected", "outcome")},
            "slope": slope(at, [by_number[g] for g in at]),
            "lost_at": _from_then_on(at, [by_number[g]["outcome"] == "changed" for g in at]),
        })  # fmt: skip
    return found


def slope(
    numbers: Sequence[int], rows: Sequence[Mapping[str, Any]], confidence: float = 0.95
) -> dict[str, Any] | None:
    """Change per generation, by weighted least squares.

    Parameters
    ----------
    numbers : sequence of int
        Generations.
    rows : sequence of mapping
        Readings, as a card has them.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    dict or None
        With value, low, high and unit: of the logarithm for relative measures. None where fewer
        than two readings have a value and an error.

    Notes
    -----
    A ratio of zero, the strongest loss, has no logarithm: it enters as its error above zero.
    Textbook: weights are inverse squared errors, and the error of the slope is the larger of the
    one they give and of the one that the scatter about the line gives. The reference, which all
    readings share, moves the line up and down and hardly tilts it.
    """
    relative = bool(rows[0]["relative"])
    points = []
    for number, row in zip(numbers, rows, strict=True):
        value, error = row["value"], row["error"]
        if isinstance(value, int | float) and isinstance(error, int | float) and error > 0:
            if not relative:
                points.append((number, value, error))
            else:
                above = max(value, error)
                points.append((number, math.log(above), error / above))
    if len({point[0] for point in points}) < 2:
        return None
    x, y, sd = np.array(points, dtype=np.float64).T
    weight = sd**-2.0
    centre = float((weight * x).sum() / weight.sum())
    spread = float((weight * (x - centre) ** 2).sum())
    value = float((weight * (x - centre) * y).sum() / spread)
    level = float((weight * y).sum() / weight.sum())
    rest = y - level - value * (x - centre)
    scatter = float((weight * rest**2).sum() / (len(x) - 2)) if len(x) > 2 else 1.0
    reach = quantile_of(confidence) * math.sqrt(max(scatter, 1.0) / spread)
    unit = "log per generation" if relative else "per generation"
    return {"value": value, "low": value - reach, "high": value + reach, "unit": unit}
