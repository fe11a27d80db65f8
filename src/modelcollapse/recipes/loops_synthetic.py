"""The fully synthetic loop: each generation sees only what the last one wrote."""

from __future__ import annotations

import numpy as np

from modelcollapse import Gaussian, GaussianMLE, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

RECORDS = 1_000


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: 20 dimensions and 200 generations; full: the published 100 dimensions."""
    d, generations, replicates = (20, 200, 200) if scale == "quick" else (100, 200, 200)
    truth = Gaussian([0.0] * d).exact()
    lineages = {"fully synthetic": Lineage(truth, GaussianMLE(1), Replace(RECORDS), size=RECORDS)}
    names = ["variance", "mean_error", "log_generalised_variance", "wasserstein"]
    found = r.simulate(lineages, names, generations=generations, replicates=replicates, seed=seed,
                       every=generations // 5)["fully synthetic"]  # fmt: skip
    fits = found.generations + 1
    shrunk = r.mean(found["log_generalised_variance"][:, -1])
    exact = gaussian.expected_log_determinant(generations, RECORDS, dimension=d, ddof=1)
    rates = gaussian.eigenvalue_rates(RECORDS, dimension=d, ddof=1)
    steps = np.diff(found["wasserstein"] ** 2, axis=1)
    claims = [
        r.claim("the expected covariance stays (total variance per dimension)", 1.0,
                r.mean(found["variance"][:, -1] / d), basis="text"),
        r.claim("yet the covariance vanishes: log-determinant after all generations", float(exact),
                shrunk, basis="theory"),
        r.claim("the mean is a martingale: its squared error is n d / M", fits[-1] * d / RECORDS,
                r.mean(found["mean_error"][:, -1]), basis="text"),
        *(r.claim(f"the distance grows from generation {a} to {b}", 0.0, r.mean(steps[:, i]),
                  law=">", basis="text")
          for i, (a, b) in enumerate(zip(fits[:-1] - 1, fits[1:] - 1, strict=True))),
        r.control("the log-determinant stays, as the expected covariance does", 0.0, shrunk),
        r.control("all directions shrink at the rate of one dimension",
                  float(d * rates[0] * fits[-1]), shrunk),
        r.control("the mean stays within the error of one sample", d / RECORDS,
                  r.mean(found["mean_error"][:, -1])),
    ]  # fmt: skip
    panels = [
        r.Panel("Distance from the truth", "generation",
                [r.curve("fully synthetic", found, "wasserstein")]),
        r.Panel("Log-determinant of the covariance", "generation",
                [r.curve("fully synthetic", found, "log_generalised_variance"),
                 r.Curve("exact", found.generations, exact * fits / fits[-1], theory=True)]),
    ]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"d": d, "generations": generations})


RECIPE = r.Recipe(
    "loops-synthetic",
    "Self-consuming loop, fully synthetic",
    "alemohammad2024",
    "The mean is a martingale, E Sigma_t = Sigma_0 while Sigma_t -> 0 almost surely, and the "
    "distance from the truth grows ('MAD', text). Sizes: M = 1,000, d = 100 (quick: 20).",
    {"divisor": "M - 1", "start": "each generation from scratch", "bias": "none"},
    run,
)  # fmt: skip
