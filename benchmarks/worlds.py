"""Real data of the comparisons: both sides draw it from here."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

CENTRES = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 5.0]])
WEIGHTS = np.array([0.6, 0.35, 0.05])


def zipf(states: int, exponent: float = 1.0) -> NDArray[np.float64]:
    """Probabilities of Zipf's law, shape (states,)."""
    weights = 1.0 / np.arange(1, states + 1) ** exponent
    return weights / weights.sum()


def clusters(n: int, rng: Generator) -> NDArray[np.float64]:
    """Records of three clusters in the plane, one of them rare, shape (n, 2)."""
    component = rng.choice(len(WEIGHTS), size=n, p=WEIGHTS)
    return CENTRES[component] + rng.normal(size=(n, 2))


def moons(n: int, rng: Generator, noise: float = 0.05) -> NDArray[np.float64]:
    """Two half circles that reach into each other, shape (n, 2)."""
    angle, second = rng.uniform(0, np.pi, n), rng.random(n) < 0.5
    x = np.where(second, 1 - np.cos(angle), np.cos(angle))
    y = np.where(second, 0.5 - np.sin(angle), np.sin(angle))
    return np.column_stack([x, y]) + noise * rng.standard_normal((n, 2))


def running_text(
    tokens: int, rng: Generator, vocabulary: int = 20_000, branch: int = 40
) -> NDArray[np.int32]:
    """Token ids, numbered without gaps: Zipf words, and a short list of followers for each."""
    p = zipf(vocabulary, 1.05)
    followers = rng.choice(vocabulary, size=(vocabulary, branch), p=p).tolist()
    which = rng.choice(branch, size=tokens, p=zipf(branch)).tolist()
    jump = np.where(rng.random(tokens) < 0.15, rng.choice(vocabulary, size=tokens, p=p), -1)
    ids, current = [], 0
    for leap, column in zip(jump.tolist(), which, strict=True):
        current = leap if leap >= 0 else followers[current][column]
        ids.append(current)
    return np.unique(ids, return_inverse=True)[1].astype(np.int32)
