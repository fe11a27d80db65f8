"""The usual packages: prdc, and vendi-score on the matrix of similarities."""

from __future__ import annotations

import numpy as np


def overlap(n, d, k, seed):
    from benchmarks.bench_neighbours import embeddings
    from prdc import compute_prdc

    reference, new = embeddings(n, d, seed)
    found = compute_prdc(reference, new, k)
    return np.array([found[name] for name in ("precision", "recall", "density", "coverage")])


def vendi(n, d, seed):
    from benchmarks.bench_neighbours import embeddings
    from vendi_score import vendi as package

    new = embeddings(n, d, seed)[1].astype(np.float64)
    new /= np.linalg.norm(new, axis=1, keepdims=True)
    return np.array([package.score_K(new @ new.T)])
