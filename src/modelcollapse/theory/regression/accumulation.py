"""Least squares when old records are replaced, kept, or kept and subsampled.

Generation `t` has fitted `t + 1` times. The first fit sees real labels; each later block of `n`
records has labels that the newest model gives, plus noise. Error is the squared distance of the
fitted coefficients from the true ones in the norm of the inputs' covariance, whatever that is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, zeta

from modelcollapse.theory._arguments import Values, fits, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow
from modelcollapse.theory.regression._checks import at_least_zero, least_squares_sizes

_HOLDS = (
    "least squares, Gaussian inputs of any covariance, fewer dimensions than records, "
    "labels by the newest model plus noise"
)


def _moments(n: ArrayLike, dimension: ArrayLike, noise: ArrayLike) -> tuple[Values, Values, Values]:
    """Records, dimension and noise variance for which the expected error is finite."""
    size = least_squares_sizes(whole(n, "n"), dimension)
    return size, whole(dimension, "dimension"), values(at_least_zero(noise, "noise") ** 2)


def _sum_of_inverses(count: ArrayLike, shift: ArrayLike) -> Values:
    """Sum of ``1 / (i (i - shift))`` for i from 1 to `count`, shifts from 0 to below 1."""
    k, a = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (count, shift)))
    finite = np.isfinite(k)
    after = np.where(finite, k, 1.0) + 1
    # partial fractions divide by the shift, so that small ones need the series in its powers
    large, small = np.where(a > 0.05, a, 0.5), np.where(a > 0.05, 0.0, a)
    rest = np.where(finite, digamma(after - large) - digamma(after), 0.0)
    direct = (rest + digamma(1.0) - digamma(1 - large)) / large
    series = np.zeros_like(direct)
    for power in range(13, -1, -1):
        tail = np.where(finite, zeta(power + 2, after), 0.0)
        series = series * small + zeta(power + 2) - tail
    return values(np.where(a > 0.05, direct, series))


@formula(kind="exact", source="gerstgrasser2024", where="replace", holds=_HOLDS)
def replace_error(
    generations: ArrayLike, n: ArrayLike, *, dimension: ArrayLike, noise: ArrayLike
) -> Values:
    """Expected error of least squares under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least ``dimension + 2``.
    dimension : int or array of int
        Inputs per record.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If n is below ``dimension + 2``, the noise is negative or a generation is negative.

    Notes
    -----
    Exact, ``(t + 1) noise^2 d / (n - d - 1)``, for inputs drawn anew or kept. It grows without
    limit.

    References
    ----------
    gerstgrasser2024, replace; the same as dohmatob2024regression with equal sizes.

    Examples
    --------
    >>> round(float(replace_error(9, 100, dimension=10, noise=1.0)), 10)
    1.1235955056
    """
    size, d, variance = _moments(n, dimension, noise)
    return values(fits(generations) * variance * d / (size - d - 1))


@formula(
    kind="exact",
    source="gerstgrasser2024",
    where="accumulate; derived where inputs are drawn anew",
    holds=_HOLDS + ", each model is fitted to all records so far",
)
def accumulate_error(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    dimension: ArrayLike,
    noise: ArrayLike,
    same_inputs: bool = False,
) -> Values:
    """Expected error of least squares under accumulation.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation, at least ``dimension + 2``.
    dimension : int or array of int
        Inputs per record.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.
    same_inputs : bool, default False
        Whether every block has the inputs of the first, as in the published experiments.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If n is below ``dimension + 2``, the noise is negative or a generation is negative.

    Notes
    -----
    Exact. A fit to i blocks moves the coefficients by the inverse of their summed Gram matrices
    times the newest block's noise: ``noise^2 d`` times the sum over fits of
    ``1 / (i (i n - d - 1))``, or with the same inputs of ``1 / (i^2 (n - d - 1))``, which is
    larger. The published bound is the limit of the latter.

    References
    ----------
    gerstgrasser2024, accumulate, for the same inputs; inputs drawn anew derived here.

    Examples
    --------
    >>> round(float(accumulate_error(9, 100, dimension=10, noise=1.0)), 10)
    0.1696136203
    >>> round(float(accumulate_error(9, 100, dimension=10, noise=1.0, same_inputs=True)), 10)
    0.1741312057
    """
    return _accumulated(fits(generations), n, dimension, noise, same_inputs)


def _accumulated(
    count: ArrayLike, n: ArrayLike, dimension: ArrayLike, noise: ArrayLike, same_inputs: bool
) -> Values:
    size, d, variance = _moments(n, dimension, noise)
    if same_inputs:
        return values(variance * d / (size - d - 1) * _sum_of_inverses(count, 0.0))
    return values(variance * d / size * _sum_of_inverses(count, (d + 1) / size))


@formula(
    kind="exact",
    source="gerstgrasser2024",
    where="accumulate, bound; derived where inputs are drawn anew",
    holds=_HOLDS + ", each model is fitted to all records so far, many generations",
)
def accumulate_error_limit(
    n: ArrayLike, *, dimension: ArrayLike, noise: ArrayLike, same_inputs: bool = False
) -> Values:
    """Expected error of least squares that accumulation tends to.

    Parameters
    ----------
    n : int or array of int
        New records per generation, at least ``dimension + 2``.
    dimension : int or array of int
        Inputs per record.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.
    same_inputs : bool, default False
        Whether every block has the inputs of the first.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If n is below ``dimension + 2`` or the noise is negative.

    Notes
    -----
    Exact. With the same inputs it is pi^2 / 6 times the error of the first fit.

    References
    ----------
    gerstgrasser2024, accumulate, for the same inputs; inputs drawn anew derived here.
    """
    return _accumulated(np.inf, n, dimension, noise, same_inputs)


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="subsampled pool, leading order in d / n",
    holds=_HOLDS + ", each model is fitted to n records of the pool; d / n small",
)
def subsample_error(
    generations: ArrayLike, n: ArrayLike, *, dimension: ArrayLike, noise: ArrayLike
) -> Values:
    """Expected error of least squares under accumulation with a budget.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation, and records drawn from the pool per fit, without replacement;
        at least ``dimension + 2``.
    dimension : int or array of int
        Inputs per record.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If n is below ``dimension + 2``, the noise is negative or a generation is negative.

    Notes
    -----
    Error of the first fit, which is exact, times ``2 - 1/k + sum over j from 2 to k of
    (2 - 1/(j - 1)) / j^2`` with k fits. The relative error is of order ``d / n``: the value is
    up to 7 % low at ``d / n = 0.1``.

    References
    ----------
    kazdan2024 (the regime); value derived here.

    Examples
    --------
    >>> round(float(subsample_error(19, 10**6, dimension=1, noise=1.0) * 10**6), 4)
    2.7885
    """
    size, d, variance = _moments(n, dimension, noise)

    def step(t: int, state: State) -> State:
        return (state[0] + (2 - 1 / t) / (t + 1) ** 2,)

    added = follow(generations, (0.0,), step)[0]
    return values(variance * d / (size - d - 1) * (2 - 1 / fits(generations) + added))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="subsampled pool, leading order in d / n",
    holds=_HOLDS + ", each model is fitted to n records of the pool; d / n small",
)
def subsample_error_limit(n: ArrayLike, *, dimension: ArrayLike, noise: ArrayLike) -> Values:
    """Expected error of least squares that accumulation with a budget tends to.

    Parameters
    ----------
    n : int or array of int
        New records per generation, and records drawn from the pool per fit; at least
        ``dimension + 2``.
    dimension : int or array of int
        Inputs per record.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If n is below ``dimension + 2`` or the noise is negative.

    Notes
    -----
    ``pi^2 / 2 - 2``, about 2.93, times the error of the first fit; relative error of order
    ``d / n``. `theory.gaussian` has the same constant.

    References
    ----------
    kazdan2024 (the regime); value derived here.
    """
    size, d, variance = _moments(n, dimension, noise)
    return values(variance * d / (size - d - 1) * (np.pi**2 / 2 - 2))


@formula(
    kind="exact",
    source="modelcollapse",
    where="sum of harmonic terms",
    holds=_HOLDS + ", each model is fitted to as many records as there have been, all new",
)
def growing_replace_error(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    dimension: ArrayLike,
    noise: ArrayLike,
    same_inputs: bool = False,
) -> Values:
    """Expected error of least squares when ever more records replace the old ones.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation t is fitted to ``(t + 1) n`` records of one model.
    n : int or array of int
        Records of the first fit, at least ``dimension + 2``.
    dimension : int or array of int
        Inputs per record.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.
    same_inputs : bool, default False
        Whether the inputs are those of the first fit, each repeated ``t + 1`` times with new
        labels.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If n is below ``dimension + 2``, the noise is negative or a generation is negative.

    Notes
    -----
    Exact: ``noise^2 d`` times the sum over fits of ``1 / (i n - d - 1)``, or with the same inputs
    of ``1 / (i (n - d - 1))``. It grows like the logarithm of the generation: data that grow as
    fast as under accumulation slow the growth, and only keeping the old records ends it.

    References
    ----------
    modelcollapse, derived.

    Examples
    --------
    >>> round(float(growing_replace_error(9, 100, dimension=10, noise=1.0)), 6)
    0.311554
    """
    size, d, variance = _moments(n, dimension, noise)
    shift = np.zeros_like(size) if same_inputs else (d + 1) / size
    first = size - d - 1 if same_inputs else size
    count = fits(generations)
    return values(variance * d / first * (digamma(count + 1 - shift) - digamma(1 - shift)))
