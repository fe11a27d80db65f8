"""Kernel density chains, scored in every generation, beside the scikit-learn script."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

import modelcollapse as mc
from benchmarks.suite import Check, Job, times_faster
from benchmarks.worlds import moons


class Moons:
    """Nature: two half circles."""

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        return moons(n, rng)


def chains(
    n: int, generations: int, seeds: int, bandwidth: float, policy: str, seed: int
) -> np.ndarray:
    """Held-out log density and total variance, read in every generation: (seeds, 2)."""
    grows = {"replace": mc.Replace(n), "accumulate": mc.Accumulate(n)}[policy]
    lineage = mc.Lineage(Moons(), mc.KernelDensity(bandwidth), grows, size=n, holdout=500)
    history = lineage.run(
        generations - 1, replicates=seeds, seed=seed, probes=["cross_entropy", "variance"]
    )
    return np.column_stack([-history["cross_entropy"][:, -1], history["variance"][:, -1]])


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import kde_sklearn

    found = []
    for policy, seeds in (("replace", 5), ("accumulate", 2)):
        generations, chosen = (10, 2) if quick else (50, seeds)
        found.append(
            Job(
                "kernel",
                f"KDE {policy}, moons, n=1000, {generations} generations, {chosen} seeds",
                {
                    "n": 1000, "generations": generations, "seeds": chosen,
                    "bandwidth": 0.1, "policy": policy,
                },
                chains,
                (Check(times_faster, "x faster"),),
                "distances and exponentials of all pairs of a held-out and a fitted record, "
                "3 to 4 ns a pair; fitting and writing cost next to nothing",
                kde_sklearn.run,
                ("held-out log density", "total variance"),
            )
        )  # fmt: skip
    return found
