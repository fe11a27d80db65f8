"""Errors of the model and of its decoding: what happens without any error of sampling.

A chain with infinitely many records loses nothing to chance. It still drifts if records are
written at a temperature, cut to the most probable states or drawn with too little variance, and it
settles at a distance if the family does not hold the truth. Generations count from 0; generation 0
is fitted to real data, which nobody decoded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import (
    Values,
    distribution,
    fits,
    positive,
    probability,
    records,
    spread_records,
    values,
    whole,
)
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow, geometric
from modelcollapse.theory.gaussian import expected_standard_deviation, expected_variance

_DISCRETE = "infinitely many discrete records, frequencies as the model, replaced each generation"
_BIASED = (
    "Gaussian records, replaced each generation, written with their model's variance times a bias"
)
_TIE = 1e-12
"""Margin, relative, within which a cumulative probability reaches the mass wanted."""


@formula(kind="exact", source="modelcollapse", where="iterated temperature", holds=_DISCRETE)
def tempered_law(
    generations: ArrayLike, probabilities: ArrayLike, temperature: ArrayLike
) -> Values:
    """Law of the model when every generation writes at a temperature.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the truth, and its records are the first to be tempered.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    temperature : float or array of float
        Above 0; below 1 favours what is probable already.

    Returns
    -------
    ndarray, shape (..., states)
        Proportional to ``probabilities ** (temperature ** -t)``.

    Raises
    ------
    InputError
        If the temperature is not positive, a generation is negative or the probabilities do not
        sum to 1.

    Notes
    -----
    Exact. Log odds grow by the same factor in each generation, so that probabilities concentrate
    doubly exponentially below temperature 1, and flatten as fast above it.

    References
    ----------
    shumailov2024, functional approximation error (the notion); map derived here.

    Examples
    --------
    >>> tempered_law(3, [0.5, 0.3, 0.15, 0.05], 0.8).round(6)
    array([0.677925, 0.249967, 0.064556, 0.007552])
    """
    law = distribution(probabilities)
    times = whole(generations, "generations", least=0)[..., None]
    heat = positive(temperature, "temperature")[..., None]
    # relative to the most probable state, which a power of any size leaves alone
    with np.errstate(divide="ignore"):
        log = np.log(law / law.max(axis=-1, keepdims=True))
    with np.errstate(over="ignore", invalid="ignore"):
        power = heat**-times
        log = np.where((log == 0) | np.isneginf(log), log, power * log)
    weight = np.exp(log)
    return values(weight / weight.sum(axis=-1, keepdims=True))


def _top_p_ranks(
    generations: ArrayLike, probabilities: ArrayLike, mass: ArrayLike
) -> tuple[Values, Values, Values]:
    """Law, rank of each state in it, and number of states kept, (..., 1)."""
    law = distribution(probabilities)
    if law.ndim > 1:
        raise InputError(
            f"probabilities must be one law, got an array of shape {law.shape}: cutting keeps "
            "another number of states of each. Call once for each law."
        )
    share = probability(mass, "mass")
    if not np.all(share > 0):
        raise InputError(
            f"mass must be larger than 0, got {mass!r}: at least one state must be kept. For the "
            "most probable one only, use a very small mass."
        )
    order = np.argsort(-law, kind="stable")
    total = np.cumsum(law[order])
    ranks = np.empty(law.size)
    ranks[order] = np.arange(law.size)

    def step(_: int, state: State) -> State:
        (kept,) = state
        wanted = share * total[kept.astype(np.int64) - 1]
        fewest = np.searchsorted(total, wanted * (1 - _TIE)) + 1.0
        return (values(np.where(share < 1, fewest, kept)),)

    start = np.full(share.shape, float(np.count_nonzero(law)))
    return law, ranks, follow(generations, (start,), step)[0]


@formula(kind="exact", source="modelcollapse", where="iterated top-p", holds=_DISCRETE)
def top_p_support(generations: ArrayLike, probabilities: ArrayLike, mass: ArrayLike) -> Values:
    """Number of states left when every generation writes its most probable states only.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the truth, and its records are the first to be cut.
    probabilities : array of float, shape (states,)
        True probabilities, summing to 1.
    mass : float or array of float
        Each generation keeps the fewest states, most probable first, that have this much
        probability. Above 0, at most 1.

    Returns
    -------
    ndarray
        Number of states; inputs broadcast.

    Raises
    ------
    InputError
        If the mass is 0 or outside 0 to 1, a generation is negative or the probabilities are not
        one law that sums to 1.

    Notes
    -----
    Exact. It stops once the least probable state left has more than ``1 - mass``.

    References
    ----------
    shumailov2024, functional approximation error (the notion); sequence derived here.

    Examples
    --------
    >>> law = 1 / np.arange(1, 1001)
    >>> top_p_support(range(1, 7), law / law.sum(), 0.9)
    array([473., 241., 132.,  77.,  47.,  30.])
    """
    return _top_p_ranks(generations, probabilities, mass)[2]


@formula(kind="exact", source="modelcollapse", where="iterated top-p", holds=_DISCRETE)
def top_p_law(generations: ArrayLike, probabilities: ArrayLike, mass: ArrayLike) -> Values:
    """Law of the model when every generation writes its most probable states only.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the truth, and its records are the first to be cut.
    probabilities : array of float, shape (states,)
        True probabilities, summing to 1.
    mass : float or array of float
        Each generation keeps the fewest states, most probable first, that have this much
        probability. Above 0, at most 1.

    Returns
    -------
    ndarray, shape (..., states)
        The truth restricted to the states left; generations and mass broadcast.

    Raises
    ------
    InputError
        If the mass is 0 or outside 0 to 1, a generation is negative or the probabilities are not
        one law that sums to 1.

    Notes
    -----
    Exact. Of equally probable states the first are kept.

    References
    ----------
    shumailov2024, functional approximation error (the notion); map derived here.
    """
    law, ranks, kept = _top_p_ranks(generations, probabilities, mass)
    left = np.where(ranks < kept[..., None], law, 0.0)
    return values(left / left.sum(axis=-1, keepdims=True))


@formula(kind="exact", source="alemohammad2024", where="fully synthetic loop", holds=_BIASED)
def biased_variance(
    generations: ArrayLike, n: ArrayLike, bias: ArrayLike, *, ddof: int = 0
) -> Values:
    """Expected variance of the fitted model when records are written with too little variance.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    bias : float or array of float
        Factor on the variance that the model writes with: 1 unbiased, 0 modes only.
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
        If n is too small, the bias is outside 0 to 1 or a generation is negative.

    Notes
    -----
    ``bias ** t`` times the expected variance without bias, exact. The real data of generation 0
    are not biased. As n grows ``bias ** t`` is left: an error that no number of records cures.

    References
    ----------
    alemohammad2024, fully synthetic loop with sampling bias.
    """
    kept = probability(bias, "bias") ** whole(generations, "generations", least=0)
    return values(kept * expected_variance(generations, n, ddof=ddof))


@formula(kind="exact", source="modelcollapse", where="sum of increments", holds=_BIASED)
def biased_mean_error(
    generations: ArrayLike, n: ArrayLike, bias: ArrayLike, *, ddof: int = 0
) -> Values:
    """Expected squared error of the mean when records are written with too little variance.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    bias : float or array of float
        Factor on the variance that the model writes with: 1 unbiased, 0 modes only.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Ratio to the true variance (in several dimensions: to its trace); inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, the bias is outside 0 to 1 or a generation is negative.

    Notes
    -----
    ``(1 - f ** (t + 1)) / (n (1 - f))`` with ``f = bias (n - 1) / (n - ddof)``, exact. Bias bounds
    the drift of the mean, at the cost of the variance.

    References
    ----------
    alemohammad2024, fully synthetic loop with sampling bias; sum derived here.
    """
    size = records(n, ddof=ddof)
    ratio = probability(bias, "bias") * (size - 1) / (size - ddof)
    return values(geometric(ratio, fits(generations)) / size)


@formula(kind="exact", source="modelcollapse", where="sum of increments", holds=_BIASED)
def biased_squared_wasserstein(
    generations: ArrayLike, n: ArrayLike, bias: ArrayLike, *, ddof: int = 0
) -> Values:
    """Expected squared distance to the truth when records are written with too little variance.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2 and more than `ddof`.
    bias : float or array of float
        Factor on the variance that the model writes with: 1 unbiased, 0 modes only.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray
        Squared 2-Wasserstein distance in one dimension over the true variance; inputs broadcast.

    Raises
    ------
    InputError
        If n is too small, the bias is outside 0 to 1 or a generation is negative.

    Notes
    -----
    `biased_mean_error` plus `biased_variance` plus 1, less twice the expected standard deviation,
    which is ``bias ** (t / 2)`` times that without bias. Exact.

    References
    ----------
    alemohammad2024, fully synthetic loop with sampling bias; value derived here.
    """
    size = spread_records(n, ddof=ddof)
    half = probability(bias, "bias") ** (whole(generations, "generations", least=0) / 2)
    deviation = half * expected_standard_deviation(generations, size, ddof=ddof)
    error = biased_mean_error(generations, size, bias, ddof=ddof)
    return values(error + biased_variance(generations, size, bias, ddof=ddof) + 1 - 2 * deviation)


@formula(
    kind="exact",
    source="modelcollapse",
    where="quadrature",
    holds="truth of two equal Gaussians, one Gaussian as the model, infinitely many records",
)
def expressivity_divergence(generations: ArrayLike, separation: ArrayLike) -> Values:
    """Divergence of the truth from the model when one Gaussian is fitted to two.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    separation : float or array of float
        Distance of each centre from their middle, in standard deviations of a component.

    Returns
    -------
    ndarray
        Kullback-Leibler divergence of truth and model, in nats; inputs broadcast.

    Raises
    ------
    InputError
        If a generation or the separation is negative, or the separation is not finite.

    Notes
    -----
    The same in every generation: what a family cannot express is lost at once, and then no more.
    Exact by quadrature, to about 1e-14; far apart it grows like
    ``log(1 + separation ** 2) / 2 - log(2)``.

    References
    ----------
    shumailov2024, functional expressivity error (the notion); value derived here.

    Examples
    --------
    >>> round(float(expressivity_divergence(0, 2.0)), 10)
    0.1719987625
    """
    a = np.asarray(separation, dtype=np.float64)
    if not np.all((a >= 0) & np.isfinite(a)):
        raise InputError(
            f"separation must be finite and 0 or larger, got {separation!r}: it is a distance. "
            "Use its absolute value."
        )
    # log p is log cosh(a x) and a quadratic, whose mean cancels; the trapezoidal rule is exact to
    # rounding
    step = 0.1
    z = np.arange(-10.0, 10.0 + step / 2, step)
    weight = step * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    y = a[..., None] * (a[..., None] + z)
    overlap = np.sum(weight * np.logaddexp(0.0, -2 * y), axis=-1)
    divergence = np.maximum(np.log1p(a**2) / 2 + overlap - np.log(2), 0.0)
    return values(np.broadcast_arrays(divergence, fits(generations))[0].copy())
