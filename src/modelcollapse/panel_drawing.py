"""Panels as pictures: simulations solid, formulas dashed, parts of a sum as areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from modelcollapse.panels import Curve, Panel
from modelcollapse.plot import PAPER, Floats, Theme, key, number, settings

_DASHES: tuple[Any, ...] = ((0, (4, 2)), (0, (1.2, 1.6)), (0, (6, 2, 1, 2)), (0, (8, 3)))
_MARKS: tuple[Any, ...] = ((0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (7, 3)))
_OPAQUE = 0.8
_FEW_DECADES = 2.3


def figure(panels: Sequence[Panel]) -> Figure:
    """Figure with one panel beside the other."""
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
    _scale(axes, panel)
    _areas(axes, panel.stack, theme)
    colours: dict[str, str] = {}
    stand_ins: dict[str, Line2D] = {}  # of curves that the legend names once for all colours
    simulated = 0
    formulas = int(any(curve.like for curve in panel.curves))  # those have the first dashes
    for curve in panel.curves:
        if curve.like:
            line = _alike(curve, colours[curve.like])
            stand_ins.setdefault(curve.label, _alike(curve, theme.ink, curve.label))
        elif curve.theory:
            line = _formula(curve.label, formulas, theme)
            formulas += 1
        else:
            line = _simulation(curve, simulated, theme, stacked=bool(panel.stack))
            simulated += 1
        colours.setdefault(curve.label, str(line.get_color()))
        line.set_data(np.asarray(curve.x), _floats(curve.y))
        axes.add_line(line)
        if curve.low is not None and curve.high is not None:
            _around(axes, curve, str(line.get_color()))
    for line in stand_ins.values():
        axes.add_line(line)
    for index, mark in enumerate(panel.marks):
        axes.axvline(
            mark.x, color=theme.muted, linewidth=1.2, linestyle=_MARKS[index % len(_MARKS)],
            label=mark.label, zorder=1,
        )  # fmt: skip
    axes.grid(visible=True, axis="y", color=theme.rule, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines["bottom"].set_color(theme.muted)
    axes.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=10)
    axes.set_xlabel(panel.x, color=theme.muted, fontsize=10)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, frameon=False, fontsize=9,
        labelcolor=theme.ink, handlelength=2.6,
    )  # fmt: skip


def _floats(given: Any) -> Floats:
    return np.asarray(given, dtype=np.float64)


def _simulation(curve: Curve, index: int, theme: Theme, *, stacked: bool) -> Line2D:
    line = key(index, theme, curve.label)
    if curve.style == "line":
        line.set_markevery(max(1, np.size(curve.y) // 5))
        return line
    line.set_linestyle("none")
    line.set_markersize(5)
    line.set_zorder(6)
    if stacked or index >= len(theme.series):  # lines are apart by dashes, points are not
        line.set_color(theme.ink)
    return line


def _formula(label: str, index: int, theme: Theme) -> Line2D:
    dashes = _DASHES[index % len(_DASHES)]
    return Line2D([], [], color=theme.ink, linestyle=dashes, linewidth=1.3, label=label, zorder=5)


def _alike(curve: Curve, colour: str, label: str = "") -> Line2D:
    """Line or hollow points in the colour of another curve."""
    if curve.style == "spots":
        look: dict[str, Any] = {
            "linestyle": "none", "marker": "o", "markersize": 9, "markerfacecolor": "none",
            "markeredgewidth": 1.4,
        }  # fmt: skip
    else:
        look = {"linestyle": (0, (3.5, 2)) if curve.theory else "solid", "linewidth": 1.3}
    return Line2D([], [], color=colour, label=label, zorder=7, **look)


def _around(axes: Axes, curve: Curve, colour: str) -> None:
    x, low, high = np.asarray(curve.x), _floats(curve.low), _floats(curve.high)
    if curve.style == "line":
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
        return
    bars = np.abs(np.stack([low, high]) - _floats(curve.y))
    axes.errorbar(
        x, _floats(curve.y), yerr=bars, fmt="none", ecolor=colour, elinewidth=1.1, capsize=2.5,
        zorder=6,
    )  # fmt: skip


def _areas(axes: Axes, stack: Sequence[Curve], theme: Theme) -> None:
    """Areas on top of one another; what is below 0 hangs down from it."""
    up = down = np.zeros(1)
    for index, part in enumerate(stack):
        x, y = np.asarray(part.x), _floats(part.y)
        colour = theme.series[index % len(theme.series)]
        above, below = up + np.maximum(y, 0), down + np.minimum(y, 0)
        base = np.broadcast_to(up, y.shape)
        axes.fill_between(
            x, base, above, color=colour, alpha=_OPAQUE, linewidth=0, label=part.label, zorder=2
        )
        if np.any(y < 0):
            axes.fill_between(
                x, np.broadcast_to(down, y.shape), below, color=colour, alpha=_OPAQUE, linewidth=0,
                zorder=2,
            )  # fmt: skip
        up, down = above, below


def _scale(axes: Axes, panel: Panel) -> None:
    """Limits from the lines, with logarithmic axes where the panel asks for them."""
    lines = [line for c in panel.curves for line in (c.y, c.low, c.high) if line is not None]
    if "y" in panel.log:  # bands may reach decades beyond the lines
        lines = [c.y for c in panel.curves]
    if panel.stack:
        parts = np.array([_floats(part.y) for part in panel.stack])
        lines += [[0.0], np.maximum(parts, 0).sum(axis=0), np.minimum(parts, 0).sum(axis=0)]
    values = np.concatenate([np.ravel(_floats(line)) for line in lines])
    values = values[np.isfinite(values)]
    if "y" in panel.log:
        values = values[values > 0]
        axes.set_yscale("log", nonpositive="clip")
        few = values.max() < values.min() * 10**_FEW_DECADES
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if few else (1.0,), numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(values.min() / 1.6, values.max() * 1.6)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        room = 0.06 * float(np.ptp(values)) or 0.5
        bottom = 0.0 if panel.stack and values.min() == 0 else values.min() - room
        axes.set_ylim(bottom, values.max() + room)
    along = [np.ravel(_floats(c.x)) for c in (*panel.curves, *panel.stack)]
    places = np.concatenate([*along, [mark.x for mark in panel.marks]])
    if "x" in panel.log:
        axes.set_xscale("log")
        axes.set_xlim(places.min() / 1.1, places.max() * 1.1)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        pad = 0.03 * float(np.ptp(places)) or 0.5
        axes.set_xlim(places.min() - pad, places.max() + pad)
        whole = bool(np.all(places == np.round(places)))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=whole))
