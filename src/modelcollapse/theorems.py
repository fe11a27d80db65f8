"""Which theorem speaks about which lineage: conditions on one side, closed forms on the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelcollapse.families.categorical import Frequencies
from modelcollapse.families.categorical_law import CategoricalTruth
from modelcollapse.families.gaussian import ExactGaussian, Gaussian, GaussianMLE
from modelcollapse.families.kernel import KernelDensity
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Augment, Mix, Replace
from modelcollapse.protocols import name_of
from modelcollapse.theory import discrete, gaussian, kernel, mixing

Floats = NDArray[np.float64]
Generations = NDArray[np.int64]
EXACT_SURVIVAL = 2_000
"""Records up to which survival is computed from the exact chain, whose cost grows as n squared."""


@dataclass(frozen=True)
class Condition:
    """Something a theorem needs of a lineage.

    Attributes
    ----------
    needs : str
        The condition in words.
    holds : callable
        From a lineage to bool; called only when all conditions before it hold.
    found : callable
        From a lineage to what it has instead, in words.
    """

    needs: str
    holds: Callable[[Any], bool]
    found: Callable[[Any], str]


@dataclass(frozen=True)
class Theorem:
    """A closed form and the lineages it covers.

    Attributes
    ----------
    quantity : str
        What it predicts; for most, the name of a probe.
    formula : str
        Name in `modelcollapse.theory` under which kind and source are registered.
    conditions : tuple of Condition
        In the order in which a reader would check them.
    value : callable
        From a lineage and generations to the values.
    of : {"mean", "median"}
        What it states about the measure.
    measure : str or None
        The probe whose readings it is about; None if no probe reads it.
    """

    quantity: str
    formula: str
    conditions: tuple[Condition, ...]
    value: Callable[[Any, Generations], Any]
    of: Literal["mean", "median"] = "mean"
    measure: str | None = None

    def failing(self, lineage: Lineage) -> tuple[int, Condition | None]:
        """How many conditions hold, in order, and the first that does not."""
        for count, condition in enumerate(self.conditions):
            if not condition.holds(lineage):
                return count, condition
        return len(self.conditions), None


def fitted(lineage: Any) -> int:
    """Records that each model after the first is fitted to, under a policy of fixed size."""
    n: int = lineage.policy.n
    return n if lineage.budget is None else min(n, lineage.budget)


def first(lineage: Any) -> int:
    """Records that the model of generation 0 is fitted to."""
    size: int = lineage.size
    return size if lineage.budget is None else min(size, lineage.budget)


def shares(lineage: Any) -> tuple[int, int]:
    """Real and synthetic records of a mix."""
    real = round(lineage.policy.shares[2] * lineage.policy.n)
    return real, lineage.policy.n - real


def _is(role: str, kind: Any, words: str) -> Condition:
    return Condition(
        f"the {role} is {words}",
        lambda lineage: isinstance(getattr(lineage, role), kind),
        lambda lineage: f"it is {name_of(getattr(lineage, role))}",
    )


GAUSSIAN = _is("truth", Gaussian | ExactGaussian, "Gaussian")
ROWS = _is("truth", Gaussian, "Gaussian and writes records")
CATEGORICAL = _is("truth", CategoricalTruth, "a categorical law")
MLE = _is("learner", GaussianMLE, "GaussianMLE")
FREQUENCIES = _is("learner", Frequencies, "Frequencies")
KERNEL = _is("learner", KernelDensity, "KernelDensity")
REPLACE = _is("policy", Replace, "Replace")
ACCUMULATE = _is("policy", Accumulate, "Accumulate")
AUGMENT = _is("policy", Augment, "Augment")
MIX = _is("policy", Mix, "Mix")
ENOUGH = Condition(
    "an unbiased fit has more records than coordinates",
    lambda x: x.learner.ddof == 0 or min(first(x), fitted(x)) > x.truth.d,
    lambda x: f"there are {min(first(x), fitted(x))} for {x.truth.d}",
)
UNCURATED = Condition(
    "there is no curator", lambda x: x.curator is None, lambda x: f"there is {name_of(x.curator)}"
)
WHOLE = Condition(
    "there is no budget", lambda x: x.budget is None, lambda x: f"the budget is {x.budget}"
)
BUDGET = Condition("there is a budget", lambda x: x.budget is not None, lambda x: "there is none")
ONE = Condition(
    "the records have one coordinate", lambda x: x.truth.d == 1, lambda x: f"they have {x.truth.d}"
)
UNSMOOTHED = Condition(
    "frequencies are not smoothed",
    lambda x: x.learner.smoothing == 0,
    lambda x: f"smoothing is {x.learner.smoothing:g}",
)
FIXED_WIDTH = Condition(
    "the bandwidth is a fixed number",
    lambda x: not isinstance(x.learner.bandwidth, str),
    lambda x: f"it follows the rule '{x.learner.bandwidth}'",
)
EQUAL = Condition(
    "every generation is fitted to as many records as generation 0",
    lambda x: fitted(x) == first(x),
    lambda x: f"it is {fitted(x)} after {first(x)}",
)
EQUAL_BLOCKS = Condition(
    "n equals the size of generation 0",
    lambda x: x.policy.n == x.size,
    lambda x: f"n is {x.policy.n} and the size {x.size}",
)
NO_OLD = Condition(
    "no records of the previous generation are re-used (beta is 0)",
    lambda x: x.policy.beta == 0,
    lambda x: f"beta is {x.policy.beta:g}",
)
SOME_REAL = Condition(
    "there are real and synthetic records in the mix",
    lambda x: min(shares(x)) > 0,
    lambda x: f"there are {shares(x)[0]} real and {shares(x)[1]} synthetic ones",
)
FRESH = Condition("real records are fresh", lambda x: x.policy.fresh, lambda x: "they are original")
ORIGINAL = Condition(
    "real records are original ones, chosen anew or all of them",
    lambda x: not x.policy.fresh and (not x.policy.fixed or shares(x)[0] == x.size),
    lambda x: "they are fresh" if x.policy.fresh else "a fixed part of them",
)


def _spread(lineage: Any) -> float:
    """Total variance of a Gaussian truth."""
    return float(lineage.truth.law.variance)


def _ddof(lineage: Any) -> int:
    ddof: int = lineage.learner.ddof
    return ddof


def _fixed(lineage: Any, t: Generations) -> Any:
    if isinstance(lineage.policy, Augment):
        real, synthetic = lineage.size, lineage.policy.n
    else:
        real, synthetic = shares(lineage)
    return mixing.fixed_real_loop(t, real, synthetic, original=lineage.size, ddof=_ddof(lineage))


def _fresh(lineage: Any, t: Generations) -> Any:
    return mixing.fresh_loop(t, *shares(lineage), initial=lineage.size, ddof=_ddof(lineage))


def _lost_mass(lineage: Any, t: Generations) -> Floats:
    law = lineage.truth.dense()
    # States of equal probability share their fate.
    q, repeats = np.unique(law[law > 0], return_counts=True)
    alive = discrete.survival_probability(t[:, None], fitted(lineage), q)
    return np.asarray(1 - alive @ (q * repeats))


def _kernel(theory: Callable[..., Any]) -> Callable[[Any, Generations], Floats]:
    def value(lineage: Any, t: Generations) -> Floats:
        variances = np.diagonal(np.atleast_2d(lineage.truth.law.cov))
        widths = lineage.learner.bandwidth / np.sqrt(variances)
        return np.asarray(theory(t[:, None], lineage.policy.n, widths) @ variances)

    return value


SMALL = Condition(
    f"at most {EXACT_SURVIVAL} records per generation, since the exact chain costs n squared",
    lambda x: fitted(x) <= EXACT_SURVIVAL,
    lambda x: f"there are {fitted(x)}",
)

_GAUSS = (GAUSSIAN, MLE, UNCURATED)
_G_REPLACE = (*_GAUSS, REPLACE, EQUAL, ENOUGH)
_G_ACCUMULATE = (*_GAUSS, ACCUMULATE, EQUAL_BLOCKS, WHOLE, ENOUGH)
_G_SUBSAMPLE = (*_GAUSS, ACCUMULATE, EQUAL_BLOCKS, BUDGET, ENOUGH)
_G_FRESH = (*_GAUSS, MIX, NO_OLD, SOME_REAL, FRESH, WHOLE, ENOUGH)
_G_MIX = (*_GAUSS, MIX, NO_OLD, SOME_REAL, ORIGINAL, WHOLE, ENOUGH)
_G_AUGMENT = (*_GAUSS, AUGMENT, WHOLE, ENOUGH)
_C_REPLACE = (CATEGORICAL, FREQUENCIES, UNSMOOTHED, UNCURATED, REPLACE, EQUAL)
_K = (ROWS, KERNEL, FIXED_WIDTH, UNCURATED)


def _moments(
    formula: str, conditions: tuple[Condition, ...], value: Callable[[Any, Generations], Any]
) -> tuple[Theorem, Theorem]:
    """Pair of theorems from a formula that gives the mean error and the variance together."""
    about_sample = formula.endswith("fixed_real_loop")

    def error(lineage: Any, t: Generations) -> Any:
        # Measured from the mean of the original sample, which is off by itself.
        own = 1 / lineage.size if about_sample else 0.0
        return _spread(lineage) * (value(lineage, t).mean_error + own)

    def variance(lineage: Any, t: Generations) -> Any:
        return _spread(lineage) * value(lineage, t).variance

    return (
        Theorem("variance", formula, conditions, variance, measure="variance"),
        Theorem("mean_error", formula, conditions, error, measure="mean_error"),
    )


THEOREMS: tuple[Theorem, ...] = (
    Theorem(
        "variance", "gaussian.expected_variance", _G_REPLACE,
        lambda x, t: _spread(x) * gaussian.expected_variance(t, fitted(x), ddof=_ddof(x)),
        measure="variance",
    ),
    Theorem(
        "variance", "gaussian.accumulate_variance", _G_ACCUMULATE,
        lambda x, t: _spread(x) * gaussian.accumulate_variance(t, x.size, ddof=_ddof(x)),
        measure="variance",
    ),
    Theorem(
        "variance", "gaussian.subsample_variance", _G_SUBSAMPLE,
        lambda x, t: _spread(x)
        * gaussian.subsample_variance(t, x.size, budget=x.budget, ddof=_ddof(x)),
        measure="variance",
    ),
    Theorem(
        "mean_error", "gaussian.mean_error", _G_REPLACE,
        lambda x, t: _spread(x) * gaussian.mean_error(t, fitted(x), ddof=_ddof(x)),
        measure="mean_error",
    ),
    Theorem(
        "mean_error", "gaussian.accumulate_mean_error", _G_ACCUMULATE,
        lambda x, t: _spread(x) * gaussian.accumulate_mean_error(t, x.size, ddof=_ddof(x)),
        measure="mean_error",
    ),
    Theorem(
        "mean_error", "gaussian.subsample_mean_error", _G_SUBSAMPLE,
        lambda x, t: _spread(x)
        * gaussian.subsample_mean_error(t, x.size, budget=x.budget, ddof=_ddof(x)),
        measure="mean_error",
    ),
    *_moments("mixing.fixed_real_loop", _G_MIX, _fixed),
    *_moments("mixing.fresh_loop", _G_FRESH, _fresh),
    *_moments("mixing.fixed_real_loop", _G_AUGMENT, _fixed),
    Theorem(
        "log_variance", "gaussian.expected_log_variance", (*_G_REPLACE, ONE),
        lambda x, t: np.log(_spread(x))
        + gaussian.expected_log_variance(t, fitted(x), ddof=_ddof(x)),
        measure="log_variance",
    ),
    Theorem(
        "typical_variance", "gaussian.typical_variance", (*_G_REPLACE, ONE),
        lambda x, t: _spread(x) * gaussian.typical_variance(t, fitted(x), ddof=_ddof(x)),
        of="median", measure="variance",
    ),
    Theorem(
        "log_generalised_variance", "gaussian.expected_log_determinant", _G_REPLACE,
        lambda x, t: x.truth.law.log_det
        + gaussian.expected_log_determinant(t, fitted(x), dimension=x.truth.d, ddof=_ddof(x)),
        measure="log_generalised_variance",
    ),
    Theorem(
        "squared_wasserstein", "gaussian.expected_squared_wasserstein", (*_G_REPLACE, ONE),
        lambda x, t: _spread(x)
        * gaussian.expected_squared_wasserstein(t, fitted(x), ddof=_ddof(x)),
    ),
    Theorem(
        "variance", "discrete.expected_heterozygosity", _C_REPLACE,
        lambda x, t: discrete.expected_heterozygosity(t, fitted(x), x.truth.dense()),
        measure="variance",
    ),
    Theorem(
        "support", "discrete.expected_support", (*_C_REPLACE, SMALL),
        lambda x, t: discrete.expected_support(t, fitted(x), x.truth.dense()),
        measure="support",
    ),
    Theorem(
        "support", "discrete.expected_support_lower_bound", _C_REPLACE,
        lambda x, t: discrete.expected_support_lower_bound(t, fitted(x), x.truth.dense()),
        measure="support",
    ),
    Theorem(
        "lost_mass", "discrete.survival_probability", (*_C_REPLACE, SMALL), _lost_mass,
        measure="lost_mass",
    ),
    Theorem(
        "variance", "kernel.replace_variance", (*_K, REPLACE, EQUAL_BLOCKS, WHOLE),
        _kernel(kernel.replace_variance), measure="variance",
    ),
    Theorem(
        "variance", "kernel.accumulate_variance", (*_K, ACCUMULATE, EQUAL_BLOCKS, WHOLE),
        _kernel(kernel.accumulate_variance), measure="variance",
    ),
)  # fmt: skip
