"""What a researcher would write: sample rows, refit mean and unbiased covariance, repeat."""

from __future__ import annotations

import numpy as np


def chain(d, n, generations, rng):
    """Log of the total variance, and squared error of the mean, of each generation."""
    mean, cov = np.zeros(d), np.eye(d)
    rows = []
    for _ in range(generations):
        data = rng.multivariate_normal(mean, cov, size=n)
        mean = data.mean(axis=0)
        cov = np.atleast_2d(np.cov(data, rowvar=False))
        rows.append((np.log(np.trace(cov)), mean @ mean))
    return rows


def run(d, n, generations, seeds, seed=0):
    """Readings of the last generation, shape (seeds, 2)."""
    chains = [
        chain(d, n, generations, np.random.default_rng([seed, which])) for which in range(seeds)
    ]
    return np.array(chains)[:, -1]
