"""Kernel ridge on data that every machine has: digits and diabetes, labels written again."""

from __future__ import annotations

from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.recipes import _kernel as k
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import by_penalty, by_records
from modelcollapse.sources.labelled import DiabetesTask, DigitsTask

DEEP, RIDGE = 5, 1e-6
DIGITS, DIABETES = KernelRidge(gamma=0.02), KernelRidge(gamma=0.1)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Label inputs by generators of two sizes, anew and the same ones, and fit to the labels."""
    replicates = 24 if scale == "quick" else 200
    options = {"generations": DEEP, "replicates": replicates, "seed": seed}
    fresh = DigitsTask(noise=0.3, target_scaling="standard")
    same = DigitsTask(noise=0.3, target_scaling="standard", same_inputs=True)
    patients = DiabetesTask(noise=0.5)
    digits = {"digits, T0 = 200": k.lineage(fresh, DIGITS, 200, RIDGE),
              "digits, T0 = 800": k.lineage(fresh, DIGITS, 800, RIDGE),
              "digits, T0 = 200, same": k.lineage(same, DIGITS, 200, RIDGE)}  # fmt: skip
    diabetes = {f"diabetes, T0 = {n}": k.lineage(patients, DIABETES, n, RIDGE) for n in (80, 300)}
    sizes = (50, 150, 600) if scale == "quick" else (20, 50, 100, 200, 400, 600, 1_000)
    weak, strong, kept = k.run_chains(digits, sizes, (), **options).values()
    few, many = k.run_chains(diabetes, (25, 70, 200), (), **options).values()

    errors = kept.errors()
    jump, creep = r.mean(errors[:, 1] - errors[:, 0]), kept.growth(1)
    faster = weak.growth(1)
    claims = [
        *k.collapse("digits", weak, strong), *k.collapse("diabetes", few, many),
        r.claim("digits, same inputs: the first generation adds more than each later one",
                creep.value, jump, law=">", error=creep.error),
        r.claim("digits, same inputs: later ones add less than with new inputs", faster.value,
                creep, law="<", error=faster.error),
        r.control("digits: the same inputs add as much as new ones", faster.value, creep,
                  error=faster.error),
    ]  # fmt: skip
    panels = [
        by_records(weak.read.history, penalty=1e-3, generations=(0, 1, 2, DEEP)),
        by_penalty(weak.read.history, records=sizes[-1], generations=(0, 1, 2, DEEP),
                   marks={"best for real data": weak.best(0), "best 5 deep": weak.best(DEEP)}),
        r.Panel("Digits, 600 records, best ridge", "generations between nature and the fit",
                [k.along(label, chain) for label, chain in
                 (("T0 = 200", weak), ("T0 = 200, same inputs", kept), ("T0 = 800", strong))]),
    ]  # fmt: skip
    return r.Outcome(claims, panels, digits | diabetes,
                     {"replicates": replicates, "generator ridge": RIDGE})  # fmt: skip


RECIPE = r.Recipe(
    "kernel-digits", "Kernel ridge regression on digits and diabetes", "dohmatob2024regression",
    "On real images the error grows with every generation and the ridge should be larger than for "
    "real data (text, on MNIST; the data here are ours, and come with scikit-learn).",
    {"targets": "the digit as a number, and the progression of the disease, of variance 1",
     "noise": "0.3 and 0.5; errors are against clean targets of held-out records",
     "kernel": "exp(-g (x - z)²): g = 0.02, pixels standardised together; 0.1, measurements apart",
     "generators": "ridge 1e-6, close to interpolation"},
    run,
)  # fmt: skip
