"""Strong collapse by model size: larger models are hurt more, and beyond interpolation less."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes._strong import errors, expected

DEFECT, NOISE, PENALTY, SHARE, NEAR = 0.5, 0.1, 1e-3, 0.5, 0.05
SIZES = {"quick": (60, 200), "full": (300, 400)}
"""Coordinates and replicates."""
SCENES = {"many records": (5 / 3, (1 / 6, 1 / 3, 2 / 3, 1, 5 / 3, 32 / 3)),
          "few records": (2 / 3, (1 / 12, 1 / 6, 1 / 3, 2 / 3, 4 / 3, 16 / 3))}  # fmt: skip
"""Records, and widths, in units of the coordinates."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Fit with and without the defect of the synthetic half, at every width."""
    d, replicates = SIZES[scale]
    shared: dict[str, Any] = {"d": d, "noise": NOISE, "penalty": PENALTY}
    claims: list[r.Claim] = []
    panels: list[r.Panel] = []
    damage: dict[str, list[r.Floats]] = {}
    told: dict[str, list[float]] = {}
    for scene, (ratio, shares) in SCENES.items():
        half, widths = round(ratio * d / 2), [round(share * d) for share in shares]
        law: Any = partial(expected, half, half, **shared)
        ours: Any = partial(errors, half, half, **shared, replicates=replicates, seed=seed)
        whole = [ours(DEFECT, width=width) for width in widths]
        damage[scene] = [x - ours(0.0, width=width) for x, width in zip(whole, widths, strict=True)]
        told[scene] = [law(DEFECT, width=w) - law(0.0, width=w) for w in widths]
        for i, width in enumerate(widths):
            total, extra = law(DEFECT, width=width), told[scene][i]
            claims += [
                r.claim(f"{scene}, width {width:,}: error with half synthetic data", total,
                        r.mean(whole[i]), rounding=NEAR * total),
                r.claim(f"{scene}, width {width:,}: the damage", extra, r.mean(damage[scene][i]),
                        rounding=NEAR * extra),
            ]  # fmt: skip
        grid = np.unique(np.geomspace(widths[0], widths[-1], 80).round())
        curves = []
        for label, values, c2 in (("half synthetic", whole, DEFECT), ("all real", None, 0.0)):
            if values is None:
                values = [x - y for x, y in zip(whole, damage[scene], strict=True)]
            mean = np.array([x.mean() for x in values])
            bar = np.array([2 * r.mean(x).error for x in values])
            curves += [r.Curve(label, widths, mean, mean - bar, mean + bar, style="bars"),
                       r.Curve("theory", grid, [law(c2, width=w) for w in grid], theory=True,
                               like=label)]  # fmt: skip
        panels.append(r.Panel(f"Test error, {scene}", "width of the model", curves, log="xy"))
    small, large = damage["many records"][0], damage["many records"][-1]
    peak, wide = damage["few records"][3], damage["few records"][-1]
    claims += [
        r.claim("many records: the damage grows with the size of the model", 0.0,
                r.mean(large - small), law=">", basis="text"),
        r.claim("few records: larger models mitigate it beyond interpolation", 0.0,
                r.mean(peak - wide), law=">", basis="text"),
        r.claim("few records: but not down to that of the smallest", 0.0,
                r.mean(wide - damage["few records"][0]), law=">", basis="text"),
        r.control("many records: the smallest model is damaged as one without a width",
                  told["many records"][-1], r.mean(small)),
        r.control("few records: the largest model escapes (the floor share² c²)",
                  SHARE**2 * DEFECT, r.mean(wide)),
    ]  # fmt: skip
    return r.Outcome(claims, panels, {}, {"replicates": replicates, "d": d})


RECIPE = r.Recipe(
    "strong-collapse-width", "Strong collapse by model size", "dohmatob2025",
    "Larger models amplify strong collapse; beyond the interpolation threshold they may mitigate "
    "it, but not entirely (text: abstract; formulas derived).",
    {"model": "random projections to a width, entries of variance 1 / width, ridge 0.001",
     "data": "isotropic, half synthetic, c² = 0.5, noise 0.1; d = 300 (quick: 60): ours"}, run,
)  # fmt: skip
