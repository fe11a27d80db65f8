"""The usual script: a scorer of the package rouge-score, called for one pair after the other."""

from __future__ import annotations

import numpy as np
from rouge_score import rouge_scorer


def run(predictions, references, kind, seed):
    scorer = rouge_scorer.RougeScorer([kind], use_stemmer=True)
    scores = []
    for prediction, reference in zip(predictions, references, strict=True):
        scores.append(scorer.score(reference, prediction)[kind])
    return np.array(scores)
