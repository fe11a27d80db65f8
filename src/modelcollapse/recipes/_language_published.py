"""Language models as published: they need weights, text and, to end in a day, a GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from modelcollapse import Accumulate, Lineage, Mix, RandomSelection, Replace
from modelcollapse.corpus import Corpus
from modelcollapse.curators.detector import DetectorResampling
from modelcollapse.curators.perplexity import PerplexityFilter
from modelcollapse.draw import Draw
from modelcollapse.learners.causal_lm import CausalLM
from modelcollapse.protocols import Curator, Policy
from modelcollapse.recipes._language import COLD, Lineages, corpus, weights

OPT, GPT = "facebook/opt-125m", "gpt2"


@dataclass(frozen=True)
class Grow:
    """All of the next corpus is new, and it is as large as an accumulated one would be."""

    n: int

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus."""
        return draw.synthetic(self.n * (draw.generation + 1))


def tenths(n: int) -> dict[str, Policy]:
    """Nothing real kept, and both readings of a tenth."""
    return {"A": Replace(n), "B": Mix(n, real=0.1), "B'": Mix(n, beta=0.1)}


def four_mixes(n: int) -> dict[str, Policy]:
    """Nothing real; a tenth, old or new; a half, new."""
    return {"replace": Replace(n), "10 % original": Mix(n, real=0.1),
            "10 % fresh": Mix(n, real=0.1, fresh=True),
            "50 % fresh": Mix(n, real=0.5, fresh=True)}  # fmt: skip


def partly(n: int) -> dict[str, Policy]:
    """A half, and a quarter, of each training set is what the last model wrote."""
    return {"half written": Mix(n, real=0.5), "a quarter written": Mix(n, real=0.75)}


def keeping(n: int) -> dict[str, Policy]:
    """Replace, accumulate, and a growing set that is all new."""
    return {"replace": Replace(n), "accumulate": Accumulate(n), "grown": Grow(n)}


def surprise() -> dict[str, Curator[Any]]:
    """The same oversampling, kept at random, least or most surprising first."""
    return {"at random": RandomSelection(2.0), "least surprising": PerplexityFilter(keep="low"),
            "most surprising": PerplexityFilter(keep="high")}  # fmt: skip


def detection() -> dict[str, Curator[Any]]:
    """The same oversampling, kept at random or by a detector."""
    return {"at random": RandomSelection(1.5), "by a detector": DetectorResampling()}


def start(name: str, learner: CausalLM, *, size: int | None = None, **kept: Any) -> Lineage:
    """Lineage that replaces all data by what it writes, on text in the blocks of its learner."""
    truth = corpus(name, learner.model or GPT, learner.block)
    held = min(len(truth) // 10, 5_000)
    n = len(truth) - held if size is None else size
    return Lineage(truth, learner, Replace(n), size=n, holdout=held, **kept)


def of_policies(first: Lineage, make: Callable[[int], Mapping[str, Policy]]) -> Lineages:
    """Lineages that differ in their policy."""
    return {label: first.but(policy=policy) for label, policy in make(first.size).items()}


def of_curators(first: Lineage, curators: Mapping[str, Curator[Any]]) -> Lineages:
    """Lineages that differ in their curator."""
    return {label: first.but(curator=curator) for label, curator in curators.items()}


def opt(penalty: float = 1.0) -> CausalLM:
    """OPT-125m, fine-tuned for 5 epochs, continued with 5 beams."""
    return CausalLM(weights(OPT), epochs=5, beams=5, validation=0.05, repetition_penalty=penalty)


def nature() -> Lineages:
    """Fine-tune OPT-125m on wikitext-2 in every generation."""
    found = of_policies(start("wikitext-2", opt()), tenths)
    longer = replace(opt(), epochs=10)
    return {k: x if k == "A" else x.but(learner=longer) for k, x in found.items()}


def penalised(penalty: float) -> Lineages:
    """Setting A of `nature`, without and with a repetition penalty."""
    plain = start("wikitext-2", opt())
    return {"none": plain, "penalty": plain.but(learner=opt(penalty))}


def accumulation() -> Lineages:
    """GPT-2 of 9 M parameters from random weights on TinyStories, one epoch, sampled freely."""
    config = {"model_type": "gpt2", "n_embd": 128, "n_layer": 6, "n_head": 8}
    learner = CausalLM(config=config, protocol="free", block=512, epochs=1, beams=None,
                       learning_rate=5e-4, warmup=0.025)  # fmt: skip
    first = start("tinystories", learner)
    return {**of_policies(first, keeping),
            "cold": first.but(learner=replace(learner, temperature=COLD))}  # fmt: skip


def mixes() -> Lineages:
    """GPT-2 fine-tuned anew in every round on 120,000 tokens, sampled at top-p 0.9."""
    learner = CausalLM(weights(GPT), epochs=3, learning_rate=5e-5, beams=None, top_p=0.9)
    return of_policies(start("wikitext-2", learner, size=120_000 // 64), four_mixes)


def selected(curators: Mapping[str, Curator[Any]], **decoding: Any) -> Lineages:
    """GPT-2 on wikitext-2, with curators in the loop."""
    learner = CausalLM(weights(GPT), beams=None, learning_rate=5e-5, **decoding)
    return of_curators(start("wikitext-2", learner), curators)


def distilled(policies: Callable[[int], Mapping[str, Policy]]) -> Lineages:
    """DistilGPT-2, fine-tuned anew in every generation and sampled at its 50 likeliest tokens."""
    learner = CausalLM(weights("distilgpt2"), epochs=3, learning_rate=5e-5, beams=None, top_k=50)
    return of_policies(start("wikitext-2", learner), policies)


def posts(policies: Callable[[int], Mapping[str, Policy]]) -> Lineages:
    """GPT-2, fine-tuned anew in every generation on 4,000 texts and sampled hot."""
    learner = CausalLM(weights(GPT), epochs=1, learning_rate=2e-4, beams=None, temperature=1.5,
                       top_p=0.9)  # fmt: skip
    return of_policies(start("wikitext-2", learner, size=4000), policies)
