"""A decomposition as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.decomposition.counterfactuals import SOURCES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from modelcollapse.decomposition.result import Decomposition, Rule


def stacked(found: Decomposition, rule: Rule) -> Figure:
    """Parts as stacked bars, those below 0 downwards; the total as a line with two errors.

    Where the total or a part is undefined or infinite, a generation has no bar.
    """
    from matplotlib.figure import Figure

    from modelcollapse.plot import PAPER, settings

    parts = found.parts(rule)
    drawn = {name: parts[name] for name in (*SOURCES, "rest")}
    finite = np.all([np.isfinite(part.value) for part in drawn.values()], axis=0)
    at = found.generations[finite]
    up, down = np.zeros(len(at)), np.zeros(len(at))
    with settings():
        figure = Figure(figsize=(6.6, 3.9), dpi=120, layout="constrained")
        axes: Any = figure.subplots()
        for colour, (name, part) in zip(
            (*PAPER.series[:3], PAPER.muted), drawn.items(), strict=True
        ):
            value = part.value[finite]
            base = np.where(value >= 0, up, down)
            axes.bar(at, value, bottom=base, width=0.82, color=colour, label=name, linewidth=0)
            up, down = up + np.maximum(value, 0), down + np.minimum(value, 0)
        axes.errorbar(
            at, found.total.value[finite], yerr=2 * found.total.standard_error[finite],
            color=PAPER.ink, marker="o", markersize=3, linewidth=1.2, capsize=2, label="total",
        )  # fmt: skip
        axes.axhline(0, color=PAPER.muted, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.grid(visible=True, axis="y", color=PAPER.rule, linewidth=0.8)
        axes.tick_params(color=PAPER.muted, labelcolor=PAPER.muted, labelsize=10)
        axes.set_xlabel("generation", color=PAPER.muted)
        axes.set_title(found.measure, loc="left", color=PAPER.ink, fontsize=11)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            handles[::-1], names[::-1], loc="outside right upper", frameon=False,
            labelcolor=PAPER.ink,
        )  # fmt: skip
    return figure
