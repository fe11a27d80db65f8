"""One round of verified synthetic labels: better than the real data, or worse."""

from __future__ import annotations

import math

import numpy as np

from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes._verifier import PER_DIRECTION, TOLERANCE, Distances, P, chain, expected
from modelcollapse.theory import regression

KEPT, MORE, TIGHT, LOOSE = 100, 400, 0.1, 0.5
CASES = [*((TIGHT, b) for b in (0.0, 0.15, 0.3, 0.6)), *((LOOSE, b) for b in (0.0, 0.35, 0.7))]
"""Radius and bias."""


def misprinted(bias: float, radius: float) -> float:
    """Error with the squared bias divided by the squared singular value, as in others' notes."""
    c, h = bias / math.sqrt(P), radius + TOLERANCE
    m = regression.truncated_moments(c - h, c + h)
    bracket = m.mean**2 + m.mean * m.third + m.variance**2
    return float(P * (m.variance / KEPT + bracket / PER_DIRECTION))


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run one round for each radius and bias; then one from four times the real data."""
    replicates = 120 if scale == "quick" else 2_000
    lineages = {f"r = {x:g}, bias {b:g}": chain(b, x, KEPT) for x, b in CASES}
    lineages["four times the real data"] = chain(0.25, TIGHT, MORE, real=MORE)
    first, second = {}, {}
    found = r.simulate(lineages, [Distances(0.0)], generations=1, replicates=replicates, seed=seed)
    for label, history in found.items():
        first[label], second[label] = history["distance.truth"].T
    claims = [
        r.claim(f"r = {x:g}, bias {b:g}: squared distance to the truth after one round",
                expected(b, x, KEPT), r.mean(second[f"r = {x:g}, bias {b:g}"])) for x, b in CASES
    ]  # fmt: skip
    start = P / PER_DIRECTION
    gain = {label: r.mean(second[label] - first[label]) for label in lineages}
    limit = math.sqrt(P) * float(regression.verified_tolerated_offset(
        KEPT, singular_values=math.sqrt(PER_DIRECTION), half_width=TIGHT + TOLERANCE, noise=1.0
    ))  # fmt: skip
    claims += [
        r.claim("the fit to real data", start, r.mean(first["r = 0.1, bias 0"])),
        r.claim(f"r = 0.1: bias 0.15 is below the limit {limit:.2g}, and the round improves", 0.0,
                gain["r = 0.1, bias 0.15"], law="<", basis="text"),
        r.claim(f"r = 0.1: bias 0.6 is above the limit {limit:.2g}, and the round hurts", 0.0,
                gain["r = 0.1, bias 0.6"], law=">", basis="text"),
        r.claim("r = 0.1, bias 0.25, four times the real data: it hurts", 0.0,
                gain["four times the real data"], law=">"),
        r.control("r = 0.1, bias 0.3: with the squared bias divided by mu², as in notes",
                  misprinted(0.3, TIGHT), r.mean(second["r = 0.1, bias 0.3"])),
        r.control("a strict verifier improves whatever its bias (r = 0.1, bias 0.6)", 0.0,
                  gain["r = 0.1, bias 0.6"], law="<"),
    ]  # fmt: skip
    biases, curves = np.linspace(0, 0.7, 40), []
    for radius in (TIGHT, LOOSE):
        at = [b for x, b in CASES if x == radius]
        ours = [r.mean(second[f"r = {radius:g}, bias {b:g}"]) for b in at]
        mean, bar = np.array([x.value for x in ours]), np.array([2 * x.error for x in ours])
        told, label = [expected(b, radius, KEPT) for b in biases], f"radius {radius:g}"
        curves += [r.Curve(label, at, mean, mean - bar, mean + bar, style="bars"),
                   r.Curve("theory", biases, told, theory=True, like=label)]  # fmt: skip
    curves.append(r.Curve("real data alone", [0.0, 0.7], [start, start], theory=True))
    panel = r.Panel("Squared distance to the truth after one round", "bias of the verifier", curves)
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "verified-round", "One verified round: when a verifier helps", "yi2026",
    "A round of filtered labels improves on the real data if the verifier's bias is small against "
    "their error, and hurts otherwise (notes and notebook: p = 8, n0 = n1 = 100, sigma = 1).",
    {"real design": "the unit vectors, 100 labels of each, for one Gaussian draw of 100 rows",
     "bias": "evenly in all directions"}, run,
)  # fmt: skip
