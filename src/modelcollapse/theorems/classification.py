"""Theorems about students of verified labels: a given generator, a verifier, one ridge fit.

They speak about generations 0 and 1. What the student writes is wrong at places that depend on
its own sample, which no closed form here follows: later values are NaN.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from modelcollapse.curators.verified import ChanceVerifier, PlaneVerifier
from modelcollapse.families.classification.laws import GaussianClasses, SplitGaussian, TwoClasses
from modelcollapse.families.regression.linear import Ridge
from modelcollapse.learners.given import Given
from modelcollapse.policies import Augment, Replace
from modelcollapse.theorems._theorem import (
    REPLACE,
    WHOLE,
    Condition,
    Floats,
    Generations,
    Theorem,
    part_is,
)
from modelcollapse.theory import verification

WIDE = 50
"""Coordinates from which a limit of many is called good."""

LAW = part_is("truth", TwoClasses, "GaussianClasses or SplitGaussian")
RIGHT = Condition(
    "real labels are right", lambda x: x.truth.error == 0, lambda x: f"{x.truth.error:.3g} are not"
)
MANY = Condition(
    f"there are at least {WIDE} coordinates: the theory is a limit of many",
    lambda x: x.truth.d >= WIDE,
    lambda x: f"there are {x.truth.d}",
)
GIVEN = Condition(
    "the learner is Given with a generator of the same kind of records, then Ridge",
    lambda x: (
        isinstance(x.learner, Given)
        and isinstance(x.learner.model, TwoClasses)
        and replace(x.learner.model, angle=x.truth.angle, label_error=0.0) == x.truth
        and isinstance(x.learner.then, Ridge)
        and x.learner.then.width is None
    ),
    lambda x: "it is another",
)
AT_RANDOM = Condition(
    "the generator's labels are wrong at random",
    lambda x: x.learner.model.angle is None,
    lambda x: "they are those of a plane",
)
BY_A_PLANE = Condition(
    "the generator's labels are those of a plane, without further errors",
    lambda x: x.learner.model.angle is not None and x.learner.model.label_error == 0,
    lambda x: "they are not",
)
BY_CHANCE = Condition(
    "there is no curator, or a ChanceVerifier",
    lambda x: x.curator is None or isinstance(x.curator, ChanceVerifier),
    lambda x: "there is another",
)
AGREEING = Condition(
    "the curator is a PlaneVerifier that keeps what it agrees with, at any distance",
    lambda x: (
        isinstance(x.curator, PlaneVerifier)
        and x.curator.keep == "agree"
        and x.curator.threshold == 0
    ),
    lambda x: "it is another",
)
BY_MARGIN = Condition(
    "the curator is a PlaneVerifier with another normal than the generator",
    lambda x: isinstance(x.curator, PlaneVerifier) and math.sin(_angles(x)[2]) > 1e-6,
    lambda x: "it is another",
)
BESIDE_REAL = Condition(
    "the policy is Replace or Augment",
    lambda x: isinstance(x.policy, Replace | Augment),
    lambda x: "it is another",
)
MIXTURE = part_is("truth", GaussianClasses, "GaussianClasses")
SPLIT = part_is("truth", SplitGaussian, "SplitGaussian")
_BASE = (LAW, RIGHT, MANY, GIVEN, WHOLE)


def _along(lineage: Any, t: Generations, accuracy: Any) -> Floats:
    """Error of the generator, then of its student, then unknown."""
    error = np.full(t.shape, np.nan)
    error[t == 0], error[t == 1] = lineage.learner.model.error, 1 - float(accuracy)
    return error


def _kept_error(lineage: Any) -> Any:
    verifier = lineage.curator or ChanceVerifier(1.0, 1.0)
    return verification.kept_error(lineage.learner.model.label_error, verifier.phi, verifier.psi)


def _fit(lineage: Any, real: int = 0) -> tuple[float, float]:
    """Coordinates for each record of the student, and its penalty."""
    return lineage.truth.d / (lineage.policy.n + real), lineage.learner.then.penalty


def _angles(lineage: Any) -> tuple[float, float, float]:
    """Angles of generator and verifier with the truth, and between them."""
    g = lineage.learner.model.angle
    normal = np.zeros(max(2, len(lineage.curator.direction)))
    normal[: len(lineage.curator.direction)] = lineage.curator.direction
    normal /= np.linalg.norm(normal)
    between = math.cos(g) * normal[0] + math.sin(g) * normal[1]
    return g, math.acos(np.clip(normal[0], -1, 1)), math.acos(np.clip(between, -1, 1))


def _agreement(lineage: Any, t: Generations) -> Floats:
    real = lineage.size if isinstance(lineage.policy, Augment) else 0
    share = real / (real + lineage.policy.n)
    told = verification.agreement_accuracy(*_angles(lineage), *_fit(lineage, real),
                                           real_share=share)  # fmt: skip
    return _along(lineage, t, told)


def _margin(lineage: Any, t: Generations) -> Floats:
    at, keep = lineage.curator.threshold, lineage.curator.keep
    rules = {
        "agree": lambda m: m > at,
        "easy": lambda m: abs(m) > at,
        "hard": lambda m: abs(m) <= at,
    }
    told = verification.selection_accuracy(
        rules[keep], *_angles(lineage), *_fit(lineage), breaks=(at,)
    )
    return _along(lineage, t, told)


def _theorem(formula: str, conditions: tuple[Condition, ...], value: Any) -> Theorem:
    return Theorem("misclassification", f"verification.{formula}", (*_BASE, *conditions), value,
                   measure="misclassification")  # fmt: skip


CLASSIFICATION = (
    _theorem(
        "mixture_accuracy", (REPLACE, MIXTURE, AT_RANDOM, BY_CHANCE),
        lambda x, t: _along(x, t, verification.mixture_accuracy(
            _kept_error(x), *_fit(x), separation=x.truth.separation
        )),
    ),
    _theorem(
        "flipped_label_accuracy", (REPLACE, SPLIT, AT_RANDOM, BY_CHANCE),
        lambda x, t: _along(x, t, verification.flipped_label_accuracy(_kept_error(x), *_fit(x))),
    ),
    _theorem("agreement_accuracy", (BESIDE_REAL, SPLIT, BY_A_PLANE, AGREEING), _agreement),
    _theorem("selection_accuracy", (REPLACE, SPLIT, BY_A_PLANE, BY_MARGIN), _margin),
)  # fmt: skip
