"""Diversity of discrete records: how many states there are, and how evenly they are used.

Measures of a *law* take probabilities; measures of *counts* estimate the law's value from a sample
and are corrected for its size. Collapse lowers all of them. Hill numbers of low order weigh rare
states and fall first, those of high order weigh common ones and fall last, so that a profile over
the order tells early from late collapse.

Leading axes are replicates; `starts` marks replicates in ragged form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, entr

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import (
    Floats,
    counts_and_size,
    largest,
    law,
    plain,
    sizes,
    spread,
    total,
)
from modelcollapse.protocols import Reading


def _defined(value: Floats, where: ArrayLike) -> Reading:
    return plain(np.where(where, value, np.nan))


def support(p: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Number of states that have any mass (for counts: observed richness).

    Parameters
    ----------
    p : array_like, shape (..., states)
        Probabilities or counts.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        Number of states, 0 or larger; falls under collapse.

    Raises
    ------
    InputError
        If `starts` does not fit.

    Notes
    -----
    Exact for a law. For counts it depends on the number of records and is biased low: compare
    samples of different size by `modelcollapse.metrics.rarefaction.rarefied_richness`.

    Examples
    --------
    >>> float(support([0.5, 0.5, 0.0]))
    2.0
    """
    return plain(total(np.atleast_1d(np.asarray(p)) > 0, starts))


def entropy(p: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Shannon entropy of a discrete law.

    Parameters
    ----------
    p : array_like, shape (..., states)
        Probabilities.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        In nats, from 0 (one state) to the logarithm of the number of states; falls under collapse.

    Raises
    ------
    InputError
        If a replicate's probabilities are negative or do not sum to 1.

    Notes
    -----
    Textbook, exact for a law. With shares of `n` records in place of the law it is biased low by
    about ``(states - 1) / (2 n)``; use `chao_wang_jost_entropy` on the counts instead.

    Examples
    --------
    >>> round(float(entropy([0.5, 0.5])), 6)
    0.693147
    """
    array, held = law(p, starts)
    return _defined(total(entr(array), starts), held)


def hill_number(p: ArrayLike, order: float, *, starts: ArrayLike | None = None) -> Reading:
    """Hill number: effective number of states.

    Parameters
    ----------
    p : array_like, shape (..., states)
        Probabilities.
    order : float
        Weight of common states, 0 or larger, infinity allowed: 0 counts the states, 1 is the
        exponential of the entropy, 2 the inverse of the sum of squares, infinity the inverse of
        the largest probability.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 1 to the number of states, falling in `order`; falls under collapse, at low orders
        first.

    Raises
    ------
    InputError
        If the order is negative or the probabilities are not a law.

    Notes
    -----
    Hill (1973). Exact for a law; biased low with shares of few records in place of the law, most
    of all at low orders.

    Examples
    --------
    >>> [float(hill_number([0.25] * 4, order)) for order in (0, 1, 2)]
    [4.0, 4.0, 4.0]
    """
    if not order >= 0:
        raise InputError(
            f"the order of a Hill number must be 0 or larger, got {order!r}: a negative one would "
            "be ruled by the rarest state alone. Use 0, 1 or 2."
        )
    array, held = law(p, starts)
    if order == 0:
        return _defined(total(array > 0, starts), held)
    if order == 1:
        return _defined(np.exp(total(entr(array), starts)), held)
    if np.isinf(order):
        peak = largest(array, starts)
        return _defined(1 / np.where(peak > 0, peak, 1), held)
    # Relative to the sum of p, which is 1: keeps its digits near order 1.
    terms = array * np.expm1((order - 1) * np.log(np.where(array > 0, array, 1.0)))
    return _defined(np.exp(np.log1p(total(terms, starts)) / (1 - order)), held)


def heterozygosity(p: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Probability that two records are of different states: one minus the sum of squares.

    Parameters
    ----------
    p : array_like, shape (..., states)
        Probabilities.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 (one state) to below 1; falls under collapse. It is the total variance of the
        records in one-hot form, hence the *spread* of categorical data.

    Raises
    ------
    InputError
        If a replicate's probabilities are negative or do not sum to 1.

    Notes
    -----
    Textbook (ewens2004), also Gini-Simpson index. Pure resampling of `n` records multiplies its
    expectation by ``1 - 1/n`` in each generation. Rare states hardly count in it.

    Examples
    --------
    >>> float(heterozygosity([0.5, 0.5]))
    0.5
    """
    array, held = law(p, starts)
    return _defined(1 - total(np.square(array), starts), held)


def unbiased_heterozygosity(counts: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Heterozygosity of the law behind a sample, without bias at any size.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1; NaN for fewer than two records; falls under collapse.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Textbook: one minus the sum of ``c (c - 1) / (n (n - 1))``, the share of pairs of distinct
    records that differ. The plug-in value is too low by the factor ``1 - 1/n``.

    Examples
    --------
    >>> float(unbiased_heterozygosity([1, 1]))
    1.0
    """
    array, n = counts_and_size(counts, starts)
    c = array.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _defined(1 - total(c * (c - 1), starts) / (n * (n - 1)), n > 1)


def chao_wang_jost_entropy(counts: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Shannon entropy of the law behind a sample, corrected for the states it did not meet.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        In nats, 0 or larger; NaN without records; falls under collapse.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Chao, Wang and Jost (2013). Bias far below that of the plug-in value (for Zipf laws, a tenth
    of it), still low for heavy tails. The published tail term cancels catastrophically for large
    samples; its equal ``(f1/n) sum over k of r^(k+1) / (n + k)`` is the integral of
    ``r t^(n-1) / (1 - r t)`` over t from 0 to 1, taken here by the trapezoidal rule in a variable
    in which that rule is exact to rounding.

    Examples
    --------
    >>> float(chao_wang_jost_entropy([40, 0]))
    0.0
    """
    array, n = counts_and_size(counts, starts)
    c = array.astype(np.float64)
    each = spread(n, array.shape[-1], starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.where(c > 0, c / each * (digamma(each) - digamma(np.maximum(c, 1))), 0.0)
        f1, f2 = sizes(array, 1, starts), sizes(array, 2, starts)
        A = np.where(f2 > 0, 2 * f2 / ((n - 1) * f1 + 2 * f2), 2 / ((n - 1) * (f1 - 1) + 2))
        unseen = np.where((f1 > 0) & (A < 1), f1 / n * _series(A, n), 0.0)
    return _defined(total(seen, starts) + unseen, n > 0)


def _series(A: Floats, n: Floats) -> Floats:
    """Sum over k from 0 of ``(1 - A)^(k+1) / (n + k)``, for any A above 0."""
    # t = exp(-exp(v) / n): the integrand falls off doubly exponentially on the right and
    # exponentially on the left, where it is negligible below log(n A) - 40.
    step = 0.2
    v = np.arange(-70.0, 4.0, step)
    u = np.exp(v)
    A, n = A[..., None], n[..., None]
    integrand = np.exp(v - u) / (A - (1 - A) * np.expm1(-u / n))
    return np.asarray(((1 - A) / n)[..., 0] * integrand.sum(axis=-1) * step)
