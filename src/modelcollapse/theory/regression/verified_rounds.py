"""Distance from the verifier after many rounds of least squares on what it let through."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, positive, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero
from modelcollapse.theory.regression.verified import HOLDS, verified_contraction
from modelcollapse.theory.regression.weighting import relaxed


def _rounds(
    n_kept: ArrayLike, dimension: ArrayLike, half_width: ArrayLike, noise: ArrayLike
) -> tuple[Values, Values]:
    """Contraction of the squared distance, and the noise that one round adds to it."""
    keep = verified_contraction(half_width, noise)
    added = whole(dimension, "dimension") * positive(noise, "noise") ** 2 * keep
    return keep**2, values(added / whole(n_kept, "n_kept"))


@formula(kind="bound", source="yi2026", where="theorem on iterative retraining", holds=HOLDS)
def verified_distance_upper_bound(
    generations: ArrayLike,
    n_kept: ArrayLike,
    *,
    squared_distance: ArrayLike,
    dimension: ArrayLike,
    half_width: ArrayLike,
    noise: ArrayLike,
) -> Values:
    """Upper bound on the expected squared distance from the verifier.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: verified rounds since the fit to real data, which is generation 0.
    n_kept : int or array of int
        Accepted labels per direction in each round.
    squared_distance : float or array of float
        Expected squared distance of the first fit from the verifier: that of the truth plus
        ``noise^2 * sum(1 / singular_values^2)``.
    dimension : int or array of int
        Inputs per record.
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float or array of float
        Standard deviation of the labels.

    Returns
    -------
    ndarray
        Inputs broadcast.

    Raises
    ------
    InputError
        If a scale is not positive, or a number of records, generations or dimensions not whole.

    Notes
    -----
    ``rho^(2t) squared_distance`` plus ``dimension noise^2 rho / n_kept`` times the first t powers
    of ``rho^2``, with the contraction rho. Close to the value where the model starts within the
    half-width of the verifier. The model tends to the verifier and not to the truth.

    References
    ----------
    yi2026, iterative retraining.

    Examples
    --------
    >>> bound = verified_distance_upper_bound([0, 1, 2, 3], 200, squared_distance=1.09, dimension=8,
    ...     half_width=0.1 + (2 / 3.141592653589793) ** 0.5, noise=1.0)
    >>> bound.round(4)
    array([1.09  , 0.073 , 0.0139, 0.0104])
    """
    keep, added = _rounds(n_kept, dimension, half_width, noise)
    start = at_least_zero(squared_distance, "squared_distance")
    return relaxed(generations, start, keep, added)


@formula(
    kind="bound",
    source="yi2026",
    where="theorem on iterative retraining, many rounds",
    holds=HOLDS + ", many rounds",
)
def verified_distance_upper_bound_limit(
    n_kept: ArrayLike, *, dimension: ArrayLike, half_width: ArrayLike, noise: ArrayLike
) -> Values:
    """Upper bound on the squared distance from the verifier that is left after many rounds.

    Parameters
    ----------
    n_kept : int or array of int
        Accepted labels per direction in each round.
    dimension : int or array of int
        Inputs per record.
    half_width : float or array of float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float or array of float
        Standard deviation of the labels.

    Returns
    -------
    ndarray
        Inputs broadcast; infinity without a verifier.

    Raises
    ------
    InputError
        If a scale is not positive, or a number of records or dimensions not whole.

    Notes
    -----
    ``dimension noise^2 rho / (n_kept (1 - rho^2))``, nearly the value itself, since models end
    near the verifier, where the bound is tight.

    References
    ----------
    yi2026, iterative retraining.
    """
    keep, added = _rounds(n_kept, dimension, half_width, noise)
    with np.errstate(divide="ignore"):
        return values(added / (1 - keep))


@formula(
    kind="bound",
    source="yi2026",
    where="theorem on iterative retraining, sizes that change",
    holds=HOLDS,
)
def growing_verified_distance_upper_bound(
    sizes: ArrayLike,
    *,
    squared_distance: float,
    dimension: int,
    half_width: float,
    noise: float,
) -> Values:
    """Upper bound on the squared distance from the verifier when each round has its own size.

    Parameters
    ----------
    sizes : array of int, shape (..., rounds)
        Accepted labels per direction in each round.
    squared_distance : float
        Expected squared distance of the first fit from the verifier.
    dimension : int
        Inputs per record.
    half_width : float
        Radius plus tolerance of the verifier, in units of the labels; ``numpy.inf`` for none.
    noise : float
        Standard deviation of the labels.

    Returns
    -------
    ndarray, shape (..., rounds + 1)
        Generation 0, which is the fit to real data, and the generation after each round.

    Raises
    ------
    InputError
        If a scale is not positive, or a number of records or dimensions not whole.

    Notes
    -----
    Each round multiplies by ``rho^2`` and adds ``dimension noise^2 rho / size``. Sizes that grow
    without limit bring the model to the verifier itself, at any pace.

    References
    ----------
    yi2026, iterative retraining.
    """
    keep, added = _rounds(np.atleast_1d(sizes), dimension, half_width, noise)
    bound = np.empty((*added.shape[:-1], added.shape[-1] + 1))
    bound[..., 0] = at_least_zero(squared_distance, "squared_distance")
    for t in range(added.shape[-1]):
        bound[..., t + 1] = keep * bound[..., t] + added[..., t]
    return values(bound)
