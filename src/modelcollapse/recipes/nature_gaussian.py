"""One-dimensional Gaussian, 1,000 generations, replaced and pooled."""

from __future__ import annotations

import numpy as np

from modelcollapse import Accumulate, Gaussian, GaussianMLE, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

SIZES, GENERATIONS, REPEATS = (100, 500, 1_000, 10_000), 999, 1_000
NOTEBOOK = {
    10: (0.9206, 0.2212), 30: (0.9831, 0.1320), 100: (0.9916, 0.0676),
    500: (0.9978, 0.0310), 1_000: (0.9995, 0.0222), 10_000: (0.9997, 0.0073),
}  # fmt: skip
"""Mean and spread of one fitted standard deviation over 1,000 repeats, by sample size."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Compare single fits with the notebook's table, then chains with the exact laws."""
    replicates = 1_000 if scale == "quick" else 10_000
    truth = Gaussian().exact()

    def lineage(n: int, ddof: int = 0) -> Lineage:
        return Lineage(truth, GaussianMLE(ddof), Replace(n), size=n)

    def single(n: int, ddof: int = 0) -> r.Floats:
        found = r.simulate({"": lineage(n, ddof)}, ["log_variance"], generations=0,
                           replicates=10 * REPEATS, seed=seed)[""]  # fmt: skip
        return np.exp(found["log_variance"][:, 0] / 2)

    claims = []
    for n, (centre, spread) in NOTEBOOK.items():
        fits, error = single(n), spread / np.sqrt(REPEATS)
        claims += [
            r.claim(f"mean fitted sigma, M = {n}", centre, r.mean(fits), basis="code", error=error),
            r.claim(f"its spread, M = {n}", spread, r.spread(fits), basis="code",
                    error=error / np.sqrt(2)),
        ]  # fmt: skip
    lineages = {f"replace, M = {n}": lineage(n) for n in SIZES}
    lineages |= {f"pool, M = {n}": lineage(n).but(policy=Accumulate(n)) for n in SIZES}
    found = r.simulate(lineages, ["log_variance", "variance"], generations=GENERATIONS,
                       replicates=replicates, seed=seed, every=37)  # fmt: skip
    rates = {n: r.mean(found[f"replace, M = {n}"]["log_variance"][:, -1] / 1_000) for n in SIZES}
    for n in SIZES:
        claims += [
            r.claim(f"replace: log-variance per generation, M = {n}",
                    gaussian.log_variance_drift(n), rates[n]),
            r.claim(f"pool: variance after 1,000 generations, M = {n}",
                    gaussian.accumulate_variance(GENERATIONS, n),
                    r.mean(found[f"pool, M = {n}"]["variance"][:, -1])),
        ]  # fmt: skip
    claims += [
        r.control("sigma of one fit with divisor M - 1, M = 10", NOTEBOOK[10][0],
                  r.mean(single(10, ddof=1)), error=NOTEBOOK[10][1] / np.sqrt(REPEATS)),
        r.control("replace with the drift of divisor M - 1, M = 100",
                  gaussian.log_variance_drift(100, ddof=1), rates[100]),
        r.control("the pool loses as much as replacing does, M = 100",
                  gaussian.expected_variance(GENERATIONS, 100),
                  r.mean(found["pool, M = 100"]["variance"][:, -1])),
    ]  # fmt: skip
    replaced, pooled = (
        [drawn(f"M = {n}", found[f"{kind}, M = {n}"], "variance") for n in SIZES]
        for kind, drawn in (("replace", r.curve), ("pool", r.mean_curve))
    )
    panels = [r.Panel("Variance, replaced", "generation", replaced, log="y"),
              r.Panel("Variance, pooled", "generation", pooled)]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "nature-gaussian",
    "One-dimensional Gaussian: M = 100 to 10,000 over 1,000 generations",
    "shumailov2024",
    "Mean and spread of one fitted sigma over 1,000 repeats (stored notebook outputs); replaced "
    "chains collapse at a rate of about 2/M, pooled ones do not (figures, laws derived).",
    {"divisor": "M, as the notebook; the theorem needs M - 1", "pool": "growing by M each time"},
    run,
)  # fmt: skip
