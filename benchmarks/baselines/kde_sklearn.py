"""The usual script: fit scikit-learn's kernel density estimate to its predecessor's sample."""

from __future__ import annotations

import numpy as np
from benchmarks.worlds import moons
from sklearn.neighbors import KernelDensity


def chain(n, generations, bandwidth, policy, rng, held_out=500):
    """Held-out log density (nats per record) and total variance of each generation."""
    pool, test, rows = moons(n, rng), moons(held_out, rng), []
    for _ in range(generations):
        model = KernelDensity(kernel="gaussian", bandwidth=bandwidth).fit(pool)
        new = model.sample(n, random_state=int(rng.integers(2**31)))
        rows.append((model.score_samples(test).mean(), np.trace(np.cov(new.T))))
        pool = np.concatenate([pool, new]) if policy == "accumulate" else new
    return rows


def run(n, generations, seeds, bandwidth, policy, seed=0):
    """Readings of the last generation, shape (seeds, 2)."""
    chains = [
        chain(n, generations, bandwidth, policy, np.random.default_rng([seed, which]))
        for which in range(seeds)
    ]
    return np.array(chains)[:, -1]
