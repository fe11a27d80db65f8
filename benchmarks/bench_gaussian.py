"""Gaussian chains by sufficient statistics beside rows and np.cov: same law, same work.

OMP_NUM_THREADS=1 python benchmarks/bench_gaussian.py          # 1000 generations: minutes
OMP_NUM_THREADS=1 python benchmarks/bench_gaussian.py --quick    # 20 generations of both
OMP_NUM_THREADS=1 python benchmarks/bench_gaussian.py --ours     # the package alone
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from baselines import gaussian_recursion
from timing import compare, environment, header, measure

from modelcollapse.families.gaussian import ExactGaussian, GaussianMLE, GaussianModel
from modelcollapse.seeds import generator

JOBS = {1: 100, 10: 100, 30: 100, 100: 20}  # seeds for each number of dimensions


def chain(d: int, n: int, generations: int, seeds: int) -> GaussianModel:
    """Swap the loop for ``Lineage(...).run`` to time what a user calls."""
    learner, model = GaussianMLE(ddof=1), ExactGaussian((0.0,) * d).replicate(seeds).law
    for generation in range(generations):
        moments = model.sample(n, rng=generator(0, 0, generation, "write"))
        model = learner.fit(moments, rng=generator(0, 0, generation, "fit"))
    return model


def run(d: int, n: int, generations: int, seeds: int) -> np.ndarray:
    """Readings of the baseline: log variance of the first coordinate, mean variance, mean error."""
    model = chain(d, n, generations, seeds)
    first = 2 * np.log(np.abs(model.root[:, 0, 0]))
    first += 2 * math.log(2) * model.exponent[:, 0]
    return np.column_stack([first, model.variance / d, np.square(model.mean).sum(axis=1) / d])


def same_law(ours: np.ndarray, baseline: np.ndarray) -> str:
    """Deviations of the two means in standard errors; the first reading has no heavy tail."""
    error = np.sqrt(
        ours.var(axis=0, ddof=1) / len(ours) + baseline.var(axis=0, ddof=1) / len(baseline)
    )
    z = (ours.mean(axis=0) - baseline.mean(axis=0)) / error
    names = ("log variance", "variance", "mean error")
    return "  agreement in standard errors: " + ", ".join(
        f"{name} {value:+.1f}" for name, value in zip(names, z, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 generations of both")
    parser.add_argument("--ours", action="store_true", help="leave the baseline out")
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--d", type=int, nargs="*", default=list(JOBS))
    args = parser.parse_args()
    generations = 20 if args.quick else args.generations
    print(environment()) if args.ours else header()
    for d in args.d:
        job = (d, args.n, generations, JOBS.get(d, 20))
        name = f"d={d}, {generations} generations, {job[3]} seeds"
        if args.ours:
            print(f"{name:<42}{measure(lambda job=job: run(*job)).wall:>10.3f}s", flush=True)
            continue
        result = compare(
            name,
            lambda job=job: run(*job),
            lambda job=job: gaussian_recursion.run(*job),
            baseline_repeats=1,
        )
        print(same_law(result.ours.value, result.baseline.value), flush=True)


if __name__ == "__main__":
    main()
