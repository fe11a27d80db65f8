"""The usual script: fit scikit-learn's mixture to its predecessor's sample, again and again."""

from __future__ import annotations

import numpy as np
from benchmarks.worlds import clusters
from sklearn.mixture import GaussianMixture


def chain(n, generations, start, rng):
    """Smallest weight and held-out log-likelihood (nats per record) of each generation."""
    records, test, begin = clusters(n, rng), clusters(2000, rng), {}
    rows = []
    for _ in range(generations):
        model = GaussianMixture(3, random_state=int(rng.integers(2**31)), **begin)
        model.fit(records)
        rows.append((model.weights_.min(), model.score(test)))
        records, _ = model.sample(n)
        if start == "warm":
            begin = {
                "weights_init": model.weights_,
                "means_init": model.means_,
                "precisions_init": model.precisions_,
            }
    return rows


def run(n, generations, seeds, start, seed=0):
    """Readings of the last generation, shape (seeds, 2)."""
    return np.array(
        [chain(n, generations, start, np.random.default_rng([seed, i]))[-1] for i in range(seeds)]
    )
