"""A chain of trigram models on running text, beside the same chain in dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import modelcollapse as mc
from benchmarks.suite import Check, Job, times_faster
from benchmarks.worlds import running_text

HELD_OUT = 300


@dataclass(frozen=True)
class ModelReadings:
    """Of the texts a model was fitted to, and of held-out ones; it writes none to be measured."""

    name: ClassVar[str] = "text"

    def __call__(self, generation: mc.Generation) -> Mapping[str, float]:
        model: Any = generation.model
        shares = model.unigram[model.unigram > 0] / model.unigram.sum()
        return {
            "kept": model.support / len(model.unigram),
            "distinct_2": model.counts.distinct(2),
            "entropy": -np.sum(shares * np.log(shares)),
            "perplexity": np.exp(-model.log_prob(generation.reference).mean()),
        }


def chains(
    ids: NDArray[np.int32], block: int, order: int, generations: int, floor: float, seed: int
) -> np.ndarray:
    """Four measures, read in every generation: (1, 4) at the last."""
    vocabulary = tuple(f"w{i}" for i in range(ids.max() + 1))
    texts = mc.Texts(ids, np.array([0, len(ids)]), vocabulary).blocks(block)
    n = len(texts) - HELD_OUT
    lineage = mc.Lineage(
        mc.Empirical(texts), mc.NGram(order, floor=floor), mc.Replace(n), size=n, holdout=HELD_OUT
    )
    history = lineage.run(generations, seed=seed, probes=[ModelReadings()])
    return np.column_stack([history[name][:, -1] for name in history.measures])


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import ngram_lm

    blocks, generations = (1_600, 2) if quick else (15_625, 5)
    tokens = 64 * (blocks + HELD_OUT)
    return [
        Job(
            "ngram",
            f"n-gram chain, order 3, {64 * blocks:,} tokens, {generations} generations",
            {
                "ids": running_text(tokens, np.random.default_rng(0)), "block": 64, "order": 3,
                "generations": generations, "floor": 1e-3,
            },
            chains,
            (Check(times_faster, "x faster", at_least=10),),
            "numbering and sorting the n-grams to count them (six tenths), then by laying out "
            "the law and by writing, where every token looks up its context in memory",
            ngram_lm.run,
            ("words kept", "distinct-2", "entropy", "perplexity"),
            other_only={"held_out": HELD_OUT},
        )
    ]  # fmt: skip
