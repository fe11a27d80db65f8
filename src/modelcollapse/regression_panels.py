"""Pictures of regression at the end of a chain: error along records, penalties, generations.

Readings come from a history that holds `DownstreamError`, and theory is drawn where it covers the
lineage::

    history = lineage.run(20, replicates=10, probes=[DownstreamError((400, 1000, 4000), 0.001)])
    by_records(history, generations=(0, 5, 20)).plot()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, NoTheorem
from modelcollapse.history import History
from modelcollapse.panels import Curve, Mark, Panel
from modelcollapse.prediction import predict
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.registry import build

Floats = NDArray[np.float64]
Rule = float | Callable[[int], float]
"""A penalty, or one for each number of records: ``lambda n: n**-0.8``."""

POINTS = 120
"""Points of a theoretical curve."""
_ERROR = "Test error"


def by_records(
    history: History, *, penalty: Rule | None = None, generations: Sequence[int] | None = None
) -> Panel:
    """Test error against the records of the last fit, one colour for each depth of the chain.

    Parameters
    ----------
    history : History
        With readings of `DownstreamError`.
    penalty : float or callable, optional
        Penalty, or a rule for it; the measure's where it has one only.
    generations : sequence of int, optional
        Generations between nature and the last fit; all that were read when not given.

    Returns
    -------
    Panel
        Means with bars of two standard errors, theory dashed; both axes logarithmic.

    Raises
    ------
    InputError
        If the history has no such readings, or several penalties and none is chosen.
    """
    read = Readings.of(history)
    rule = read.rule(penalty)
    grid = read.grid
    curves = []
    for depth in read.depths(generations):
        curves += _pair(
            _depth(depth), read.sizes, [read.at(n, rule(n), depth) for n in read.sizes],
            grid, [read.theory(int(n), rule(int(n)), depth) for n in grid],
        )  # fmt: skip
    return Panel(_ERROR, "records of the last fit", curves, log="xy")


def by_penalty(
    history: History,
    *,
    records: int | None = None,
    generations: Sequence[int] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Panel:
    """Test error against the ridge penalty of the last fit, with the best one at each depth.

    Parameters
    ----------
    history : History
        With readings of `DownstreamError`.
    records : int, optional
        Records of the last fit; the measure's where it has one number only.
    generations : sequence of int, optional
        Generations between nature and the last fit; all that were read when not given.
    marks : mapping of str to float, optional
        Penalties to mark by vertical lines. When not given, the one that is best for real data,
        where theory knows it.

    Returns
    -------
    Panel
        Means with bars of two standard errors, theory dashed with a circle at its minimum; both
        axes logarithmic.

    Raises
    ------
    InputError
        If the history has no such readings, or several numbers of records and none is chosen.
    """
    read = Readings.of(history)
    n = read.size(records)
    levels = [level for level in read.penalties if level > 0]
    grid = np.geomspace(min(levels), max(levels), POINTS)
    curves, lines = [], dict(marks or {})
    if marks is None:
        clean = np.array([read.theory(n, float(level), 0) for level in grid])
        if np.isfinite(clean).any():
            lines["best for real data"] = float(grid[np.nanargmin(clean)])
    for depth in read.depths(generations):
        theory = np.array([read.theory(n, float(level), depth) for level in grid])
        means = [read.at(n, level, depth) for level in levels]
        curves += _pair(_depth(depth), levels, means, grid, theory)
        if np.isfinite(theory).any():
            best = [int(np.nanargmin(theory))]
            curves.append(
                Curve("best at each depth", grid[best], theory[best], theory=True, style="spots",
                      like=_depth(depth))
            )  # fmt: skip
    places = [Mark(label, at) for label, at in lines.items()]
    return Panel(f"{_ERROR}, {n:,} records", "penalty of the last fit", curves, "xy", places)


def parts_by_records(history: History, *, generation: int, penalty: Rule | None = None) -> Panel:
    """Parts of the test error against the records of the last fit, as areas.

    Parameters
    ----------
    history : History
        With readings of `DownstreamError`, of a lineage that theory covers.
    generation : int
        Generations between nature and the last fit; one that was read.
    penalty : float or callable, optional
        Penalty, or a rule for it; the measure's where it has one only.

    Returns
    -------
    Panel
        Parts by theory, and simulated means with bars of two standard errors.

    Raises
    ------
    InputError
        If the history has no such readings, or several penalties and none is chosen.
    NoTheorem
        If no theorem covers the lineage.
    """
    read = Readings.of(history)
    rule = read.rule(penalty)
    grid = read.grid
    told = [read.predicted(int(n), rule(int(n)), generation) for n in grid]
    parts = {name: np.array([one.parts[name][0] for one in told]) for name in told[0].parts}
    stack = [Curve(name, grid, values) for name, values in parts.items() if np.any(values)]
    means = [read.at(n, rule(n), generation) for n in read.sizes]
    simulated = _bars("simulated mean", read.sizes, means)
    title = f"Error by cause, {_depth(generation)}"
    return Panel(title, "records of the last fit", [simulated], log="x", stack=stack)


def crossover(
    history: History, rules: Mapping[str, Callable[[int], float]], *, generation: int
) -> Panel:
    """Test error against the records of the last fit, one colour for each rule of the penalty.

    Parameters
    ----------
    history : History
        With readings of `DownstreamError` at the penalties of the rules.
    rules : mapping of str to callable
        From records to a penalty, by label.
    generation : int
        Generations between nature and the last fit; one that was read.

    Returns
    -------
    Panel
        Means with bars of two standard errors, theory dashed, and a vertical line wherever the
        last rule overtakes the first, by theory, or falls behind it.

    Raises
    ------
    InputError
        If the history has no such readings.
    """
    read = Readings.of(history)
    grid = read.grid
    curves, told = [], []
    for label, rule in rules.items():
        theory = [read.theory(int(n), rule(int(n)), generation) for n in grid]
        told.append(np.asarray(theory))
        means = [read.at(n, rule(n), generation) for n in read.sizes]
        curves += _pair(label, read.sizes, means, grid, theory)
    *_, last = rules
    ahead = told[-1] - told[0]
    apart = np.flatnonzero(np.isfinite(ahead) & (ahead != 0))
    marks = [
        Mark(f"'{last}' {'wins' if ahead[after] < 0 else 'loses'} from here",
             float(np.sqrt(grid[before] * grid[after])))
        for before, after in pairwise(apart) if ahead[before] * ahead[after] < 0
    ]  # fmt: skip
    return Panel(f"{_ERROR}, {_depth(generation)}", "records of the last fit", curves, "xy", marks)


def _depth(generation: int) -> str:
    words = {0: "real data", 1: "1 generation deep"}
    return words.get(generation, f"{generation} generations deep")


def _bars(label: str, x: Sequence[float], readings: Sequence[Floats]) -> Curve:
    values = np.array(readings)
    value = values.mean(axis=1)
    half = 2 * values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]) if values.shape[1] > 1 else 0
    return Curve(label, x, value, value - half, value + half, style="bars")


def _pair(
    label: str,
    x: Sequence[float],
    readings: Sequence[Floats],
    grid: Any,
    theory: Any,
) -> list[Curve]:
    """Simulated points, and theory in their colour where there is any."""
    points = _bars(label, x, readings)
    if not np.isfinite(theory).any():
        return [points]
    return [points, Curve("theory", grid, theory, theory=True, like=label)]


@dataclass(frozen=True, eq=False)
class Readings:
    """Readings of the downstream error in a history, and what theory says of them.

    Attributes
    ----------
    history : History
        What was run.
    probe : DownstreamError
        What was read.
    """

    history: History
    probe: DownstreamError

    @classmethod
    def of(cls, history: History) -> Readings:
        """Find them.

        Raises
        ------
        InputError
            If the history has none.
        """
        for described in history.provenance.get("probes", ()):
            if isinstance(described, Mapping) and described.get("type") == DownstreamError.name:
                return cls(history, build("probe", described, "measures"))
        raise InputError(
            "this history has no downstream error to draw. Run the lineage with "
            "probes=[DownstreamError(records=..., penalty=...)]."
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of records, in order."""
        return tuple(sorted(self.probe.sizes))

    @property
    def penalties(self) -> tuple[float, ...]:
        """Penalties, in order."""
        return tuple(sorted(self.probe.penalties))

    @property
    def grid(self) -> NDArray[np.int64]:
        """Numbers of records for a theoretical curve."""
        between = np.geomspace(min(self.sizes), max(self.sizes), POINTS).round()
        return np.union1d(between, self.sizes).astype(np.int64)

    def rule(self, penalty: Rule | None) -> Callable[[int], float]:
        """Penalty for each number of records."""
        if callable(penalty):
            return penalty
        if penalty is None and len(self.penalties) > 1:
            raise InputError(
                f"the history has {len(self.penalties)} penalties. Say which to draw: penalty=..., "
                "a number or a rule such as lambda n: n**-0.8."
            )
        level = self.penalties[0] if penalty is None else penalty
        return lambda n: level

    def size(self, records: int | None) -> int:
        """Number of records to draw."""
        if records is None and len(self.sizes) > 1:
            raise InputError(
                f"the history has {len(self.sizes)} numbers of records. Say which to draw: "
                f"records={self.sizes[0]}."
            )
        return self.sizes[0] if records is None else records

    def depths(self, generations: Sequence[int] | None) -> list[int]:
        """Generations to draw."""
        return self.history.generations.tolist() if generations is None else list(generations)

    def at(self, n: int, penalty: float, depth: int) -> Floats:
        """Readings of all replicates at one generation, shape ``(replicates,)``.

        Raises
        ------
        InputError
            If the pair or the generation was not read.
        """
        found = np.flatnonzero(self.history.generations == depth)
        if not len(found):
            read = ", ".join(map(str, self.history.generations.tolist()))
            raise InputError(f"generation {depth} was not read. Choose among {read}.")
        return self.history[self.probe.measure(n, penalty)][:, found[0]]

    def predicted(self, n: int, penalty: float, depth: int) -> Any:
        """Prediction at one generation, with its parts.

        Raises
        ------
        NoTheorem
            If no theorem covers the lineage.
        """
        probe = DownstreamError(n, penalty, self.probe.noise)
        return predict(self.history.lineage, probe, np.array([depth]))

    def theory(self, n: int, penalty: float, depth: int) -> float:
        """Predicted value at one generation, NaN where there is none."""
        try:
            return float(self.predicted(n, penalty, depth).values[0])
        except (NoTheorem, InputError):
            return float("nan")
