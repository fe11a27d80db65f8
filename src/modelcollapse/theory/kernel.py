"""Kernel density lineages with a fixed bandwidth: smoothing inflates what sampling shrinks.

All values are for a truth of variance 1 and any shape, with the bandwidth in units of its standard
deviation, per coordinate. Generations count from 0; generation 0 is fitted to real data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, positive, records, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow

_HOLDS = "kernel density with one fixed bandwidth and a kernel of unit variance"


@formula(
    kind="exact",
    source="modelcollapse",
    where="law of total variance",
    holds=_HOLDS + ", records replaced each generation",
)
def replace_variance(generations: ArrayLike, n: ArrayLike, bandwidth: ArrayLike) -> Values:
    """Expected variance of the fitted density under replacement.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    bandwidth : float or array of float
        Standard deviation of the kernel over that of the truth, above 0.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the bandwidth is not positive.

    Notes
    -----
    Sample variance (divided by n) plus squared bandwidth, exact. It grows by about the squared
    bandwidth in each generation, up to `replace_variance_limit`.

    References
    ----------
    kazdan2024 (the regime); value derived here.

    Examples
    --------
    >>> round(float(replace_variance(29, 20, 0.5)), 10)
    4.1414449442
    """
    size, square = records(n), positive(bandwidth, "bandwidth") ** 2
    keep = 1 - 1 / size
    steps = whole(generations, "generations", least=0)
    return values(size * square + keep**steps * (keep - (size - 1) * square))


@formula(
    kind="exact",
    source="modelcollapse",
    where="fixed point",
    holds=_HOLDS + ", records replaced each generation",
)
def replace_variance_limit(n: ArrayLike, bandwidth: ArrayLike) -> Values:
    """Expected variance of the fitted density that replacement tends to.

    Parameters
    ----------
    n : int or array of int
        Records per fit.
    bandwidth : float or array of float
        Standard deviation of the kernel over that of the truth, above 0.

    Returns
    -------
    ndarray
        ``n * bandwidth ** 2``, ratio to the true variance; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1 or the bandwidth is not positive.

    Notes
    -----
    Exact; nothing of the truth is left in it.

    References
    ----------
    kazdan2024 (the regime); value derived here.
    """
    return values(records(n) * positive(bandwidth, "bandwidth") ** 2)


@formula(
    kind="exact",
    source="modelcollapse",
    where="recursion of pooled moments",
    holds=_HOLDS + ", each model is fitted to all records so far",
)
def accumulate_variance(generations: ArrayLike, n: ArrayLike, bandwidth: ArrayLike) -> Values:
    """Expected variance of the fitted density under accumulation.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        New records per generation.
    bandwidth : float or array of float
        Standard deviation of the kernel over that of the truth, above 0.

    Returns
    -------
    ndarray
        Ratio to the true variance, dimensionless; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a generation is negative or the bandwidth is not positive.

    Notes
    -----
    Exact. It still grows without limit, but like the squared bandwidth times the logarithm of
    the generation.

    References
    ----------
    kazdan2024 (the regime); value derived here.
    """
    size, square = np.broadcast_arrays(records(n), positive(bandwidth, "bandwidth") ** 2)

    def step(t: int, state: State) -> State:
        k = t + 1
        grown = square * ((1 - 1 / size) / k + t / (size * k**2))
        return (state[0] * (1 - 1 / (size * k**2)) + grown,)

    sample = follow(generations, (1 - 1 / size,), step)[0]
    return values(sample + square)
