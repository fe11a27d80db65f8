"""Students of verified labels: perfect below the breakdown point, perfectly wrong above it."""

from __future__ import annotations

import math
from functools import partial

from modelcollapse import Lineage
from modelcollapse.recipes import _kept as k
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import verification as theory

VERIFIERS = {"phi 0.9, psi 0.3": (0.9, 0.3), "random": (0.8, 0.8)}
STEPS, FEW, MANY = (-0.2, -0.05, 0.0, 0.05, 0.2), 1_000, 10_000
ANGLE, TURNS = 1.0, (-0.4, 0.0, 0.4)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Sweep the share of wrong labels over the breakdown point; then the angle of a verifier."""
    replicates = 20 if scale == "quick" else 200
    cases: dict[str, Lineage] = {}
    for name, (phi, psi) in VERIFIERS.items():
        critical = float(theory.breakdown_point(phi, psi))
        for n in (FEW, MANY):
            for step in STEPS:
                label = f"{name}, p = {critical + step:.2f}, {n:,} kept"
                cases[label] = k.by_chance(critical + step, phi, psi, n)
    critical = float(theory.breakdown_point(0.9, 0.3))
    for step in STEPS:
        label = f"Gaussian classes, p = {critical + step:.2f}"
        cases[label] = k.by_chance(critical + step, 0.9, 0.3, FEW, split=False)
    for turn in TURNS:
        angles = k.Angles(ANGLE, math.pi - ANGLE + turn)
        label = f"verifier at {angles.verifier:.2f}, p* = {angles.breakdown_point:.2f}"
        cases[label] = angles.student(FEW)
    found = k.accuracies(cases, replicates=replicates, seed=seed)
    claims = k.as_told(cases, found)
    first = f"{next(iter(VERIFIERS))}, p = "
    below, above = (found[f"{first}{critical + s:.2f}, {MANY:,} kept"] for s in (-0.2, 0.2))
    few = found[f"{first}{critical - 0.2:.2f}, {FEW:,} kept"]
    tilted = [r.mean(found[label]) for label in cases if label.startswith("verifier at")]
    claims += [
        r.claim("well below p*, many records: nearly perfect", 0.9, r.mean(below), law=">",
                basis="notes"),
        r.claim("well above p*: nearly all wrong", 0.1, r.mean(above), law="<", basis="notes"),
        r.claim("below p*: the more records, the better", 0.0, r.mean(below - few), law=">",
                basis="notes"),
        r.claim("linear verifier: better than chance while p is below p*", 0.5, tilted[0], law=">"),
        r.claim("linear verifier: chance at p = p*", 0.5, tilted[1], rounding=k.FINITE),
        r.claim("linear verifier: worse than chance beyond", 0.5, tilted[2], law="<"),
        r.control("half of the labels wrong is the end, whoever verifies (phi 0.9, psi 0.3)", 0.5,
                  r.mean(below), law="<"),
        r.control("the verifier changes nothing: accuracy as of unselected labels",
                  k.told(k.by_chance(critical - 0.2, 1.0, 1.0, MANY)), r.mean(below)),
        r.control("the ratio of coordinates to records written counts, not to records kept",
                  k.told(k.by_chance(critical - 0.2, 0.9, 0.3, FEW / 0.57)), r.mean(few)),
    ]  # fmt: skip
    curves: list[r.Curve] = []
    for name, (phi, psi) in VERIFIERS.items():
        shares = [float(theory.breakdown_point(phi, psi)) + s for s in STEPS]
        for n in (FEW, MANY):
            ours = [found[f"{name}, p = {p:.2f}, {n:,} kept"] for p in shares]
            curves += k.drawn(f"{name}, {n:,} kept", shares, ours,
                              partial(k.by_chance, phi=phi, psi=psi, kept=n))  # fmt: skip
    panel = r.Panel("Accuracy of the student", "share of wrong labels, p", curves)
    return r.Outcome(claims, [panel], cases, {"replicates": replicates, "d": k.D})


RECIPE = r.Recipe(
    "phase-transition", "Verified labels: the breakdown point p*", "feng2025",
    "Kept with probability phi if right and psi if wrong, labels of which a share p is wrong teach "
    "a linear student everything if p < p* = 1 / (1 + psi / phi), and the opposite if p > p* "
    "(notes: theorem for infinitely many records; the accuracy at finite ratios is derived).",
    {"records": "normal, split by a plane, so that 1 and 0 can be reached; or two Gaussian classes",
     "student": "ridge on the mean squared error, penalty 0.1, 100 coordinates",
     "linear verifier": "keeps where it agrees with a linear generator; p* from both angles"}, run,
)  # fmt: skip
