"""Errors to decompose: how far a model is from nature, on one scale in every world.

A measure here is a probe whose reading does not depend on how many records its lineage happens to
use: it draws a fixed number itself, the same real ones in all worlds and generations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, InputError, suggestion
from modelcollapse.families.categorical import Frequencies
from modelcollapse.families.counts import Counts
from modelcollapse.families.gaussian import GaussianMLE
from modelcollapse.families.gaussian_model import GaussianModel
from modelcollapse.families.kernel import KernelDensity
from modelcollapse.families.mixture import Mixture
from modelcollapse.families.texts import Texts
from modelcollapse.metrics import divergences, kernels
from modelcollapse.probes import KL, CrossEntropy, bind
from modelcollapse.probes.views import GaussianView, as_rows, view
from modelcollapse.protocols import Finite, Learner, Probe, Reading, name_of
from modelcollapse.seeds import generator

if TYPE_CHECKING:
    from modelcollapse.generation import Generation
    from modelcollapse.lineage import Lineage

REFERENCE = 2_000
"""Real records that a law writes for the measures, where the lineage does not say how many."""

_NODES, _MISSED = 2_001, 1e-9
_WITH_DENSITY = (GaussianMLE, Mixture, KernelDensity)


@dataclass(frozen=True)
class ExcessCrossEntropy:
    """Nats per real record that the model loses against the truth: ``KL(truth || model)``.

    0 for the truth itself, infinite for a model that has lost all variation in some direction. In
    closed form between Gaussian laws; by quadrature in one dimension where the truth is smooth;
    else as a mean over real records.

    Parameters
    ----------
    records : int, default 4000
        Real records of the mean.

    Notes
    -----
    Quadrature is the trapezoid rule over twice the range of the records; it is used where it gives
    the density of the truth an integral of 1 within 1e-9.
    """

    records: int = 4_000
    name: ClassVar[str] = "excess_cross_entropy"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation.

        Raises
        ------
        Incompatible
            If the truth or the model has no density.
        """
        law, model = _law(generation.truth), generation.model
        if isinstance(law, GaussianModel) and isinstance(model, GaussianModel):
            seen = view(generation)
            assert isinstance(seen, GaussianView)
            return divergences.gaussian_kl(seen.mean, seen.root, seen.model.mean, seen.model_root)
        for who, part in (("truth", law), ("model", model)):
            if not hasattr(part, "log_density"):
                raise Incompatible(
                    f"the {who} {name_of(part)} has no log_density, so its excess cross-entropy is "
                    "not known. Use measure='energy_distance', which needs only records."
                )
        points, truth, weights = generation.once("excess nodes", lambda: self._nodes(generation))
        fitted = np.asarray(model.log_density(points))
        # A law without a density, singular in some direction, rules almost all real records out.
        fitted = np.where(np.isnan(fitted), -np.inf, fitted)
        return float(weights @ (truth - fitted))

    def _nodes(self, generation: Generation) -> tuple[Any, NDArray[Any], NDArray[Any]]:
        """Points, log density of the truth there, and weights of the mean."""
        law = _law(generation.truth)
        real = law.sample(self.records, rng=generation.rng_once("excess cross-entropy"))
        if real[0].size == 1:
            low, high = float(real.min()), float(real.max())
            middle, reach = (low + high) / 2, high - low
            grid, step = np.linspace(middle - reach, middle + reach, _NODES, retstep=True)
            points = grid.reshape(-1, *real.shape[1:])
            truth = law.log_density(points)
            weights = step * np.exp(truth)
            if abs(weights.sum() - 1) < _MISSED:
                held = weights > 0
                return points[held], truth[held], weights[held]
        return real, law.log_density(real), np.full(len(real), 1 / len(real))


@dataclass(frozen=True)
class EnergyError:
    """Energy distance of what the model writes from held-out real records, without bias.

    On average 0 for the truth itself, so that a reading can be negative; in units of the records.

    Parameters
    ----------
    records : int, default 1000
        Records that the model writes for it.
    """

    records: int = 1_000
    name: ClassVar[str] = "energy_distance"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        written = generation.model.sample(self.records, rng=generation.rng("energy error"))
        return kernels.energy_distance(as_rows(written), as_rows(generation.reference))


MEASURES: dict[str, Any] = {
    measure.name: measure for measure in (ExcessCrossEntropy, EnergyError, KL, CrossEntropy)
}
"""Measures that can be asked for by name."""

_UNITS = {
    "excess_cross_entropy": "KL(truth || model), nats",
    "energy_distance": "energy distance to held-out real records, units of the records",
    "kl": "KL(model || truth), nats",
    "cross_entropy": "cross-entropy of held-out real records, nats",
}


def described(measure: Probe) -> str:
    """Measure in words, with its unit where it is a built-in one."""
    built_in = MEASURES.get(measure.name) is type(measure)
    return _UNITS[measure.name] if built_in else measure.name


def chosen(measure: Probe | str | None, lineage: Lineage, learners: Sequence[Learner[Any]]) -> Any:
    """Measure by object or by name; what suits the truth and all learners when None.

    Raises
    ------
    InputError
        If the name is unknown, it is no probe, or nothing suits.
    """
    if measure is None:
        return _suited(lineage, learners)
    if isinstance(measure, str):
        if measure not in MEASURES:
            raise InputError(
                f"there is no error measure '{measure}'. {suggestion(measure, MEASURES)} Or pass a "
                "probe of your own, whose reading is 0 for the truth."
            )
        return MEASURES[measure]()
    return bind([measure], lineage)[0]


def _suited(lineage: Lineage, learners: Sequence[Learner[Any]]) -> Probe:
    truth = lineage.truth
    record = (
        truth.take(np.arange(1))
        if isinstance(truth, Finite)
        else truth.sample(1, rng=generator(0, 0, 0, "nature"))
    )
    if isinstance(record, Counts) or isinstance(lineage.learner, Frequencies):
        return KL()
    if isinstance(record, Texts | list):
        return CrossEntropy()
    dense = all(isinstance(learner, _WITH_DENSITY) for learner in learners)
    if dense and hasattr(_law(truth), "log_density"):
        return ExcessCrossEntropy()
    if isinstance(record, np.ndarray):
        return EnergyError()
    raise InputError(
        f"no built-in error measure suits records of type {type(record).__name__}. Pass measure=, "
        "a probe whose reading is 0 for the truth."
    )


def _law(truth: Any) -> Any:
    return getattr(truth, "law", truth)
