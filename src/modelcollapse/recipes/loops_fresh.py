"""The fresh data loop: new real records in each generation, next to what the last model wrote."""

from __future__ import annotations

from modelcollapse import Gaussian, GaussianMLE, Lineage, Mix
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import mixing

DIMENSION, REAL, SYNTHETIC, GENERATIONS = 10, 100, (100, 400, 900), 60


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Vary the initial sample and the synthetic one; compare limits."""
    replicates = 2_000 if scale == "quick" else 20_000
    truth = Gaussian([0.0] * DIMENSION).exact()

    def lineage(synthetic: int, initial: int) -> Lineage:
        whole = REAL + synthetic
        policy = Mix(whole, real=REAL / whole, fresh=True)
        return Lineage(truth, GaussianMLE(1), policy, size=initial)

    lineages = {f"n_s = {n}, start {i}": lineage(n, i) for n in SYNTHETIC for i in (100, 1_000)}
    found = r.simulate(lineages, ["variance", "mean_error"], generations=GENERATIONS,
                       replicates=replicates, seed=seed, every=12)  # fmt: skip
    claims, worth = [], {}
    for n in SYNTHETIC:
        limit = mixing.fresh_loop_limit(REAL, n, ddof=1)
        errors = {i: found[f"n_s = {n}, start {i}"]["mean_error"] / DIMENSION for i in (100, 1_000)}
        few, many = (r.mean(errors[i][:, -1]) for i in (100, 1_000))
        worth[n] = r.Estimate(1 / (few.value * REAL), few.error / (few.value**2 * REAL))
        claims += [
            r.claim(f"n_s = {n}: squared error of the mean settles", float(limit.mean_error), few),
            r.claim(f"n_s = {n}: variance settles", float(limit.variance),
                    r.mean(found[f"n_s = {n}, start 100"]["variance"][:, -1] / DIMENSION)),
            r.claim(f"n_s = {n}: the limit does not depend on the initial sample", many.value, few,
                    basis="text", error=many.error),
            r.claim(f"n_s = {n}: the loop is worth more real records than it gets, n_e / n_r > 1",
                    1.0, worth[n], law=">", basis="text"),
            r.claim(f"n_s = {n}: but at most twice as many", 2.0, worth[n], law="<="),
        ]  # fmt: skip
    started = [r.mean(found[f"n_s = 900, start {i}"]["mean_error"][:, 0]) for i in (100, 1_000)]
    claims += [
        r.control("n_s = 900: every record counts as real, n_e / n_r = 10", 10.0, worth[900]),
        r.control("n_s = 900: the model's records are worth nothing, n_e / n_r = 1", 1.0,
                  worth[900]),
        r.control("the initial sample never mattered, not even in generation 0", started[1].value,
                  started[0], error=started[1].error),
    ]  # fmt: skip
    panel = r.Panel("Squared error of the mean", "generation",
                    [r.mean_curve(label, h, "mean_error") for label, h in found.items()],
                    log="y")  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates, "n_r": REAL})


RECIPE = r.Recipe(
    "loops-fresh",
    "Self-consuming loop with fresh real data",
    "alemohammad2024",
    "The loop settles, whatever the initial sample, and unbiased synthetic data raise the "
    "effective sample size n_e above n_r (text); at most twofold (derived).",
    {"divisor": "M - 1", "real data": "new records in each generation",
     "dimension": "10 for the published 100, in which 100 initial records are singular"},
    run,
)  # fmt: skip
