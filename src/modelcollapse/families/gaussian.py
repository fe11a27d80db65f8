"""Gaussian truths, and the learner that fits a Gaussian.

The learner answers in kind: fitted to rows it gives a model that writes rows, fitted to `Moments`
one that draws moments, for all replicates of a batch at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError
from modelcollapse.families import _roots
from modelcollapse.families._roots import Floats
from modelcollapse.families.gaussian_model import GaussianModel
from modelcollapse.families.moments import Moments
from modelcollapse.protocols import Model

__all__ = ["ExactGaussian", "Gaussian", "GaussianMLE", "GaussianModel", "Moments"]

Numbers = float | Sequence[float]
Matrix = float | Sequence[Sequence[float]]


@dataclass(frozen=True)
class GaussianMLE:
    """Fit a Gaussian: the mean, and the scatter divided by ``n - ddof``.

    Parameters
    ----------
    ddof : {0, 1}, default 0
        0 is maximum likelihood, 1 the unbiased covariance. The choice matters along a chain: with
        1 the expected squared error of the mean grows without bound under replacement, with 0 it
        stays below the variance of the truth.

    Raises
    ------
    InputError
        If `ddof` is neither 0 nor 1.

    References
    ----------
    Textbook; the chain: Shumailov et al. (2024), Theorem 3.1, which needs ``ddof=1``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> GaussianMLE(ddof=1).fit(np.array([1.0, 2.0, 6.0]), rng=rng).cov
    array([[7.]])
    """

    ddof: int = 0

    batches: ClassVar[bool] = True
    """Replicates may share a leading axis."""

    def __post_init__(self) -> None:
        if self.ddof not in (0, 1):
            raise InputError(
                f"ddof is {self.ddof!r}; the scatter is divided by n - ddof. Use 0 for maximum "
                "likelihood or 1 for the unbiased covariance."
            )

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> GaussianModel:
        """Fit a model that writes what it was fitted to.

        Parameters
        ----------
        data : ndarray, shape (n, ...), or Moments
            Records along the first axis, or their moments.
        rng : numpy.random.Generator
            Not used: the fit is deterministic.
        parent : Model, optional
            Not used: the fit starts afresh.

        Returns
        -------
        GaussianModel
            Reports ``varies`` False where all records are equal.

        Raises
        ------
        InputError
            If there are no records, if records hold NaN or infinity, or if ``ddof`` is 1 and there
            are no more records than coordinates.
        """
        moments = self.summarise(data)
        n, d = moments.n, moments.d
        fewest = n if isinstance(n, int) else int(np.min(n))
        if fewest < 1:
            raise InputError("a Gaussian cannot be fitted to no records. Give at least one.")
        if self.ddof == 1 and fewest <= d:
            raise InputError(
                f"an unbiased covariance in {d} dimension(s) needs at least {d + 1} records, got "
                f"{fewest}: with fewer it is singular after one fit. Use more records, or ddof=0."
            )
        return GaussianModel(
            moments.mean, moments.root, moments.exponent, n - self.ddof, moments.record_shape
        )

    def summarise(self, data: Any) -> Moments:
        """Moments of a block of records; moments are returned as they are.

        Parameters
        ----------
        data : ndarray, shape (n, ...), or Moments
            Records along the first axis, or their moments.

        Returns
        -------
        Moments
            All that `fit` needs; models fitted to it write records shaped like `data`'s.

        Raises
        ------
        InputError
            If `data` is no array of numbers, is empty, or holds NaN or infinity.
        """
        return data if isinstance(data, Moments) else Moments.of(data)


@dataclass(frozen=True)
class _Truth:
    """A mean and a covariance, checked, kept as they can be written to a spec."""

    mean: Numbers = 0.0
    cov: Matrix = 1.0

    def __post_init__(self) -> None:
        mean, cov = _plain(self.mean, "mean", 1), _plain(self.cov, "cov", 2)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "cov", cov)
        sides, length = np.shape(cov), np.shape(mean)
        if len({*sides, *length}) > 1:
            raise InputError(
                f"a cov of shape {sides} does not fit a mean of shape {length}: it has one "
                "row and one column for each coordinate. Give a square matrix, or one number for "
                "all coordinates."
            )
        if 0 in sides + length:
            raise InputError("a Gaussian has at least one coordinate, got an empty mean or cov.")
        self._root  # noqa: B018  (checks that the covariance is one)

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(max(np.size(self.mean), *np.shape(self.cov), 1))

    @cached_property
    def _root(self) -> Floats:
        given = np.asarray(self.cov, dtype=np.float64)
        cov = given if given.ndim else given * np.eye(self.d)
        variances = np.diag(cov)
        if not np.allclose(cov, cov.T, rtol=1e-9, atol=0):
            raise InputError("cov is not symmetric, as covariances are. Use (cov + cov.T) / 2.")
        # On the scale of correlations a limit for rounding errors suits all coordinates.
        scale = np.sqrt(np.where(variances > 0, variances, 1.0))
        values, vectors = np.linalg.eigh(cov / scale / scale[:, None])
        rounding = 1e-13 * self.d
        if values[0] < -rounding:
            raise InputError(
                "cov is not positive semi-definite: some combination of the coordinates would have "
                f"a negative variance (eigenvalue {values[0]:.3g} on the scale of correlations). "
                "Use a covariance matrix, such as A @ A.T."
            )
        spread = np.sqrt(np.where(values > rounding, values, 0.0))
        return scale[:, None] * _roots.lower(vectors * spread, self.d + 1)

    def _law(self, batch: tuple[int, ...], record_shape: tuple[int, ...] | None) -> GaussianModel:
        d = self.d
        return GaussianModel(
            np.broadcast_to(np.asarray(self.mean, dtype=np.float64), (*batch, d)),
            np.broadcast_to(self._root, (*batch, d, d)),
            np.zeros((*batch, d), dtype=np.intc),
            record_shape=record_shape,
        )


@dataclass(frozen=True)
class Gaussian(_Truth):
    """Nature as a Gaussian law that writes rows.

    Parameters
    ----------
    mean : float or sequence of float, default 0.0
        One number stands for all coordinates.
    cov : float or nested sequence of float, default 1.0
        Symmetric positive semi-definite; one number stands for independent coordinates of this
        variance.

    Raises
    ------
    InputError
        If a number is not finite, the shapes do not fit, or `cov` is no covariance.

    Examples
    --------
    >>> import numpy as np
    >>> Gaussian([0, 0], 4.0).sample(3, rng=np.random.default_rng(0)).shape
    (3, 2)
    >>> Gaussian([0, 0], 4.0).law.cov
    array([[4., 0.],
           [0., 4.]])
    """

    @cached_property
    def law(self) -> GaussianModel:
        """Mean, covariance and density as arrays."""
        return self._law((), (self.d,))

    def sample(self, n: int, *, rng: Generator) -> Floats:
        """Write `n` records: an array of shape (n, d)."""
        return np.asarray(self.law.sample(n, rng=rng))

    def exact(self) -> ExactGaussian:
        """Return the same law as a truth that draws sufficient statistics."""
        return ExactGaussian(self.mean, self.cov)


@dataclass(frozen=True)
class ExactGaussian(_Truth):
    """Nature as a Gaussian law that draws the `Moments` of its records, not the records.

    A lineage that starts from it is exact in law, and costs the same whatever the number of
    records; see `Gaussian` for the parameters.

    Parameters
    ----------
    mean : float or sequence of float, default 0.0
        One number stands for all coordinates.
    cov : float or nested sequence of float, default 1.0
        Symmetric positive semi-definite; one number stands for independent coordinates.
    replicates : int, optional
        Independent data sets drawn at once, on a leading axis; None for one without that axis.

    Raises
    ------
    InputError
        If the law is invalid, or `replicates` is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> truth = Gaussian().exact().replicate(5)
    >>> truth.sample(100, rng=np.random.default_rng(0)).mean.shape
    (5, 1)
    """

    replicates: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.replicates is not None and self.replicates < 1:
            raise InputError(f"replicates is {self.replicates}. Use 1 or more, or None.")

    @cached_property
    def law(self) -> GaussianModel:
        """Mean, covariance and density as arrays, with a leading axis for replicates."""
        return self._law(() if self.replicates is None else (self.replicates,), None)

    @property
    def batch(self) -> int:
        """How many replicates are worth carrying at once: about eight megabytes of roots."""
        return int(np.clip(2**20 // self.d**2, 1, 4096))

    def replicate(self, replicates: int) -> ExactGaussian:
        """Return the same law, drawing `replicates` independent data sets at once."""
        return ExactGaussian(self.mean, self.cov, replicates)

    def sample(self, n: int, *, rng: Generator) -> Moments:
        """Draw the moments of `n` records, for each replicate."""
        drawn: Moments = self.law.sample(n, rng=rng)
        return drawn


def _plain(given: Any, name: str, most: int) -> Any:
    """Numbers as floats and nested tuples, which can be compared, hashed and written down."""
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.full((), np.nan)
    if array.ndim not in (0, most) or not np.isfinite(array).all():
        shape = "a vector" if most == 1 else "a matrix"
        raise InputError(
            f"{name} must be a finite number or {shape} of finite numbers, got {given!r}: it "
            "describes a law on real coordinates. Check for NaN, infinity and ragged rows."
        )
    if array.ndim == 0:
        return float(array)
    return tuple(map(tuple, array.tolist())) if most == 2 else tuple(array.tolist())
