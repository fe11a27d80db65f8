"""Texts against a reference, beside a Polars query and datasketch."""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.suite import Check, Job
from benchmarks.timing import Stopwatch, Timing


@cache
def words() -> np.ndarray:
    from modelcollapse.sources.prose import standard_library_prose

    return np.array(" ".join(standard_library_prose()).split(), dtype=object)


def documents(n: int, seed: int) -> tuple[list[str], list[str]]:
    """Two sides of `n` texts of 42 words, three in a row from one place; 5 % are edited copies."""
    rng = np.random.default_rng(seed)
    sides = []
    for _ in range(2):
        begins = rng.integers(0, words().size - 3, (n, 14))
        side = words()[begins[:, :, None] + np.arange(3)].reshape(n, 42)
        copied = rng.choice(n, n // 20, replace=False)
        side[copied] = side[rng.integers(0, n, copied.size)]
        side[copied, rng.integers(0, 42, copied.size)] = "edited"
        sides.append([" ".join(row) for row in side])
    return sides[0], sides[1]


def distinct(n: int, seed: int) -> np.ndarray:
    """Seconds, and the shares of both sides."""
    from modelcollapse.metrics.documents import corpora
    from modelcollapse.metrics.documents import distinct as signal

    texts = documents(n, seed)
    with Stopwatch() as watch:
        pair = corpora(*texts)
        found = [signal(*pair, k) for k in (1, 2, 3)]
    if not all(reading.error > 0 for reading in found):
        raise AssertionError("a share without its error")
    return np.array([watch.wall, *(r.value for r in found), *(r.expected for r in found)])


def near(n: int, seed: int) -> np.ndarray:
    """Seconds, and the share of documents with a near duplicate on either side."""
    from modelcollapse.metrics.documents import corpora, near_duplicates

    texts = documents(n, seed)
    with Stopwatch() as watch:
        found = near_duplicates(*corpora(*texts))
    sides = (found.clusters, found.reference_clusters)
    # pairs across the sides are found too, and play no part here
    return np.array([watch.wall, *(np.mean(np.bincount(side)[side] > 1) for side in sides)])


def seconds(side: Timing) -> float:
    """What a side took by its own clock: making the documents is left out."""
    return float(np.median([value[0] for value in side.values]))


def times_faster(ours: Timing, other: Timing | None) -> float:
    """By the sides' own clocks."""
    return seconds(other) / seconds(ours) if other else float("nan")


def largest_difference(ours: Timing, other: Timing | None) -> float:
    """Of the two sides' shares, over the seeds that both ran."""
    if other is None:
        return float("nan")
    pairs = zip(ours.values, other.values, strict=False)
    return max(float(np.max(np.abs(a - b)[1:])) for a, b in pairs)


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import text_audit

    n = 5_000 if quick else 50_000
    return [
        Job(
            "text-audit",
            f"distinct-1,2,3 of two sides of {n:,} documents, ours with errors",
            {"n": n},
            distinct,
            (
                Check(times_faster, "x faster", at_least=1),
                Check(largest_difference, "apart", at_most=1e-3),
            ),
            "sorting runs of words by counting, 16 bits at a time, and finding words in the text",
            text_audit.distinct,
            threads=None,
        ),
        Job(
            "text-audit",
            f"near duplicates of two sides of {n:,} documents, ours compared exactly",
            {"n": n},
            near,
            (
                Check(times_faster, "x faster", at_least=10),
                Check(largest_difference, "apart", at_most=0.02),
            ),
            "taking signatures out of rensa as numbers of Python",
            text_audit.near,
        ),
    ]
