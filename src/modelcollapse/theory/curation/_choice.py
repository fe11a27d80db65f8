"""What the formulas on curation share: checks, and the exact effect of one round of choices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, distribution, values, whole

_WIDEST = 500.0
_STEP = 0.25


def choices(candidates: ArrayLike) -> Values:
    """Candidates per choice: whole numbers from 1, or infinity."""
    array = np.asarray(candidates, dtype=np.float64)
    whole(np.where(np.isposinf(array), 1.0, array), "candidates")
    return array


def scored(probabilities: ArrayLike, rewards: ArrayLike) -> tuple[Values, Values]:
    """Laws and finite rewards of the same states, along the last axis of both."""
    law = distribution(probabilities)
    score = np.atleast_1d(np.asarray(rewards, dtype=np.float64))
    if not np.all(np.isfinite(score)):
        raise InputError(
            f"rewards must be finite, got {rewards!r}: choices compare them. To forbid a state, "
            "give it probability 0."
        )
    if score.shape[-1] != law.shape[-1]:
        raise InputError(
            f"there must be one reward for each of the {law.shape[-1]} states, got "
            f"{score.shape[-1]}. Give the two arrays last axes of the same length."
        )
    return law, score


def appeal(law: Values, score: Values) -> Values:
    """Exponential of the reward, relative to the best state that has probability."""
    best = np.max(np.where(law > 0, score, -np.inf), axis=-1, keepdims=True)
    return values(np.exp(np.where(law > 0, score - best, 0.0)))


def narrow(score: Values) -> Values:
    """Rewards whose exponentials a float can compare."""
    if np.any(np.ptp(score, axis=-1) > _WIDEST):
        raise InputError(
            f"rewards must lie within {_WIDEST:g} of each other, got a spread of "
            f"{np.ptp(score, axis=-1).max():g}: beyond that a choice is certain. Use best_of_law."
        )
    return score


def weighing(score: Values, candidates: Values) -> Callable[[Values], Values]:
    """Function from laws to the weights of their states after one round of choices.

    The expectation over the other candidates is a one-dimensional integral, because
    ``1 / x = integral of exp(-s x) over s > 0`` and candidates are independent. In log(s) the
    trapezoidal rule is accurate to rounding.
    """
    relative = np.exp(narrow(score) - np.max(score, axis=-1, keepdims=True))
    limited = np.isfinite(candidates)[..., None]
    finite = np.where(limited, candidates[..., None], 2.0)
    low = -37.0 - np.log(finite.max(initial=2.0))
    high = np.log(45.0) + np.ptp(score, axis=-1).max(initial=0.0)
    s = np.exp(np.arange(low, high + _STEP, _STEP))
    decay = np.exp(-relative[..., None] * s)  # (..., states, nodes)
    others = finite - 1

    def weights(law: Values) -> Values:
        transform = np.einsum("...i,...is->...s", law, decay)
        density = _STEP * s * transform**others
        few = finite * relative * np.einsum("...s,...is->...i", density, decay)
        if np.all(limited):
            return values(few)
        many = relative / np.sum(law * relative, axis=-1, keepdims=True)
        return values(np.where(limited, few, many))

    return weights
