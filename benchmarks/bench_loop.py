"""What the loop itself costs, and chains of a million generations or states."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

import modelcollapse as mc
from benchmarks.suite import Check, Job, returned, seconds
from benchmarks.timing import memory


@dataclass(frozen=True)
class Memory:
    """Resident memory of the process, MiB."""

    name: ClassVar[str] = "memory"

    def __call__(self, generation: mc.Generation) -> float:
        return memory()


@dataclass(frozen=True)
class Echo:
    """A model that writes what it was fitted to: it costs nothing, so all cost is the loop's."""

    data: NDArray[Any]

    def sample(self, n: int, *, rng: Generator) -> NDArray[Any]:
        return self.data


class Parrot:
    """Learner of echoes."""

    def fit(self, data: Any, *, rng: Generator, parent: Any = None) -> Echo:
        return Echo(data)


def loop(generations: int, seed: int) -> float:
    """Microseconds a generation."""
    lineage = mc.Lineage(Echo(np.zeros((100, 1))), Parrot(), mc.Replace(100), size=100)
    started = time.perf_counter()
    lineage.run(generations, seed=seed, probes=[])
    return (time.perf_counter() - started) * 1e6 / generations


def gaussian(generations: int, every: int, seed: int) -> float:
    """MiB that a chain's memory grew by over its last nine tenths."""
    lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(1000), size=1000)
    return growth(lineage, generations, every, seed, ["log_variance"])


def categorical(states: int, generations: int, every: int, seed: int) -> float:
    """MiB that a chain's memory grew by over its last nine tenths."""
    lineage = mc.Lineage(mc.Zipf(states), mc.Frequencies(), mc.Replace(states), size=states)
    return growth(lineage, generations, every, seed, ["support", "entropy", "lost_mass"])


def growth(
    lineage: mc.Lineage, generations: int, every: int, seed: int, probes: list[str]
) -> float:
    history = lineage.run(generations, every=every, seed=seed, probes=[*probes, Memory()])
    resident = history["memory"][0]
    return float(resident[-1] - resident[len(resident) // 10])


def jobs(quick: bool) -> list[Job]:
    long, states = (20_000, 10**5) if quick else (10**6, 10**6)
    bounded = Check(returned, "MiB of growth", at_most=1)
    return [
        Job(
            "loop",
            "overhead of the loop: 10^4 generations of a learner that costs nothing",
            {"generations": 1_000 if quick else 10_000},
            loop,
            (Check(returned, "µs a generation", at_most=100),),
            "making two random generators, of the fit and of the writing",
        ),
        Job(
            "long",
            f"Gaussian, d=1, log space, one chain of {long:,} generations",
            {"generations": long, "every": long // 100},
            gaussian,
            (Check(seconds, "s", at_most=300), bounded),
            "the fixed cost of a generation: two random generators, then some ten NumPy calls on "
            "single numbers",
        ),
        Job(
            "long",
            f"Zipf, K=n={states:,}, one chain of 100 generations",
            {"states": states, "generations": 100, "every": 10},
            categorical,
            (Check(seconds, "s", at_most=300), bounded),
            "one Poisson number for each state that is left",
        ),
    ]
