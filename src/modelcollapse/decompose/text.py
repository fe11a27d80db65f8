"""A decomposition as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from modelcollapse.decompose.counterfactuals import (
    APPROXIMATION,
    EXPRESSIVITY,
    SOURCES,
    STATISTICAL,
    WORLDS,
)
from modelcollapse.tabular import number

if TYPE_CHECKING:
    from modelcollapse.decompose.result import Decomposition, Part


def render(found: Decomposition) -> str:
    """Parts and worlds at some generations, and how far the parts depend on the order."""
    last = len(found.generations) - 1
    shown = sorted({0, min(1, last), last // 2, last})
    heads = [f"gen {found.generations[i]}" for i in shown]
    rows = [["error", *heads], ["total", *_cells(found.total, shown)]]
    rows += [[f"  {name}", *_cells(part, shown)] for name, part in found.parts().items()]
    lines = [
        f"{found.measure}; {found.replicates} replicates, mean ± standard error",
        *_aligned(rows),
        "",
    ]
    settings = found.settings
    rows = [["records", "family", "fit", *heads]]
    for world in reversed(WORLDS):
        switches = [
            "finite" if STATISTICAL in world else "unlimited",
            "given" if EXPRESSIVITY in world else "richer",
            "given" if APPROXIMATION in world else "better",
        ]
        rows.append([*switches, *_cells(found.world(*world), shown)])
    lines += [*_aligned(rows), ""]
    lines += ["last generation, by the order in which the sources are switched on:"]
    rows = [["", "path", "Shapley", "least", "most", "alone", "if mended"]]
    rules = {rule: found.parts(rule) for rule in ("path", "shapley", "alone", "last")}
    for source in reversed(SOURCES):
        least, most = found.over_orders(source)
        path, shapley, alone, gained = (float(p[source].value[-1]) for p in rules.values())
        values = (path, shapley, float(least[-1]), float(most[-1]), alone, gained)
        rows.append([source, *map(_number, values)])
    lines += [
        *_aligned(rows),
        "",
        f"given: {settings['learner']}; richer: {settings['richer']}",
        f"better: {settings['better']}; richer and better: {settings['both']}",
        f"unlimited: extrapolated from {settings['times'][0]} and {settings['times'][1]} times the "
        f"records; sampling error taken out: at most {_number(_most_left(found))}",
        *(f"note: {note}" for note in found.notes),
    ]
    return "\n".join(lines)


def _most_left(found: Decomposition) -> float:
    left = [abs(part[-1]) for part in found.left.values() if np.isfinite(part[-1])]
    return float(max(left, default=math.nan))


def _cells(part: Part, shown: list[int]) -> list[str]:
    return [
        f"{_number(float(part.value[i]))} ± {float(part.standard_error[i]):.1g}"
        if math.isfinite(part.value[i])
        else _number(float(part.value[i]))
        for i in shown
    ]


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else number(value)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]
