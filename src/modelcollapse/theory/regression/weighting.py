"""Weighted fits to fresh real and to synthetic records.

Each round weighs an estimate from new real records against one from records of the newest model.
Generation 0 is fitted to real records alone, and errors are in units of its own. Pooling weighs
records equally, which is not the best: synthetic ones deserve less than their number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import follow

_HOLDS = (
    "a mean, or least squares to leading order in d / n; new real records and new synthetic ones "
    "in each generation"
)


def share(weight: ArrayLike) -> Values:
    """Weights above 0 and up to 1."""
    array = np.asarray(weight, dtype=np.float64)
    if not np.all((array > 0) & (array <= 1)):
        raise InputError(
            f"weight must be above 0 and at most 1, got {weight!r}: it is the share of the real "
            "records in the fit, and without any the error never settles. Use a number between, "
            "or replace_error for none."
        )
    return array


def ratio(n_real: ArrayLike, n_synthetic: ArrayLike) -> Values:
    """Real records per synthetic one."""
    return values(positive(n_real, "n_real") / positive(n_synthetic, "n_synthetic"))


def relaxed(
    generations: ArrayLike, start: Values | float, rate: Values, added: Values | float
) -> Values:
    """A quantity that each generation multiplies by a rate and adds to."""
    start, rate, added = np.broadcast_arrays(start, rate, added)
    return follow(generations, (start,), lambda _, state: (rate * state[0] + added,))[0]


@formula(kind="exact", source="he2025", where="recursion of the error, derived", holds=_HOLDS)
def weighted_error(
    generations: ArrayLike, weight: ArrayLike, n_real: ArrayLike, n_synthetic: ArrayLike
) -> Values:
    """Expected squared error of a weighted fit over that of the real records alone.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real records alone.
    weight : float or array of float
        Weight of the real records' estimate, above 0 and at most 1; the rest goes to the
        synthetic records' one.
    n_real, n_synthetic : int or array of int
        New records of each kind per generation. Only their ratio matters.

    Returns
    -------
    ndarray
        Dimensionless; below 1 where the synthetic records help. Times ``variance / n_real`` it is
        the squared error of a mean, times ``noise^2 d / n_real`` that of least squares.

    Raises
    ------
    InputError
        If a weight is not in (0, 1], a number of records not positive or a generation negative.

    Notes
    -----
    Exact for a mean, and up to the order d / n for least squares.

    References
    ----------
    he2025, weighted estimation; recursion derived here.

    Examples
    --------
    >>> weighted_error([0, 1, 2, 3], 0.5, 100, 100).round(6)
    array([1.      , 0.75    , 0.6875  , 0.671875])
    """
    w, k = share(weight), ratio(n_real, n_synthetic)
    return relaxed(generations, 1.0, (1 - w) ** 2, w**2 + k * (1 - w) ** 2)


@formula(
    kind="exact",
    source="he2025",
    where="limit of generations",
    holds=_HOLDS + ", many generations",
)
def weighted_error_limit(weight: ArrayLike, n_real: ArrayLike, n_synthetic: ArrayLike) -> Values:
    """Squared error that weighted fits tend to, over that of the real records alone.

    Parameters
    ----------
    weight : float or array of float
        Weight of the real records' estimate, above 0 and at most 1.
    n_real, n_synthetic : int or array of int
        New records of each kind per generation. Only their ratio matters.

    Returns
    -------
    ndarray
        Dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If a weight is not in (0, 1] or a number of records not positive.

    Notes
    -----
    ``(w^2 + k (1 - w)^2) / (w (2 - w))`` with k real records per synthetic one.

    References
    ----------
    he2025, weighted estimation.

    Examples
    --------
    >>> round(float(weighted_error_limit(0.4, 100, 100)), 6)
    0.8125
    """
    w, k = share(weight), ratio(n_real, n_synthetic)
    return values((w**2 + k * (1 - w) ** 2) / (w * (2 - w)))


@formula(kind="exact", source="he2025", where="optimal weight", holds=_HOLDS)
def optimal_weight(n_real: ArrayLike, n_synthetic: ArrayLike) -> Values:
    """Weight of the real records with the least error after many generations.

    Parameters
    ----------
    n_real, n_synthetic : int or array of int
        New records of each kind per generation. Only their ratio matters.

    Returns
    -------
    ndarray
        Between 0 and 1; the inverse of the golden ratio where the numbers are equal. It is also
        the error that it leads to, in units of that of the real records alone.

    Raises
    ------
    InputError
        If a number of records is not positive.

    Notes
    -----
    ``(sqrt(k^2 + 4 k) - k) / 2`` with k real records per synthetic one.

    References
    ----------
    he2025, golden ratio weighting.

    Examples
    --------
    >>> optimal_weight([100, 10, 200], 100).round(10)
    array([0.61803399, 0.27015621, 0.73205081])
    """
    k = ratio(n_real, n_synthetic)
    return values(2 / (1 + np.sqrt(1 + 4 / k)))


@formula(
    kind="exact",
    source="he2025",
    where="equal weights",
    holds=_HOLDS + ", many generations",
)
def pooled_error_limit(n_real: ArrayLike, n_synthetic: ArrayLike) -> Values:
    """Squared error that fits to all records of a round tend to, over that of the real ones alone.

    Parameters
    ----------
    n_real, n_synthetic : int or array of int
        New records of each kind per generation. Only their ratio matters.

    Returns
    -------
    ndarray
        Between 1/2 and 1; inputs broadcast.

    Raises
    ------
    InputError
        If a number of records is not positive.

    Notes
    -----
    ``(1 + k) / (2 + k)`` with k real records per synthetic one: however many there are, pooled
    synthetic records at best halve the error, and `optimal_weight` does better.

    References
    ----------
    he2025, comparison with equal weights; closed form derived here.

    Examples
    --------
    >>> round(float(pooled_error_limit(10, 100)), 10)
    0.5238095238
    """
    k = ratio(n_real, n_synthetic)
    return values((1 + k) / (2 + k))


def _spread(
    weight: ArrayLike, n_real: ArrayLike, n_synthetic: ArrayLike
) -> tuple[Values, Values, Values]:
    """Variance at generation 0, and rate and noise of its recursion."""
    w = share(weight)
    start = 2 / (records(n_real, ddof=1, name="n_real") - 1)
    drawn = 2 / (records(n_synthetic, ddof=1, name="n_synthetic") - 1)
    other = (1 - w) ** 2
    return start, values(other * (1 + drawn)), values(w**2 * start + other * drawn)


_VARIANCE = (
    "unbiased variance of Gaussian records in one dimension, new real records and new synthetic "
    "ones in each generation"
)


@formula(kind="exact", source="modelcollapse", where="recursion of the variance", holds=_VARIANCE)
def weighted_variance_error(
    generations: ArrayLike, weight: ArrayLike, n_real: ArrayLike, n_synthetic: ArrayLike
) -> Values:
    """Expected squared relative error of a weighted estimate of a variance.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real records alone.
    weight : float or array of float
        Weight of the real records' estimate, above 0 and at most 1.
    n_real, n_synthetic : int or array of int
        New records of each kind per generation, at least 2.

    Returns
    -------
    ndarray
        In units of the squared true variance; inputs broadcast.

    Raises
    ------
    InputError
        If a weight is not in (0, 1], a number of records below 2 or a generation negative.

    Notes
    -----
    Exact. The estimate is unbiased, so that this is its variance. It grows without limit where
    ``(1 - weight)^2 (n_synthetic + 1) / (n_synthetic - 1)`` is 1 or more.

    References
    ----------
    he2025 (the set-up); recursion derived here.

    Examples
    --------
    >>> weighted_variance_error([0, 200], 0.4, 100, 100).round(5)
    array([0.0202, 0.0166])
    """
    return relaxed(generations, *_spread(weight, n_real, n_synthetic))


@formula(
    kind="exact",
    source="modelcollapse",
    where="fixed point",
    holds=_VARIANCE + ", many generations",
)
def weighted_variance_error_limit(
    weight: ArrayLike, n_real: ArrayLike, n_synthetic: ArrayLike
) -> Values:
    """Squared relative error that weighted estimates of a variance tend to.

    Parameters
    ----------
    weight : float or array of float
        Weight of the real records' estimate, above 0 and at most 1.
    n_real, n_synthetic : int or array of int
        New records of each kind per generation, at least 2.

    Returns
    -------
    ndarray
        In units of the squared true variance; infinity where it grows without limit.

    Raises
    ------
    InputError
        If a weight is not in (0, 1] or a number of records below 2.

    Notes
    -----
    Exact.

    References
    ----------
    he2025 (the set-up); value derived here.
    """
    _, rate, added = _spread(weight, n_real, n_synthetic)
    return values(np.where(rate < 1, added / np.where(rate < 1, 1 - rate, 1.0), np.inf))
