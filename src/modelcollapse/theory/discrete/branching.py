"""Replacement: how long a state stays alive, for any number of records, by branching processes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import (
    Values,
    distribution,
    fits,
    positive,
    probability,
    records,
    values,
    whole,
)
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import follow

_HOLDS = "discrete records, frequencies as the model, replaced each generation, n in each"


@formula(kind="exact", source="suresh2025", where="lemma on g", holds="generations from 0")
def branching_survival(generations: ArrayLike) -> Values:
    """Survival constant g of a branching process with Poisson offspring.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.

    Returns
    -------
    ndarray
        g of index ``t + 1``: 1 at generation 0, then ``1 - exp(-g)`` of the one before.

    Raises
    ------
    InputError
        If a generation is negative.

    Notes
    -----
    A state with an expected count of c in the first sample is alive at generation t with
    probability of about ``1 - exp(-c g)``. Between ``1 / (t + 1)`` and ``3 / (t + 1)``.

    References
    ----------
    suresh2025, definition of g.
    """
    return follow(generations, (1.0,), lambda _, state: (-np.expm1(-state[0]),))[0]


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="expansion of the iteration",
    holds="within 0.5 % from generation 9 on",
)
def branching_survival_asymptotic(generations: ArrayLike) -> Values:
    """Late value of `branching_survival`, without the iteration.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.

    Returns
    -------
    ndarray
        ``2 / (k + log(k) / 3 + 0.8)`` with ``k = t + 1``.

    Raises
    ------
    InputError
        If a generation is negative.

    Notes
    -----
    Within 0.5 % for ``k >= 10``.

    References
    ----------
    modelcollapse, derived.
    """
    k = fits(generations)
    return values(2 / (k + np.log(k) / 3 + 0.8))


@formula(kind="bound", source="suresh2025", where="theorem on discrete laws", holds=_HOLDS)
def survival_lower_bound(generations: ArrayLike, n: ArrayLike, q: ArrayLike) -> Values:
    """Lower bound on `survival_probability`, for any n.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    q : float or array of float
        True probability of the state.

    Returns
    -------
    ndarray
        ``1 - exp(-n q g)``; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or q is no probability.

    Notes
    -----
    Within a few per cent for small q; far too low for q above 0.05, where the exact chain is due.

    References
    ----------
    suresh2025, theorem on discrete laws.
    """
    count = records(n) * probability(q, "q")
    return values(-np.expm1(-count * branching_survival(generations)))


@formula(kind="bound", source="suresh2025", where="theorem on discrete laws", holds=_HOLDS)
def survival_upper_bound(generations: ArrayLike, n: ArrayLike, q: ArrayLike) -> Values:
    """Upper bound on `survival_probability`, for any n.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    q : float or array of float
        True probability of the state.

    Returns
    -------
    ndarray
        At most 1; inputs broadcast. It says nothing unless q is tiny.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or q is no probability.

    Notes
    -----
    ``1 - max(1 - 3 n q^2 - 3 (t + 1) q, 0) exp(-n q g)``.

    References
    ----------
    suresh2025, theorem on discrete laws.
    """
    size, state = records(n), probability(q, "q")
    slack = np.maximum(1 - 3 * size * state**2 - 3 * fits(generations) * state, 0.0)
    return values(1 - slack * np.exp(-size * state * branching_survival(generations)))


@formula(
    kind="asymptotic",
    source="suresh2025",
    where="theorem on discrete laws",
    holds=_HOLDS + "; small q, many generations",
)
def survival_asymptotic(generations: ArrayLike, n: ArrayLike, q: ArrayLike) -> Values:
    """Rule of thumb for `survival_probability`: forgetting takes as long as the count is large.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    q : float or array of float
        True probability of the state.

    Returns
    -------
    ndarray
        ``1 - exp(-2 n q / (t + 1))``; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or q is no probability.

    Notes
    -----
    Some 5 to 14 % too high for small q, and much too low for q above 0.05.

    References
    ----------
    suresh2025, theorem on discrete laws.
    """
    return values(-np.expm1(-2 * records(n) * probability(q, "q") / fits(generations)))


@formula(
    kind="exact",
    source="suresh2025",
    where="theorem on the Poisson law",
    holds="Poisson records, the rate fitted by their mean, replaced each generation",
)
def poisson_survival(generations: ArrayLike, n: ArrayLike, rate: ArrayLike) -> Values:
    """Probability that a Poisson lineage has not died out.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    rate : float or array of float
        True rate, in events per record, above 0.

    Returns
    -------
    ndarray
        Probability that the fitted rate is not 0; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the rate is not positive.

    Notes
    -----
    ``1 - exp(-n rate g)``, exact: totals are a branching process with Poisson offspring.

    References
    ----------
    suresh2025, theorem on the Poisson law.
    """
    count = records(n) * positive(rate, "rate")
    return values(-np.expm1(-count * branching_survival(generations)))


@formula(kind="bound", source="suresh2025", where="corollary 1", holds=_HOLDS)
def expected_support_lower_bound(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Lower bound on `expected_support`, for any n.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (states,)
        True probabilities, summing to 1.

    Returns
    -------
    ndarray
        Number of states; generations and n broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Sum of `survival_lower_bound` over the states; typically within 2 %.

    References
    ----------
    suresh2025, corollary 1.
    """
    distinct, times = np.unique(distribution(probabilities), return_counts=True)
    when = whole(generations, "generations", least=0)[..., None]
    return values(np.sum(survival_lower_bound(when, records(n)[..., None], distinct) * times, -1))
