"""Kernel density chains, scored each generation, beside the scikit-learn script."""

from __future__ import annotations

import numpy as np
from baselines import kde_sklearn
from timing import compare, header

from modelcollapse.families.kernel import KernelDensity


def chains(
    seeds: int, n: int, generations: int, bandwidth: float, accumulate: bool = False
) -> np.ndarray:
    """Held-out log density (nats per record) and total variance: (seeds, generations, 2)."""
    learner, runs = KernelDensity(bandwidth), []
    for seed in range(seeds):
        rng, rows = np.random.default_rng(seed), []
        pool, test = kde_sklearn.moons(rng, n), kde_sklearn.moons(rng, 500)
        for _ in range(generations):
            model = learner.fit(pool, rng=rng)
            new = model.sample(n, rng=rng)
            rows.append((model.log_density(test).mean(), np.trace(np.cov(new.T))))
            pool = np.concatenate([pool, new]) if accumulate else new
        runs.append(rows)
    return np.array(runs)


def main() -> None:
    header()
    for policy in ("replace", "accumulate"):
        grow = policy == "accumulate"
        result = compare(
            f"moons, n=1000, h=0.1, {policy}",
            lambda grow=grow: chains(2 if grow else 5, 1000, 50, 0.1, grow),
            lambda grow=grow: kde_sklearn.chains(2 if grow else 5, 1000, 50, 0.1, grow),
            repeats=3,
            baseline_repeats=1,
        )
        for who, timing in (("ours", result.ours), ("baseline", result.baseline)):
            score, variance = timing.value.mean(axis=0)[-1]
            print(f"    {who:<10} held-out log density {score:.3f}, total variance {variance:.3f}")


if __name__ == "__main__":
    main()
