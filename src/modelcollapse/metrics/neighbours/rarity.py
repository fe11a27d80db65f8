"""Whether the new records still reach where real ones are rare."""

from __future__ import annotations

from numpy.random import Generator

from modelcollapse.metrics.neighbours._reading import (
    DRAWS,
    Statistic,
    beyond,
    checked_level,
    read,
)
from modelcollapse.metrics.neighbours.lists import Deal, Neighbours
from modelcollapse.metrics.signal import Signal


def exceedance(level: float) -> Statistic:
    """Share of new records further from the real ones than all but a share of these, over that.

    Parameters
    ----------
    level : float
        The share.

    Returns
    -------
    Statistic
        Falls as the tails go.
    """

    def of(deal: Deal) -> float:
        edge = beyond(deal.own[deal.reference], level)
        return float((deal.across[deal.new] > edge).mean()) / level

    return Statistic(of, "falls", level, level)


def rarity_exceedance(
    found: Neighbours, *, level: float = 0.02, rng: Generator, draws: int = DRAWS
) -> Signal:
    """How often new records are as rare as the rarest real ones, relative to chance.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    level : float, default 0.02
        Share of the real records that is called rare.
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.

    Returns
    -------
    Signal
        1 where the tails are intact, 0 where they are gone, above 1 for outliers and noise. Falls
        under collapse, early.

    Raises
    ------
    InputError
        If the level holds not one real record.

    Notes
    -----
    A record's rarity is its distance from its k-th nearest *real* record, itself left out; rare is
    what is rarer than all but a share `level` of the real records. A calibrated relative, for data
    sets, of the rarity score of single records (Han et al. 2022). Size exact (see
    `modelcollapse.metrics.neighbours`). Error about ``sqrt(2 / (level n))`` and a fifth to a half
    more, as rare records come in clumps: 2,000 records hardly show that half of the rarest 2 % are
    missing, 10,000 do. Blind to lost clusters: see `support`.
    """
    share = checked_level(level, found)
    return read(found, {"rarity": exceedance(share)}, rng=rng, draws=draws)["rarity"]
