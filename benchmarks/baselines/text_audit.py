"""Distinct-n in a Polars query, and near duplicates with datasketch, as their users write them."""

from __future__ import annotations

import re

import numpy as np
from benchmarks.bench_text_audit import documents
from benchmarks.timing import Stopwatch


def distinct(n: int, seed: int) -> np.ndarray:
    import polars as pl

    def shares(texts: list[str]) -> tuple[float, ...]:
        words = (
            pl.LazyFrame({"text": texts})
            .with_row_index("document")
            .select("document", w=pl.col("text").str.to_lowercase().str.extract_all(r"\w+"))
            .explode("w")
            .with_columns(
                d2=pl.col("document").shift(-1), d3=pl.col("document").shift(-2),
                w2=pl.col("w").shift(-1), w3=pl.col("w").shift(-2),
            )
        )  # fmt: skip
        two, three = pl.col("document") == pl.col("d2"), pl.col("document") == pl.col("d3")
        return (
            words.select(
                one=pl.col("w").n_unique() / pl.len(),
                two=pl.struct("w", "w2").filter(two).n_unique() / two.sum(),
                three=pl.struct("w", "w2", "w3").filter(three).n_unique() / three.sum(),
            )
            .collect()
            .row(0)
        )

    texts = documents(n, seed)
    with Stopwatch() as watch:
        found = [shares(side) for side in texts]
    return np.array([watch.wall, *found[0], *found[1]])


def near(n: int, seed: int) -> np.ndarray:
    from datasketch import MinHash, MinHashLSH

    shares = []
    texts = documents(n, seed)
    with Stopwatch() as watch:
        for side in texts:
            index, signatures = MinHashLSH(threshold=0.7, num_perm=128), []
            for i, text in enumerate(side):
                words = re.findall(r"\w+", text.lower())
                signature = MinHash(num_perm=128)
                signature.update_batch(
                    [" ".join(words[k : k + 3]).encode() for k in range(max(len(words) - 2, 1))]
                )
                signatures.append(signature)
                index.insert(i, signature)
            shares.append(np.mean([len(index.query(one)) > 1 for one in signatures]))
    return np.array([watch.wall, *shares])
