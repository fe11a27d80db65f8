"""The Gaussian law: what a fit gives and what a truth is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.families import _roots
from modelcollapse.families._roots import Count, Exponents, Floats
from modelcollapse.families.moments import Moments
from modelcollapse.protocols import Reading


@dataclass(frozen=True, eq=False)
class GaussianModel:
    """A Gaussian law in `d` dimensions, or one for each replicate of a batch.

    Attributes
    ----------
    mean : ndarray, shape (..., d)
        Leading axes are ``()``, or ``(replicates,)`` for a batch.
    scatter_root : ndarray, shape (..., d, d)
        Lower triangular `L`; the covariance is ``L L^T / divisor`` after column `j` of `L` is
        multiplied by ``2**exponent[..., j]``.
    exponent : ndarray of int, shape (..., d)
        Powers of two of the columns: a chain of a million generations does not underflow.
    divisor : int or ndarray, shape (replicates,)
        What the scatter of the records was divided by; kept apart, so that a fit costs nothing.
    record_shape : tuple of int, optional
        Shape of the records that the model writes; None for a model that draws `Moments`.
    """

    mean: Floats
    scatter_root: Floats
    exponent: Exponents
    divisor: Count = 1
    record_shape: tuple[int, ...] | None = None

    @property
    def law(self) -> GaussianModel:
        """The model itself: truths have a `law` too."""
        return self

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.mean.shape[-1])

    @cached_property
    def root(self) -> Floats:
        """Lower triangular root of the covariance, without the powers of two of its columns."""
        return np.asarray(self.scatter_root / np.sqrt(np.asarray(self.divisor))[..., None, None])

    @property
    def cov(self) -> Floats:
        """Covariance, shape (..., d, d); entries below the smallest float are 0."""
        root = _roots.natural(self.root, self.exponent)
        return np.asarray(root @ np.swapaxes(root, -1, -2))

    @property
    def variance(self) -> Reading:
        """Total variance, the trace of the covariance; 0 below the smallest float."""
        return _reading(np.exp(self.log_variance))

    @cached_property
    def log_variance(self) -> Reading:
        """Natural logarithm of the total variance; right where the variance underflows."""
        # Columns are of ordinary size, so that their squares neither overflow nor underflow.
        squares = np.einsum("...ij,...ij->...j", self.scatter_root, self.scatter_root)
        level = self.exponent.max(axis=-1)
        # Columns this far below the largest do not count in a sum of squares.
        total = np.ldexp(squares, 2 * (self.exponent - level[..., None])).sum(axis=-1)
        return _reading(_roots.log_scaled(total / self.divisor, 2 * level))

    @property
    def log_det(self) -> Reading:
        """Natural logarithm of the covariance's determinant, -inf where it is singular."""
        diagonal = self.root.diagonal(0, -2, -1)
        return _reading(2 * _roots.log_scaled(diagonal, self.exponent).sum(axis=-1))

    @property
    def varies(self) -> bool | NDArray[np.bool_]:
        """Whether any coordinate has a positive variance; shape (replicates,) for a batch."""
        alive = self.scatter_root.any(axis=(-1, -2))
        return np.asarray(alive) if np.ndim(alive) else bool(alive)

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` records, or draw the moments of `n` records.

        Parameters
        ----------
        n : int
            Number of records, 0 or larger.
        rng : numpy.random.Generator
            For moments: ``(..., d)`` normals for the means, ``(..., d)`` gammas and
            ``(..., d(d-1)/2)`` normals for the scatter, in this order.

        Returns
        -------
        ndarray, shape (n, *record_shape), or Moments
            Moments have the law that the moments of `n` independent records have: the mean is
            Gaussian with covariance ``cov / n``, the scatter is Wishart with ``n - 1`` degrees of
            freedom, and they are independent.

        Raises
        ------
        InputError
            If `n` is negative.

        References
        ----------
        Textbook: Bartlett's decomposition of a Wishart matrix.
        """
        if n < 0:
            raise InputError(f"a model cannot write {n} records. Ask for 0 or more.")
        if self.record_shape is not None:
            normals = rng.standard_normal((n, self.d))
            rows = normals @ _roots.natural(self.root, self.exponent).T + self.mean
            return rows.reshape(n, *self.record_shape)
        scale = 1 / np.sqrt(np.asarray(self.divisor))
        step = np.ldexp(rng.standard_normal(self.mean.shape), self.exponent)
        step *= (scale / math.sqrt(max(n, 1)))[..., None]
        mean = self.mean + (self.scatter_root @ step[..., None])[..., 0]
        scatter = _roots.wishart(self.scatter_root, self.exponent, scale, max(n - 1, 0), rng)
        return Moments(n, mean, *scatter)

    def log_density(self, x: Any) -> Floats:
        """Natural logarithm of the density at some points.

        Parameters
        ----------
        x : array_like, shape (n, ...) or (replicates, n, d)
            Records along the first axis, for every law of a batch alike, or its own for each law.

        Returns
        -------
        ndarray, shape (..., n)
            Nats; NaN where the covariance is singular, since the law then has no density.

        Raises
        ------
        InputError
            If the points have another number of coordinates than the law.
        """
        points, batch = np.atleast_1d(np.asarray(x, dtype=np.float64)), self.mean.shape[:-1]
        if points.ndim < 3 or points.shape[:-2] != batch:
            points = points.reshape(len(points), -1)
        if points.shape[-1] != self.d:
            raise InputError(
                f"the points have {points.shape[-1]} coordinates and the law has {self.d}. Give "
                "one row of as many coordinates for each point."
            )
        singular = np.asarray(np.isneginf(self.log_det))
        regular = np.where(singular[..., None, None], np.eye(self.d), self.root)
        centred = np.swapaxes(points - self.mean[..., None, :], -1, -2)
        with np.errstate(over="ignore"):  # infinitely unlikely points
            standard = np.ldexp(np.linalg.solve(regular, centred), -self.exponent[..., None])
            distance = np.square(standard).sum(axis=-2)
        constant = self.d * math.log(2 * math.pi) + np.asarray(self.log_det)
        with np.errstate(invalid="ignore"):
            density = -(distance + constant[..., None]) / 2
        return np.where(singular[..., None], np.nan, density)


def _reading(values: Floats) -> Reading:
    return values if np.ndim(values) else float(values)
