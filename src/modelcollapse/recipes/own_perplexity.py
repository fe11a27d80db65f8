"""Language models that read half of their own text: ever surer of what they write."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from modelcollapse import Generation, NGram, Replace
from modelcollapse.families.scoring import token_scores
from modelcollapse.probes.language import Repetition, ZipfExponent
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

OWN = ((29.0, 4.31, 2.60, 1.92, 1.77), (29.0, 4.89, 3.23, 2.65))
LAST, WARM = 4, 0.7
NOTES: dict[str, Any] = {"law": ">", "basis": "notes"}


@dataclass(frozen=True)
class OwnSurprise:
    """Nats a token by which a model is surprised at its own text."""

    name: ClassVar[str] = "own_surprise"

    def __call__(self, generation: Generation) -> float:
        """Read one generation."""
        return -float(np.concatenate(token_scores(generation.model, generation.sample)).mean())


def twins() -> text.Lineages:
    """Bigram models whose law is sharpened while they write."""
    return full.of_policies(text.twin(NGram(2, temperature=WARM), Replace(text.SIZE)), full.partly)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins; full: DistilGPT-2 on wikitext-2; 4 generations after the first in both."""
    replicates = 12 if scale == "quick" else 3
    lineages, reason = text.lineages(scale, twins, lambda: full.distilled(full.partly))
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, [OwnSurprise(), Repetition(1), ZipfExponent()],
                       generations=LAST, replicates=replicates, seed=seed)  # fmt: skip
    half, quarter = found.values()
    steps = [(half["own_surprise"], "it is less surprised at its own text"),
             (1 - half["repetition.runs"], "fewer words of a document differ")]  # fmt: skip
    claims = [
        r.claim(f"half written, generation {t + 1} after {t}: {what}", 0.0,
                r.mean(-np.diff(values)[:, t]), **NOTES)
        for values, what in steps for t in range(LAST)
    ] + [
        r.claim("half written: Zipf's exponent rises", 0.0,
                r.mean(text.change(half, "zipf_exponent")), **NOTES),
        r.claim("a quarter written: it gets sure more slowly", 0.0,
                r.mean(text.change(quarter, "own_surprise") - text.change(half, "own_surprise")),
                **NOTES),
        r.control("half written: it stays as surprised at its own text", 0.0,
                  r.mean(text.change(half, "own_surprise"))),
    ]  # fmt: skip
    claims += [
        r.Claim(f"{name}: own perplexity of generation {t}", told,
                math.exp(h["own_surprise"][:, t].mean()), 0.0, basis="notes",
                incomparable="other text and, in quick, another model")
        for (name, h), read in zip(found.items(), OWN, strict=True) for t, told in enumerate(read)
    ]  # fmt: skip
    panels = [r.Panel("Surprise at its own text, nats a token", "generation",
                      [r.curve(name, h, "own_surprise") for name, h in found.items()])]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "generations": LAST})


RECIPE = r.Recipe(
    "own-perplexity", "Language models that are ever surer of what they write", "ananyat69792026",
    "DistilGPT-2 on Wikipedia, half of each training set written by the last model: perplexity on "
    "its own output 29.0, 4.31, 2.60, 1.92, 1.77; different words of a document 0.689 to 0.352; "
    "Zipf's exponent 1.034 to 1.291 (notes).",
    {"data": text.TWIN, "decoding": "quick: temperature 0.7 stands for the published sampler"}, run,
)  # fmt: skip
