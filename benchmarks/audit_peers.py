"""What an audit says of five damages to a table, beside the two most used tools, and what it costs.

Run it in an environment of its own, since these tools pin old versions of what others need::

    pip install sdmetrics evidently "pandas<3" modelcollapse[audit]
    python benchmarks/audit_peers.py

It prints two tables in Markdown, the verdicts on tables of 10,000 records and 20 columns (12 of
numbers, 8 of categories) and the seconds on 50,000, everything in one process and one run.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from modelcollapse import audit
from modelcollapse.testing.damages import DAMAGES, Table, mixed_table

PACKAGES = ("modelcollapse", "sdmetrics", "evidently", "pandas", "numpy", "duckdb")
COLUMNS = 20


def sdmetrics_score(new: Any, reference: Any) -> float:
    """Overall score of the Quality Report, 1 being alike."""
    from sdmetrics.reports.single_table import QualityReport

    kinds = {
        name: {"sdtype": "numerical" if name.startswith("number") else "categorical"}
        for name in reference
    }
    report = QualityReport()
    report.generate(reference, new, {"columns": kinds}, verbose=False)
    return float(report.get_score())


def evidently_drifted(new: Any, reference: Any) -> int:
    """Columns that the data drift preset calls drifted."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    found = Report([DataDriftPreset()]).run(new, reference).dict()["metrics"]
    return int(next(x["value"]["count"] for x in found if isinstance(x["value"], dict)))


def verdict(new: Table, reference: Table) -> tuple[str, str]:
    """Stage with findings, and the headline that carries it with its adjusted p."""
    found = audit(new, reference, show=0)
    carried = found.card["verdict"]["carried_by"]
    said = ", ".join([found.stage, *found.findings])
    if not carried:
        return said, ""
    first = found[carried[0]]
    return said, f"{first['title']}, {_power(first['adjusted_p'])}"


def _power(p: float) -> str:
    """A p in words that fit a table."""
    if p > 1e-3:
        return f"p = {p:.2g}"
    return f"p < 1e{int(np.floor(np.log10(max(p, 1e-300)))) + 1}"


def frame(table: Table) -> Any:
    """A table as these tools take it."""
    import pandas as pd

    return pd.DataFrame(table)


def verdicts(n: int, seed: int) -> list[str]:
    """Table of what the three say of each damage."""
    rng = np.random.default_rng(seed)
    real, drawn = mixed_table(n, rng=rng), mixed_table(n, rng=rng)
    lines = [
        "| damage | SDMetrics quality | Evidently drifted columns | audit | carried by |",
        "|---|---|---|---|---|",
    ]
    for name, damage in DAMAGES.items():
        new = damage(drawn, real, np.random.default_rng(seed))
        score, drifted = (
            ask(frame(new), frame(real)) for ask in (sdmetrics_score, evidently_drifted)
        )
        said, carried = verdict(new, real)
        lines.append(f"| {name} | {score:.4f} | {drifted} of {COLUMNS} | {said} | {carried} |")
    return lines


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def times(n: int, seed: int, repeats: int) -> list[str]:
    """Table of seconds, the fastest of several rounds in which each takes its turn."""
    rng = np.random.default_rng(seed)
    real, new = mixed_table(n, rng=rng), mixed_table(n, rng=rng)
    frames = frame(new), frame(real)
    work: dict[str, Callable[[], object]] = {
        "audit, both sides read": lambda: audit(new, real, show=0),
        "SDMetrics Quality Report": lambda: sdmetrics_score(*frames),
        "Evidently drift preset": lambda: evidently_drifted(*frames),
    }
    taken = [{name: seconds(one) for name, one in work.items()} for _ in range(repeats)]
    lines = ["| tool | clock, s | processor, s |", "|---|---|---|"]
    for name in work:
        clock, processor = (min(one[name][i] for one in taken) for i in (0, 1))
        lines.append(f"| {name} | {clock:.2f} | {processor:.2f} |")
    return lines


def main() -> None:
    """Print the versions and both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000, help="of the table of verdicts")
    parser.add_argument("--timed", type=int, default=50_000, help="records of the table of times")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # those of the other tools
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    print(f"Python {platform.python_version()}, {', '.join(versions)}", "", sep="\n")
    print(*verdicts(chosen.records, chosen.seed), "", sep="\n")
    print(*times(chosen.timed, chosen.seed, chosen.repeats), sep="\n")


if __name__ == "__main__":
    main()
