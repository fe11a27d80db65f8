"""Time the package beside the script a researcher would write: same work, same law."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


class Stopwatch:
    """Context manager that leaves `wall` and `cpu` seconds behind."""

    wall: float = float("nan")
    cpu: float = float("nan")

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.cpu = time.process_time() - self._cpu


@dataclass(frozen=True)
class Timing:
    """Medians over repeats of one callable: seconds, and the value that it returned last."""

    wall: float
    cpu: float
    value: Any


@dataclass(frozen=True)
class Comparison:
    """Ours beside the baseline."""

    name: str
    ours: Timing
    baseline: Timing

    @property
    def ratio(self) -> float:
        """How many times less wall time ours takes."""
        return self.baseline.wall / self.ours.wall


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(call: Callable[[], Any], repeats: int = 3) -> Timing:
    """Run `call` `repeats` times and keep the medians."""
    wall, cpu, value = [], [], None
    for _ in range(repeats):
        with Stopwatch() as watch:
            value = call()
        wall.append(watch.wall)
        cpu.append(watch.cpu)
    return Timing(statistics.median(wall), statistics.median(cpu), value)


def environment() -> str:
    """One line that says what the figures were measured on."""
    load = os.getloadavg()[0]
    return (
        f"python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores, "
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}, load {load:.1f}"
    )


def header() -> None:
    """Print the environment and the head of the table that `compare` adds rows to."""
    print(environment())
    print(
        f"{'job':<34}{'ours wall':>11}{'cpu':>9}{'baseline wall':>15}{'cpu':>9}{'ratio':>9}"
        f"{'peak MiB':>10}"
    )


def compare(
    name: str,
    ours: Callable[[], Any],
    baseline: Callable[[], Any],
    repeats: int = 3,
    *,
    baseline_repeats: int | None = None,
) -> Comparison:
    """Time both callables, print one row of the table, return the figures.

    Parameters
    ----------
    name : str
        What the job is.
    ours, baseline : callable
        Both do the same work; what they return is kept as `.value` of the timings.
    repeats : int, default 3
        Runs of each; the medians are reported. Two short runs of `ours` are as informative as one
        long baseline, so give the baseline its own number where it takes minutes.
    baseline_repeats : int, optional
        Runs of the baseline; as many as ours by default.
    """
    fast = measure(ours, repeats)
    peak = peak_rss_mb()  # before the baseline may raise it
    slow = measure(baseline, repeats if baseline_repeats is None else baseline_repeats)
    result = Comparison(name, fast, slow)
    print(
        f"{name:<34}{fast.wall:>10.3f}s{fast.cpu:>8.2f}s{slow.wall:>14.2f}s{slow.cpu:>8.1f}s"
        f"{result.ratio:>8.1f}x{peak:>10.0f}",
        flush=True,
    )
    return result
