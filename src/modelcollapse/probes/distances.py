"""Probes of the distance from the real law: they grow in every kind of collapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from modelcollapse.metrics import distances, divergences, kernels, moments
from modelcollapse.probes.views import (
    CategoricalView,
    GaussianView,
    RowsView,
    law_view,
    rows_view,
    view,
)
from modelcollapse.protocols import Reading

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

NAN = float("nan")


@dataclass(frozen=True)
class Wasserstein:
    """Wasserstein-2 distance from the real law: it grows in collapse, in the units of the records.

    Exact for fitted Gaussian laws and for records in one dimension; sliced (root mean square over
    directions) for records in several, against held-out real ones.

    Parameters
    ----------
    directions : int, default 64
        Directions of the sliced distance, the same in every generation.
    """

    directions: int = 64
    name: ClassVar[str] = "wasserstein"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            squared = distances.gaussian_w2_squared(
                seen.model.mean, seen.model_root, seen.mean, seen.root
            )
            return np.sqrt(squared)
        if not isinstance(seen, RowsView):
            return NAN
        if seen.sample.shape[1] == 1:
            return distances.wasserstein_1d(seen.sample[:, 0], seen.reference[:, 0])
        # The same directions in every generation, so that readings differ by the records only.
        rng = generation.rng_once("directions")
        return distances.sliced_wasserstein(
            seen.sample, seen.reference, directions=self.directions, rng=rng
        )


@dataclass(frozen=True)
class EnergyDistance:
    """Energy distance from held-out real records: 0 for equal laws, it grows in collapse."""

    name: ClassVar[str] = "energy_distance"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = rows_view(generation)
        if seen is None:
            return NAN
        return kernels.energy_distance(seen.sample, seen.reference)


@dataclass(frozen=True)
class MMD:
    """Squared maximum mean discrepancy from held-out real records: it grows in collapse."""

    name: ClassVar[str] = "mmd"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = rows_view(generation)
        if seen is None:
            return NAN
        real = seen.reference
        bandwidth = generation.once("bandwidth", lambda: kernels.median_bandwidth(real))
        return kernels.mmd_squared(seen.sample, seen.reference, bandwidth=bandwidth)


@dataclass(frozen=True)
class TotalVariation:
    """Total variation distance from the real law of categories: it grows from 0 towards 1."""

    name: ClassVar[str] = "total_variation"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if not isinstance(seen, CategoricalView):
            return NAN
        return divergences.total_variation(
            seen.model.probabilities, seen.at_states, starts=seen.starts
        )


@dataclass(frozen=True)
class Hellinger:
    """Hellinger distance from the real law of categories: it grows from 0 towards 1."""

    name: ClassVar[str] = "hellinger"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if not isinstance(seen, CategoricalView):
            return NAN
        return divergences.hellinger(seen.model.probabilities, seen.at_states, starts=seen.starts)


@dataclass(frozen=True)
class KL:
    """Kullback-Leibler divergence of the model from the real law, in nats: it grows in collapse.

    Of Gaussian laws in closed form, infinite once the model is singular. Of categories from the
    model to the truth, which stays finite when states are lost.
    """

    name: ClassVar[str] = "kl"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, GaussianView):
            return divergences.gaussian_kl(seen.model.mean, seen.model_root, seen.mean, seen.root)
        if isinstance(seen, CategoricalView):
            return divergences.kl(seen.model.probabilities, seen.at_states, starts=seen.starts)
        return NAN


@dataclass(frozen=True)
class CrossEntropy:
    """Negative log-likelihood of held-out real records, in nats: it grows as the model forgets.

    Per token for texts, per record otherwise; infinite if the model rules a real record out. In
    closed form where both laws are known. NaN for models that cannot score records.
    """

    name: ClassVar[str] = "cross_entropy"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = law_view(generation)
        if isinstance(seen, CategoricalView):
            return _of_categories(seen)
        if isinstance(seen, GaussianView) and not isinstance(generation.sample, np.ndarray):
            return _of_gaussians(seen)
        score = getattr(generation.model, "log_prob", None)
        score = score or getattr(generation.model, "log_density", None)
        if score is None:
            return NAN
        return float(-np.mean(score(generation.reference)))


def _of_categories(seen: CategoricalView) -> Reading:
    """Minus the sum of the real law times the logarithm of the model's."""
    real = seen.at_states
    surprise = -seen.model.total(real * np.log(seen.model.probabilities))
    lost = seen.model.total((real > 0).astype(np.int64)) < np.count_nonzero(seen.truth)
    readings: Reading = np.where(lost, np.inf, surprise)
    return readings


def _of_gaussians(seen: GaussianView) -> Reading:
    """Divergence of the real law from the model, plus the entropy of the real one."""
    d = len(seen.mean)
    entropy = (moments.log_generalised_variance(seen.root) + d * np.log(2 * np.pi * np.e)) / 2
    divergence = divergences.gaussian_kl(seen.mean, seen.root, seen.model.mean, seen.model_root)
    reading: Reading = divergence + entropy
    return reading
