"""Four mixes of synthetic and real text, old or new: which of them keep a language model."""

from __future__ import annotations

import math
from typing import Any

from modelcollapse import NGram, Replace
from modelcollapse.probes.language import GeneratedPerplexity
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

TEST = {"replace": 57.9, "10 % original": 49.7, "10 % fresh": 50.0, "50 % fresh": 40.3}
WRITTEN = {"replace": 0.61, "10 % original": 0.67, "10 % fresh": 0.73, "50 % fresh": 1.02}
ROUND_0, LAST = 38.0, 4
NOTES: dict[str, Any] = {"law": ">", "basis": "notes"}


def twins() -> text.Lineages:
    """Words drawn one by one, at top-p 0.9."""
    return full.of_policies(text.twin(NGram(1, top_p=0.9), Replace(text.SIZE)), full.four_mixes)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins; full: GPT-2, as published; 4 rounds after the first in both."""
    replicates = 12 if scale == "quick" else 3
    lineages, reason = text.lineages(scale, twins, full.mixes)
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, ["cross_entropy", "support", GeneratedPerplexity()],
                       generations=LAST, replicates=replicates, seed=seed)  # fmt: skip
    loss = {k: text.change(h, "cross_entropy") for k, h in found.items()}
    words = {k: h["support"][:, -1] / h["support"][:, 0] for k, h in found.items()}
    own = text.change(found["replace"], "generated_perplexity.median")
    claims = [
        *(r.claim(f"{k}: the test text gets more surprising", 0.0, r.mean(loss[k]), **NOTES)
          for k in loss),
        *(r.claim(f"{k} keeps it from rising as with replace", 0.0,
                  r.mean(loss["replace"] - loss[k]), **NOTES) for k in loss if k != "replace"),
        *(r.claim(f"50 % fresh keeps it better than {k}", 0.0,
                  r.mean(loss[k] - loss["50 % fresh"]), **NOTES) for k in loss if k[:2] == "10"),
        *(r.claim(f"more words are left with {k} than with replace", 0.0,
                  r.mean(words[k] - words["replace"]), **NOTES) for k in words if k != "replace"),
        r.claim("and most with 50 % fresh", 0.0,
                r.mean(words["50 % fresh"] - words["10 % fresh"]), **NOTES),
        r.claim("replace: text moves to low perplexity under round 0", 0.0, r.mean(own), law="<",
                basis="notes"),
        r.control("replace: all words are left", 1.0, r.mean(words["replace"])),
        r.control("50 % fresh is no better than replace", 0.0,
                  r.mean(loss["replace"] - loss["50 % fresh"])),
    ]  # fmt: skip
    for shown, ours, what in ((TEST, loss, "surprise at the test text rises by"),
                              (WRITTEN, words, "share of words left")):  # fmt: skip
        claims += [
            r.Claim(f"{k}: {what}", math.log(value / ROUND_0) if shown is TEST else value,
                    float(ours[k].mean()), 0.0, basis="notes",
                    incomparable="other text and, in quick, another model")
            for k, value in shown.items()
        ]  # fmt: skip
    panels = [r.Panel(title, "round", [r.curve(k, h, measure) for k, h in found.items()])
              for title, measure in (("Surprise at the test text, nats a token", "cross_entropy"),
                                     ("Words written", "support"))]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "rounds": LAST})


RECIPE = r.Recipe(
    "four-mixes", "Four mixes of synthetic and real text", "triposat2026",
    "GPT-2, 120,000 tokens, top-p 0.9: perplexity 38.0 in round 0; in round 4 replace 57.9, a "
    "tenth original 49.7, a tenth fresh 50.0, half fresh 40.3; words -39, -33, -27, +2 % (notes).",
    {"data": "quick: words of Python's own prose, drawn one by one; full: as published, but on "
     "wikitext-2 and not on pages collected from the web"}, run,
)  # fmt: skip
