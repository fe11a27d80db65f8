"""Pictures of lineages of language models: the perplexity of each generation's text.

A history holds the histograms, a reading for each bin, where `PerplexityHistogram` was among the
probes. Means over replicates are drawn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.history import History
from modelcollapse.plot import PAPER, Theme, number, settings
from modelcollapse.probes.language import HISTOGRAM
from modelcollapse.svg import WEB, inline
from modelcollapse.tabular import without_bins

Floats = NDArray[np.float64]

ROWS = 6
"""Most generations shown of a history."""

_PREFIX = f"{HISTOGRAM}."
_WIDTH, _ROW = 300 / 72, 46 / 72


def without_histograms(history: History) -> History:
    """The history without the bins of the histogram, which no curve and no table should show."""
    kept = {name: history.readings[name] for name in without_bins(history.readings)}
    return dataclasses.replace(history, readings=kept)


def histograms(history: History) -> tuple[Floats, Floats]:
    """Bins and shares of the perplexity of what each generation wrote, under generation 0.

    Returns
    -------
    edges : ndarray, shape (bins,)
        Perplexity at which each bin begins.
    shares : ndarray, shape (generations read, bins)
        Means over the replicates that have a reading; NaN where none has.

    Raises
    ------
    InputError
        If the history has no histogram.
    """
    names = [name for name in history.measures if name.startswith(_PREFIX)]
    if not names:
        raise InputError(
            f"the history has no {HISTOGRAM}, so there is nothing to draw. Run the lineage with "
            f"probes=['{HISTOGRAM}', ...]."
        )
    edges = np.array([float(name.removeprefix(_PREFIX)) for name in names])
    read = np.stack([history[name] for name in names], axis=-1)
    held = ~np.isnan(read).any(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares = np.where(held, read, 0.0).sum(axis=0) / held.sum(axis=0)
    return edges, shares


def stacked(history: History, *, theme: Theme = PAPER, colour: int = 0) -> Figure:
    """Small histograms of several generations above one another, on one scale.

    Parameters
    ----------
    history : History
        With the readings of `PerplexityHistogram`.
    theme : Theme, optional
        Colours.
    colour : int, default 0
        Which of its series.

    Returns
    -------
    matplotlib.figure.Figure
        Grey outlines are generation 0. Apart from pyplot: nothing to close.

    Raises
    ------
    InputError
        If the history has no histogram.
    """
    edges, shares = histograms(history)
    rows = _shown(shares)
    ends = _ends(edges)
    with settings():
        figure = Figure(figsize=(_WIDTH, _ROW * len(rows) + 0.5), layout="constrained")
        panels = figure.subplots(len(rows), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        series = theme.series[colour % len(theme.series)]
        for axes, row in zip(panels, rows, strict=True):
            axes.stairs(shares[row], ends, fill=True, color=series, alpha=0.75)
            axes.stairs(shares[0], ends, color=theme.muted, linewidth=1.0)
            axes.set_xscale("log")
            axes.set_xlim(*_span(edges, shares))
            axes.tick_params(length=0, which="both")
            axes.yaxis.set_major_locator(NullLocator())
            axes.tick_params(colors=theme.muted, labelsize=9)
            axes.axhline(0, color=theme.rule, linewidth=1.0)
            axes.set_ylabel(
                str(history.generations[row]), rotation=0, color=theme.ink, ha="right", va="center"
            )
        ticks = _ticks(*_span(edges, shares))
        panels[-1].set_xticks(ticks, [number(tick) for tick in ticks])
        panels[-1].xaxis.set_minor_locator(NullLocator())
        panels[-1].set_xlabel("perplexity under generation 0", color=theme.muted, fontsize=10)
    return figure


def solid(history: History, *, theme: Theme = PAPER) -> Figure:
    """Draw the histograms of the generations one behind another, in three dimensions.

    Parameters
    ----------
    history : History
        With the readings of `PerplexityHistogram`.
    theme : Theme, optional
        Colours.

    Returns
    -------
    matplotlib.figure.Figure
        Apart from pyplot: nothing to close.

    Raises
    ------
    InputError
        If the history has no histogram.
    """
    edges, shares = histograms(history)
    ends = np.log10(_ends(edges))
    low, high = np.log10(_span(edges, shares))
    rows = _shown(shares)
    with settings():
        figure = Figure(figsize=(6.0, 4.6), dpi=120)
        axes: Any = figure.add_subplot(projection="3d")
        for place, row in enumerate(reversed(rows)):
            depth = len(rows) - 1 - place
            axes.bar(
                ends[:-1], shares[row], zs=depth, zdir="y", width=np.diff(ends), align="edge",
                color=theme.series[depth % len(theme.series)], alpha=0.7,
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), [str(history.generations[row]) for row in rows])
        ticks = _ticks(10**low, 10**high)
        axes.set_xticks(np.log10(ticks), [number(tick) for tick in ticks])
        axes.set_xlim(low, high)
        axes.set(xlabel="perplexity under generation 0", ylabel="generation", zlabel="share")
    return figure


def panels(histories: Mapping[str, History]) -> list[dict[str, Any]]:
    """Histograms for a page, one figure for each lineage that has any."""
    found = []
    for index, (label, history) in enumerate(histories.items()):
        if any(name.startswith(_PREFIX) for name in history.measures):
            figure = stacked(history, theme=WEB, colour=index)
            found.append(
                {
                    "title": label or "Texts",
                    "svg": inline(figure, f"perplexity-{index}"),
                    "words": _in_words(history),
                }
            )
    return found


def _in_words(history: History) -> str:
    edges, shares = histograms(history)
    rows = _shown(shares)
    parts = [
        f"generation {history.generations[row]} from {number(float(edges[shares[row].argmax()]))}"
        for row in (rows[0], rows[-1])
    ]
    return f"Histograms of perplexity under generation 0; tallest bar: {'; '.join(parts)}."


def _shown(shares: Floats) -> Sequence[int]:
    """Rows to draw: the first, the last, and some evenly between them, where there is a reading."""
    held = np.flatnonzero(~np.isnan(shares).any(axis=1))
    if not len(held):
        raise InputError(
            "no generation has a perplexity under the first model, so there is nothing to draw. "
            "Use a learner whose models score texts."
        )
    places = np.linspace(0, len(held) - 1, min(ROWS, len(held))).round().astype(int)
    return [int(row) for row in held[np.unique(places)]]


def _ends(edges: Floats) -> Floats:
    """Ends of all bins; they are of equal width on a logarithmic scale."""
    return np.append(edges, edges[-1] ** 2 / edges[-2])


def _span(edges: Floats, shares: Floats) -> tuple[float, float]:
    """Ends of the bins that any generation uses."""
    used = np.flatnonzero(np.nan_to_num(shares).sum(axis=0) > 0)
    ends = _ends(edges)
    return float(ends[used[0]]), float(ends[used[-1] + 1])


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two positive ones."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    every = [step * 10.0**decade for decade in decades for step in steps]
    return [tick for tick in every if low <= tick <= high]
