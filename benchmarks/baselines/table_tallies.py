"""The usual dataframes: counts, moments and tail shares of a Parquet file."""

from __future__ import annotations

import numpy as np


def with_pandas(rows, seed):
    import pandas as pd
    from benchmarks.bench_profiles import ends, table

    frame = pd.read_parquet(table(rows))
    counts = frame["category"].value_counts()
    moments, beyond = [], []
    for name, cuts in ends(rows).items():
        x = frame[name]
        moments += [x.mean(), x.var()]
        beyond += [((x < low) | (x > high)).sum() for low, high in cuts]
    return np.array([*moments, *beyond, len(counts), counts.max()])


def with_polars(rows, seed):
    import polars as pl
    from benchmarks.bench_profiles import ends, table

    frame = pl.scan_parquet(table(rows))
    moments, beyond = [], []
    for name, cuts in ends(rows).items():
        x = pl.col(name)
        moments += [x.mean().alias(f"{name} mean"), x.var().alias(f"{name} var")]
        beyond += [
            ((x < low) | (x > high)).sum().alias(f"{name} {i}")
            for i, (low, high) in enumerate(cuts)
        ]
    counts = frame.group_by("category").len().select(pl.len(), pl.col("len").max().alias("most"))
    found = pl.collect_all([frame.select(moments + beyond), counts], engine="streaming")
    return np.array([value for part in found for value in part.row(0)], dtype=float)
