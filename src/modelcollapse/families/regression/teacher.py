"""Linear teachers: nature in regression, a linear function of normal inputs."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.families.regression.inputs import FixedInputs, Floats, NormalInputs, is_finite
from modelcollapse.families.regression.labelled import Design, Labelled
from modelcollapse.families.regression.linear import LinearModel

Numbers = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class _Teacher:
    """What every linear teacher shares; a kind of teacher gives its weights and its covariance."""

    noise: float = 1.0
    same_inputs: bool = False
    statistics: bool = False
    response: Literal["real", "sign", "one_hot"] = "real"

    def __post_init__(self) -> None:
        if self.statistics and self.response != "real":
            raise InputError(
                f"statistics=True with the response '{self.response}': only real labels with "
                "normal noise have statistics of a known law. Write records instead."
            )
        self.model  # noqa: B018  (checks the function and the covariance)

    @property
    def weights(self) -> Floats:
        """Coefficients of the function, shape ``(d, outputs)``."""
        raise NotImplementedError

    @property
    def root(self) -> Floats:
        """Root of the covariance of the inputs, as `NormalInputs` takes it."""
        raise NotImplementedError

    @property
    def outputs(self) -> int | None:
        """Columns of the targets; None where a target is one number."""
        return None

    @cached_property
    def model(self) -> LinearModel:
        """The function itself, as a model that writes records of this law."""
        design = Design(
            NormalInputs(self.root), self.noise, self.response, self.outputs, self.statistics
        )
        return LinearModel(self.weights, design)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` labelled records, or their statistics."""
        return self.model.sample(n, rng=rng)

    def exact(self) -> Any:
        """Return the same teacher, writing sufficient statistics in place of records."""
        return replace(self, statistics=True)

    def settle(self, n: int, *, rng: Generator) -> Any:
        """Truth of one run: with `same_inputs`, the `n` inputs are drawn here, once."""
        return WritingTeacher(self, self.model).settle(n, rng=rng)

    @property
    def batch(self) -> int:
        """How many replicates are worth carrying at once: about eight megabytes of factors."""
        return int(np.clip(2**20 // len(self.weights) ** 2, 1, 4096)) if self.statistics else 1

    def replicate(self, replicates: int) -> WritingTeacher:
        """Return the same law, drawing `replicates` independent statistics at once."""
        if not self.statistics:
            raise Incompatible(
                "labelled records have no leading axis for replicates; their statistics have. Use "
                "exact(), or run the replicates one by one."
            )
        return WritingTeacher(self, self.model.in_batch(replicates))

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """Eigenvalues of the inputs' covariance, and the function along its eigenvectors.

        Returns
        -------
        eigenvalues : ndarray, shape (d,)
            In the order of the eigenvectors.
        coefficients : ndarray, shape (d,) or (d, outputs)
            Coordinates of the function.
        """
        weights = self.model.coefficients
        if self.root.ndim == 1:
            return np.square(self.root), weights
        _, spread, axes = np.linalg.svd(self.root)
        return np.square(spread), axes @ weights

    def risk(self, weights: Floats) -> Floats:
        """Mean squared error of linear functions against this one, on new inputs, without noise.

        Parameters
        ----------
        weights : ndarray, shape (..., d, outputs)
            Functions with as many outputs as this one has.

        Returns
        -------
        ndarray, shape (...)
            Summed over outputs.
        """
        errors = NormalInputs(self.root).squared(weights - self.weights)
        return np.asarray(errors.sum(axis=-1))

    def exam(self, n: int, *, rng: Generator) -> Labelled:
        """Write `n` new records labelled without noise, to test any model on."""
        return self.model.design.but(statistics=False).write(
            self.model.predict, n, rng=rng, noise=0.0
        )


@dataclass(frozen=True, eq=False)
class WritingTeacher:
    """A teacher in one run: its replicates, and its inputs if they are always the same.

    Attributes
    ----------
    teacher : LinearTeacher, IsotropicTeacher or PowerLawTeacher
        The law.
    model : LinearModel
        What writes.
    """

    teacher: Any
    model: LinearModel

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` labelled records, or their statistics."""
        return self.model.sample(n, rng=rng)

    def settle(self, n: int, *, rng: Generator) -> WritingTeacher:
        """Draw the inputs, if they are to be the same in every generation."""
        if not self.teacher.same_inputs:
            return self
        design = self.model.design
        inputs = design.inputs
        assert isinstance(inputs, NormalInputs)
        if design.statistics:
            rows = inputs.factor(n, design.batch, rng=rng)
        else:
            rows = inputs.draw(n, rng=rng)
        fixed = design.but(inputs=FixedInputs(rows, n))
        return replace(self, model=replace(self.model, design=fixed))


@dataclass(frozen=True)
class LinearTeacher(_Teacher):
    """Nature as a linear function of normal inputs, with noise.

    Parameters
    ----------
    coefficients : sequence of float, or of sequences of float
        The function: one number for each coordinate, or one row of numbers, one for each output.
    covariance : float, sequence of float, or nested sequence of float, default 1.0
        Of the inputs: one variance for all coordinates, one for each, or a positive definite
        matrix.
    noise : float, default 1.0
        Standard deviation of the labels around the function, nature's and every model's.
    same_inputs : bool, default False
        Draw the inputs once, and label the same ones in every generation.
    statistics : bool, default False
        Write sufficient statistics instead of records: exact, and as cheap for a million records
        as for a few; see `exact`.
    response : {"real", "sign", "one_hot"}, default "real"
        Labels are the noisy value, its sign, or a one-hot vector of its largest output.

    Raises
    ------
    InputError
        If shapes do not fit, a number is not finite, or the covariance is not positive definite.

    References
    ----------
    dohmatob2024regression, section 2.

    Examples
    --------
    >>> teacher = LinearTeacher([1.0, -1.0], covariance=[1.0, 4.0], noise=0.0)
    >>> data = teacher.sample(3, rng=np.random.default_rng(0))
    >>> np.allclose(data.targets, data.inputs[:, 0] - data.inputs[:, 1])
    True
    """

    coefficients: Numbers | Sequence[Numbers]
    covariance: float | Numbers | Sequence[Numbers] = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", _plain(self.coefficients, "coefficients"))
        object.__setattr__(self, "covariance", _plain(self.covariance, "covariance"))
        if np.ndim(self.coefficients) not in (1, 2):
            raise InputError(
                f"coefficients have shape {np.shape(self.coefficients)}. Give one number for each "
                "coordinate of an input, or one row of them for each."
            )
        super().__post_init__()

    @property
    def d(self) -> int:
        """Coordinates of an input."""
        return len(self.coefficients)

    @property
    def outputs(self) -> int | None:
        """Columns of the targets; None where a target is one number."""
        shape = np.shape(self.coefficients)
        return shape[1] if len(shape) == 2 else None

    @cached_property
    def weights(self) -> Floats:
        """Coefficients of the function, shape ``(d, outputs)``."""
        given = np.asarray(self.coefficients, dtype=np.float64)
        return given.reshape(len(given), -1)

    @cached_property
    def root(self) -> Floats:
        """Root of the covariance of the inputs, as `NormalInputs` takes it."""
        given, d = np.asarray(self.covariance, dtype=np.float64), len(self.weights)
        if given.shape not in ((), (d,), (d, d)):
            raise InputError(
                f"a covariance of shape {given.shape} does not fit {d} coefficients. Give one "
                "variance, one for each coordinate, or a square matrix."
            )
        if given.ndim < 2:
            if np.any(given <= 0):
                raise InputError(
                    f"the covariance has a variance of {given.min():g}: inputs that do not vary in "
                    "a coordinate say nothing about it. Drop that coordinate, or use positive "
                    "variances."
                )
            return np.sqrt(np.broadcast_to(given, (d,)))
        if not np.allclose(given, given.T, rtol=1e-9, atol=0):
            raise InputError("the covariance is not symmetric. Use (cov + cov.T) / 2.")
        try:
            return np.asarray(np.linalg.cholesky(given).T)
        except np.linalg.LinAlgError:
            least = float(np.linalg.eigvalsh(given)[0])
            raise InputError(
                f"the covariance is not positive definite (smallest eigenvalue {least:.3g}), so "
                "inputs do not vary in some direction, or it is no covariance. Use a regular one: "
                "drop redundant coordinates, or add a little to the diagonal."
            ) from None


@dataclass(frozen=True)
class IsotropicTeacher(_Teacher):
    """Nature as a linear function of independent standard normal inputs.

    Parameters
    ----------
    d : int
        Coordinates of an input.
    norm : float, default 1.0
        Euclidean norm of the function, which is spread evenly over the coordinates.
    noise, same_inputs, statistics, response
        As for `LinearTeacher`.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> IsotropicTeacher(4).model.coefficients
    array([0.5, 0.5, 0.5, 0.5])
    """

    d: int
    norm: float = 1.0

    def __post_init__(self) -> None:
        _check_d(self.d)
        if not is_finite(self.norm):
            raise InputError(f"norm is {self.norm!r}. Use a finite number.")
        super().__post_init__()

    @cached_property
    def weights(self) -> Floats:
        """Coefficients of the function, shape ``(d, 1)``."""
        return np.full((self.d, 1), self.norm / np.sqrt(self.d))

    @cached_property
    def root(self) -> Floats:
        """Standard deviations of the inputs, shape ``(d,)``."""
        return np.ones(self.d)


@dataclass(frozen=True)
class PowerLawTeacher(_Teacher):
    """Nature as a linear function of normal inputs whose variances fall like a power.

    The j-th variance is ``j ** -capacity`` and the j-th coefficient ``j ** (-delta / 2)`` with
    ``delta = 1 + capacity * (2 * source - 1)``.

    Parameters
    ----------
    d : int
        Coordinates of an input.
    capacity : float, default 2.0
        How fast variances fall: kernels on real data show 1 to 2.
    source : float, default 0.375
        How well the function fits the leading directions: larger is easier.
    noise, same_inputs, statistics, response
        As for `LinearTeacher`.

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    dohmatob2024regression, section 4 (capacity and source conditions).

    Examples
    --------
    >>> PowerLawTeacher(3).model.coefficients.round(3)
    array([1.   , 0.841, 0.76 ])
    """

    d: int
    capacity: float = 2.0
    source: float = 0.375

    def __post_init__(self) -> None:
        _check_d(self.d)
        for name in ("capacity", "source"):
            value = getattr(self, name)
            if not (is_finite(value) and value >= 0):
                raise InputError(f"{name} is {value!r}. Use a finite number of 0 or more.")
        super().__post_init__()

    @cached_property
    def weights(self) -> Floats:
        """Coefficients of the function, shape ``(d, 1)``."""
        delta = 1 + self.capacity * (2 * self.source - 1)
        return np.arange(1.0, self.d + 1)[:, None] ** (-delta / 2)

    @cached_property
    def root(self) -> Floats:
        """Standard deviations of the inputs, shape ``(d,)``."""
        return np.arange(1.0, self.d + 1) ** (-self.capacity / 2)


LinearTruth = LinearTeacher | IsotropicTeacher | PowerLawTeacher


def _check_d(d: int) -> None:
    if not (is_whole(d) and d >= 1):
        raise InputError(f"d is {d!r}, but it counts coordinates. Use a whole number of 1 or more.")


def _plain(given: Any, name: str) -> Any:
    """Numbers as floats and nested tuples, which can be compared, hashed and written down."""
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.full((), np.nan)
    if not np.isfinite(array).all() or array.ndim > 2 or array.size == 0:
        shown = " ".join(reprlib.repr(given).split())
        raise InputError(
            f"{name} must be finite numbers, as a vector or a matrix, got {shown}. Check for NaN, "
            "infinity and ragged rows."
        )
    if array.ndim == 0:
        return float(array)
    return tuple(map(tuple, array.tolist())) if array.ndim == 2 else tuple(array.tolist())
