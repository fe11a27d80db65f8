"""Blends of laws: each record picks its source by chance, as the definition of collapse has it.

`Mix` blends records: exactly so many real, kept and synthetic ones. [shumailov2024] defines the
blend on laws instead, ``p[t+1] = alpha * model[t] + beta * p[t] + gamma * p[0]``, of which every
record is an independent draw. A learner can say that, because it is handed its parent.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families import _roots
from modelcollapse.families.gaussian import ExactGaussian, GaussianMLE
from modelcollapse.families.gaussian_model import GaussianModel
from modelcollapse.families.moments import Moments
from modelcollapse.protocols import Model

Laws = tuple[tuple[float, GaussianModel], ...]


@dataclass(frozen=True, eq=False)
class BlendedGaussianModel(GaussianModel):
    """A fitted Gaussian that writes from the blend of laws that follows it.

    What it reports, mean and covariance, is the fit; the law it writes from is in `laws`.

    Attributes
    ----------
    laws : tuple of (float, GaussianModel)
        Share and law of each component, the truth first and the newest fit last.
    """

    laws: Laws = ()

    def sample(self, n: int, *, rng: Generator) -> Moments:
        """Draw the moments of `n` records, each from a component chosen by chance.

        Parameters
        ----------
        n : int
            Number of records, 1 or larger.
        rng : numpy.random.Generator
            For each replicate how many records come from each component, then their moments.

        Raises
        ------
        InputError
            If `n` is smaller than 1.
        """
        shares = np.array([share for share, _ in self.laws])
        if n < 1:
            raise InputError(f"a blend cannot write {n} records. Ask for at least 1.")
        counts = rng.multinomial(n, shares / shares.sum(), size=self.mean.shape[:-1])
        parts = [
            _moments(law, counts[..., i], rng)
            for i, (_, law) in enumerate(self.laws)
            if counts[..., i].any()
        ]
        joined: Moments = records.concat(parts)
        return joined


@dataclass(frozen=True)
class BlendedGaussian:
    """Fit a Gaussian, and write from a blend of the fit, the law before it, and the truth.

    Use it with ``Replace(n)``: the blend is in the model, not in the policy.

    Parameters
    ----------
    alpha : float
        Share of records that the newest fit writes.
    gamma : float
        Share of records that the truth writes. The rest, ``1 - alpha - gamma``, is drawn anew
        from the law that the present data came from.
    truth : ExactGaussian, optional
        The truth; a standard Gaussian when not given.
    ddof : {0, 1}, default 0
        The fitted scatter is divided by ``n - ddof``; see `GaussianMLE`.

    Raises
    ------
    InputError
        If the shares are negative or exceed 1 together, or `ddof` is neither 0 nor 1.

    References
    ----------
    shumailov2024, definition of the generational process.

    Examples
    --------
    >>> learner = BlendedGaussian(alpha=0.9, gamma=0.1)
    >>> data = ExactGaussian().sample(100, rng=np.random.default_rng(0))
    >>> [share for share, _ in learner.fit(data, rng=np.random.default_rng(1)).laws]
    [0.1, 0.9]
    """

    alpha: float
    gamma: float
    truth: ExactGaussian = ExactGaussian()  # noqa: RUF009  (immutable)
    ddof: int = 0

    batches: ClassVar[bool] = True
    """Replicates may share a leading axis."""

    def __post_init__(self) -> None:
        if min(self.alpha, self.gamma) < 0 or self.alpha + self.gamma > 1 + 1e-12:
            raise InputError(
                f"alpha is {self.alpha!r} and gamma {self.gamma!r}; they are shares of one blend, "
                "and beta is what they leave. Use numbers from 0 that sum to at most 1."
            )
        GaussianMLE(self.ddof)

    def fit(
        self, data: Any, *, rng: Generator, parent: Model[Any] | None = None
    ) -> BlendedGaussianModel:
        """Fit a model whose blend continues the parent's.

        Parameters
        ----------
        data : Moments
            What the blend before wrote.
        rng : numpy.random.Generator
            Not used: the fit is deterministic.
        parent : Model, optional
            The last model; without one, the data came from the truth.

        Raises
        ------
        Incompatible
            If `data` are rows: the blend is of laws that draw moments.
        """
        if not isinstance(data, Moments) or data.record_shape is not None:
            raise Incompatible(
                "BlendedGaussian draws moments, and cannot write rows like the ones it was fitted "
                "to. Start from a truth that draws moments, such as Gaussian().exact()."
            )
        fitted = GaussianMLE(self.ddof).fit(data, rng=rng)
        parts = {field.name: getattr(fitted, field.name) for field in fields(fitted)}
        batch = fitted.mean.shape[:-1]
        truth = self.truth.replicate(batch[0]).law if batch else self.truth.law
        before: Laws = parent.laws if isinstance(parent, BlendedGaussianModel) else ((1.0, truth),)
        beta = max(0.0, 1 - self.alpha - self.gamma)
        older = [(beta * share, law) for share, law in before[1:] if beta > 0]
        laws = ((beta * before[0][0] + self.gamma, truth), *older, (self.alpha, fitted))
        return BlendedGaussianModel(**parts, laws=laws)

    def summarise(self, data: Any) -> Moments:
        """Moments of a block of records; moments are returned as they are."""
        return GaussianMLE(self.ddof).summarise(data)


def _moments(law: GaussianModel, counts: NDArray[np.int64], rng: Generator) -> Moments:
    """Moments of `counts` records of a law, which may differ between replicates."""
    scale = 1 / np.sqrt(np.asarray(law.divisor))
    step = np.ldexp(rng.standard_normal(law.mean.shape), law.exponent)
    step *= np.asarray(scale / np.sqrt(np.maximum(counts, 1)))[..., None]
    mean = law.mean + (law.scatter_root @ step[..., None])[..., 0]
    factor = _roots.bartlett(np.maximum(counts - 1, 0), law.d, law.mean.shape[:-1], rng)
    factor = factor * np.asarray(scale)[..., None, None]
    root, exponent = _roots.multiply(law.scatter_root, law.exponent, factor)
    exponent = np.broadcast_to(exponent, law.mean.shape)
    return Moments(counts if counts.ndim else int(counts), mean, root, exponent, gaussian=False)
