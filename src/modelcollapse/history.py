"""What the probes read along a lineage: by measure, replicate and generation."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Diverged, InputError, suggestion
from modelcollapse.metrics.stage import Stage, stage
from modelcollapse.protocols import Status
from modelcollapse.store import write_atomic
from modelcollapse.tabular import Columns, frame, table, write_csv

Snapshots = dict[int, Any]

BAND = (0.05, 0.95)
"""Quantiles over replicates between which a band lies."""


@dataclass(frozen=True)
class Ending:
    """Where a lineage ended because no model could be fitted, and why."""

    generation: int
    reason: str

    @property
    def collapsed(self) -> bool:
        """Whether it is a finding: the lineage had a model once, and its data left none.

        A lineage that never began is none, nor is a training that failed by its settings.
        """
        return self.generation > 0 and not self.reason.startswith(Diverged.OPENING)


@dataclass(frozen=True)
class Band:
    """A measure summarised over replicates; arrays of shape ``(generations read,)``.

    Collapse has heavy tails, so the median and the 5 to 95 % band lead; the mean is carried by
    rare replicates. Replicates without a reading at a generation are left out there.
    """

    generations: NDArray[np.int64]
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class History:
    """Readings of one lineage.

    Attributes
    ----------
    generations : ndarray of int, shape (generations read,)
        Which generations were read, counted from 0.
    readings : dict of str to ndarray, shape (replicates, generations read)
        One array per measure; NaN where a measure was undefined or the lineage had ended.
    alive : ndarray of bool, shape (replicates, generations read)
        Whether the model still varied.
    endings : dict of int to Ending
        Replicates in which no model could be fitted any more.
    snapshots : dict of int to object
        Some records that replicate 0 wrote, by generation, where they were asked for.
    provenance : dict
        Spec, seed and settings that re-run it.
    lineage : Lineage or None
        The lineage itself, so that theory can be asked about it.
    """

    generations: NDArray[np.int64]
    readings: dict[str, NDArray[np.float64]]
    alive: NDArray[np.bool_]
    endings: dict[int, Ending] = field(default_factory=dict)
    snapshots: Snapshots = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    lineage: Any = None

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.alive)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of what was measured."""
        return tuple(self.readings)

    def __getitem__(self, measure: str) -> NDArray[np.float64]:
        """Readings of a measure, shape ``(replicates, generations read)``."""
        try:
            return self.readings[measure]
        except KeyError:
            raise InputError(
                f"this history has no measure '{measure}'. {suggestion(measure, self.readings)}"
            ) from None

    def band(self, measure: str) -> Band:
        """Median, 5 to 95 % band, mean and its standard error over replicates."""
        values = self[measure]
        count = np.sum(~np.isnan(values), axis=0)
        low, median, high = _quantiles(values, (BAND[0], 0.5, BAND[1]))
        mean, error = _mean(values, count)
        return Band(self.generations, median, low, high, mean, error, count)

    def status(self, replicate: int) -> Status:
        """How a replicate ended."""
        if replicate in self.endings:
            return Status.EXTINCT
        return Status.ALIVE if self.alive[replicate, -1] else Status.DEGENERATE

    def stages(self) -> NDArray[Any]:
        """Stage of collapse of each replicate at each generation read, against generation 0.

        Returns
        -------
        ndarray of Stage, shape (replicates, generations read)
            From the measures ``variance`` and ``tail_retention``, by the rule of
            `modelcollapse.metrics.stage.stage`. A lineage that no longer varies, or that has
            ended for want of data, is in late collapse: there is no variance left. Where no model
            was ever fitted, or a training failed, nothing is decided from there on.
        """
        shape = self.alive.shape
        ratios = []
        for measure in ("tail_retention", "variance"):
            values = self.readings.get(measure, np.full(shape, np.nan))
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios.append(values / values[:, :1])
        stages = np.asarray(stage(*ratios), dtype=object)
        stages[~self.alive] = Stage.LATE
        for replicate, ending in self.endings.items():
            if not ending.collapsed:
                stages[replicate, self.generations >= ending.generation] = Stage.UNDECIDED
        return stages

    def compare(
        self,
        curve: Any,
        measure: str | None = None,
        *,
        of: Literal["mean", "log", "median"] = "mean",
    ) -> NDArray[np.float64]:
        """Score of the simulation against a theoretical curve, in standard errors.

        Parameters
        ----------
        curve : array_like, shape (generations read,), or an object with such ``values``
            What theory says.
        measure : str, optional
            Which measure the curve is about: what a prediction says of itself, and "variance" for
            an array, when not given.
        of : {"mean", "log", "median"}, default "mean"
            What the curve states: the expectation of the measure (compared on logs where all
            readings are positive), the expectation of its natural log, or its median (sign test).

        Returns
        -------
        ndarray, shape (generations read,)
            Standard normal if the theory holds and replicates are many; NaN where it is
            undefined, e.g. with fewer than two replicates or without any spread.
        """
        if isinstance(curve, History):
            raise InputError(
                "a history cannot be compared with a history, but with a curve: what predict "
                "returns, or an array with a value for each generation."
            )
        values = self[measure or getattr(curve, "measure", None) or "variance"]
        theory = np.asarray(getattr(curve, "values", curve), dtype=np.float64)
        if theory.shape != self.generations.shape:
            raise InputError(
                f"the curve has shape {theory.shape}, but the history was read at "
                f"{len(self.generations)} generations. Evaluate the theory at history.generations."
            )
        count = np.sum(~np.isnan(values), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            if of == "median":
                below = np.sum(values < theory, axis=0) + np.sum(values == theory, axis=0) / 2
                return np.asarray((count / 2 - below) / (np.sqrt(count) / 2))
            if of == "log":
                mean, error = _mean(np.log(values), count)
                return np.asarray((mean - theory) / error)
            if of != "mean":
                raise InputError(f"of = {of!r} is unknown. {suggestion(of, _OF)}")
            mean, error = _mean(values, count)
            if np.all(theory > 0) and not np.any(values <= 0):
                return np.asarray((np.log(mean) - np.log(theory)) / (error / mean))
            return np.asarray((mean - theory) / error)

    def columns(self, **constants: str) -> Columns:
        """Tidy columns: replicate, generation, measure, value; one row per reading."""
        replicates, read = self.alive.shape
        each = replicates * read
        names = self.measures
        tidy: Columns = {
            key: np.full(each * len(names), value, dtype=object) for key, value in constants.items()
        }
        tidy["replicate"] = np.tile(np.repeat(np.arange(replicates), read), len(names))
        tidy["generation"] = np.tile(self.generations, replicates * len(names))
        tidy["measure"] = np.repeat(np.array(names, dtype=object), each)
        tidy["value"] = (
            np.concatenate([self.readings[n].ravel() for n in names]) if names else np.empty(0)
        )
        return tidy

    def to_frame(self, backend: str | None = None) -> Any:
        """Tidy dataframe with columns replicate, generation, measure and value.

        Parameters
        ----------
        backend : {"polars", "pandas", "pyarrow"}, optional
            Dataframe library; the first of these that is installed when not given.

        Raises
        ------
        Missing
            If none is installed.
        """
        return frame(self.columns(), backend)

    def to_csv(self, path: str | Path) -> None:
        """Write the tidy table as CSV; numbers keep all their digits."""
        write_csv(self.columns(), Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: summaries per generation, endings and provenance."""
        stages = self.stages()
        return {
            "generations": self.generations.tolist(),
            "replicates": self.replicates,
            "measures": {
                name: {key: _plain(getattr(band, key)) for key in ("median", "low", "high", "mean")}
                for name, band in ((name, self.band(name)) for name in self.measures)
            },
            "band": list(BAND),
            "alive": np.mean(self.alive, axis=0).tolist(),
            "stages": {
                member.name.lower(): np.mean(stages == member, axis=0).tolist() for member in Stage
            },
            "endings": {
                str(replicate): {"generation": end.generation, "reason": end.reason}
                for replicate, end in sorted(self.endings.items())
            },
            "provenance": self.provenance,
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def plot(self, measures: Sequence[str] | None = None) -> Any:
        """Matplotlib figure: one panel per measure, median with its 5 to 95 % band."""
        from modelcollapse.plot import plot_histories

        return plot_histories({"": self}, measures)

    def to_html(self, path: str | Path) -> None:
        """Write a self-contained report page."""
        from modelcollapse.report import write_report

        write_report({"lineage": self}, Path(path))

    def __repr__(self) -> str:
        lines = [f"History of {self.replicates} replicates, {self.generations[-1]} generations"]
        lines += table({"": self})
        return "\n".join(lines)


_OF = ("mean", "log", "median")


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """List for JSON, which knows neither NaN nor infinity."""
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _quantiles(
    values: NDArray[np.float64], levels: tuple[float, ...]
) -> tuple[NDArray[np.float64], ...]:
    """Quantiles over the first axis, NaN readings left out and infinite ones kept.

    Linear between finite readings; the nearer one (the upper of two equally near) where one of the
    two is infinite, since there is nothing between.
    """
    ordered = np.sort(values, axis=0)
    count = np.sum(~np.isnan(values), axis=0)
    found = []
    for level in levels:
        position = level * np.maximum(count - 1, 0)
        below, above = np.floor(position).astype(int), np.ceil(position).astype(int)
        columns = np.arange(values.shape[1])
        a, b = ordered[below, columns], ordered[above, columns]
        with np.errstate(invalid="ignore"):
            between = a + (position - below) * (b - a)
        nearer = np.where(position - below < 0.5, a, b)
        found.append(np.where(np.isfinite(a) & np.isfinite(b), between, nearer))
    return tuple(np.where(count > 0, q, np.nan) for q in found)


def _mean(
    values: NDArray[np.float64], count: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and its standard error over the first axis; NaN where there are too few readings."""
    present = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.sum(np.where(present, values, 0.0), axis=0) / count
        square = np.sum(np.where(present, (values - mean) ** 2, 0.0), axis=0) / (count - 1)
        error = np.sqrt(square / count)
    return np.where(count > 0, mean, np.nan), np.where((count > 1) & (error > 0), error, np.nan)
