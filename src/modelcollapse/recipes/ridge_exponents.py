"""Powers with which the best ridge for deep data, and its error, fall."""

from __future__ import annotations

import numpy as np

from modelcollapse import Lineage, PowerLawTeacher, Replace, Ridge
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import regression

CAPACITY, SOURCE = 2.0, 0.375
CASES = {0.6: 15, 0.8: 15, 1.0: 15, 1.2: 14}
"""Binary logarithm of the largest T by power b of T0 = T^b."""
NEAR = 0.05
"""Distance of a slope between finite T from its limit."""


def best(b: float, n: float) -> tuple[float, float]:
    """Best penalty, and its error, one generation deep: d = T0 / 2, no noise in the last fit."""
    j = np.arange(1.0, n**b // 2 + 1)
    found = regression.optimal_penalty(
        1, n, eigenvalues=j**-CAPACITY, coefficients=j**-0.25, noise=0.0, generator_records=n**b,
        generator_noise=1.0,
    )  # fmt: skip
    return float(found.penalty), float(found.error)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Follow the best ridge, and check its error by simulation at the smallest size."""
    more, replicates = (0, 12) if scale == "quick" else (1, 200)
    power = float(regression.classical_penalty_exponent(CAPACITY, SOURCE))
    rate = float(regression.classical_error_exponent(CAPACITY, SOURCE))
    claims, curves, slopes = [], [], {}
    for b, top in CASES.items():
        sizes = 2.0 ** np.arange(10, top + more + 1)
        found = np.array([best(b, n) for n in sizes])
        slopes[b] = -np.diff(np.log2(found[-2:]), axis=0)[0]
        basis: r.Basis = "text" if b <= 1 else "theory"
        claims += [
            r.claim(f"T0 = T^{b:g}: the best ridge falls as T^-{min(b, 1) * power:.2g}",
                    min(b, 1) * power, slopes[b][0], basis=basis, rounding=NEAR),
            r.claim(f"T0 = T^{b:g}: its error falls as T^-{min(b, 1) * rate:.2g}",
                    min(b, 1) * rate, slopes[b][1], basis=basis, rounding=NEAR),
        ]  # fmt: skip
        if b != 0.8:  # it lies between its neighbours
            curves.append(r.Curve(f"T0 = T^{b:g}", sizes, found[:, 1], theory=True))
    law = found[0, 1] * (sizes / sizes[0]) ** -(1.2 * rate)
    curves.append(r.Curve("T0 = T^1.2, as printed", sizes, law, theory=True))
    n = 1_024  # T = T0 = 2 d
    penalty, told = best(1.0, n)
    truth = PowerLawTeacher(n // 2, CAPACITY, SOURCE, noise=1.0).exact()
    lineage = Lineage(truth, Ridge(), Replace(n), size=n)
    probe = DownstreamError(n, penalty, noise=0.0)
    history = r.simulate({"": lineage}, [probe], generations=1, replicates=replicates,
                         seed=seed)[""]  # fmt: skip
    ours = r.mean(history["downstream_error"][:, 1])
    at, half = np.array([ours.value]), 2 * ours.error
    curves.append(r.Curve("T0 = T, simulated", [n], at, at - half, at + half, style="bars"))
    claims += [
        r.claim("T0 = T = 1,024: error with the best ridge, simulated", told, ours,
                rounding=0.01 * told),
        r.control("T0 = T^1.2: the best ridge falls as T^-0.96, as printed", 1.2 * power,
                  slopes[1.2][0], error=NEAR / r.STANDARD_ERRORS),
        r.control("T0 = T^1.2: its error falls as T^-0.72, as printed", 1.2 * rate,
                  slopes[1.2][1], error=NEAR / r.STANDARD_ERRORS),
        r.control("T0 = T^0.6: the ridge of real data, T^-0.8, stays the best", power,
                  slopes[0.6][0], error=NEAR / r.STANDARD_ERRORS),
    ]  # fmt: skip
    panel = r.Panel("Least error one generation deep", "records of the last fit", curves, log="xy")
    return r.Outcome(claims, [panel], {"chain": lineage}, {"replicates": replicates})


RECIPE = r.Recipe(
    "ridge-exponents", "How the best ridge for deep data falls", "dohmatob2024regression",
    "With T0 = T^b the best ridge falls as T^-(b l_crit) and its error as T^-(b c) (text). Right "
    "for b up to 1; from there on it is b = 1 that counts (derived).",
    {"exponents": "between the last two of T = 2^k, with d = T0 / 2 and sigma = 0",
     "n": "1: the exponents are the same for all"}, run,
)  # fmt: skip
