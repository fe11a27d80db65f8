"""The script a researcher would write: a categorical chain with all states in every array."""

from __future__ import annotations

import numpy as np


def zipf(states: int, exponent: float = 1.0) -> np.ndarray:
    weights = 1.0 / np.arange(1, states + 1) ** exponent
    return weights / weights.sum()


def run_seed(
    truth: np.ndarray, n: int, generations: int, seed: int, draw: str, policy: str
) -> list[tuple[float, ...]]:
    """One chain; five measures of each generation, numbered from 1, the fit to real data."""
    rng = np.random.default_rng(seed)
    states = len(truth)
    p = truth
    total = np.zeros(states)
    rows = []
    for _ in range(generations):
        if draw == "choice":
            counts = np.bincount(rng.choice(states, size=n, p=p), minlength=states)
        else:
            counts = rng.multinomial(n, p)
        if policy == "accumulate":
            total += counts
            p = total / total.sum()
        else:
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


def run(
    truth: np.ndarray,
    n: int,
    generations: int,
    seeds: int,
    draw: str = "choice",
    policy: str = "replace",
) -> np.ndarray:
    """Readings of shape (seeds, generations, 5)."""
    chains = [run_seed(truth, n, generations, seed, draw, policy) for seed in range(seeds)]
    return np.array(chains, dtype=float)
