"""Students of a finite number of kept records: oracle, weak verifiers, and none."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from modelcollapse.recipes import _kept as k
from modelcollapse.recipes import _recipe as r

SIZES, P, REAL, BESIDE = (100, 300, 1_000, 5_000), 0.3, 300, (20, 500, 8_000)
WORSE = "phi 0.9, psi 0.3"
CHANCE = {"oracle": (1.0, 0.0), WORSE: (0.9, 0.3), "no verifier": (1.0, 1.0)}
WEAK = k.Angles(0.8, math.pi / 12)
RULES = {"weak plane": ("agree", 0.0, 0.0), "weak plane, clear margin": ("agree", 0.8, 4.5),
         "far from it": ("easy", 0.8, 3.5), "near it": ("hard", 0.8, 2.5)}  # fmt: skip


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Students of each size for each verifier; then kept records beside a number of real ones."""
    replicates, sizes = (20, SIZES) if scale == "quick" else (200, (*SIZES, 20_000))
    cases = {f"{name}, {n:,} kept": k.by_chance(P, phi, psi, n)
             for name, (phi, psi) in CHANCE.items() for n in sizes}  # fmt: skip
    cases |= {f"{name}, {n:,} kept": WEAK.student(n, keep=keep, threshold=at, oversample=over)
              for name, (keep, at, over) in RULES.items() for n in sizes}  # fmt: skip
    beside = {f"{n:,} kept beside {REAL} real": WEAK.student(n, real=REAL) for n in BESIDE}
    cases |= beside
    found = k.accuracies(cases, replicates=replicates, seed=seed)
    claims = k.as_told(cases, found)
    last = {name: found[f"{name}, {sizes[-1]:,} kept"] for name in (*CHANCE, *RULES)}
    little, best, much = (found[label] for label in beside)
    grid = np.geomspace(10, 1e6, 101)
    top = float(grid[np.argmax([k.told(WEAK.student(n, real=REAL)) for n in grid])])
    alone = float(grid[np.argmax([k.told(WEAK.student(n)) for n in grid])])
    size = r.claim("weak plane, angle pi/12: best number of kept records", 1e4, top, basis="notes")
    claims += [
        r.claim("oracle beats the weak verifier", 0.0, r.mean(last["oracle"] - last[WORSE]),
                law=">", basis="notes"),
        r.claim("the weak verifier beats none", 0.0, r.mean(last[WORSE] - last["no verifier"]),
                law=">", basis="notes"),
        r.claim("weak plane: the student beats its generator", 1 - WEAK.generator / math.pi,
                r.mean(last["weak plane"]), law=">", basis="notes"),
        r.claim("weak plane beside real records: more kept ones help", 0.0, r.mean(best - little),
                law=">", basis="notes"),
        r.claim("and even more hurt: there is a best size", 0.0, r.mean(much - best), law="<",
                basis="notes"),
        replace(size, incomparable="generator, coordinates and real records beside are not known"),
        r.claim("weak plane alone: the best size is the largest, by theory", grid[-1], alone),
        r.control("a verifier that ignores labels does as well as one that reads them", 0.0,
                  r.mean(last["weak plane"] - last["far from it"])),
        r.control("any selection beats an oracle of labels", 0.0,
                  r.mean(last["near it"] - last["oracle"]), law=">"),
        r.control("the student of a weak plane does as its verifier", 1 - WEAK.verifier / math.pi,
                  r.mean(last["weak plane"])),
    ]  # fmt: skip
    lines: list[r.Curve] = []
    for name, shares in CHANCE.items():
        lines += k.drawn(name, sizes, [found[f"{name}, {n:,} kept"] for n in sizes],
                         partial(k.by_chance, P, *shares))  # fmt: skip
    alike = [found[f"weak plane, {n:,} kept"] for n in sizes]
    sides = k.drawn("kept alone", sizes, alike, WEAK.student)
    sides += k.drawn(f"beside {REAL} real", BESIDE, [found[label] for label in beside],
                     partial(WEAK.student, real=REAL))  # fmt: skip
    panels = [r.Panel(f"Accuracy, {title}", "records kept", curves, log="x") for title, curves in
              (("errors at random", lines), ("weak linear verifier", sides))]  # fmt: skip
    return r.Outcome(claims, panels, cases, {"replicates": replicates, "d": k.D, "p": P})


RECIPE = r.Recipe(
    "verified-selection", "Finitely many verified records: oracle, weak verifiers, none",
    "feng2025", "An oracle is best, a weak verifier beats none, and one at an angle of pi/12 has "
    "a best number of records, near 10,000 (notes). By the exact theory there is none for "
    "kept records alone; there is one beside real records.",
    {"generator": "wrong with probability 0.3 anywhere, or a plane at an angle of 0.8 (0.25 wrong)",
     "student": "ridge on the mean squared error, penalty 0.1, 100 coordinates: ours"}, run,
)  # fmt: skip
