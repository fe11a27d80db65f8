"""Rounds of regression in which a verifier accepts labels near its own opinion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import Lineage, Replace, Ridge
from modelcollapse.families.regression.labelled import Design, Labelled
from modelcollapse.families.regression.linear import LinearModel
from modelcollapse.generation import Generation
from modelcollapse.recipes._recipe import Floats
from modelcollapse.theory import regression

P, PER_DIRECTION, TOLERANCE = 8, 100, math.sqrt(2 / math.pi)
"""Coordinates, real labels of each, and the verifier's tolerance in units of the noise."""


@dataclass(frozen=True)
class Directions:
    """Inputs that are the unit vectors in turn: a design with equal singular values."""

    d: int = P

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        return np.eye(self.d)[np.arange(n) % self.d]


def centre(bias: float) -> Floats:
    """Coefficients a verifier believes in: all 1, and off by `bias` evenly in all directions."""
    return np.full(P, 1.0 + bias / math.sqrt(P))


@dataclass(frozen=True)
class Verifier:
    """Curator: accept a label within a half-width of the verifier's own value."""

    bias: float
    half_width: float
    oversample: float = 3.0

    def select(self, candidates: Labelled, n: int, *, rng: Generator) -> NDArray[np.intp]:
        """Positions of the first ``n / d`` accepted labels of each direction."""
        gap = np.abs(candidates.targets - candidates.inputs @ centre(self.bias))
        accepted = (gap <= self.half_width).reshape(-1, P)
        if accepted.sum(axis=0).min() < n // P:
            raise RuntimeError("too few labels were accepted; raise oversample")
        rows, directions = np.nonzero(accepted & (np.cumsum(accepted, axis=0) <= n // P))
        return np.sort(rows * P + directions)


@dataclass(frozen=True)
class Distances:
    """Squared distances of the coefficients from the true ones and from the verifier's."""

    bias: float
    name: ClassVar[str] = "distance"

    def __call__(self, generation: Generation) -> Mapping[str, float]:
        """Read one generation."""
        model: Any = generation.model
        found = model.coefficients
        return {"truth": float(np.square(found - 1.0).sum()),
                "verifier": float(np.square(found - centre(self.bias)).sum())}  # fmt: skip


def chain(bias: float, radius: float, kept: int, *, real: int = PER_DIRECTION) -> Lineage:
    """Lineage with noise 1 and a verifier.

    Parameters
    ----------
    bias : float
        Distance of the verifier from the truth.
    radius : float
        Of the verifier; its half-width is larger by `TOLERANCE`.
    kept : int
        Accepted labels of each direction in each round.
    real : int
        Real labels of each direction: the square of the singular values.
    """
    nature = LinearModel(np.ones((P, 1)), Design(Directions(), 1.0))
    verifier: Any = Verifier(bias, radius + TOLERANCE)
    return Lineage(nature, Ridge(), Replace(P * kept), size=P * real, curator=verifier, holdout=0)


def expected(bias: float, radius: float, kept: int, *, real: int = PER_DIRECTION) -> float:
    """Squared distance to the truth after one round, by theory."""
    return float(regression.verified_error(
        kept, singular_values=np.full(P, math.sqrt(real)), offsets=bias / math.sqrt(P),
        half_width=radius + TOLERANCE, noise=1.0,
    ))  # fmt: skip
