"""Gaussian chains by sufficient statistics, beside rows and np.cov."""

from __future__ import annotations

from typing import Any

import numpy as np

import modelcollapse as mc
from benchmarks.suite import Check, Job, times_faster

PROBES = ("log_variance", "mean_error")

BOUND = {
    1: "the loop's fixed cost of some fifteen NumPy calls a generation on arrays of 100 numbers",
    10: "drawing the factors' normals and gammas, 55 of them a chain and generation, then by the "
    "batched product of 10 x 10 matrices and the loop's fixed cost",
    30: "drawing the factors' normals, 435 a chain and generation, then by the batched product",
    100: "drawing the factors' normals, 4950 a chain and generation, then by the batched product, "
    "which does not know that both matrices are triangular",
}


def chains(d: int, n: int, generations: int, seeds: int, seed: int) -> np.ndarray:
    """Log variance and error of the mean, read in every generation: (seeds, 2) at the last."""
    truth = mc.Gaussian((0.0,) * d, 1.0).exact()
    lineage = mc.Lineage(truth, mc.GaussianMLE(ddof=1), mc.Replace(n), size=n)
    history = lineage.run(generations - 1, replicates=seeds, seed=seed, probes=PROBES)
    return np.column_stack([history[name][:, -1] for name in PROBES])


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import gaussian_recursion

    generations = 20 if quick else 1000
    found: list[Job] = []
    for d, seeds, target in ((1, 100, 100), (10, 100, 100), (30, 100, None), (100, 20, 20)):
        size: dict[str, Any] = {"d": d, "n": 1000, "generations": generations, "seeds": seeds}
        found.append(
            Job(
                "gaussian",
                f"Gaussian replace, d={d}, n=1000, {generations} generations, {seeds} seeds",
                size,
                chains,
                (Check(times_faster, "x faster", at_least=target),),
                BOUND[d],
                gaussian_recursion.run,
                ("log variance", "mean error"),
            )
        )
    return found
