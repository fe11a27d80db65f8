"""What a recipe is made of: claims that can fail, panels to look at, lineages to run again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.engine import run_all
from modelcollapse.history import History as History
from modelcollapse.lineage import Lineage
from modelcollapse.panels import Curve as Curve
from modelcollapse.panels import Mark as Mark
from modelcollapse.panels import Panel as Panel
from modelcollapse.panels import curve as curve
from modelcollapse.panels import mean_curve as mean_curve
from modelcollapse.protocols import Probe

Floats = NDArray[np.float64]
Scale = Literal["quick", "full"]
Law = Literal["=", "<", ">", "<="]
Basis = Literal["text", "code", "notes", "theory"]
Verdict = Literal["pass", "fail", "not comparable"]

STANDARD_ERRORS = 4.0
"""Distance, in standard errors of the replicates, from which on two numbers differ."""


@dataclass(frozen=True)
class Estimate:
    """A number measured on replicates.

    Attributes
    ----------
    value : float
        The number.
    error : float
        Its standard error, from the spread over replicates; 0 for what was not sampled.
    """

    value: float
    error: float = 0.0


def mean(values: ArrayLike) -> Estimate:
    """Mean over replicates, shape ``(replicates,)``, with its standard error."""
    array = np.asarray(values, dtype=np.float64)
    return Estimate(float(array.mean()), float(array.std(ddof=1) / math.sqrt(array.size)))


def spread(values: ArrayLike) -> Estimate:
    """Standard deviation over replicates, with its standard error by the delta method."""
    array = np.asarray(values, dtype=np.float64)
    squares = mean((array - array.mean()) ** 2)
    deviation = math.sqrt(squares.value)
    return Estimate(deviation, squares.error / (2 * deviation))


def share(hits: ArrayLike) -> Estimate:
    """Share of replicates in which something happened; the error is never 0 (Wilson's)."""
    array = np.asarray(hits, dtype=bool)
    n, p = array.size, float(array.mean())
    return Estimate(p, math.sqrt(p * (1 - p) / n + 0.25 / n**2))


def slope(x: ArrayLike, curves: ArrayLike) -> Estimate:
    """Least-squares slope of each replicate's curve, shape ``(replicates, points)``, averaged."""
    centred = np.asarray(x, dtype=np.float64) - np.mean(np.asarray(x, dtype=np.float64))
    return mean(np.asarray(curves, dtype=np.float64) @ centred / np.square(centred).sum())


@dataclass(frozen=True)
class Claim:
    """One published law against what the recipe measured.

    Attributes
    ----------
    statement : str
        The law in one sentence.
    published, ours : float
        The value claimed and the value measured.
    tolerance : float
        By how much they may differ: `STANDARD_ERRORS` of the measurement and, where the published
        value is a measurement too, of that.
    law : {"=", "<", ">", "<="}
        Whether ours must equal the published value within the tolerance, lie below or above it by
        more than the tolerance, or not exceed it by more, as for a bound.
    basis : {"text", "code", "notes", "theory"}
        Where the published value stands: in the work's text, in its code or stored outputs, in
        someone else's notes about it, or nowhere but follows from its assumptions.
    control : bool
        Whether this is a negative control: the same check with a wrong law, which must fail.
    incomparable : str
        Why the two cannot be compared, where they cannot.
    """

    statement: str
    published: float
    ours: float
    tolerance: float
    law: Law = "="
    basis: Basis = "theory"
    control: bool = False
    incomparable: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the law holds; an undefined measurement fails."""
        if self.incomparable:
            return "not comparable"
        above = self.ours - self.published
        holds = {
            "=": abs(above) <= self.tolerance,
            "<": above < -self.tolerance,
            ">": above > self.tolerance,
            "<=": above <= self.tolerance,
        }[self.law]
        return "pass" if holds else "fail"

    @property
    def in_order(self) -> bool:
        """Whether the verdict is as it should be: a control has to fail."""
        return self.verdict == "fail" if self.control else self.verdict != "fail"


def claim(
    statement: str,
    published: SupportsFloat,
    ours: Estimate | SupportsFloat,
    *,
    law: Law = "=",
    basis: Basis = "theory",
    error: float = 0.0,
    rounding: float = 0.0,
) -> Claim:
    """Check a measurement against a published value.

    Parameters
    ----------
    statement : str
        The law in one sentence.
    published : float
        The published value.
    ours : Estimate or float
        The measurement.
    law, basis
        See `Claim`.
    error : float, default 0
        Standard error of the published value.
    rounding : float, default 0
        Half a unit of the published value's last digit, or the error of an approximation.
    """
    found = ours if isinstance(ours, Estimate) else Estimate(float(ours))
    tolerance = STANDARD_ERRORS * math.hypot(found.error, error) + rounding
    return Claim(statement, float(published), found.value, tolerance, law, basis)


def control(
    statement: str,
    wrong: SupportsFloat,
    ours: Estimate | SupportsFloat,
    *,
    law: Law = "=",
    error: float = 0.0,
) -> Claim:
    """Repeat a check with a law that is known to be wrong; it must fail."""
    checked = claim(statement, wrong, ours, law=law, error=error)
    return Claim(statement, checked.published, checked.ours, checked.tolerance, law, control=True)


@dataclass(frozen=True)
class Outcome:
    """What a recipe found.

    Attributes
    ----------
    claims : sequence of Claim
        At least one law and one control.
    panels : sequence of Panel
        What to look at.
    lineages : mapping of str to Lineage
        What was run, by label.
    settings : mapping of str to object
        Sizes and numbers in effect.
    """

    claims: Sequence[Claim]
    panels: Sequence[Panel]
    lineages: Mapping[str, Lineage] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A published experiment.

    Attributes
    ----------
    name, title : str
        On the command line, and for people.
    source : str
        Key of the work in the bibliography.
    claims : str
        What was published, and where that stands.
    options : mapping of str to str
        Choices that differ silently between published codes, and the one taken here.
    run : callable
        From a scale and a seed to an `Outcome`.
    """

    name: str
    title: str
    source: str
    claims: str
    options: Mapping[str, str]
    run: Callable[[Scale, int], Outcome]


def simulate(
    lineages: Mapping[str, Lineage],
    probes: Sequence[Probe | str],
    *,
    generations: int,
    replicates: int,
    seed: int,
    every: int = 1,
    n_jobs: int = 1,
) -> dict[str, History]:
    """Histories of several lineages with common random numbers; see `Lineage.run`."""
    return run_all(
        lineages, generations=generations, replicates=replicates, seed=seed, probes=probes,
        every=every, n_jobs=n_jobs,
    )  # fmt: skip
