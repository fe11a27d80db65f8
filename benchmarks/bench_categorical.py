"""Categorical chains on the states that are left, beside scripts with all states in every array."""

from __future__ import annotations

import numpy as np

import modelcollapse as mc
from benchmarks.suite import Check, Job, times_faster

PROBES = ("support", "variance", "entropy", "total_variation", "lost_mass")


def chains(states: int, n: int, generations: int, seeds: int, seed: int) -> np.ndarray:
    """Five measures, read in every generation: (seeds, 5) at the last."""
    lineage = mc.Lineage(mc.Zipf(states), mc.Frequencies(), mc.Replace(n), size=n)
    history = lineage.run(generations - 1, replicates=seeds, seed=seed, probes=PROBES)
    return np.column_stack([history[name][:, -1] for name in PROBES])


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import discrete_zipf

    generations, seeds = (20, 20) if quick else (100, 100)
    return [
        Job(
            "categorical",
            f"Zipf replace, K=n=10^4, {generations} generations, {seeds} seeds, vs {draw}",
            {"states": 10_000, "n": 10_000, "generations": generations, "seeds": seeds},
            chains,
            (Check(times_faster, "x faster", at_least=target),),
            "one Poisson number, 30 to 55 ns, for each state that is left (half the time), then by "
            "the passes of five measures over these states",
            discrete_zipf.run,
            ("states left", "heterozygosity", "entropy", "total variation", "lost mass"),
            other_only={"draw": draw},
        )
        for draw, target in (("choice", 12), ("multinomial", 1))
    ]
