"""The script a researcher would write: a categorical chain with all states in every array."""

from __future__ import annotations

import numpy as np
from benchmarks.worlds import zipf


def chain(truth, n, generations, draw, rng):
    """Five measures of each generation."""
    states = len(truth)
    p = truth
    rows = []
    for _ in range(generations):
        if draw == "choice":
            counts = np.bincount(rng.choice(states, size=n, p=p), minlength=states)
        else:
            counts = rng.multinomial(n, p)
        p = counts / n
        alive = p > 0
        rows.append(
            (
                alive.sum(),  # states left
                1.0 - np.sum(p**2),  # heterozygosity
                -np.sum(p[alive] * np.log(p[alive])),  # entropy, nats
                0.5 * np.abs(p - truth).sum(),  # total variation to the truth
                truth[~alive].sum(),  # real mass that was lost
            )
        )
    return rows


def run(states, n, generations, seeds, draw, seed=0):
    """Readings of the last generation, shape (seeds, 5)."""
    truth = zipf(states)
    chains = [
        chain(truth, n, generations, draw, np.random.default_rng([seed, which]))
        for which in range(seeds)
    ]
    return np.array(chains, dtype=float)[:, -1]
