"""Tails: what the model still writes where real records are rare.

Early collapse shows here first. *Tail mass* is how much a model writes into a tail that the real
data define; *retention* is how much of the real tail it still reaches at all; *lost mass* is how
much of the real law it can no longer write.

Under pure resampling the expected tail mass of categories does not move at all (what one replicate
loses another gains), while retention falls: for categories judge single replicates, or retention.

Leading axes are replicates; `starts` marks replicates in ragged form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import (
    Floats,
    counts_and_size,
    floats,
    fraction,
    law,
    listed,
    plain,
    total,
)
from modelcollapse.metrics.rarefaction import rarefied_retention
from modelcollapse.metrics.regions import CentralRegion
from modelcollapse.protocols import Reading

# --- numeric records ----------------------------------------------------------------------------


def tail_mass(X: ArrayLike, region: CentralRegion) -> Reading:
    """Share of the model's records outside the central region of the real ones.

    Parameters
    ----------
    X : array_like, shape (n,) or (..., n, d)
        Records of the model, as rows.
    region : CentralRegion
        Made from real records by `modelcollapse.metrics.regions.central_region`.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1, equal to ``region.level`` on average where nothing changed; falls under
        collapse, rises with noise. NaN for a replicate with NaN in it.

    Raises
    ------
    InputError
        If the records have another number of coordinates.

    Notes
    -----
    Binomial standard error ``sqrt(share (1 - share) / n)``: at level 0.01 a loss of half takes
    some 2,000 records to see. A model whose mean wanders off has *more* mass out there.
    """
    radius = region.squared_radius(X)
    missing = np.isnan(radius).any(axis=-1)
    # values that repeat often lie exactly on the edge, and rounding must not push them over
    return plain(np.where(missing, np.nan, (radius > 1 + 1e-9).mean(axis=-1)))


def gaussian_tail_mass(
    mean: ArrayLike,
    sd: ArrayLike,
    reference_mean: ArrayLike = 0.0,
    reference_sd: ArrayLike = 1.0,
    *,
    level: float = 0.01,
) -> Reading:
    """Mass of a normal law outside the central region of another, in one dimension.

    Parameters
    ----------
    mean, sd : array_like
        Mean and standard deviation of the model.
    reference_mean, reference_sd : array_like, default 0 and 1
        Those of the real law.
    level : float, default 0.01
        Share of the real law that is called its tail.

    Returns
    -------
    float or ndarray
        From 0 to 1, equal to `level` where nothing changed; falls under collapse. NaN where the
        real law has no spread.

    Raises
    ------
    InputError
        If a standard deviation is negative or the level is not between 0 and 1.

    Notes
    -----
    Textbook, exact: what `tail_mass` estimates from records.

    Examples
    --------
    >>> round(float(gaussian_tail_mass(0.0, 0.5)), 9)
    2.58e-07
    """
    edge = -ndtri(fraction(level) / 2)
    scale, unit = np.asarray(sd, dtype=np.float64), np.asarray(reference_sd, dtype=np.float64)
    if np.any(scale < 0) or np.any(unit < 0):
        raise InputError("a standard deviation must not be negative. Pass its absolute value.")
    shift = np.asarray(mean, dtype=np.float64) - np.asarray(reference_mean, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        # a point mass is outside or not
        above = np.where(scale > 0, (edge * unit - shift) / scale, np.inf * (edge * unit - shift))
        below = np.where(scale > 0, (edge * unit + shift) / scale, np.inf * (edge * unit + shift))
    return plain(np.where(unit > 0, ndtr(-above) + ndtr(-below), np.nan))


# --- categories ---------------------------------------------------------------------------------


def rare_states(p: ArrayLike, *, level: float = 0.01) -> NDArray[np.bool_]:
    """Mark the rarest states of the real law: the fewest whose mass reaches a level.

    Parameters
    ----------
    p : array_like, shape (states,)
        Real probabilities, or the real records' shares.
    level : float, default 0.01
        Share of real mass that is called the tail.

    Returns
    -------
    ndarray of bool, shape (states,)
        At least one state; together they hold `level` of the real mass or a little more. States
        without mass are no tail. Among equally rare states, those that come first.

    Raises
    ------
    InputError
        If `p` is not one law, or the level is not between 0 and 1.

    Notes
    -----
    The tail's own real mass is ``p[tail].sum()``: with few states it can be well above the level,
    and ratios must be taken to it. States picked as rare by their counts in a sample look lost in
    any other sample: pick them with a known law or on one half of the real records, and measure
    on the other.

    Examples
    --------
    >>> rare_states([0.5, 0.25, 0.125, 0.125], level=0.2).tolist()
    [False, False, True, True]
    """
    share = fraction(level)
    array, _ = law(p)
    if array.ndim != 1:
        raise InputError(
            f"the tail is defined by one law, got an array of shape {array.shape}. Pass the real "
            "law alone."
        )
    order = np.argsort(array, kind="stable")
    order = order[np.count_nonzero(array == 0) :]
    below = np.cumsum(array[order]) < share - 1e-12
    tail = np.zeros(array.size, dtype=np.bool_)
    tail[order[: np.count_nonzero(below) + 1]] = True
    return tail


def rare_mass(p: ArrayLike, tail: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Mass that the model gives to the states that are rare in the real law.

    Parameters
    ----------
    p : array_like, shape (..., states)
        The model's probabilities, or shares of its records.
    tail : array_like of bool, shape (..., states)
        Marks the rare states, from `rare_states`; ragged like `p`.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1; divide by the tail's real mass. Single replicates fall under collapse, with a
        few that rise: the expectation stays under pure resampling.

    Raises
    ------
    InputError
        If a replicate's probabilities are negative or do not sum to 1.

    Notes
    -----
    Unbiased with shares of records in place of the law, if the tail was chosen without them.

    Examples
    --------
    >>> float(rare_mass([0.75, 0.25, 0.0], [False, True, True]))
    0.25
    """
    array, held = law(p, starts)
    mass = total(np.where(np.asarray(tail, dtype=np.bool_), array, 0.0), starts)
    return plain(np.where(held, mass, np.nan))


def lost_mass(p: ArrayLike, q: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Share of real mass on states that the model can no longer write.

    Parameters
    ----------
    p : array_like, shape (..., states)
        The model's probabilities, or counts of its records: only where they are 0 matters.
    q : array_like, shape (..., states)
        The real law at the same states; mass elsewhere counts as lost.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1; *rises* under collapse and, where nothing brings states back, never falls.

    Raises
    ------
    InputError
        If real probabilities are negative or sum to more than 1.

    Notes
    -----
    Exact for a model's law. With counts of records it also counts states that the model would
    write in a larger sample: compare at equal numbers, or use `tail_retention`.

    Examples
    --------
    >>> float(lost_mass([0.5, 0.5, 0.0], [0.5, 0.25, 0.25]))
    0.25
    """
    second, missing = listed(q, starts)
    gone = np.asarray(p) <= 0
    return plain(total(np.where(gone, second, 0.0), starts) + missing)


def tail_shares(reference: ArrayLike, tail: ArrayLike) -> Floats:
    """How the real records of the tail spread over the states.

    Parameters
    ----------
    reference : array_like, shape (states,)
        Counts of real records that had no part in choosing the tail, or a known law.
    tail : array_like of bool, shape (states,)
        Marks the rare states, from `rare_states`.

    Returns
    -------
    ndarray, shape (states,)
        Shares that sum to 1, all on the tail.

    Raises
    ------
    InputError
        If no real record lies in the tail.

    Examples
    --------
    >>> tail_shares([6, 3, 1], [False, True, True]).tolist()
    [0.0, 0.75, 0.25]
    """
    inside = np.where(np.asarray(tail, dtype=np.bool_), floats(reference), 0.0)
    if not inside.sum() > 0:
        raise InputError(
            "none of the real records lies in the tail, so that nothing can be retained of it. "
            "Give more real records or raise the level."
        )
    return np.asarray(inside / inside.sum())


def tail_retention(
    counts: ArrayLike,
    control: ArrayLike,
    shares: ArrayLike,
    *,
    m: int | None = None,
) -> Reading:
    """Retention of the real tail by the model, relative to real records in its place.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        The model's records in each state.
    control : array_like of int, shape (states,)
        A sample of real records in each state, which had no part in choosing the tail nor in
        `shares`: what an unchanged model would write.
    shares : array_like, shape (states,)
        From `tail_shares`.
    m : int, optional
        Number of records to compare at; default the size of the smallest sample.

    Returns
    -------
    float or ndarray, shape (...)
        1 where nothing changed, 0 where the model reaches no state of the tail, above 1 where it
        writes more of them than reality; NaN where the control reaches none either.

    Raises
    ------
    InputError
        If a count is not whole, or `m` is larger than a sample.

    Notes
    -----
    See `modelcollapse.metrics.rarefaction.rarefied_retention`, which is unbiased; the ratio of two
    is nearly so. The advised tail reading for categories and texts.
    """
    smallest = min(float(np.min(counts_and_size(part)[1])) for part in (counts, control))
    at = int(smallest) if m is None else m
    control_retention = np.asarray(rarefied_retention(control, shares, at))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.asarray(rarefied_retention(counts, shares, at)) / control_retention
    return plain(np.where(control_retention > 0, ratio, np.nan))
