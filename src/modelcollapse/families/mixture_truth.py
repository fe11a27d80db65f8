"""Nature as a Gaussian mixture that can be written to a spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.families.mixture import MixtureOfGaussians

Vectors = Sequence[float] | Sequence[Sequence[float]]
Matrices = float | Sequence[float] | Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True)
class GaussianMixtureTruth:
    """Nature as a mixture of Gaussians that writes rows.

    Parameters
    ----------
    means : sequence of float, or of sequence of float
        Mean of each component; single numbers stand for records of one coordinate.
    weights : sequence of float, optional
        Share of each component; equal shares when not given.
    covs : float, sequence of float, or sequence of matrices, default 1.0
        Covariance of each component, squared units of the records. One number stands for all
        components and coordinates, one number a component for its independent coordinates.

    Raises
    ------
    InputError
        If shapes disagree, weights are no shares, or a matrix is no covariance.

    Examples
    --------
    >>> truth = GaussianMixtureTruth([-2.0, 2.0])
    >>> truth.sample(3, rng=np.random.default_rng(0)).shape, truth.law.cov
    ((3, 1), array([[5.]]))
    """

    means: Vectors
    weights: Sequence[float] | None = None
    covs: Matrices = 1.0

    def __post_init__(self) -> None:
        for name in ("means", "weights", "covs"):
            object.__setattr__(self, name, _plain(getattr(self, name), name))
        self.law  # noqa: B018  (checks that the parts fit together)

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.means)

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(np.size(self.means) // len(self.means))

    @cached_property
    def law(self) -> MixtureOfGaussians:
        """Mean, covariance and density as arrays."""
        means = np.asarray(self.means, dtype=np.float64)
        if means.ndim not in (1, 2) or means.size == 0:
            raise InputError(
                f"means has shape {means.shape}, but there is one mean a component, a number or a "
                "vector. Give a list of numbers, or of lists of numbers."
            )
        k, d = len(means), means[0].size
        covs = np.asarray(self.covs, dtype=np.float64)
        if covs.ndim < 2 and covs.shape in ((), (k,)):
            covs = np.broadcast_to(covs, (k,))[:, None, None] * np.eye(d)
        if covs.shape != (k, d, d):
            raise InputError(
                f"covs has shape {covs.shape}, but {k} components of {d} coordinate(s) need one "
                f"number, {k} numbers, or {k} matrices of shape ({d}, {d})."
            )
        weights = np.full(k, 1 / k) if self.weights is None else np.asarray(self.weights)
        return MixtureOfGaussians.from_covariances(weights, means.reshape(k, d), covs)

    def sample(self, n: int, *, rng: Generator) -> NDArray[np.float64]:
        """Write `n` records: an array of shape (n, d)."""
        return self.law.sample(n, rng=rng)


def _plain(given: Any, name: str) -> Any:
    """Numbers as floats and nested tuples, which can be compared, hashed and written down."""
    if given is None:
        return None
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.full((), np.nan)
    if not np.isfinite(array).all() or (array.ndim == 0 and name != "covs"):
        raise InputError(
            f"{name} must hold finite numbers in the shape of the components, got {given!r}. "
            "Check for NaN, infinity and ragged rows."
        )
    return _tuples(array.tolist())


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
