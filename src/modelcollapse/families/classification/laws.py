"""Two classes in many coordinates: nature if labels are right, a generator if some are wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError, is_whole
from modelcollapse.families.classification.classified import ClassDesign, Classified
from modelcollapse.families.regression.inputs import Floats, is_finite
from modelcollapse.families.regression.linear import LinearModel


@dataclass(frozen=True)
class ShiftedInputs:
    """Inputs of two normal laws, shifted both ways along the first coordinate.

    Attributes
    ----------
    d : int
        Coordinates.
    shift : float
        Half the distance between the means.
    """

    d: int
    shift: float

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        return self.classed(n, rng=rng)[0]

    def classed(self, n: int, *, rng: Generator) -> tuple[Floats, Floats]:
        """Inputs as rows, and their classes, -1 or 1."""
        classes = np.where(rng.random(n) < 0.5, -1.0, 1.0)
        rows = rng.standard_normal((n, self.d))
        rows[:, 0] += self.shift * classes
        return rows, classes


@dataclass(frozen=True)
class SplitInputs:
    """Inputs of one normal law; their class is the side of a plane through the middle.

    Attributes
    ----------
    d : int
        Coordinates.
    """

    d: int

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        return rng.standard_normal((n, self.d))

    def classed(self, n: int, *, rng: Generator) -> tuple[Floats, Floats]:
        """Inputs as rows, and their classes, -1 or 1."""
        rows = self.draw(n, rng=rng)
        return rows, np.where(rows[:, 0] < 0, -1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class _TwoClasses:
    """What both laws share: who labels the records, and how often by mistake."""

    label_error: float = 0.0
    angle: float | None = None

    response: ClassVar[Literal["sign"]] = "sign"

    def __post_init__(self) -> None:
        d = self.inputs.d
        if not (is_whole(d) and d >= 2):
            raise InputError(
                f"d is {d!r}, but it counts coordinates, and directions differ by an angle only "
                "among two or more. Use a whole number of at least 2."
            )
        if not (is_finite(self.label_error) and 0 <= self.label_error <= 1):
            raise InputError(
                f"label_error is {self.label_error!r}, but it is the share of labels that are "
                "turned round. Use a number from 0 to 1."
            )
        if self.angle is not None and not (is_finite(self.angle) and 0 <= self.angle <= math.pi):
            raise InputError(
                f"the angle is {self.angle!r}, but it is that between two directions, in radians. "
                "Use a number from 0 to pi, or None for labels that are the classes."
            )

    @property
    def inputs(self) -> Any:
        """Where records and their classes come from."""
        raise NotImplementedError

    def wrong_side(self, cosine: Floats | float) -> Any:
        """Share of records on the wrong side of planes whose normals have such cosines."""
        raise NotImplementedError

    @cached_property
    def design(self) -> ClassDesign:
        """How models write records of this law: new inputs, labelled by the model's sign."""
        return ClassDesign(self.inputs, response="sign")

    def sample(self, n: int, *, rng: Generator) -> Classified:
        """Write `n` records."""
        rows, classes = self.inputs.classed(n, rng=rng)
        labels = classes
        if self.angle is not None:
            along = math.cos(self.angle) * rows[:, 0] + math.sin(self.angle) * rows[:, 1]
            labels = np.where(along < 0, -1.0, 1.0)
        if self.label_error:
            labels = np.where(rng.random(n) < self.label_error, -labels, labels)
        return Classified(rows, labels, self.design, None, classes)

    def exam(self, n: int, *, rng: Generator) -> Classified:
        """Write `n` new records with right labels, to test any model on."""
        return replace(self, angle=None, label_error=0.0).sample(n, rng=rng)

    @property
    def error(self) -> float:
        """Share of records that this law labels wrongly, p."""
        aside = 0.0 if self.angle is None else float(self.wrong_side(math.cos(self.angle)))
        return aside + self.label_error - 2 * aside * self.label_error

    def misclassified(self, model: Any) -> float | None:
        """Share of new records that a model labels wrongly, in closed form.

        Parameters
        ----------
        model : object
            A linear model, or a law of the same records that mislabels some.

        Returns
        -------
        float or None
            None for any other model, which has to be tested on records.
        """
        if type(model) is type(self):
            return float(model.error)
        if not isinstance(model, LinearModel) or model.weights.shape != (self.inputs.d, 1):
            return None
        weights = model.coefficients
        length = float(np.linalg.norm(weights))
        return float(self.wrong_side(weights[0] / length)) if length > 0 else 0.5


@dataclass(frozen=True)
class GaussianClasses(_TwoClasses):
    """Two Gaussian classes of unit covariance and equal size.

    The means lie at ``+- separation`` along the first coordinate. Labels are the classes; with
    `angle` they are the sides of a plane, and with `label_error` some of them are turned round: a
    generator of records that are wrong at given places, or anywhere.

    Parameters
    ----------
    d : int
        Coordinates, at least 2.
    separation : float, default 1.0
        Half the distance between the means, in standard deviations.
    label_error : float, default 0.0
        Share of labels turned round, whatever the record.
    angle : float, optional
        Between the first coordinate and the normal of the plane that labels, in radians: 0 is the
        best that a classifier can do. Labels are the classes when not given.

    Raises
    ------
    InputError
        If a number is out of range.

    Notes
    -----
    A direction whose cosine with the first coordinate is c mislabels a share ``Phi(-r c)``.

    References
    ----------
    feng2025, setting of the theory.

    Examples
    --------
    >>> data = GaussianClasses(5, label_error=0.25).sample(4000, rng=np.random.default_rng(0))
    >>> round(1 - float(data.right.mean()), 2)
    0.25
    """

    d: int
    separation: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_finite(self.separation) and self.separation > 0):
            raise InputError(
                f"separation is {self.separation!r}, but classes that do not differ cannot be "
                "learnt. Use a positive number of standard deviations."
            )

    @cached_property
    def inputs(self) -> ShiftedInputs:
        """Where records and their classes come from."""
        return ShiftedInputs(self.d, self.separation)

    def wrong_side(self, cosine: Floats | float) -> Any:
        """Share of records on the wrong side of planes whose normals have such cosines."""
        from scipy.special import ndtr

        return ndtr(-self.separation * np.asarray(cosine))


@dataclass(frozen=True)
class SplitGaussian(_TwoClasses):
    """Standard normal records, whose class is the sign of the first coordinate.

    Labels are the classes; with `angle` they are the sides of another plane, and with
    `label_error` some of them are turned round. A linear student can be perfect.

    Parameters
    ----------
    d : int
        Coordinates, at least 2.
    label_error : float, default 0.0
        Share of labels turned round, whatever the record.
    angle : float, optional
        Between the true normal and that of the plane that labels, in radians; 0 when not given.

    Raises
    ------
    InputError
        If a number is out of range.

    Notes
    -----
    Directions at an angle a disagree about a share ``a / pi`` of the records.

    References
    ----------
    feng2025, setting of the theory.

    Examples
    --------
    >>> SplitGaussian(5, angle=np.pi / 4).error
    0.25
    """

    d: int

    @cached_property
    def inputs(self) -> SplitInputs:
        """Where records and their classes come from."""
        return SplitInputs(self.d)

    def wrong_side(self, cosine: Floats | float) -> Any:
        """Share of records on the wrong side of planes whose normals have such cosines."""
        return np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi


TwoClasses = GaussianClasses | SplitGaussian


def direction(angle: float, other: float, between: float) -> tuple[float, float, float]:
    """Direction at an angle to the first axis and at another to a direction beside it.

    Parameters
    ----------
    angle : float
        With the first axis, which is the truth's, in radians.
    other : float
        Of the other direction with the first axis; it lies in the plane of the first two.
    between : float
        Angle between the two directions.

    Returns
    -------
    tuple of float
        The first three coordinates; all others are 0.

    Raises
    ------
    InputError
        If no directions have these angles.

    Examples
    --------
    >>> np.round(direction(0.5, 0.6, 0.8), 4).tolist()
    [0.8776, -0.0489, 0.4769]
    """
    first = math.cos(angle)
    if math.sin(other) < 1e-12:
        second = math.sin(angle) if abs(between - abs(angle - other)) < 1e-9 else math.inf
    else:
        second = (math.cos(between) - math.cos(other) * first) / math.sin(other)
    rest = 1 - first**2 - second**2
    if not rest > -1e-9:
        raise InputError(
            f"no three directions have the angles {angle:g}, {other:g} and {between:g}: none may "
            "exceed the sum of the other two, nor all together 2 pi. Change one."
        )
    return first, second, math.sqrt(max(rest, 0.0))
