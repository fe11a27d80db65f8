"""Accumulate, then subsample: a budget of M records from a growing pool."""

from __future__ import annotations

import numpy as np

from modelcollapse import Accumulate, ExactGaussian, GaussianMLE, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

RECORDS = 10
LIMIT = 0.73899
"""Fitted variance that divisor M tends to at M = 10."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run both divisors, the whole pool and replacing."""
    generations, replicates = (47, 4_000) if scale == "quick" else (199, 10_000)
    start = Lineage(ExactGaussian(), GaussianMLE(0), Accumulate(RECORDS), RECORDS, budget=RECORDS)
    lineages = {
        "budget, divisor M": start,
        "budget, divisor M - 1": start.but(learner=GaussianMLE(1)),
        "whole pool, divisor M": start.but(budget=None),
        "replace, divisor M": start.but(budget=None, policy=Replace(RECORDS)),
    }
    every = (generations + 1) // 8
    found = r.simulate(lineages, ["variance", "mean_error"], generations=generations,
                       replicates=replicates, seed=seed, every=every)  # fmt: skip
    final = {label: r.mean(history["variance"][:, -1]) for label, history in found.items()}
    biased, unbiased, pooled, replaced = final.values()
    at = found["budget, divisor M"].generations
    exact = {ddof: gaussian.subsample_variance(at, RECORDS, ddof=ddof) for ddof in (0, 1)}
    error = gaussian.subsample_mean_error(generations, RECORDS, ddof=0)
    early = r.mean(found["budget, divisor M - 1"]["variance"][:, 1])
    octaves = np.log((at[-1] + 1) / (at[1] + 1))
    exponent = r.Estimate(
        float(np.log(unbiased.value / early.value) / octaves),
        float(np.hypot(unbiased.error / unbiased.value, early.error / early.value) / octaves),
    )
    claims = [
        r.claim("divisor M: fitted variance, exact at the last generation", exact[0][-1], biased),
        r.claim("divisor M: it has settled near its limit 0.739", LIMIT, biased, rounding=0.01),
        r.claim("divisor M: a budget costs more than the whole pool", pooled.value, biased, law="<",
                basis="text", error=pooled.error),
        r.claim("divisor M: but does not collapse as replacing does", replaced.value, biased,
                law=">", basis="text", error=replaced.error),
        r.claim("divisor M: mean error at the last generation", float(error),
                r.mean(found["budget, divisor M"]["mean_error"][:, -1])),
        r.claim("divisor M - 1: fitted variance at the last generation", exact[1][-1], unbiased),
        r.claim("divisor M - 1: it grows as t^(1/M)", 1 / RECORDS, exponent),
        r.control("divisor M - 1: it stays", 0.0, exponent),
        r.control("divisor M - 1 settles as divisor M does", LIMIT, unbiased),
        r.control("divisor M grows as divisor M - 1 does", exact[1][-1], biased),
    ]  # fmt: skip
    panel = r.Panel(
        "Mean fitted variance", "generation",
        [r.mean_curve(label, h, "variance") for label, h in found.items()]
        + [r.Curve(f"exact, ddof {d}", at, exact[d], theory=True) for d in exact],
    )  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"M": RECORDS, "replicates": replicates})


RECIPE = r.Recipe(
    "accumulate-subsample",
    "Accumulate, then subsample: bounded or slowly growing",
    "kazdan2024",
    "With a fixed budget from a growing pool the error is worse than accumulating and does not "
    "diverge (text); exact values and the growth as t^(1/M) with divisor M - 1 (derived).",
    {"divisor": "M as in the code, M - 1 beside it",
     "budget": "drawn anew in each generation, without replacement, from the whole pool"},
    run,
)  # fmt: skip
