"""Between replacing and accumulating: ever more synthetic labels, and a budget from the pool."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from modelcollapse import Accumulate, IsotropicTeacher, Lineage, Replace, Ridge, Schedule
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import regression

D, RECORDS, LAST, NEAR = 10, 500, 10, 0.05
"""Coordinates, records, last generation; error of the budget's law, of leading order in d / T."""


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run four rules with new inputs in each generation."""
    replicates, few = (2_000, 200) if scale == "quick" else (20_000, 2_000)
    truth = IsotropicTeacher(D)
    start = Lineage(truth.exact(), Ridge(), Replace(RECORDS), size=RECORDS)
    ever = Schedule([(Replace((t + 1) * RECORDS), 1) for t in range(1, LAST + 1)])
    lineages = {"replace": start, "ever more, not kept": start.but(policy=ever),
                "accumulate": start.but(policy=Accumulate(RECORDS))}  # fmt: skip
    pool = Lineage(truth, Ridge(), Accumulate(RECORDS), size=RECORDS, budget=RECORDS)
    size: dict[str, Any] = {"generations": LAST, "seed": seed}
    found = r.simulate(lineages, ["test_error"], replicates=replicates, **size)
    found |= r.simulate({"a budget from the pool": pool}, ["test_error"], replicates=few, **size)
    of: dict[str, Any] = {"dimension": D, "noise": truth.noise}
    t = np.arange(LAST + 1)
    laws = {
        "replace": regression.replace_error(t, RECORDS, **of),
        "ever more, not kept": regression.growing_replace_error(t, RECORDS, **of),
        "accumulate": regression.accumulate_error(t, RECORDS, **of),
        "a budget from the pool": regression.subsample_error(t, RECORDS, **of),
    }
    basis: dict[str, r.Basis] = {"ever more, not kept": "notes"}
    claims = [
        r.claim(f"{label}: error after {k + 1} fits", laws[label][k],
                r.mean(history["test_error"][:, k]), basis=basis.get(label, "theory"),
                rounding=NEAR * laws[label][k] if "budget" in label else 0.0)
        for label, history in found.items() for k in (1, 4, LAST)
    ]  # fmt: skip
    ours = {label: r.mean(history["test_error"][:, -1]) for label, history in found.items()}
    first = laws["replace"][0]
    rise = r.mean((found["ever more, not kept"]["test_error"][:, LAST]
                   - found["ever more, not kept"]["test_error"][:, 4]) / first)  # fmt: skip
    claims += [
        r.claim("ever more, not kept: fits 6 to 11 add 1/6 + ... + 1/11 times the first",
                sum(1 / k for k in range(6, 12)), rise, basis="notes", rounding=0.01),
        r.claim("a budget from the pool: worse than keeping all", laws["accumulate"][-1],
                ours["a budget from the pool"], law=">"),
        r.claim("a budget from the pool: below (π²/2 - 2) times the first error",
                (math.pi**2 / 2 - 2) * first, ours["a budget from the pool"], law="<="),
        r.control("ever more, not kept: below π²/6 times", math.pi**2 / 6 * first,
                  ours["ever more, not kept"], law="<="),
        r.control("ever more, not kept: as replaced", laws["replace"][-1],
                  ours["ever more, not kept"]),
        r.control("a budget from the pool: as replaced", laws["replace"][-1],
                  ours["a budget from the pool"]),
    ]  # fmt: skip
    curves = [r.mean_curve(label, h, "test_error", "bars") for label, h in found.items()]
    curves += [r.Curve("theory", t, law, theory=True, like=label) for label, law in laws.items()]
    panel = r.Panel("Test error", "generation", curves)
    return r.Outcome(claims, [panel], lineages | {"budget": pool}, {"replicates": replicates})


RECIPE = r.Recipe(
    "regression-pools", "Regression between replacing and accumulating", "gerstgrasser2024",
    "A synthetic set that grows as a pool would, but keeps nothing, slows the growth of the error "
    "to log k (notes); a budget from the pool stays bounded (the follow-up's text; value derived).",
    {"inputs": "new in each generation", "sizes": "d = 10, T = 500, noise 1: ours"}, run,
)  # fmt: skip
