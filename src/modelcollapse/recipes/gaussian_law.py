"""The exact law of the one-dimensional Gaussian chain, and bounds on its survival."""

from __future__ import annotations

import numpy as np

from modelcollapse import ExactGaussian, GaussianMLE, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

LONG, SHORT, THRESHOLD = 1_000, 10, 0.1


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """One chain with M = 1,000 for 1,000 fits, one with M = 10 for 200."""
    replicates = 4_000 if scale == "quick" else 40_000
    lineages = {
        f"M = {n}": Lineage(ExactGaussian(), GaussianMLE(1), Replace(n), size=n)
        for n in (LONG, SHORT)
    }
    long, short = lineages
    slow = r.simulate({long: lineages[long]}, ["log_variance", "mean_error"], generations=999,
                      replicates=replicates, seed=seed, every=111)[long]  # fmt: skip
    fast = r.simulate({short: lineages[short]}, ["log_variance"], generations=199,
                      replicates=replicates, seed=seed)[short]  # fmt: skip
    sigma = r.mean(np.exp(slow["log_variance"][:, -1] / 2))
    alive = fast["log_variance"] > 2 * np.log(THRESHOLD)
    survival = alive.mean(axis=0)
    bounds = {
        "theorem": gaussian.survival_bound(fast.generations, SHORT, THRESHOLD),
        "c4^k / eps": gaussian.survival_bound_first_moment(
            fast.generations, SHORT, THRESHOLD, ddof=1
        ),
        "sharpest moment": gaussian.survival_bound_chernoff(
            fast.generations, SHORT, THRESHOLD, ddof=1
        ),
    }
    approximate = gaussian.survival_probability(99, SHORT, THRESHOLD, ddof=1)
    claims = [
        r.claim("E sigma after n = M = 1,000 fits is c4(M)^n", 0.7786, sigma, rounding=5e-5),
        r.claim("E squared error of the mean is n/M", 1.0, r.mean(slow["mean_error"][:, -1])),
        r.claim("E log-variance falls by digamma((M-1)/2) - log((M-1)/2) a fit",
                float(gaussian.expected_log_variance(999, LONG, ddof=1)),
                r.mean(slow["log_variance"][:, -1])),
    ]  # fmt: skip
    claims += [
        r.claim(f"P(sigma > 0.1), M = 10, is below the bound after {k} fits: {name}",
                float(bound[k - 1]), r.share(alive[:, k - 1]), law="<=",
                basis="code" if name == "theorem" else "theory")
        for name, bound in bounds.items() for k in (100, 200)
    ]  # fmt: skip
    claims += [
        r.claim("P(sigma > 0.1) after 100 fits, normal approximation", float(approximate),
                r.share(alive[:, 99]), rounding=0.002),
        r.claim("the printed theorem is looser than c4^k / eps there", bounds["c4^k / eps"][99],
                bounds["theorem"][99], law=">", basis="code"),
        r.control("E sigma with divisor M",
                  float(gaussian.expected_standard_deviation(999, LONG, ddof=0)), sigma),
        r.control("the theorem without its factor 4: exp(-k/M) / eps after 100 fits",
                  float(np.exp(-100 / SHORT) / THRESHOLD), r.share(alive[:, 99]), law="<="),
    ]  # fmt: skip
    panel = r.Panel(
        "P(sigma > 0.1) at M = 10", "generation",
        [r.Curve("simulated", fast.generations, np.maximum(survival, 0.2 / replicates)),
         *(r.Curve(name, fast.generations, np.minimum(bound, 1), theory=True)
           for name, bound in bounds.items())], log="y",
    )  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "gaussian-law",
    "Gaussian chain: c4(M)^n and survival bounds",
    "suresh2025",
    "E sigma = c4^n; P(sigma > eps) <= (sigma_0/eps) exp(-k/(4M-1)), shown for M = 10, eps = 0.1, "
    "200 generations (code; its plot draws another bound under the theorem's label).",
    {"divisor": "M - 1", "chains": "4,000 for the published 1,000"},
    run,
)  # fmt: skip
