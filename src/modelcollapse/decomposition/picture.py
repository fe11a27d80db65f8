"""A decomposition as a picture, and decompositions as files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.decomposition.counterfactuals import SOURCES
from modelcollapse.store import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from modelcollapse.decomposition.result import Decomposition, Rule


def stacked(found: Decomposition, rule: Rule) -> Figure:
    """Parts as stacked bars, those below 0 downwards; the total as a line with two errors.

    Where the total or a part is undefined or infinite, a generation has no bar.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

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
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        axes.set_xlabel("generation", color=PAPER.muted)
        axes.set_title(found.measure, loc="left", color=PAPER.ink, fontsize=11)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            handles[::-1], names[::-1], loc="outside right upper", frameon=False,
            labelcolor=PAPER.ink,
        )  # fmt: skip
    return figure


def write(found: Mapping[str, Decomposition], folder: str | Path) -> tuple[Path, ...]:
    """Write ``decomposition.json`` with all lineages, and one SVG picture for each.

    Parameters
    ----------
    found : mapping of str to Decomposition
        By label of the lineage.
    folder : path
        Made if it does not exist.

    Returns
    -------
    tuple of Path
        The files. Each is written whole or not at all; equal results give equal bytes.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    from modelcollapse.plot import settings

    plain = {"decompositions": {label: result.to_dict() for label, result in found.items()}}
    files = {"decomposition.json": (json.dumps(plain, indent=1, allow_nan=False) + "\n").encode()}
    for number, (label, result) in enumerate(found.items(), 1):
        safe = "".join(c if c.isalnum() or c in "-." else "-" for c in label)
        buffer = io.BytesIO()
        with settings():
            result.plot().savefig(buffer, format="svg", metadata={"Date": None})
        files[f"decomposition-{number}-{safe}.svg"] = buffer.getvalue()
    for name, content in files.items():
        write_atomic(Path(folder) / name, content)
    return tuple(Path(folder) / name for name in files)
