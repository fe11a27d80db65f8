"""What curation is sure to gain, and how far it can drift while real data stay in.

The bounds are stated after summaries of the paper, and were searched for counterexamples: in some
thousand random cases none was found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory._ratio import ratios, synthetic_share
from modelcollapse.theory.curation._choice import appeal, choices, scored

_HOLDS = "infinitely many records, each chosen among candidates by reward"


def _moments(probabilities: ArrayLike, rewards: ArrayLike) -> tuple[Values, Values]:
    """Mean and variance of the exponential of the reward, relative to that of the best state."""
    law, score = scored(probabilities, rewards)
    u = appeal(law, score)
    mean = np.sum(law * u, axis=-1)
    return values(mean), values(np.sum(law * (u - mean[..., None]) ** 2, axis=-1))


def _rivals(candidates: ArrayLike) -> Values:
    """Share ``(K - 1) / K`` of candidates that are not the first one."""
    return values(1 - 1 / choices(candidates))


@formula(kind="bound", source="ferbach2024", where="growth of the reward", holds=_HOLDS)
def reward_lower_bound(
    probabilities: ArrayLike, rewards: ArrayLike, candidates: ArrayLike
) -> Values:
    """Lower bound on `curated_reward` one generation after a law, without real data.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        Law of the candidates, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats.
    candidates : int or array of int
        Candidates per choice; ``numpy.inf`` for very many.

    Returns
    -------
    ndarray
        ``E[exp(r - highest r)]`` of the next model, at least; inputs broadcast.

    Raises
    ------
    InputError
        If the number of candidates is below 1, rewards are not finite or the probabilities do not
        sum to 1.

    Notes
    -----
    Mean plus ``(K - 1) / K`` times the variance of ``exp(r - highest r)``.

    References
    ----------
    ferbach2024, growth of the expected reward.
    """
    mean, variance = _moments(probabilities, rewards)
    return values(mean + _rivals(candidates) * variance)


@formula(
    kind="bound",
    source="ferbach2024",
    where="reward with real data",
    holds=_HOLDS + ", real data in each generation, from generation 1 on",
)
def retained_reward_lower_bound(
    probabilities: ArrayLike, rewards: ArrayLike, candidates: ArrayLike, ratio: ArrayLike
) -> Values:
    """Lower bound on `curated_reward` of every generation but 0, with real data.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats.
    candidates : int or array of int
        Candidates per choice; ``numpy.inf`` for very many.
    ratio : float or array of float
        Curated records per real record; infinity for no real data.

    Returns
    -------
    ndarray
        ``E[exp(r - highest r)]``, at least; inputs broadcast.

    Raises
    ------
    InputError
        If the number of candidates is below 1, the ratio is negative, rewards are not finite or
        the probabilities do not sum to 1.

    Notes
    -----
    Mean plus ``ratio / (1 + ratio) ** 3 * (K - 1) / K`` times the variance of
    ``exp(r - highest r)`` under the truth. The factor ``ratio / (1 + ratio)`` is right in
    generation 1, and was never undercut later in numerical searches.

    References
    ----------
    ferbach2024, reward under retraining with real and curated data.
    """
    mean, variance = _moments(probabilities, rewards)
    share = synthetic_share(ratio)
    return values(mean + share * (1 - share) ** 2 * _rivals(candidates) * variance)


@formula(
    kind="bound",
    source="ferbach2024",
    where="stability with real data",
    holds=_HOLDS + ", real data in each generation",
)
def divergence_upper_bound(candidates: ArrayLike, ratio: ArrayLike) -> Values:
    """Upper bound on how far curation leads away from the truth while real data stay in.

    Parameters
    ----------
    candidates : int or array of int
        Candidates per choice; ``numpy.inf`` for very many.
    ratio : float or array of float
        Curated records per real record; infinity for no real data.

    Returns
    -------
    ndarray
        Kullback-Leibler divergence of the model from the truth, in nats, at most, in every
        generation and for every reward; infinite where there is no bound. Inputs broadcast.

    Raises
    ------
    InputError
        If the number of candidates is below 1 or the ratio is negative.

    Notes
    -----
    ``-log(1 - ratio (K - 1))`` where ``ratio < 1 / (K - 1)``: the ratio of densities itself stays
    below the exponential of it.

    References
    ----------
    ferbach2024, stability of retraining with real and curated data.
    """
    rivals, times = np.broadcast_arrays(choices(candidates) - 1, ratios(ratio))
    product = np.zeros(rivals.shape)
    np.multiply(rivals, times, out=product, where=(rivals > 0) & (times > 0))
    with np.errstate(divide="ignore"):
        return values(-np.log1p(-np.minimum(product, 1.0)))
