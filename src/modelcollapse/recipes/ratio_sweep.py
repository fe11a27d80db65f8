"""How much of the training text is written by models: a sweep of shares over 20 generations."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from modelcollapse import Mix, NGram
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

SHARES = [Fraction(share) for share in ("1/16", "1/8", "1/4", "1/2", "3/4", "1")]
LAST = 20
NOTES: dict[str, Any] = {"law": ">", "basis": "notes"}


def mixes(n: int) -> dict[str, Any]:
    """One lineage for each share of written text."""
    return {f"{share} written": Mix(n, real=float(1 - share)) for share in SHARES}


def twins() -> text.Lineages:
    """Bigram models that sample from their law."""
    return full.of_policies(text.twin(NGram(2), Mix(text.SIZE, real=0.5)), mixes)


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins, 24 runs; full: GPT-2 fine-tuned anew, 5 runs; 20 generations in both."""
    replicates = 24 if scale == "quick" else 5
    lineages, reason = text.lineages(scale, twins, lambda: full.posts(mixes))
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, ["vocabulary_survival", "cross_entropy"], generations=LAST,
                       replicates=replicates, seed=seed, every=LAST // 4)  # fmt: skip
    words = {k: h["vocabulary_survival"][:, -1] for k, h in found.items()}
    loss = {k: text.change(h, "cross_entropy") for k, h in found.items()}
    names = list(found)
    claims = [
        claim
        for less, more in pairwise(names)
        for claim in (
            r.claim(f"fewer words are left with {more} than with {less}", 0.0,
                    r.mean(words[less] - words[more]), **NOTES),
            r.claim(f"real text gets more surprising with {more} than with {less}", 0.0,
                    r.mean(loss[more] - loss[less]), **NOTES),
        )
    ]  # fmt: skip
    claims += [
        r.claim("and with the least share it already gets more surprising", 0.0,
                r.mean(loss[names[0]]), **NOTES),
        r.control("the share makes no difference to the words left", 0.0,
                  r.mean(words[names[0]] - words[names[-1]])),
    ]  # fmt: skip
    panels = [r.Panel(title, "generation", [r.curve(k, h, measure) for k, h in found.items()])
              for title, measure in (("Words left", "vocabulary_survival"),
                                     ("Surprise at real text, nats", "cross_entropy"))]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "generations": LAST})


RECIPE = r.Recipe(
    "ratio-sweep", "Shares of written text from a sixteenth to all of it", "kovac2025",
    "Models of 1 to 2 B parameters, 4,000 posts a generation, written shares 1/16 to 1, 20 "
    "generations, 5 seeds: the more is written, the more quality and variety are lost (notes).",
    {"data": "quick: " + text.TWIN.partition("quick: ")[2],
     "full": "GPT-2 on wikitext-2, all weights trained, temperature 1.5 with top-p 0.9: the "
     "published runs adapt larger models (rank 16) and cut by min-p, which is not built here"}, run,
)  # fmt: skip
