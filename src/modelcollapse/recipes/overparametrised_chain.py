"""Generators with fewer records than coordinates: they forget, down to the null predictor."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from modelcollapse import IsotropicTeacher, Lineage, Replace, Ridge
from modelcollapse.probes.regression import DownstreamError, TestError
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import Readings, by_records
from modelcollapse.theory import regression

D, RECORDS, T, NOISE, PENALTY, DEEP = 300, 150, 1_000, 0.1, 1e-3, 10
SAME, FREE, NOISY = "same inputs", "independent inputs", "independent, noise 0.3"
MODES = {SAME: (True, 0.0), FREE: (False, 0.0), NOISY: (False, 0.3)}


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run chains of interpolating generators without noise, then a chain with it."""
    replicates = 22 if scale == "quick" else 1_000
    probe = DownstreamError((100, T, 10_000), PENALTY, noise=NOISE)
    lineages = {
        label: Lineage(IsotropicTeacher(D, noise=noise, same_inputs=same).exact(), Ridge(),
                       Replace(RECORDS), size=RECORDS)
        for label, (same, noise) in MODES.items()
    }  # fmt: skip
    quiet = {label: lineages[label] for label in (SAME, FREE)}
    size = {"generations": DEEP, "replicates": replicates, "seed": seed}
    found = r.simulate(quiet, [probe, TestError()], **size)
    found |= r.simulate({NOISY: lineages[NOISY]}, [TestError()], **size)
    claims = []
    for label in quiet:
        read = Readings.of(found[label])
        for n, depth in product((T, 10_000), (0, 1, 5, DEEP)):
            told = read.theory(n, PENALTY, depth)
            ours, what = r.mean(read.at(n, PENALTY, depth)), f"{label}, T = {n:,}: error"
            claims.append(r.claim(f"{what} {depth} deep", told, ours, rounding=0.01 * told))
    own = {label: history["test_error"] for label, history in found.items()}
    free, noisy = own[FREE], own[NOISY]
    times = np.arange(DEEP + 1)
    of: dict[str, Any] = {"dimension": D, "generator_records": RECORDS}
    law = regression.projected_chain_error(times + 1, np.inf, signal=1.0, noise=0.0,
                                           generator_noise=0.3, **of)  # fmt: skip
    each = RECORDS / (D - RECORDS - 1) * 0.3**2
    claims += [
        r.claim("independent inputs, no noise: 1 - 2^-k of the truth is lost after k = 3 fits",
                1 - 2.0**-3, r.mean(free[:, 2]), basis="text"),
        r.claim("k = 11 fits end at the null predictor, of error 1", 1 - 2.0**-11,
                r.mean(free[:, DEEP]), basis="text"),
        r.claim("same inputs, no noise: the first fit loses half, later ones nothing", 0.0,
                r.mean(own[SAME][:, DEEP] - own[SAME][:, 0]), rounding=1e-9),
        r.claim("with noise: later generators forget that of earlier ones (k = 11)", law[-1],
                r.mean(noisy[:, DEEP])),
        r.control("with noise: it adds up over 11 fits", 1 - 2.0**-11 + 11 * each,
                  r.mean(noisy[:, DEEP])),
        r.control("independent inputs lose no more than the same", 0.5, r.mean(free[:, 2])),
        r.control("each fit loses half of the truth, for ever", 1.5, r.mean(free[:, 2])),
    ]  # fmt: skip
    laws: dict[str, Any] = {SAME: times * 0 + 0.5, FREE: 1 - 0.5 ** (times + 1), NOISY: law}
    curves = [r.mean_curve(label, h, "test_error", "bars") for label, h in found.items()]
    curves += [r.Curve("theory", times, x, theory=True, like=at) for at, x in laws.items()]
    curves.append(r.Curve("null predictor", times, times * 0 + 1.0, theory=True))
    panels = [r.Panel("Test error of the generators", "generation", curves)]
    fits = {f"Last fit, {at}": by_records(found[at], generations=(0, 1, 2, 5)) for at in quiet}
    panels += [replace(panel, title=title) for title, panel in fits.items()]
    return r.Outcome(claims, panels, lineages, {"replicates": replicates})


RECIPE = r.Recipe(
    "overparametrised-chain", "Over-parametrised generators: approach to the null predictor",
    "dohmatob2024regression",
    "With T0 < d generators forget even without noise: all but (T0/d)^n of the truth with "
    "independent inputs, (1 - T0/d) once with the same (text; d = 300, T0 = 150, sigma0 = 0).",
    {"n": "0, 1, 5, 10, not stated", "growth": "'exponential' is of the distance from the limit"},
    run,
)  # fmt: skip
