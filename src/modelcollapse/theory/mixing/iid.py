"""Every record picks its source at random: newest model, previous law, or truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, divisor, records, values, weights
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow
from modelcollapse.theory.mixing._moments import Moments

_HOLDS = (
    "Gaussian truth, each record drawn from the newest model (alpha), the previous law (beta) or "
    "the truth (gamma), n per generation"
)


def _mixture(n: ArrayLike, alpha: ArrayLike, gamma: ArrayLike, ddof: int) -> tuple[Values, ...]:
    """Coefficients of the law's recursion, broadcast: n, shrinkage, and the two linear maps."""
    size = records(n, ddof=divisor(ddof))
    a, b, g = weights(alpha, gamma)
    size, a, b, g = np.broadcast_arrays(size, a, b, g)
    shrink = (size - 1) / (size - ddof)
    return size, shrink, a**2 / size, a * shrink + b + a * (1 - a) / size, g


def _mixture_law(
    generations: ArrayLike, n: ArrayLike, alpha: ArrayLike, gamma: ArrayLike, ddof: int, laws: int
) -> tuple[State, Values, Values]:
    size, shrink, noise, keep, g = _mixture(n, alpha, gamma, ddof)

    def step(_: int, state: State) -> State:
        error, variance = state
        return (
            (1 - g) ** 2 * error + noise * variance,
            keep * variance + g * (1 - g) * error + g,
        )

    start: State = (np.zeros_like(size), np.ones_like(size))
    for _ in range(laws):
        start = step(0, start)
    return follow(generations, start, step), size, shrink


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_HOLDS)
def iid_mixture(
    generations: ArrayLike, n: ArrayLike, *, alpha: ArrayLike, gamma: ArrayLike, ddof: int = 0
) -> Moments:
    """Moments of the fitted model when every record picks its source at random.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, more than `ddof`.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth; the rest, beta, is drawn anew
        from the law of the previous generation's records.
    ddof : {0, 1}, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    Moments
        Two arrays; inputs broadcast.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or ``n <= ddof``.

    Notes
    -----
    Exact. The law is a growing mixture of all models so far; old components with other means stay
    in it, so that with ``ddof=1`` and gamma = 0 the expected variance grows.

    References
    ----------
    shumailov2024, definition of the process; value derived here. The paper's single-step theorems
    are the case alpha = 1, beta = gamma = 0 (printed as alpha = gamma = 0).

    Examples
    --------
    >>> model = iid_mixture(9, 50, alpha=0.6, gamma=0.2, ddof=1)
    >>> round(float(model.mean_error), 10), round(float(model.variance), 10)
    (0.0408151442, 1.0329721476)
    """
    (error, variance), size, shrink = _mixture_law(generations, n, alpha, gamma, ddof, 0)
    return Moments(values(error + variance / size), values(shrink * variance))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_HOLDS)
def iid_mixture_law(
    generations: ArrayLike, n: ArrayLike, *, alpha: ArrayLike, gamma: ArrayLike, ddof: int = 0
) -> Moments:
    """Moments of the mixed law that follows a generation.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; the law is the one that the next generation draws from.
    n : int or array of int
        Records per fit, more than `ddof`.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth.
    ddof : {0, 1}, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    Moments
        Two arrays; inputs broadcast.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or ``n <= ddof``.

    Notes
    -----
    Exact. `iid_mixture` has the moments of the fitted model itself.

    References
    ----------
    shumailov2024, definition of the process; value derived here.
    """
    return Moments(*_mixture_law(generations, n, alpha, gamma, ddof, 1)[0])


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_HOLDS)
def iid_mixture_limit(
    n: ArrayLike, *, alpha: ArrayLike, gamma: ArrayLike, ddof: int = 0
) -> Moments:
    """Moments that the mixed law tends to.

    Parameters
    ----------
    n : int or array of int
        Records per fit, more than `ddof`.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth, gamma above 0.
    ddof : {0, 1}, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    Moments
        Two arrays; infinite where the expectations grow without limit.

    Raises
    ------
    InputError
        If gamma is 0, the shares are above 1 together, or ``n <= ddof``.

    Notes
    -----
    Exact. With ``ddof=0`` the two moments sum to 1. With ``ddof=1`` a little real data is not
    enough for the *expectations*: with beta = 0 they diverge for gamma below about ``1 / (2 n)``.

    References
    ----------
    modelcollapse, derived.
    """
    _, _, noise, keep, g = _mixture(n, alpha, gamma, ddof)
    if np.any(g == 0):
        raise InputError(
            f"gamma must be above 0 for a limit, got {gamma!r}: without real data the lineage "
            "forgets its start. Ask for a generation instead."
        )
    ratio = noise / (g * (2 - g))
    room = 1 - keep - g * (1 - g) * ratio
    variance = np.where(room > 0, g / np.where(room > 0, room, 1.0), np.inf)
    with np.errstate(invalid="ignore"):
        error = np.where(ratio > 0, ratio * variance, 0.0)
    return Moments(values(error), values(variance))
