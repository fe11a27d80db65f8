"""Sampling bias: a Gaussian model that writes records closer to its mean than its fit says."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError
from modelcollapse.families.gaussian import GaussianMLE
from modelcollapse.families.gaussian_model import GaussianModel
from modelcollapse.families.moments import Moments
from modelcollapse.protocols import Model


@dataclass(frozen=True, eq=False)
class BiasedGaussianModel(GaussianModel):
    """A fitted Gaussian that writes with `bias` times its covariance.

    What it reports, mean and covariance, is the fit; only what it writes is biased.
    """

    bias: float = 1.0

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` records, or draw the moments of `n` records; see `GaussianModel.sample`."""
        return GaussianModel(
            self.mean,
            self.scatter_root * np.sqrt(self.bias),
            self.exponent,
            self.divisor,
            self.record_shape,
        ).sample(n, rng=rng)


@dataclass(frozen=True)
class BiasedGaussian:
    """Fit a Gaussian, and write with less variance than was fitted.

    The stand-in for what raises the quality of a generator's samples at the cost of their
    variety: truncation, guidance, low temperature.

    Parameters
    ----------
    bias : float
        Factor on the covariance that the model writes with: 1 unbiased, 0 the mean only.
        Classifier-free guidance of strength `w` is compared with ``1 / (1 + w)``.
    ddof : {0, 1}, default 0
        The fitted scatter is divided by ``n - ddof``; see `GaussianMLE`.

    Raises
    ------
    InputError
        If `bias` lies outside 0 to 1, or `ddof` is neither 0 nor 1.

    Notes
    -----
    With a bias other than 1, `modelcollapse.testing.check_learner` rightly finds that the model
    does not write what it fitted: that is its purpose.

    References
    ----------
    alemohammad2024, section 5 (the definition for Gaussian models).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> model = BiasedGaussian(0.25).fit(np.array([-2.0, 2.0]), rng=rng)
    >>> model.cov, model.sample(10_000, rng=rng).var().round(1)
    (array([[4.]]), np.float64(1.0))
    """

    bias: float
    ddof: int = 0

    batches: ClassVar[bool] = True
    """Replicates may share a leading axis."""

    def __post_init__(self) -> None:
        if not 0 <= self.bias <= 1:
            raise InputError(
                f"bias is {self.bias!r}; it is the share of the fitted variance that the model "
                "writes with. Use a number from 0 to 1."
            )
        self._unbiased  # noqa: B018  (checks ddof)

    @property
    def _unbiased(self) -> GaussianMLE:
        return GaussianMLE(self.ddof)

    def fit(
        self, data: Any, *, rng: Generator, parent: Model[Any] | None = None
    ) -> BiasedGaussianModel:
        """Fit a model; see `GaussianMLE.fit` for the parameters and errors."""
        fitted = self._unbiased.fit(data, rng=rng, parent=parent)
        parts = {field.name: getattr(fitted, field.name) for field in fields(fitted)}
        return BiasedGaussianModel(**parts, bias=self.bias)

    def summarise(self, data: Any) -> Moments:
        """Moments of a block of records; see `GaussianMLE.summarise`."""
        return self._unbiased.summarise(data)
