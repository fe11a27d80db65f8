"""Accumulation with a budget: each model is fitted to a random subset of all records so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, divisor, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow

_HOLDS = (
    "Gaussian truth, each model is fitted to a random subset, without replacement, of all records "
    "so far, n new ones per generation"
)


def _moments(generations: ArrayLike, n: ArrayLike, budget: ArrayLike | None, ddof: int) -> State:
    """Variance and squared mean error, of the pool (divide by its size) and of the fit."""
    extra = divisor(ddof)
    size = records(n)
    if budget is None:
        subset = records(n, ddof=extra)
    else:
        subset = records(budget, ddof=extra, name="budget")
    size, subset = np.broadcast_arrays(size, subset)

    def fit(t: int, variance: Values, error: Values) -> State:
        pool = size * (t + 1)
        used = np.minimum(subset, pool)
        unbiased = pool / np.maximum(pool - 1, 1)
        inside = unbiased * (1 - 1 / used) * used / np.maximum(used - extra, 1)
        between = unbiased * (1 / used - 1 / pool)
        return variance, error, inside * variance, between * variance

    def step(t: int, state: State) -> State:
        variance, error, inside, between = state  # of t - 1, when the pool had t blocks
        gap = (between + inside / size) / (t + 1) ** 2
        grown = (t * variance + (1 - 1 / size) * inside) / (t + 1) + t * gap
        return fit(t, grown, error + gap)

    variance, error, inside, between = follow(generations, fit(0, 1 - 1 / size, 1 / size), step)
    return variance, error, inside, values(error + between)


@formula(kind="exact", source="modelcollapse", where="recursion of pooled moments", holds=_HOLDS)
def subsample_variance(
    generations: ArrayLike, n: ArrayLike, *, budget: ArrayLike | None = None, ddof: int = 0
) -> Values:
    """Expected variance of the fitted model under accumulation with a budget.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation.
    budget : int or array of int, optional
        Records that each model is fitted to, more than `ddof`; all there are while there are
        fewer. By default n.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If the budget is at most `ddof`, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact. With ``ddof=0`` it tends to a positive limit, about ``1 - (pi^2 / 2 - 2) / n`` for
    ``budget=n``; with ``ddof=1`` it grows like ``t ** (1 / n)``. So whether the regime reaches a
    plateau or drifts depends on the divisor.

    References
    ----------
    kazdan2024 (the regime, ddof = 0, budget = n); value derived here.
    """
    return _moments(generations, n, budget, ddof)[2]


@formula(kind="exact", source="modelcollapse", where="recursion of pooled moments", holds=_HOLDS)
def subsample_mean_error(
    generations: ArrayLike, n: ArrayLike, *, budget: ArrayLike | None = None, ddof: int = 0
) -> Values:
    """Expected squared error of the fitted mean under accumulation with a budget.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation.
    budget : int or array of int, optional
        Records that each model is fitted to, more than `ddof`; all there are while there are
        fewer. By default n.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    ndarray
        In units of the true variance (in several dimensions: of its trace); inputs broadcast.

    Raises
    ------
    InputError
        If the budget is at most `ddof`, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact. With ``ddof=0`` it is one minus `subsample_variance` at every generation.

    References
    ----------
    kazdan2024 (the regime, ddof = 0, budget = n); value derived here.
    """
    return _moments(generations, n, budget, ddof)[3]


@formula(kind="exact", source="modelcollapse", where="recursion of pooled moments", holds=_HOLDS)
def subsample_pool_variance(
    generations: ArrayLike, n: ArrayLike, *, budget: ArrayLike | None = None, ddof: int = 0
) -> Values:
    """Expected variance of all records so far under accumulation with a budget.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; the pool of generation t holds ``(t + 1) n`` records.
    n : int or array of int
        New records per generation.
    budget : int or array of int, optional
        Records that each model is fitted to, more than `ddof`. By default n.
    ddof : {0, 1}, default 0
        Divisor of the fits; the pool's own variance always divides by its size.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If the budget is at most `ddof`, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact.

    References
    ----------
    kazdan2024 (the regime, ddof = 0, budget = n); value derived here.
    """
    return _moments(generations, n, budget, ddof)[0]


@formula(kind="exact", source="modelcollapse", where="recursion of pooled moments", holds=_HOLDS)
def subsample_pool_mean_error(
    generations: ArrayLike, n: ArrayLike, *, budget: ArrayLike | None = None, ddof: int = 0
) -> Values:
    """Expected squared error of the mean of all records so far, with a budget.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; the pool of generation t holds ``(t + 1) n`` records.
    n : int or array of int
        New records per generation.
    budget : int or array of int, optional
        Records that each model is fitted to, more than `ddof`. By default n.
    ddof : {0, 1}, default 0
        Divisor of the fits.

    Returns
    -------
    ndarray
        In units of the true variance (in several dimensions: of its trace); inputs broadcast.

    Raises
    ------
    InputError
        If the budget is at most `ddof`, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact.

    References
    ----------
    kazdan2024 (the regime, ddof = 0, budget = n); value derived here.
    """
    return _moments(generations, n, budget, ddof)[1]
