"""Sampling bias lambda: models that write with less variance than they fitted."""

from __future__ import annotations

from itertools import pairwise

from modelcollapse import ExactGaussian, Lineage, Mix, Replace
from modelcollapse.learners.biased import BiasedGaussian
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import mixing

RECORDS, REAL, SYNTHETIC, BIASES, GENERATIONS = 1_000, 100, 900, (1.0, 0.8, 0.66, 0.5), 20


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run the fully synthetic and the fresh data loop for each bias."""
    replicates = 10_000 if scale == "quick" else 100_000
    alone, fresh = Replace(RECORDS), Mix(REAL + SYNTHETIC, real=0.1, fresh=True)
    lineages = {
        f"{kind}, bias {bias:g}": Lineage(
            ExactGaussian(), BiasedGaussian(bias, ddof=1), policy, size=RECORDS
        )
        for kind, policy in (("synthetic", alone), ("fresh", fresh))
        for bias in BIASES
    }
    # In the fresh loop the slowest mode halves in seven generations.
    found = r.simulate(lineages, ["variance", "mean_error", "wasserstein"],
                       generations=4 * GENERATIONS, replicates=replicates, seed=seed,
                       every=GENERATIONS)  # fmt: skip
    one = r.simulate(
        {"": Lineage(ExactGaussian(), BiasedGaussian(1.0, 1), alone, size=REAL)},
        ["wasserstein"],
        generations=0,
        replicates=replicates,
        seed=seed,
    )[""]
    needed = r.mean(one["wasserstein"][:, 0] ** 2)
    claims, far = [], {}
    for bias in BIASES:
        history = found[f"synthetic, bias {bias:g}"]
        variance, drift = (r.mean(history[m][:, 1]) for m in ("variance", "mean_error"))
        walk = sum(bias**t for t in range(GENERATIONS + 1)) / RECORDS
        limit = mixing.fresh_loop_limit(REAL, SYNTHETIC, bias=bias, ddof=1)
        settled = found[f"fresh, bias {bias:g}"]
        far[bias] = r.mean(settled["wasserstein"][:, -1] ** 2)
        claims += [
            r.claim(f"bias {bias:g}: synthetic only, variance falls as bias^t (generation 20)",
                    bias**GENERATIONS, variance, basis="text"),
            r.claim(f"bias {bias:g}: its mean drifts by (1 - b^t) / ((1 - b) M)", walk, drift),
            r.claim(f"bias {bias:g}: with fresh data the variance settles", float(limit.variance),
                    r.mean(settled["variance"][:, -1])),
        ]  # fmt: skip
    claims += [
        r.claim(f"bias {low:g} ends farther from the truth than {high:g} with fresh data",
                far[high].value, far[low], law=">", basis="text", error=far[high].error)
        for high, low in pairwise(BIASES)
    ] + [
        r.claim("bias 0.8: the loop is worth less than its n_r real records (n_e / n_r < 1)",
                needed.value, far[0.8], law=">", basis="text", error=needed.error),
        r.control("bias 1: and so is the unbiased loop", needed.value, far[1.0], law=">",
                  error=needed.error),
        r.control("bias 0.8 writes what it fitted: the variance stays", 1.0,
                  r.mean(found["synthetic, bias 0.8"]["variance"][:, 1])),
    ]  # fmt: skip
    panel = r.Panel("Squared distance with fresh data", "generation",
                    [r.curve(f"bias {b:g}", found[f"fresh, bias {b:g}"], "wasserstein")
                     for b in BIASES], log="y")  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "loops-bias",
    "Self-consuming loops with sampling bias",
    "alemohammad2024",
    "E Sigma_t = lambda^t Sigma_0; bias loses diversity faster, and with fresh data makes n_e / n_r"
    " less than 1 (text). lambda = 1, 0.8, 0.66, 0.5 as published.",
    {"bias": "the model writes N(mu, lambda Sigma); what is measured is the fit",
     "divisor": "M - 1", "dimension": "1"},
    run,
)  # fmt: skip
