"""A language model that reads what it wrote: nothing real kept, or a tenth, in both readings."""

from __future__ import annotations

from modelcollapse import NGram, Replace
from modelcollapse.probes.language import GeneratedPerplexity, PerplexityHistogram
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r

WORDS = {"A": "none real", "B": "a tenth original", "B'": "a tenth of the previous data"}


def twins() -> text.Lineages:
    """Bigram models at temperature 0.7, and one that samples from its law."""
    cold = text.twin(NGram(2, temperature=0.7), Replace(text.SIZE))
    return {**full.of_policies(cold, full.tenths), "pure": cold.but(learner=NGram(2))}


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: twins, 4 generations; full: as published, 9."""
    quick = scale == "quick"
    replicates, last = (16, 4) if quick else (5, 9)
    lineages, reason = text.lineages(scale, twins, full.nature)
    if reason:
        return text.without_text(reason)
    found = r.simulate(lineages, ["cross_entropy", GeneratedPerplexity(), PerplexityHistogram()],
                       generations=last, replicates=replicates, seed=seed)  # fmt: skip
    rise = {k: text.change(h, "cross_entropy") for k, h in found.items()}
    shift = {k: text.change(h, "generated_perplexity.cross_entropy") for k, h in found.items()}
    claims = [
        *(r.claim(f"{k}, {words}: the test text gets more surprising", 0.0, r.mean(rise[k]),
                  law=">", basis="text") for k, words in WORDS.items()),
        r.claim("a tenth original softens it", 0.0, r.mean(rise["A"] - rise["B"]), law=">",
                basis="text"),
        r.claim("a tenth of the previous data, as in the code, softens it no more", 0.0,
                r.mean(rise["B"] - rise["B'"]), law="<="),
        r.claim("A: text moves to low perplexity under generation 0", 0.0,
                r.mean(text.change(found["A"], "generated_perplexity.median")), law="<",
                basis="text"),
        r.control("A: the surprise at the test text stays", 0.0, r.mean(rise["A"])),
        r.control("A: the perplexity of what is written stays", 0.0, r.mean(shift["A"])),
    ]  # fmt: skip
    if quick:
        claims += [
            r.claim("pure sampling moves no text to low perplexity", 0.0, r.mean(-shift["pure"]),
                    law="<="),
            r.control("pure sampling moves it as far as A", shift["A"].mean(),
                      r.mean(shift["pure"])),
        ]  # fmt: skip
    panels = [
        r.Panel(
            "Surprise at the test text, nats a token",
            "generation",
            [r.curve(WORDS.get(k, k), h, "cross_entropy") for k, h in found.items()],
        ),
        text.histograms("Share of the texts of A", found["A"], range(0, last + 1, 2)),
    ]
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "generations": last})


RECIPE = r.Recipe(
    "nature-language", "A language model that reads what it wrote", "shumailov2024",
    "OPT-125m on wikitext-2, 5 beams: with nothing real 20 to 28 points of perplexity are lost, "
    "with a tenth of the original data little; text moves to low perplexity (text, figure 1).",
    {"data": text.TWIN, "beams": "quick: temperature 0.7 in their place",
     "10 % kept": "both readings: original data (text), the data of this generation (code)",
     "test text": "held out of the same file, not the file of the test split"}, run,
)  # fmt: skip
