"""Categorical chains beside `rng.choice` + `np.bincount`, and beside `multinomial` over all states.

Same work and law: five measures of every generation of every chain. The baselines run fewer seeds
and are scaled up, since each seed costs them the same.

What bounds ours: one Poisson number (30 to 55 ns) for each state that is left, and in small
batches the arrays' fixed cost; the measures add a tenth.
"""

from __future__ import annotations

import argparse

import numpy as np
from baselines import discrete_zipf
from timing import Stopwatch, environment, measure, peak_rss_mb

from modelcollapse import records
from modelcollapse.families.categorical import FittedCategorical, Frequencies, Zipf
from modelcollapse.seeds import generator

MEASURES = ("states left", "heterozygosity", "entropy", "total variation", "lost mass")


def read(model: FittedCategorical, truth: np.ndarray) -> tuple[np.ndarray, ...]:
    """The five measures, each of every replicate."""
    p, real = model.probabilities, truth[model.states]
    return (
        np.diff(model.starts),
        1 - model.total(p**2),
        -model.total(p * np.log(p)),
        1 - model.total(np.minimum(p, real)),
        1 - model.total(real),
    )


def chain(
    states: int, n: int, generations: int, seeds: int | None, accumulate: bool = False
) -> np.ndarray:
    """Readings of shape (generations, 5, seeds); the bare loop, without `Lineage`."""
    # Swap this loop for Lineage(law, Frequencies(), Replace(n), size=n).run(...) to time the whole.
    law = Zipf(states)
    source = law if seeds is None else law.replicate(seeds)
    learner, readings = Frequencies(), []
    data = source.sample(n, rng=generator(0, 0, 0, "nature"))
    for t in range(generations):
        model = learner.fit(data, rng=generator(0, 0, t, "fit"))
        readings.append(read(model, law.dense()))
        if t + 1 < generations:
            new = model.sample(n, rng=generator(0, 0, t, "write"))
            data = records.concat([data, new]) if accumulate else new
    return np.array([[np.ravel(value) for value in row] for row in readings])


def compare_chains(states: int, n: int, generations: int, seeds: int, policy: str) -> None:
    few = max(1, seeds // 20)
    truth = discrete_zipf.zipf(states)
    ours = measure(lambda: chain(states, n, generations, seeds, policy == "accumulate"), 3)
    name = f"K={states} n={n} {generations} generations, {seeds} seeds, {policy}"
    print(f"{name}: {ours.wall:.3f} s ({ours.cpu:.3f} s of CPU time)")
    for draw in ("choice", "multinomial"):
        base = measure(lambda d=draw: discrete_zipf.run(truth, n, generations, few, d, policy), 3)
        wall = base.wall * seeds / few
        print(f"  {draw + ' over all states':<26}{wall:8.2f} s   ratio {wall / ours.wall:6.1f}")
        last = zip(
            MEASURES, ours.value[-1].mean(axis=1), base.value[:, -1].mean(axis=0), strict=True
        )
    shown = ", ".join(f"{name} {a:.4g} / {b:.4g}" for name, a, b in last)
    print(f"  last generation, ours / theirs: {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--generations", type=int, default=100)
    arguments = parser.parse_args()
    print(environment())
    for policy in ("replace", "accumulate"):
        compare_chains(10_000, 10_000, arguments.generations, arguments.seeds, policy)
    compare_chains(20, 40, 20, 20_000, "replace")
    for generations in (10, 40):
        with Stopwatch() as watch:
            chain(10**6, 10**6, generations, None)
        print(
            f"K=n=1000000, one chain, {generations} generations: {watch.wall:.2f} s, "
            f"peak {peak_rss_mb():.0f} MiB"
        )


if __name__ == "__main__":
    main()
