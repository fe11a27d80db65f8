"""Replacement: how long a state stays alive, and how many states do, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import (
    Values,
    distribution,
    probability,
    records,
    values,
    whole,
)
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow
from modelcollapse.theory.discrete._chain import binomial_rows, chain_size, transitions

_HOLDS = "discrete records, frequencies as the model, replaced each generation, n in each"


@formula(
    kind="exact",
    source="ewens2004",
    where="section 1.4",
    holds="n independent records of a state's law",
    corrects="shumailov2024, which calls 1 - q, the eventual probability of loss, that of one step",
)
def loss_probability(n: ArrayLike, q: ArrayLike) -> Values:
    """Probability that a state is missing from n records.

    Parameters
    ----------
    n : int or array of int
        Records.
    q : float or array of float
        Probability of the state.

    Returns
    -------
    ndarray
        ``(1 - q) ** n``; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1 or q is no probability.

    Notes
    -----
    The loss in one generation. A state with ``q <= 1/n`` is missing with probability of at least
    about 0.37. The printed ``1 - q`` is the probability of eventual loss (`fixation_probability`).

    References
    ----------
    shumailov2024, section on discrete states (the wording corrected here).
    """
    with np.errstate(divide="ignore"):
        return values(np.exp(records(n) * np.log1p(-probability(q, "q"))))


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def survival_probability(generations: ArrayLike, n: int, q: ArrayLike) -> Values:
    """Probability that a state, or set of states, is still alive.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int
        Records per fit, at most 20,000.
    q : float or array of float
        True probability of the state, or of the set.

    Returns
    -------
    ndarray
        Probability that its count is not 0; inputs broadcast.

    Raises
    ------
    InputError
        If n is too large, a generation is negative or q is no probability.

    Notes
    -----
    Exact: one backward sweep of the two-type chain serves all q. Memory and time per generation
    grow like ``n ** 1.5``.

    References
    ----------
    ewens2004, section 1.4 (the chain).

    Examples
    --------
    >>> round(float(survival_probability(11, 30, 0.1)), 10)
    0.3872618555
    """
    size = chain_size(n)
    state = probability(q, "q")
    distinct, place = np.unique(state, return_inverse=True)
    first = binomial_rows(size, distinct)
    alive = (np.arange(size + 1) > 0).astype(np.float64)
    chain = transitions(size)

    def reached() -> State:
        return (np.minimum(first @ alive, 1.0)[place].reshape(state.shape),)

    def step(_: int, __: State) -> State:
        nonlocal alive
        alive = chain @ alive
        return reached()

    return follow(generations, reached(), step)[0]


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def expected_support(generations: ArrayLike, n: int, probabilities: ArrayLike) -> Values:
    """Expected number of states still alive.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int
        Records per fit, at most 20,000.
    probabilities : array of float, shape (states,)
        True probabilities, summing to 1.

    Returns
    -------
    ndarray
        Number of states; of the shape of `generations`.

    Raises
    ------
    InputError
        If n is too large, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Sum of `survival_probability` over the states, exact. Use `expected_support_lower_bound` for
    larger n: it is typically within 2 %.

    References
    ----------
    ewens2004, section 1.4 (the chain).
    """
    law = distribution(probabilities)
    distinct, times = np.unique(law, return_counts=True)
    when = whole(generations, "generations", least=0)
    alive = survival_probability(when[..., None], n, distinct)
    return values(np.sum(alive * times, axis=-1))
