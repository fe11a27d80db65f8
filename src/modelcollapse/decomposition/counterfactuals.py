"""The worlds in which one source of error or another is switched off.

What a richer family or a better fit is depends on the learner: both are generic functions, and a
learner of your own registers its answer beside its definition::

    @richer_family.register
    def _(learner: Mine, truth: Any) -> Mine: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import singledispatch
from itertools import combinations
from typing import Any

from modelcollapse.errors import Incompatible
from modelcollapse.families.categorical import Frequencies
from modelcollapse.families.categorical_law import CategoricalTruth
from modelcollapse.families.gaussian import ExactGaussian, Gaussian, GaussianMLE
from modelcollapse.families.kernel import KernelDensity
from modelcollapse.families.mixture import Mixture
from modelcollapse.families.mixture_truth import GaussianMixtureTruth
from modelcollapse.families.ngram import NGram
from modelcollapse.learners.pca import PCA
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Augment, Mix, Replace, Schedule
from modelcollapse.protocols import Finite, Learner, Policy, name_of

World = frozenset[str]
"""The sources of error that are at work."""

EXPRESSIVITY, APPROXIMATION, STATISTICAL = "expressivity", "approximation", "statistical"
SOURCES = (EXPRESSIVITY, APPROXIMATION, STATISTICAL)
"""In the order in which they are switched on."""

IDEAL: World = frozenset()
ACTUAL: World = frozenset(SOURCES)

WORLDS: tuple[World, ...] = tuple(
    frozenset(some) for count in range(4) for some in combinations(SOURCES, count)
)
"""All eight, from the ideal to the actual one."""

EXACT_STEPS, EXACT_GAIN, EXACT_STARTS, EXACT_FLOOR = 2_000, 1e-7, 3, 1e-9
"""Updates at most, tolerance in nats per record, starts and regularisation of an exact mixture."""

FEWEST_TIMES = 4
"""Least factor by which records are multiplied to switch sampling error off."""


def title(world: World) -> str:
    """Name of a world: what is at work in it."""
    if world == IDEAL:
        return "none"
    return "all" if world == ACTUAL else " + ".join(s for s in SOURCES if s in world)


def contains(learner: Any, truth: Any) -> bool:
    """Whether the learner's family is known to contain the truth."""
    if isinstance(truth, Gaussian | ExactGaussian):
        return isinstance(learner, GaussianMLE | Mixture) and _shape_fits(learner, truth)
    if isinstance(truth, CategoricalTruth):
        return isinstance(learner, Frequencies)
    if isinstance(truth, GaussianMixtureTruth):
        return (
            isinstance(learner, Mixture)
            and learner.components >= truth.components
            and _shape_fits(learner, truth)
        )
    return False


def _shape_fits(learner: Any, truth: Any) -> bool:
    return truth.d == 1 or getattr(learner, "covariance", "full") == "full"


@singledispatch
def richer_family(learner: Any, truth: Any) -> Learner[Any]:
    """Learner of the same kind whose family holds more laws.

    Parameters
    ----------
    learner : Learner
        The one to widen.
    truth : Model
        What the family should come to contain; some ladders look at it.

    Raises
    ------
    Incompatible
        If none is known. Pass ``richer=``, or register one.
    """
    raise Incompatible(
        f"it is not known which family is richer than that of {name_of(learner)}, so its "
        "expressivity cannot be told apart. Pass richer=, a learner of a larger family, or "
        "register one with modelcollapse.decomposition.richer_family."
    )


@richer_family.register(Frequencies)
@richer_family.register(KernelDensity)
def _(learner: Any, truth: Any) -> Learner[Any]:
    return learner  # type: ignore[no-any-return]  # any law is a limit of such fits


@richer_family.register
def _(learner: GaussianMLE, truth: Any) -> Learner[Any]:
    return Mixture(_components(truth) or 4)


@richer_family.register
def _(learner: Mixture, truth: Any) -> Learner[Any]:
    known = _components(truth)
    components = known if known > learner.components else 2 * learner.components
    return replace(learner, components=components, covariance="full")


def _components(truth: Any) -> int:
    return truth.components if isinstance(truth, GaussianMixtureTruth) else 0


@richer_family.register
def _(learner: PCA, truth: Any) -> Learner[Any]:
    return replace(
        learner,
        learner=richer_family(learner.learner, truth),
        dimensions=learner.dimensions + learner.dimensions // 2,
    )


@richer_family.register
def _(learner: NGram, truth: Any) -> Learner[Any]:
    return replace(learner, order=learner.order + 1)


@singledispatch
def exact_fit(learner: Any) -> Learner[Any]:
    """Learner of the same family with a fit that is as good as can be had.

    The one with nothing left to bias it in the limit of many records: the optimum of the
    likelihood, searched for from several starts and to a tight tolerance, without regularisation,
    smoothing, tempering or truncation.

    Raises
    ------
    Incompatible
        If none is known. Pass ``better=``, or register one.
    """
    raise Incompatible(
        f"it is not known what an exact fit of {name_of(learner)} is, so the error of its learning "
        "procedure cannot be told apart. Pass better=, a function from a learner to one that fits "
        "the same family better, or register one with modelcollapse.decomposition.exact_fit."
    )


@exact_fit.register
def _(learner: GaussianMLE) -> Learner[Any]:
    return replace(learner, ddof=1)


@exact_fit.register
def _(learner: Frequencies) -> Learner[Any]:
    return replace(learner, smoothing=0.0)


@exact_fit.register
def _(learner: KernelDensity) -> Learner[Any]:
    rule = isinstance(learner.bandwidth, str)
    return learner if rule else replace(learner, bandwidth="scott")


@exact_fit.register
def _(learner: Mixture) -> Learner[Any]:
    return replace(
        learner,
        start="cold",
        restarts=max(learner.restarts, EXACT_STARTS),
        tolerance=min(learner.tolerance, EXACT_GAIN),
        max_iterations=max(learner.max_iterations, EXACT_STEPS),
        # Not 0: a likelihood without any floor has no maximum while records are finite.
        regularisation=min(learner.regularisation, EXACT_FLOOR),
    )


@exact_fit.register
def _(learner: PCA) -> Learner[Any]:
    return replace(learner, learner=exact_fit(learner.learner))


@exact_fit.register
def _(learner: NGram) -> Learner[Any]:
    return replace(learner, temperature=1.0, top_k=None, top_p=None)


@singledispatch
def enlarged(policy: Any, factor: int) -> Policy:
    """Policy that asks for `factor` times as many records of each kind.

    Raises
    ------
    Incompatible
        If the policy is a function of the caller's. Register how to enlarge it.
    """
    raise Incompatible(
        f"it is not known how the policy {name_of(policy)} asks for more records, so sampling "
        "error cannot be switched off. Use a built-in policy, or register yours with "
        "modelcollapse.decomposition.enlarged."
    )


@enlarged.register(Replace)
@enlarged.register(Accumulate)
@enlarged.register(Augment)
@enlarged.register(Mix)
def _(policy: Any, factor: int) -> Policy:
    return replace(policy, n=policy.n * factor)  # type: ignore[no-any-return]


@enlarged.register
def _(policy: Schedule, factor: int) -> Policy:
    return Schedule([(enlarged(part, factor), length) for part, length in policy.regimes])


@dataclass(frozen=True)
class Counterfactuals:
    """The eight worlds of a lineage.

    Parameters
    ----------
    lineage : Lineage
        As it is, with its hold-out settled.
    richer : Learner
        Learner of the larger family.
    better : callable
        From a learner to one that fits the same family better.
    times : tuple of int
        By which numbers of records are multiplied in worlds without sampling error, ascending:
        the largest is the world, the smaller one tells how much sampling error is left in it.
    """

    lineage: Lineage
    richer: Learner[Any]
    better: Callable[[Any], Learner[Any]]
    times: tuple[int, int]

    def learner(self, world: World) -> Learner[Any]:
        """Learner in a world."""
        family = self.lineage.learner if EXPRESSIVITY in world else self.richer
        return family if APPROXIMATION in world else self.better(family)

    def lineages(self, world: World) -> tuple[Lineage, ...]:
        """Lineage of a world; one for each of `times` where there is no sampling error."""
        base = self.lineage.but(learner=self.learner(world))
        if STATISTICAL in world:
            return (base,)
        return tuple(
            base.but(
                policy=enlarged(base.policy, times),
                size=base.size * times,
                budget=None if base.budget is None else base.budget * times,
            )
            for times in self.times
        )


def affordable(lineage: Lineage, generations: int, times: int) -> int:
    """At most `times`, and no more than a finite source has records for.

    Raises
    ------
    Incompatible
        If it has less than four times the records that the lineage reads.
    """
    truth = lineage.truth
    if not isinstance(truth, Finite):
        return times
    fresh = sum(_fresh(lineage.policy, t) for t in range(1, generations + 1))
    reads, left = lineage.size + fresh, len(truth) - (lineage.holdout or 0)
    if left < FEWEST_TIMES * reads:
        raise Incompatible(
            f"the lineage reads {reads} real records and its source has {left} besides the "
            f"hold-out, but to tell sampling error from the rest takes at least {FEWEST_TIMES} "
            "times as many as it reads. Choose a smaller size, or a source with more records."
        )
    return min(times, left // reads)


def _fresh(policy: Any, generation: int) -> int:
    if isinstance(policy, Schedule):
        return _fresh(policy.at(generation), generation)
    if isinstance(policy, Mix) and policy.fresh:
        return round(policy.shares[2] * policy.n)
    return 0
