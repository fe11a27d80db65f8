"""The synthetic augmentation loop: one fixed real sample plus what the last model wrote."""

from __future__ import annotations

from modelcollapse import Augment, ExactGaussian, GaussianMLE, Lineage, Mix, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import mixing

REAL, SYNTHETIC, GENERATIONS = 100, 900, 120


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Hold the published sizes against the exact limits, and the loop against the others."""
    replicates = 10_000 if scale == "quick" else 100_000
    start = Lineage(ExactGaussian(), GaussianMLE(1), Augment(SYNTHETIC), size=REAL)
    whole, share = REAL + SYNTHETIC, REAL / (REAL + SYNTHETIC)
    lineages = {
        "augmentation": start,
        "fully synthetic": start.but(policy=Replace(whole)),
        "fresh real data": start.but(policy=Mix(whole, real=share, fresh=True)),
    }
    found = r.simulate(lineages, ["variance", "mean_error"], generations=GENERATIONS,
                       replicates=replicates, seed=seed, every=20)  # fmt: skip
    limit = mixing.fixed_real_loop_limit(REAL, SYNTHETIC, ddof=1)
    fresh = mixing.fresh_loop_limit(REAL, SYNTHETIC, ddof=1)
    loop = found["augmentation"]["mean_error"]
    error, variance = r.mean(loop[:, -1]), r.mean(found["augmentation"]["variance"][:, -1])
    late = r.mean((loop[:, -1] - loop[:, 2]) / 80)
    drift = r.mean((found["fully synthetic"]["mean_error"][:, -1]
                    - found["fully synthetic"]["mean_error"][:, 2]) / 80)  # fmt: skip
    images = r.Claim(
        "with fixed real data the distance keeps growing (slope of the mean error)", 0.0,
        late.value, r.STANDARD_ERRORS * late.error, ">", "text",
        incomparable="said of image models, which add their own error in each generation",
    )  # fmt: skip
    claims = [
        images,
        r.claim("squared error of the mean settles at 1/n_r + u", 1 / REAL + limit.mean_error,
                error),
        r.claim("variance settles at v < 1", float(limit.variance), variance),
        r.claim("from generation 40 on the error does not grow", 0.0, late),
        r.claim("without real data it does", 0.0, drift, law=">", basis="text"),
        r.claim("the fixed sample is worse than as much fresh data",
                r.mean(found["fresh real data"]["mean_error"][:, -1]).value, error, law=">",
                basis="text"),
        r.control("synthetic records count as real ones: error 1/(n_r + n_s)", 1 / whole, error),
        r.control("fixed real data only delay: the error grows as without any", drift.value, late),
        r.control("fixed real data act as fresh ones do", float(fresh.mean_error), error),
    ]  # fmt: skip
    panel = r.Panel("Squared error of the mean", "generation",
                    [r.mean_curve(label, h, "mean_error") for label, h in found.items()],
                    log="y")  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "loops-augmentation",
    "Self-consuming loop with a fixed real sample",
    "alemohammad2024",
    "Fixed real data delay the degradation but do not prevent it (text, image models); in the "
    "well-specified Gaussian the loop settles (derived). n_r = 100, n_s = 900 as published.",
    {"divisor": "M - 1", "real data": "the same records in each generation, all of them",
     "dimension": "1: coordinates behave alike; the published 100 make 100 records singular"},
    run,
)  # fmt: skip
