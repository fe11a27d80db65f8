"""Categories run to fixation, and the exact decay of diversity on a Zipf law."""

from __future__ import annotations

import numpy as np

from modelcollapse import Frequencies, Lineage, Replace, Uniform, Zipf
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import discrete

GRID = ((10, 10), (1_000, 10), (10, 100), (1_000, 100))
"""Categories and records; the published grid goes to 100,000 of each."""
SURVIVORS = {1: 2_813, 2: 2_063, 5: 1_238, 10: 786, 20: 477, 50: 233, 100: 132}
"""Categories left of 10,000 by the number of fits, 10,000 records each: a lower bound's values."""


def fixation(states: int, n: int, replicates: int, seed: int) -> tuple[Lineage, r.Estimate]:
    """Lineage from a uniform law, and the number of fits until one category is left."""
    lineage = Lineage(Uniform(states), Frequencies(), Replace(n), size=n)
    found = r.simulate({"": lineage}, ["variance"], generations=24 * n, replicates=replicates,
                       seed=seed)[""]["variance"]  # fmt: skip
    return lineage, r.mean((found > 0).sum(axis=1) + 1.0)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Measure fixation times on the grid, then the Zipf law's decay."""
    replicates = 2_000 if scale == "quick" else 10_000
    grid = GRID if scale == "quick" else (*GRID, (10, 1_000), (1_000, 1_000))
    claims, lineages, means = [], {}, {}
    for states, n in grid:
        label, several = f"K = {states}, M = {n}", replicates if n < 1_000 else 200
        lineages[label], means[states, n] = fixation(states, n, several, seed)
        exact = discrete.absorption_time(n, np.full(states, 1 / states))
        claims.append(r.claim(f"fits until one category is left, {label}", exact,
                              means[states, n]))  # fmt: skip
    many = means[1_000, 100]
    law = Zipf(10_000, 1.0)
    zipf = lineages["Zipf"] = Lineage(law, Frequencies(), Replace(10_000), size=10_000)
    found = r.simulate({"": zipf}, ["variance", "support"], generations=99, seed=seed,
                       replicates=60 if scale == "quick" else 1_000)[""]  # fmt: skip
    start = discrete.expected_heterozygosity(0, 10_000, law.dense()) / (1 - 1e-4)
    kept = r.mean(found["variance"][:, -1] / start)
    left = {k: r.mean(found["support"][:, k - 1]) for k in SURVIVORS}
    claims += [
        r.claim("with many categories fixation takes 2 (M - 1) fits", 198.0, many, rounding=2.0),
        r.claim("Zipf: diversity left after 100 fits is (1 - 1/M)^100", (1 - 1e-4) ** 100, kept),
    ]  # fmt: skip
    claims += [
        r.claim(f"Zipf: categories left after {k} fits, within 2 % of the bound", bound, left[k],
                rounding=0.02 * bound)
        for k, bound in SURVIVORS.items()
    ]  # fmt: skip
    claims += [
        r.control("fixation takes M fits", 100.0, many),
        r.control("Zipf: all that survive the first fit stay", SURVIVORS[1], left[100]),
        r.control("Zipf: diversity left is (1 - 2/M)^100", (1 - 2e-4) ** 100, kept),
    ]  # fmt: skip
    panel = r.Panel(
        "Categories left of a Zipf law", "generation",
        [r.curve("simulated", found, "support"),
         r.Curve("sum 1 - exp(-M p g)", found.generations, discrete.expected_support_lower_bound(
             found.generations, 10_000, law.dense()), theory=True)], log="y",
    )  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "discrete-fixation",
    "Categories to fixation",
    "kazdan2024",
    "Uniform laws end in one category; diversity falls as (1 - 1/M)^n (exact laws, checked).",
    {"estimator": "plain frequencies", "fits": "counted from 1: our generation k - 1"},
    run,
)  # fmt: skip
