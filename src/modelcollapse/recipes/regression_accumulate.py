"""Least squares on its own labels: replaced they add up, accumulated they stay below π²/6."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse import Accumulate, IsotropicTeacher, Lineage, Replace, Ridge
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import regression

CELLS = [(1, 10), (3, 32), (10, 100), (32, 316), (100, 316)]
FULL = [(d, n) for d in (1, 3, 10, 32, 100) for n in (10, 32, 100, 316, 1_000) if n > d + 4]


def lineages(d: int, n: int) -> dict[str, Lineage]:
    """Least squares on statistics of normal inputs."""
    same, new = (
        Lineage(IsotropicTeacher(d, same_inputs=x).exact(), Ridge(), Replace(n), size=n)
        for x in (True, False)
    )
    return {"replace": same, "accumulate": same.but(policy=Accumulate(n)),
            "accumulate, new inputs": new.but(policy=Accumulate(n))}  # fmt: skip


def laws(t: NDArray[np.int64], d: int, n: int) -> dict[str, r.Floats]:
    """Expected errors under these rules."""
    of: dict[str, Any] = {"dimension": d, "noise": 1.0}
    return {
        "replace": regression.replace_error(t, n, **of),
        "accumulate": regression.accumulate_error(t, n, same_inputs=True, **of),
        "accumulate, new inputs": regression.accumulate_error(t, n, **of),
    }


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run every cell of the grid under each rule."""
    cells, last, more = (CELLS, 19, 1) if scale == "quick" else (FULL, 99, 4)
    claims: list[r.Claim] = []
    panels: list[r.Panel] = []
    for d, n in cells:
        cell, rules = f"d = {d}, T = {n}", lineages(d, n)
        replicates = more * (2_000 if d < 32 else 400 if d < 100 else 300)
        found = r.simulate(rules, ["test_error"], generations=last, replicates=replicates,
                           seed=seed)  # fmt: skip
        told = laws(np.arange(last + 1), d, n)
        ours = {label: r.mean(h["test_error"][:, -1]) for label, h in found.items()}
        words = {"replace": f"{last + 1} times the first error", "accumulate": "sum 1/k² times",
                 "accumulate, new inputs": "less still"}  # fmt: skip
        claims += [
            r.claim(f"{cell}, {label}: {words[label]}", told[label][-1], mean,
                    basis="theory" if "new" in label else "text")
            for label, mean in ours.items()
        ] + [
            r.claim(f"{cell}, accumulate: at most π²/6 times", math.pi**2 / 6 * told["replace"][0],
                    ours["accumulate"], law="<=", basis="text")
        ]  # fmt: skip
        if (d, n) in CELLS[2::2]:
            curves = [r.mean_curve(label, h, "test_error", "bars") for label, h in found.items()]
            curves += [r.Curve("theory", np.arange(last + 1), law, theory=True, like=label)
                       for label, law in told.items()]  # fmt: skip
            panels.append(r.Panel(f"Test error, {cell}", "generation", curves, log="y"))
            claims.append(r.control(f"{cell}, accumulate: as replaced", told["replace"][-1],
                                    ours["accumulate"]))  # fmt: skip
        if (d, n) == CELLS[-1]:
            claims.append(r.control(f"{cell}, new inputs: as the same", told["accumulate"][-1],
                                    ours["accumulate, new inputs"]))  # fmt: skip
    return r.Outcome(claims, panels, rules, {"fits": last + 1})


RECIPE = r.Recipe(
    "regression-accumulate", "Regression: replace against accumulate, and π²/6", "gerstgrasser2024",
    "Replaced, k fits have k times the error of one; accumulated, sum 1/k² times, below π²/6 "
    "(text; grid from the follow-up's code: d up to 100, T up to 1,000, 100 fits).",
    {"inputs": "the same in all generations, as the follow-up; new ones beside them",
     "noise": "1; 0.1 and 10 only rescale the error"}, run,
)  # fmt: skip
