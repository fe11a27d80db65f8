"""A profile of a Parquet file, beside pandas and Polars reading the same numbers from it."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.suite import Check, Job, times_the_cost
from benchmarks.timing import Timing

LEVELS = (0.05, 0.01, 0.001)


@cache
def table(rows: int) -> Path:
    """Parquet of a category with 5,000 values and three columns of numbers, written once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(tempfile.gettempdir()) / f"modelcollapse-benchmark-{rows}.parquet"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    words = np.array([f"category {i}" for i in range(5_000)])
    writer = None
    own = path.with_suffix(f".{os.getpid()}")
    for start in range(0, rows, 200_000):
        n = min(200_000, rows - start)
        part = pa.table(
            {
                "category": words[(5_000 * rng.random(n) ** 3).astype(int)],
                "normal": rng.normal(size=n),
                "heavy": rng.standard_t(3, size=n),
                "skewed": rng.lognormal(size=n),
            }
        )
        writer = writer or pq.ParquetWriter(own, part.schema)
        writer.write_table(part)
    assert writer is not None
    writer.close()
    own.rename(path)
    return path


def ours(rows: int, seed: int) -> np.ndarray:
    """Tallies by the cuts of the file itself: what auditing costs once a reference is profiled."""
    from modelcollapse.profiles import profile

    path = table(rows)
    found = profile(path, like=reference(rows))
    numbers = found.numbers.values()
    return np.array(
        [
            *(value for tally in numbers for value in (tally.mean, tally.variance)),
            *(tally.beyond[level] for tally in numbers for level in LEVELS),
            len(found.categories["category"].counts),
            max(found.categories["category"].counts.values()),
        ]
    )


@cache
def reference(rows: int):
    """Roles and cuts, from a small part of the same law."""
    from modelcollapse.profiles import profile

    return profile(table(min(rows, 200_000)))


def ends(rows: int) -> dict[str, list[tuple[float, float]]]:
    return {name: [cuts.tails[a] for a in LEVELS] for name, cuts in reference(rows).cuts.items()}


def share_of_memory(ours: Timing, other: Timing | None) -> float:
    """Our peak memory over the other side's, both with the interpreter."""
    return ours.peak / other.peak if other else float("nan")


def peak(ours: Timing, _: Timing | None) -> float:
    """Our peak memory, MiB."""
    return ours.peak


def largest_difference(ours: Timing, other: Timing | None) -> float:
    """Relative to the other side's values."""
    if other is None:
        return float("nan")
    a, b = ours.values[0], other.values[0]
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(b), 1e-3)))


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import table_tallies

    rows = 2_000_000 if quick else 20_000_000
    table(rows), table(200_000)  # before any clock runs
    sides = {"pandas": table_tallies.with_pandas, "Polars, streaming": table_tallies.with_polars}
    return [
        Job(
            "profiles",
            f"counts, moments, tail shares of {rows:,} rows, against {name}",
            {"rows": rows},
            ours,
            (
                Check(times_the_cost, f"x the time of {name}"),
                Check(peak, "MiB at the peak", at_most=500),
                Check(share_of_memory, "of the memory"),
                Check(largest_difference, "apart", at_most=1e-9),
            ),
            "Parquet, a hash of every record and the deviations from the medians, which the other "
            "side does not compute; a hash sample comes out as well",
            other,
        )
        for name, other in sides.items()
    ]
