"""Strong collapse: a share of synthetic records leaves an error that more records do not remove."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from modelcollapse import IsotropicTeacher, Lineage, Mix, Ridge
from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes._strong import errors, expected

D, DEFECT, NOISE, NEAR = 100, 0.5, math.sqrt(0.1), 0.02
"""Coordinates, squared error of the synthetic labels, noise; relative error of the equivalents."""
SHARES, SIZES, MANY = (0.0, 0.1, 0.5), (200, 1_000, 10_000, 100_000), 1_000_000
FIRST, MIXED, RARE, SLIP = 200, 10_000, 10**9, 0.475
"""Records of the first model and of the next; a large number; share 0.5, n = 200 if misprinted."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Fit to mixtures of all shares and sizes; then close the loop once."""
    replicates = 100 if scale == "quick" else 2_000
    ours = partial(errors, d=D, noise=NOISE, replicates=replicates, seed=seed)
    told = partial(expected, d=D, noise=NOISE)
    found, claims, curves = {}, [], []
    for share in SHARES:
        for n in (*SIZES, MANY):
            mixture = (n - round(share * n), round(share * n), DEFECT)
            found[share, n], law = ours(*mixture), told(*mixture)
            claims.append(r.claim(f"synthetic share {share:g}, n = {n:,}", law,
                                  r.mean(found[share, n]), rounding=NEAR * law))  # fmt: skip
        sizes = np.geomspace(SIZES[0], MANY, 60)
        laws = [told(n * (1 - share), n * share, DEFECT) for n in sizes]
        points = [r.mean(found[share, n]) for n in (*SIZES, MANY)]
        y, half = (np.array([getattr(x, a) for x in points]) for a in ("value", "error"))
        at, label = (*SIZES, MANY), f"share {share:g}"
        curves += [r.Curve(label, at, y, y - 2 * half, y + 2 * half, style="bars"),
                   r.Curve("theory", sizes, laws, theory=True, like=label)]  # fmt: skip
    loop = Lineage(IsotropicTeacher(D).exact(), Ridge(), Mix(MIXED, real=0.5, fresh=True),
                   size=FIRST)  # fmt: skip
    history = r.simulate({"": loop}, ["test_error"], generations=1, replicates=2 * replicates,
                         seed=seed)[""]  # fmt: skip
    rest = expected(MIXED // 2, MIXED // 2, D / (FIRST - D - 1), d=D, noise=1.0)
    few, kept = ours(MANY, 1_000, DEFECT), told(MANY, 1_000, DEFECT)
    rare = ours(RARE - RARE // 1_000, RARE // 1_000, DEFECT)
    floors = {share: share**2 * DEFECT for share in SHARES}
    end = {share: r.mean(found[share, MANY]) for share in SHARES}
    claims += [
        r.claim("share 0.1: the error ends at the floor share² c²", floors[0.1], end[0.1],
                rounding=NEAR * floors[0.1]),
        r.claim("one synthetic record in a thousand (n = 10⁹): five times the clean error",
                5 * D * NOISE**2 / RARE, r.mean(rare), law=">",
                basis="text"),
        r.claim("1,000 synthetic records among ever more real ones: no floor", kept,
                r.mean(few), rounding=NEAR * kept),
        r.claim("half real, half written by a model of 200 records: the next model", rest,
                r.mean(history["test_error"][:, 1]), rounding=NEAR * rest),
        r.control("share 0.1: a floor of share c²", 0.1 * DEFECT, end[0.1]),
        r.control("share 0.1: no floor, d s / n as for real data", end[0.0].value, end[0.1]),
        r.control("share 0.5, n = 200: the sign slip 1 + (1 - share) u for 1 - share u",
                  SLIP, r.mean(found[0.5, 200])),
    ]  # fmt: skip
    panel = r.Panel("Test error", "records, real and synthetic", curves, log="xy")
    return r.Outcome(claims, [panel], {"loop": loop}, {"replicates": replicates})


RECIPE = r.Recipe(
    "strong-collapse", "Strong collapse: the floor of mixed data", "dohmatob2025",
    "A fixed share of synthetic records, even one in a thousand, leaves an error that no number of"
    " records removes (text: abstract); it is share² c² (derived).",
    {"model": "isotropic, ridgeless, d = 100, c² = 0.5, noise variance 0.1: ours",
     "labels": "synthetic ones from coefficients that are off by a random vector"}, run,
)  # fmt: skip
