"""Change of dependence between columns of categories: joint laws of all pairs of columns.

The distance of two samples of one joint law is never 0, and the rarer the combinations, the more of
it is chance: each distance stands beside its expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import Blocks, checked_draws, deal
from modelcollapse.metrics.dependence import Pairs
from modelcollapse.metrics.neighbours._reading import _probability as probability
from modelcollapse.metrics.share_comparison import adjusted_p
from modelcollapse.metrics.signal import Signal
from modelcollapse.metrics.subgroups import label_counts

Indices = NDArray[np.intp]

_HELD = 1 << 22  # numbers held at once


@dataclass(frozen=True)
class AssociationChange:
    """What `association_change` found.

    Attributes
    ----------
    mean : Signal
        Mean total variation distance of the joint laws of all pairs; grows with any change.
    pairs : Pairs
        Pairs of columns, by falling excess of the distance over its expectation.
    """

    mean: Signal
    pairs: Pairs


def association_change(
    new: Sequence[ArrayLike],
    reference: Sequence[ArrayLike],
    *,
    rng: Generator,
    draws: int = 199,
    confidence: float = 0.95,
) -> AssociationChange:
    """Total variation distances of the joint laws of pairs of categories, beside expectations.

    Parameters
    ----------
    new : sequence of array_like, shape (n,) each
        The new records' labels, column by column.
    reference : sequence of array_like, shape (m,) each
        The real records' labels.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 199
        Exchanges that the null law is read from.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    AssociationChange
        The mean over pairs, and all pairs. A change of a marginal law is a change of all pairs
        with the column.

    Raises
    ------
    InputError
        If the columns are not as many on both sides or fewer than two, or not of one length,
        labels cannot be sorted, a side has fewer than two records, or there are fewer than 99
        draws.

    Notes
    -----
    The expectation is exact, at any sparseness: that of an exchange of the records, given what both
    sides hold together (mean deviation of the hypergeometric law, Diaconis and Zabell 1991). p by
    exchange of random blocks of records, which keeps the dependence of pairs on each other.
    Error of the linear part. Cost O((n + m) d^2).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = rng.integers(0, 4, size=(2, 400))
    >>> found = association_change([x, x], [x, y], rng=rng)
    >>> found.mean.p < 0.01
    True
    """
    z, draws = quantile_of(confidence), checked_draws(draws)
    codes, sizes, n = _coded(new, reference)
    total = codes.shape[1]
    m = total - n
    blocks = deal(n, m, rng=rng, most=400)
    exchanges = blocks.exchanged(draws, rng=rng)
    is_new = np.arange(total) < n
    first, second = np.triu_indices(len(codes), 1)
    values, expected, p = (np.empty(first.size) for _ in range(3))
    mean_null, influence = np.zeros(draws), np.zeros(total)
    for at, (i, j) in enumerate(zip(first, second, strict=True)):
        states, code = _joint(codes[i], codes[j], int(sizes[i] * sizes[j]))
        pooled = np.bincount(code, minlength=states).astype(np.float64)
        own = np.bincount(code[:n], minlength=states)
        gap = own / n - (pooled - own) / m
        values[at] = np.abs(gap).sum() / 2
        expected[at] = _expected(pooled, n, m)
        null = _by_chance(code, pooled, (n, m), blocks, exchanges)
        p[at] = probability(float(values[at]), null, "grows")
        mean_null += null
        influence += np.sign(gap)[code] / 2
    count = first.size
    variance = sum(
        float(influence[side].var(ddof=1)) / size for side, size in ((is_new, n), (~is_new, m))
    )
    error = float(variance**0.5) / count
    value = float(values.mean())
    signal = Signal(
        value, float(expected.mean()), error, max(value - z * error, 0.0), value + z * error,
        probability(value, mean_null / count, "grows"), "grows", n, m,
    )  # fmt: skip
    excess = values - expected
    order = np.argsort(-excess, kind="stable")
    pairs = Pairs(first[order], second[order], excess[order], adjusted_p(p)[order])
    return AssociationChange(signal, pairs)


def _coded(
    new: Sequence[ArrayLike], reference: Sequence[ArrayLike]
) -> tuple[Indices, Indices, int]:
    """Numbers of the labels, shape (columns, n + m), how many there are, and n."""
    sides = [[np.ravel(column) for column in side] for side in (new, reference)]
    lengths = [{column.size for column in side} for side in sides]
    if len(sides[0]) != len(sides[1]) or len(sides[0]) < 2 or max(map(len, lengths)) > 1:
        raise InputError(
            f"{len(sides[0])} and {len(sides[1])} columns, of {sorted(lengths[0])} and "
            f"{sorted(lengths[1])} records, have no pairs to compare: each side needs the same two "
            "columns or more, with one label for every record. Pass whole columns."
        )
    n, m = (length.pop() for length in lengths)
    if min(n, m) < 2:
        raise InputError(
            f"sets of {n} and {m} records cannot be compared: chance would decide. Give two or "
            "more on each side."
        )
    codes, sizes = [], []
    for a, b in zip(*sides, strict=True):
        labels = label_counts(a, b)[0]
        codes.append(np.searchsorted(labels, np.concatenate([a, b])))
        sizes.append(labels.size)
    return np.array(codes, dtype=np.intp), np.array(sizes, dtype=np.intp), n


def _joint(a: Indices, b: Indices, cells: int) -> tuple[int, Indices]:
    """Number of combinations, and that of each record."""
    code = a * (int(b.max()) + 1) + b
    if cells <= 4 * code.size:  # empty ones do no harm
        return cells, code
    met, code = np.unique(code, return_inverse=True)
    return met.size, np.asarray(code, dtype=np.intp)


def _by_chance(
    code: Indices, pooled: Floats, sizes: tuple[int, int], blocks: Blocks, exchanges: Floats
) -> Floats:
    """Distances after each exchange of blocks, from their counts of each state."""
    n, m = sizes
    of_records, height = blocks.of_records, blocks.sizes.size
    step = max(1, _HELD // max(exchanges.shape))
    null = np.zeros(len(exchanges))
    order = np.argsort(code, kind="stable") if step < pooled.size else np.arange(code.size)
    for begin in range(0, pooled.size, step):
        rest = pooled[begin : begin + step]
        if step < pooled.size:
            which = order[slice(*np.searchsorted(code[order], [begin, begin + rest.size]))]
        else:
            which = order
        cells = of_records[which] * rest.size + (code[which] - begin)
        table = np.bincount(cells, minlength=height * rest.size).reshape(height, -1)
        taken = exchanges @ table.astype(np.float64)
        null += np.abs(taken * (1 / n + 1 / m) - rest / m).sum(axis=1) / 2
    return null


def _expected(pooled: Floats, n: int, m: int) -> float:
    """Expected total variation distance, given what both sides hold together.

    The mean deviation of a hypergeometric count from its mean is ``2 k (m - u + k) / (n + m)``
    times the probability of k, the smallest count above the mean.
    """
    u, times = np.unique(pooled[pooled > 0], return_counts=True)
    k = np.floor(u * n / (n + m)) + 1
    possible = (k <= u) & (k <= n)
    u, times, k = u[possible], times[possible], k[possible]

    def choose(a: Floats | float, b: Floats | float) -> Floats:
        return np.asarray(gammaln(a + 1.0) - gammaln(b + 1.0) - gammaln(a - b + 1.0))

    chance = np.exp(choose(float(n), k) + choose(float(m), u - k) - choose(float(n + m), u))
    deviation = 2 * k * (m - u + k) / (n + m) * chance
    return float((times * deviation).sum()) * (1 / n + 1 / m) / 2
