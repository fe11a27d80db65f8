"""A chain that starts from a model you have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from modelcollapse.protocols import Attuned, Learner, Model


@dataclass(frozen=True)
class Given:
    """Learner: generation 0's model is given, and every later one is fitted.

    For a generator that exists already, whatever it was trained on: what it writes is the data of
    generation 1, whose model is the first one fitted here.

    Parameters
    ----------
    model : Model
        Writes records like the real ones.
    then : Learner
        Fits the models of all later generations.

    Examples
    --------
    >>> import modelcollapse as mc
    >>> learner = Given(mc.Gaussian(0.0, 4.0), mc.GaussianMLE())
    >>> lineage = mc.Lineage(mc.Gaussian(), learner, mc.Replace(1000), size=1000)
    >>> [round(float(g.model.cov)) for g, _ in zip(lineage.generations(), range(2))]
    [4, 4]
    """

    model: Model[Any]
    then: Learner[Any]

    def for_truth(self, truth: Any) -> Given:
        """Return the same learner, its later models fitted as suits the truth."""
        then: Any = self.then
        return replace(self, then=then.for_truth(truth)) if isinstance(then, Attuned) else self

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> Model[Any]:
        """Give the model, or fit one to what the parent wrote."""
        return self.model if parent is None else self.then.fit(data, rng=rng, parent=parent)
