"""Mixture chains under replacement, beside the scikit-learn script. Run: python bench_mixture.py

The ratio depends on the threads scikit-learn's k-means may use: on small data more than one slows
it down. Set OMP_NUM_THREADS=1 for the comparison that flatters us least.
"""

from __future__ import annotations

import numpy as np
from baselines import gmm_sklearn
from timing import compare, header

from modelcollapse.families.mixture import Mixture, MixtureOfGaussians

TRUTH = MixtureOfGaussians.from_covariances(
    gmm_sklearn.WEIGHTS, gmm_sklearn.CENTRES, np.tile(np.eye(2), (3, 1, 1))
)


def chains(learner: Mixture, seeds: int, n: int, generations: int) -> np.ndarray:
    """Smallest weight and held-out log-likelihood (nats per record) at the last generation."""
    ends = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        records, test, model = TRUTH.sample(n, rng=rng), TRUTH.sample(2000, rng=rng), None
        for _ in range(generations):
            model = learner.fit(records, rng=rng, parent=model)
            records = model.sample(n, rng=rng)
        ends.append((model.weights.min(), model.log_density(test).mean()))
    return np.array(ends)


def main() -> None:
    header()
    for n in (1_000, 10_000):
        for start in ("cold", "warm"):
            result = compare(
                f"3 components, n={n}, {start} start",
                lambda n=n, start=start: chains(Mixture(3, start), 5, n, 50),
                lambda n=n, start=start: gmm_sklearn.chains(5, n, 50, warm=start == "warm"),
            )
            for who, timing in (("ours", result.ours), ("baseline", result.baseline)):
                weight, likelihood = timing.value.mean(axis=0)
                print(f"    {who:<10} smallest weight {weight:.3f}, log-lik {likelihood:.3f}")


if __name__ == "__main__":
    main()
