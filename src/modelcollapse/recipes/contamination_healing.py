"""Retraining on some of one's own output, then on real data only."""

from __future__ import annotations

from itertools import pairwise

from modelcollapse import Digits, Lineage, Mix, Schedule
from modelcollapse.learners.vae import VAE
from modelcollapse.recipes import _recipe as r

SHARES, ROUNDS, HEALING = (0.0, 0.033, 0.1, 0.25, 0.5, 1.0), 5, 5


def label(share: float) -> str:
    """Name of a lineage."""
    return f"{100 * share:g} % own output"


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: 200 digits and 10 runs; full: 1,000 digits and 20 runs."""
    n, replicates = (200, 10) if scale == "quick" else (1_000, 20)
    learner = VAE(8, decode="mean", prior="standard", width=64, epochs=20, batch=n // 4,
                  start="warm")  # fmt: skip
    lineages = {
        label(share): Lineage(
            Digits(), learner, size=n, holdout=300,
            policy=Schedule([(Mix(n, real=1 - share), ROUNDS), (Mix(n, real=1.0), HEALING)]),
        )
        for share in SHARES
    }  # fmt: skip
    found = r.simulate(lineages, ["energy_distance", "variance"], generations=ROUNDS + HEALING,
                       replicates=replicates, seed=seed)  # fmt: skip
    distance = {share: found[label(share)]["energy_distance"] for share in SHARES}
    # All lineages share their random numbers and go on learning, so that the one without any own
    # output says how far the others would have come.
    harm = {s: distance[s][:, ROUNDS] - distance[0.0][:, ROUNDS] for s in SHARES[1:]}
    left = {s: distance[s][:, -1] - distance[0.0][:, -1] for s in SHARES[1:]}
    claims = [
        r.claim(f"{label(s)}: {ROUNDS} rounds of it leave the model further from real digits", 0.0,
                r.mean(harm[s]), law=">", basis="notes")
        for s in SHARES[1:]
    ]  # fmt: skip
    for less, more in pairwise(SHARES[1:]):
        claims.append(r.claim(f"{label(more)} harms more than {label(less)}", 0.0,
                              r.mean(harm[more] - harm[less]), law=">", basis="notes"))  # fmt: skip
    for s in SHARES[4:]:
        recovered = r.mean(1 - left[s] / harm[s])
        claims += [
            r.claim(f"{label(s)}: real data alone bring some of it back, recovery fraction > 0",
                    0.0, recovered, law=">", basis="notes"),
            r.claim(f"{label(s)}: but after {HEALING} rounds not all, recovery fraction < 1", 1.0,
                    recovered, law="<", basis="text"),
        ]  # fmt: skip
    kept = distance[0.0][:, ROUNDS] - distance[0.0][:, 0]
    claims += [
        r.claim("0 % own output: the model does not get worse", 0.0, r.mean(kept), law="<="),
        r.control("own output does no harm", 0.0, r.mean(harm[1.0])),
        r.control("real data bring nothing back", r.mean(harm[1.0]).value, r.mean(left[1.0])),
    ]  # fmt: skip
    panels = [
        r.Panel(title, "generation",
                [r.curve(label(s), found[label(s)], measure) for s in SHARES])
        for measure, title in (("energy_distance", "Energy distance"), ("variance", "Variance"))
    ]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"records": n, "runs": replicates})


RECIPE = r.Recipe(
    "contamination-healing",
    "A share of own output, then real data only: healing",
    "bohacek2023",
    "Retrained on even small amounts of their own output, 3.3 % being enough, image generators "
    "produce distorted images; retrained on only real images afterwards they struggle to fully "
    "heal (abstract and notes; Stable Diffusion 2.1 on faces, FID and CLIP).",
    {"model": "a small autoencoder on digits, so that signs and order are compared, not FID",
     "start": "each round goes on from the weights of the last one: a new start heals at once",
     "sampling": "decoded means, which like guidance prefer the likely; samples harm far less",
     "harm": "energy distance beyond that of the lineage without own output, after 5 rounds"},
    run,
)  # fmt: skip
