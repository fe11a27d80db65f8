"""Scores as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelcollapse.verification.scores import Scores

SHOWN = 5
"""Reasons that are shown."""


def table(scores: Scores) -> str:
    """Records, scores and their quantiles, and what has none, with reasons."""
    names = scores.names
    accounts = {name: scores.account(name) for name in names}
    first = accounts[names[0]]
    aside = sum(first.set_aside.values())
    head = f"{first.records} records"
    lines = [f"{head}, {aside} of them malformed and set aside" if aside else head]
    quantiles = {name: scores.runs[name]["quantiles"] for name in names}
    labels = list(quantiles[names[0]])
    rows = [["verifier", "scored", "no score", *labels]]
    for name in names:
        account = accounts[name]
        shown = [_number(quantiles[name][label]) for label in labels]
        rows.append([name, str(account.scored), str(sum(account.without_score.values())), *shown])
    lines += _aligned(rows)
    for name in names:
        lines += _reasons(f"no score of {name}", accounts[name].without_score)
    lines += _reasons("set aside", first.set_aside)
    return "\n".join(lines)


def _reasons(title: str, counts: Mapping[str, int]) -> Iterable[str]:
    # One more takes no more room than the line that says so.
    shown = SHOWN if len(counts) > SHOWN + 1 else SHOWN + 1
    for reason, count in list(counts.items())[:shown]:
        yield f"{title}: {count} × {reason}"
    rest = list(counts.values())[shown:]
    if rest:
        yield f"{title}: {sum(rest)} × {len(rest)} other reasons"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
