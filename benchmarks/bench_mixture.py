"""Mixture chains, beside scikit-learn's loop: cold against cold, warm against warm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

import modelcollapse as mc
from benchmarks.suite import Check, Job, times_faster
from benchmarks.worlds import clusters


class Clusters:
    """Nature: three clusters in the plane."""

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        return clusters(n, rng)


@dataclass(frozen=True)
class SmallestWeight:
    """Share of the smallest component."""

    name: ClassVar[str] = "smallest_weight"

    def __call__(self, generation: mc.Generation) -> float:
        model: Any = generation.model
        return float(model.weights.min())


def chains(n: int, generations: int, seeds: int, start: Any, seed: int) -> np.ndarray:
    """Smallest weight and held-out log-likelihood, read in every generation: (seeds, 2)."""
    learner = mc.Mixture(3, start)
    lineage = mc.Lineage(Clusters(), learner, mc.Replace(n), size=n, holdout=2000)
    history = lineage.run(
        generations - 1, replicates=seeds, seed=seed, probes=[SmallestWeight(), "cross_entropy"]
    )
    return np.column_stack([history["smallest_weight"][:, -1], -history["cross_entropy"][:, -1]])


BOUND = {
    "cold": "EM, some 15 ns a record, component and update (a third of the time), and by its "
    "start: k-means (a quarter) and the moments of the clusters (a sixth)",
    "warm": "EM, some 15 ns a record, component and update",
}


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import gmm_sklearn

    generations, seeds = (10, 2) if quick else (50, 5)
    return [
        Job(
            "mixture",
            f"mixture of 3, d=2, n=10^4, {generations} generations, {seeds} seeds, {start}, "
            + ("1 thread" if threads else "default threads"),
            {"n": 10_000, "generations": generations, "seeds": seeds, "start": start},
            chains,
            (Check(times_faster, "x faster", at_least=target),),
            BOUND[start],
            gmm_sklearn.run,
            ("smallest weight", "held-out log-likelihood"),
            threads=threads,
        )
        for start, threads, target in (
            # The target is about scikit-learn's default loop, whose k-means uses every core; on
            # data as small as this, one thread is faster.
            ("cold", None, 5),
            ("cold", 1, None),
            ("warm", None, None),
            ("warm", 1, None),
        )
    ]
