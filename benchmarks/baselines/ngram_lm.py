"""Recursive n-gram language model in dictionaries: count, write as many blocks, count again."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from itertools import accumulate

import numpy as np


class DictionaryNGram:
    """Longest context seen with a word behind it, as in `NGram(smoothing="backoff")`."""

    def __init__(self, order, blocks):
        self.order = order
        self.tables = []
        for k in range(order):  # k = context length
            table = defaultdict(Counter)
            for block in blocks:
                for i in range(k, len(block)):
                    table[tuple(block[i - k : i])][block[i]] += 1
            self.tables.append(table)
        self.totals = {}
        self.choices = {}

    def context(self, before):
        for k in range(min(self.order - 1, len(before)), -1, -1):
            words = tuple(before[len(before) - k :])
            if words in self.tables[k]:
                return words
        raise AssertionError("the empty context is always known")

    def write(self, rng, length):
        out = []
        for _ in range(length):
            words = self.context(out)
            if words not in self.choices:
                counter = self.tables[len(words)][words]
                self.choices[words] = (list(counter), list(accumulate(counter.values())))
            names, cumulative = self.choices[words]
            out.append(rng.choices(names, cum_weights=cumulative)[0])
        return out

    def log_prob(self, block, i, floor, vocabulary):
        words = self.context(block[max(0, i - self.order + 1) : i])
        counter = self.tables[len(words)][words]
        if words not in self.totals:
            self.totals[words] = sum(counter.values())
        return math.log((1 - floor) * counter[block[i]] / self.totals[words] + floor / vocabulary)


def measures(model, blocks, held, floor, vocabulary):
    counts = list(model.tables[0][()].values())
    total = sum(counts)
    pairs = model.tables[1].values()
    logs = [
        model.log_prob(block, i, floor, vocabulary) for block in held for i in range(len(block))
    ]
    return (
        len(counts) / vocabulary,
        sum(map(len, pairs)) / sum(len(block) - 1 for block in blocks),
        -sum(c / total * math.log(c / total) for c in counts),
        math.exp(-sum(logs) / len(logs)),
    )


def chain(blocks, held, vocabulary, order, generations, floor, rng):
    """Words kept, distinct-2, unigram entropy and perplexity of each generation."""
    rows = []
    for generation in range(generations + 1):
        model = DictionaryNGram(order, blocks)
        rows.append(measures(model, blocks, held, floor, vocabulary))
        if generation < generations:
            blocks = [model.write(rng, len(block)) for block in blocks]
    return rows


def run(ids, block, order, generations, floor, held_out, seed=0):
    """Readings of the last generation, shape (1, 4); some blocks are held out at random."""
    rng = random.Random(seed)
    blocks = ids.reshape(-1, block).tolist()
    rng.shuffle(blocks)
    held, real = blocks[:held_out], blocks[held_out:]
    rows = chain(real, held, int(ids.max()) + 1, order, generations, floor, rng)
    return np.array(rows[-1:])
