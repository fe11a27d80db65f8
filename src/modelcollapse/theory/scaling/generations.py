"""Errors over generations: what is carried on depends on what is drawn anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from modelcollapse.theory._arguments import Values, distribution, fits, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.discrete import branching_survival, survival_probability
from modelcollapse.theory.scaling._law import exponents, sum_of_terms
from modelcollapse.theory.scaling.hutter import expected_error

_RELABELLED = (
    "contexts drawn from the truth each generation, answers from the newest model, which knows the "
    "items that it was taught rightly"
)
_RESAMPLED = "discrete records, frequencies as the model, replaced each generation, n in each"


@formula(kind="exact", source="modelcollapse", where="product over generations", holds=_RELABELLED)
def relabelled_error(generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike) -> Values:
    """Expected error when each model answers new questions for the next one.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Expected true probability of the items answered wrongly; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Sum of ``p (1 - (1 - (1 - p) ** n) ** (t + 1))``, exact: an item is known if every generation
    has seen it. It grows like a power of the logarithm of t, not linearly.

    References
    ----------
    dohmatob2024tails for the chain; value derived here.
    """

    def missed(law: Values, size: Values, times: Values) -> Values:
        with np.errstate(divide="ignore"):
            unseen = np.exp(size * np.log1p(-law))
            return values(-law * np.expm1(times * np.log1p(-unseen)))

    law = distribution(probabilities)
    return sum_of_terms(missed, law, records(n), fits(generations))


@formula(
    kind="bound",
    source="modelcollapse",
    where="union bound over generations",
    holds=_RELABELLED,
    corrects="dohmatob2024tails, linear growth over generations as others report it",
)
def relabelled_error_upper_bound(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Upper bound on `relabelled_error` that grows linearly.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        ``t + 1`` times the error of generation 0, at most 1; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Others report it as the growth itself; in this model it is a union bound, far too high later.

    References
    ----------
    dohmatob2024tails, growth over generations.
    """
    return values(np.minimum(fits(generations) * expected_error(n, probabilities), 1.0))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="moments of the largest of exponential variables",
    holds=_RELABELLED + "; power law over infinitely many items, many records",
)
def relabelled_growth(generations: ArrayLike, exponent: ArrayLike) -> Values:
    """Growth of `relabelled_error` over generation 0, for a power law and many records.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    exponent : float or array of float
        Of the true law, above 1.

    Returns
    -------
    ndarray
        Ratio of errors, 1 at generation 0; inputs broadcast.

    Raises
    ------
    InputError
        If a generation is negative or the exponent is not above 1.

    Notes
    -----
    ``E[U ** c] / gamma(1 + c)`` with ``c = 1 - 1 / exponent`` and U the largest of t + 1
    exponential variables; late, like the logarithm of t to the power c. Evaluated to about 1e-10
    for up to a million generations.

    References
    ----------
    modelcollapse, derived; dohmatob2024tails for the chain.

    Examples
    --------
    >>> relabelled_growth([0, 1, 4, 9, 49, 99], 1.5).round(3)
    array([1.   , 1.206, 1.432, 1.572, 1.833, 1.926])
    """
    power = 1 - 1 / exponents(exponent)
    # the trapezoidal rule in log(u) converges geometrically: both tails vanish fast
    step = 0.03
    u = np.exp(np.arange(-30.0, 4.7, step))

    def moment(value: Values, times: Values, degree: Values) -> Values:
        grows = (times - 1) * np.log(-np.expm1(-value)) + (1 + degree) * np.log(value)
        return values(times * np.exp(grows - value))

    total = step * sum_of_terms(moment, u, fits(generations), power)
    return values(total / gamma(1 + power))


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_RESAMPLED)
def resampled_error(generations: ArrayLike, n: int, probabilities: ArrayLike) -> Values:
    """Expected error when all records are drawn from the model before.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int
        Records per generation, at most 20,000.
    probabilities : array of float, shape (states,)
        True probabilities, summing to 1.

    Returns
    -------
    ndarray
        Expected true probability of the items that are lost; of the shape of `generations`.

    Raises
    ------
    InputError
        If n is too large, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Exact: the true probability of each state times that of its loss
    (`modelcollapse.theory.discrete.survival_probability`).

    References
    ----------
    ewens2004, section 1.4 (the chain).
    """
    law, times = np.unique(distribution(probabilities), return_counts=True)
    alive = survival_probability(np.asarray(generations)[..., None], n, law)
    return values(np.sum(law * times * (1 - alive), axis=-1))


@formula(kind="bound", source="suresh2025", where="theorem on discrete laws", holds=_RESAMPLED)
def resampled_error_upper_bound(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Upper bound on `resampled_error`, for any n.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Expected true probability of the items that are lost, at most; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Sum of ``p exp(-n p g)`` with `modelcollapse.theory.discrete.branching_survival` g; within 2 %
    for some twenty generations, less later.

    References
    ----------
    suresh2025, theorem on discrete laws, summed over the states.
    """

    def lost(law: Values, rate: Values) -> Values:
        return values(law * np.exp(-rate * law))

    rate = records(n) * branching_survival(generations)
    return sum_of_terms(lost, distribution(probabilities), rate)


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="branching limit of rare states",
    holds=_RESAMPLED + "; power law over infinitely many items, many records",
)
def resampled_growth(generations: ArrayLike, exponent: ArrayLike) -> Values:
    """Growth of `resampled_error` over generation 0, for a power law and many records.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    exponent : float or array of float
        Of the true law, above 1.

    Returns
    -------
    ndarray
        Ratio of errors, 1 at generation 0; inputs broadcast.

    Raises
    ------
    InputError
        If a generation is negative or the exponent is not above 1.

    Notes
    -----
    ``g ** -(1 - 1 / exponent)``, with g of `modelcollapse.theory.discrete.branching_survival`; so
    a power of the number of generations.

    References
    ----------
    modelcollapse, derived; suresh2025 for g.
    """
    power = 1 - 1 / exponents(exponent)
    return values(branching_survival(generations) ** -power)


@formula(
    kind="exact",
    source="modelcollapse",
    where="real records stay in the pool",
    holds="each model is fitted to all records so far, of which n are real",
)
def accumulated_error(generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike) -> Values:
    """Expected error when every model sees all records so far.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Real records, those of generation 0.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        The error of generation 0, for ever; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Exact in both chains: what the real records taught is never forgotten, and models do not
    invent what they have not seen.

    References
    ----------
    gerstgrasser2024 for accumulation; value derived here.
    """
    error = expected_error(n, probabilities)
    return values(np.broadcast_arrays(error, fits(generations))[0].copy())
