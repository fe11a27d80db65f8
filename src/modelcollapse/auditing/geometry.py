"""Records as points: sparse regions, lost neighbourhoods, copies, and whether the laws differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.points import Points
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.classifier_test import classifier_test
from modelcollapse.metrics.neighbours import Neighbours, neighbour_signals, neighbours
from modelcollapse.metrics.spread_change import trace_ratio
from modelcollapse.metrics.two_sample import energy_signal
from modelcollapse.metrics.vendi import vendi_ratio

DIRECTIONS = 16
K = 5
LEAST = 200  # records a side, below which a neighbourhood says nothing
DEALS = 199  # tails of a null law beyond them are fitted
ENERGY = 2000  # records a side at most, for measures of all pairs
READ = ("rarity_exceedance", "lost_support", "near_copies", "coverage", "density", "contraction")


@dataclass(frozen=True)
class Geometry:
    """What was read, and the neighbours it was read from.

    Attributes
    ----------
    points : Points
        All sampled records.
    found : Neighbours or None
        None where there are too few records.
    readings : tuple of Reading
        Of this set of points.
    """

    points: Points
    found: Neighbours | None
    readings: tuple[Reading, ...]


def read_geometry(
    given: Points, tolerance: Mapping[str, Tolerance], *, most: int, rng: Generator
) -> Geometry:
    """Readings of one set of points.

    Parameters
    ----------
    given : Points
        Sampled records of both sides.
    tolerance : mapping of str to Tolerance
        By measure.
    most : int
        Records a side whose neighbours are searched.
    rng : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    Geometry
        Without readings where a side has fewer than 200 records.
    """
    if min(len(given.new), len(given.reference)) < LEAST:
        return Geometry(given, None, ())
    found = neighbours(given.new, given.reference, k=K, directions=DIRECTIONS, most=most)
    about = given.name
    readings = [
        Reading.of(name, signal, tolerance[name], about=about)
        for name, signal in neighbour_signals(found, rng=rng, draws=DEALS).items()
        if name in READ
    ]
    readings += _of_laws(given, found, tolerance, rng)
    return Geometry(given, found, tuple(readings))


def _of_laws(
    given: Points, found: Neighbours, tolerance: Mapping[str, Tolerance], rng: Generator
) -> Iterator[Reading]:
    about = given.name
    few = [_first(rows, ENERGY) for rows in (found.new, found.reference)]
    yield Reading.of("energy", energy_signal(*few, rng=rng), tolerance["energy"], about=about)
    told = classifier_test(found.new, found.reference, rng=rng)
    yield Reading.of("classifier", told.area, tolerance["classifier"], about=about)
    yield Reading.of("vendi", vendi_ratio(*few), tolerance["vendi"], about=about)
    if about:
        spread = trace_ratio(given.new, given.reference)
        yield Reading.of("total_variance", spread, tolerance["total_variance"], about=about)


def _first(rows: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Some of the records; their order says nothing, being that of a hash."""
    return rows[:most]
