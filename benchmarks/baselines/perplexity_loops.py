"""Perplexity as it is often computed: one text at a time, or n-grams in dictionaries."""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from functools import lru_cache

import numpy as np

from modelcollapse.families.texts import words


@lru_cache(maxsize=1)
def loaded(folder):
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def one_by_one(folder, texts, seed=0):
    """Mean log-probability per token of each text by transformers, shape (texts, 1)."""
    import torch

    torch.set_num_threads(1)
    model, tokenizer = loaded(folder)
    found = []
    with torch.inference_mode():
        for text in texts:
            ids = tokenizer(tokenizer.bos_token + " " + text, return_tensors="pt").input_ids
            found.append([-model(ids, labels=ids).loss.item()])
    return np.array(found)


class DictionaryKneserNey:
    """Interpolated Kneser-Ney, with a share of the uniform law."""

    def __init__(self, texts, order=3, discount=0.75, uniform=0.05):
        self.order, self.discount, self.uniform = order, discount, uniform
        grams = Counter()
        for text in texts:
            tokens = ["<s>", *words(text.lower()), "</s>"]
            for i in range(1, len(tokens)):
                for k in range(min(order, i + 1)):
                    grams[tuple(tokens[i - k : i + 1])] += 1
        fronts = defaultdict(set)
        for gram in grams:
            if len(gram) > 1:
                fronts[gram[1:]].add(gram[0])
        self.counts, self.totals, self.kinds = {}, Counter(), Counter()
        for gram, count in grams.items():
            lower = len(gram) < order and gram in fronts
            self.counts[gram] = len(fronts[gram]) if lower else count
            self.totals[gram[:-1]] += self.counts[gram]
            self.kinds[gram[:-1]] += 1
        self.size = len({gram[-1] for gram in grams}) + 1  # and all unknown words as one

    def probability(self, context, word):
        if not context:
            return self.counts.get((word,), 0) / self.totals[()]
        shorter = self.probability(context[1:], word)
        total = self.totals.get(context)
        if not total:
            return shorter
        own = max(self.counts.get((*context, word), 0) - self.discount, 0)
        return (own + self.discount * self.kinds[context] * shorter) / total

    def score(self, text):
        tokens = ["<s>", *words(text.lower()), "</s>"]
        found = 0.0
        for i in range(1, len(tokens)):
            context = tuple(tokens[max(0, i - self.order + 1) : i])
            p = self.probability(context, tokens[i])
            found += math.log((1 - self.uniform) * p + self.uniform / self.size)
        return found / (len(tokens) - 1)


@lru_cache(maxsize=1)
def learnt(path):
    import json
    from pathlib import Path

    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return DictionaryKneserNey([json.loads(line)["text"] for line in lines])


def in_dictionaries(train, texts, seed=0):
    """Mean log-probability per token of each text, shape (texts, 1)."""
    model = learnt(train)
    return np.array([[model.score(text)] for text in texts])
