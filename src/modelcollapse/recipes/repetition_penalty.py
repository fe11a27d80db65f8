"""A penalty on repetition cures the symptom of collapse and not the cause."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from modelcollapse import Empirical, Lineage, Replace
from modelcollapse.learners.causal_lm import CausalLM
from modelcollapse.learners.language.tokens import TokenBlocks
from modelcollapse.probes.language import Repetition
from modelcollapse.recipes import _language as text
from modelcollapse.recipes import _language_published as full
from modelcollapse.recipes import _recipe as r
from modelcollapse.sources.prose import standard_library_prose

PENALTY, LAST = 2.0, 1
LOOPS = "a network of 40,000 weights writes nothing but loops without a penalty"


def twins() -> text.Lineages:
    """Transformers of one layer, from random weights, that search with 5 beams."""
    prose = Empirical([line.lower() for line in standard_library_prose(min_words=15_000)])
    config = {"model_type": "gpt2", "n_embd": 48, "n_layer": 1, "n_head": 2} | dict.fromkeys(
        ("attn_pdrop", "embd_pdrop", "resid_pdrop"), 0.0
    )
    learner = CausalLM(config=config, block=16, epochs=10, batch=16, learning_rate=5e-3)
    truth = TokenBlocks(prose, vocabulary=320, block=16)
    plain = Lineage(truth, learner, Replace(96), size=96, holdout=200)
    return {
        "none": plain,
        "penalty": plain.but(learner=replace(learner, repetition_penalty=PENALTY)),
    }


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: tiny transformers, one generation after the first; full: OPT-125m, nine."""
    quick = scale == "quick"
    replicates, last = (4, LAST) if quick else (5, 9)
    lineages, reason = text.lineages(scale, twins, partial(full.penalised, PENALTY))
    if reason:
        return text.without_text(reason)
    # The twin without a penalty only shows what a penalty is for.
    found: dict[str, r.History] = {}
    for label, lineage in lineages.items():
        found |= r.simulate({label: lineage}, ["cross_entropy", Repetition(2)], seed=seed,
                            generations=0 if quick and label == "none" else last,
                            replicates=replicates)  # fmt: skip
    rise = {k: text.change(h, "cross_entropy") for k, h in found.items()}
    runs = {k: h["repetition.runs"][:, 0] for k, h in found.items()}
    worse = r.claim("and rises faster than without", 0.0, r.mean(rise["penalty"] - rise["none"]),
                    law=">", basis="text")  # fmt: skip
    claims = [
        r.claim("with a penalty texts repeat themselves less", 0.0,
                r.mean(runs["penalty"] - runs["none"]), law="<", basis="text"),
        r.claim("but the perplexity of the test text at least doubles", float(np.log(2)),
                r.mean(rise["penalty"]), law=">", basis="text"),
        replace(worse, incomparable=LOOPS if quick else ""),
        r.control("a penalty prevents collapse", 0.0, r.mean(rise["penalty"])),
    ]  # fmt: skip
    panels = [r.Panel(title, "generation", [r.curve(k, h, measure) for k, h in found.items()])
              for title, measure in (("Surprise at the test text, nats a token", "cross_entropy"),
                                     ("Pairs written before", "repetition.runs"))]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"replicates": replicates, "generations": last})


RECIPE = r.Recipe(
    "repetition-penalty", "A penalty on repetition does not prevent collapse", "shumailov2024",
    "With a repetition penalty of 2.0 the perplexity of the test text doubles, and the models are "
    "as susceptible to collapse, if not more (text).",
    {"penalty": "2.0, as in the text; the code has 3.0", "data": "quick: transformers of one layer "
     "on Python's own prose in blocks of 16 tokens; full: as published"}, run,
)  # fmt: skip
