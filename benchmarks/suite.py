"""Jobs, the figures they give, and the table they are printed in."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Timing, measure_alone

Figure = Callable[[Timing, Timing | None], float]


def times_faster(ours: Timing, other: Timing | None) -> float:
    """Wall time of the other side over ours."""
    return other.wall / ours.wall if other else float("nan")


def times_the_cost(ours: Timing, other: Timing | None) -> float:
    """Our wall time over that of the other side."""
    return ours.wall / other.wall if other else float("nan")


def seconds(ours: Timing, _: Timing | None) -> float:
    """Our wall time."""
    return ours.wall


def returned(ours: Timing, _: Timing | None) -> float:
    """What our side measured itself: the median over its runs."""
    return float(np.median(ours.values))


def returned_cost(ours: Timing, other: Timing | None) -> float:
    """What our side measured itself over what the other one did."""
    return returned(ours, None) / returned(other, None) if other else float("nan")


@dataclass(frozen=True)
class Check:
    """A figure, and the target that was set for it, if any."""

    figure: Figure
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    def met(self, value: float) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_least is not None:
            return value >= self.at_least
        return None if self.at_most is None else value <= self.at_most


@dataclass(frozen=True)
class Job:
    """Some work, done by the package and, where there is one, by another side.

    Parameters
    ----------
    group : str
        What `--only` selects.
    work : str
        What is done.
    arguments : mapping
        Size of the work: passed to both sides, which also take `seed`.
    ours, other : callable
        Functions of a module, so that a new process finds them. Where both return an array of
        shape ``(chains, readings)``, these are compared.
    checks : sequence of Check
        One line of the table each.
    bound : str
        What bounds our side.
    readings : tuple of str
        Names of what the sides read at the last generation.
    ours_only, other_only : mapping
        Arguments of one side.
    threads : int or None, default 1
        Threads of linear algebra and k-means on both sides; None leaves them to the libraries.
    """

    group: str
    work: str
    arguments: Mapping[str, Any]
    ours: Callable[..., Any]
    checks: tuple[Check, ...]
    bound: str
    other: Callable[..., Any] | None = None
    readings: tuple[str, ...] = ()
    ours_only: Mapping[str, Any] = field(default_factory=dict)
    other_only: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = 1

    def run(self) -> Result:
        ours = measure_alone(self.ours, {**self.arguments, **self.ours_only}, self.threads)
        other = None
        if self.other is not None:
            sized = {**self.arguments, **self.other_only}
            other = measure_alone(self.other, sized, self.threads)
        return Result(self, ours, other)


@dataclass(frozen=True)
class Result:
    """What came of a job."""

    job: Job
    ours: Timing
    other: Timing | None

    @property
    def agreement(self) -> dict[str, float]:
        """Difference of the two sides' mean readings, in standard errors.

        Both sides claim one law, so their chains share one standard deviation.
        """
        if self.other is None or not self.job.readings:
            return {}
        a: NDArray[Any] = np.concatenate(self.ours.values)
        b: NDArray[Any] = np.concatenate(self.other.values)
        squares = np.square(a - a.mean(axis=0)).sum(axis=0)
        squares = squares + np.square(b - b.mean(axis=0)).sum(axis=0)
        error = np.sqrt(squares / (len(a) + len(b) - 2) * (1 / len(a) + 1 / len(b)))
        difference = a.mean(axis=0) - b.mean(axis=0)
        scores = np.where(error > 0, difference / np.where(error > 0, error, 1.0), np.nan)
        return dict(zip(self.job.readings, scores.tolist(), strict=True))

    def plain(self) -> dict[str, Any]:
        """Plain data for JSON."""
        sides = {"ours": self.ours, "other": self.other}
        return {
            "group": self.job.group,
            "work": self.job.work,
            "threads": self.job.threads,
            "figures": [
                {
                    "value": check.figure(self.ours, self.other),
                    "unit": check.unit,
                    "target": check.target,
                    "met": check.met(check.figure(self.ours, self.other)),
                }
                for check in self.job.checks
            ],
            **{
                name: {"wall": t.wall, "cpu": t.cpu, "peak_mib": t.peak, "runs": t.runs}
                for name, t in sides.items()
                if t is not None
            },
            "agreement_in_standard_errors": self.agreement,
            "bound": self.job.bound,
        }

    def lines(self, judge: bool) -> Iterator[str]:
        """Rows of the table, the agreement, and what bounds the package."""
        other = self.other
        for i, check in enumerate(self.job.checks):
            value = check.figure(self.ours, other)
            met = {True: "met", False: "MISSED", None: ""}[check.met(value) if judge else None]
            shown = ("", "", "", "")
            if i == 0:
                memory = f"{self.ours.peak:.0f}" + (f" / {other.peak:.0f}" if other else "")
                wall = f"{other.wall:.3f}" if other else ""
                shown = (self.job.work, f"{self.ours.wall:.3f}", wall, memory)
            figure = f"{number(value)} {check.unit}"
            yield ROW.format(*shown[:3], figure, check.target, met, shown[3])
        if self.agreement:
            scores = ", ".join(f"{name} {z:+.1f}" for name, z in self.agreement.items())
            a, b = (sum(len(v) for v in t.values) for t in (self.ours, other) if t)
            yield f"    same law: {scores} standard errors apart ({a} and {b} chains)"
        yield from textwrap.wrap(
            f"bound by {self.job.bound}", 118, initial_indent="    ", subsequent_indent="    "
        )


ROW = "{:<74}{:>8}{:>9}{:>24}{:>8} {:<7}{:>10}"

HEAD = ROW.format("work", "ours s", "other s", "figure", "target", "", "peak MiB")


def number(value: float) -> str:
    """Three digits."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
