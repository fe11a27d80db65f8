"""Generalised linear models as parts of a lineage, for recipes that go beyond least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.random import Generator

from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.generation import Generation
from modelcollapse.recipes._recipe import Floats

Family = Literal["logistic", "Poisson"]


@cache
def tumours() -> tuple[Floats, Floats]:
    """Texture, smoothness and symmetry of 569 tumours, standardised, and which are benign."""
    from sklearn.datasets import load_breast_cancer

    inputs, targets = load_breast_cancer(return_X_y=True)
    chosen = inputs[:, (1, 4, 8)]
    return (chosen - chosen.mean(axis=0)) / chosen.std(axis=0), targets.astype(np.float64)


@dataclass(frozen=True)
class Responses:
    """Regression with the canonical link, as nature and as a model.

    Attributes
    ----------
    family : {"logistic", "Poisson"}
        Law of the responses.
    weights : tuple of float
        Coefficients.
    inputs : {"normal", "tumours"}
        Independent standard normal ones, or drawn from those of `tumours`.
    """

    family: Family
    weights: tuple[float, ...]
    inputs: Literal["normal", "tumours"] = "normal"

    def moments(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Mean and variance of the responses at inputs of shape ``(n, d)``."""
        along = inputs @ np.asarray(self.weights)
        if self.family == "Poisson":
            return np.exp(along), np.exp(along)
        mean = 1 / (1 + np.exp(-along))
        return mean, mean * (1 - mean)

    def sample(self, n: int, *, rng: Generator) -> Labelled:
        """Write `n` labelled records."""
        if self.inputs == "normal":
            inputs = rng.standard_normal((n, len(self.weights)))
        else:
            pool, _ = tumours()
            inputs = pool[rng.integers(len(pool), size=n)]
        mean, _ = self.moments(inputs)
        drawn = rng.poisson(mean) if self.family == "Poisson" else rng.random(n) < mean
        return Labelled(inputs, drawn.astype(np.float64))


@dataclass(frozen=True)
class Likelihood:
    """Learner: maximum likelihood for models like a given one, by Newton's method."""

    like: Responses

    def fit(self, data: Labelled, *, rng: Generator, parent: Any = None) -> Responses:
        """Fit; the answer is the same from any start."""
        model, x = parent or self.like, data.inputs
        for _ in range(30):
            mean, variance = model.moments(x)
            step = np.linalg.solve((x.T * variance) @ x, x.T @ (data.targets - mean))
            model = replace(model, weights=tuple((model.weights + step).tolist()))
            if np.abs(step).max() < 1e-9:
                break
        return model


@dataclass(frozen=True)
class Distance:
    """Squared distance of the coefficients from the true ones."""

    name: ClassVar[str] = "distance"

    def __call__(self, generation: Generation) -> float:
        """Read one generation."""
        model, truth = generation.model, generation.truth
        return float(np.square(np.subtract(model.weights, truth.weights)).sum())
