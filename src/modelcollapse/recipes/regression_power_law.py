"""Power-law regression on data some generations deep: the classical ridge, and its plateau."""

from __future__ import annotations

import numpy as np

from modelcollapse import Lineage, PowerLawTeacher, Replace, Ridge
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import Readings, by_penalty, by_records, parts_by_records
from modelcollapse.theory import regression

D, RECORDS, T, DEEP, DEPTHS = 300, 600, 10_000, 5, (0, 5, 10, 20)
SIZES = (100, 300, 1_000, T, 100_000, 10**6, 10**9)
OWN = {0: 0.0006, 5: 0.0372, 10: 0.0647, 20: 0.113}
"""Best penalty of 10,000 records by depth."""
EQUIVALENT = 0.02
"""Relative error of the deterministic equivalents at this size."""
EXPONENT = float(regression.classical_penalty_exponent(2.0, 0.375))


def classical(n: int) -> float:
    """Penalty that is best for real data, up to a constant."""
    return float(n**-EXPONENT)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Fit at the end of chains of every depth, with the classical penalty and others."""
    replicates = 33 if scale == "quick" else 1_000
    truth = PowerLawTeacher(D, 2.0, 0.375, noise=1.0).exact()
    lineage = Lineage(truth, Ridge(), Replace(RECORDS), size=RECORDS)
    probe = DownstreamError(SIZES, (*map(classical, SIZES), *OWN.values(), 0.003, 0.3))
    found = r.simulate({"": lineage}, [probe], generations=20, every=5, replicates=replicates,
                       seed=seed)[""]  # fmt: skip
    read = Readings.of(found)

    cases = [(T, classical(T), depth) for depth in DEPTHS]
    cases += [(n, classical(n), DEEP) for n in SIZES if n != T]
    cases += [(T, own, depth) for depth, own in OWN.items()]
    claims = [
        r.claim(f"T = {n:,}, ridge {p:.2g}: error {depth} deep",
                read.theory(n, p, depth), r.mean(read.at(n, p, depth)),
                rounding=EQUIVALENT * read.theory(n, p, depth))
        for n, p, depth in cases
    ]  # fmt: skip
    at = {(n, depth): read.at(n, classical(n), depth) for n in SIZES for depth in DEPTHS}
    plateau = DEEP * D / (RECORDS - D - 1)
    rise = r.mean(np.log(at[10**9, DEEP] / at[10**6, DEEP]) / np.log(10**3))
    published = EXPONENT / 2  # l / beta, the power of d / lambda directions that are resolved
    claims += [
        r.claim("5 deep, classical ridge: more records make it worse (T = 300 to 10,000)", 0.0,
                r.mean(at[T, DEEP] - at[300, DEEP]), law=">", basis="text"),
        r.claim("5 deep: the classical ridge has three times the error of the best one, and more",
                0.0, r.mean(at[T, DEEP] - 3 * read.at(T, OWN[DEEP], DEEP)), law=">"),
        r.claim("5 deep: the rise ends at n sigma0² d / (T0 - d - 1) (T = 10⁹)", plateau,
                r.mean(at[10**9, DEEP]), rounding=EQUIVALENT * plateau),
        r.control("5 deep: it rises for ever, as T^0.4 (T = 10⁶ to 10⁹)", published, rise),
        r.control("5 deep: the classical ridge is as good as for real data",
                  read.theory(T, classical(T), 0), r.mean(at[T, DEEP])),
        r.control("the ridge that is best 5 deep is better for real data too", 0.0,
                  r.mean(at[T, 0] - read.at(T, OWN[DEEP], 0)), law=">"),
    ]  # fmt: skip
    panels = [by_records(found, penalty=classical, generations=DEPTHS),
              by_penalty(found, records=T, generations=DEPTHS),
              parts_by_records(found, penalty=OWN[DEEP], generation=DEEP)]  # fmt: skip
    return r.Outcome(claims, panels, {"chain": lineage},
                     {"replicates": replicates, "d": D, "T0": RECORDS})  # fmt: skip


RECIPE = r.Recipe(
    "regression-power-law",
    "Power-law regression, n generations deep: the classical ridge fails",
    "dohmatob2024regression",
    "With lambda = T^-l_crit, best for real data, the error of deep data grows with T (text; figure"
    " with d = 300, T0 = 600, sigma = sigma0 = 1, beta = 2, r = 0.375). It ends at a plateau.",
    {"constants": "variances k^-2, coefficients k^-0.25, not stated",
     "divisor": "T0 - d - 1, exact, for the printed T0 - d"},
    run,
)  # fmt: skip
