"""Clocks and memory: one side of a comparison, measured in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

AT_LEAST = (3, 1.0)
"""Runs and seconds that a measurement takes, unless it has become too long before."""

ENOUGH = 10.0
"""Seconds after which no further run is started."""


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
    """One side of a comparison: median seconds, peak memory, and what each run returned."""

    wall: float
    cpu: float
    peak: float
    runs: int
    values: list[Any]


def peak_memory() -> float:
    """Largest resident memory of this process so far, MiB."""
    if Path("/proc/self/status").exists():
        # Unlike getrusage, this does not remember the process that started this one.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def memory() -> float:
    """Resident memory of this process now, MiB; NaN where the system does not say."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return float("nan")
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20


def measure(call: Callable[..., Any], arguments: Mapping[str, Any]) -> Timing:
    """Run `call` with seeds 0, 1, 2, ... until the median means something.

    Parameters
    ----------
    call : callable
        Takes the arguments and `seed`.
    arguments : mapping
        Passed by name.

    Returns
    -------
    Timing
        Of three runs at least, more if those take less than a second together, and fewer if one
        or two take more than ten.
    """
    wall: list[float] = []
    cpu: list[float] = []
    values: list[Any] = []
    runs, seconds = AT_LEAST
    while (len(wall) < runs or sum(wall) < seconds) and sum(wall) < ENOUGH:
        with Stopwatch() as watch:
            values.append(call(**arguments, seed=len(wall)))
        wall.append(watch.wall)
        cpu.append(watch.cpu)
    return Timing(statistics.median(wall), statistics.median(cpu), peak_memory(), len(wall), values)


def measure_alone(
    call: Callable[..., Any], arguments: Mapping[str, Any], threads: int | None
) -> Timing:
    """`measure` in a new process, so that one side's memory and caches do not colour the other.

    Parameters
    ----------
    call, arguments
        As in `measure`.
    threads : int or None
        Threads of linear algebra and k-means; None leaves them to the libraries.
    """
    for name in THREADS:
        os.environ.pop(name, None)
        if threads is not None:
            os.environ[name] = str(threads)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, call, arguments).result()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "load": round(os.getloadavg()[0], 1) if sys.platform != "win32" else None,
    }
