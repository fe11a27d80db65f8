"""Perplexity as a verifier, beside a loop over texts and n-grams in dictionaries."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.suite import Check, Figure, Job, times_faster
from benchmarks.timing import Timing
from benchmarks.worlds import running_text

VOCABULARY, CONTEXT = 50_257, 512
LAYERS, WIDTH = 6, 384


def per_second(tokens: int) -> Figure:
    """Tokens our side scores in a second."""

    def rate(ours: Timing, _: Timing | None) -> float:
        return tokens / ours.wall

    return rate


def under_model(folder: str, texts: list[str], seed: int) -> np.ndarray:
    """Mean log-probability per token of each text, shape (texts, 1)."""
    from modelcollapse.verifiers.causal_perplexity import CausalPerplexity

    os.environ["HF_HUB_OFFLINE"] = "1"
    return CausalPerplexity(folder, threads=1).score({"text": texts}).scores[:, None]


@lru_cache(maxsize=1)
def learnt(train: str) -> Any:
    from modelcollapse.verifiers.ngram_perplexity import NgramPerplexity

    return NgramPerplexity(train=train).learn(lambda: iter([]))


def under_ngrams(train: str, texts: list[str], seed: int) -> np.ndarray:
    """Mean log-probability per token of each text, shape (texts, 1)."""
    return learnt(train).score({"text": texts}).scores[:, None]


def learning(train: str, seed: int) -> None:
    learnt.cache_clear()
    learnt(train)


def dictionaries(train: str, seed: int) -> None:
    from benchmarks.baselines import perplexity_loops

    perplexity_loops.learnt.cache_clear()
    perplexity_loops.learnt(train)


def random_model(folder: Path) -> str:
    """GPT-2 of 30 million random weights, whose words are its tokens."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    last = VOCABULARY - 1
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY, n_positions=CONTEXT, n_embd=WIDTH, n_layer=LAYERS,
        n_head=WIDTH // 64, bos_token_id=last, eos_token_id=last,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(folder)
    end = "<|endoftext|>"
    known = {f"w{i}": i for i in range(last)} | {end: last}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token=end))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=end, eos_token=end, unk_token=end
    ).save_pretrained(folder)
    return str(folder)


def pile(n: int, median: float, rng: Generator) -> tuple[list[str], int]:
    """Texts of random words, and their tokens: lengths are log-normal, as those of answers."""
    lengths = np.clip(np.round(rng.lognormal(np.log(median), 0.8, n)), 4, CONTEXT - 2).astype(int)
    ids = rng.integers(0, VOCABULARY - 1, lengths.sum())
    parts = np.split(ids, np.cumsum(lengths)[:-1])
    return [" ".join(f"w{i}" for i in part) for part in parts], int(lengths.sum())


def prose(tokens: int, rng: Generator) -> list[str]:
    """Documents of running text, some words of which are rare."""
    ids = running_text(tokens, rng)
    return [" ".join(f"word{i}" for i in part) for part in np.array_split(ids, tokens // 25)]


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import perplexity_loops

    rng = np.random.default_rng(0)
    folder = Path(tempfile.mkdtemp(prefix="bench-perplexity-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    model = random_model(folder / "model")
    found = []
    for what, median in (("short", 20), ("mixed", 55)):
        texts, tokens = pile(40 if quick else 150, median, rng)
        found.append(
            Job(
                "perplexity",
                f"causal model, 30M, {len(texts)} {what} texts of {tokens / len(texts):.0f} tokens",
                {"folder": model, "texts": texts},
                under_model,
                (
                    Check(times_faster, "x faster", at_least=1.5),
                    Check(per_second(tokens), "tokens/s"),
                ),
                "matrix products of the model and of its output layer",
                perplexity_loops.one_by_one,
                ("log-probability",),
            )
        )
    size = 100_000 if quick else 1_000_000
    texts = prose(3 * size // 2, rng)
    train = folder / "train.jsonl"
    cut = len(texts) // 3
    train.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts[:cut]))
    held_out = texts[cut:]
    scored = size + len(held_out)
    return [
        *found,
        Job(
            "perplexity",
            f"trigram model, {scored:,} tokens scored",
            {"train": str(train), "texts": held_out},
            under_ngrams,
            (
                Check(times_faster, "x faster", at_least=1),
                Check(per_second(scored), "tokens/s", at_least=1e6),
            ),
            "splitting texts into words, and looking n-grams up in sorted arrays",
            perplexity_loops.in_dictionaries,
            ("log-probability",),
        ),
        Job(
            "perplexity",
            f"trigram model, learnt from {size // 2:,} tokens of a file",
            {"train": str(train)},
            learning,
            (Check(times_faster, "x faster"), Check(per_second(size // 2), "tokens/s")),
            "splitting texts into words, and sorting n-grams",
            dictionaries,
        ),
    ]
