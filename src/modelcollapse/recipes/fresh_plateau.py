"""A share of fresh real records holds the variance at a plateau."""

from __future__ import annotations

from modelcollapse import ExactGaussian, GaussianMLE, Lineage, Mix
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import mixing

CASES = ((200, 0.05), (50, 0.1), (100, 0.02), (400, 0.2))
STEP = 8


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run each case to its plateau."""
    replicates = 20_000 if scale == "quick" else 200_000
    lineages = {
        f"n = {n}, share {a:g}": Lineage(
            ExactGaussian(), GaussianMLE(0), Mix(n, real=a, fresh=True), size=n
        )
        for n, a in CASES
    }
    found = r.simulate(lineages, ["variance", "mean_error"], generations=20 * STEP,
                       replicates=replicates, seed=seed, every=STEP)  # fmt: skip
    claims = []
    for (n, a), (label, history) in zip(CASES, found.items(), strict=True):
        depth = 1 - a + a * n * (2 - a)
        variance, error = (r.mean(history[m][:, -1]) for m in ("variance", "mean_error"))
        total = r.mean(history["variance"][:, -1] + history["mean_error"][:, -1])
        claims += [
            r.claim(f"{label}: variance settles at 1 - 1/D", 1 - 1 / depth, variance,
                    basis="notes"),
            r.claim(f"{label}: squared error of the mean settles at 1/D", 1 / depth, error,
                    basis="notes"),
            r.claim(f"{label}: the two add to the true variance", 1.0, total, basis="notes"),
        ]  # fmt: skip
    # Distance of the mean error from its plateau after STEP generations, relative to the start.
    n, a = CASES[1]
    history = found[f"n = {n}, share {a:g}"]
    depth, start = 1 - a + a * n * (2 - a), 1 / n
    approach = 1 / depth - start
    after = r.mean((1 / depth - history["mean_error"][:, 1]) / approach)
    rate = (1 - a) ** 2 * (1 - 1 / ((1 - a) * n))
    unbiased = mixing.fresh_loop_limit(round(a * n), n - round(a * n), ddof=1)
    claims += [
        r.claim(f"n = {n}: the gap to the plateau shrinks by (1 - a)² (1 - 1/((1 - a) n)) a "
                "generation", rate**STEP, after),
        r.control(f"n = {n}: it shrinks by 1 - a (the notes)", (1 - a) ** STEP, after),
        r.control(f"n = {n}: the plateau with divisor n - 1", float(unbiased.variance),
                  r.mean(history["variance"][:, -1])),
        r.control(f"n = {n}: no real data (variance (1 - 1/n)^k)", (1 - 1 / n) ** (20 * STEP + 1),
                  r.mean(history["variance"][:, -1])),
    ]  # fmt: skip
    panel = r.Panel(
        "Variance", "generation",
        [r.mean_curve(label, h, "variance") for label, h in found.items()]
        + [r.Curve(f"plateau, n = {n}", history.generations[[0, -1]], [1 - 1 / depth] * 2,
                   theory=True)],
    )  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "fresh-plateau",
    "Plateau under a share of fresh real data",
    "alemohammad2024",
    "Variance 1 - 1/D and mean error 1/D with D = 1 - a + a n (2 - a), approached at rate 1 - a "
    "(notes on a tabular study of the fresh data loop; the rate is (1 - a)² (1 - 1/n_s)).",
    {"divisor": "n", "real data": "exactly a n new records in each generation"},
    run,
)  # fmt: skip
