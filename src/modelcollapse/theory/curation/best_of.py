"""Best of K: the candidate of highest reward is kept for certain."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.curation._choice import scored

_HOLDS = "infinitely many records, each the best of some candidates of the newest model"


@formula(kind="exact", source="modelcollapse", where="law of a maximum", holds=_HOLDS)
def best_of_law(
    generations: ArrayLike, probabilities: ArrayLike, rewards: ArrayLike, candidates: ArrayLike
) -> Values:
    """Law of the model when each record is the best of some candidates.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the law of the real data.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (states,)
        Reward of each state; only the order counts.
    candidates : int or array of int
        Candidates per choice. Among equally good ones the choice is random.

    Returns
    -------
    ndarray, shape (..., states)
        Probabilities; generations broadcast with the leading axes.

    Raises
    ------
    InputError
        If the number of candidates is below 1, a generation is negative, rewards are not finite
        or the probabilities do not sum to 1.

    Notes
    -----
    The distribution function of the reward is that of the truth to the power ``K ** t``, exact: t
    generations are one choice among ``K ** t`` candidates.

    References
    ----------
    Textbook (law of a maximum); ferbach2024 for the process, with choices that are not certain.

    Examples
    --------
    >>> best_of_law(1, [0.5, 0.5], [0.0, 1.0], 3)
    array([0.125, 0.875])
    """
    law, score = scored(probabilities, np.ravel(rewards))
    number = whole(candidates, "candidates")
    times = whole(generations, "generations", least=0)
    # equal rewards form a level, which its states share in proportion to their probabilities
    levels, level = np.unique(score, return_inverse=True)
    mass = np.zeros((*law.shape[:-1], levels.size))
    np.add.at(mass.T, level, law.T)
    above = np.cumsum(mass[..., ::-1], axis=-1)[..., ::-1] - mass
    above[..., -1] = 0.0
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        choices = (number**times)[..., None]
        at_most = np.where(above > 0, np.exp(choices * np.log1p(-np.minimum(above, 1.0))), 1.0)
    won = np.diff(at_most, axis=-1, prepend=0.0)
    share = law / np.where(mass > 0, mass, 1.0)[..., level]
    return values(share * won[..., level])


@formula(
    kind="exact",
    source="modelcollapse",
    where="law of a maximum",
    holds=_HOLDS + "; no two records have the same reward",
)
def best_of_divergence(candidates: ArrayLike) -> Values:
    """Divergence of the law of the best of K from that of the candidates.

    Parameters
    ----------
    candidates : int or array of int
        Candidates per choice, K; after t generations their power ``K ** t``.

    Returns
    -------
    ndarray
        Kullback-Leibler divergence, in nats: ``log(K) - (K - 1) / K``.

    Raises
    ------
    InputError
        If the number of candidates is below 1.

    Notes
    -----
    Exact for rewards with a continuous law, whatever it is; an upper bound for others.

    References
    ----------
    Textbook (law of a maximum); ferbach2024 for the process, with choices that are not certain.
    """
    number = whole(candidates, "candidates")
    return values(np.log(number) - (number - 1) / number)
