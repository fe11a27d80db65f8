"""Isotropic regression on data some generations deep: the error, its floor, the best ridge."""

from __future__ import annotations

import numpy as np

from modelcollapse import IsotropicTeacher, Lineage, Replace, Ridge
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import Readings, by_penalty, by_records, parts_by_records
from modelcollapse.theory import regression

D, RECORDS, NOISE, WRITTEN, DEPTHS = 300, 600, 0.1, 0.2, (0, 1, 5, 10, 20)
SIZES, MANY, PENALTY = (100, 200, 250, 350, 400, 1_000, 10_000), 1_000_000, 1e-3
OWN = {0: 0.003, 1: 0.0235, 5: 0.12, 10: 0.272, 20: 0.655}
"""Best penalty of 1,000 records by depth."""
EQUIVALENT = 0.01
"""Relative error of the deterministic equivalents at this size."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Fit at the end of chains of every depth, for all records and penalties."""
    replicates = 22 if scale == "quick" else 1_000
    lineage, plain = (
        Lineage(IsotropicTeacher(D, noise=s).exact(), Ridge(), Replace(RECORDS), size=RECORDS)
        for s in (WRITTEN, NOISE)
    )
    grid = sorted({PENALTY, *OWN.values(), 0.01, 0.05, 1.0, 2.0})
    probe = DownstreamError((*SIZES, MANY), tuple(grid), noise=NOISE)
    found = r.simulate({"": lineage}, [probe], generations=20, replicates=replicates, seed=seed)[""]
    bare = r.simulate({"": plain}, [DownstreamError(3_000)], generations=10, every=10,
                      replicates=2 * replicates, seed=seed)[""]  # fmt: skip
    read = Readings.of(found)
    claims = [
        r.claim(f"T = {n:,}, lambda = {p:g}: error {depth} deep",
                read.theory(n, p, depth), r.mean(read.at(n, p, depth)),
                rounding=EQUIVALENT * read.theory(n, p, depth))
        for n, p in ((1_000, PENALTY), (400, PENALTY), (MANY, PENALTY), (1_000, 0.272))
        for depth in DEPTHS
    ] + [
        r.claim(f"{depth} deep, its own best ridge {own:g} beats that of real data {OWN[0]:g}", 0.0,
                r.mean(read.at(1_000, OWN[0], depth) - read.at(1_000, own, depth)), law=">")
        for depth, own in OWN.items() if depth
    ]  # fmt: skip
    each = r.slope(range(21), found[probe.measure(1_000, PENALTY)])
    rho = float(regression.error_per_generation(1_000, PENALTY, eigenvalues=np.ones(D),
                                                generator_records=RECORDS))  # fmt: skip
    clean, deep = (r.mean(bare["downstream_error"][:, i]) for i in (0, 1))
    claims += [
        r.claim("each generation adds sigma0² rho", WRITTEN**2 * rho, each, basis="text",
                rounding=EQUIVALENT * WRITTEN**2 * rho),
        r.claim("T = 3,000, noise 0.1, no ridge: real data", 0.00111, clean, basis="notes",
                rounding=5e-6),
        r.claim("the same 10 generations deep", 0.1014, deep, basis="notes", rounding=5e-5),
        r.control("each generation adds sigma0 rho, as printed", WRITTEN * rho, each),
        r.control("more records remove the error 10 deep (d / (T - d - 1))",
                  NOISE**2 * D / (MANY - D - 1), r.mean(read.at(MANY, PENALTY, 10))),
        r.control("the ridge that is best 10 deep is better for real data too", 0.0,
                  r.mean(read.at(1_000, OWN[0], 0) - read.at(1_000, OWN[10], 0)), law=">"),
    ]  # fmt: skip
    panels = [
        by_records(found, penalty=PENALTY, generations=DEPTHS),
        by_penalty(found, records=1_000, generations=DEPTHS),
        parts_by_records(found, penalty=PENALTY, generation=10),
    ]
    return r.Outcome(claims, panels, {"chain": lineage, "noise 0.1": plain},
                     {"replicates": replicates, "d": D, "T0": RECORDS})  # fmt: skip


RECIPE = r.Recipe(
    "regression-isotropic",
    "Isotropic regression, n generations deep: error against records and ridge",
    "dohmatob2024regression",
    "Error = clean error + n sigma0² rho, with a floor that no downstream data remove (text; "
    "figure with d = 300, T0 = 600, sigma = 0.1, sigma0 = 0.2, T = 1,000 or lambda = 0.001).",
    {"norm of the truth": "1, not stated", "n": "0, 1, 5, 10, 20, not stated",
     "divisor": "T0 - d - 1, exact, for the printed T0 - d"},
    run,
)  # fmt: skip
