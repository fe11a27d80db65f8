"""What records at the end of a chain are worth, and the penalty that goes with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, sizes
from modelcollapse.theory.regression.power_law import CHAIN, classical_penalty_exponent


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="balance of bias and generator noise",
    holds=CHAIN,
)
def effective_records(
    n: ArrayLike,
    generations: ArrayLike,
    *,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    noise: ArrayLike = 0.0,
) -> Values:
    """Real records, with noise of variance 1, that a fit at the end of a chain is worth.

    Parameters
    ----------
    n : float or array of float
        Records of the fit, at least 1.
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    generator_records : float or array of float
        Records that each generator was fitted to, at least 1.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.
    noise : float or array of float, default 0
        Standard deviation of the outcomes that the fit sees, at least 0.

    Returns
    -------
    ndarray
        Infinite without any noise; inputs broadcast.

    Raises
    ------
    InputError
        If a value is out of range.

    Notes
    -----
    Inverse of ``noise ** 2 / n + generations * generator_noise ** 2 / min(n, T0)``, up to a
    constant. The error falls like this number to minus the power `classical_error_exponent`.

    References
    ----------
    dohmatob2024regression, power laws; this form derived here.

    Examples
    --------
    >>> effective_records([100, 10_000], 2, generator_records=600, generator_noise=1.0).tolist()
    [50.0, 300.0]
    """
    size, t = sizes(n), whole(generations, "generations", least=0)
    least = np.minimum(size, sizes(generator_records, "generator_records"))
    written = t * at_least_zero(generator_noise, "generator_noise") ** 2 / least
    with np.errstate(divide="ignore"):
        return values(1 / (at_least_zero(noise, "noise") ** 2 / size + written))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="balance of bias and generator noise",
    holds=CHAIN,
)
def rule_of_thumb_penalty(
    n: ArrayLike,
    generations: ArrayLike,
    *,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    capacity: ArrayLike,
    source: ArrayLike,
    noise: ArrayLike = 0.0,
) -> Values:
    """Penalty that scales as the best one does, for a fit at the end of a chain.

    Parameters
    ----------
    n : float or array of float
        Records of the fit, at least 1.
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    generator_records, generator_noise : float or array of float
        As in `effective_records`.
    capacity : float or array of float
        Power with which eigenvalues fall, above 1; the first one is 1.
    source : float or array of float
        Smoothness r of the truth, above 0.
    noise : float or array of float, default 0
        As in `effective_records`.

    Returns
    -------
    ndarray
        `effective_records` to minus the power `classical_penalty_exponent`; 0 without any noise.
        Inputs broadcast.

    Raises
    ------
    InputError
        If a value is out of range.

    Notes
    -----
    Right up to a constant, for a truth of order 1. `optimal_penalty` finds the best one itself.

    References
    ----------
    dohmatob2024regression, adaptive regularisation; this form derived here.

    Examples
    --------
    >>> penalty = rule_of_thumb_penalty(
    ...     10_000, 1, generator_records=600, generator_noise=1.0, capacity=2.0, source=0.375
    ... )
    >>> round(float(penalty), 8)
    0.00599072
    """
    worth = effective_records(
        n,
        generations,
        generator_records=generator_records,
        generator_noise=generator_noise,
        noise=noise,
    )
    return values(worth ** -classical_penalty_exponent(capacity, source))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="balance of noise and generator noise",
    holds=CHAIN,
)
def saturation_records(
    generations: ArrayLike,
    *,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    noise: ArrayLike,
) -> Values:
    """Records of the last fit beyond which more of them hardly help, as a scale.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    generator_records : float or array of float
        Records that each generator was fitted to, at least 1.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.
    noise : float or array of float
        Standard deviation of the outcomes that the fit sees, at least 0.

    Returns
    -------
    ndarray
        Number of records, at least that of a generator; infinite without generators or noise in
        them. Inputs broadcast.

    Raises
    ------
    InputError
        If a value is out of range.

    Notes
    -----
    Where noise of the last fit and of the generators weigh the same in `effective_records`. There
    the error leaves its power law for a floor that only better generators lower.

    References
    ----------
    dohmatob2024regression (the crossover); value derived here.

    Examples
    --------
    >>> of = {"generator_records": 600, "generator_noise": 0.5, "noise": 1.0}
    >>> saturation_records([0, 1, 4], **of).tolist()
    [inf, 2400.0, 600.0]
    """
    t = whole(generations, "generations", least=0)
    written = t * at_least_zero(generator_noise, "generator_noise") ** 2
    own = at_least_zero(noise, "noise") ** 2
    ratio = np.where(written > 0, own / np.where(written > 0, written, 1.0), np.inf)
    return values(sizes(generator_records, "generator_records") * np.maximum(ratio, 1.0))
