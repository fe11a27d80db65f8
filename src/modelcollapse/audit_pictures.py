"""Pictures of an audit: ranks and frequencies, retention by rarity, trajectories, forest rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from modelcollapse.plot import Floats, Theme, number, settings
from modelcollapse.svg import WEB, inline

WIDTH, HEIGHT = 350 / 72, 226 / 72
_NEW, _LOST = WEB.series[0], WEB.series[1]
_DOTTED = (0, (1.2, 1.8))
_ROUNDING = 1e-6
_LONGEST = 12  # characters of a label below an axis
_CUT = 2.0  # retention above which an interval is cut
_LOW_ENDS, _HIGH_ENDS = (0.3, 0.1, 0.03, 0.01), (3.0, 10.0, 30.0, 100.0)
_HEIGHT = "1.2em"  # of the mark in its row: beside the first line of the text
_EDGE = 7.0  # per cent of a forest row beside the ends of its axis


def defined(value: float | str | None) -> float:
    """A number of a card: None is NaN there, and infinities have names.

    Examples
    --------
    >>> defined(None), defined("-inf"), defined(0.5)
    (nan, -inf, 0.5)
    """
    return math.nan if value is None else float(value)


def rounded(value: float) -> float:
    """The value, or zero where only rounding keeps it from that.

    Examples
    --------
    >>> rounded(-2.5e-16), rounded(0.5)
    (0.0, 0.5)
    """
    return 0.0 if abs(value) < _ROUNDING else value


def ranks(row: Mapping[str, Any], prefix: str) -> Markup:
    """Counts by rank on logarithmic axes: the reference, the new data, and what is lost.

    Parameters
    ----------
    row : mapping
        One of `ranks` of a card.
    prefix : str
        Unique on the page.
    """
    at = np.array(row["reference"]["ranks"], dtype=np.float64)
    theirs = np.array(row["reference"]["counts"], dtype=np.float64)
    ours = np.array(row["new"]["counts"], dtype=np.float64)

    def draw(axes: Axes) -> None:
        axes.set_xscale("log")
        axes.set_yscale("log", nonpositive="mask")
        if row["lost_from"]:
            axes.axvspan(row["lost_from"], row["types"], color=_LOST, alpha=0.16, linewidth=0)
        axes.plot(at, theirs, color=WEB.muted, linewidth=1.9, zorder=3)
        there = ours > 0
        axes.plot(
            at[there], ours[there], linestyle="none", marker="o", markersize=3.2, color=_NEW,
            markeredgewidth=0, alpha=0.75, zorder=4,
        )  # fmt: skip
        axes.plot(
            at[~there], np.full(int((~there).sum()), 0.025), linestyle="none", marker="|",
            markersize=7, markeredgewidth=0.9, color=_LOST, zorder=5,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
        seen = np.concatenate([theirs[theirs > 0], ours[there]])
        axes.set_ylim(float(seen.min()) / 2.5, float(seen.max()) * 1.6)
        axes.set_xlim(0.85, row["types"] * 1.12)
        for axis, span in ((axes.xaxis, row["types"]), (axes.yaxis, seen.max() / seen.min())):
            axis.set_major_locator(LogLocator(subs=(1.0,) if span > 30 else (1.0, 3.0), numticks=6))
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            axis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_minor_locator(NullLocator())
        _titles(axes, "occurrences", "rank in the reference")

    return _picture(draw, prefix)


def retention(row: Mapping[str, Any], prefix: str) -> Markup:
    """Share that is kept of each band of rarity, the rarest first, with the line at 1.

    Bands that hold nothing of the reference are left out.

    Parameters
    ----------
    row : mapping
        One of `retention` of a card.
    prefix : str
        Unique on the page.
    """
    bands = [band for band in row["deciles"] if defined(band["ratio"]) >= 0]
    at = np.arange(len(bands), dtype=np.float64)
    value, low, high = (_column(bands, name) for name in ("ratio", "low", "high"))

    def draw(axes: Axes) -> None:
        axes.axhline(1.0, color=WEB.muted, linewidth=1.5, linestyle=_DOTTED, zorder=2)
        _band(axes, at, value, low, np.minimum(high, 10 * _CUT))
        top = np.nanmax(np.concatenate([value, np.minimum(high, _CUT), [1.0]]), initial=1.0)
        axes.set_ylim(0, 1.07 * float(min(top, 2 * _CUT)))
        axes.set_xlim(-0.4, len(bands) - 0.6)
        axes.set_xticks(at, [band_of(band)[:_LONGEST] for band in bands])
        for position, label in enumerate(axes.get_xticklabels()):
            label.set_visible(len(bands) <= 6 or position in (0, len(bands) - 1))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        _titles(axes, "kept, of what chance would keep", "rarest  →  commonest")

    return _picture(draw, prefix)


def band_of(band: Mapping[str, Any]) -> str:
    """Name of a band of rarity: counts where it has them, else which tenth it is."""
    return str(band.get("band") or band["decile"])


def trajectory(row: Mapping[str, Any], margins: Sequence[float], prefix: str) -> Markup:
    """A measure over the generations, with its interval and what chance would give.

    Parameters
    ----------
    row : mapping
        One of `trajectories` of a card.
    margins : sequence of float
        Change that does not matter, in the unit of the measure, by generation.
    prefix : str
        Unique on the page.
    """
    at = np.array(row["generation"], dtype=np.float64)
    value, low, high, expected = (
        np.array([rounded(defined(x)) for x in row[name]])
        for name in ("value", "low", "high", "expected")
    )

    def draw(axes: Axes) -> None:
        room = 0.04 * (at[-1] - at[0]) or 0.5
        axes.set_xlim(at[0] - room, at[-1] + room)
        if row["lost_at"] is not None:
            axes.axvspan(row["lost_at"], at[-1] + room, color=_LOST, alpha=0.16, linewidth=0)
            axes.axvline(row["lost_at"], color=_LOST, linewidth=1.4, zorder=2)
        across = np.concatenate([[at[0] - room], at, [at[-1] + room]])
        middle, reach = (np.pad(side, 1, mode="edge") for side in (expected, np.asarray(margins)))
        axes.fill_between(
            across, middle - reach, middle + reach, color=WEB.muted, alpha=0.17, linewidth=0,
            zorder=2,
        )  # fmt: skip
        axes.plot(across, middle, color=WEB.muted, linewidth=1.5, linestyle=_DOTTED, zorder=3)
        _band(axes, at, value, low, high, hollow=np.array(row["outcome"]) == "not decided")
        seen = np.concatenate([value, low, high, expected])
        seen = seen[np.isfinite(seen)]
        if seen.size:
            bottom, top = float(seen.min()), float(seen.max())
            space = 0.08 * (top - bottom) or 0.1 * abs(top) or 0.1
            # A floor of zero that is near is worth showing: it says how much is left.
            bottom = 0.0 if 0 <= bottom <= 0.6 * top else bottom - space
            axes.set_ylim(bottom, top + space)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        _titles(axes, "", "generation")

    return _picture(draw, prefix)


def _band(
    axes: Axes, at: Floats, value: Floats, low: Floats, high: Floats, hollow: Any = False
) -> None:
    """Values joined by a line, hollow where nothing is decided, with the band of intervals."""
    axes.fill_between(at, low, high, color=_NEW, alpha=0.18, linewidth=0, zorder=3)
    axes.vlines(at, low, high, color=_NEW, linewidth=1.1, alpha=0.55, zorder=3)
    axes.plot(at, value, color=_NEW, linewidth=1.9, zorder=4)
    for these, filled in ((~np.broadcast_to(hollow, at.shape), 1), (hollow, 0)):
        chosen = np.broadcast_to(these, at.shape)
        axes.plot(
            at[chosen], value[chosen], linestyle="none", marker="o", markersize=5.2, zorder=5,
            color=_NEW, markerfacecolor=_NEW if filled else WEB.rule, markeredgewidth=1.3,
        )  # fmt: skip


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([defined(row[name]) for row in rows])


def _picture(draw: Callable[[Axes], None], prefix: str) -> Markup:
    with settings():
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        _frame(axes, WEB)
        draw(axes)
        return inline(figure, prefix)


def _frame(axes: Axes, theme: Theme) -> None:
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y", color=theme.rule, linewidth=0.8)
    axes.spines["bottom"].set_color(theme.muted)
    axes.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=10)


def _titles(axes: Axes, above: str, below: str) -> None:
    axes.set_title(above, loc="left", color=WEB.muted, fontsize=10, pad=7)
    axes.set_xlabel(below, color=WEB.muted, fontsize=10)


@dataclass(frozen=True)
class Scale:
    """Axis of forest rows, from one edge of the cell to the other.

    Attributes
    ----------
    low, high : float
        Ends.
    rule : float
        Where nothing changed.
    ticks : tuple of float
        What is written above.
    log : bool
        Whether it is logarithmic.
    zone : tuple of float
        Ends of the part that does not matter; empty if there is none.
    """

    low: float
    high: float
    rule: float
    ticks: tuple[float, ...] = ()
    log: bool = False
    zone: tuple[float, ...] = ()

    @classmethod
    def of_ratios(cls, rows: Sequence[Mapping[str, Any]]) -> Scale:
        """Logarithmic axis that holds the ratios of all rows."""
        seen = [defined(row[name]) for row in rows for name in ("ratio", "low", "high")]
        seen = [x for x in seen if 0 < x < math.inf]
        low, high = min(seen, default=1.0), max(seen, default=1.0)
        bottom = next((end for end in _LOW_ENDS if end <= low), _LOW_ENDS[-1])
        top = next((end for end in _HIGH_ENDS if end >= high), _HIGH_ENDS[-1])
        ticks = sorted((*_LOW_ENDS, 1.0, *_HIGH_ENDS))
        shown = tuple(tick for tick in ticks if bottom <= tick <= top)
        if len(shown) > 5:
            shown = tuple(tick for tick in shown if math.log10(tick).is_integer())
        return cls(bottom, top, 1.0, shown, log=True)

    def place(self, value: float) -> float:
        """Where a value lies, in per cent of the width; beyond the ends, the edge."""
        if self.log:
            value = math.log(value) if value > 0 else -math.inf
            low, high = math.log(self.low), math.log(self.high)
        else:
            low, high = self.low, self.high
        share = (min(max(value, low - 1e9), high + 1e9) - low) / (high - low)
        return min(max(_EDGE + (100 - 2 * _EDGE) * share, 0.0), 100.0)

    def marks(self) -> list[tuple[str, str]]:
        """Labels of the ticks with their places."""
        return [(number(tick), f"{self.place(tick):.2f}") for tick in self.ticks]


def forest(
    value: float, low: float, high: float, scale: Scale, state: str, *, hollow: bool = False
) -> Markup:
    """One row of a forest plot, which fills its cell: interval, mark, and the line of no change.

    Parameters
    ----------
    value, low, high : float
        Figure with its interval; without a value only the line is drawn.
    scale : Scale
        Of all rows.
    state : str
        Class of the page that colours it, for example late.
    hollow : bool, default False
        Whether nothing is decided.
    """
    parts = []
    if scale.zone:
        begin, end = (scale.place(edge) for edge in scale.zone)
        parts.append(
            f'<rect class="zone" x="{begin:.2f}%" y="0" width="{end - begin:.2f}%" height="100%"/>'
        )
    parts.append(_line("rule", scale.place(scale.rule), scale.place(scale.rule), "0", "100%"))
    if not math.isnan(value):
        if not (math.isnan(low) or math.isnan(high)):
            parts.append(_line("reach", scale.place(low), scale.place(high), _HEIGHT, _HEIGHT))
        parts.append(_mark(scale.place(value), hollow=hollow))
    return Markup(f'<svg class="forest is-{state}" aria-hidden="true">{"".join(parts)}</svg>')


def _line(kind: str, begin: float, end: float, top: str, bottom: str) -> str:
    return f'<line class="{kind}" x1="{begin:.2f}%" x2="{end:.2f}%" y1="{top}" y2="{bottom}"/>'


def _mark(place: float, *, hollow: bool) -> str:
    """A dot; at an edge an arrow, since the value lies beyond."""
    kind = "mark hollow" if hollow else "mark"
    if 0 < place < 100:
        return f'<circle class="{kind}" cx="{place:.2f}%" cy="{_HEIGHT}" r="4.5"/>'
    path = "M1 0 9-5.5V5.5z" if place == 0 else "M-1 0-9-5.5V5.5z"
    shape = f'<path class="{kind}" d="{path}"/>'
    return f'<svg x="{place:.0f}%" y="{_HEIGHT}" overflow="visible">{shape}</svg>'
