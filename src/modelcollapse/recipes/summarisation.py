"""Summaries by a model, selected: what a student learns from the chosen ones."""

from __future__ import annotations

from typing import Any

from modelcollapse.errors import ModelCollapseError
from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes import _summaries as s

BEST, OWN, ANY, WEAK = (f"{x}, 12.5 %" for x in ("oracle", "self", "random", "weak perplexity"))
ORDER: dict[str, Any] = {"law": ">", "basis": "notes"}


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: sentences picked by a regression; full: Llama-2 on news, as published."""
    try:
        origin, cases = s.start(scale)
    except ModelCollapseError as error:
        return s.missing(error)
    replicates = 24 if scale == "quick" else 1
    found = r.simulate(cases, [s.TestRouge(origin)], generations=1, replicates=replicates,
                       seed=seed)  # fmt: skip
    value = {label: s.at(history, 0 if label == "all real" else 1)
             for label, history in found.items()}  # fmt: skip
    value["generator"] = s.at(found["all written"], 0)
    table = {label: s.interval(x) for label, x in value.items()}

    def beats(one: str, other: str, words: str, **kept: Any) -> r.Claim:
        return r.claim(words, 0.0, s.interval(value[one] - value[other]), **kept)

    claims = [
        beats(BEST, ANY, "12.5 % by an oracle teach more than 12.5 % at random", **ORDER),
        beats("oracle, 25 %", "random, 25 %", "and 25 % more than 25 %", **ORDER),
        beats("oracle, 50 %", "generator", "half, by an oracle: the student beats the generator",
              **ORDER),
        *map(s.at_this_size, (
            beats(BEST, "generator", "12.5 % by an oracle do as well", **ORDER),
            beats(BEST, "all real", "and beat all real summaries", **ORDER),
            beats(BEST, OWN, "an oracle is better than the model's own confidence", **ORDER),
            beats(OWN, ANY, "which is better than a choice at random", **ORDER),
            beats(OWN, "generator", "and its student beats the generator", **ORDER),
            beats("generator", ANY, "a student of a choice at random is below it", **ORDER),
            beats(WEAK, ANY, "low perplexity is about as good as a choice at random",
                  rounding=0.01, basis="notes"),
        )),
        r.control("what is kept does not matter, only how much", 0.0,
                  s.interval(value[BEST] - value[ANY])),
        r.control("real summaries for an eighth are as good as for all", 0.0,
                  s.interval(value["generator"] - value["all real"])),
    ]  # fmt: skip
    panel = r.Panel("ROUGE-1 of students", "share kept, %", s.drawn(table, origin))
    cells = {label: f"{x.value:.4f} ± {2 * x.error:.4f}" for label, x in table.items()}
    return r.Outcome(claims, [panel], cases, {"documents": origin, "replicates": replicates,
                                              "ROUGE-1, two standard errors": cells})  # fmt: skip


RECIPE = r.Recipe(
    "summarisation", "Summaries, selected by an oracle and by weak verifiers", "feng2025",
    "Llama-2-7B trained on 12.5 % of XL-Sum writes the rest: ROUGE-1 of students rises from "
    "random over generator and own perplexity to an oracle, whose 12.5 % beat all human summaries; "
    "perplexity under Llama-3 is about random (notes; values only in a figure).",
    {"quick": "abstracts of SciTLDR, or invented documents; a regression picks a sentence of each",
     "weak perplexity": "of a trigram model of whole abstracts", "interval": "over other documents "
     "to train on and to test on"}, run,
)  # fmt: skip
