"""Blends of the newest model, the data before, and real data: the alpha, beta, gamma sweep."""

from __future__ import annotations

import numpy as np

from modelcollapse import ExactGaussian, Lineage, Replace
from modelcollapse.learners.blended import BlendedGaussian
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import mixing

RECORDS, GENERATIONS = 20, 24
SWEEP = (
    (1.0, 0.0, 0.0), (0.9, 0.0, 0.1), (0.7, 0.0, 0.3), (0.7, 0.3, 0.0), (0.5, 0.5, 0.0),
    (0.6, 0.3, 0.1), (0.5, 0.3, 0.2), (0.3, 0.4, 0.3),
)  # fmt: skip
"""Shares of the newest model (alpha), of the law before (beta) and of real data (gamma)."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Compare each blend with its exact moments, then the blends with one another."""
    replicates = 10_000 if scale == "quick" else 100_000
    lineages = {
        f"{alpha:g} / {beta:g} / {gamma:g}": Lineage(
            ExactGaussian(), BlendedGaussian(alpha, gamma, ddof=1), Replace(RECORDS), size=RECORDS
        )
        for alpha, beta, gamma in SWEEP
    }
    found = r.simulate(lineages, ["variance", "mean_error"], generations=GENERATIONS,
                       replicates=replicates, seed=seed, every=8)  # fmt: skip
    at = np.arange(0, GENERATIONS + 1, 8)
    exact = {
        label: mixing.iid_mixture(at, RECORDS, alpha=alpha, gamma=gamma, ddof=1)
        for label, (alpha, _, gamma) in zip(lineages, SWEEP, strict=True)
    }
    claims, drifts = [], {}
    for label, history in found.items():
        drifts[label] = r.mean(history["mean_error"][:, -1])
        # Later means are carried by rare chains; at generation 16 they can still be measured.
        claims += [
            r.claim(f"{label}: mean error at generation 16", exact[label].mean_error[2],
                    r.mean(history["mean_error"][:, 2])),
            r.claim(f"{label}: variance at generation 16", exact[label].variance[2],
                    r.mean(history["variance"][:, 2])),
        ]  # fmt: skip
    replaced, _, real, kept, *_ = drifts.values()
    anchored = [drift for label, drift in drifts.items() if not label.endswith("/ 0")]
    bound = max(
        float(limit.mean_error + limit.variance / RECORDS)
        for limit in (
            mixing.iid_mixture_limit(RECORDS, alpha=a, gamma=g, ddof=1) for a, _, g in SWEEP if g
        )
    )
    claims += [
        r.claim("any real share bounds the drift: the worst of five stays below its limit", bound,
                max(anchored, key=lambda estimate: estimate.value), law="<="),
        r.claim("0.3 of old data drifts more than 0.3 of real data", real.value, kept, law=">",
                error=real.error),
        r.claim("0.3 of old data drifts less than replacing all", replaced.value, kept, law="<",
                error=replaced.error),
        r.control("the misprint, alpha = gamma = 0: nothing ever changes", 1 / RECORDS, replaced),
        r.control("old data act as real data do (0.7 / 0.3 / 0 as 0.7 / 0 / 0.3)",
                  real.value, kept, error=real.error),
    ]  # fmt: skip
    panels = [
        r.Panel("Squared error of the fitted mean", "generation",
                [r.mean_curve(label, h, "mean_error") for label, h in found.items()]),
    ]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"M": RECORDS, "replicates": replicates})


RECIPE = r.Recipe(
    "nature-mixing",
    "Blends alpha / beta / gamma of model, previous and real data",
    "shumailov2024",
    "p[t+1] = alpha model + beta p[t] + gamma p[0] (text, definition); moments derived.",
    {"blend": "of laws: each record picks its source by chance; beta draws anew from p[t]",
     "divisor": "M - 1", "kept data": "gamma is original, beta is previous; codes differ"},
    run,
)  # fmt: skip
