"""Scores of a file of records: read, ROUGE-L and four rules, written, resumable."""

from __future__ import annotations

import atexit
import json
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np

from benchmarks.bench_rouge import pairs
from benchmarks.suite import Check, Job, times_faster, times_the_cost


def verifiers() -> list[Any]:
    from modelcollapse.verifiers.rouge import Rouge
    from modelcollapse.verifiers.rules import Rules

    rules = Rules(min_words=5, max_words=60, max_characters=500, max_repeated_phrases=0.3)
    return [Rouge(), rules]


def verified(path: str, n_jobs: int, seed: int) -> float:
    """Score the file into a folder of its own; the sum of the scores keeps both sides honest."""
    from modelcollapse.verification import verify

    with TemporaryDirectory() as folder:
        scores = verify(path, verifiers(), output=folder, n_jobs=n_jobs)
        return float(scores["rougeL"].sum())


def written(records: int) -> str:
    """File of pairs that lasts as long as this process."""
    predictions, references = pairs(records, 14, 35, np.random.default_rng(1))
    folder = mkdtemp()
    path = Path(folder) / "pairs.jsonl"
    with path.open("w") as file:
        for i, (text, reference) in enumerate(zip(predictions, references, strict=True)):
            file.write(json.dumps({"id": i, "text": text, "reference": reference}) + "\n")
    atexit.register(path.unlink)
    return str(path)


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import row_job

    records = 4_000 if quick else 40_000
    arguments = {"path": written(records)}
    bound = "the verifiers; reading, names by content and writing are some 10 µs a record"
    return [
        Job(
            "scoring",
            f"ROUGE-L and rules of {records:,} pairs, {n_jobs} processes, vs rouge-score",
            arguments,
            verified,
            (Check(times_faster, "x faster", at_least=target),),
            bound,
            row_job.run,
            ours_only={"n_jobs": n_jobs},
        )
        for n_jobs, target in ((1, 5), (2, None))
    ] + [
        Job(
            "scoring",
            f"the same {records:,} pairs, 1 process, vs the verifiers alone",
            arguments,
            verified,
            (Check(times_the_cost, "x the cost", at_most=1.5),),
            "reading, names by content, and files of scores that survive a kill",
            row_job.same_verifiers,
            ours_only={"n_jobs": 1},
        )
    ]
