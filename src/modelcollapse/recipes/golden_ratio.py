"""Fresh real data in every round: the best weight is the inverse of the golden ratio."""

from __future__ import annotations

import math

import numpy as np

from modelcollapse import IsotropicTeacher, Lineage, Mix, Ridge, Weighted
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import regression

N, P, GOLDEN = 100, 2, (math.sqrt(5) - 1) / 2
QUICK = ((0.2, 0.3, 0.4, 0.5, 0.56, GOLDEN, 0.68, 0.74, 0.8), 40, 20, 4_096)
FULL = ((GOLDEN, *np.arange(0.20, 0.79, 0.02).round(2).tolist()), 200, 150, 8_192)
"""Weights, rounds, the first of the late ones, replicates."""
MORE = (500, 1_000, 2_000)
NEAR = 0.04
"""Relative error of the law, of leading order in p / n."""


def lineage(weight: float, synthetic: int = N) -> Lineage:
    """Least squares on fresh real records, of some weight, and on synthetic ones."""
    mix = Mix(N + synthetic, real=N / (N + synthetic), fresh=True)
    return Lineage(IsotropicTeacher(P).exact(), Ridge(), Weighted(mix, weight), size=N)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Sweep weights with as many synthetic as real records, then with more of them."""
    weights, last, from_, replicates = QUICK if scale == "quick" else FULL
    cases = {f"weight {w:.3g}": (w, N) for w in weights}
    for m in MORE:
        cases[f"{m} synthetic, best weight"] = (float(regression.optimal_weight(N, m)), m)
        cases[f"{m} synthetic, pooled"] = (N / (N + m), m)
    lineages = {label: lineage(*case) for label, case in cases.items()}
    found = r.simulate(lineages, ["test_error"], generations=last, every=10, seed=seed,
                       replicates=replicates)  # fmt: skip
    late = np.arange(from_, last + 1, 10)
    claims, ours = [], {}
    for label, (w, m) in cases.items():
        # Errors in units of those of a fit to the real records alone, averaged over late rounds.
        read = found[label]["test_error"][:, -len(late) :]
        ours[label] = read.mean(axis=1) * (N / P)
        law = float(regression.weighted_error(late, w, N, m).mean())
        claims.append(r.claim(f"{label}: error, real data alone = 1", law, r.mean(ours[label]),
                              rounding=NEAR * law))  # fmt: skip
    swept = np.array([ours[f"weight {w:.3g}"] for w in weights])
    near = [i for i, w in enumerate(weights) if 0.45 < w < 0.78]
    curves = [swept[near][:, rows].mean(axis=1)
              for rows in np.array_split(np.arange(replicates), 16)]  # fmt: skip
    fits = [np.polynomial.Polynomial.fit(np.array(weights)[near], y, 3) for y in curves]
    grid = np.linspace(0.5, 0.75, 2_001)
    lowest = r.mean([grid[fit(grid).argmin()] for fit in fits])
    golden, most = ours[f"weight {GOLDEN:.3g}"], ours[f"weight {weights[-1]:.3g}"]
    claims += [
        r.claim("the best weight is 0.618", GOLDEN, lowest, basis="code", rounding=0.01),
        r.claim("it beats real data alone", 1.0, r.mean(golden), law="<", basis="code"),
        r.claim("it beats pooling alike (weight 0.5)", 0.0,
                r.mean(ours["weight 0.5"] - golden), law=">", basis="code"),
        r.control("the best weight is 0.5, each kind alike", 0.5, lowest),
        r.control("the more real weight the better: the largest one beats it", 0.0,
                  r.mean(golden - most), law=">"),
    ]  # fmt: skip
    bars = np.array([2 * r.mean(x).error for x in swept])
    mean, fine = swept.mean(axis=1), np.linspace(min(weights), max(weights), 100)
    law_ = regression.weighted_error_limit(fine, N, N)
    shown = [r.Curve("simulated", weights, mean, mean - bars, mean + bars, style="bars"),
             r.Curve("theory", fine, law_, theory=True)]  # fmt: skip
    panel = r.Panel("Error, real data alone = 1", "weight of real records", shown,
                    marks=[r.Mark("0.618", GOLDEN), r.Mark("pooled alike", 0.5)])  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates, "rounds": last})


RECIPE = r.Recipe(
    "golden-ratio", "Golden-ratio weighting of fresh real and synthetic data", "he2025",
    "With as many fresh real as synthetic records in each round the error is least at real weight "
    "0.618, below that of the real data alone (code; n = 100, p = 2, 200 rounds, late average).",
    {"model": "linear; the work has Gaussian, logistic, Poisson and others too",
     "weights": "of records in one least-squares fit"}, run,
)  # fmt: skip
