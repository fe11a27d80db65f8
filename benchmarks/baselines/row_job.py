"""Scoring a file of records in one process, as one would write it: read, score, write."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory


def run(path, seed):
    """With rouge-score and four rules in plain Python; the sum of the scores."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    rows, total = [], 0.0
    for line in Path(path).read_text().splitlines():
        record = json.loads(line)
        text = record["text"]
        score = scorer.score(record["reference"], text)["rougeL"].fmeasure
        words = text.split()
        kept = (
            5 <= len(words) <= 60
            and max(map(words.count, words)) <= 0.3 * len(words)
            and len(text) <= 500
            and sum(c.isalnum() or c.isspace() for c in text) >= 0.8 * len(text)
        )
        rows.append({"id": record["id"], "score": score, "kept": kept})
        total += score
    with TemporaryDirectory() as folder:
        pq.write_table(pa.Table.from_pylist(rows), f"{folder}/scores.parquet")
    return total


def same_verifiers(path, seed):
    """With the package's own verifiers, all records at once: what scoring costs by itself."""
    from benchmarks.bench_scoring import verifiers

    records = [json.loads(line) for line in Path(path).read_text().splitlines()]
    columns = {name: [record[name] for record in records] for name in records[0]}
    return sum(float(verifier.score(columns).scores.sum()) for verifier in verifiers())
