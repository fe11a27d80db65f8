"""A chain that starts from a model you have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from modelcollapse.protocols import Learner, Model, attuned


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
    A generator that is wrong about a quarter of the records, and its student:

    >>> import modelcollapse as mc
    >>> from modelcollapse.families.classification.laws import SplitGaussian
    >>> learner = Given(SplitGaussian(5, angle=3.1416 / 4), mc.Ridge(0.1))
    >>> lineage = mc.Lineage(SplitGaussian(5), learner, mc.Replace(20_000), size=2)
    >>> lineage.run(1, probes=["misclassification"])["misclassification"].round(2)
    array([[0.25, 0.25]])
    """

    model: Model[Any]
    then: Learner[Any]

    def for_truth(self, truth: Any) -> Given:
        """Return the same learner, its later models fitted as suits the truth."""
        return replace(self, then=attuned(self.then, truth))

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> Model[Any]:
        """Give the model, or fit one to what the parent wrote."""
        return self.model if parent is None else self.then.fit(data, rng=rng, parent=parent)
