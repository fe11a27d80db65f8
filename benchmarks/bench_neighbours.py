"""Neighbours of embeddings and their effective number, beside prdc and vendi-score."""

from __future__ import annotations

import numpy as np

from benchmarks.suite import Check, Job, times_faster
from benchmarks.timing import Timing


def embeddings(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two samples of a mixture of 50 clusters, in single precision."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(50, d)).astype(np.float32)
    return tuple(
        centres[rng.integers(50, size=n)] + rng.standard_normal((n, d), dtype=np.float32)
        for _ in range(2)
    )


def overlap(n: int, d: int, k: int, seed: int) -> np.ndarray:
    from modelcollapse.metrics.neighbours import precision_recall

    reference, new = embeddings(n, d, seed)
    found = precision_recall(new, reference, k=k)
    return np.array([found.precision, found.recall, found.density, found.coverage])


def vendi(n: int, d: int, seed: int) -> np.ndarray:
    from modelcollapse.metrics.vendi import cosine_vendi

    return np.array([cosine_vendi(embeddings(n, d, seed)[1])])


def share_of_memory(ours: Timing, other: Timing | None) -> float:
    """Our peak memory over the other side's, both with the interpreter and the records."""
    return ours.peak / other.peak if other else float("nan")


def largest_difference(ours: Timing, other: Timing | None) -> float:
    """Relative to the other side's values, over the seeds that both sides ran."""
    if other is None:
        return float("nan")
    pairs = zip(ours.values, other.values, strict=False)
    return max(float(np.max(np.abs(a - b) / np.abs(b))) for a, b in pairs)


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import prdc_vendi

    n = 2_000 if quick else 10_000
    return [
        Job(
            "neighbours",
            f"precision, recall, density, coverage, {n:,} x 256 on each side",
            {"n": n, "d": 256, "k": 5},
            overlap,
            (
                Check(times_faster, "x faster", at_least=4),
                Check(share_of_memory, "of the memory", at_most=0.1),
                Check(largest_difference, "apart", at_most=1e-9),
            ),
            "the matrix products of three passes in single precision, and reading their results",
            prdc_vendi.overlap,
            threads=None,  # prdc asks for eight, whatever it is told
        ),
        Job(
            "neighbours",
            f"Vendi score, cosine kernel, {n:,} x 256",
            {"n": n, "d": 256},
            vendi,
            (
                Check(times_faster, "x faster", at_least=100),
                Check(largest_difference, "apart", at_most=1e-9),
            ),
            "drawing the records; the package's own score_dual takes the same way as ours",
            prdc_vendi.vendi,
        ),
    ]
