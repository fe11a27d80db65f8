"""Accumulation: each model sees all records so far, n real ones and n from every model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from modelcollapse.theory._arguments import Values, divisor, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow

_HOLDS = "Gaussian truth, each model is fitted to all records so far, n new ones per generation"


def _moments(generations: ArrayLike, n: ArrayLike, ddof: int) -> State:
    """Expected variance and squared mean error of the fitted model."""
    extra = divisor(ddof)
    size = records(n, ddof=extra)

    def step(t: int, state: State) -> State:
        variance, error = state
        k = t + 1  # blocks of n records that this model sees
        shrink = 1 / (size * k**2) if extra == 0 else 1 / (k * (size * k - 1))
        return variance * (1 - shrink), error + variance / (size * k**2)

    return follow(generations, ((size - 1) / (size - extra), 1 / size), step)


@formula(kind="exact", source="modelcollapse", where="recursion of pooled moments", holds=_HOLDS)
def accumulate_variance(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected variance of the fitted model under accumulation.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation, more than `ddof`.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast. In several dimensions every
        entry of the expected covariance shrinks by this factor.

    Raises
    ------
    InputError
        If ``n <= ddof``, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Product over k = 1 ... t + 1 of ``1 - 1 / (n k^2)`` (``ddof=0``), or over k = 2 ... t + 1 of
    ``1 - 1 / (k (n k - 1))`` (``ddof=1``). Exact; it stays positive, see
    `accumulate_variance_limit`.

    References
    ----------
    gerstgrasser2024 and kazdan2024 (the regime); value derived here.
    """
    return _moments(generations, n, ddof)[0]


@formula(kind="exact", source="modelcollapse", where="recursion of pooled moments", holds=_HOLDS)
def accumulate_mean_error(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected squared error of the fitted mean under accumulation.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation, more than `ddof`.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    ndarray
        In units of the true variance (in several dimensions: of its trace); inputs broadcast.

    Raises
    ------
    InputError
        If ``n <= ddof``, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact. With ``ddof=0`` it is one minus `accumulate_variance` at every generation.

    References
    ----------
    gerstgrasser2024 and kazdan2024 (the regime); value derived here.
    """
    return _moments(generations, n, ddof)[1]


@formula(
    kind="exact",
    source="modelcollapse",
    where="sum of the two moments",
    holds=_HOLDS,
    corrects="shumailov2023, appendix, which prints 1 + pi^2 / (6 n)",
)
def accumulate_total_variance(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Variance of one record of a generation, over all lineages, under accumulation.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation, more than `ddof`.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If ``n <= ddof``, or `ddof` is neither 0 nor 1.

    Notes
    -----
    Expected variance plus squared mean error, exact: 1 for ever with ``ddof=0``, about
    ``1 + 1 / n`` with ``ddof=1``. The printed ``1 + pi^2 / (6 n)`` does not hold for pooled
    refits; ``pi^2 / (6 n)`` is right for the mean error alone (`accumulate_mean_error_leading`).

    References
    ----------
    shumailov2023, appendix (the printed form); corrected here.
    """
    variance, error = _moments(generations, n, ddof)
    return values(variance + error)


@formula(kind="exact", source="modelcollapse", where="infinite product", holds=_HOLDS)
def accumulate_variance_limit(n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected variance that accumulation tends to.

    Parameters
    ----------
    n : int or array of int
        New records per generation, more than `ddof`.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; of the shape of `n`.

    Raises
    ------
    InputError
        If ``n <= ddof``, or `ddof` is neither 0 nor 1.

    Notes
    -----
    With ``ddof=0``: ``sin(x) / x`` at ``x = pi / sqrt(n)``. With ``ddof=1`` a ratio of Gamma
    functions, about ``1 - (pi^2 / 6 - 1) / n``. Exact.

    References
    ----------
    modelcollapse, Euler's product for the sine and its shifted form.

    Examples
    --------
    >>> round(float(accumulate_variance_limit(16)), 10)
    0.9003163162
    """
    extra = divisor(ddof)
    size = records(n, ddof=extra)
    if extra == 0:
        return values(np.sinc(1 / np.sqrt(size)))
    # n k^2 - k - 1 has the roots low and high; their sum is 1 / n, so that the product converges
    root = np.sqrt(1 + 4 * size)
    low, high = (1 - root) / (2 * size), (1 + root) / (2 * size)
    return values(np.exp(gammaln(2 - 1 / size) - gammaln(2 - low) - gammaln(2 - high)))


@formula(
    kind="asymptotic",
    source="shumailov2023",
    where="appendix",
    holds=_HOLDS + "; many generations, then large n",
)
def accumulate_mean_error_leading(n: ArrayLike) -> Values:
    """Squared mean error that accumulation tends to, to leading order.

    Parameters
    ----------
    n : int or array of int
        New records per generation.

    Returns
    -------
    ndarray
        In units of the true variance, for both divisors; of the shape of `n`.

    Raises
    ------
    InputError
        If n is below 1.

    Notes
    -----
    ``pi^2 / (6 n)``, the leading order in ``1 / n``.

    References
    ----------
    shumailov2023, appendix (there as a part of the total variance, see
    `accumulate_total_variance`).
    """
    return values(np.pi**2 / (6 * records(n)))
