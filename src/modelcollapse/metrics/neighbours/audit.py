"""All that neighbours say, at once."""

from __future__ import annotations

from numpy.random import Generator

from modelcollapse.metrics.neighbours._reading import DRAWS, checked_level, read
from modelcollapse.metrics.neighbours.lists import Neighbours
from modelcollapse.metrics.neighbours.manifold import COVERAGE, DENSITY
from modelcollapse.metrics.neighbours.rarity import exceedance
from modelcollapse.metrics.neighbours.spacing import CONTRACTION, COPIES, close
from modelcollapse.metrics.neighbours.support import lost, stretch
from modelcollapse.metrics.signal import Signal


def neighbour_signals(
    found: Neighbours,
    *,
    rare: float = 0.02,
    lonely: float = 0.01,
    rng: Generator,
    draws: int = DRAWS,
    confidence: float = 0.95,
) -> dict[str, Signal]:
    """Read all measures off the neighbours; they share the lists and the draws.

    Parameters
    ----------
    found : Neighbours
        Neighbours of new and real records.
    rare : float, default 0.02
        Share of the real records that is called rare (`rarity_exceedance`).
    lonely : float, default 0.01
        Share of the real records that counts as far out, or as close (`lost_support`,
        `support_stretch`, `near_copies`).
    rng : numpy.random.Generator
        Source of all randomness.
    draws : int, default 499
        Deals that the null law is read from.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    dict of str to Signal
        By the names of the functions that read one measure each.

    Raises
    ------
    InputError
        If a level holds not one real record, or there are fewer than 99 draws.

    Notes
    -----
    Signals of one pair of sets depend on each other: hold them to one error rate together.
    """
    share, edge = checked_level(rare, found), checked_level(lonely, found)
    statistics = {
        "rarity_exceedance": exceedance(share),
        "lost_support": lost(edge),
        "support_stretch": stretch(edge),
        "coverage": COVERAGE,
        "density": DENSITY,
        "contraction": CONTRACTION,
        "near_copies": close(edge),
        "copies": COPIES,
    }
    return read(found, statistics, rng=rng, draws=draws, confidence=confidence)
