"""Bradley-Terry choices: the law after some generations, and where it ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._ratio import ratios, synthetic_share
from modelcollapse.theory._recursion import State, follow
from modelcollapse.theory.curation._choice import appeal, choices, scored, weighing

_HOLDS = (
    "infinitely many records over finitely many states, each chosen among candidates of the "
    "newest model with probabilities proportional to the exponential of the reward"
)


@formula(kind="exact", source="ferbach2024", where="update of the density", holds=_HOLDS)
def selection_weights(
    probabilities: ArrayLike, rewards: ArrayLike, candidates: ArrayLike
) -> Values:
    """Factor by which one round of choices changes the probability of each state.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        Law of the candidates, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats: a difference of 1 makes a state e times as likely to win
        against another. Within 500 of each other.
    candidates : int or array of int
        Candidates per choice; ``numpy.inf`` for very many.

    Returns
    -------
    ndarray, shape (..., states)
        Between 0 and the number of candidates, and 1 on average over the law.

    Raises
    ------
    InputError
        If the number of candidates is below 1, rewards are not finite or too far apart, or the
        probabilities do not sum to 1.

    Notes
    -----
    ``E[K exp(r) / (exp(r) + sum of exp(r_j) over K - 1 others)]``, exact. Evaluated as an integral
    of powers of the Laplace transform of ``exp(r)``, for any number of candidates. For very many:
    ``exp(r) / E[exp(r)]``.

    References
    ----------
    ferbach2024, update of the density for K candidates and for K to infinity; integral derived
    here.
    """
    law, score = scored(probabilities, rewards)
    return weighing(score, choices(candidates))(law)


@formula(kind="exact", source="ferbach2024", where="retraining with curated data", holds=_HOLDS)
def curated_law(
    generations: ArrayLike,
    probabilities: ArrayLike,
    rewards: ArrayLike,
    candidates: ArrayLike,
    *,
    ratio: ArrayLike = np.inf,
) -> Values:
    """Law of the model when its predecessor's records were chosen by reward.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the law of the real data.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats; within 500 of each other.
    candidates : int or array of int
        Candidates per choice; ``numpy.inf`` for very many.
    ratio : float or array of float, default infinity
        Curated records per real record; infinity for no real data.

    Returns
    -------
    ndarray, shape (..., states)
        Probabilities; generations broadcast with the leading axes.

    Raises
    ------
    InputError
        If the number of candidates is below 1, the ratio is negative, a generation is negative,
        rewards are not finite or too far apart, or the probabilities do not sum to 1.

    Notes
    -----
    Exact iteration of `selection_weights`, made to sum to 1 in each generation: without that,
    rounding errors grow like powers of the number of candidates.

    References
    ----------
    ferbach2024, retraining with curated data, with and without real data.

    Examples
    --------
    >>> curated_law(1, [0.6, 0.3, 0.1], [0, 1, 2], 3).round(7)
    array([0.4123765, 0.3897669, 0.1978566])
    """
    law, score = scored(probabilities, rewards)
    number, share = choices(candidates), synthetic_share(ratio)[..., None]
    weights = weighing(score, number)
    shape = np.broadcast_shapes(law.shape, score.shape, (*number.shape, 1), share.shape)

    def step(_: int, state: State) -> State:
        chosen = state[0] * weights(state[0])
        chosen = chosen / chosen.sum(axis=-1, keepdims=True)
        return ((1 - share) * law + share * chosen,)

    times = whole(generations, "generations", least=0)
    return follow(times[..., None], (np.broadcast_to(law, shape),), step)[0]


@formula(
    kind="exact",
    source="ferbach2024",
    where="limit of generations",
    holds=_HOLDS + "; at least 2 candidates, no real data",
)
def curated_law_limit(probabilities: ArrayLike, rewards: ArrayLike) -> Values:
    """Law that curation without real data tends to.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the rewards.
    rewards : array of float, shape (..., states)
        Reward of each state.

    Returns
    -------
    ndarray, shape (..., states)
        The truth, restricted to the states of highest reward among those that it has.

    Raises
    ------
    InputError
        If rewards are not finite or the probabilities do not sum to 1.

    Notes
    -----
    Exact, for any number of candidates from 2 upwards and for `best_of_law`.

    References
    ----------
    ferbach2024, limit of the density.
    """
    law, score = np.broadcast_arrays(*scored(probabilities, rewards))
    best = np.max(np.where(law > 0, score, -np.inf), axis=-1, keepdims=True)
    kept = np.where(score == best, law, 0.0)
    return values(kept / kept.sum(axis=-1, keepdims=True))


@formula(
    kind="exact",
    source="ferbach2024",
    where="K to infinity",
    holds=_HOLDS + "; very many candidates, no real data",
)
def tilted_law(generations: ArrayLike, probabilities: ArrayLike, rewards: ArrayLike) -> Values:
    """Law of the model when records were chosen among very many candidates.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the law of the real data.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats.

    Returns
    -------
    ndarray, shape (..., states)
        Proportional to ``probabilities * exp(t * rewards)``.

    Raises
    ------
    InputError
        If a generation is negative, rewards are not finite or the probabilities do not sum to 1.

    Notes
    -----
    Exact limit of `curated_law` as the number of candidates grows: after t generations, the law
    that maximises ``t`` times the expected reward less the divergence from the truth.

    References
    ----------
    ferbach2024, limit of many candidates.
    """
    law, score = scored(probabilities, rewards)
    best = np.max(np.where(law > 0, score, -np.inf), axis=-1, keepdims=True)
    times = whole(generations, "generations", least=0)[..., None]
    weight = law * np.exp(times * np.where(law > 0, score - best, 0.0))
    return values(weight / weight.sum(axis=-1, keepdims=True))


@formula(
    kind="exact",
    source="modelcollapse",
    where="fixed point",
    holds=_HOLDS + "; very many candidates, real data in each generation",
)
def tilted_law_limit(probabilities: ArrayLike, rewards: ArrayLike, ratio: ArrayLike) -> Values:
    """Law that curation among very many candidates tends to when real data stay in.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats.
    ratio : float or array of float
        Curated records per real record, finite.

    Returns
    -------
    ndarray, shape (..., states)
        Probabilities: ``p / (1 + ratio - ratio exp(r) / m)``, where m is the mean of ``exp(r)``
        under the limit itself.

    Raises
    ------
    InputError
        If the ratio is negative or infinite, rewards are not finite or the probabilities do not
        sum to 1.

    Notes
    -----
    Exact, and unique: m solves one decreasing equation. Every state of the truth keeps at least
    ``1 / (1 + ratio)`` of its probability. For few candidates take `curated_law` at a late
    generation.

    References
    ----------
    ferbach2024 for the process; fixed point derived here.
    """
    law, score = scored(probabilities, rewards)
    times = ratios(ratio)[..., None]
    if not np.all(np.isfinite(times)):
        raise InputError(
            f"ratio must be finite, got {ratio!r}: without real data the limit is another. "
            "Use curated_law_limit."
        )
    u = appeal(law, score)

    def weight(mean: Values) -> Values:
        # at the least mean the best states would take everything: a positive infinity
        with np.errstate(divide="ignore"):
            part = law / np.maximum((1 + times) - times * u / mean, 0.0)
        return values(np.where(law > 0, part, 0.0))

    shape = np.broadcast_shapes(law.shape, u.shape, times.shape)
    low = np.broadcast_to(times / (1 + times), (*shape[:-1], 1))
    high = np.ones_like(low)
    for _ in range(60):  # halvings, to the last bit
        middle = (low + high) / 2
        above = weight(middle).sum(axis=-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found = weight(high)
    return values(found / found.sum(axis=-1, keepdims=True))


@formula(kind="exact", source="ferbach2024", where="expected reward", holds=_HOLDS)
def curated_reward(
    generations: ArrayLike,
    probabilities: ArrayLike,
    rewards: ArrayLike,
    candidates: ArrayLike,
    *,
    ratio: ArrayLike = np.inf,
) -> Values:
    """Expected exponential of the reward of the model, relative to the best state.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the law of the real data.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    rewards : array of float, shape (..., states)
        Reward of each state, in nats; within 500 of each other.
    candidates : int or array of int
        Candidates per choice; ``numpy.inf`` for very many.
    ratio : float or array of float, default infinity
        Curated records per real record; infinity for no real data.

    Returns
    -------
    ndarray
        ``E[exp(r - highest r)]``, between 0 and 1; inputs broadcast.

    Raises
    ------
    InputError
        As in `curated_law`.

    Notes
    -----
    Exact. From 2 candidates on and without real data it rises, and tends to 1.

    References
    ----------
    ferbach2024, expected reward under curated retraining.
    """
    law, score = scored(probabilities, rewards)
    reached = curated_law(generations, law, score, candidates, ratio=ratio)
    return values(np.sum(reached * appeal(law, score), axis=-1))
