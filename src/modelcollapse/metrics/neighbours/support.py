"""Whether there are still new records wherever there are real ones, and where there are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, fraction
from modelcollapse.metrics.neighbours._reading import (
    DRAWS,
    Statistic,
    beyond,
    checked_level,
    read,
)
from modelcollapse.metrics.neighbours._search import Indices
from modelcollapse.metrics.neighbours.lists import Deal, Neighbours
from modelcollapse.metrics.signal import Signal


def lost(level: float) -> Statistic:
    """Share of real records left alone by the new ones, relative to the share by chance.

    Parameters
    ----------
    level : float
        Share of the real records that are as far from other real ones.

    Returns
    -------
    Statistic
        Grows as regions are lost.
    """

    def of(deal: Deal) -> float:
        edge = beyond(deal.own[deal.reference], level)
        return float((deal.across[deal.reference] > edge).mean()) / level

    return Statistic(of, "grows", level, level)


def stretch(level: float) -> Statistic:
    """Outer quantile of the distance to new records, over that of the distance to real ones.

    Parameters
    ----------
    level : float
        Share of the records beyond the quantile.

    Returns
    -------
    Statistic
        Grows as regions are lost; NaN where the quantile among real records is 0.
    """

    def of(deal: Deal) -> float:
        edge = beyond(deal.own[deal.reference], level)
        reached = beyond(deal.across[deal.reference], level)
        return reached / edge if edge > 0 else float("nan")

    return Statistic(of, "grows")


def lost_support(
    found: Neighbours, *, level: float = 0.01, rng: Generator, draws: int = DRAWS
) -> Signal:
    """How often real records are further from the new ones than they are from each other.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    level : float, default 0.01
        Share of the real records that are as far from other real ones.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        1 where every region is still served; a lost cluster of a share w adds up to ``w / level``.
        Grows under collapse, early.

    Raises
    ------
    InputError
        If the level holds not one real record.

    Notes
    -----
    The mirror of `modelcollapse.metrics.neighbours.rarity.rarity_exceedance`, and not equal to it:
    that one asks the new records, this one the real ones, which alone remember what was lost. Asks
    what the spectral KEN (Zhang et al. 2024) asks, with the roles of model and reality swapped, at
    the cost of neighbours. Size exact (see `modelcollapse.metrics.neighbours`).
    """
    share = checked_level(level, found)
    return read(found, {"lost": lost(share)}, rng=rng, draws=draws)["lost"]


def support_stretch(
    found: Neighbours, *, level: float = 0.01, rng: Generator, draws: int = DRAWS
) -> Signal:
    """How far the loneliest real records are from the new ones, relative to real ones.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    level : float, default 0.01
        Share of the real records that count as the loneliest.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        Ratio of two quantiles, 1 where every region is still served. Grows under collapse, early.
        NaN where the real records beyond the level have copies, at distance 0.

    Raises
    ------
    InputError
        If the level holds not one real record.

    Notes
    -----
    As `lost_support`, but says how far, not how many: it needs a share `level` of the real records
    to be left alone before it moves.
    """
    share = checked_level(level, found)
    return read(found, {"stretch": stretch(share)}, rng=rng, draws=draws)["stretch"]


@dataclass(frozen=True)
class Orphans:
    """Real records that new ones have left; made by `orphans`, the loneliest first.

    Attributes
    ----------
    rows : ndarray of int, shape (count,)
        Rows of the reference as it was given.
    ratios : ndarray, shape (count,)
        Distance from the k-th new record over that from the k-th real one; infinite where there
        are k real copies of the record and no new one.
    p : ndarray, shape (count,)
        Probability that chance puts so many real records before the k-th new one, times the number
        of records (Holm).
    named : int
        How many of *all* real records are orphans at the given error rate.
    """

    rows: Indices
    ratios: Floats
    p: Floats
    named: int


def orphans(found: Neighbours, *, count: int = 20, error_rate: float = 0.05) -> Orphans:
    """Name the real records that no new record is near to.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    count : int, default 20
        How many to list.
    error_rate : float, default 0.05
        Probability that any record at all is called an orphan if nothing has changed.

    Returns
    -------
    Orphans
        Those with the largest ratio of distances among the ones with the smallest p.

    Raises
    ------
    InputError
        If the count is not a whole number from 1 upwards, or the rate is not between 0 and 1.

    Notes
    -----
    If nothing has changed, the others are met in an order in which each is as likely real as new:
    the number of real ones before the k-th new one has a negative hypergeometric law, for any law
    of the records. It needs no draws. Holm (1979) over all records. A region is named only where
    real records outnumber new ones by far: lost, not thinned out.
    """
    from scipy.stats import hypergeom  # heavy

    if not is_whole(count) or count < 1:
        raise InputError(
            f"the count must be a whole number from 1 upwards, got {count!r}. Say how many records "
            "to list."
        )
    rate, n, k = fraction(error_rate, "error_rate"), found.n, found.k
    own, across = found.own_distances[:n], found.across_distances[:n, k - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = across / own[:, k - 1]
    ratios = np.where(across == 0, 1.0, ratios)
    before = (own < across[:, None]).sum(axis=1)
    # at most k - 1 new ones among the nearest
    kinds, where = np.unique(before, return_inverse=True)
    single = np.asarray(hypergeom.cdf(k - 1, 2 * n - 1, n, kinds + k - 1))[where]
    order = np.lexsort((found.reference_rows, -ratios, single))
    adjusted = np.minimum(np.maximum.accumulate(single[order] * (n - np.arange(n))), 1.0)
    listed = order[:count]
    return Orphans(
        found.reference_rows[listed],
        ratios[listed],
        adjusted[:count],
        int((adjusted <= rate).sum()),
    )
