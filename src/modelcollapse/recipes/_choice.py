"""Curation by choices among K candidates, and a world of classes to see it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse import GaussianMixtureTruth
from modelcollapse.curators.select import best_of_each, checked
from modelcollapse.generation import Generation
from modelcollapse.protocols import Reading
from modelcollapse.recipes import _recipe as r
from modelcollapse.records import Indices, size

CLASSES = GaussianMixtureTruth(
    [[0.0, 0.0], [2.2, 0.0], [0.0, 2.6], [6.0, 0.0], [0.0, 6.0]], covs=[1.0, 1.0, 1.0, 0.5, 0.5]
)
"""Five classes of equal size: three that overlap, and two that are clear."""


@dataclass(frozen=True)
class KChoice:
    """Curator: of every `k` candidates one is chosen, as somebody with noisy taste would.

    Attributes
    ----------
    reward : callable
        From the candidates to a number each: one that is higher by 1 is e times as likely to win.
    k : int
        Candidates for each place.
    """

    reward: Callable[[Any], ArrayLike]
    k: int = 4

    @property
    def oversample(self) -> float:
        """Candidates written for each record kept."""
        return float(self.k)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the chosen, one for each place."""
        scores = checked(self.reward(candidates), size(candidates))
        # Gumbel noise makes the best of them a softmax choice.
        return best_of_each(scores + rng.gumbel(size=len(scores)), n, rng)


@dataclass(frozen=True)
class Likes:
    """Reward of states: a number for each."""

    rewards: tuple[float, ...]

    def __call__(self, states: NDArray[np.intp]) -> r.Floats:
        """Reward of each record."""
        rewards: r.Floats = np.array(self.rewards)
        return rewards[states]


@dataclass(frozen=True)
class Classifier:
    """Reward by the classes of nature: sure to be one of them, or sure of any.

    Attributes
    ----------
    strength : float
        Largest reward.
    wanted : int or None
        The class whose probability counts; None for that of the likeliest.
    """

    strength: float
    wanted: int | None

    def __call__(self, rows: r.Floats) -> r.Floats:
        """Reward of each record."""
        sure = CLASSES.law.responsibilities(rows)
        chosen = sure.max(axis=1) if self.wanted is None else sure[:, self.wanted]
        return np.asarray(self.strength * chosen)


@dataclass(frozen=True)
class ClassShares:
    """Share of each class of nature in what is written, and how sure a classifier is of it."""

    name: ClassVar[str] = "class"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        sure = CLASSES.law.responsibilities(generation.sample)
        shares = sure.mean(axis=0)
        return {**{f"share {i}": float(share) for i, share in enumerate(shares)},
                "confidence": float(sure.max(axis=1).mean()), "largest": float(shares.max()),
                "unequal": float(np.square(shares).sum() * len(shares) - 1)}  # fmt: skip


@dataclass(frozen=True)
class StateShares:
    """Probability of each state under the model."""

    name: ClassVar[str] = "state"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        law: Any = generation.model
        return {str(i): float(share) for i, share in enumerate(law.dense())}
