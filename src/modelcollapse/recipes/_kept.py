"""Students of what a verifier let through: lineages of one generation after a given generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse import Augment, Lineage, Replace, Ridge
from modelcollapse.curators.verified import ChanceVerifier, PlaneVerifier
from modelcollapse.families.classification.laws import GaussianClasses, SplitGaussian, direction
from modelcollapse.learners.given import Given
from modelcollapse.prediction import predict
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import verification as theory

D, PENALTY, SEPARATION = 100, 0.1, 2.0
FINITE = 0.004
"""By how much 100 coordinates differ from infinitely many."""


def _spare(share: float, kept: int) -> float:
    """Records to write for each that is kept, so that enough are, all but surely."""
    return max(1.0, (1.1 + 7 / math.sqrt(kept)) / share)


def _student(truth: Any, generator: Any, curator: Any, kept: int, real: int = 0) -> Lineage:
    policy = Augment(kept) if real else Replace(kept)
    # What generation 0 reads is not used by a generator that is given.
    learner = Given(generator, Ridge(PENALTY))
    return Lineage(truth, learner, policy, size=max(real, 2), curator=curator, holdout=0)


def by_chance(p: float, phi: float, psi: float, kept: float, *, split: bool = True) -> Lineage:
    """Labels that are wrong with probability `p`, kept with phi if right and psi if wrong."""
    if split:
        truth: Any = SplitGaussian(D)
        generator: Any = SplitGaussian(D, label_error=p)
    else:
        truth = GaussianClasses(D, SEPARATION)
        generator = GaussianClasses(D, SEPARATION, label_error=p)
    n = round(kept)
    oversample = _spare(float(theory.keep_rate(p, phi, psi)), n)
    return _student(truth, generator, ChanceVerifier(phi, psi, oversample), n)


@dataclass(frozen=True)
class Angles:
    """A linear generator and a linear verifier.

    Attributes
    ----------
    generator, verifier : float
        Angles with the truth, in radians.
    """

    generator: float
    verifier: float

    @property
    def between(self) -> float:
        """Angle that two directions have whose parts across the truth are orthogonal."""
        return math.acos(math.cos(self.generator) * math.cos(self.verifier))

    @property
    def breakdown_point(self) -> float:
        """Share of wrong labels at which this verifier breaks down."""
        shares = theory.agreement_shares(self.generator, self.verifier, self.between)
        return float(theory.breakdown_point(shares.phi, shares.psi))

    def student(self, kept: float, *, real: int = 0, keep: Any = "agree", threshold: float = 0.0,
                oversample: float = 0.0) -> Lineage:  # fmt: skip
        """Student of `kept` records, beside `real` ones."""
        n = round(kept)
        normal = direction(self.verifier, self.generator, self.between)
        enough = oversample or _spare(1 - self.between / math.pi, n)
        curator = PlaneVerifier(normal, keep, threshold, enough)
        generator = SplitGaussian(D, angle=self.generator)
        return _student(SplitGaussian(D), generator, curator, n, real)


def told(lineage: Lineage) -> float:
    """Accuracy of the student, by theory."""
    return 1 - float(predict(lineage, "misclassification", [1]).values[0])


def accuracies(cases: Mapping[str, Lineage], *, replicates: int, seed: int) -> dict[str, r.Floats]:
    """Accuracy of the student of each case, replicate by replicate, in closed form."""
    found = r.simulate(cases, ["misclassification"], generations=1, replicates=replicates,
                       seed=seed)  # fmt: skip
    return {label: 1 - history["misclassification"][:, 1] for label, history in found.items()}


def as_told(cases: Mapping[str, Lineage], found: Mapping[str, r.Floats]) -> list[r.Claim]:
    """One law for each case: accuracy as theory says."""
    return [r.claim(f"{label}: accuracy", told(case), r.mean(found[label]), rounding=FINITE)
            for label, case in cases.items()]  # fmt: skip


def drawn(
    label: str, x: Sequence[float], samples: Iterable[r.Floats], make: Callable[[float], Lineage]
) -> list[r.Curve]:
    """Curves of means with bars of two standard errors, and of theory between them."""
    ours = [r.mean(sample) for sample in samples]
    value, bar = np.array([o.value for o in ours]), np.array([2 * o.error for o in ours])
    wide = x[-1] > 10 * x[0]
    at = (np.geomspace if wide else np.linspace)(x[0], x[-1], 60)
    expected = [told(make(point)) for point in at]
    return [r.Curve(label, x, value, value - bar, value + bar, style="bars"),
            r.Curve("theory", at, expected, theory=True, like=label)]  # fmt: skip
