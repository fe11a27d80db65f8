"""Chains of least squares fits with more records than dimensions: exact for any inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, least_squares_sizes

_HOLDS = "Gaussian inputs, homoscedastic noise, least squares, at least d + 2 records per fit"


@formula(
    kind="exact",
    source="dohmatob2024regression",
    where="proof of the theorem on least squares",
    holds=_HOLDS,
    corrects="dohmatob2024regression, recursion that prints w_n for its start w_0",
)
def least_squares_chain_error(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    noise: ArrayLike,
    generator_noise: ArrayLike,
) -> Values:
    """Expected excess error of least squares on outcomes that a chain of fits wrote.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    n : float or array of float
        Records of the fit, at least d + 2.
    dimension : int or array of int
        Number of inputs, d.
    generator_records : float or array of float
        Records that each generator was fitted to, at least d + 2.
    noise : float or array of float
        Standard deviation of the outcomes that the fit sees, at least 0.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.

    Returns
    -------
    ndarray
        In squared units of the outcomes; inputs broadcast.

    Raises
    ------
    InputError
        If a value is out of range, or a fit has fewer than d + 2 records.

    Notes
    -----
    Exact for any covariance of the inputs and any coefficients, and whether generators share their
    inputs or not. Each generator adds the same.

    References
    ----------
    dohmatob2024regression, least squares.

    Examples
    --------
    >>> of = {"dimension": 20, "generator_records": 40, "noise": 0.5, "generator_noise": 1.0}
    >>> least_squares_chain_error([0, 5], 60, **of).round(6).tolist()
    [0.128205, 5.391363]
    """
    return _error(generations, n, dimension, generator_records, noise, generator_noise, 1)


@formula(
    kind="asymptotic",
    source="dohmatob2024regression",
    where="theorem on least squares",
    holds=_HOLDS + ", many more records than dimensions",
)
def least_squares_chain_error_asymptotic(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    noise: ArrayLike,
    generator_noise: ArrayLike,
) -> Values:
    """`least_squares_chain_error` as printed, for many records and dimensions.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    n, dimension, generator_records, noise, generator_noise : float or array of float
        As in `least_squares_chain_error`.

    Returns
    -------
    ndarray
        In squared units of the outcomes; inputs broadcast.

    Raises
    ------
    InputError
        As in `least_squares_chain_error`.

    Notes
    -----
    Too low by a factor of ``1 - 1 / (n - d)`` in each term.

    References
    ----------
    dohmatob2024regression, least squares.
    """
    return _error(generations, n, dimension, generator_records, noise, generator_noise, 0)


def _error(
    generations: ArrayLike,
    n: ArrayLike,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    noise: ArrayLike,
    generator_noise: ArrayLike,
    used: int,
) -> Values:
    t, d = whole(generations, "generations", least=0), whole(dimension, "dimension")
    size = least_squares_sizes(n, dimension)
    records = least_squares_sizes(generator_records, dimension, "generator_records")
    own = at_least_zero(noise, "noise") ** 2 * d / (size - d - used)
    written = at_least_zero(generator_noise, "generator_noise") ** 2 * d / (records - d - used)
    return values(own + t * written)


@formula(
    kind="exact",
    source="dohmatob2024regression",
    where="least squares with growing samples",
    holds=_HOLDS,
    corrects="dohmatob2024regression, where the error with growing samples is about that of one "
    "generator; it tends to about 3.1 times that",
)
def growing_least_squares_error(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    dimension: int,
    generator_records: Sequence[float] | Values,
    noise: ArrayLike,
    generator_noise: ArrayLike,
) -> Values:
    """Expected excess error of least squares after generators of different sizes.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    n : float or array of float
        Records of the fit, at least d + 2.
    dimension : int
        Number of inputs, d.
    generator_records : array_like of shape (generators,)
        Records that each generator was fitted to, the first one first, at least d + 2.
    noise : float or array of float
        Standard deviation of the outcomes that the fit sees, at least 0.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.

    Returns
    -------
    ndarray
        In squared units of the outcomes; inputs broadcast, apart from the generator records.

    Raises
    ------
    InputError
        If a value is out of range, a fit has fewer than d + 2 records, or a generation lies
        beyond the generators given.

    Notes
    -----
    Exact. Samples that grow like ``m * log(m) ** 2`` keep the error bounded, with
    sum 2.1097428 of ``1 / (m * log(m) ** 2)`` from m = 2 on: about 3.1 times what the first
    generator adds, approached as slowly as ``1 / log(m)``. With linear growth it grows without
    bound, like a logarithm.

    References
    ----------
    dohmatob2024regression (the idea); the constant derived here.

    Examples
    --------
    >>> sizes = [40, 80, 160]
    >>> growing_least_squares_error(
    ...     [0, 3], 60, dimension=20, generator_records=sizes, noise=0.5, generator_noise=1.0
    ... ).round(6).tolist()
    [0.128205, 1.663705]
    """
    t = whole(generations, "generations", least=0).astype(np.int64)
    records = least_squares_sizes(generator_records, dimension, "generator_records")
    if records.ndim != 1 or np.any(t > records.size):
        raise InputError(
            f"generator_records must list every generator up to generation {t.max()}, got shape "
            f"{records.shape}: each adds its own error. Give one number for each."
        )
    size = least_squares_sizes(n, dimension)
    sums = np.concatenate([[0.0], np.cumsum(dimension / (records - dimension - 1))])
    own = at_least_zero(noise, "noise") ** 2 * dimension / (size - dimension - 1)
    return values(own + at_least_zero(generator_noise, "generator_noise") ** 2 * sums[t])


@formula(
    kind="exact",
    source="dohmatob2024regression",
    where="remark on the null predictor, least squares",
    holds=_HOLDS + ", infinitely many records for the last fit",
)
def null_predictor_generations(
    *,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    signal: ArrayLike,
) -> Values:
    """Generations after which a fit is worse than predicting the mean outcome for all.

    Parameters
    ----------
    dimension : int or array of int
        Number of inputs, d.
    generator_records : float or array of float
        Records that each generator was fitted to, at least d + 2.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, above 0.
    signal : float or array of float
        Variance of the true outcomes without noise, which is the error of predicting their mean:
        the sum of eigenvalues times squared coefficients. Above 0.

    Returns
    -------
    ndarray
        Real number of generations; inputs broadcast.

    Raises
    ------
    InputError
        If a value is out of range, or a generator has fewer than d + 2 records.

    Notes
    -----
    ``signal / generator_noise ** 2 * (T0 - d - 1) / d``, exact in finite dimension; printed with
    ``T0 - d``.

    References
    ----------
    dohmatob2024regression, least squares.

    Examples
    --------
    >>> float(null_predictor_generations(
    ...     dimension=20, generator_records=41, generator_noise=0.5, signal=1.0
    ... ))
    4.0
    """
    d = whole(dimension, "dimension")
    records = least_squares_sizes(generator_records, dimension, "generator_records")
    square = positive(generator_noise, "generator_noise") ** 2
    return values(positive(signal, "signal") / square * (records - d - 1) / d)
