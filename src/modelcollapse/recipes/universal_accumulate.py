"""Beyond least squares: logistic and Poisson regression follow the same sum 1/k²."""

from __future__ import annotations

import math

import numpy as np

from modelcollapse import Accumulate, Labelled, Lineage, Replace
from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes._likelihood import Distance, Likelihood, Responses, tumours
from modelcollapse.seeds import generator

RECORDS, FITS, NEAR = 1_000, 10, 0.04
"""Records and fits; relative error of laws of leading order in d / T."""


def ratio(values: r.Floats) -> r.Estimate:
    """Error after the last fit in units of that of the first, with its standard error."""
    first, last = values[:, 0], values[:, -1]
    quotient = last.mean() / first.mean()
    return r.Estimate(quotient, r.mean((last - quotient * first) / first.mean()).error)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run three models replaced and accumulated."""
    replicates = 120 if scale == "quick" else 5_000
    start = Responses("logistic", (0.0, 0.0, 0.0), "tumours")
    fitted = Likelihood(start).fit(Labelled(*tumours()), rng=generator(0, 0, 0, "fit"))
    truths = {
        "logistic": Responses("logistic", (1.0, -0.5, 0.5)),
        "logistic, tumours": fitted,
        "Poisson": Responses("Poisson", (0.5, -0.3, 0.2)),
    }
    squares, harmonic = (sum(1 / k**p for k in range(1, FITS + 1)) for p in (2, 1))
    claims, panels = [], []
    for name, truth in truths.items():
        replaced = Lineage(truth, Likelihood(truth), Replace(RECORDS), size=RECORDS, holdout=0)
        pair = {f"{name}: replace": replaced,
                f"{name}: accumulate": replaced.but(policy=Accumulate(RECORDS))}  # fmt: skip
        found = r.simulate(pair, [Distance()], generations=FITS - 1, replicates=replicates,
                           seed=seed)  # fmt: skip
        lost, kept = (ratio(history["distance"]) for history in found.values())
        claims += [
            r.claim(f"{name}: accumulated, {FITS} fits have sum 1/k² times the error of one",
                    squares, kept, basis="notes", rounding=NEAR * squares),
            r.claim(f"{name}: accumulated, the error stays below π²/6 times", math.pi**2 / 6, kept,
                    law="<=", basis="notes", rounding=NEAR * squares),
            r.claim(f"{name}: replaced, {FITS} fits have {FITS} times the error", FITS, lost,
                    basis="notes", rounding=2 * NEAR * FITS),
            r.control(f"{name}: replaced, the error stays below π²/6 times", math.pi**2 / 6, lost,
                      law="<="),
            r.control(f"{name}: accumulated, it grows like sum 1/k", harmonic, kept),
        ]  # fmt: skip
        curves = []
        for (label, history), law in zip(found.items(), (1, 2), strict=True):
            curve = r.mean_curve(label, history, "distance", "bars")
            unit = history["distance"][:, 0].mean()
            y, low, high = (np.asarray(x, dtype=np.float64) / unit
                            for x in (curve.y, curve.low, curve.high))  # fmt: skip
            fits = np.arange(1.0, FITS + 1)
            told = fits if law == 1 else np.cumsum(1 / fits**2)
            curves += [r.Curve(label, fits, y, low, high, style="bars"),
                       r.Curve("theory", fits, told, theory=True, like=label)]  # fmt: skip
        panels.append(r.Panel(f"Error in units of the first, {name}", "fits", curves, log="y"))
    return r.Outcome(claims, panels, pair, {"replicates": replicates, "records": RECORDS})


RECIPE = r.Recipe(
    "universal-accumulate", "Beyond least squares: π²/6 for other regressions", "gerstgrasser2024",
    "For models fitted by maximum likelihood accumulated errors stay below π²/6 times the first and"
    " replaced ones grow linearly (notes on later work on its universality; logistic on UCI sets).",
    {"data": "real inputs from a bundled set, labels of the law fitted to it; normal inputs",
     "error": "squared distance of the coefficients"}, run,
)  # fmt: skip
