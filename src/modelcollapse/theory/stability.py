"""Retraining on a mixture of real and synthetic records: when it stays near the truth.

Infinitely many records: each model maximises the expected log-likelihood of the real data plus
`ratio` times that of its predecessor's records. With finitely many the loops are those of
`modelcollapse.theory.mixing` and, without real data, of `modelcollapse.theory.gaussian`. The bound
is stated after summaries of the paper; the exact map of exponential families is derived here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._ratio import ratios, synthetic_share

_HOLDS = (
    "maximum likelihood from infinitely many records, strongly concave near the best model, with "
    "a Hessian that is Lipschitz in the data"
)
_FAMILY = "exponential family, well specified, fitted by maximum likelihood"


def _factor(mismatch: ArrayLike) -> Values:
    """One plus the mismatch of the best model with the data."""
    array = np.asarray(mismatch, dtype=np.float64)
    if not np.all((array >= 0) & np.isfinite(array)):
        raise InputError(
            f"mismatch must be finite and 0 or larger, got {mismatch!r}: it is a distance, in "
            "units of curvature over Lipschitz constant. Use 0 for a family that holds the truth."
        )
    return values(1 + array)


@formula(kind="bound", source="bertrand2024", where="theorem on local stability", holds=_HOLDS)
def largest_stable_ratio(mismatch: ArrayLike = 0.0) -> Values:
    """Ratio of synthetic to real records below which retraining is sure to be stable.

    Parameters
    ----------
    mismatch : float or array of float, default 0
        Wasserstein distance between the best model and the data, times the Lipschitz constant of
        the Hessian in the data, over the curvature of the expected log-likelihood. 0 if the
        family holds the truth.

    Returns
    -------
    ndarray
        ``1 / (2 (1 + mismatch))``, synthetic records per real one.

    Raises
    ------
    InputError
        If the mismatch is negative or not finite.

    Notes
    -----
    Sufficient, far from necessary: without mismatch it allows a third of the records to be
    synthetic, while `exponential_family_factor` is below 1 for every ratio.

    References
    ----------
    bertrand2024, theorem on local stability.
    """
    return values(1 / (2 * _factor(mismatch)))


@formula(kind="bound", source="bertrand2024", where="theorem on local stability", holds=_HOLDS)
def contraction_upper_bound(ratio: ArrayLike, mismatch: ArrayLike = 0.0) -> Values:
    """Upper bound on the factor by which one retraining changes the distance to the best model.

    Parameters
    ----------
    ratio : float or array of float
        Synthetic records per real record.
    mismatch : float or array of float, default 0
        As in `largest_stable_ratio`.

    Returns
    -------
    ndarray
        Below 1 exactly if the ratio is below `largest_stable_ratio`; infinite where nothing is
        known. Inputs broadcast.

    Raises
    ------
    InputError
        If the ratio is negative, or the mismatch is negative or not finite.

    Notes
    -----
    ``r / (1 - r)`` with ``r = ratio (1 + mismatch)``; infinite from r = 1 on.

    References
    ----------
    bertrand2024, theorem on local stability, rate.

    Examples
    --------
    >>> contraction_upper_bound([0.25, 0.5, 0.8]).round(4)
    array([0.3333, 1.    , 4.    ])
    """
    pull = ratios(ratio) * _factor(mismatch)
    known = pull < 1
    return values(np.where(known, pull, np.inf) / np.where(known, 1 - pull, 1.0))


@formula(kind="bound", source="bertrand2024", where="theorem on local stability", holds=_HOLDS)
def distance_upper_bound(
    generations: ArrayLike, ratio: ArrayLike, mismatch: ArrayLike = 0.0
) -> Values:
    """Upper bound on the distance of a model from the best one, relative to the first model's.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the first model, in the neighbourhood of the best one.
    ratio : float or array of float
        Synthetic records per real record.
    mismatch : float or array of float, default 0
        As in `largest_stable_ratio`.

    Returns
    -------
    ndarray
        Distance of the parameters over that of generation 0; infinite where nothing is known.
        Inputs broadcast.

    Raises
    ------
    InputError
        If a generation or the ratio is negative, or the mismatch is negative or not finite.

    Notes
    -----
    `contraction_upper_bound` to the power t. It says nothing from `largest_stable_ratio` on.

    References
    ----------
    bertrand2024, theorem on local stability, rate.
    """
    times = whole(generations, "generations", least=0)
    rate = contraction_upper_bound(ratio, mismatch)
    stable = rate < 1
    power = np.where(stable, rate, 0.0) ** times
    return values(np.where(stable | (times == 0), power, np.inf))


@formula(kind="exact", source="modelcollapse", where="mean parameters", holds=_FAMILY)
def exponential_family_factor(ratio: ArrayLike) -> Values:
    """Factor by which one retraining brings the mean parameters nearer to the truth.

    Parameters
    ----------
    ratio : float or array of float
        Synthetic records per real record; infinity for no real data.

    Returns
    -------
    ndarray
        ``ratio / (1 + ratio)``: below 1 for every finite ratio.

    Raises
    ------
    InputError
        If the ratio is negative.

    Notes
    -----
    Exact. It is the share of synthetic records: with four out of nine, where the bound of
    `contraction_upper_bound` is 4, the error shrinks to 4/9 in each generation.

    References
    ----------
    modelcollapse, derived; bertrand2024 for the loop.

    Examples
    --------
    >>> round(float(exponential_family_factor(0.8)), 4)
    0.4444
    """
    return synthetic_share(ratio)


@formula(kind="exact", source="modelcollapse", where="mean parameters", holds=_FAMILY)
def exponential_family_mean(
    generations: ArrayLike, start: ArrayLike, truth: ArrayLike, ratio: ArrayLike
) -> Values:
    """Mean parameters of an exponential family under retraining.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the first model.
    start, truth : float or array of float
        Mean parameters of the first model and of the data: expectations of the sufficient
        statistics, such as a mean, a mean square or a frequency.
    ratio : float or array of float
        Synthetic records per real record; infinity for no real data.

    Returns
    -------
    ndarray
        Mean parameters of each generation; inputs broadcast.

    Raises
    ------
    InputError
        If a generation or the ratio is negative.

    Notes
    -----
    ``truth + factor ** t (start - truth)`` with `exponential_family_factor`. Exact for infinitely
    many records; for finitely many, exact for the expectation of the fitted mean parameters.

    References
    ----------
    modelcollapse, derived; bertrand2024 for the loop.
    """
    first, goal = np.asarray(start, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    times = whole(generations, "generations", least=0)
    return values(goal + synthetic_share(ratio) ** times * (first - goal))
