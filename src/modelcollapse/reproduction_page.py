"""What a reproduction leaves behind: its figure, one page, and its numbers."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from modelcollapse.plot import PAPER, Theme, key, number, settings
from modelcollapse.recipes._recipe import Claim, Curve, Panel
from modelcollapse.references import citation
from modelcollapse.report import versions
from modelcollapse.reproduction import Reproduction, numbers
from modelcollapse.spec import to_yaml
from modelcollapse.store import write_atomic
from modelcollapse.svg import WEB, inline

_DASHES: tuple[Any, ...] = ((0, (4, 2)), (0, (1.2, 1.6)), (0, (6, 2, 1, 2)), (0, (8, 3)))
BASES = {
    "text": "stated in the work",
    "code": "in its code or stored outputs",
    "notes": "in others' notes about it",
    "theory": "follows from its assumptions",
}
"""What the words for the basis of a published value mean."""


def figure(found: Reproduction) -> Figure:
    """Figure with one panel beside the other: simulations solid, formulas dashed."""
    panels = found.outcome.panels
    with settings():
        drawn = Figure(figsize=(5.6 * len(panels), 4.4), dpi=120, layout="constrained")
        for axes, panel in zip(
            drawn.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            draw(axes, panel, PAPER)
            axes.set_title(panel.title, loc="left", color=PAPER.ink, fontsize=11)
    return drawn


def draw(axes: Axes, panel: Panel, theme: Theme) -> None:
    """Draw the curves of a panel, with a legend below."""
    simulated = formulas = 0
    for curve in panel.curves:
        if curve.theory:
            line = _formula(curve, formulas, theme)
            formulas += 1
        else:
            line = key(simulated, theme, curve.label)
            line.set_markevery(max(1, np.size(curve.y) // 5))
            simulated += 1
        line.set_data(np.asarray(curve.x), np.asarray(curve.y, dtype=np.float64))
        axes.add_line(line)
        if curve.low is not None and curve.high is not None:
            axes.fill_between(
                np.asarray(curve.x), np.asarray(curve.low), np.asarray(curve.high),
                color=line.get_color(), alpha=0.13, linewidth=0,
            )  # fmt: skip
    _scale(axes, panel)
    axes.grid(visible=True, axis="y", color=theme.rule, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines["bottom"].set_color(theme.muted)
    axes.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=10)
    axes.set_xlabel(panel.x, color=theme.muted, fontsize=10)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, frameon=False, fontsize=9,
        labelcolor=theme.ink, handlelength=2.6,
    )  # fmt: skip


def _formula(curve: Curve, index: int, theme: Theme) -> Line2D:
    dashes = _DASHES[index % len(_DASHES)]
    return Line2D(
        [], [], color=theme.ink, linestyle=dashes, linewidth=1.3, label=curve.label, zorder=5
    )


def _scale(axes: Axes, panel: Panel) -> None:
    """Limits from the lines, with logarithmic axes where the panel asks for them."""
    lines = [line for c in panel.curves for line in (c.y, c.low, c.high) if line is not None]
    if "y" in panel.log:  # bands may reach decades beyond the lines
        lines = [c.y for c in panel.curves]
    values = np.concatenate([np.ravel(np.asarray(line, dtype=np.float64)) for line in lines])
    values = values[np.isfinite(values)]
    if "y" in panel.log:
        values = values[values > 0]
        axes.set_yscale("log", nonpositive="clip")
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(values.min() / 1.6, values.max() * 1.6)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        room = 0.06 * float(np.ptp(values)) or 0.5
        axes.set_ylim(values.min() - room, values.max() + room)
    places = np.concatenate([np.ravel(np.asarray(c.x, dtype=np.float64)) for c in panel.curves])
    if "x" in panel.log:
        axes.set_xscale("log")
        axes.set_xlim(places.min() / 1.1, places.max() * 1.1)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        pad = 0.03 * float(np.ptp(places)) or 0.5
        axes.set_xlim(places.min() - pad, places.max() + pad)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def result(found: Reproduction) -> dict[str, Any]:
    """Plain data: claims, verdicts, specs, seed, versions and duration."""
    return {**found.to_dict(), "versions": versions()}


def render(found: Reproduction) -> str:
    """HTML of one reproduction: verdict, table, figure, what was run."""
    panels = []
    for index, panel in enumerate(found.outcome.panels):
        with settings():
            picture = Figure(figsize=(360 / 72, 300 / 72), layout="constrained")
            draw(picture.subplots(), panel, WEB)
            panels.append((panel.title, inline(picture, f"panel-{index}")))
    lineages = found.to_dict()["lineages"]
    page: str = _template().render(
        found=found,
        recipe=found.recipe,
        source=citation(found.recipe.source),
        laws=[_row(claim) for claim in found.outcome.claims if not claim.control],
        controls=[_row(claim) for claim in found.outcome.claims if claim.control],
        bases=BASES,
        panels=panels,
        settings=to_yaml(dict(found.outcome.settings)),
        lineages=to_yaml(lineages) if lineages else "",
        versions=versions(),
    )
    return page


def _row(claim: Claim) -> dict[str, Any]:
    published, ours, tolerance = numbers(claim)
    return {
        "statement": claim.statement,
        "basis": claim.basis,
        "published": published,
        "ours": ours,
        "tolerance": tolerance,
        "verdict": claim.verdict,
        "reason": claim.incomparable,
        "state": "undecided" if claim.incomparable else "none" if claim.in_order else "late",
    }


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("modelcollapse"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("reproduction.html.j2")


def write(found: Reproduction, folder: str | Path) -> tuple[Path, ...]:
    """Write ``figure.svg``, ``reproduction.html`` and ``result.json``.

    Parameters
    ----------
    found : Reproduction
        What to write.
    folder : path
        Made if it does not exist.

    Returns
    -------
    tuple of Path
        The files. Each is written whole or not at all.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    buffer = io.BytesIO()
    with settings():
        figure(found).savefig(buffer, format="svg", metadata={"Date": None})
    files = {
        "figure.svg": buffer.getvalue(),
        "reproduction.html": render(found).encode(),
        "result.json": (json.dumps(result(found), indent=1, allow_nan=False) + "\n").encode(),
    }
    for name, content in files.items():
        write_atomic(Path(folder) / name, content)
    return tuple(Path(folder) / name for name in files)
