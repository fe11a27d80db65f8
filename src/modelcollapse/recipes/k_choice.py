"""Retraining on what was chosen among K candidates: classes collapse to the reward's best."""

from __future__ import annotations

import numpy as np

from modelcollapse import Categorical, Frequencies, Lineage, Mixture, Replace
from modelcollapse.recipes import _choice as c
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import curation

K, STRENGTH, ROUNDS, FAVOURITE = 4, 5.0, 10, 1
START, LIKED = (0.4, 0.3, 0.2, 0.1), (0.0, STRENGTH, 0.0, 0.0)
MILD, FIRST = (0.0, 0.5, 0.0, 0.0), f"share {FAVOURITE}"


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """States, whose law is known exactly; then classes of points, judged by a classifier."""
    n, replicates = (4_000, 20) if scale == "quick" else (40_000, 100)
    states = Lineage(Categorical(START).rows(), Frequencies(), Replace(n), size=n, holdout=0)
    points = Lineage(c.CLASSES, Mixture(5, start="warm"), Replace(n), size=n, holdout=10)
    kept = {"gamma 5": states.but(curator=c.KChoice(c.Likes(LIKED), K)),
            "gamma 0.5": states.but(curator=c.KChoice(c.Likes(MILD), K))}  # fmt: skip
    judged = {
        "one class": points.but(curator=c.KChoice(c.Classifier(STRENGTH, FAVOURITE), K)),
        "confidence": points.but(curator=c.KChoice(c.Classifier(STRENGTH, None), K)),
        "no reward": points.but(curator=c.KChoice(c.Classifier(0.0, None), K)),
    }
    run = {"generations": ROUNDS, "replicates": replicates, "seed": seed}
    exact = r.simulate(kept, [c.StateShares()], **run)
    found = r.simulate(judged, [c.ClassShares()], **run)
    t, claims = np.arange(ROUNDS + 1), list[r.Claim]()
    law = {label: curation.curated_law(t, START, likes, K)
           for label, likes in (("gamma 5", LIKED), ("gamma 0.5", MILD))}  # fmt: skip
    favourite = {label: h[f"state.{FAVOURITE}"] for label, h in exact.items()}
    for label, told in law.items():
        claims += [r.claim(f"{label}: share of the favourite after {k} rounds", told[k, FAVOURITE],
                           r.mean(favourite[label][:, k]), rounding=1e-3)
                   for k in (1, 2, 4)]  # fmt: skip
    last = {label: {part: h[f"class.{part}"][:, -1] for part in ("confidence", "unequal", FIRST)}
            for label, h in found.items()}  # fmt: skip
    plain, sure = last["no reward"], last["confidence"]
    claims += [
        r.claim("gamma 5: all mass ends on the favourite", 0.99,
                r.mean(favourite["gamma 5"][:, -1]), law=">", basis="code"),
        r.claim("points, one class rewarded: it takes all", 0.95,
                r.mean(last["one class"][FIRST]), law=">", basis="code"),
        r.claim("confidence rewarded: confidence rises", 0.0,
                r.mean(sure["confidence"] - plain["confidence"]), law=">", basis="code"),
        r.claim("and classes that were equal become unequal", 0.0,
                r.mean(sure["unequal"] - plain["unequal"]), law=">", basis="code"),
        r.control("a choice among K is the best of K", 1 - (1 - START[FAVOURITE]) ** K,
                  r.mean(favourite["gamma 0.5"][:, 1])),
        r.control("candidates do not matter: the tilted law of infinitely many",
                  curation.tilted_law(1, START, MILD)[FAVOURITE],
                  r.mean(favourite["gamma 0.5"][:, 1])),
        r.control("without a reward it collapses as well", 0.95, r.mean(plain[FIRST]), law=">"),
    ]  # fmt: skip
    mass = [x for label, told in law.items() for x in (
        r.mean_curve(label, exact[label], f"state.{FAVOURITE}", "bars"),
        r.Curve("exact", t, told[:, FAVOURITE], theory=True, like=label))]  # fmt: skip
    panels = [r.Panel("Share of the favourite state", "round", mass)]
    panels += [
        r.Panel(title, "round", [r.curve(k, h, f"class.{part}") for k, h in found.items()])
        for title, part in (("Share of one class", FIRST), ("Inequality", "unequal"))
    ]
    settings = {"records": n, "replicates": replicates, "K": K}
    return r.Outcome(claims, panels, {**kept, **judged}, settings)


RECIPE = r.Recipe(
    "k-choice", "Choices among K candidates: collapse to the reward", "ferbach2024",
    "K = 4 candidates, softmax choice of strength 5: a reward for one class makes the model write "
    "that class only; a reward for a classifier's confidence amplifies the bias between classes "
    "(code of later work on CIFAR-10; exact law of the choices in the text).",
    {"model": "a mixture of five Gaussians in the plane, or four states; published: flow matching",
     "bias": "sum of squared shares of the classes times their number, minus 1"}, run,
)  # fmt: skip
