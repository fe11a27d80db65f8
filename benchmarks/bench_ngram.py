"""A chain of trigram models on 10^6 tokens, beside the same chain in dictionaries.

    python benchmarks/bench_ngram.py [--quick]

Both count, write as much as they read in blocks of 64 tokens, and count again; each generation is
measured by vocabulary kept, distinct-2, unigram entropy and the perplexity of held-out text.
"""

from __future__ import annotations

import argparse

import numpy as np
from baselines import ngram_lm
from timing import compare, header

from modelcollapse import records
from modelcollapse.families.ngram import NGram
from modelcollapse.families.texts import Texts


def made_up_text(rng, tokens, vocabulary=20_000, branch=40):
    """Zipf unigrams, and a short list of followers for each word."""
    p = 1 / np.arange(1, vocabulary + 1) ** 1.05
    p /= p.sum()
    followers = rng.choice(vocabulary, size=(vocabulary, branch), p=p)
    weights = 1 / np.arange(1, branch + 1)
    which = rng.choice(branch, size=tokens, p=weights / weights.sum())
    jump = np.where(rng.random(tokens) < 0.15, rng.choice(vocabulary, size=tokens, p=p), -1)
    ids, current = np.empty(tokens, np.int32), 0
    for i, (leap, column) in enumerate(zip(jump.tolist(), which.tolist(), strict=True)):
        current = leap if leap >= 0 else followers[current, column]
        ids[i] = current
    seen, ids = np.unique(ids, return_inverse=True)
    return Texts(ids, np.array([0, tokens]), tuple(f"w{i}" for i in seen))


def measures(model, held):
    counts = model.unigram[model.unigram > 0]
    p = counts / counts.sum()
    return (
        model.support / len(held.vocabulary),
        model.counts.distinct(2),
        -(p * np.log(p)).sum(),
        np.exp(-model.log_prob(held).mean()),
    )


def chain(texts, held, learner, generations, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for generation in range(generations + 1):
        model = learner.fit(texts, rng=rng)
        rows.append(measures(model, held))
        if generation < generations:
            texts = model.sample(len(texts), rng=rng)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10^5 tokens, 2 generations")
    quick = parser.parse_args().quick
    tokens, generations = (100_000, 2) if quick else (1_000_000, 5)
    learner = NGram(order=3)

    text = made_up_text(np.random.default_rng(0), tokens + 20_000).blocks(64)
    held = records.take(text, np.arange(300))
    real = records.take(text, np.arange(300, len(text)))
    as_rows = real.ids.reshape(-1, 64).tolist()
    held_rows = held.ids.reshape(-1, 64).tolist()

    header()
    result = compare(
        f"trigram chain, {real.ids.size} tokens",
        lambda: chain(real, held, learner, generations),
        lambda: ngram_lm.chain(
            as_rows,
            held_rows,
            len(text.vocabulary),
            order=learner.order,
            generations=generations,
            floor=learner.floor,
        ),
        baseline_repeats=3 if quick else 1,
    )
    print("\ngeneration: vocabulary kept, distinct-2, unigram entropy, held-out perplexity")
    for name, rows in (("ours", result.ours.value), ("baseline", result.baseline.value)):
        for generation in (0, generations):
            print(f"{name:>9} {generation}:", *(f"{x:.4f}" for x in rows[generation]))


if __name__ == "__main__":
    main()
