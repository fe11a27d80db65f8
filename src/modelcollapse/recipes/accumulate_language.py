"""Language models from nothing: replace, accumulate, low temperature, a growing synthetic set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modelcollapse import NGram, Replace
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

NETWORK = "counts gain nothing from being trained for longer, as networks do"
NOTES: dict[str, Any] = {"law": ">", "basis": "notes"}


def twins() -> text.Lineages:
    """Bigram models of 400 blocks."""
    first = text.twin(NGram(2), Replace(text.SIZE))
    cold = first.but(learner=NGram(2, temperature=text.COLD))
    return {**full.of_policies(first, full.keeping), "cold": cold}


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins, 4 generations after the first; full: as published, 3."""
    quick = scale == "quick"
    replicates, last = (12, 4) if quick else (2, 3)
    lineages, reason = text.lineages(scale, twins, full.accumulation)
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, ["cross_entropy"], generations=last, replicates=replicates,
                       seed=seed)  # fmt: skip
    rise = {k: text.change(h, "cross_entropy") for k, h in found.items()}
    late = text.change(found["accumulate"], "cross_entropy", last // 2)
    kept = rise["accumulate"]
    never = r.claim("accumulate: test loss does not rise", 0.0, r.mean(kept), law="<=",
                    basis="notes")  # fmt: skip
    claims = [
        r.claim("replace: test loss rises", 0.0, r.mean(rise["replace"]), **NOTES),
        r.claim("temperature 0.3: it rises faster", 0.0, r.mean(rise["cold"] - rise["replace"]),
                **NOTES),
        r.claim("a growing synthetic set: it rises", 0.0, r.mean(rise["grown"]), **NOTES),
        r.claim("but less than with a set of the same size", 0.0,
                r.mean(rise["replace"] - rise["grown"]), **NOTES),
        r.claim("and more than with all data kept", 0.0, r.mean(rise["grown"] - kept), **NOTES),
        replace(never, incomparable=NETWORK if quick else ""),
        r.claim("accumulate: what rise there is is below a tenth of that of replace", 0.0,
                r.mean(kept - rise["replace"] / 10), law="<"),
        r.control("accumulate: it rises as with replace", rise["replace"].mean(), r.mean(kept)),
    ]  # fmt: skip
    if quick:
        claims.append(r.claim("and most of it comes in the first half", 0.0,
                              r.mean(late - kept / 2), law="<"))  # fmt: skip
    panel = r.Panel("Surprise at held-out text, nats a token", "generation",
                    [r.curve(k, h, "cross_entropy") for k, h in found.items()])  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates, "generations": last})


RECIPE = r.Recipe(
    "accumulate-language", "Language models: replace or accumulate", "gerstgrasser2024",
    "GPT-2 of 9 M parameters on TinyStories, test loss 1.82 at iteration 1; at iteration 4 replace "
    "2.39, at temperature 0.3 5.82, replace with a growing set 2.18, accumulate 1.74 (notes).",
    {"data": text.TWIN, "temperature": "0.3 sharpens every next-word law",
     "iterations": "counted from 1 in the work, from 0 here"}, run,
)  # fmt: skip
