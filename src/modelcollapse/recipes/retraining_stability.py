"""Iterative retraining on real and generated data: the bound, and the exact factor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelcollapse import ExactGaussian, GaussianMLE, records
from modelcollapse.recipes import _recipe as r
from modelcollapse.seeds import generator
from modelcollapse.theory import stability

REAL, STEPS, PUSH = 200, 4, 3.0
RATIOS = (0.25, 0.4, 0.8, 2.0)
"""Synthetic records per real one; the published condition needs less than 1/2."""


def push_away(ratio: float, replicates: int, seed: int) -> r.Floats:
    """Distance of the means from the real sample's, after a push; ``(replicates, STEPS + 1)``."""
    learner = GaussianMLE()
    rng = generator(seed, 0, 0, f"ratio {ratio:g}")
    real = ExactGaussian().replicate(replicates).sample(REAL, rng=rng)
    model = learner.fit(real, rng=rng)
    model = replace(model, mean=model.mean + PUSH)
    apart = [np.full(replicates, PUSH)]
    for _ in range(STEPS):
        data = records.concat([real, model.sample(round(ratio * REAL), rng=rng)])
        model = learner.fit(data, rng=rng)
        apart.append((model.mean - real.mean)[:, 0])
    return np.stack(apart, axis=1)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Push a fitted model away from its fixed point and watch it return."""
    replicates = 20_000 if scale == "quick" else 500_000
    paths = {ratio: push_away(ratio, replicates, seed) for ratio in RATIOS}
    factors = {}
    for ratio, path in paths.items():
        last = r.mean(path[:, -1] / PUSH)
        factor = last.value ** (1 / STEPS)
        factors[ratio] = r.Estimate(factor, last.error * factor / (STEPS * last.value))
    claims = [
        r.claim(f"ratio {ratio:g}: the way back shrinks by ratio / (1 + ratio)",
                stability.exponential_family_factor(ratio), factor)
        for ratio, factor in factors.items()
    ]  # fmt: skip
    claims += [
        r.claim(f"ratio {ratio:g}: no slower than the published rate ratio / (1 - ratio)",
                stability.contraction_upper_bound(ratio), factors[ratio], law="<=", basis="notes")
        for ratio in RATIOS if ratio < stability.largest_stable_ratio()
    ] + [
        r.claim(f"ratio {ratio:g}: stable although the condition ratio < 1/2 fails", 1.0,
                factors[ratio], law="<")
        for ratio in RATIOS if ratio > stability.largest_stable_ratio()
    ]  # fmt: skip
    claims += [
        r.control("ratio 0.25: the published rate is the rate", 0.25 / 0.75, factors[0.25]),
        r.control("ratio 0.8: unstable, since the condition fails", 1.0, factors[0.8], law=">"),
        r.control("ratio 2: the share of real data is the factor", 1 / 3, factors[2.0]),
    ]  # fmt: skip
    panel = r.Panel(
        "Distance from the fixed point, relative", "generation",
        [r.Curve(f"ratio {ratio:g}", range(STEPS + 1), path.mean(axis=0) / PUSH)
         for ratio, path in paths.items()], log="y",
    )  # fmt: skip
    settings = {"real": REAL, "push": PUSH, "replicates": replicates, "divisor": "n"}
    return r.Outcome(claims, [panel], settings=settings)


RECIPE = r.Recipe(
    "retraining-stability",
    "Stability of iterative retraining",
    "bertrand2024",
    "Stable at rate rho = a/(1 - a), a = lambda (1 + eps L/alpha), if a < 1/2 (notes). Sufficient "
    "only: in a well-specified exponential family the factor is lambda/(1 + lambda) (derived).",
    {"real data": "the same records each time (eps = 0)", "start": "maximum likelihood afresh",
     "lambda": "synthetic records per real one"},
    run,
)  # fmt: skip
