"""Theorems about lineages of distributions: Gaussian, categorical, kernel densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from modelcollapse.families.categorical import Frequencies
from modelcollapse.families.categorical_law import CategoricalTruth
from modelcollapse.families.gaussian import ExactGaussian, Gaussian, GaussianMLE
from modelcollapse.families.kernel import KernelDensity
from modelcollapse.policies import Augment
from modelcollapse.theorems._theorem import (
    ACCUMULATE,
    EQUAL,
    EQUAL_BLOCKS,
    FRESH,
    MIX,
    NO_OLD,
    REPLACE,
    SOME_REAL,
    UNCURATED,
    WHOLE,
    Condition,
    Floats,
    Generations,
    Theorem,
    first,
    fitted,
    part_is,
    shares,
)
from modelcollapse.theory import discrete, gaussian, kernel, mixing

EXACT_SURVIVAL = 2_000
"""Records up to which survival is computed from the exact chain, whose cost grows as n squared."""

GAUSSIAN = part_is("truth", Gaussian | ExactGaussian, "Gaussian")
ROWS = part_is("truth", Gaussian, "Gaussian and writes records")
CATEGORICAL = part_is("truth", CategoricalTruth, "a categorical law")
MLE = part_is("learner", GaussianMLE, "GaussianMLE")
FREQUENCIES = part_is("learner", Frequencies, "Frequencies")
KERNEL = part_is("learner", KernelDensity, "KernelDensity")
AUGMENT = part_is("policy", Augment, "Augment")
ENOUGH = Condition(
    "an unbiased fit has more records than coordinates",
    lambda x: x.learner.ddof == 0 or min(first(x), fitted(x)) > x.truth.d,
    lambda x: f"there are {min(first(x), fitted(x))} for {x.truth.d}",
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


DISTRIBUTIONS: tuple[Theorem, ...] = (
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
