"""A decomposition in words and as text tables."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.decomposition.counterfactuals import (
    ACTUAL,
    APPROXIMATION,
    EXPRESSIVITY,
    IDEAL,
    SOURCES,
    STATISTICAL,
    WORLDS,
    title,
)
from modelcollapse.tabular import number

if TYPE_CHECKING:
    from modelcollapse.decomposition.result import Decomposition, Part

ROUGH = 0.25
"""Share of the total from which on a limitation is worth a note."""

_MENDED = {
    STATISTICAL: "more records alone would make",
    EXPRESSIVITY: "the richer family alone would, at these numbers of records, make",
    APPROXIMATION: "the better fit alone would, at these numbers of records, make",
}


def render(found: Decomposition) -> str:
    """Parts and worlds at some generations, and how far the parts depend on the order."""
    last = len(found.generations) - 1
    shown = sorted({0, min(1, last), last // 2, last})
    heads = [f"gen {found.generations[i]}" for i in shown]
    parts = [["error", *heads], ["total", *_cells(found.total, shown)]]
    parts += [[f"  {name}", *_cells(part, shown)] for name, part in found.parts().items()]
    worlds = [["records", "family", "fit", *heads]]
    for world in reversed(WORLDS):
        switches = (
            "finite" if STATISTICAL in world else "unlimited",
            "given" if EXPRESSIVITY in world else "richer",
            "given" if APPROXIMATION in world else "better",
        )
        worlds.append([*switches, *_cells(found.world(*world), shown)])
    few, many = found.settings["times"]
    return "\n".join(
        [
            f"{found.measure}; {found.replicates} replicates, mean ± standard error",
            *_aligned(parts),
            "",
            *_aligned(worlds),
            *_learners(found),
            f"unlimited: extrapolated from {few} and {many} times the records; at the last "
            f"generation this took out at most {_number(_most_left(found))}",
            "",
            f"generation {found.generations[-1]}, by the order in which sources are switched on:",
            *_aligned(_orders(found)),
            *(f"note: {note}" for note in found.notes),
        ]
    )


def notes(found: Decomposition) -> tuple[str, ...]:
    """Sentences on what limits the numbers and how the sources interact, at the last generation."""
    said = []
    total, rest = float(found.total.value[-1]), found.world()
    left, times = _most_left(found), found.settings["times"][1]
    if left > ROUGH * abs(total):
        said.append(
            f"{times} times the records still left a sampling error of {left:.2g}; it was taken "
            "out as if it fell like one over the records, which is rough."
        )
    for world in WORLDS:
        lost = int(np.isnan(found.worlds[world][:, -1]).sum())
        if lost:
            name = {IDEAL: "no source", ACTUAL: "all sources"}.get(world, title(world))
            said.append(
                f"with {name} at work there was no reading in {lost} of {found.replicates} "
                "replicates, so what needs that world is undefined."
            )
    if rest.value[-1] > max(4 * rest.standard_error[-1], ROUGH * abs(total)):
        said.append(
            "the ideal world is far from the truth too: the richer family is not rich enough, a "
            "curator selects, or the measure is not 0 for the truth."
        )
    for source, part in found.parts("last").items():
        if source in SOURCES and part.value[-1] < -2 * part.standard_error[-1]:
            said.append(f"{_MENDED[source]} the error larger.")
    return tuple(said)


def brief(part: Any) -> str:
    """Part of a lineage with the fields that are not at their defaults."""
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return repr(part)
    named = [
        f"{field.name}={brief(getattr(part, field.name))}"
        for field in dataclasses.fields(part)
        if field.repr and getattr(part, field.name) != field.default
    ]
    return f"{type(part).__name__}({', '.join(named)})"


def _learners(found: Decomposition) -> list[str]:
    given = found.learners["given"]
    return [
        f"{name}: " + ("the same" if name != "given" and learner == given else brief(learner))
        for name, learner in found.learners.items()
    ]


def _orders(found: Decomposition) -> list[list[str]]:
    rows = [["", "path", "Shapley", "least", "most", "alone", "gain if mended"]]
    rules = [found.parts(rule) for rule in ("path", "shapley", "alone", "last")]
    for source in reversed(SOURCES):
        path, shapley, alone, gain = (float(parts[source].value[-1]) for parts in rules)
        least, most = (float(end[-1]) for end in found.over_orders(source))
        rows.append([source, *map(_number, (path, shapley, least, most, alone, gain))])
    return rows


def _most_left(found: Decomposition) -> float:
    left = [abs(float(part[-1])) for part in found.left.values() if np.isfinite(part[-1])]
    return max(left, default=math.nan)


def _cells(part: Part, shown: list[int]) -> list[str]:
    return [_cell(float(part.value[i]), float(part.standard_error[i])) for i in shown]


def _cell(value: float, error: float) -> str:
    return f"{_number(value)} ± {error:.1g}" if math.isfinite(error) else _number(value)


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else number(value)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]
