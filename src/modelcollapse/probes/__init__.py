"""Probes: measures that watch a lineage.

A probe is any callable from a generation to a number, or to several by name, with a `name` of its
own. The built-in ones read a fitted law in closed form where there is one, and records otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.families.categorical import Frequencies
from modelcollapse.families.counts import Counts
from modelcollapse.families.gaussian import GaussianMLE
from modelcollapse.families.moments import Moments
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.families.regression.statistics import LeastSquares
from modelcollapse.families.texts import Texts
from modelcollapse.probes.classes import Classes
from modelcollapse.probes.columns import is_mixed
from modelcollapse.probes.dependence import Associations, TrainOnSynthetic
from modelcollapse.probes.distances import (
    KL,
    MMD,
    CrossEntropy,
    EnergyDistance,
    Hellinger,
    TotalVariation,
    Wasserstein,
)
from modelcollapse.probes.language import (
    CrossEntropyGap,
    GeneratedPerplexity,
    NextTokenConcentration,
    Perplexity,
    PerplexityHistogram,
    Repetition,
    SelfBleu,
    VocabularySurvival,
    ZipfExponent,
)
from modelcollapse.probes.regression import DownstreamError, Misclassification, TestError
from modelcollapse.probes.spread import (
    LogGeneralisedVariance,
    LogVariance,
    MeanError,
    TailRetention,
    Variance,
)
from modelcollapse.probes.tables import ColumnTails, Minorities, RareCategories
from modelcollapse.probes.variety import (
    Distinct,
    Entropy,
    HillNumber,
    LostMass,
    Subgroups,
    Support,
)
from modelcollapse.protocols import Finite, Probe
from modelcollapse.seeds import generator

if TYPE_CHECKING:
    from modelcollapse.lineage import Lineage

__all__ = [
    "KL",
    "MMD",
    "Associations",
    "Classes",
    "ColumnTails",
    "CrossEntropy",
    "CrossEntropyGap",
    "Distinct",
    "DownstreamError",
    "EnergyDistance",
    "Entropy",
    "GeneratedPerplexity",
    "Hellinger",
    "HillNumber",
    "LogGeneralisedVariance",
    "LogVariance",
    "LostMass",
    "MeanError",
    "Minorities",
    "Misclassification",
    "NextTokenConcentration",
    "Perplexity",
    "PerplexityHistogram",
    "RareCategories",
    "Repetition",
    "SelfBleu",
    "Subgroups",
    "Support",
    "TailRetention",
    "TestError",
    "TotalVariation",
    "TrainOnSynthetic",
    "Variance",
    "VocabularySurvival",
    "Wasserstein",
    "ZipfExponent",
    "bind",
    "suited",
]


def bind(probes: Sequence[Probe | str] | None, lineage: Lineage) -> tuple[Probe, ...]:
    """Probes for a lineage, by object or by name; what suits its data when None.

    Raises
    ------
    InputError
        If a name is unknown, or two probes have the same name.
    """
    from modelcollapse.registry import build

    if probes is None:
        return suited(lineage)
    if isinstance(probes, str):
        raise InputError(f"the probes are the text '{probes}'. Give a list: ['{probes}'].")
    bound = tuple(
        build("probe", probe, "measures") if isinstance(probe, str) else probe for probe in probes
    )
    for probe in bound:
        if not callable(probe) or not isinstance(getattr(probe, "name", None), str):
            raise InputError(
                f"{probe!r} is no probe: it must be callable and have a name. Set the attribute "
                "'name', under which its readings appear."
            )
    names = [probe.name for probe in bound]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two probes are called '{twice}'. Give each a name of its own.")
    return bound


def suited(lineage: Lineage) -> tuple[Probe, ...]:
    """Probes that suit the data of a lineage: spread and tails first, then variety and distance."""
    record = _one_record(lineage.truth)
    if isinstance(record, Labelled | LeastSquares):
        real = record.design.response == "real"
        return (TestError(),) if real else (Misclassification(),)
    if isinstance(record, Moments) or isinstance(lineage.learner, GaussianMLE):
        return (Variance(), TailRetention(), LogGeneralisedVariance(), MeanError(), Wasserstein())
    if isinstance(record, Counts) or isinstance(lineage.learner, Frequencies):
        return (Variance(), TailRetention(), Support(), Entropy(), LostMass(), TotalVariation())
    if isinstance(record, Texts | list):
        return (Variance(), TailRetention(), Support(), Entropy(), Distinct(), CrossEntropy())
    if is_mixed(record):
        return (
            Variance(), TailRetention(), RareCategories(), Minorities(), ColumnTails(),
            Associations(), EnergyDistance(),
        )  # fmt: skip
    probes: tuple[Probe, ...] = (Variance(), TailRetention(), EnergyDistance(), Wasserstein())
    return probes if getattr(lineage.truth, "labels", None) is None else (*probes, Subgroups())


def _one_record(truth: Any) -> Any:
    if isinstance(truth, Finite):
        return truth.take(np.arange(1))
    return truth.sample(1, rng=generator(0, 0, 0, "nature"))
