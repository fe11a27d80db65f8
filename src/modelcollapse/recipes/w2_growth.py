"""How fast the Wasserstein distance grows, its exact form, and two traps."""

from __future__ import annotations

import numpy as np

from modelcollapse import ExactGaussian, GaussianMLE, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

RECORDS, ELEVEN, HUNDRED = 100, 10, 99
"""Generations count from 0: generation 10 has seen eleven fits."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Follow distances at M = 100 with both divisors, and typical paths at M = 10."""
    replicates = 100_000 if scale == "quick" else 1_000_000
    lineages = {
        f"divisor M{-ddof or ''}": Lineage(
            ExactGaussian(), GaussianMLE(ddof), Replace(RECORDS), size=RECORDS
        )
        for ddof in (0, 1)
    }
    near, far = (
        r.simulate(lineages, ["wasserstein", "variance", "mean_error"], generations=last,
                   replicates=replicates, seed=seed, every=last)
        for last in (ELEVEN, HUNDRED)
    )  # fmt: skip
    biased, unbiased = lineages

    def squared(found: dict[str, r.History], label: str) -> r.Estimate:
        return r.mean(found[label]["wasserstein"][:, -1] ** 2)

    total = near[unbiased]["mean_error"][:, -1] + near[unbiased]["variance"][:, -1]
    sigma = r.mean(np.sqrt(far[unbiased]["variance"][:, -1]))
    small = {"M = 10": Lineage(ExactGaussian(), GaussianMLE(1), Replace(10), size=10)}
    paths = r.simulate(small, ["wasserstein"], generations=999, replicates=20_000, seed=seed,
                       every=111)["M = 10"]  # fmt: skip
    typical = paths["wasserstein"] ** 2
    exact = gaussian.expected_squared_wasserstein(paths.generations, 10, ddof=1)
    reached = r.share(typical[:, -1] >= exact[-1])
    hundred = float(gaussian.expected_squared_wasserstein(HUNDRED, RECORDS, ddof=1))
    claims = [
        r.claim("E W2² after 11 fits at M = 100 is 1.5 * 11/100", 0.165, squared(near, unbiased),
                basis="notes", rounding=0.0005),
        r.claim("a record of fit 11 has variance 1 + 11/M", 1.11, r.mean(total), basis="notes"),
        r.claim("E W2² after 100 fits is 100/M + 2 (1 - c4^100)", hundred, squared(far, unbiased)),
        r.claim("with divisor M the mean error stays below 1", 1.0,
                r.mean(far[biased]["mean_error"][:, -1]), law="<"),
        r.claim("paths at M = 10 that still move by 0.01 from generation 777 to 999", 0.0,
                r.share(np.abs(typical[:, -1] - typical[:, 7]) > 0.01)),
        r.claim("E W2² there is 102, which fewer than 5 % of paths reach", 0.05, reached, law="<"),
        r.control("1.5 n/M for all n, so E sigma = 1 - n/(4M), at n = M = 100", 0.75, sigma),
        r.control("divisor M has the same exact form", hundred, squared(far, biased)),
        r.control("half of the paths reach the expectation", 0.5, reached),
    ]  # fmt: skip
    panel = r.Panel(
        "Squared distance W2² at M = 10", "generation",
        [r.Curve("median", paths.generations, *np.quantile(typical, (0.5, 0.05, 0.95), axis=0)),
         r.Curve("expectation", paths.generations, exact, theory=True)], log="y",
    )  # fmt: skip
    return r.Outcome(claims, [panel], lineages | small, {"replicates": replicates})


RECIPE = r.Recipe(
    "w2-growth",
    "Growth of the Wasserstein distance, and what it hides",
    "shumailov2023",
    "E W2² = 1.5 sum 1/M_i (0.165 for eleven terms at M = 100), Var X = 1 + n/M (notes on the "
    "first version); exact form derived. The expectation is carried by ever rarer paths.",
    {"divisor": "M - 1; with M the distance is bounded", "test": "medians once n exceeds M"},
    run,
)  # fmt: skip
