"""Every record picks its source at random: squared error of the frequencies.

Errors are squared Euclidean distances between the vectors of frequencies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, records, values, weights, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import geometric
from modelcollapse.theory.discrete.frequencies import diversity

_HOLDS = (
    "discrete records, each drawn from the newest model (alpha), the previous law (beta) or the "
    "truth (gamma), n per generation"
)


def _law_error(
    laws: Values, n: ArrayLike, probabilities: ArrayLike, alpha: ArrayLike, gamma: ArrayLike
) -> Values:
    a, _, g = weights(alpha, gamma)
    noise = a**2 / records(n)
    return values(diversity(probabilities) * noise * geometric((1 - g) ** 2 - noise, laws))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_HOLDS)
def mixture_error(
    generations: ArrayLike,
    n: ArrayLike,
    probabilities: ArrayLike,
    *,
    alpha: ArrayLike,
    gamma: ArrayLike,
) -> Values:
    """Expected squared error of the fitted model when laws are mixed.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth; the rest, beta, comes from the
        law of the previous generation's records.

    Returns
    -------
    ndarray
        Expected squared distance of the model from the truth; inputs broadcast.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or another argument is out of range.

    Notes
    -----
    Exact where every record picks its source at random and is drawn anew, the reading of the
    published definition; not where a fixed number of old records is used again.

    References
    ----------
    shumailov2024, definition of the process; value derived here. The paper's single-step theorems
    are the case alpha = 1, beta = gamma = 0 (printed as alpha = gamma = 0).
    """
    law = _law_error(whole(generations, "generations", least=0), n, probabilities, alpha, gamma)
    return values(law + (diversity(probabilities) - law) / records(n))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_HOLDS)
def mixture_law_error(
    generations: ArrayLike,
    n: ArrayLike,
    probabilities: ArrayLike,
    *,
    alpha: ArrayLike,
    gamma: ArrayLike,
) -> Values:
    """Expected squared error of the law that follows a generation when laws are mixed.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; the law is the one that the next generation draws from.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth; the rest, beta, comes from the
        law of the previous generation's records.

    Returns
    -------
    ndarray
        Expected squared distance of the mixed law from the truth; inputs broadcast.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or another argument is out of range.

    Notes
    -----
    Exact. `mixture_error` is the error of the fitted model itself.

    References
    ----------
    shumailov2024, definition of the process; value derived here.
    """
    laws = whole(generations, "generations", least=0) + 1
    return _law_error(laws, n, probabilities, alpha, gamma)


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_HOLDS)
def mixture_law_error_limit(
    n: ArrayLike, probabilities: ArrayLike, *, alpha: ArrayLike, gamma: ArrayLike
) -> Values:
    """Squared error of the law that mixing tends to.

    Parameters
    ----------
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth.

    Returns
    -------
    ndarray
        With gamma = 0 and alpha > 0 the whole diversity: one state is left. With gamma > 0 less,
        and no state is ever lost for good.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or another argument is out of range.

    Notes
    -----
    Diversity times ``alpha^2 / (n gamma (2 - gamma) + alpha^2)``, exact; 0 if alpha is 0.

    References
    ----------
    shumailov2024, definition of the process; value derived here.
    """
    a, _, g = weights(alpha, gamma)
    pull = records(n) * g * (2 - g)
    return values(diversity(probabilities) * a**2 / np.where(a > 0, pull + a**2, 1.0))
