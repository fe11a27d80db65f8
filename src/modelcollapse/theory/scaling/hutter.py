"""The learner that answers what it has seen: any finite law, cut, tempered or mixed with truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from modelcollapse.theory._arguments import (
    Values,
    distribution,
    positive,
    probability,
    records,
    values,
    whole,
)
from modelcollapse.theory._formula import formula
from modelcollapse.theory.scaling._law import sum_of_terms

_HOLDS = "discrete items, a learner answers those that are among its n independent records"


def _by_rank(probabilities: ArrayLike) -> Values:
    """Laws with the most probable state first."""
    return -np.sort(-distribution(probabilities), axis=-1)


@formula(kind="exact", source="dohmatob2024tails", where="Hutter model", holds=_HOLDS)
def expected_error(
    n: ArrayLike,
    probabilities: ArrayLike,
    *,
    rank: ArrayLike | None = None,
    temperature: ArrayLike = 1.0,
    real: ArrayLike = 0.0,
) -> Values:
    """Expected error of a learner that answers what it has seen, trained on a distorted law.

    Parameters
    ----------
    n : int or array of int
        Records that the learner has seen.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rank : int or array of int, optional
        The written law keeps only this many of the most probable states. All by default.
    temperature : float or array of float, default 1
        The written law is the truth to the power ``1 / temperature``, before it is cut.
    real : float or array of float, default 0
        Share of records that come from the truth instead of the written law.

    Returns
    -------
    ndarray
        Expected true probability of the items that were not seen; inputs broadcast.

    Raises
    ------
    InputError
        If n or the rank is below 1, the temperature is not positive, the share is outside 0 to 1
        or the probabilities do not sum to 1.

    Notes
    -----
    Sum of ``p (1 - real p - (1 - real) q) ** n`` over the states, where q is the written law.
    Exact. By default the learner's records are real. A cut leaves `truncation_floor` for ever,
    unless there are real records.

    References
    ----------
    dohmatob2024tails, the Hutter model with cut, narrowed and mixed data; sums derived here.

    Examples
    --------
    >>> round(float(expected_error(10, [0.5, 0.3, 0.2])), 10)
    0.0304373752
    """
    size = records(n)
    heat, share = positive(temperature, "temperature"), probability(real, "real")
    law = _by_rank(probabilities)
    kept = np.inf if rank is None else whole(rank, "rank")
    place = np.arange(law.shape[-1])
    tempered = bool(np.any(heat != 1))

    def missed(
        true: Values, count: Values, first: Values, degree: Values, truthful: Values
    ) -> Values:
        written = (true / true[:, :1]) ** (1 / degree) if tempered else true
        written = np.where(place < first, written, 0.0)
        written = written / written.sum(axis=-1, keepdims=True)
        seen = np.minimum(truthful * true + (1 - truthful) * written, 1.0)
        with np.errstate(divide="ignore"):
            return values(true * np.exp(count * np.log1p(-seen)))

    return sum_of_terms(missed, law, size, kept, heat, share)


@formula(kind="exact", source="dohmatob2024tails", where="tail cutting", holds=_HOLDS)
def truncation_floor(probabilities: ArrayLike, rank: ArrayLike) -> Values:
    """Error that no number of records lowers when the written law is cut.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the rank.
    rank : int or array of int
        The written law keeps only this many of the most probable states.

    Returns
    -------
    ndarray
        True probability of all others; inputs broadcast.

    Raises
    ------
    InputError
        If the rank is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact. Top-p decoding with mass P leaves ``1 - P``, less what the last state kept is above it.

    References
    ----------
    dohmatob2024tails, section on cut tails.
    """
    # summed from the rare end, where differences from 1 would cancel
    law = _by_rank(probabilities)
    tail = np.cumsum(law[..., ::-1], axis=-1)[..., ::-1]
    tail = np.concatenate([tail, np.zeros((*law.shape[:-1], 1))], axis=-1)
    place = np.minimum(whole(rank, "rank"), law.shape[-1]).astype(np.int64)
    shape = np.broadcast_shapes(place.shape, law.shape[:-1])
    tail = np.broadcast_to(tail, (*shape, tail.shape[-1]))
    return values(np.take_along_axis(tail, np.broadcast_to(place, shape)[..., None], -1)[..., 0])


@formula(
    kind="exact",
    source="modelcollapse",
    where="De Moivre's mean deviation of the binomial law",
    holds="discrete records, frequencies of n independent ones as the model",
)
def expected_total_variation(n: ArrayLike, probabilities: ArrayLike) -> Values:
    """Expected total variation distance of the frequencies from their law.

    Parameters
    ----------
    n : int or array of int
        Records.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with n.

    Returns
    -------
    ndarray
        Half the sum of absolute differences, between 0 and 1; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact. A state of probability p contributes ``p (1 - p)`` times the probability that n - 1
    records hold it floor(n p) times.

    References
    ----------
    Textbook (De Moivre); dohmatob2024tails for its use as the error of a learner per context.
    """

    def deviation(law: Values, size: Values) -> Values:
        count = np.minimum(np.floor(size * law), size - 1)
        spread = law * (1 - law)
        log = (size - 1 - count) * np.log1p(-np.where(spread > 0, law, 0.0))
        often = count > 0  # of few states; the binomial factor of the others is 1
        total, p = (np.broadcast_to(part, count.shape)[often] for part in (size, law))
        inner = count[often]
        log[often] += gammaln(total) - gammaln(inner + 1) - gammaln(total - inner)
        log[often] += inner * np.log(p)
        return values(spread * np.exp(log))

    return sum_of_terms(deviation, distribution(probabilities), records(n))
