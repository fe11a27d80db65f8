"""Distance of counted laws, with what it would be if nothing had changed.

A distance between two samples of one law is never 0: of columns with many categories, and of pairs
of columns, most of it is chance. Every distance here stands beside its expectation for these sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, floats, plain
from modelcollapse.metrics._estimates import Side, Spread, sides, signal
from modelcollapse.metrics._exchange import Chance, Terms, exchanged, upper_tail
from modelcollapse.metrics.jackknife import record_jackknife_variance
from modelcollapse.metrics.signal import Signal
from modelcollapse.metrics.subgroups import label_counts
from modelcollapse.protocols import Reading

_EXACT = 400  # states up to which all pairs of them are looked at


def expected_total_variation(p: ArrayLike, n: int, m: int) -> Reading:
    """Expected total variation distance of two samples of one law, for a known law.

    Parameters
    ----------
    p : array_like, shape (..., states)
        Probabilities.
    n, m : int
        Records of the two samples.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 upwards.

    Raises
    ------
    InputError
        If a sample is empty.

    Notes
    -----
    Half the sum of ``sqrt(2/pi p (1 - p) (1/n + 1/m))``, as in mostlyai-qa: normal approximation,
    too high for states of less than a few expected records. `total_variation_signal` does not
    need it.

    Examples
    --------
    >>> round(float(expected_total_variation([0.5, 0.3, 0.12, 0.05, 0.02, 0.01], 100, 60)), 6)
    0.113399
    """
    if n < 1 or m < 1:
        raise InputError(f"samples of {n} and {m} records have no shares. Give records.")
    law = floats(p)
    return plain(np.sqrt(2 / np.pi * law * (1 - law) * (1 / n + 1 / m)).sum(axis=-1) / 2)


def total_variation_signal(
    counts: ArrayLike, reference_counts: ArrayLike, *, confidence: float = 0.95
) -> Signal:
    """Total variation distance of two lists of counts, beside its expectation.

    Parameters
    ----------
    counts : array_like of int, shape (states,)
        New records in each state: categories of a column, of a pair of columns (`joint_counts`),
        or reference clusters.
    reference_counts : array_like of int, shape (states,)
        Real records in each state.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 to 1; grows with any change, whether collapse or not. The excess is
        ``value - expected``; the interval is that of the distance seen, chance included.

    Raises
    ------
    InputError
        If a side holds fewer than two records or the states differ.

    Notes
    -----
    Half the sum of absolute differences of shares. Expectation and p come from exchange of the
    records given what both sides hold together, which is exact in the mean at any sparseness;
    p by three moments (exactly for two states). Error by a jackknife over records, which
    must be independent.

    Examples
    --------
    >>> reading = total_variation_signal([45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1])
    >>> round(reading.value, 6), reading.expected < 0.12
    (0.25, True)
    """
    new, reference = sides(counts, reference_counts)

    def terms(s: Floats, c: Floats) -> Floats:
        return np.abs(s / new.n - c / reference.n) / 2

    side_of = np.sign(new.counts / new.n - reference.counts / reference.n) / 2
    errors = [record_jackknife_variance(part.counts, side_of / part.n) for part in (new, reference)]
    chance = _with_pairs(
        new, reference, exchanged(_pool(new, reference), new.n, reference.n, terms)
    )
    return _distance(new, reference, terms, chance, sum(errors), confidence)


def jensen_shannon_signal(
    counts: ArrayLike, reference_counts: ArrayLike, *, confidence: float = 0.95
) -> Signal:
    """Jensen-Shannon divergence of two lists of counts, beside its expectation.

    Parameters
    ----------
    counts : array_like of int, shape (states,)
        New records in each state.
    reference_counts : array_like of int, shape (states,)
        Real records in each state.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        In nats, from 0 to log 2; grows with any change. Divide by log 2 for bits.

    Raises
    ------
    InputError
        If a side holds fewer than two records or the states differ.

    Notes
    -----
    Lin (1991), plug-in. Expectation and p as in `total_variation_signal`. Weighs rare states more.

    Examples
    --------
    >>> reading = jensen_shannon_signal([45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1])
    >>> round(reading.value / math.log(2), 6)
    0.07613
    """
    new, reference = sides(counts, reference_counts)

    def terms(s: Floats, c: Floats) -> Floats:
        a, b = s / new.n, c / reference.n
        return (rel_entr(a, (a + b) / 2) + rel_entr(b, (a + b) / 2)) / 2

    a, b = new.counts / new.n, reference.counts / reference.n
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = [
            np.where(own > 0, np.log(own / ((a + b) / 2)) / 2, 0.0) / part.n
            for own, part in ((a, new), (b, reference))
        ]
    errors = [
        record_jackknife_variance(part.counts, slope)
        for part, slope in zip((new, reference), slopes, strict=True)
    ]
    chance = exchanged(_pool(new, reference), new.n, reference.n, terms)
    share = _pool(new, reference) / (new.n + reference.n)
    # squares of counts with a fixed sum: 2 p q for each pair of states, in units of the expectation
    unit = (1 / new.n + 1 / reference.n) / 8
    more = 2 * unit**2 * (1 - float((share**2).sum()))
    return _distance(
        new, reference, terms, chance._replace(variance=chance.variance + more), sum(errors),
        confidence,
    )  # fmt: skip


def _pool(new: Side, reference: Side) -> NDArray[np.int64]:
    return np.asarray(new.counts + reference.counts, dtype=np.int64)


def _distance(
    new: Side, reference: Side, terms: Terms, chance: Chance, variance: float, confidence: float
) -> Signal:
    value = float(terms(new.counts.astype(np.float64), reference.counts.astype(np.float64)).sum())
    found = signal(
        value, chance.mean, Spread(variance, math.inf), "grows", (new.n, reference.n), confidence
    )
    pool = _pool(new, reference)
    if np.count_nonzero(pool) == 2:  # one number decides, and its law is known
        u = float(pool[pool > 0].min())

        def further(s: Floats, c: Floats) -> Floats:
            other = terms(new.n - s, reference.n - c)
            return np.asarray(terms(s, c) + other >= value - 1e-12, dtype=np.float64)

        p = exchanged(np.array([u]), new.n, reference.n, further).mean
    else:
        p = upper_tail(value, chance)
    return replace(found, low=max(found.low, 0.0), p=p)


def _with_pairs(new: Side, reference: Side, chance: Chance) -> Chance:
    """Covariance of absolute differences of different states, normal but for its linear part."""
    p = _pool(new, reference) / (new.n + reference.n)
    p = p[(p > 0) & (p < 1)]
    sd = np.sqrt(p * (1 - p) * (1 / new.n + 1 / reference.n))
    if p.size <= _EXACT:
        odds = np.sqrt(p / (1 - p))
        r = np.minimum(np.outer(odds, odds), 1.0)
        each = np.sqrt(1 - r * r) + r * np.arcsin(r) - 1
        np.fill_diagonal(each, 0.0)
        more = 2 / np.pi * float(sd @ each @ sd)
    else:  # r^2 / 2 in place of the bracket, which separates
        a = sd * p / (1 - p)
        more = float(a.sum() ** 2 - (a**2).sum()) / np.pi
    return chance._replace(variance=chance.variance + more / 4)


def joint_counts(
    columns: Sequence[ArrayLike], reference_columns: Sequence[ArrayLike]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count combinations of labels of several columns, over the combinations met on either side.

    Parameters
    ----------
    columns : sequence of array_like, shape (n,) each
        The new records' labels, column by column.
    reference_columns : sequence of array_like, shape (m,) each
        The real records' labels.

    Returns
    -------
    counts : ndarray of int, shape (combinations,)
        New records of each combination, sorted by the first column's labels, then the second's.
    reference_counts : ndarray of int, shape (combinations,)
        Real records likewise.

    Raises
    ------
    InputError
        If the columns are not as many, or not of one length, or their labels cannot be sorted.

    Examples
    --------
    >>> [part.tolist() for part in joint_counts([["a", "a"], [0, 1]], [["a", "b"], [0, 0]])]
    [[1, 1, 0], [1, 0, 1]]
    """
    first, second = ([np.ravel(column) for column in side] for side in (columns, reference_columns))
    n, m = ({column.size for column in side} for side in (first, second))
    if not first or len(first) != len(second) or len(n) > 1 or len(m) > 1:
        raise InputError(
            f"{len(first)} and {len(second)} columns, of {sorted(n)} and {sorted(m)} records, "
            "cannot be combined: each side needs the same columns, and each column one label for "
            "every record. Pass whole columns."
        )
    code = np.zeros(n.pop() + m.pop(), dtype=np.intp)
    for new, reference in zip(first, second, strict=True):
        labels = label_counts(new, reference)[0]
        each = np.searchsorted(labels, np.concatenate([new, reference]))
        # numbered anew for each column, so that no product of sizes overflows
        _, code = np.unique(code * labels.size + each, return_inverse=True)
    many = int(code.max(initial=-1)) + 1
    size = first[0].size
    return np.bincount(code[:size], minlength=many), np.bincount(code[size:], minlength=many)
