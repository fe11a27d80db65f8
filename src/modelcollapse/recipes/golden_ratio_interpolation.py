"""Golden-ratio weighting where the model interpolates: the weight touches only the variance."""

from __future__ import annotations

import math

import numpy as np

from modelcollapse import IsotropicTeacher, Lineage, Mix, Ridge, Weighted
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import regression

GOLDEN, LAST, AT = (math.sqrt(5) - 1) / 2, 12, (1, 4, 12)
SIZES = {"quick": (20, 60, 150), "full": (100, 300, 500)}
"""Records of each kind, coordinates and replicates."""
WEIGHTS = (0.1, 0.3, GOLDEN, 0.9)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Label the same inputs anew, by nature and by the model, and weigh nature's labels."""
    n, p, replicates = SIZES[scale]
    mix, times = Mix(2 * n, real=0.5, fresh=True), np.arange(LAST + 1)
    same, new = (IsotropicTeacher(p, same_inputs=kept).exact() for kept in (True, False))
    lineages = {f"weight {w:.3g}": Lineage(same, Ridge(), Weighted(mix, w), size=n)
                for w in WEIGHTS}  # fmt: skip
    apart = {f"{label}, other inputs for each kind": lineages[label].but(truth=new)
             for label in ("weight 0.1", "weight 0.9")}  # fmt: skip
    found = r.simulate(lineages, ["test_error"], generations=LAST, replicates=replicates,
                       seed=seed)  # fmt: skip
    other = r.simulate(apart, ["test_error"], generations=1, replicates=20, seed=seed)
    claims: list[r.Claim] = []
    curves: list[r.Curve] = []
    laws, late = {}, {}
    for w, (label, history) in zip(WEIGHTS, found.items(), strict=True):
        laws[w] = regression.isotropic_interpolator_error(
            times, n, w, dimension=p, signal=1.0, noise=same.noise
        )
        late[w] = history["test_error"][:, -4:].mean(axis=1)
        claims += [r.claim(f"{label}: error of generation {t}", laws[w][t],
                           r.mean(history["test_error"][:, t])) for t in AT]  # fmt: skip
        curves += [r.mean_curve(label, history, "test_error", "bars"),
                   r.Curve("theory", times, laws[w], theory=True, like=label)]  # fmt: skip
    first, best = float(laws[GOLDEN][0]), r.mean(late[GOLDEN])
    few, many = (history["test_error"][:, -1] for history in other.values())
    claims += [
        *(r.claim(f"weight 0.618 beats {w:.2g}", 0.0, r.mean(late[w] - late[GOLDEN]), law=">",
                  basis="text") for w in WEIGHTS if w != GOLDEN),
        r.claim("weight 0.618 beats real data alone", first, best, law="<", basis="text"),
        r.claim("other inputs for each kind: all is interpolated, and weights mean nothing", 0.0,
                r.mean(many - few), rounding=1e-8),
        r.control("weight 0.618: no more than the bias is left", 1 - n / p, best),
        r.control("weight 0.618: as bad as real data alone", first, best),
        r.control("weight 0.1: as good as 0.618", float(laws[GOLDEN][-1]), r.mean(late[0.1])),
    ]  # fmt: skip
    panel = r.Panel("Test error", "generation", curves)
    return r.Outcome(claims, [panel], lineages | apart, {"replicates": replicates, "n": n, "p": p})


RECIPE = r.Recipe(
    "golden-ratio-interpolation", "Golden-ratio weighting of interpolating models", "garg2025",
    "For minimum-norm interpolation, p > n, the best weight is again 0.618 (text: abstract), since "
    "the weight touches only the variance (derived).",
    {"sizes": "p = 3 n, n = 100 (quick: 20), noise as large as the signal: ours",
     "labels": "of the same inputs, real ones measured anew in each generation"}, run,
)  # fmt: skip
