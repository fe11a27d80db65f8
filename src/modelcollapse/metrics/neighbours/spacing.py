"""How close the new records lie to each other: contraction, near copies, copies."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from modelcollapse.metrics.neighbours._reading import (
    DRAWS,
    Statistic,
    checked_level,
    interpolated,
    read,
)
from modelcollapse.metrics.neighbours.lists import Deal, Neighbours
from modelcollapse.metrics.signal import Signal


def _ratio(deal: Deal) -> float:
    real = float(np.median(deal.first[deal.reference]))
    return float(np.median(deal.first[deal.new])) / real if real > 0 else float("nan")


def _copies(deal: Deal) -> float:
    alone = deal.first > 0
    return float(alone[deal.reference].mean() - alone[deal.new].mean())


CONTRACTION = Statistic(_ratio, "falls")
COPIES = Statistic(_copies, "grows")


def close(level: float) -> Statistic:
    """Share of new records closer to another one than all but a share of the real ones.

    Parameters
    ----------
    level : float
        The share.

    Returns
    -------
    Statistic
        Grows as records repeat each other.
    """

    def of(deal: Deal) -> float:
        edge = interpolated(deal.first[deal.reference], level)
        return float((deal.first[deal.new] < edge).mean())

    return Statistic(of, "grows", level)


def contraction(found: Neighbours, *, rng: Generator, draws: int = DRAWS) -> Signal:
    """Median distance from the nearest new record among new ones, relative to real ones.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        1 if nothing has changed. Falls under collapse, late, and by copies. NaN where half of the
        real records have copies.

    Notes
    -----
    Both sets at one size: the distance falls with the number of records. Added noise raises it and
    hides contraction; see `modelcollapse.metrics.neighbours.manifold.density`.
    """
    return read(found, {"contraction": CONTRACTION}, rng=rng, draws=draws)["contraction"]


def near_copies(
    found: Neighbours, *, level: float = 0.01, rng: Generator, draws: int = DRAWS
) -> Signal:
    """Share of new records closer to another one than real records are.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    level : float, default 0.01
        Share of the real records that is as close to another real one.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        A share; `level` if nothing has changed. Grows as records repeat each other. 0 where a
        share `level` of the real records has exact copies: read `copies` then.

    Raises
    ------
    InputError
        If the level holds not one real record.

    Notes
    -----
    The first signal to move where a share of the records is duplicated with little noise.
    """
    share = checked_level(level, found)
    return read(found, {"near": close(share)}, rng=rng, draws=draws)["near"]


def copies(found: Neighbours, *, rng: Generator, draws: int = DRAWS) -> Signal:
    """Share of new records with an exact copy among new ones, less that of real records.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        From -1 to 1; 0 if nothing has changed. Grows as records repeat each other.

    Notes
    -----
    Textbook. Both sets at one size: by chance alone more copies are met among more records.
    """
    return read(found, {"copies": COPIES}, rng=rng, draws=draws)["copies"]
