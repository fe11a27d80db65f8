"""Corpora that grow: accumulate beside replace, and the cost of a record as they grow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

import modelcollapse as mc
from benchmarks.bench_kernel import Moons
from benchmarks.bench_mixture import Clusters
from benchmarks.suite import Check, Job, returned, returned_cost, times_the_cost
from benchmarks.worlds import running_text

POLICIES = {"replace": mc.Replace, "accumulate": mc.Accumulate}


@dataclass(frozen=True)
class Clock:
    """Time at which a generation was read, s."""

    name: ClassVar[str] = "clock"

    def __call__(self, generation: mc.Generation) -> float:
        return time.perf_counter()


@dataclass(frozen=True)
class States:
    """States of a categorical model that are left."""

    name: ClassVar[str] = "states"

    def __call__(self, generation: mc.Generation) -> Any:
        model: Any = generation.model
        return np.diff(model.starts)


@cache
def texts(tokens: int) -> mc.Texts:
    """Running text in blocks of 64 tokens."""
    ids = running_text(tokens, np.random.default_rng(0))
    vocabulary = tuple(f"w{i}" for i in range(ids.max() + 1))
    return mc.Texts(ids, np.array([0, len(ids)]), vocabulary).blocks(64)


def lineage(family: str, n: int, policy: str) -> mc.Lineage:
    truth, learner = {
        "gaussian d=1": lambda: (mc.Gaussian().exact(), mc.GaussianMLE()),
        "gaussian d=10": lambda: (mc.Gaussian((0.0,) * 10, 1.0).exact(), mc.GaussianMLE()),
        "gaussian d=100": lambda: (mc.Gaussian((0.0,) * 100, 1.0).exact(), mc.GaussianMLE()),
        "gaussian rows": lambda: (mc.Gaussian((0.0,) * 10, 1.0), mc.GaussianMLE()),
        "zipf": lambda: (mc.Zipf(10_000), mc.Frequencies()),
        "zipf rows": lambda: (mc.Zipf(10_000).rows(), mc.Frequencies()),
        "ngram": lambda: (mc.Empirical(texts(64 * n + 64)), mc.NGram(3)),
        "mixture": lambda: (Clusters(), mc.Mixture(3)),
        "kernel": lambda: (Moons(), mc.KernelDensity(0.1)),
    }[family]()
    return mc.Lineage(truth, learner, POLICIES[policy](n), size=n, holdout=1)


def chain_of(family: str, n: int, generations: int, seeds: int, policy: str, seed: int) -> None:
    """Run the loop, measuring nothing."""
    lineage(family, n, policy).run(generations, replicates=seeds, seed=seed, probes=[])


def state_time(n: int, generations: int, seeds: int, policy: str, seed: int) -> float:
    """Nanoseconds a state that is left, over all generations."""
    chain = lineage("zipf", n, policy)
    started = time.perf_counter()
    history = chain.run(generations, replicates=seeds, seed=seed, probes=[States()])
    return (time.perf_counter() - started) * 1e9 / history["states"].sum()


def record_time(family: str, n: int, generations: int, seed: int) -> float:
    """Time of a record at the last generation over that at a tenth of them."""
    history = lineage(family, n, "accumulate").run(generations, seed=seed, probes=[Clock()])
    each = np.diff(history["clock"][0]) / np.arange(2, generations + 2)
    tenth = generations // 10
    # Medians over a few generations around each: one alone is at the mercy of the scheduler.
    return float(np.median(each[-5:]) / np.median(each[max(tenth - 3, 0) : tenth + 2]))


MERGER = "QR factorisations that merge the roots of two scatters"

STATISTICS = {
    "gaussian d=1": (1000, 100, "Gaussian, exact, d=1", "the loop's fixed cost, and the merger"),
    "gaussian d=10": (1000, 100, "Gaussian, exact, d=10", MERGER),
    "gaussian d=100": (1000, 20, "Gaussian, exact, d=100", MERGER),
    "gaussian rows": (1000, 5, "Gaussian, rows, d=10", "drawing and summarising the new rows"),
    "zipf rows": (10_000, 3, "Zipf, rows, K=10^4", "counting the new rows, which is a sort"),
    "ngram": (400, 1, "n-grams, 25,600 tokens", "laying out the law of all n-grams seen"),
}


def jobs(quick: bool) -> list[Job]:
    generations = 20 if quick else 100
    found = []
    for family, (n, seeds, name, bound) in STATISTICS.items():
        found.append(
            Job(
                "growth",
                f"accumulate: {name}, {generations} generations, {seeds} seeds",
                {"family": family, "n": n, "generations": generations, "seeds": seeds},
                chain_of,
                (Check(times_the_cost, "x replace", at_most=2),),
                bound,
                chain_of,
                ours_only={"policy": "accumulate"},
                other_only={"policy": "replace"},
            )
        )
    seeds = 5 if quick else 20
    found.append(
        Job(
            "growth",
            f"accumulate: Zipf, counts, K=10^4, {generations} generations, {seeds} seeds",
            {"n": 10_000, "generations": generations, "seeds": seeds},
            state_time,
            (
                Check(returned_cost, "x per state left", at_most=2),
                Check(times_the_cost, "x replace"),
            ),
            "one Poisson number for each state that is left: accumulating keeps all states of "
            "generation 0 alive, where replacing loses most of them",
            state_time,
            ours_only={"policy": "accumulate"},
            other_only={"policy": "replace"},
        )
    )
    tenth = generations // 10
    for family, n, bound in (
        ("mixture", 1000, "EM over the corpus, every record as often as there are updates"),
        ("kernel", 100_000, "writing the new records, as fitting keeps the old ones as they are"),
    ):
        found.append(
            Job(
                "growth",
                f"accumulate: {family}, a record at generation {generations} vs {tenth}",
                {"family": family, "n": n, "generations": generations},
                record_time,
                (Check(returned, "x the cost", at_most=2),),
                bound,
            )
        )
    return found
