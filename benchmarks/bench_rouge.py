"""ROUGE of pairs of texts, with stems, beside the package rouge-score."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
from numpy.random import Generator

from benchmarks.suite import Check, Job, times_faster
from benchmarks.worlds import zipf
from modelcollapse.metrics import rouge

ENDINGS = (
    "", "s", "ed", "ing", "er", "ly", "ation", "ations", "ness", "ful", "ment", "able", "ize",
    "ized", "ity", "ous", "ive", "al", "ally", "ies", "y",
)  # fmt: skip


FREQUENT = (
    "the", "of", "to", "and", "a", "in", "is", "it", "for", "on", "was", "with", "as", "at", "by",
    "he", "she", "his", "her", "that", "from", "but", "not", "are", "be", "have", "had", "this",
    "which", "or", "an", "they", "were", "been", "their", "its", "more", "after", "who", "will",
    "one", "would", "over", "said", "new", "up", "out", "about",
)  # fmt: skip


def vocabulary(rng: Generator) -> list[str]:
    """The most frequent English words, and 36,000 of two syllables and an English ending."""
    onsets = [*"bcdfghjklmnprstvw", "bl", "ch", "cr", "fl", "gr", "pl", "qu", "sh", "st", "tr"]
    syllables = ["".join(parts) for parts in product(onsets, ["a", "e", "i", "o", "u", "ea"])]
    stems = ["".join(parts) for parts in product(syllables, syllables, ["nd", "t", "l", "rk"])]
    chosen = rng.choice(len(stems), size=6000, replace=False)
    return [*FREQUENT] + [
        stems[i] + ENDINGS[j]
        for i in chosen
        for j in rng.choice(len(ENDINGS), size=6, replace=False)
    ]


def pairs(n: int, least: int, most: int, rng: Generator) -> tuple[list[str], list[str]]:
    """Texts of Zipf words, and candidates that keep about half of the words."""
    words = vocabulary(rng)
    law = zipf(len(words), 1.05)
    predictions, references = [], []
    for length in rng.integers(least, most, size=n):
        reference = rng.choice(len(words), size=length, p=law)
        kept = rng.random(length) < rng.beta(2, 2)
        prediction = np.where(kept, reference, rng.choice(len(words), size=length, p=law))
        for texts, ids in ((references, reference), (predictions, prediction)):
            texts.append((" ".join(words[i] for i in ids) + ".").capitalize())
    return predictions, references


def scored(
    predictions: list[str], references: list[str], kind: str, fast: bool, seed: int
) -> np.ndarray:
    """Precision, recall and F: shape (records, 3)."""

    def work() -> rouge.Scores:
        return rouge.scores(predictions, references, kind, fast=fast)

    # A new thread remembers no words of the run before, so that every run stems them anew.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(work).result()
    return np.column_stack([found.precision, found.recall, found.f])


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import rouge_score_loop

    found = []
    for name, n, least, most, targets in (
        ("24 words", 40_000, 14, 35, (25, 50)),
        ("350 words", 400, 200, 501, (50, 100)),
    ):
        records = n // 10 if quick else n
        predictions, references = pairs(records, least, most, np.random.default_rng(0))
        for fast, target in zip((False, True), targets, strict=True):
            found.append(
                Job(
                    "rouge",
                    f"ROUGE-L with stems, {records:,} pairs of {name}, "
                    + ("compiled kernels" if fast else "rapidfuzz"),
                    {"predictions": predictions, "references": references, "kind": "rougeL"},
                    scored,
                    (Check(times_faster, "x faster", at_least=target),),
                    "numbering the words, a hash of each, and stemming each different word once"
                    if fast
                    else "stemming each different word once, some 4 µs, then by looking up the "
                    "number of each word in a dictionary",
                    rouge_score_loop.run,
                    ("precision", "recall", "F"),
                    ours_only={"fast": fast},
                )
            )
    return found
