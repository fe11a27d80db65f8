"""Labelled records: inputs with targets, and the design by which more of them are written.

A conditional model together with a source of inputs is a joint sampler. The source and the noise
of the labels are the same for nature and for every model of a chain, so the data carry them: a
model fitted to labelled records writes records of the same design.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import InputError, suggestion
from modelcollapse.families.regression.inputs import Floats, Inputs, PoolInputs, is_finite
from modelcollapse.records import Indices

Response = Literal["real", "sign", "one_hot"]
Predict = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Design:
    """How labelled records are written: inputs first, then what a function says of them, noisily.

    Attributes
    ----------
    inputs : Inputs
        Where inputs come from.
    noise : float
        Standard deviation of what is added to the function, independently in each output.
    response : {"real", "sign", "one_hot"}
        Labels are the noisy value itself, its sign, or a one-hot vector of its largest output.
    outputs : int or None
        Columns of the targets; None where a target is one number.
    statistics : bool
        Whether sufficient statistics are written in place of records.
    replicates : int or None
        Independent data sets on a leading axis, of statistics only.
    """

    inputs: Inputs
    noise: float = 0.0
    response: Response = "real"
    outputs: int | None = None
    statistics: bool = False
    replicates: int | None = None

    def __post_init__(self) -> None:
        if not (is_finite(self.noise) and self.noise >= 0):
            raise InputError(
                f"noise is {self.noise!r}, but it is the standard deviation of the labels around "
                "the function. Use 0 or a positive number."
            )
        if self.response not in get_args(Response):
            raise InputError(
                f"the response '{self.response}' is unknown. "
                f"{suggestion(self.response, get_args(Response))}"
            )
        if self.response == "one_hot" and (self.outputs is None or self.outputs < 2):
            raise InputError(
                "the response 'one_hot' marks the largest of several outputs, and there is one. "
                "Give a column of coefficients for each class, or use the response 'sign'."
            )

    @property
    def batch(self) -> tuple[int, ...]:
        """Leading axes of what is written."""
        return () if self.replicates is None else (self.replicates,)

    def but(self, **changes: Any) -> Design:
        """Return the same design with some attributes changed."""
        return replace(self, **changes)

    def write(
        self, predict: Predict, n: int, *, rng: Generator, noise: float | None = None
    ) -> Labelled:
        """Write records.

        Parameters
        ----------
        predict : callable
            The function, from inputs of shape ``(n, d)`` to targets, shape ``(n,)`` or
            ``(n, outputs)``.
        n : int
            How many.
        rng : numpy.random.Generator
            Source of randomness.
        noise : float, optional
            Another level of noise than the design's.

        Returns
        -------
        Labelled
            With this design.
        """
        inputs = self.inputs.draw(n, rng=rng)
        return Labelled(inputs, self.label(predict(inputs), rng=rng, noise=noise), self)

    def label(self, values: Floats, *, rng: Generator, noise: float | None = None) -> Floats:
        """Labels for values of the function, shape ``(n,)`` or ``(n, outputs)``."""
        level = self.noise if noise is None else noise
        noisy = values + level * rng.standard_normal(values.shape) if level else values
        return responded(noisy, self.response)


def responded(values: Floats, response: Response) -> Floats:
    """Turn values of a function into labels; a value of exactly 0 counts as positive."""
    if response == "sign":
        return np.where(values < 0, -1.0, 1.0)
    if response == "one_hot":
        return np.asarray(np.eye(values.shape[-1])[values.argmax(axis=-1)])
    return values


@dataclass(frozen=True, eq=False)
class Labelled:
    """Records of an input and its target.

    Attributes
    ----------
    inputs : ndarray, shape (n, d)
        Inputs as rows.
    targets : ndarray, shape (n,) or (n, outputs)
        What belongs to them.
    design : Design, optional
        How models fitted to these records write more: by default on inputs of these records,
        without noise.
    weights : ndarray, shape (n,), optional
        How much each record counts in a fit, 1 each when not given; only their ratios matter.

    Raises
    ------
    InputError
        If the shapes do not fit, or there are NaN or infinite values.

    Examples
    --------
    >>> data = Labelled(np.eye(3), np.array([1.0, 2.0, 3.0]))
    >>> records.size(data), records.take(data, np.array([2])).targets
    (3, array([3.]))
    """

    inputs: Floats
    targets: Floats
    design: Design = None  # type: ignore[assignment]  # set below
    weights: Floats | None = None

    def __post_init__(self) -> None:
        x, y = _numbers(self.inputs, "inputs"), _numbers(self.targets, "targets")
        if x.ndim != 2 or y.ndim not in (1, 2) or len(x) != len(y):
            raise InputError(
                f"inputs of shape {x.shape} and targets of shape {y.shape} do not fit together. "
                "Inputs are rows, (n, d), and there is one target, or one row of them, for each."
            )
        object.__setattr__(self, "inputs", x)
        object.__setattr__(self, "targets", y)
        if cast("Design | None", self.design) is None:
            outputs = None if y.ndim == 1 else y.shape[1]
            object.__setattr__(self, "design", Design(PoolInputs(x), outputs=outputs))
        if self.weights is not None:
            w = _numbers(self.weights, "weights")
            if w.shape != (len(x),) or np.any(w < 0) or not np.any(w > 0):
                raise InputError(
                    f"weights of shape {w.shape} do not fit {len(x)} records, or are not positive. "
                    "Give each record one weight of 0 or more."
                )
            object.__setattr__(self, "weights", w)

    def but(self, **changes: Any) -> Labelled:
        """Return the same records with some attributes changed."""
        return replace(self, **changes)

    def confined(self, indices: Indices) -> Labelled:
        """Return the same records, on whose inputs at these positions models write.

        A design of one's own, with inputs from elsewhere, is left as it is.
        """
        inputs = self.design.inputs
        if not (isinstance(inputs, PoolInputs) and inputs.rows is self.inputs):
            return self
        return self.but(design=self.design.but(inputs=PoolInputs(self.inputs[indices])))


def _numbers(given: Any, name: str) -> Floats:
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} must be numbers, got {array.dtype}. Encode them first.")
    array = np.asarray(array, dtype=np.float64)
    if array.ndim and not np.isfinite(array).all():
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        raise InputError(
            f"{int(bad.sum())} of {len(array)} {name} are NaN or infinite (the first is record "
            f"{int(bad.argmax())}), and no fit is defined with them. Drop or impute these records."
        )
    return array


@records.size.register
def _(data: Labelled) -> int:
    return len(data.inputs)


@records.layout.register
def _(data: Labelled) -> object:
    return ("labelled", data.inputs.shape[1], data.targets.shape[1:])


@records.take.register
def _(data: Labelled, indices: Indices) -> Labelled:
    weights = None if data.weights is None else data.weights[indices]
    return Labelled(data.inputs[indices], data.targets[indices], data.design, weights)


@records.join.register
def _(first: Labelled, parts: Sequence[Labelled]) -> Labelled:
    weights = None
    if any(part.weights is not None for part in parts):
        weights = np.concatenate(
            [np.ones(len(p.inputs)) if p.weights is None else p.weights for p in parts]
        )
    return Labelled(
        records.concat([part.inputs for part in parts]),
        records.concat([part.targets for part in parts]),
        first.design,
        weights,
    )


@records.weigh.register
def _(data: Labelled, weight: float) -> Labelled:
    return data.but(weights=np.full(len(data.inputs), weight))
