"""Pictures of a curation: the selection curve, rates by group, scores, and where records went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from modelcollapse.plot import Theme, number, settings
from modelcollapse.svg import WEB, inline

WIDTH, HEIGHT = 350 / 72, 226 / 72
_ROW = 34 / 72
_CHANCE = (0, (1.2, 1.8))


def curve(rows: Sequence[Mapping[str, Any]], measure: str, prefix: str) -> Markup:
    """A measure against the share that is kept, beside a random choice of the same size.

    Parameters
    ----------
    rows : sequence of mapping
        The curve of a manifest.
    measure : {"error", "tail", "score"}
        What to draw.
    prefix : str
        Unique on the page.
    """
    there = [row for row in rows if row.get(measure) is not None]
    shares = np.array([100 * row["share"] for row in there])
    values = np.array([row[measure] for row in there])
    chance = np.array([row[f"random_{measure}"] for row in there], dtype=np.float64)

    def draw(axes: Axes) -> None:
        colour = WEB.series[0]
        reach = [values, chance]
        if measure == "error":
            low, high = (
                np.array([row[f"error_{end}"] for row in there]) for end in ("low", "high")
            )
            axes.fill_between(shares, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2)
            reach += [low, high]
        axes.plot(shares, chance, color=WEB.muted, linewidth=1.5, linestyle=_CHANCE, zorder=3)
        axes.plot(shares, values, color=colour, linewidth=1.9, marker="o", markersize=3.4, zorder=4)
        for row, share, value in zip(there, shares, values, strict=True):
            if row["chosen"]:
                axes.axvline(share, color=WEB.muted, linewidth=0.9, zorder=1)
                axes.plot(
                    share, value, marker="o", markersize=9, markerfacecolor="none",
                    markeredgecolor=colour, markeredgewidth=1.6, zorder=5,
                )  # fmt: skip
        _limits(axes, np.concatenate(reach), share=measure != "score")
        axes.set_xlim(0, 102)
        axes.set_xlabel("share of the candidates that is kept, %", color=WEB.muted, fontsize=10)

    return _picture(draw, HEIGHT, prefix)


def groups(estimates: Mapping[str, Mapping[str, Any]], prefix: str) -> Markup:
    """Shares of right and of wrong records that are kept, group by group, with intervals."""

    def draw(axes: Axes) -> None:
        for row, found in enumerate(estimates.values()):
            for shift, name, hue, marker in ((-0.14, "phi", 0, "o"), (0.14, "psi", 1, "s")):
                entry = found[name]
                axes.hlines(
                    row + shift, 100 * entry["low"], 100 * entry["high"], color=WEB.series[hue],
                    linewidth=2.2, zorder=3,
                )  # fmt: skip
                if entry["value"] is not None:
                    axes.plot(
                        100 * entry["value"], row + shift, marker=marker, markersize=6.5,
                        color=WEB.series[hue], markeredgewidth=0, zorder=4,
                    )  # fmt: skip
        axes.set_ylim(len(estimates) - 0.5, -0.5)
        axes.set_yticks(range(len(estimates)), [_short(name) for name in estimates])
        axes.tick_params(axis="y", labelcolor=WEB.ink)
        axes.set_xlim(-2, 102)
        axes.set_xlabel("share that is kept, %", color=WEB.muted, fontsize=10)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x", color=WEB.rule, linewidth=0.8)

    return _picture(draw, 0.75 + _ROW * len(estimates), prefix)


def histogram(found: Mapping[str, Any], prefix: str) -> Markup:
    """Scores of all candidates, and of those that are kept."""
    edges = np.array(found["edges"])

    def draw(axes: Axes) -> None:
        every, kept = np.array(found["all"]), np.array(found["kept"])
        axes.stairs(every, edges, fill=True, color=WEB.muted, alpha=0.3, zorder=2)
        axes.stairs(kept, edges, fill=True, color=WEB.series[0], alpha=0.55, zorder=3)
        axes.stairs(kept, edges, color=WEB.series[0], linewidth=1.2, zorder=4)
        axes.set_ylim(0, max(every.max(initial=1) * 1.06, 1))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.set_xlabel("score", color=WEB.muted, fontsize=10)

    return _picture(draw, 170 / 72, prefix)


def bar(parts: Mapping[str, int], classes: Mapping[str, str]) -> Markup:
    """Shares of a whole as one stacked bar; its colours are classes of the page."""
    total = sum(parts.values()) or 1
    pieces, begin = [], 0.0
    for name, count in parts.items():
        width = 1000 * count / total
        if count:
            pieces.append(
                f'<rect class="{classes[name]}" x="{begin:.5g}" y="0" width="{width:.5g}" '
                'height="10"/>'
            )
        begin += width
    box = 'viewBox="0 0 1000 10" preserveAspectRatio="none"'
    return Markup(f'<svg {box} aria-hidden="true">{"".join(pieces)}</svg>')


def _picture(draw: Callable[[Axes], None], height: float, prefix: str) -> Markup:
    with settings():
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        _frame(axes, WEB)
        draw(axes)
        return inline(figure, prefix)


def _frame(axes: Axes, theme: Theme) -> None:
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y", color=theme.rule, linewidth=0.8)
    axes.spines["bottom"].set_color(theme.muted)
    axes.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=10)
    axes.xaxis.set_minor_locator(NullLocator())


def _limits(axes: Axes, values: np.ndarray[Any, Any], *, share: bool) -> None:
    there = values[np.isfinite(values)]
    low, high = float(there.min()), float(there.max())
    room = 0.07 * (high - low) or 0.05
    if share:
        low, high = max(low - room, -0.015), min(high + room, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    else:
        low, high = low - room, high + room
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))


def _short(name: str, longest: int = 18) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
