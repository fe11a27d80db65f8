"""Replace or accumulate: the published Gaussian histories."""

from __future__ import annotations

from modelcollapse import Accumulate, ExactGaussian, Gaussian, GaussianMLE, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import gaussian

HISTORIES = {
    (10, 10): ((0.301, 0.042), (0.541, 0.065), (0.874, 0.043), (0.145, 0.017)),
    (10, 100): ((0.000, 0.000), (0.926, 0.166), (0.873, 0.048), (0.158, 0.019)),
    (32, 10): ((0.724, 0.065), (0.268, 0.047), (0.956, 0.026), (0.051, 0.006)),
    (32, 100): ((0.073, 0.043), (0.728, 0.120), (0.955, 0.027), (0.053, 0.006)),
    (100, 10): ((0.891, 0.039), (0.094, 0.012), (0.994, 0.016), (0.015, 0.002)),
    (100, 100): ((0.309, 0.040), (0.584, 0.106), (0.997, 0.017), (0.016, 0.002)),
    (316, 100): ((0.703, 0.077), (0.200, 0.044), (1.008, 0.015), (0.005, 0.001)),
}
"""By records and fits: variance and mean error replaced, then accumulated, each with its error."""
COLUMNS = tuple((p, m) for p in ("replace", "accumulate") for m in ("variance", "mean_error"))


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Check the histories cell by cell; then dimensions, by trace and determinant."""
    replicates = 4_000 if scale == "quick" else 100_000
    lineages = {
        f"{policy.__name__.lower()}, n = {n}": Lineage(
            ExactGaussian(), GaussianMLE(0), policy(n), size=n
        )
        for policy in (Replace, Accumulate) for n in (10, 32, 100, 316)
    }  # fmt: skip
    found = r.simulate(lineages, ["variance", "mean_error"], generations=99,
                       replicates=replicates, seed=seed, every=9)  # fmt: skip
    column = {10: 1, 100: -1}
    claims = []
    for (n, k), cells in HISTORIES.items():
        for (name, measure), cell in zip(COLUMNS, cells, strict=True):
            ours = r.mean(found[f"{name}, n = {n}"][measure][:, column[k]])
            claims.append(r.claim(f"{name}, n = {n}, {k} fits: {measure}", cell[0], ours,
                                  basis="code", error=cell[1], rounding=0.0005))  # fmt: skip
    dimensions = (3, 10) if scale == "quick" else (3, 10, 31, 100)
    for d in dimensions:
        truth = Gaussian([0.0] * d).exact()
        label, lineage = f"d = {d}", Lineage(truth, GaussianMLE(0), Replace(316), size=316)
        lineages[label] = lineage
        history = r.simulate({label: lineage}, ["variance", "log_generalised_variance"],
                             generations=99, replicates=400, seed=seed, every=99)  # fmt: skip
        trace = r.mean(history[label]["variance"][:, -1] / d)
        volume = r.mean(history[label]["log_generalised_variance"][:, -1])
        exact = gaussian.expected_log_determinant(99, 316, dimension=d, ddof=0)
        claims += [r.claim(f"{label}, n = 316: trace after 100 fits", (1 - 1 / 316) ** 100, trace),
                   r.claim(f"{label}, n = 316: log-determinant", float(exact), volume),
                   r.control(f"{label}: the trace tells the determinant", float(d * 100 *
                             gaussian.log_variance_drift(316)), volume)]  # fmt: skip
    few = r.mean(found["replace, n = 10"]["variance"][:, 1])
    claims += [
        r.control("divisor n - 1: replaced variance stays 1 (n = 10, 10 fits)", 1.0, few,
                  error=0.042),
        r.control("accumulating loses as much as replacing (n = 100, 100 fits)", 0.309,
                  r.mean(found["accumulate, n = 100"]["variance"][:, -1]), error=0.040),
    ]  # fmt: skip
    panel = r.Panel("Mean variance", "generation",
                    [r.mean_curve(label, h, "variance") for label, h in found.items()])  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "accumulate-gaussian",
    "Gaussian: replace or accumulate, the published histories",
    "kazdan2024",
    "Means over the 688 published runs (49 to 115 seeds a cell, code's stored histories).",
    {"divisor": "n", "accumulate": "a growing pool", "k fits": "our generation k - 1"},
    run,
)  # fmt: skip
