"""Corpora that grow: accumulate beside replace, and the cost of a record as they grow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

import modelcollapse as mc
from benchmarks import bench_categorical, bench_gaussian
from benchmarks.bench_kernel import Moons
from benchmarks.bench_mixture import Clusters
from benchmarks.bench_ngram import ModelReadings
from benchmarks.suite import Check, Job, returned, returned_cost, times_the_cost
from benchmarks.worlds import running_text

PROBES = {
    "gaussian": bench_gaussian.PROBES,
    "zipf": bench_categorical.PROBES,
    "ngram": [ModelReadings()],
}
POLICIES = {"replace": mc.Replace, "accumulate": mc.Accumulate}


@dataclass(frozen=True)
class Clock:
    """Time at which a generation was read, s."""

    name: ClassVar[str] = "clock"

    def __call__(self, generation: mc.Generation) -> float:
        return time.perf_counter()


@dataclass(frozen=True)
class Left:
    """States, or n-grams of all lengths, that a model has a number for."""

    name: ClassVar[str] = "left"

    def __call__(self, generation: mc.Generation) -> Any:
        model: Any = generation.model
        counts = model.counts
        return np.diff(counts.starts) if hasattr(counts, "starts") else len(counts.count)


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
        "ngram": lambda: (mc.Empirical(texts(64 * n + 640)), mc.NGram(3)),
        "mixture": lambda: (Clusters(), mc.Mixture(3)),
        "kernel": lambda: (Moons(), mc.KernelDensity(0.1)),
    }[family]()
    return mc.Lineage(truth, learner, POLICIES[policy](n), size=n, holdout=10)


def chain_of(family: str, n: int, generations: int, seeds: int, policy: str, seed: int) -> None:
    """Run the loop, measuring what the comparison with the script measures."""
    probes = PROBES[family.split()[0]]
    lineage(family, n, policy).run(generations, replicates=seeds, seed=seed, probes=probes)


def time_of_one(family: str, n: int, generations: int, seeds: int, policy: str, seed: int) -> float:
    """Nanoseconds for each state or n-gram that is left, over all generations."""
    chain, probes = lineage(family, n, policy), [*PROBES[family], Left()]
    started = time.perf_counter()
    history = chain.run(generations, replicates=seeds, seed=seed, probes=probes)
    return (time.perf_counter() - started) * 1e9 / float(history["left"].sum())


def record_time(family: str, n: int, generations: int, seed: int) -> float:
    """Time of a record at the last generation over that at a tenth of them."""
    history = lineage(family, n, "accumulate").run(generations, seed=seed, probes=[Clock()])
    each = np.diff(history["clock"][0]) / np.arange(2, generations + 2)
    tenth = generations // 10
    # Medians over a few generations around each: one alone is at the mercy of the scheduler.
    return float(np.median(each[-5:]) / np.median(each[max(tenth - 3, 0) : tenth + 2]))


MERGER = "merging the roots of two scatters, at the cost of one or two draws"

STATISTICS = {
    "gaussian d=1": (1000, 100, "Gaussian, exact, d=1", "the loop's fixed cost, and the merger"),
    "gaussian d=10": (1000, 100, "Gaussian, exact, d=10", MERGER),
    "gaussian d=100": (1000, 20, "Gaussian, exact, d=100", MERGER),
    "gaussian rows": (
        1000,
        5,
        "Gaussian, rows, d=10",
        "drawing the new rows, their moments, and the merger",
    ),
    "zipf rows": (10_000, 3, "Zipf, rows, K=10^4", "sorting the new rows to count them"),
}

DISCRETE = {
    "zipf": (10_000, 20, "Zipf, counts, K=10^4", "state", "one Poisson number for each state"),
    "ngram": (
        400,
        1,
        "n-grams, 25,600 tokens",
        "n-gram",
        "merging counts and laying out the law, for each n-gram",
    ),
}

POOLED = {
    "mixture": (1000, "EM over the corpus, every record as often as there are updates"),
    "kernel": (100_000, "writing the new records, as fitting keeps the old ones as they are"),
}


def jobs(quick: bool) -> list[Job]:
    generations = 20 if quick else 100
    beside = {"ours_only": {"policy": "accumulate"}, "other_only": {"policy": "replace"}}
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
                **beside,
            )
        )
    for family, (n, seeds, name, kind, bound) in DISCRETE.items():
        found.append(
            Job(
                "growth",
                f"accumulate: {name}, {generations} generations, {seeds} seeds",
                {"family": family, "n": n, "generations": generations, "seeds": seeds},
                time_of_one,
                (
                    Check(returned_cost, f"x per {kind} left", at_most=2),
                    Check(times_the_cost, "x replace"),
                ),
                f"{bound} that is left: accumulating keeps those of generation 0, where "
                "replacing loses most of them",
                time_of_one,
                **beside,
            )
        )
    for family, (n, bound) in POOLED.items():
        found.append(
            Job(
                "growth",
                f"accumulate: {family}, a record, generation {generations} vs {generations // 10}",
                {"family": family, "n": n, "generations": generations},
                record_time,
                (Check(returned, "x the cost", at_most=2),),
                bound,
            )
        )
    return found
