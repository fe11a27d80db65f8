"""Panels: what a picture shows, as plain data; drawing is another matter.

Recipes and predictions say what there is to look at, and `Panel.plot` draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from modelcollapse import prediction

Style = Literal["line", "bars", "spots"]
BARS = 21
"""Most error bars of a curve along generations."""


@dataclass(frozen=True)
class Curve:
    """One line of a panel.

    Attributes
    ----------
    label : str
        What the legend says.
    x, y : array_like, shape (points,)
        The line.
    low, high : array_like, shape (points,), optional
        Band around it, or ends of the error bars.
    theory : bool
        Whether it is a formula, drawn dashed, rather than a simulation.
    style : {"line", "bars", "spots"}
        A line with its band, points with error bars, or hollow points.
    like : str
        Label of an earlier curve whose colour it takes. Of all curves that take another's colour
        the legend names each label once.
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    theory: bool = False
    style: Style = "line"
    like: str = ""


@dataclass(frozen=True)
class Mark:
    """A place along the horizontal axis, drawn as a vertical line and named in the legend."""

    label: str
    x: float


@dataclass(frozen=True)
class Panel:
    """One picture: curves over common axes.

    Attributes
    ----------
    title, x : str
        What is shown, and along what.
    curves : sequence of Curve
        Lines.
    log : {"", "x", "y", "xy"}
        Which axes are logarithmic.
    marks : sequence of Mark
        Vertical lines.
    stack : sequence of Curve
        Parts of a sum, drawn as areas on top of one another, below the lines; those below 0
        downwards.
    """

    title: str
    x: str
    curves: Sequence[Curve]
    log: Literal["", "x", "y", "xy"] = ""
    marks: Sequence[Mark] = ()
    stack: Sequence[Curve] = ()

    def plot(self) -> Figure:
        """Draw it, as a figure apart from pyplot: nothing to close, no setting changed."""
        from modelcollapse.panel_drawing import figure

        return figure([self])


def curve(label: str, history: History, measure: str) -> Curve:
    """Median of a measure over replicates, with its 5 to 95 % band."""
    band = history.band(measure)
    return Curve(label, band.generations, band.median, band.low, band.high)


def mean_curve(label: str, history: History, measure: str, style: Style = "line") -> Curve:
    """Mean of a measure over replicates, with a band, or a few bars, of two standard errors."""
    band = history.band(measure)
    half = 2 * np.nan_to_num(band.standard_error)
    last = len(band.generations) - 1
    count = last + 1 if style == "line" else min(last + 1, BARS)
    some = np.linspace(0, last, count).round().astype(int)
    at, mean, half = band.generations[some], band.mean[some], half[some]
    return Curve(label, at, mean, mean - half, mean + half, style=style)


def parts(predicted: prediction.Curve, history: History | None = None) -> Panel:
    """Panel of a prediction along generations: its parts as areas, the sum as a dashed line.

    Parameters
    ----------
    predicted : prediction.Curve
        What theory says; without parts there is only the line.
    history : History, optional
        A simulation to lay over it: means with bars of two standard errors.

    Returns
    -------
    Panel
        To look at with `Panel.plot`.

    Raises
    ------
    InputError
        If the history has no such measure.
    """
    at = predicted.generations
    areas = [Curve(name, at, values) for name, values in predicted.parts.items() if np.any(values)]
    curves = [Curve(f"theory, {predicted.kind}", at, predicted.values, theory=True)]
    if history is not None:
        measure = predicted.measure or predicted.quantity
        curves.insert(0, mean_curve("simulated mean", history, measure, "bars"))
    title = predicted.quantity.replace("_", " ").capitalize()
    return Panel(title, "generation", curves, stack=areas)
