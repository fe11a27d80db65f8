"""Curves of histories: one panel per measure, one line with its band per lineage."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context, rcdefaults
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.history import Band, History
from modelcollapse.prediction import overlay

Floats = NDArray[np.float64]

LOG_DECADES = 1.5
"""Span of a positive measure from which on its axis is logarithmic."""

_DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1.2, 1.6)))
_MARKERS = ("o", "s", "^", "D", "v")
_CROWDED = 5


@dataclass(frozen=True)
class Theme:
    """Colours of a figure; `series` is cycled through, then again with other dashes."""

    ink: str
    muted: str
    rule: str
    series: tuple[str, ...]


# Chosen so that any two differ by 16 or more in CIELAB for normal, protan, deutan and tritan sight
# (Machado 2009, full severity), with a contrast of 3 or more on the page.
PAPER = Theme("#1d2126", "#59616b", "#d8dce1", ("#2a68b0", "#dd6b10", "#7d1457", "#1f9488"))

_SETTINGS: Any = {
    "axes.edgecolor": "none",
    "axes.formatter.useoffset": False,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 11.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "modelcollapse",
    "text.parse_math": False,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "ytick.minor.size": 0.0,
}


@contextmanager
def settings() -> Iterator[None]:
    """Drawing settings of our own, whatever the caller's are; theirs come back afterwards."""
    with rc_context():
        rcdefaults()
        with rc_context(_SETTINGS):
            yield


def plot_histories(
    histories: Mapping[str, History], measures: Sequence[str] | None = None
) -> Figure:
    """Figure with one panel per measure and one line per lineage.

    A line is the median over replicates, with the 5 to 95 % band. The axis is logarithmic where a
    measure that is never negative spans more than 1.5 decades; a line then leaves the panel at the
    lower edge where it reads 0, and bands are cut that reach decades beyond the medians. A tick on
    the lower edge marks each replicate in which no model could be fitted any more, a cross the end
    of a lineage that ended in all of them. Where a theorem covers a lineage, a dashed line shows
    what it says of the mean, and open circles the simulated mean.

    Parameters
    ----------
    histories : mapping of str to History
        Lineages by label; the order decides on colours.
    measures : sequence of str, optional
        Which measures to show; all that any lineage has when not given.

    Returns
    -------
    matplotlib.figure.Figure
        Apart from pyplot: nothing to close, and no setting of the caller's is changed.

    Raises
    ------
    InputError
        If no lineage has one of the measures, or there is nothing to show.
    """
    if isinstance(measures, str):
        raise InputError(f"the measures are the text '{measures}'. Give a list: ['{measures}'].")
    known = list(dict.fromkeys(m for history in histories.values() for m in history.measures))
    shown = known if measures is None else list(measures)
    for measure in shown:
        if measure not in known:
            raise InputError(f"there is no measure '{measure}'. {suggestion(measure, known)}")
    if not shown:
        raise InputError("there is nothing to plot: give at least one history with one measure.")
    columns = min(len(shown), 3)
    rows = math.ceil(len(shown) / columns)
    with settings():
        layout = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.09)
        figure = Figure(figsize=(4.0 * columns, 2.9 * rows + 0.4), dpi=120, layout=layout)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, measure in zip(panels, shown, strict=False):
            draw_panel(axes, measure, histories, PAPER)
            axes.set_title(measure, loc="left", color=PAPER.ink, fontsize=11)
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        if any(histories):
            lines = [key(i, PAPER, label) for i, label in enumerate(histories)]
            figure.legend(
                handles=lines,
                loc="outside lower center",
                ncols=min(len(lines), 2 * columns),
                frameon=False,
                labelcolor=PAPER.ink,
            )
    return figure


def draw_panel(axes: Axes, measure: str, histories: Mapping[str, History], theme: Theme) -> None:
    """Draw one measure of all lineages that have it into a panel."""
    bands = {
        index: history.band(measure)
        for index, history in enumerate(histories.values())
        if measure in history.readings
    }
    _frame(axes, theme)
    if not any(np.isfinite(band.median).any() for band in bands.values()):
        axes.set_yticks([])
        axes.text(
            0.5, 0.5, "undefined throughout", transform=axes.transAxes,
            ha="center", va="center", color=theme.muted,
        )  # fmt: skip
        return
    _scale(axes, list(bands.values()))
    for index, history in enumerate(histories.values()):
        if index in bands:
            _draw_lineage(axes, index, history, bands[index], theme, crowded=len(bands) > _CROWDED)
            curve = overlay(history, measure)
            if curve is not None:
                axes.plot(
                    curve.generations, curve.values, color=theme.series[index % len(theme.series)],
                    linewidth=1.3, linestyle=(0, (3.5, 2)), zorder=6,
                )  # fmt: skip
                # Theory speaks of the mean, which the line does not show.
                some = np.linspace(0, len(curve.values) - 1, 6).round().astype(int)
                axes.plot(
                    curve.generations[some], bands[index].mean[some], linestyle="none",
                    marker="o", markersize=4, markerfacecolor="none",
                    markeredgecolor=theme.series[index % len(theme.series)], zorder=6,
                )  # fmt: skip
    starts = [band.median[0] for band in bands.values()]
    if math.isfinite(starts[0]) and np.allclose(starts, starts[0], rtol=1e-9, atol=0):
        axes.axhline(starts[0], color=theme.muted, linewidth=0.8, linestyle=(0, (1, 3)), zorder=1)


def _draw_lineage(
    axes: Axes, index: int, history: History, band: Band, theme: Theme, *, crowded: bool
) -> None:
    line = key(index, theme, "")
    colour = line.get_color()
    line.set_data(band.generations, band.median)
    # Marks along the line keep lineages apart without colour; staggered, since lines coincide.
    line.set_markevery(_marked(band.median, index))
    axes.add_line(line)
    axes.fill_between(
        band.generations, band.low, band.high,
        color=colour, alpha=0.07 if crowded else 0.16, linewidth=0, zorder=2,
    )  # fmt: skip
    if len(band.generations) == 1:
        axes.vlines(band.generations, band.low, band.high, color=colour, linewidth=1.2, alpha=0.5)
    ended = sorted(ending.generation for ending in history.endings.values())
    if not ended:
        return
    axes.plot(
        ended, np.zeros(len(ended)), transform=axes.get_xaxis_transform(), linestyle="none",
        marker=2, markersize=5, color=colour, clip_on=False, zorder=5,
    )  # fmt: skip
    read = np.flatnonzero(np.isfinite(band.median))
    if len(ended) == history.replicates and len(read):
        axes.plot(
            band.generations[read[-1]], band.median[read[-1]],
            marker="x", markersize=8, markeredgewidth=2, color=colour, zorder=5,
        )  # fmt: skip


def _marked(median: Floats, index: int) -> list[int]:
    finite = np.flatnonzero(np.isfinite(median))
    if not len(finite):
        return []
    step = max(1, math.ceil(len(finite) / 4))
    return sorted({*finite[(index * step // 3) % step :: step].tolist(), int(finite[-1])})


def key(index: int, theme: Theme, label: str) -> Line2D:
    """Line in the style of a lineage."""
    hues = len(theme.series)
    return Line2D(
        [], [],
        color=theme.series[index % hues],
        linestyle=_DASHES[index // hues % len(_DASHES)],
        linewidth=1.7,
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=4.2,
        markeredgewidth=0,
        # Matplotlib leaves labels out of legends that begin with an underscore.
        label=f"\u200b{label}" if label.startswith("_") else label,
        zorder=4,
    )  # fmt: skip


def _frame(axes: Axes, theme: Theme) -> None:
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y", color=theme.rule, linewidth=0.8)
    axes.spines["bottom"].set_color(theme.muted)
    axes.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=10)
    axes.set_xlabel("generation", color=theme.muted, fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.margins(x=0.03)


def _scale(axes: Axes, bands: list[Band]) -> None:
    """Choose linear or logarithmic axes, and their limits, from all lineages together."""
    values = np.concatenate([np.concatenate([b.median, b.low, b.high]) for b in bands])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    generations = np.concatenate([band.generations for band in bands])
    first, last = float(generations.min()), float(generations.max())
    pad = 0.03 * (last - first) or 0.5
    axes.set_xlim(first - pad, last + pad)
    positive = values[values > 0]
    if low >= 0 and len(positive) and high > positive.min() * 10**LOG_DECADES:
        bottom, top = _log_limits(positive, np.concatenate([band.median for band in bands]))
        decades = math.log10(top / bottom)
        axes.set_yscale("log", nonpositive="clip")
        axes.yaxis.set_major_locator(
            LogLocator(subs=(1.0,) if decades > 2.7 else (1.0, 3.0), numticks=7)
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(bottom, top)
        return
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    bottom = 0.0 if 0 <= low <= 0.6 * high else low
    room = 0.06 * (high - bottom) or 0.05 * abs(high) or 0.5
    axes.set_ylim(bottom - (room if bottom else 0.02 * room), high + room)


def _log_limits(positive: Floats, medians: Floats) -> tuple[float, float]:
    """Limits that show the medians well, and cut bands which reach decades beyond them."""
    logs = np.log10(positive)
    medians = np.log10(medians[np.isfinite(medians) & (medians > 0)])
    low, high = (medians.min(), medians.max()) if len(medians) else (logs.min(), logs.max())
    beyond = max(1.0, 0.6 * (high - low))
    low, high = max(logs.min(), low - beyond), min(logs.max(), high + beyond)
    room = max(0.05 * (high - low), 0.02)
    return float(10 ** (low - room)), float(10 ** (high + room))


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Number for people: three significant digits, a true minus sign, powers of ten in words.

    Examples
    --------
    >>> number(0.12345), number(-12345.6), number(3.2e-9), number(1e-5), number(float("nan"))
    ('0.123', '−12,346', '3.2×10⁻⁹', '10⁻⁵', 'undefined')
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e6:
        digits = 2 if size == 0 else max(0, 2 - math.floor(math.log10(size)))
        text = f"{value:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, exponent = f"{value:.2e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
        text = power if mantissa == "1" else f"{mantissa}×{power}"
    return text.replace("-", "−")
