"""Retraining on records that somebody preferred: what the loop tends to."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from modelcollapse.recipes import _recipe as r
from modelcollapse.seeds import generator
from modelcollapse.theory import curation

START, REWARDS = np.array([0.5, 0.3, 0.1, 0.1]), np.array([0.0, 1.0, 2.0, 2.0])
CANDIDATES, ROUNDS, RATIO = 3, 10, 0.2


def choose(law: r.Floats, n: int, candidates: int, rng: Generator) -> r.Floats:
    """Shares of the states among `n` softmax choices from `candidates` draws each."""
    drawn = rng.choice(len(law), size=(n, candidates), p=law)
    # Gumbel noise on the rewards makes the best of them a softmax choice.
    best = (REWARDS[drawn] + rng.gumbel(size=drawn.shape)).argmax(axis=1)
    return np.bincount(drawn[np.arange(n), best], minlength=len(law)) / n


def path(n: int, ratio: float, rng: Generator) -> r.Floats:
    """Laws along one loop, shape (ROUNDS + 1, states); `ratio` is curated per real."""
    laws = [START]
    for _ in range(ROUNDS):
        curated, real = choose(laws[-1], n, CANDIDATES, rng), rng.multinomial(n, START) / n
        laws.append(curated if np.isinf(ratio) else (real + ratio * curated) / (1 + ratio))
    return np.array(laws)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run both loops with many records and compare with the laws for infinitely many."""
    n, replicates = (10_000, 40) if scale == "quick" else (100_000, 100)
    rng, rounds, value = generator(seed, 0, 0, "choices"), range(ROUNDS + 1), np.exp(REWARDS - 2)
    alone, mixed = (
        np.stack([path(n, ratio, rng) for _ in range(replicates)]) for ratio in (np.inf, RATIO)
    )
    exact = curation.curated_law(np.array(rounds), START, REWARDS, CANDIDATES)
    first = [r.mean(alone[:, 1, state]) for state in range(4)]
    wide = r.mean([choose(START, 10_000, 200, rng)[2] for _ in range(replicates)])
    tilted, top = curation.tilted_law(1, START, REWARDS), r.mean(alone[:, -1, 2:].sum(axis=1))
    reward, kept = r.mean(alone[:, 1] @ value), r.mean(mixed[:, -1] @ value)
    least = curation.retained_reward_lower_bound(START, REWARDS, CANDIDATES, RATIO)
    divergence = r.mean((mixed[:, -1] * np.log(mixed[:, -1] / START)).sum(axis=1))
    claims = [
        *(r.claim(f"one round, share of state {i}", exact[1, i], first[i]) for i in range(4)),
        r.claim("K = 200: the tilted law p e^r of infinitely many candidates", tilted[2], wide,
                basis="notes", rounding=0.002),
        r.claim("mass on the best states after ten rounds", exact[-1, 2:].sum(), top),
        r.claim("it tends to 1: the truth given the best reward", 0.99, top, law=">", basis="text"),
        r.claim("E e^(r - max) grows by at least (K-1)/K of its variance",
                curation.reward_lower_bound(START, REWARDS, CANDIDATES), reward, law=">",
                basis="notes"),
        r.claim("with real data it ends above its bound", least, kept, law=">", basis="notes"),
        r.claim("KL from the real law <= -log(1 - ratio (K-1))", curation.divergence_upper_bound(
                CANDIDATES, RATIO), divergence, law="<=", basis="notes"),
        r.control("K = 3 is as good as infinitely many candidates", tilted[2], first[2]),
        r.control("real data do not hold it: the best states take all", 0.99,
                  r.mean(mixed[:, -1, 2:].sum(axis=1)), law=">"),
        r.control("nothing is preferred: the law stays", START[0], first[0]),
    ]  # fmt: skip
    drawn = {"curated only": alone.mean(axis=0), "with real data": mixed.mean(axis=0)}
    curves = [r.Curve(label, rounds, laws[:, 2:].sum(axis=1)) for label, laws in drawn.items()]
    curves.append(r.Curve("exact", rounds, exact[:, 2:].sum(axis=1), theory=True))
    panel = r.Panel("Mass on the states of best reward", "generation", curves)
    settings = {"records": n, "replicates": replicates, "K": CANDIDATES, "ratio": RATIO}
    return r.Outcome(claims, [panel], settings=settings)


RECIPE = r.Recipe(
    "curated-limits",
    "Limits of retraining on curated data",
    "ferbach2024",
    "p[t+1] = p[t] H; the limit is the truth given the best reward; with real data the reward "
    "still grows and KL stays bounded (text and notes; finite K exact here).",
    {"choice": "softmax among K candidates, not the best of K", "real data": "new in each round"},
    run,
)  # fmt: skip
