"""Two Gaussian components on one blob, 2,050 generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from modelcollapse import Gaussian, Generation, Lineage, Mixture, Replace
from modelcollapse.families.mixture import MixtureOfGaussians
from modelcollapse.protocols import Reading
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

GENERATIONS, DISTANCE = 2_050, 536.3
RATE = float(np.log((0.010 + 0.011) / (0.90 + 0.89)) / GENERATIONS)
"""Log-scale lost per generation at M = 1,000, from the two ends that were published."""


def overlap(f: MixtureOfGaussians, g: MixtureOfGaussians) -> float:
    """Integral of the product of two planar mixtures, in closed form."""
    cov = (f.roots @ f.roots.swapaxes(1, 2))[:, None] + (g.roots @ g.roots.swapaxes(1, 2))[None]
    apart = f.means[:, None] - g.means[None]
    square = np.einsum("ijk,ijk->ij", apart, np.linalg.solve(cov, apart[..., None])[..., 0])
    density = np.exp(-square / 2) / (2 * np.pi * np.sqrt(np.linalg.det(cov)))
    return float(f.weights @ density @ g.weights)


@dataclass(frozen=True)
class Fit:
    """Log-scale of the components (their mean) and squared L2 distance from the first fit."""

    name: ClassVar[str] = "fit"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        model = generation.model
        first = generation.once("first fit", lambda: model)
        far = overlap(first, first) + overlap(model, model) - 2 * overlap(first, model)
        scale = np.linalg.slogdet(model.roots)[1] / 2  # of each component's standard deviations
        return {"log_scale": float(scale.mean()), "distance": far}


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: M = 250 over 512 generations, with the same M times rate."""
    n, replicates = (250, 16) if scale == "quick" else (1_000, 20)
    generations = GENERATIONS * n // 1_000
    learner, truth = Mixture(2, tolerance=1e-5, max_iterations=2_000), Gaussian([0.0, 0.0])
    lineages = {"mixture": Lineage(truth, learner, Replace(n), size=n)}
    found = r.simulate(lineages, [Fit()], generations=generations, replicates=replicates,
                       seed=seed, every=generations // 8)["mixture"]  # fmt: skip
    rates = np.diff(found["fit.log_scale"][:, [0, -1]])[:, 0] / generations * n / 1_000
    one = float(rates.std(ddof=1))  # one published run scatters as one of ours does
    apart = np.log(found["fit.distance"][:, -1])
    alone = gaussian.eigenvalue_rates(1_000, dimension=2).sum() / 4
    claims = [
        r.claim("log-scale of the components per generation, times M / 1,000", RATE, r.mean(rates),
                basis="code", error=one),
        r.claim("they shrink at all", 0.0, r.mean(rates), law="<", basis="text"),
        r.claim("log of the final squared L2 distance", np.log(DISTANCE), r.mean(apart),
                basis="code", error=float(apart.std(ddof=1))),
        r.control("they shrink no faster than one Gaussian does", alone, r.mean(rates)),
    ]  # fmt: skip
    panel = r.Panel("Log-scale of the components", "generation",
                    [r.curve("mixture", found, "fit.log_scale")])  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"M": n, "generations": generations})


RECIPE = r.Recipe(
    "nature-mixture",
    "Two-component mixture over 2,050 generations",
    "shumailov2024",
    "Scales 0.90 and 0.89 end at 0.010 and 0.011, squared L2 distance 536.3 (stored outputs of "
    "one run of the notebook).",
    {"start": "cold k-means start each generation", "M": "1,000 (quick: 250)",
     "data": "one standard blob, so the family is too rich"},
    run,
)  # fmt: skip
