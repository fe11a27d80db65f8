"""Replacement, on the logarithmic scale: what almost every lineage does.

The logarithm of the fitted variance is a random walk with independent steps. Its drift decides the
fate of a lineage; means of the variance itself are carried by a few lucky ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, ndtri, polygamma

from modelcollapse.theory._arguments import Values, fits, probability, spread_records, values
from modelcollapse.theory._formula import formula

_HOLDS = "records are independent Gaussian in one dimension, replaced each generation"


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.1", holds=_HOLDS)
def log_variance_drift(n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected change of the log variance in one generation of replacement.

    Parameters
    ----------
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        In nats per generation, never positive for ``ddof`` 0 or 1; of the shape of `n`.

    Raises
    ------
    InputError
        If n is too small.

    Notes
    -----
    ``digamma((n - 1) / 2) - log((n - ddof) / 2)``, exact; about ``-1 / (n - 1)`` with ``ddof=1``
    and ``-2 / n`` with ``ddof=0``.

    References
    ----------
    muirhead1982, theorem 3.2.1; logarithm of a chi-square variable.

    Examples
    --------
    >>> round(float(log_variance_drift(10, ddof=1)), 10)
    -0.1152064704
    """
    size = spread_records(n, ddof=ddof)
    return values(digamma((size - 1) / 2) - np.log((size - ddof) / 2))


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.1", holds=_HOLDS)
def log_variance_spread(n: ArrayLike) -> Values:
    """Variance that one generation of replacement adds to the log variance.

    Parameters
    ----------
    n : int or array of int
        Records per fit, at least 2.

    Returns
    -------
    ndarray
        In squared nats per generation, for any divisor; of the shape of `n`.

    Raises
    ------
    InputError
        If n is below 2.

    Notes
    -----
    ``trigamma((n - 1) / 2)``, exact; about ``2 / (n - 1)``.

    References
    ----------
    muirhead1982, theorem 3.2.1; logarithm of a chi-square variable.
    """
    return values(polygamma(1, (spread_records(n) - 1) / 2))


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.1", holds=_HOLDS)
def expected_log_variance(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected log variance of the fitted model under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Expected log ratio to the true variance, in nats; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, or a generation is negative.

    Notes
    -----
    ``t + 1`` times `log_variance_drift`, exact.

    References
    ----------
    muirhead1982, theorem 3.2.1, once per generation.
    """
    return values(fits(generations) * log_variance_drift(n, ddof=ddof))


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.1", holds=_HOLDS)
def log_variance_variance(generations: ArrayLike, n: ArrayLike) -> Values:
    """Variance, between lineages, of the log variance of the fitted model under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2.

    Returns
    -------
    ndarray
        In squared nats, for any divisor; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 2, or a generation is negative.

    Notes
    -----
    ``t + 1`` times `log_variance_spread`, exact.

    References
    ----------
    muirhead1982, theorem 3.2.1, once per generation.
    """
    return values(fits(generations) * log_variance_spread(n))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="exponential of the expected log variance",
    holds=_HOLDS + "; the median for many generations, the geometric mean for any",
)
def typical_variance(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Variance of the fitted model on the median lineage under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, or a generation is negative.

    Notes
    -----
    ``exp(E log variance)``: exactly the geometric mean, and the median up to the skewness of the
    log variance, which fades with generations.

    References
    ----------
    modelcollapse, from muirhead1982, theorem 3.2.1, and the central limit theorem.
    """
    return values(np.exp(expected_log_variance(generations, n, ddof=ddof)))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="normal approximation of the log variance",
    holds=_HOLDS + ", many generations",
)
def variance_quantile(
    generations: ArrayLike, n: ArrayLike, level: ArrayLike, *, ddof: int = 0
) -> Values:
    """Quantile, between lineages, of the fitted variance under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    level : float or array of float
        Share of lineages below, between 0 and 1; 0.5 gives `typical_variance`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, or the level is no probability.

    Notes
    -----
    Log-normal approximation; the inverse of `survival_probability`.

    References
    ----------
    modelcollapse, from muirhead1982, theorem 3.2.1, and the central limit theorem.
    """
    centre = expected_log_variance(generations, n, ddof=ddof)
    width = np.sqrt(log_variance_variance(generations, n))
    return values(np.exp(centre + ndtri(probability(level, "level")) * width))


@formula(
    kind="exact",
    source="modelcollapse",
    where="log 2 over the drift of the log variance",
    holds=_HOLDS + ", ddof 0 or 1",
)
def half_life(n: ArrayLike, *, ddof: int = 0) -> Values:
    """Generations in which the typical variance halves under replacement.

    Parameters
    ----------
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Generations, not rounded; of the shape of `n`. The standard deviation takes twice as long.

    Raises
    ------
    InputError
        If n is too small.

    Notes
    -----
    About ``0.69 (n - 1)`` with ``ddof=1`` and ``0.35 n`` with ``ddof=0``. Exact for the geometric
    mean of the variance.

    References
    ----------
    modelcollapse, from `log_variance_drift`.
    """
    return values(-np.log(2) / log_variance_drift(n, ddof=ddof))
