"""Chains of least squares on uncorrelated inputs: exact for any number of records."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import geometric
from modelcollapse.theory.regression._checks import at_least_zero, least_squares_sizes

_HOLDS = "Gaussian inputs, uncorrelated and of equal variance, least squares of the smallest norm"


@formula(
    kind="exact",
    source="dohmatob2024regression",
    where="theorem on over-parametrised generators, isotropic",
    holds=_HOLDS,
    corrects="dohmatob2024regression, whose proof takes a product of projections for a projection",
)
def projection_bias(
    generations: ArrayLike,
    generator_records: ArrayLike,
    dimension: ArrayLike,
    *,
    same_inputs: bool = False,
) -> Values:
    """Share of the squared coefficients that generators with few records forget.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    generator_records : int or array of int
        Records that each generator was fitted to, at least 1.
    dimension : int or array of int
        Number of inputs, d.
    same_inputs : bool, default False
        All generators see the same inputs, instead of new inputs each.

    Returns
    -------
    ndarray
        Between 0 and 1; 0 from d records on. Inputs broadcast.

    Raises
    ------
    InputError
        If a generation is negative, or records or dimension are below 1.

    Notes
    -----
    Exact. A generator projects onto the span of its inputs, and T0 random directions of d hold
    the share T0 / d of a vector. With new inputs what is left falls geometrically to nothing.

    References
    ----------
    dohmatob2024regression (large dimensions); finite dimension derived here.

    Examples
    --------
    >>> float(projection_bias(5, 20, 40)), float(projection_bias(5, 20, 40, same_inputs=True))
    (0.96875, 0.5)
    """
    kept, fits = _kept(generations, generator_records, dimension, same_inputs)
    return values(1 - kept**fits)


@formula(
    kind="exact",
    source="modelcollapse",
    where="second moment of random projections",
    holds=_HOLDS + ", at least d + 2 records for the last fit",
)
def projected_chain_error(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    signal: ArrayLike,
    noise: ArrayLike,
    generator_noise: ArrayLike,
    same_inputs: bool = False,
) -> Values:
    """Expected excess error of least squares after generators with any number of records.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    n : float or array of float
        Records of the fit, at least d + 2; infinity gives the error of the last generator itself.
    dimension : int or array of int
        Number of inputs, d.
    generator_records : int or array of int
        Records that each generator was fitted to, not within 1 of d.
    signal : float or array of float
        Variance of the true outcomes without noise: of an input times the sum of squared
        coefficients. Above 0.
    noise : float or array of float
        Standard deviation of the outcomes that the fit sees, at least 0.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.
    same_inputs : bool, default False
        All generators see the same inputs with new noise, instead of new inputs each.

    Returns
    -------
    ndarray
        In squared units of the outcomes; inputs broadcast.

    Raises
    ------
    InputError
        If a value is out of range, the fit has fewer than d + 2 records, or generator records are
        within 1 of d.

    Notes
    -----
    Exact. With new inputs later generators also forget the noise of earlier ones, so that it
    saturates; with the same inputs it grows by the same amount with each.

    References
    ----------
    dohmatob2024regression (large dimensions); finite dimension and noise derived here.

    Examples
    --------
    >>> error = projected_chain_error(
    ...     5, float("inf"), dimension=40, generator_records=20, signal=1.0, noise=0.1,
    ...     generator_noise=0.3,
    ... )
    >>> round(float(error), 10)
    1.1523026316
    """
    kept, fits = _kept(generations, generator_records, dimension, same_inputs)
    d, records = whole(dimension, "dimension"), whole(generator_records, "generator_records")
    if np.any(np.abs(records - d) < 2):
        raise InputError(
            f"generator_records must differ by at least 2 from the dimension, {dimension!r}, got "
            f"{generator_records!r}: next to it least squares has an infinite expected error. Use "
            "more or fewer records."
        )
    own = at_least_zero(noise, "noise") ** 2 * d / (least_squares_sizes(n, dimension) - d - 1)
    each = np.minimum(records, d) / (np.abs(records - d) - 1)
    t = whole(generations, "generations", least=0)
    times = t if same_inputs else geometric(*np.broadcast_arrays(kept, fits))
    written = at_least_zero(generator_noise, "generator_noise") ** 2 * each * times
    return values(own + positive(signal, "signal") * (1 - kept**fits) + written)


def _kept(
    generations: ArrayLike, records: ArrayLike, dimension: ArrayLike, same_inputs: bool
) -> tuple[Values, Values]:
    """Share that one generator keeps, and how often it takes its share."""
    t = whole(generations, "generations", least=0)
    share = whole(records, "generator_records") / whole(dimension, "dimension")
    return np.minimum(share, 1.0), np.minimum(t, 1.0) if same_inputs else t
