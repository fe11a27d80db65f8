"""Which of its own texts a language model should read again: those that surprise it."""

from __future__ import annotations

from functools import partial

from modelcollapse import NGram, Replace
from modelcollapse.probes.language import Perplexity, VocabularySurvival
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

LAST = 4


def twins() -> text.Lineages:
    """Bigram models at temperature 0.7 that write two texts for each one kept."""
    first = text.twin(NGram(2, temperature=0.7), Replace(text.SIZE))
    return full.of_curators(first, full.surprise())


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins; full: GPT-2 on wikitext-2, sampled at its 50 likeliest tokens."""
    replicates = 16 if scale == "quick" else 3
    lineages, reason = text.lineages(
        scale, twins, partial(full.selected, full.surprise(), top_k=50)
    )
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, ["cross_entropy", VocabularySurvival(), Perplexity()],
                       generations=LAST, replicates=replicates, seed=seed)  # fmt: skip
    random, least, most = (text.change(h, "cross_entropy") for h in found.values())
    kept = [h["vocabulary_survival"][:, -1] for h in found.values()]
    claims = [
        r.claim("kept at random, the test text gets more surprising", 0.0, r.mean(random), law=">",
                basis="text"),
        r.claim("least surprising first: faster", 0.0, r.mean(least - random), law=">",
                basis="text"),
        r.claim("most surprising first: slower", 0.0, r.mean(most - random), law="<",
                basis="text"),
        r.claim("least surprising first: fewer words are left", 0.0, r.mean(kept[1] - kept[0]),
                law="<", basis="text"),
        r.claim("most surprising first: more words are left", 0.0, r.mean(kept[2] - kept[0]),
                law=">", basis="text"),
        r.control("the order of reading does not matter", 0.0, r.mean(most - least)),
        r.control("most surprising first stops the loss", 0.0, r.mean(most)),
    ]  # fmt: skip
    panels = [r.Panel(title, "generation", [r.curve(k, h, measure) for k, h in found.items()])
              for title, measure in (("Surprise at held-out text, nats a token", "cross_entropy"),
                                     ("Words left", "vocabulary_survival"))]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "generations": LAST})


RECIPE = r.Recipe(
    "surprise-first", "Reading again what surprises", "gambetta2025",
    "Training on the least surprising documents collapses faster, on the most surprising ones "
    "slower, without knowing which are human (text). The sizes are ours.",
    {"data": text.TWIN, "surprise": "perplexity per token under the model that wrote the text",
     "kept": "half of what is written", "decoding": "quick: temperature 0.7; full: top-k 50"}, run,
)  # fmt: skip
