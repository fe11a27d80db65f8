"""The usual script: fit scikit-learn's kernel density estimate to its predecessor's sample."""

import numpy as np
from sklearn.datasets import make_moons
from sklearn.neighbors import KernelDensity


def moons(rng, n):
    return make_moons(n, noise=0.05, random_state=int(rng.integers(2**31)))[0]


def chain(seed, n, generations, bandwidth, accumulate=False, held_out=500):
    """Held-out log density (nats per record) and total variance at each generation."""
    rng = np.random.default_rng(seed)
    pool, test, rows = moons(rng, n), moons(rng, held_out), []
    for _ in range(generations):
        model = KernelDensity(kernel="gaussian", bandwidth=bandwidth).fit(pool)
        new = model.sample(n, random_state=int(rng.integers(2**31)))
        rows.append((model.score_samples(test).mean(), np.trace(np.cov(new.T))))
        pool = np.concatenate([pool, new]) if accumulate else new
    return rows


def chains(seeds, n, generations, bandwidth, accumulate=False):
    return np.array([chain(s, n, generations, bandwidth, accumulate) for s in range(seeds)])
