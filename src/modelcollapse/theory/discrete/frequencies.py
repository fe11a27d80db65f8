"""Replacement: moments of the frequencies, and what sampling alone leaves unchanged."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from modelcollapse.theory._arguments import (
    Values,
    distribution,
    fits,
    probability,
    records,
    values,
)
from modelcollapse.theory._formula import formula

_HOLDS = "discrete records, frequencies as the model, replaced each generation, n in each"


def diversity(probabilities: ArrayLike) -> Values:
    """Probability that two independent draws differ, over the last axis."""
    law = distribution(probabilities)
    return values(1 - np.sum(law**2, axis=-1))


def lost(generations: ArrayLike, n: ArrayLike) -> Values:
    """Share of the diversity that is gone: ``1 - (1 - 1/n) ** (t + 1)``."""
    return values(1 - (1 - 1 / records(n)) ** fits(generations))


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def expected_frequency(generations: ArrayLike, probabilities: ArrayLike) -> Values:
    """Expected frequency of a state, or of a set of states, under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    probabilities : float or array of float
        True probability of each state, or of each set of states.

    Returns
    -------
    ndarray
        The true probability, for ever; inputs broadcast.

    Raises
    ------
    InputError
        If a probability is outside 0 to 1, or a generation is negative.

    Notes
    -----
    Frequencies are a martingale. So the expected mass of the tail is conserved: what falls is its
    median and the number of live states in it. Do not measure collapse by expected tail mass.

    References
    ----------
    ewens2004, section 1.4 (Wright-Fisher chain).
    """
    law = probability(probabilities, "probabilities")
    return values(np.broadcast_arrays(law, fits(generations))[0].copy())


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def expected_heterozygosity(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Expected diversity of the fitted model, one minus the sum of squared frequencies.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Probability that two records of the model differ.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    ``(1 - 1/n) ** (t + 1)`` times the true diversity, exact for any law.

    References
    ----------
    ewens2004, section 1.4; seddik2024, fully synthetic setting (the same law).

    Examples
    --------
    >>> round(float(expected_heterozygosity(14, 20, [0.25, 0.25, 0.25, 0.25])), 10)
    0.3474684226
    """
    return values((1 - lost(generations, n)) * diversity(probabilities))


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def expected_squared_error(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Expected squared Euclidean distance of the frequencies from the truth.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Dimensionless; what `expected_heterozygosity` loses.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Sum of `frequency_variance` over the states, exact.

    References
    ----------
    ewens2004, section 1.4.
    """
    return values(lost(generations, n) * diversity(probabilities))


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def frequency_variance(generations: ArrayLike, n: ArrayLike, q: ArrayLike) -> Values:
    """Variance, between lineages, of the frequency of a state or set of states.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    q : float or array of float
        True probability of the state, or of the set.

    Returns
    -------
    ndarray
        Squared frequency, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or q is no probability.

    Notes
    -----
    ``q (1 - q) [1 - (1 - 1/n) ** (t + 1)]``, exact.

    References
    ----------
    ewens2004, section 1.4.
    """
    state = probability(q, "q")
    return values(state * (1 - state) * lost(generations, n))


@formula(kind="exact", source="ewens2004", where="section 1.4", holds=_HOLDS)
def frequency_covariance(
    generations: ArrayLike, n: ArrayLike, q: ArrayLike, other: ArrayLike
) -> Values:
    """Covariance, between lineages, of the frequencies of two different states.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    q, other : float or array of float
        True probabilities of the two states, or of two disjoint sets.

    Returns
    -------
    ndarray
        Squared frequency, dimensionless, never positive; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or q is no probability.

    Notes
    -----
    ``-q other [1 - (1 - 1/n) ** (t + 1)]``, exact.

    References
    ----------
    ewens2004, section 1.4.
    """
    return values(-probability(q, "q") * probability(other, "other") * lost(generations, n))


@formula(kind="exact", source="modelcollapse", where="martingale of frequencies", holds=_HOLDS)
def expected_cross_entropy(generations: ArrayLike, probabilities: ArrayLike) -> Values:
    """Expected cross-entropy of a generation's records under the true law.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the generations.

    Returns
    -------
    ndarray
        In nats: the entropy of the truth, for ever.

    Raises
    ------
    InputError
        If the probabilities do not sum to 1, or a generation is negative.

    Notes
    -----
    Sampling alone does not move the average log perplexity of generated data under the first
    model. A drift of it shows another error, such as decoding that seeks the mode. Exact.

    References
    ----------
    modelcollapse, derived; compare shumailov2024, figure 1.
    """
    law = distribution(probabilities)
    entropy = -np.sum(xlogy(law, law), axis=-1)
    return values(np.broadcast_arrays(entropy, fits(generations))[0].copy())


@formula(kind="exact", source="modelcollapse", where="covariances of frequencies", holds=_HOLDS)
def cross_entropy_variance(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Variance, between lineages, of the cross-entropy of a generation under the true law.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        In squared nats.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    Variance of the true log probability times ``1 - (1 - 1/n) ** (t + 1)``, exact.

    References
    ----------
    modelcollapse, derived from `frequency_variance` and `frequency_covariance`.
    """
    law = distribution(probabilities)
    logs = np.log(np.where(law > 0, law, 1.0))
    mean = np.sum(law * logs, axis=-1)
    return values((np.sum(law * logs**2, axis=-1) - mean**2) * lost(generations, n))
