"""Tallies of number columns, and of what the numbers of a record add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiling.plan import NUMERIC, Plan
from modelcollapse.profiling.profiled import LEVELS, Cuts, NumberTally


def _double(number: float) -> str:
    # as a bare literal it would be a decimal, and be rounded once more
    return f"'{float(number)!r}'::DOUBLE"


@dataclass(frozen=True)
class _Column:
    """Names that the queries know the values of a column by."""

    place: str
    cuts: Cuts

    def beyond(self, level: float) -> str:
        """Whether a value is in the tails; NULL without one."""
        sides = [
            f"{self.place} {sign} {_double(end)}"
            for sign, end in zip(("<=", ">="), self.cuts.tails[level], strict=True)
            if np.isfinite(end)
        ]
        return f"({' OR '.join(sides)})" if sides else f"({self.place} > 'inf'::DOUBLE)"

    @property
    def away(self) -> str:
        """Distance from the median of the reference, with its sign."""
        return f"({self.place} - {_double(self.cuts.median)})"

    @property
    def bulk(self) -> str:
        """Distance from the median in units of the scale, cut at 1."""
        scale = _double(self.cuts.scale)
        return f"(least(abs({self.away}), {scale}) / {scale})"

    @property
    def wide(self) -> bool:
        """Whether the bulk of the reference has any width."""
        return self.cuts.scale > 0


def count_numbers(
    opened: Any, plan: Plan, rows: int
) -> tuple[dict[str, NumberTally], dict[float, RatioSums], RatioSums]:
    """Tallies of the number columns, and the sums by record over all of them.

    Parameters
    ----------
    opened : connection
        That knows the table ``shard``.
    plan : Plan
        What to count.
    rows : int
        Records of the shard.

    Returns
    -------
    tuple
        Tallies by column; sums of the values in the tails by record, by level; and sums of the
        deviations by record.
    """
    names = plan.of(*NUMERIC)
    nothing = RatioSums(rows, 0.0, 0.0, 0.0, 0.0, 0.0)
    if not names:
        return {}, dict.fromkeys(LEVELS, nothing), nothing
    columns = [_Column(plan.place(name), plan.cuts[name]) for name in names]
    inner, scores = _scores(columns)
    asked = [query for i, column in enumerate(columns) for query in _aggregates(i, column)]
    each = len(asked) // len(names)
    for y, d in scores:
        asked += [f"sum({y})", f"sum({d})", f"sum({y}*{y})", f"sum({y}*{d})", f"sum({d}*{d})"]
    found = opened.execute(
        f"SELECT {', '.join(asked)} FROM (SELECT *, {_joint(columns)} FROM "
        f"(SELECT {', '.join(inner)} FROM shard))"
    ).fetchall()[0]
    tallies = {
        name: _tally(opened, found[i * each : (i + 1) * each], rows, columns[i])
        for i, name in enumerate(names)
    }
    rest = found[each * len(names) :]
    sums = [
        RatioSums(rows, *(float(x or 0.0) for x in rest[5 * i : 5 * i + 5]))
        for i in range(len(scores))
    ]
    return tallies, dict(zip(LEVELS, sums, strict=False)), sums[-1]


def _scores(columns: Sequence[_Column]) -> tuple[list[str], list[tuple[str, str]]]:
    """Terms of each column by record, and the names of the scores and weights of a record."""
    terms = []
    for i, column in enumerate(columns):
        terms += [column.place, f"{column.away} AS a{i}"]
        terms += [
            f"CAST({column.beyond(level)} AS TINYINT) AS t{i}_{j}" for j, level in enumerate(LEVELS)
        ]
        terms.append(f"{column.bulk} AS b{i}" if column.wide else f"NULL::DOUBLE AS b{i}")
    scores = [(f"y{j}", "d") for j in range(len(LEVELS))]
    return terms, [*scores, ("yb", "db")]


def _joint(columns: Sequence[_Column]) -> str:
    """Scores and weights of a record: sums over its columns."""
    spans, wide = range(len(columns)), [i for i, column in enumerate(columns) if column.wide]
    counts = [
        f"{added([f'coalesce(t{i}_{j}, 0)::INTEGER' for i in spans])} AS y{j}"
        for j in range(len(LEVELS))
    ]
    there = added([f"({column.place} IS NOT NULL)::INTEGER" for column in columns])
    weights = added([f"({columns[i].place} IS NOT NULL)::INTEGER" for i in wide])
    bulk = added([f"coalesce(b{i}, 0.0::DOUBLE)" for i in wide]) if wide else "0.0::DOUBLE"
    return ", ".join([*counts, f"{there} AS d", f"{bulk} AS yb", f"{weights} AS db"])


def added(terms: Sequence[str]) -> str:
    """Sum of many terms, in a tree: the library reads no expression that is a thousand deep."""
    if len(terms) < 2:
        return terms[0] if terms else "0"
    half = len(terms) // 2
    return f"({added(terms[:half])} + {added(terms[half:])})"


def _aggregates(i: int, column: _Column) -> list[str]:
    """Aggregates of one column, in the order that `_tally` reads."""
    value = column.place
    return [
        f"count({value})", f"sum(a{i})", f"sum(a{i} * a{i})", f"min({value})", f"max({value})",
        f"sum(b{i})", f"sum(b{i} * b{i})", *(f"sum(t{i}_{j})" for j in range(len(LEVELS))),
    ]  # fmt: skip


def _tally(opened: Any, found: Sequence[Any], rows: int, column: _Column) -> NumberTally:
    n = int(found[0])
    beyond = {level: int(x or 0) for level, x in zip(LEVELS, found[7:], strict=True)}
    total, squares = (float(x or 0.0) for x in found[5:7])
    weight = float(n) if column.wide else 0.0
    bulk = RatioSums(n, total, weight, squares, total, weight)
    if not n:
        nan = float("nan")
        return NumberTally(0, rows, nan, nan, nan, nan, beyond, bulk)
    shift = float(found[1]) / n
    mean, about = column.cuts.median + shift, float(found[2])
    if n * shift**2 > 0.5 * about:  # far from the median: digits would cancel
        (about,) = opened.execute(
            f"SELECT sum(a * a) FROM (SELECT {column.place} - {_double(mean)} AS a FROM shard)"
        ).fetchall()[0]
        shift = 0.0
    least, greatest = float(found[3]), float(found[4])
    variance = max(float(about) - n * shift**2, 0.0) / (n - 1) if n > 1 else float("nan")
    if least == greatest:
        mean, variance = least, 0.0 if n > 1 else variance
    return NumberTally(n, rows - n, mean, variance, least, greatest, beyond, bulk)
