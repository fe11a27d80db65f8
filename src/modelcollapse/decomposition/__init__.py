"""Decompose: how much of a lineage's error comes from which source.

Three sources add up along a chain of models [shumailov2024]: a finite number of records
(*statistical*), a family that does not hold the truth (*expressivity*), and a fit that misses the
best model of its family even with unlimited records (*approximation*). Each can be switched off in
a counterfactual run, so there are eight worlds; the error is read in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.decomposition import measures
from modelcollapse.decomposition.counterfactuals import (
    EXPRESSIVITY,
    FEWEST_TIMES,
    IDEAL,
    STATISTICAL,
    WORLDS,
    Counterfactuals,
    World,
    affordable,
    contains,
    enlarged,
    exact_fit,
    richer_family,
)
from modelcollapse.decomposition.measures import EnergyError, ExcessCrossEntropy
from modelcollapse.decomposition.result import Decomposition, Part, extrapolated
from modelcollapse.engine import run_all
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.categorical_law import CategoricalTruth
from modelcollapse.families.gaussian import ExactGaussian
from modelcollapse.history import History
from modelcollapse.lineage import Lineage
from modelcollapse.protocols import Finite, Learner, Probe, name_of

__all__ = [
    "Decomposition",
    "EnergyError",
    "ExcessCrossEntropy",
    "Part",
    "decompose",
    "enlarged",
    "exact_fit",
    "richer_family",
]

TIMES, TIMES_OF_SUMMARIES = 64, 10_000
"""By how much records are multiplied by default, as rows and as sufficient statistics."""

_STEP, _FEW = 4, 8
"""Ratio of the two numbers of records that are extrapolated from, and the least that the smaller
one should be multiplied by: a few records are far from the limit in which errors fall like 1/n."""


def decompose(
    lineage: Lineage,
    generations: int = 10,
    *,
    replicates: int = 20,
    seed: int = 0,
    measure: Probe | str | None = None,
    richer: Learner[Any] | None = None,
    better: Callable[[Any], Learner[Any]] | None = None,
    times: int | None = None,
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Decomposition:
    """Separate the error of a lineage into its three sources, by counterfactual runs.

    Parameters
    ----------
    lineage : Lineage
        The loop.
    generations : int, default 10
        Generations after generation 0.
    replicates : int, default 20
        Repetitions of each world, at least 2. All worlds share their random numbers.
    seed : int, default 0
        Seed of all runs.
    measure : Probe or str, optional
        The error: 0 for the truth, larger for worse. ``"excess_cross_entropy"``, which is
        ``KL(truth || model)``, ``"energy_distance"``, ``"kl"``, which is ``KL(model || truth)``
        (for categories), ``"cross_entropy"`` (for texts), or a probe of your own, which must not
        read ``generation.sample``: its size differs between worlds. What suits the truth and the
        learners when not given.
    richer : Learner, optional
        Learner of a family that holds more laws, with the fit that it would have. What
        `richer_family` says when not given; the learner itself if its family is known to contain
        the truth.
    better : callable, optional
        From a learner to one that fits the same family better; `exact_fit` when not given. It is
        applied to the lineage's learner and to the richer one.
    times : int, optional
        By what the numbers of records are multiplied to switch sampling error off, at least 4: 64
        when not given, 10,000 for sufficient statistics. Of a finite source, as many as there are.
    n_jobs, progress
        As in `Lineage.run`.

    Returns
    -------
    Decomposition
        Parts with standard errors at each generation, and all eight worlds.

    Raises
    ------
    InputError
        If a number is out of range, or no measure suits.
    Incompatible
        If a counterfactual is not known for a part of the lineage (pass it), or a finite source
        has too few records.

    Notes
    -----
    Write ``E[S]`` for the mean error with the sources `S` at work and the others switched off.
    The parts are the steps of a path from the ideal world to the actual one::

        rest          = E[]
        expressivity  = E[expressivity] - E[]
        approximation = E[expressivity, approximation] - E[expressivity]
        statistical   = E[all] - E[expressivity, approximation]

    They add up to the total at every generation, and each is defined as a limit of unlimited
    records except the last. Sources interact, so other orders give other parts: the result has
    all of them (``parts("shapley")``, ``over_orders``).

    Worlds without sampling error are run with `times` and with a quarter of `times` (half, if
    that is below 8) as many records, and extrapolated as if what is left fell like one over the
    records. What was taken out is reported.

    References
    ----------
    Shumailov et al. (2024) for the three sources; the parts were defined for this package.

    Examples
    --------
    A single Gaussian cannot express two peaks, and a hundred records are few:

    >>> import modelcollapse as mc
    >>> from modelcollapse.families.mixture_truth import GaussianMixtureTruth
    >>> truth = GaussianMixtureTruth([-2.0, 2.0])
    >>> lineage = mc.Lineage(truth, mc.GaussianMLE(), mc.Replace(100), size=100)
    >>> found = decompose(lineage, 2, replicates=8, richer=mc.Mixture(2))
    >>> float(found.parts()["expressivity"].value[0].round(2))
    0.17
    """
    for what, value, least in (
        ("replicates", replicates, 2),
        ("times", FEWEST_TIMES if times is None else times, FEWEST_TIMES),
    ):
        if value < least:
            raise InputError(f"{what} is {value}. Give a whole number of at least {least}.")
    lineage = lineage.but(holdout=_holdout(lineage))
    cases = _counterfactuals(lineage, generations, richer, better, times)
    learners = {world: cases.learner(world) for world in WORLDS}
    probe = measures.chosen(measure, lineage, list(learners.values()))
    asked = {(world, i): x for world in WORLDS for i, x in enumerate(cases.lineages(world))}
    # Worlds may coincide, e.g. where the fit is exact already: each is run once.
    labels = _labels(asked)
    histories = run_all(
        {label: asked[key] for key, label in labels.items()},
        generations=generations,
        replicates=replicates,
        seed=seed,
        probes=[probe],
        n_jobs=n_jobs,
        progress=progress,
        must_begin=False,  # a world without a model is told apart below
    )
    readings = {key: _readings(histories[label], probe) for key, label in labels.items()}
    worlds: dict[World, NDArray[np.float64]] = {}
    left: dict[World, NDArray[np.float64]] = {}
    few, many = cases.times
    for world in WORLDS:
        if STATISTICAL in world:
            worlds[world] = readings[world, 0]
        else:
            worlds[world], left[world] = extrapolated(
                readings[world, 0], readings[world, 1], many / few
            )
    return Decomposition(
        measures.described(probe),
        np.arange(generations + 1),
        worlds,
        left,
        {
            "given": lineage.learner,
            "richer": cases.richer,
            "better": learners[frozenset({EXPRESSIVITY})],
            "both": learners[IDEAL],
        },
        {"lineage": lineage.spec(), "times": list(cases.times), "seed": seed},
    )


def _holdout(lineage: Lineage) -> int:
    """Real records for the measures, the same in all worlds."""
    if lineage.holdout is not None:
        return lineage.holdout
    if isinstance(lineage.truth, Finite):
        count = len(lineage.truth)
        return max(0, min(count // 5, count - lineage.size))
    return measures.REFERENCE


def _counterfactuals(
    lineage: Lineage,
    generations: int,
    richer: Learner[Any] | None,
    better: Callable[[Any], Learner[Any]] | None,
    times: int | None,
) -> Counterfactuals:
    truth, learner = lineage.truth, lineage.learner
    if richer is None:
        richer = learner if contains(learner, truth) else richer_family(learner, truth)
    if not callable(getattr(richer, "fit", None)):
        raise Incompatible(
            f"richer is {name_of(richer)}, which has no method 'fit'. Pass a learner such as "
            "Mixture(4)."
        )
    summaries = isinstance(truth, ExactGaussian) or (
        isinstance(truth, CategoricalTruth) and not truth.as_rows
    )
    wanted = times or (TIMES_OF_SUMMARIES if summaries else TIMES)
    many = affordable(lineage, generations, wanted)
    few = max(many // _STEP, min(_FEW, many // 2))
    return Counterfactuals(lineage, richer, better or exact_fit, (few, many))


def _labels(asked: dict[tuple[World, int], Lineage]) -> dict[tuple[World, int], str]:
    """Name of the run that each world needs; worlds with equal lineages share one."""
    labels: dict[tuple[World, int], str] = {}
    for key, lineage in asked.items():
        twin = next((other for other in labels if asked[other] == lineage), None)
        labels[key] = f"world {len(labels)}" if twin is None else labels[twin]
    return labels


def _readings(history: History, probe: Probe) -> NDArray[np.float64]:
    if not history.readings:  # not one model could be fitted
        return np.full(history.alive.shape, np.nan)
    if probe.name not in history.readings:
        raise Incompatible(
            f"the measure {probe.name} reads {', '.join(history.readings)}, but one number is to "
            "be decomposed. Pass a probe that returns one."
        )
    return history[probe.name]
