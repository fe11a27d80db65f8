"""Tables of the report: medians and bands, stages, endings; as plain rows of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.history import History
from modelcollapse.metrics.stage import Stage
from modelcollapse.plot import number
from modelcollapse.tabular import shown_generations

STAGE_NAMES = {
    Stage.NONE: "No collapse",
    Stage.EARLY: "Early collapse",
    Stage.LATE: "Late collapse",
    Stage.GROWING: "Growing spread",
    Stage.UNDECIDED: "Not decided",
}

REASONS = 12
"""Reasons listed in the table of endings, the most frequent first."""


def counted(count: int, what: str) -> str:
    """Number of things with their noun, in the plural where it needs one."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def medians(histories: Mapping[str, History]) -> list[dict[str, Any]]:
    """Median and band of each measure in each lineage, at some generations."""
    measures = dict.fromkeys(m for history in histories.values() for m in history.measures)
    return [
        {
            "measure": measure,
            "rows": [
                {
                    "label": label,
                    "cells": _cells(history, measure, shown_generations(histories, None)),
                }
                for label, history in histories.items()
                if measure in history.readings
            ],
        }
        for measure in measures
    ]


def _cells(history: History, measure: str, generations: Sequence[int]) -> list[dict[str, str]]:
    band = history.band(measure)
    at = {int(generation): i for i, generation in enumerate(band.generations)}
    cells = []
    for generation in generations:
        i = at.get(generation)
        if i is None:
            cells.append({"value": "not read", "detail": "", "kind": "undefined"})
        elif band.count[i] == 0:
            why = _why_undefined(history, i)
            cells.append({"value": "undefined", "detail": why, "kind": "undefined"})
        else:
            low, high = number(band.low[i]), number(band.high[i])
            detail = "" if low == high else f"{low} to {high}"
            if band.count[i] < history.replicates:
                detail += f"{', ' if detail else ''}{band.count[i]} of {history.replicates}"
            cells.append({"value": number(band.median[i]), "detail": detail, "kind": ""})
    return cells


def _why_undefined(history: History, column: int) -> str:
    generation = history.generations[column]
    ended = [ending for ending in history.endings.values() if ending.generation <= generation]
    if len(ended) == history.replicates:
        return f"ended by generation {max(ending.generation for ending in ended)}"
    return "" if history.alive[:, column].any() else "no variation left"


def stages(histories: Mapping[str, History]) -> list[dict[str, Any]]:
    """Shares of replicates per stage, of the stages that occur at all in a lineage."""
    groups = []
    for label, history in histories.items():
        found = history.stages()
        at = {int(generation): i for i, generation in enumerate(history.generations)}
        rows = [
            {
                "stage": member.name.lower(),
                "name": STAGE_NAMES[member],
                "cells": [
                    _share(found[:, at[generation]] == member) if generation in at else "not read"
                    for generation in shown_generations(histories, None)
                ],
            }
            for member in Stage
            if np.any(found == member)
        ]
        groups.append({"label": label, "rows": rows})
    return groups


def _share(found: NDArray[np.bool_]) -> str:
    share = float(np.mean(found))
    return (
        "–"
        if share == 0
        else f"{share:.0%}"
        if 0.01 <= share <= 0.99 or share == 1
        else f"{share:.1%}"
    )


def endings(histories: Mapping[str, History]) -> list[dict[str, Any]]:
    """Why replicates ended, equal reasons together."""
    groups = []
    for label, history in histories.items():
        reasons = Counter(ending.reason for ending in history.endings.values())
        for reason, count in reasons.most_common(REASONS):
            when = [e.generation for e in history.endings.values() if e.reason == reason]
            groups.append(
                {
                    "label": label,
                    "reason": reason,
                    "replicates": f"{count} of {history.replicates}",
                    "generations": str(min(when))
                    if min(when) == max(when)
                    else f"{min(when)} to {max(when)}",
                }
            )
        left = len(reasons) - REASONS
        if left > 0:
            rest = sum(count for _, count in reasons.most_common()[REASONS:])
            groups.append(
                {
                    "label": label,
                    "reason": counted(left, "other reason"),
                    "replicates": f"{rest} of {history.replicates}",
                    "generations": "",
                }
            )
    return groups
