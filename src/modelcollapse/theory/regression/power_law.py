"""How error and best penalty scale where eigenvalues and coefficients are power laws.

Eigenvalues fall like ``j ** -capacity``. The source r says how the coefficients fall, like
``j ** -(delta / 2)`` with ``delta = 1 + capacity * (2 * r - 1)``: the larger, the smoother the
truth. Rates hold up to constants, and with at least d + 2 records for each generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero

_HOLDS = "power-law eigenvalues and coefficients, many records, up to constants"
CHAIN = _HOLDS + "; generators without penalty, of more records than dimensions in a fixed ratio"


@formula(kind="asymptotic", source="dohmatob2024regression", where="power laws", holds=_HOLDS)
def classical_penalty_exponent(capacity: ArrayLike, source: ArrayLike) -> Values:
    """Power of the records with which the best penalty for noisy real data falls.

    Parameters
    ----------
    capacity : float or array of float
        Power with which eigenvalues fall, above 1.
    source : float or array of float
        Smoothness r of the truth, above 0.

    Returns
    -------
    ndarray
        ``capacity / (2 * capacity * min(source, 1) + 1)``; inputs broadcast.

    Raises
    ------
    InputError
        If the capacity is not above 1 or the source not above 0.

    Notes
    -----
    Asymptotic. Without noise the best penalty is none at all.

    References
    ----------
    dohmatob2024regression, power laws.

    Examples
    --------
    >>> round(float(classical_penalty_exponent(2.0, 0.375)), 12)
    0.8
    """
    beta, smooth = _exponents(capacity, source)
    return values(beta / (2 * beta * smooth + 1))


@formula(kind="asymptotic", source="dohmatob2024regression", where="power laws", holds=_HOLDS)
def classical_error_exponent(capacity: ArrayLike, source: ArrayLike) -> Values:
    """Power of the records with which the error falls on noisy real data with the best penalty.

    Parameters
    ----------
    capacity : float or array of float
        Power with which eigenvalues fall, above 1.
    source : float or array of float
        Smoothness r of the truth, above 0.

    Returns
    -------
    ndarray
        ``2 * min(source, 1)`` times `classical_penalty_exponent`; inputs broadcast.

    Raises
    ------
    InputError
        If the capacity is not above 1 or the source not above 0.

    Notes
    -----
    Asymptotic.

    References
    ----------
    dohmatob2024regression, power laws.

    Examples
    --------
    >>> round(float(classical_error_exponent(2.0, 0.375)), 12)
    0.6
    """
    beta, smooth = _exponents(capacity, source)
    return values(2 * beta * smooth / (2 * beta * smooth + 1))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="balance of bias and generator noise",
    holds=CHAIN,
    corrects="dohmatob2024regression, whose exponent is right only up to as many generator "
    "records as records, and whose n ~ T^a should be n sigma0^2 ~ T^a",
)
def chain_penalty_exponent(
    capacity: ArrayLike,
    source: ArrayLike,
    *,
    generator_exponent: ArrayLike,
    noise_exponent: ArrayLike = 0.0,
) -> Values:
    """Power of the records with which the best penalty falls at the end of a chain.

    Parameters
    ----------
    capacity : float or array of float
        Power with which eigenvalues fall, above 1.
    source : float or array of float
        Smoothness r of the truth, above 0.
    generator_exponent : float or array of float
        Generators have n to this power of records, where the fit has n; at least 0.
    noise_exponent : float or array of float, default 0
        Generations times variance of the generator noise grow like n to this power; from 0 to
        the smaller of 1 and the generator exponent.

    Returns
    -------
    ndarray
        ``min(generator_exponent, 1) - noise_exponent`` times `classical_penalty_exponent`; inputs
        broadcast.

    Raises
    ------
    InputError
        If an exponent is out of range.

    Notes
    -----
    Asymptotic, with noise in the last fit's outcomes or without. For a constant number of
    generations the best penalty depends on the smaller of the two numbers of records alone.

    References
    ----------
    dohmatob2024regression, power laws; general form derived here.

    Examples
    --------
    >>> chain_penalty_exponent(2.0, 0.375, generator_exponent=[0.5, 1.2]).round(12).tolist()
    [0.4, 0.8]
    """
    share = _share(generator_exponent, noise_exponent)
    return values(share * classical_penalty_exponent(capacity, source))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="balance of bias and generator noise",
    holds=CHAIN,
    corrects="dohmatob2024regression, whose exponent is right only up to as many generator "
    "records as records",
)
def chain_error_exponent(
    capacity: ArrayLike,
    source: ArrayLike,
    *,
    generator_exponent: ArrayLike,
    noise_exponent: ArrayLike = 0.0,
) -> Values:
    """Power of the records with which the error falls at the end of a chain, best penalty.

    Parameters
    ----------
    capacity, source, generator_exponent, noise_exponent : float or array of float
        As in `chain_penalty_exponent`.

    Returns
    -------
    ndarray
        ``min(generator_exponent, 1) - noise_exponent`` times `classical_error_exponent`; inputs
        broadcast.

    Raises
    ------
    InputError
        If an exponent is out of range.

    Notes
    -----
    Asymptotic.

    References
    ----------
    dohmatob2024regression, power laws; general form derived here.

    Examples
    --------
    >>> chain_error_exponent(2.0, 0.375, generator_exponent=[0.5, 1.2]).round(12).tolist()
    [0.3, 0.6]
    """
    share = _share(generator_exponent, noise_exponent)
    return values(share * classical_error_exponent(capacity, source))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="generator noise at the classical penalty",
    holds=CHAIN,
    corrects="dohmatob2024regression, which has the error grow from, not below, its threshold, "
    "and also for a constant number of generations",
)
def classical_excess_exponent(
    capacity: ArrayLike,
    source: ArrayLike,
    *,
    generator_exponent: ArrayLike,
    noise_exponent: ArrayLike = 0.0,
) -> Values:
    """Power with which the error that generators add falls, with the penalty for real data.

    Parameters
    ----------
    capacity, source, generator_exponent, noise_exponent : float or array of float
        As in `chain_penalty_exponent`.

    Returns
    -------
    ndarray
        ``classical_error_exponent + min(generator_exponent, 1) - 1 - noise_exponent``; where
        negative, the added error grows. Inputs broadcast.

    Raises
    ------
    InputError
        If an exponent is out of range.

    Notes
    -----
    Asymptotic. Growth ends where all d directions are resolved, at a plateau of
    ``d / (T0 - d - 1)`` times generations and noise variance: it goes on for ever only if those
    grow too.

    References
    ----------
    dohmatob2024regression, power laws; sign and condition derived here.

    Examples
    --------
    >>> round(float(classical_excess_exponent(2.0, 0.375, generator_exponent=0.8)), 12)
    0.4
    """
    share = _share(generator_exponent, noise_exponent)
    return values(classical_error_exponent(capacity, source) + share - 1)


def _exponents(capacity: ArrayLike, source: ArrayLike) -> tuple[Values, Values]:
    beta = positive(capacity, "capacity")
    if np.any(beta <= 1):
        raise InputError(
            f"capacity must be larger than 1, got {capacity!r}: eigenvalues that fall more slowly "
            "have an infinite sum. Use the power with which they fall."
        )
    return beta, np.minimum(positive(source, "source"), 1.0)


def _share(generator_exponent: ArrayLike, noise_exponent: ArrayLike) -> Values:
    """Power of the records with which the effective records grow."""
    least = np.minimum(at_least_zero(generator_exponent, "generator_exponent"), 1.0)
    growth = at_least_zero(noise_exponent, "noise_exponent")
    if np.any(growth > least):
        raise InputError(
            f"noise_exponent must be at most the smaller of 1 and the generator exponent, got "
            f"{noise_exponent!r} and {generator_exponent!r}: beyond it noise outgrows the records "
            "and no penalty gives a rate. Use fewer generations or larger generators."
        )
    return np.asarray(least - growth)
