"""Change of dependence between columns of numbers: correlation matrices of two sets of records.

A table can lose what its columns know of each other behind perfect marginal laws. The largest of
many differences and their norm are never 0 by chance: both stand beside what chance gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from modelcollapse.errors import InputError, suggestion
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import checked_draws, pair_of
from modelcollapse.metrics._estimates import undefined
from modelcollapse.metrics.neighbours._reading import _probability as probability
from modelcollapse.metrics.share_comparison import adjusted_p
from modelcollapse.metrics.signal import Signal

Indices = NDArray[np.intp]

_HELD = 1 << 22  # numbers held at once


class Pairs(NamedTuple):
    """Pairs of columns, the most changed ones first.

    Attributes
    ----------
    first, second : ndarray of int, shape (pairs,)
        Columns.
    change : ndarray, shape (pairs,)
        Correlation of the new records less that of the real ones; or total variation distance less
        its expectation.
    p : ndarray, shape (pairs,)
        Probability of a change as large by chance, corrected for the number of pairs (Holm).
    """

    first: Indices
    second: Indices
    change: Floats
    p: Floats


@dataclass(frozen=True)
class CorrelationChange:
    """What `correlation_change` found.

    Attributes
    ----------
    largest : Signal
        Largest absolute difference of a correlation; grows with any change.
    norm : Signal
        Frobenius norm of the difference of the matrices; grows with any change.
    pairs : Pairs
        Pairs of columns, by falling size of the difference.
    """

    largest: Signal
    norm: Signal
    pairs: Pairs


def correlation_change(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    rng: Generator,
    kind: Literal["spearman", "pearson"] = "spearman",
    draws: int = 499,
    confidence: float = 0.95,
) -> CorrelationChange:
    """Difference of two correlation matrices, beside what chance gives.

    Parameters
    ----------
    new : array_like, shape (n, d)
        New records as rows.
    reference : array_like, shape (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness.
    kind : {"spearman", "pearson"}, default "spearman"
        Correlation of ranks, which heavy tails leave alone, or of the numbers.
    draws : int, default 499
        Draws that the null law is read from.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    CorrelationChange
        The largest difference, the norm, and all pairs. A pair with a constant column on either
        side has no correlation and is left out; where none remains, the signals are NaN.

    Raises
    ------
    InputError
        If a set has fewer than four records or gaps, the columns differ in number or are fewer
        than two, the kind is unknown, or there are fewer than 99 draws.

    Notes
    -----
    Null law by multipliers: each record's influence on each correlation (for ranks with that of the
    estimated marginal laws, as in Kojadinovic and Holmes 2009) times a random normal weight. It
    asks for equal *correlations*, whatever happens to the marginal laws. Approximate below a
    hundred records, and for Pearson's where fourth moments do not exist. The error of the norm is
    that of the linear part, for a true difference. Cost O((n + m) d^2 draws).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = rng.normal(size=(2, 500))
    >>> found = correlation_change(np.c_[x, y], np.c_[x, x + y], rng=rng)
    >>> found.largest.p < 0.001, bool(found.pairs.change[0] < -0.5)
    (True, True)
    """
    if kind not in ("spearman", "pearson"):
        raise InputError(
            f"there is no correlation {kind!r}. {suggestion(str(kind), ('spearman', 'pearson'))}"
        )
    z, draws = quantile_of(confidence), checked_draws(draws)
    sides = pair_of(new, reference, 4)
    n, m = (len(side) for side in sides)
    d = sides[0].shape[1]
    if d < 2:
        raise InputError("one column depends on nothing. Give records of two or more columns.")
    scores = [_columns(side, kind) for side in sides]
    weights = [rng.standard_normal((draws, len(side))) for side in sides]
    first, second, change, spread, largest = ([] for _ in range(5))
    squares = np.zeros(draws)
    for i, js in _pair_runs(d, n + m):
        parts = [_influence(side, i, js) for side in scores]
        defined = np.isfinite(parts[0][0]) & np.isfinite(parts[1][0])
        if not defined.any():
            continue
        (a, by_new), (b, by_real) = ((r[defined], by[defined]) for r, by in parts)
        by_chance = weights[0] @ by_new.T / n - weights[1] @ by_real.T / m
        largest.append(np.abs(by_chance).max(axis=1))
        squares += np.square(by_chance).sum(axis=1)
        first.append(np.full(defined.sum(), i))
        second.append(js[defined])
        change.append(a - b)
        spread.append(np.square(by_new).sum(1) / n**2 + np.square(by_real).sum(1) / m**2)
    if not change:
        nothing = undefined("grows", (n, m))
        none = np.empty(0)
        return CorrelationChange(
            nothing, nothing, Pairs(none.astype(np.intp), none.astype(np.intp), none, none)
        )
    errors, changes = np.sqrt(np.concatenate(spread)), np.concatenate(change)
    size = np.abs(changes)
    order = np.argsort(-size, kind="stable")
    with np.errstate(divide="ignore", invalid="ignore"):
        each = adjusted_p(np.where(size > 0, 2 * ndtr(-size / errors), 1.0))
    pairs = Pairs(
        np.concatenate(first)[order], np.concatenate(second)[order], changes[order], each[order]
    )

    norm = float(np.sqrt(2 * np.square(pairs.change).sum()))
    # slope of the norm: difference over norm, both triangles of the matrix
    slope = np.zeros((d, d))
    if norm > 0:
        slope[pairs.first, pairs.second] = 2 * pairs.change / norm
    variance = 0.0
    for side in scores:
        along = np.zeros(side[0].scores.size)
        for i, js in _pair_runs(d, n + m):
            used = js[slope[i, js] != 0]
            if used.size:
                along += slope[i, used] @ _influence(side, i, used)[1]
        variance += float(np.square(along).sum()) / along.size**2
    chances = np.max(largest, axis=0), np.sqrt(2 * squares)
    signals = [
        Signal(
            value, float(chance.mean()), error, max(value - z * error, 0.0), value + z * error,
            probability(value, chance, "grows"), "grows", n, m,
        )
        for value, chance, error in (
            (float(size.max()), chances[0], float(errors[order[0]])),
            (norm, chances[1], variance**0.5),
        )
    ]  # fmt: skip
    return CorrelationChange(signals[0], signals[1], pairs)


class _Column(NamedTuple):
    """A column of one set: standardised scores, influence on their variance, and runs of ties."""

    scores: Floats
    on_variance: Floats
    order: Indices
    begins: Indices
    run: Indices
    slope: float

    def above(self, other: Floats) -> Floats:
        """Influence of each record on the mean product with other scores through the ranks.

        Each record raises the rank of those above it, and by half of those beside it.
        """
        if not self.slope:
            return np.zeros_like(other)
        inside = np.add.reduceat(other[self.order], self.begins)
        beyond = inside[::-1].cumsum()[::-1] - inside / 2
        out = np.empty_like(other)
        out[self.order] = beyond[self.run] * (self.slope / other.size)
        return out


def _columns(X: Floats, kind: str) -> list[_Column]:
    columns = []
    for x in X.T:
        n = x.size
        order = np.argsort(x, kind="stable")
        ordered = x[order]
        new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        begins, run = np.flatnonzero(new), np.cumsum(new) - 1
        if kind == "spearman":
            x = np.empty(n)
            x[order] = ((begins + np.append(begins[1:], n) - 1) / 2)[run]
        # less a record first: a constant becomes exactly 0
        centred = x - x[0]
        centred = centred - centred.mean()
        scale = float(np.sqrt(np.square(centred).mean())) or np.nan
        slope = n / scale if kind == "spearman" else 0.0
        column = _Column(centred / scale, np.empty(0), order, begins, run, slope)
        on_variance = np.square(column.scores) + 2 * column.above(column.scores)
        columns.append(column._replace(on_variance=on_variance))
    return columns


def _pair_runs(d: int, records: int) -> Iterator[tuple[int, Indices]]:
    """Pairs of columns: one column and some of those after it, of bounded size."""
    step = max(1, _HELD // records)
    for i in range(d - 1):
        for j in range(i + 1, d, step):
            yield i, np.arange(j, min(j + step, d))


def _influence(columns: list[_Column], i: int, js: Indices) -> tuple[Floats, Floats]:
    """Correlations of one column with others, and each record's influence on them, by row.

    Textbook: ``u v - r (u^2 + v^2) / 2`` with standardised scores u, v. Ranks are estimated from
    all records, so that each record moves those of the others as well.
    """
    one, n = columns[i], columns[i].scores.size
    r, by = np.empty(js.size), np.empty((js.size, n))
    for at, j in enumerate(js):
        other = columns[j]
        u, v = one.scores, other.scores
        r[at] = u @ v / n
        by[at] = u * v + one.above(v) + other.above(u)
        by[at] -= r[at] / 2 * (one.on_variance + other.on_variance)
    by -= by.mean(axis=1)[:, None]
    return r, by * np.sqrt(n / (n - 1))
