"""Ridge regression as a learner, and the linear models it fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.families.regression.inputs import Floats, is_finite
from modelcollapse.families.regression.labelled import Design, Labelled
from modelcollapse.families.regression.solve import RowsPath, least_squares, ridge
from modelcollapse.families.regression.statistics import LeastSquares
from modelcollapse.protocols import Model


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A linear function that writes labelled records.

    Attributes
    ----------
    weights : ndarray, shape (..., d, outputs)
        Coefficients, one column for each output.
    design : Design
        Where inputs come from, and the noise of the labels.
    """

    weights: Floats
    design: Design

    @property
    def coefficients(self) -> Floats:
        """Coefficients, shape ``(..., d)``, or ``(..., d, outputs)`` where there are several."""
        return self.weights[..., 0] if self.design.outputs is None else self.weights

    def predict(self, inputs: Floats) -> Floats:
        """Values at inputs of shape ``(n, d)``, without noise: ``(n,)`` or ``(n, outputs)``."""
        return np.asarray(inputs @ self.coefficients)

    def in_batch(self, replicates: int) -> LinearModel:
        """Return the same function, writing independent statistics on a leading axis."""
        return replace(self, design=self.design.but(replicates=replicates))

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` labelled records, or their statistics if it was fitted to such."""
        if self.design.statistics:
            return LeastSquares.drawn(self.design, self.weights, n, rng=rng)
        return self.design.write(self.predict, n, rng=rng)


@dataclass(frozen=True)
class Ridge:
    """Learner: linear regression without an intercept, with a ridge penalty.

    Minimises the mean squared error over records plus `penalty` times the squared norm of the
    coefficients: ``(X^T X / n + penalty I)^-1 X^T y / n``.

    Parameters
    ----------
    penalty : float, default 0
        Per record: libraries that do not divide by n call ``n * penalty`` alpha. 0 is least
        squares, of minimal norm where there are fewer records than coordinates.
    width : int, optional
        Fit in a random projection of the inputs to so many coordinates, drawn anew in each fit
        with independent normal entries of variance ``1 / width``: a model of this size.

    Raises
    ------
    InputError
        If the penalty is negative or not finite, or the width is no positive number; in the fit,
        if records are so few more than coordinates that least squares has no finite expected
        error.

    References
    ----------
    dohmatob2024regression, section 2; projections: dohmatob2025.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> data = Labelled(np.eye(4)[:2], np.array([1.0, 2.0]))
    >>> Ridge(0.5).fit(data, rng=rng).coefficients
    array([0.5, 1. , 0. , 0. ])
    """

    penalty: float = 0.0
    width: int | None = None

    batches: ClassVar[bool] = True
    """Replicates may share a leading axis."""

    def __post_init__(self) -> None:
        check_penalty(self.penalty)
        if self.width is not None and not (is_whole(self.width) and self.width >= 1):
            raise InputError(
                f"width is {self.width!r}, but it counts the coordinates that inputs are projected "
                "to. Use a whole number of at least 1, or None to fit the inputs themselves."
            )

    def summarise(self, data: Any) -> LeastSquares:
        """Statistics of a block of labelled records; statistics are returned as they are."""
        if isinstance(data, LeastSquares):
            return data
        if not isinstance(data, Labelled):
            raise Incompatible(
                f"a regression is fitted to labelled records, and got {type(data).__name__}. Start "
                "from a teacher, such as LinearTeacher, or wrap inputs and targets in Labelled."
            )
        return LeastSquares.of(data)

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> LinearModel:
        """Fit a model that writes what it was fitted to.

        Parameters
        ----------
        data : Labelled or LeastSquares
            Records, or their statistics.
        rng : numpy.random.Generator
            Draws the projection; not used without one.
        parent : Model, optional
            Not used: the fit starts afresh.

        Returns
        -------
        LinearModel
            With the design of the data.
        """
        held = self.summarise(data)
        root, d = held.root, held.root.shape[-1]
        if self.width is None:
            self.check_number(held.distinct, d)
            return LinearModel(self._solved(held), held.design)
        self.check_number(held.distinct, min(d, self.width))
        shape = (*root.shape[:-2], d, self.width)
        projection = rng.standard_normal(shape) / np.sqrt(self.width)
        narrow = held.projected(projection)
        return LinearModel(projection @ self._solved(narrow), held.design)

    def path(self, inputs: Floats, *, rng: Generator | None = None) -> RowsPath:
        """One decomposition of inputs, shape ``(n, d)``, for every penalty and all targets."""
        return RowsPath.of(inputs)

    def _solved(self, held: LeastSquares) -> Floats:
        if self.penalty == 0:
            return least_squares(held.root, held.target)
        return ridge(held.root, held.target, held.weight, self.penalty)

    def check_number(self, n: int, d: int) -> None:
        """Refuse least squares where its expected error is infinite.

        Parameters
        ----------
        n, d : int
            Records and coordinates.

        Raises
        ------
        InputError
            Without a penalty, if they differ by less than 2.
        """
        if self.penalty == 0 and abs(n - d) <= 1:
            raise InputError(
                f"least squares on {n} records in {d} dimensions has an infinite expected error: "
                "its variance is proportional to 1 / |n - d| near there, and averages over runs "
                f"mean nothing. Use at least {d + 2} records, at most {d - 2}, or a penalty above "
                "0."
            )


def check_penalty(penalty: float) -> None:
    """Refuse what is no ridge penalty."""
    if not (is_finite(penalty) and penalty >= 0):
        raise InputError(
            f"the penalty is {penalty!r}, but a ridge penalty is a finite number of 0 or more: a "
            "negative one would reward large coefficients. Use 0 for least squares."
        )
