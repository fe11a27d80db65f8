"""Replacement: how likely a lineage is to have kept some of its spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, log_ndtr, polygamma

from modelcollapse.theory._arguments import Values, fits, positive, spread_records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.gaussian.replace import expected_standard_deviation, log_moment
from modelcollapse.theory.gaussian.typical import expected_log_variance, log_variance_variance

_HOLDS = "records are independent Gaussian in one dimension, replaced each generation"


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="normal approximation of the log variance",
    holds=_HOLDS + ", many generations",
)
def survival_probability(
    generations: ArrayLike, n: ArrayLike, threshold: ArrayLike, *, ddof: int = 0
) -> Values:
    """Probability that the standard deviation is still above a threshold under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    threshold : float or array of float
        Standard deviation, as a ratio to the true one, above 0.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Share of lineages; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small or the threshold is not positive.

    Notes
    -----
    Normal approximation of the log variance: 0.0828 where simulation gives 0.0815 (n = 10, 100
    fits, threshold 0.1).

    References
    ----------
    modelcollapse, from muirhead1982, theorem 3.2.1, and the central limit theorem.
    """
    gap = 2 * np.log(positive(threshold, "threshold"))
    gap = gap - expected_log_variance(generations, n, ddof=ddof)
    return values(np.exp(log_ndtr(-gap / np.sqrt(log_variance_variance(generations, n)))))


@formula(
    kind="bound",
    source="suresh2025",
    where="theorem 3",
    holds=_HOLDS + ", unbiased or smaller variance",
)
def survival_bound(generations: ArrayLike, n: ArrayLike, threshold: ArrayLike) -> Values:
    """Upper bound on the probability that the standard deviation is above a threshold.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2.
    threshold : float or array of float
        Standard deviation, as a ratio to the true one, above 0.

    Returns
    -------
    ndarray
        At most 1; inputs broadcast. Valid for ``ddof`` 0 and 1.

    Raises
    ------
    InputError
        If n is below 2 or the threshold is not positive.

    Notes
    -----
    ``exp(-(t + 1) / (4 n - 1)) / threshold``, the printed theorem. The authors' plot shows another
    bound, a moment of order 0.35; `survival_bound_chernoff` is the sharpest of that family.

    References
    ----------
    suresh2025, theorem 3.
    """
    size = spread_records(n, ddof=1)
    bound = np.exp(-fits(generations) / (4 * size - 1)) / positive(threshold, "threshold")
    return values(np.minimum(bound, 1.0))


@formula(
    kind="bound",
    source="modelcollapse",
    where="Markov's inequality for the standard deviation",
    holds=_HOLDS,
)
def survival_bound_first_moment(
    generations: ArrayLike, n: ArrayLike, threshold: ArrayLike, *, ddof: int = 0
) -> Values:
    """Upper bound by the mean of the standard deviation; sharper than `survival_bound`.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    threshold : float or array of float
        Standard deviation, as a ratio to the true one, above 0.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        At most 1; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small or the threshold is not positive.

    Notes
    -----
    With ``ddof=1``: ``c4(n) ** (t + 1) / threshold``.

    References
    ----------
    suresh2025, theorem 3 (whose proof weakens this bound); bertrand2024 for the mean.
    """
    deviation = expected_standard_deviation(generations, n, ddof=ddof)
    return values(np.minimum(deviation / positive(threshold, "threshold"), 1.0))


@formula(
    kind="bound",
    source="modelcollapse",
    where="Markov's inequality, best moment",
    holds=_HOLDS,
    corrects="suresh2025, figure of the Gaussian tail, which plots the moment of order 0.35",
)
def survival_bound_chernoff(
    generations: ArrayLike, n: ArrayLike, threshold: ArrayLike, *, ddof: int = 0
) -> Values:
    """Upper bound by the best moment of the variance; the sharpest of its family.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    threshold : float or array of float
        Standard deviation, as a ratio to the true one, above 0.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        At most 1; inputs broadcast. It is 1 where the threshold is below the typical value.

    Raises
    ------
    InputError
        If n is too small or the threshold is not positive.

    Notes
    -----
    Minimum over r > 0 of ``E[variance ** r] / threshold ** (2 r)``; the best r solves one digamma
    equation.

    References
    ----------
    suresh2025, theorem 3 (order 1/2) and its figure (order 0.35); modelcollapse for the minimum.
    """
    size = spread_records(n, ddof=ddof)
    t = fits(generations)
    level = 2 * np.log(positive(threshold, "threshold"))
    half = (size - 1) / 2
    scale = np.log((size - ddof) / 2)
    order = np.maximum(_inverse_digamma(scale + level / t) - half, 0.0)
    exponent = t * log_moment(size, order, ddof) - order * level
    return values(np.exp(np.minimum(exponent, 0.0)))


def _inverse_digamma(y: Values) -> Values:
    x = np.where(y >= -2.22, np.exp(np.clip(y, -3, 600)) + 0.5, -1 / (y - digamma(1.0)))
    for _ in range(6):  # Newton's steps converge quadratically from this start
        x = x - (digamma(x) - y) / polygamma(1, x)
    return x
