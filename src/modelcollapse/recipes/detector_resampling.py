"""A detector of generated text decides what is read again, and how often."""

from __future__ import annotations

from functools import partial

from modelcollapse import NGram, Replace
from modelcollapse.probes.language import SelfBleu, VocabularySurvival
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

LAST = 4


def twins() -> text.Lineages:
    """Bigram models at temperature 0.7 that write three texts for every two kept."""
    first = text.twin(NGram(2, temperature=0.7), Replace(text.SIZE))
    return full.of_curators(first, full.detection())


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins; full: GPT-2 on wikitext-2 at top-k 50."""
    quick = scale == "quick"
    replicates, last = (8, LAST) if quick else (3, 10)
    lineages, reason = text.lineages(
        scale, twins, partial(full.selected, full.detection(), top_k=50)
    )
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, ["cross_entropy", SelfBleu(), VocabularySurvival()],
                       generations=last, replicates=replicates, seed=seed)  # fmt: skip
    random, detected = found.values()
    loss = [text.change(h, "cross_entropy") for h in (random, detected)]
    words = [h["vocabulary_survival"][:, -1] for h in (random, detected)]
    alike = [h["self_bleu"][:, -1] for h in (random, detected)]
    claims = [
        r.claim("at random: the test text gets more surprising", 0.0, r.mean(loss[0]), law=">",
                basis="text"),
        r.claim("by a detector: less so", 0.0, r.mean(loss[1] - loss[0]), law="<", basis="text"),
        r.claim("more words are left", 0.0, r.mean(words[1] - words[0]), law=">", basis="text"),
        r.claim("texts are less alike", 0.0, r.mean(alike[1] - alike[0]), law="<", basis="text"),
        r.control("a detector makes no difference", 0.0, r.mean(words[1] - words[0])),
        r.control("a detector alone prevents collapse, with nothing real", 0.0, r.mean(loss[1]),
                  law="<="),
    ]  # fmt: skip
    panels = [r.Panel(title, "generation", [r.curve(k, h, measure) for k, h in found.items()])
              for title, measure in (("Surprise at held-out text, nats a token", "cross_entropy"),
                                     ("Words left", "vocabulary_survival"))]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "generations": last})


RECIPE = r.Recipe(
    "detector-resampling", "Resampling by a detector of generated text", "drayson2025",
    "GPT-2 on wikitext-2, 10 generations: weights (1 - confidence)^10, up to 3 copies, 1.5 times "
    "as much written, keep text more diverse and test loss lower (text; numbers in the code).",
    {"data": text.TWIN, "detector": "logistic regression on words, learnt out of fold against the "
     "original data; published: a pretrained network", "mix": "synthetic only; published: mixed"},
    run,
)  # fmt: skip
