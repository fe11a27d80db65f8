"""Labelled records that remember their right label, so that a verifier can be judged by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.families.regression.inputs import Floats
from modelcollapse.families.regression.labelled import Design, Labelled, Predict
from modelcollapse.records import Indices


class ClassedInputs(Protocol):
    """A source of inputs that knows the class of each."""

    @property
    def d(self) -> int:
        """Coordinates of an input."""
        ...

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        ...

    def classed(self, n: int, *, rng: Generator) -> tuple[Floats, Floats]:
        """Inputs as rows, and their classes, -1 or 1: shapes ``(n, d)`` and ``(n,)``."""
        ...


@dataclass(frozen=True, eq=False)
class ClassDesign(Design):
    """A design whose inputs come with their classes: whoever labels them may be wrong."""

    def write(
        self, predict: Predict, n: int, *, rng: Generator, noise: float | None = None
    ) -> Classified:
        """Write records labelled by a function; see `Design.write`."""
        inputs: Any = self.inputs
        rows, classes = inputs.classed(n, rng=rng)
        labels = self.label(predict(rows), rng=rng, noise=noise)
        return Classified(rows, labels, self, None, classes)


@dataclass(frozen=True, eq=False)
class Classified(Labelled):
    """Labelled records of two classes, with the class that each is really of.

    Learners see inputs and targets only; what a verifier of given quality keeps, and what a
    measure counts as wrong, is told by `classes`.

    Attributes
    ----------
    classes : ndarray, shape (n,)
        -1 or 1; the targets when not given.

    Raises
    ------
    InputError
        If there is not one class for each record.
    """

    classes: Floats = None  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.targets if self.classes is None else np.asarray(self.classes, np.float64)
        if given.shape != (len(self.inputs),):
            raise InputError(
                f"classes of shape {given.shape} do not fit {len(self.inputs)} records. Give each "
                "record one class, -1 or 1."
            )
        object.__setattr__(self, "classes", given)

    @property
    def right(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each label is that of the record's class, shape ``(n,)``."""
        return np.asarray(self.targets == self.classes)


@records.take.register
def _(data: Classified, indices: Indices) -> Classified:
    weights = None if data.weights is None else data.weights[indices]
    return Classified(
        data.inputs[indices], data.targets[indices], data.design, weights, data.classes[indices]
    )


@records.join.register
def _(first: Classified, parts: Sequence[Classified]) -> Classified:
    whole: Labelled = records.join.dispatch(Labelled)(first, parts)
    classes = np.concatenate([part.classes for part in parts])
    return Classified(whole.inputs, whole.targets, whole.design, whole.weights, classes)
