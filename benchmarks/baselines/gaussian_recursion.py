"""What a researcher would write: sample rows, refit mean and unbiased covariance, repeat."""

from __future__ import annotations

import numpy as np


def chain(seed: int, d: int, n: int, generations: int) -> tuple[float, float, float]:
    """Log variance of the first coordinate, mean variance and mean squared error at the end."""
    rng = np.random.default_rng(seed)
    mean, cov = np.zeros(d), np.eye(d)
    for _ in range(generations):
        rows = rng.multivariate_normal(mean, cov, size=n)
        mean = rows.mean(axis=0)
        cov = np.atleast_2d(np.cov(rows, rowvar=False))
    return float(np.log(cov[0, 0])), float(np.trace(cov)) / d, float(mean @ mean) / d


def run(d: int, n: int, generations: int, seeds: int) -> np.ndarray:
    """One row of readings for each seed."""
    return np.array([chain(seed, d, n, generations) for seed in range(seeds)])
