"""Replacement: when only one state is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_banded
from scipy.special import xlog1py

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, distribution, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.discrete._chain import binomial_rows, chain_size, transitions
from modelcollapse.theory.discrete.frequencies import expected_heterozygosity

_HOLDS = "discrete records, frequencies as the model, replaced each generation, n in each"


@formula(kind="exact", source="shumailov2024", where="discrete states", holds=_HOLDS)
def fixation_probability(probabilities: ArrayLike) -> Values:
    """Probability that a state is the one that is left in the end.

    Parameters
    ----------
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1.

    Returns
    -------
    ndarray, shape (..., states)
        The true probability; one minus it is the probability of eventual loss.

    Raises
    ------
    InputError
        If the probabilities do not sum to 1.

    Notes
    -----
    Only point masses absorb, and frequencies are a martingale. Exact.

    References
    ----------
    shumailov2024, discrete states; ewens2004, section 1.4.
    """
    return values(distribution(probabilities).copy())


@formula(
    kind="exact",
    source="modelcollapse",
    where="fundamental matrix of the two-type chain",
    holds=_HOLDS,
)
def absorption_time(n: int, probabilities: ArrayLike) -> Values:
    """Expected number of fits until only one state is left.

    Parameters
    ----------
    n : int
        Records per fit, at most 20,000.
    probabilities : array of float, shape (states,)
        True probabilities, summing to 1.

    Returns
    -------
    ndarray
        Number of fits; one less than it is the expected index of the first degenerate generation.

    Raises
    ------
    InputError
        If n is too large or the probabilities do not sum to 1.

    Notes
    -----
    Exact: by lumping, the sum over states of the time spent on lineages that they win. One banded
    linear system, of time like ``n ** 2``.

    References
    ----------
    modelcollapse, derived; ewens2004, section 2.2 (absorption of finite chains).

    Examples
    --------
    >>> round(float(absorption_time(20, [0.5, 0.5])), 8)
    26.22948535
    """
    size = chain_size(n)
    law = distribution(probabilities)
    if law.ndim > 1:
        raise InputError(
            f"probabilities must be one law, got an array of shape {law.shape}: each one needs a "
            "linear system of its own. Call once for each law."
        )
    time = np.zeros(size + 1)
    if size > 1:
        chain = transitions(size)[1:size, 1:size].tocoo()
        offset = chain.row.astype(np.int64) - chain.col
        width = int(np.abs(offset).max(initial=0))
        bands = np.zeros((2 * width + 1, size - 1))
        bands[width + offset, chain.col] = -chain.data
        bands[width] += 1.0
        time[1:size] = solve_banded((width, width), bands, np.arange(1, size) / size)
    distinct, times = np.unique(law, return_counts=True)
    return values(1 + np.sum((binomial_rows(size, distinct) @ time) * times))


@formula(
    kind="asymptotic",
    source="ewens2004",
    where="section 5.4",
    holds=_HOLDS + "; diffusion limit of large n",
)
def absorption_time_diffusion(n: ArrayLike, probabilities: ArrayLike) -> Values:
    """Diffusion approximation of `absorption_time`.

    Parameters
    ----------
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with n.

    Returns
    -------
    ndarray
        Number of fits; 1.3 to 2 too many for n from 20 to 50.

    Raises
    ------
    InputError
        If n is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    ``-2 n`` times the sum of ``(1 - p) log(1 - p)``.

    References
    ----------
    ewens2004, section 5.4 (two states); more states derived here by lumping.
    """
    law = distribution(probabilities)
    return values(-2 * records(n) * np.sum(xlog1py(1 - law, -law), axis=-1))


@formula(
    kind="asymptotic",
    source="kingman1982",
    where="time to the common ancestor",
    holds=_HOLDS + "; many more equally likely states than records",
)
def absorption_time_coalescent(n: ArrayLike) -> Values:
    """Expected number of fits until one state is left, when at first all records differ.

    Parameters
    ----------
    n : int or array of int
        Records per fit.

    Returns
    -------
    ndarray
        ``2 (n - 1)`` fits; of the shape of `n`.

    Raises
    ------
    InputError
        If n is below 1.

    Notes
    -----
    Within 0.1 % for a thousand states and fifty records.

    References
    ----------
    kingman1982, time to the most recent common ancestor.
    """
    return values(2 * (records(n) - 1))


@formula(kind="bound", source="seddik2024", where="two states", holds=_HOLDS)
def absorption_tail_lower_bound(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Lower bound on the probability that more than one state is left.

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
        Probability; inputs broadcast. Within a factor of 1.5 for two states.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative, the probabilities do not sum to 1 or there is
        one state only.

    Notes
    -----
    `expected_heterozygosity` over its largest value, ``1 - 1 / states``.

    References
    ----------
    seddik2024 by way of suresh2025 (two states); more states derived here.
    """
    law = distribution(probabilities)
    states = np.sum(law > 0, axis=-1)
    if np.any(states < 2):
        raise InputError(
            "probabilities must have two positive entries at least: with one state the lineage is "
            "degenerate from the start. Add a state."
        )
    return values(expected_heterozygosity(generations, n, law) / (1 - 1 / states))


@formula(kind="bound", source="modelcollapse", where="Markov's inequality", holds=_HOLDS)
def absorption_tail_upper_bound(
    generations: ArrayLike, n: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Upper bound on the probability that more than one state is left.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit, at least 2.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        At most 1, which it is for most practical ranges; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 2, a generation is negative or the probabilities do not sum to 1.

    Notes
    -----
    `expected_heterozygosity` over its least value while two states are left,
    ``2 (n - 1) / n^2``. For two states sharper than the printed ``2 n p (1 - p) (1 - 1/n) ** k``.

    References
    ----------
    modelcollapse, derived; seddik2024 by way of suresh2025 (two states, weaker).
    """
    size = records(n, ddof=1)
    diversity = expected_heterozygosity(generations, n, probabilities)
    return values(np.minimum(diversity * size**2 / (2 * (size - 1)), 1.0))
