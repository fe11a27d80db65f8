"""Rounds of summaries filtered by ROUGE: better at first, then as good as the verifier lets it."""

from __future__ import annotations

import numpy as np

from modelcollapse.errors import ModelCollapseError
from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes import _summaries as s

REST = "all that is written"


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: 6 rounds of a regression that picks a sentence; full: 15 of a language model."""
    try:
        origin, every = s.start(scale)
    except ModelCollapseError as error:
        return s.missing(error)
    replicates, rounds, share = (16, 6, "50 %") if scale == "quick" else (1, 15, "12.5 %")
    kept = {name: f"{name}, {share}" for name in ("oracle", "random")}
    cases = {name: every[label] for name, label in kept.items()} | {REST: every["all written"]}
    found = r.simulate(cases, [s.TestRouge(origin)], generations=rounds, replicates=replicates,
                       seed=seed)  # fmt: skip
    value = {label: [s.at(history, t) for t in range(rounds + 1)]
             for label, history in found.items()}  # fmt: skip
    best, any_, rest = value.values()
    first, whole = s.interval(best[1] - best[0]), s.interval(best[-1] - best[0])
    late = s.interval(best[-1] - best[rounds // 2])
    claims = [
        r.claim("filtered: the first round improves", 0.0, first, law=">", basis="code"),
        r.claim("more than a round that keeps as many at random", 0.0,
                s.interval(best[1] - any_[1]), law=">", basis="code"),
        r.claim("after all rounds it is still better than it began", 0.0, whole, law=">",
                basis="code"),
        r.claim("the second half of the rounds changes it by less than the first one",
                first.value, r.Estimate(abs(late.value), late.error), law="<", basis="code"),
        r.claim("unfiltered: it ends below", 0.0, s.interval(rest[-1] - best[-1]), law="<=",
                basis="code"),
        *map(s.at_this_size, (
            r.claim("at random: it ends below as well", 0.0, s.interval(any_[-1] - best[-1]),
                    law="<", basis="code"),
            r.claim("unfiltered rounds lose what the first one gave", 0.0,
                    s.interval(rest[-1] - rest[1]), law="<"),
        )),
        r.control("filtered: every round gives as much as the first",
                  first.value * (rounds - rounds // 2), late),
        r.control("filtered: it ends where it began", 0.0, whole),
    ]  # fmt: skip
    lines = []
    for label, path in value.items():
        ours = [s.interval(x) for x in path]
        mean, bar = np.array([x.value for x in ours]), np.array([2 * x.error for x in ours])
        lines.append(r.Curve(label, range(rounds + 1), mean, mean - bar, mean + bar, style="bars"))
    panel = r.Panel("ROUGE-1 on other documents", "round", lines)
    settings = {"documents": origin, "replicates": replicates, "kept": share}
    return r.Outcome(claims, [panel], cases, settings)


RECIPE = r.Recipe(
    "summarisation-rounds", "Rounds of summaries, filtered by ROUGE", "yi2026",
    "SmolLM2-135M on 12.5 % of XSum, the best 12.5 % by ROUGE-1 kept in each of 15 to 20 rounds: "
    "it improves, then stays; unfiltered it wanders (code; the values are not published).",
    {"quick": "abstracts of SciTLDR, or invented documents; a regression picks a sentence of each",
     "kept": "quick: the best half; full: 12.5 %", "full": "model and data of summarisation",
     "start": "each round fits anew, on what was kept only"}, run,
)  # fmt: skip
