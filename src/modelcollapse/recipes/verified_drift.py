"""Many verified rounds: the model goes to the verifier's opinion, and stays."""

from __future__ import annotations

import numpy as np

from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes._verifier import PER_DIRECTION, TOLERANCE, Distances, P, chain
from modelcollapse.theory import regression

KEPT, CASES = 100, {"r = 0.1, bias 1": (0.1, 1.0), "r = 0.5, bias 1": (0.5, 1.0),
                    "r = 2, bias 1": (2.0, 1.0), "r = 0.1, no bias": (0.1, 0.0)}  # fmt: skip
AT = (1, 2, 3)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run rounds with three radii, and with a verifier that is right."""
    rounds, replicates = (12, 60) if scale == "quick" else (60, 1_000)
    lineages = {label: chain(bias, radius, KEPT) for label, (radius, bias) in CASES.items()}
    start, times = P / PER_DIRECTION, np.arange(rounds + 1)
    claims: list[r.Claim] = []
    near: list[r.Curve] = []
    far: list[r.Curve] = []
    truth, distances, rho = {}, {}, {}
    for label, (radius, bias) in CASES.items():
        lineage, width = lineages[label], radius + TOLERANCE
        history = r.simulate({"": lineage}, [Distances(bias)], generations=rounds,
                             replicates=replicates, seed=seed)[""]  # fmt: skip
        rho[label] = float(regression.verified_contraction(width, 1.0))
        of = {"dimension": P, "half_width": width, "noise": 1.0}
        bound = regression.verified_distance_upper_bound(
            times, KEPT, squared_distance=bias**2 + start, **of
        )
        truth[label], distance = history["distance.truth"], history["distance.verifier"]
        distances[label] = distance
        claims += [r.claim(f"{label}: distance to the verifier after {k} rounds, at most", bound[k],
                           r.mean(distance[:, k]), law="<=", basis="text")
                   for k in (*AT, rounds)]  # fmt: skip
        if radius < 1:
            floor = float(regression.verified_distance_upper_bound_limit(KEPT, **of))
            late = distance[:, rounds // 2 :].mean(axis=1)
            claims.append(r.claim(f"{label}: it settles at p rho / (n1 (1 - rho²))", floor,
                                  r.mean(late), basis="text"))  # fmt: skip
        near += [r.mean_curve(label, history, "distance.verifier", "bars"),
                 r.Curve("bound", times, bound, theory=True, like=label)]  # fmt: skip
        far.append(r.mean_curve(label, history, "distance.truth", "bars"))
    end = {label: r.mean(x[:, rounds // 2 :].mean(axis=1)) for label, x in truth.items()}
    tight, right = "r = 0.1, bias 1", "r = 0.1, no bias"
    first = r.mean(distances[tight][:, 1])
    claims += [
        r.claim(f"{right}: better than real data for good", start, end[right], law="<",
                basis="text"),
        r.claim(f"{tight}: it ends at the verifier, 1 away from the truth", 1.0, end[tight],
                rounding=0.02, basis="text"),
        r.control(f"{tight}: it stays as near to the truth as it began", start, end[tight]),
        r.control(f"{right}: errors add up as without a verifier, by p / n1 a round",
                  start + rounds * P / KEPT, r.mean(truth[right][:, -1])),
        r.control(f"{tight}: the squared distance shrinks by rho, not rho², in a round",
                  rho[tight] * (1 + start), first),
    ]  # fmt: skip
    far.append(r.Curve("real data alone", times, times * 0 + start, theory=True))
    panels = [r.Panel("Squared distance to the verifier", "round", near, log="y"),
              r.Panel("Squared distance to the truth", "round", far, log="y")]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "rounds": rounds})


RECIPE = r.Recipe(
    "verified-drift", "Many verified rounds: drift to the verifier", "yi2026",
    "The distance to the verifier's centre shrinks by rho² a round to a floor p rho / (n1 (1 - "
    "rho²)); the limit is the verifier, not the truth (text: theorem; p = 8, n1 = 100, 60 rounds).",
    {"radii": "0.1, 0.5, 2: those of the work could not be recovered",
     "real design": "the unit vectors, 100 labels of each"}, run,
)  # fmt: skip
