"""Replacement: each model sees nothing but its predecessor's records. Moments of its parameters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, fits, records, spread_records, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow

_HOLDS = "records are independent Gaussian, replaced each generation, n of them in each"


@formula(kind="exact", source="muirhead1982", where="theorem 3.2.1", holds=_HOLDS)
def expected_variance(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected variance of the fitted model under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast. In several dimensions every
        entry of the expected covariance shrinks by this factor.

    Raises
    ------
    InputError
        If ``n <= ddof``, or a generation is negative.

    Notes
    -----
    ``((n - 1) / (n - ddof)) ** (t + 1)``, exact for every n. With ``ddof=1`` it is 1 for ever, yet
    almost every lineage collapses: the expectation is carried by rare lineages
    (`typical_variance`).

    References
    ----------
    muirhead1982, theorem 3.2.1 (the sample covariance is Wishart), once per generation.

    Examples
    --------
    >>> round(float(expected_variance(15, 8)), 10)
    0.118067087
    """
    size = records(n, ddof=ddof)
    return values(((size - 1) / (size - ddof)) ** fits(generations))


@formula(
    kind="exact", source="muirhead1982", where="theorem 3.2.1", holds=_HOLDS + ", one dimension"
)
def variance_moment(
    generations: ArrayLike, n: ArrayLike, order: ArrayLike, *, ddof: int = 0
) -> Values:
    """Moment of any order of the fitted variance under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    order : float or array of float
        Power of the variance: 1 for its mean, 2 for its mean square, 0.5 for the standard
        deviation. Above ``-(n - 1) / 2``, where moments exist.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Expectation of (variance / true variance) ** order, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small or the moment of that order is infinite.

    Notes
    -----
    The variance is a product of independent chi-square variables over ``n - ddof``, exactly.

    References
    ----------
    muirhead1982, theorem 3.2.1; moments of the chi-square law.
    """
    size = spread_records(n, ddof=ddof)
    power = np.asarray(order, dtype=np.float64)
    half = (size - 1) / 2
    if not np.all(half + power > 0):
        raise InputError(
            f"order must be above -(n - 1) / 2, got {order!r} with n = {n!r}: the variance of few "
            "records has no finite inverse moment of that order. Use a smaller one."
        )
    step = log_moment(size, power, ddof)
    with np.errstate(over="ignore"):
        return values(np.exp(fits(generations) * step))


@formula(kind="exact", source="bertrand2024", where="fully synthetic Gaussian loop", holds=_HOLDS)
def expected_standard_deviation(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected standard deviation of the fitted model under replacement.

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
        Ratio to the true standard deviation, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, or a generation is negative.

    Notes
    -----
    A constant to the power ``t + 1``; with ``ddof=1`` the constant is c4(n), about
    ``1 - 1 / (4 n)``. Exact, one dimension.

    References
    ----------
    bertrand2024, fully synthetic Gaussian loop (ddof = 1).
    """
    return variance_moment(generations, n, 0.5, ddof=ddof)


@formula(kind="exact", source="modelcollapse", where="law of total variance", holds=_HOLDS)
def mean_error(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected squared error of the fitted mean under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        In units of the true variance (in several dimensions: of its trace); inputs broadcast.

    Raises
    ------
    InputError
        If ``n <= ddof``, or a generation is negative.

    Notes
    -----
    With ``ddof=1`` it is ``(t + 1) / n`` and grows without limit, carried by ever rarer lineages;
    with ``ddof=0`` it is one minus `expected_variance`, so never above 1. Exact.

    References
    ----------
    shumailov2024, theorem 3.1 states that the expected distance diverges; that half needs the
    unbiased variance (``ddof=1``).
    """
    size = records(n, ddof=ddof)
    t = fits(generations)
    if ddof == 1:
        return values(t / size)
    growth = (size - 1) / (size - ddof)
    return values((1 - growth**t) * (size - ddof) / (size * (1 - ddof)))


@formula(
    kind="exact", source="modelcollapse", where="recursion of moments", holds=_HOLDS + ", d = 1"
)
def mean_fourth_moment(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected fourth power of the error of the fitted mean under replacement.

    It gives the exact Monte-Carlo error of `mean_error`, which samples underestimate.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        In units of the squared true variance; inputs broadcast.

    Raises
    ------
    InputError
        If ``n <= ddof``, or a generation is negative.

    Notes
    -----
    Exact, one dimension: recursion of E m^4, E m^2 S and E S^2 for mean error m and variance S.

    References
    ----------
    modelcollapse, derived from the independence of a Gaussian sample's mean and variance.
    """
    size = records(n, ddof=ddof)
    first = (size - 1) / (size - ddof)
    second = (size - 1) * (size + 1) / (size - ddof) ** 2

    def step(_: int, state: State) -> State:
        fourth, mixed, square = state
        return (
            fourth + 6 * mixed / size + 3 * square / size**2,
            first * (mixed + square / size),
            second * square,
        )

    zero = np.zeros_like(size)
    return follow(generations, step(0, (zero, zero, zero + 1)), step)[0]


@formula(
    kind="exact", source="modelcollapse", where="moments of the closed form", holds=_HOLDS + ", d=1"
)
def expected_squared_wasserstein(generations: ArrayLike, n: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected squared 2-Wasserstein distance from the truth under replacement.

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
        In units of the true variance; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, or a generation is negative.

    Notes
    -----
    Exact, one dimension, Gaussian truth. With ``ddof=1`` it is
    ``(t + 1) / n + 2 (1 - c4(n) ** (t + 1))`` and diverges although the distance itself converges
    on almost every lineage; with ``ddof=0`` it stays below 2.

    References
    ----------
    shumailov2024, theorem 3.1 (divergence, unbiased variance); value derived here.
    """
    deviation = expected_standard_deviation(generations, n, ddof=ddof)
    variance = expected_variance(generations, n, ddof=ddof)
    return values(mean_error(generations, n, ddof=ddof) + variance + 1 - 2 * deviation)


@formula(
    kind="bound",
    source="gelbrich1990",
    where="theorem 2.1",
    holds="any truth with a finite covariance, replacement, unbiased mean and covariance",
)
def squared_wasserstein_lower_bound(generations: ArrayLike, n: ArrayLike) -> Values:
    """Lower bound on the expected squared 2-Wasserstein distance, for any truth.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.

    Returns
    -------
    ndarray
        In units of the trace of the true covariance; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 2, or a generation is negative.

    Notes
    -----
    ``(t + 1) / n``: the mean's share alone. Needs the unbiased covariance (``ddof=1``); the truth
    need not be Gaussian.

    References
    ----------
    gelbrich1990, theorem 2.1 (distance of means and covariances bounds the distance of laws).
    """
    return values(fits(generations) / records(n, ddof=1))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="first order in generations / n",
    holds="isotropic Gaussian truth, replacement, unbiased covariance, generations much below n",
)
def squared_wasserstein_leading(
    generations: ArrayLike, n: ArrayLike, *, dimension: ArrayLike = 1
) -> Values:
    """Early expected squared 2-Wasserstein distance from the truth, any dimension.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    dimension : int or array of int, default 1
        Dimension d of the records.

    Returns
    -------
    ndarray
        In units of the true variance of one coordinate; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 2, or a generation is negative.

    Notes
    -----
    ``(t + 1) d (d + 5) / (4 n)``, the leading order for ``t`` much below ``n``; in one dimension
    3/2 generations over n. It is not a lower bound at later generations: at ``t + 1 = n = 100``
    the exact value is 1.446.

    References
    ----------
    modelcollapse, derived; the case d = 1 is the leading order of shumailov2023, appendix.
    """
    d = whole(dimension, "dimension")
    return values(fits(generations) * d * (d + 5) / (4 * records(n, ddof=1)))


def log_moment(size: Values, order: Values, ddof: int) -> Values:
    """Logarithm of the moment of one generation's chi-square factor."""
    return values(
        order * np.log1p((ddof - 1) / (size - ddof)) + _log_gamma_ratio((size - 1) / 2, order)
    )


def _log_gamma_ratio(x: Values, r: Values) -> Values:
    """Logarithm of ``Gamma(x + r) / (Gamma(x) x ** r)``, without cancellation for large x."""
    far = (x > 30) & (x + r > 30)
    big, shift = np.where(far, x, 31.0), np.where(far, r, 0.0)
    stirling = (big + shift - 0.5) * np.log1p(shift / big) - shift
    stirling = stirling + _stirling_tail(big + shift) - _stirling_tail(big)
    return values(np.where(far, stirling, gammaln(x + r) - gammaln(x) - r * np.log(x)))


def _stirling_tail(x: Values) -> Values:
    return values((1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * x**2)) / x**2) / x**2) / x)
