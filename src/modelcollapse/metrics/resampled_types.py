"""How many generations of pure resampling would leave so few of the rare types.

A rare type in a chain of resampled data sets of one size is a critical branching process: every
record has a Poisson number of descendants, one on average. That says which share of the types is
still there after any number of generations, and so turns a loss of types into generations: more
precisely than the loss of heterozygosity (`modelcollapse.metrics.effective_generations`), which
hardly moves before the types have gone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats

MOST = 10_000


class Generations(NamedTuple):
    """Generations of resampling, beyond the one of an honest redraw.

    Attributes
    ----------
    value, low, high : float
        Number and its interval; infinite where more than ten thousand would be needed.
    """

    value: float
    low: float
    high: float


def surviving_types(expected: ArrayLike, generations: float) -> float:
    """Types that a data set still shows, the last of a chain.

    Parameters
    ----------
    expected : array_like, shape (types,)
        Records of each type expected in a data set of the law itself.
    generations : float
        Resampled data sets between the law's own sample and this one; 0 for a sample of the law.
        Between whole numbers the survival of a line is interpolated on logarithms.

    Returns
    -------
    float
        Expected number of types.

    Raises
    ------
    InputError
        If there are negative generations.

    Notes
    -----
    Textbook (Galton and Watson): a line of one record is alive after t generations with
    probability ``s[t] = 1 - exp(-s[t-1])``, ``s[0] = 1``, near ``2/t``; a type with c records
    expected shows with probability ``1 - exp(-c s[t])``. Exact for rare types of large data sets.

    Examples
    --------
    >>> round(surviving_types([1.0, 1.0], 0), 4), round(surviving_types([1.0, 1.0], 1), 4)
    (1.2642, 0.9371)
    """
    if not generations >= 0:
        raise InputError(
            f"generations must be 0 or more, got {generations!r}: 0 is a sample of the law itself."
        )
    return float(-np.expm1(-np.asarray(expected, dtype=np.float64) * _alive(generations)).sum())


def _alive(generations: float) -> float:
    """Probability that a line of one record is alive."""
    whole = math.floor(generations)
    alive = 1.0
    for _ in range(min(whole, MOST)):
        alive = -math.expm1(-alive)
    return float(alive * (-math.expm1(-alive) / alive) ** (generations - whole))


def resampling_generations(
    expected: ArrayLike, retained: float, low: float, high: float
) -> Generations:
    """Generations of pure resampling that would leave a given share of the types.

    Parameters
    ----------
    expected : array_like, shape (types,)
        Records of each type that was followed, expected in a data set of the chain's size.
    retained, low, high : float
        Types found over types expected, with the ends of its interval, for example of
        `modelcollapse.metrics.retention.type_retention`.

    Returns
    -------
    Generations
        Zero where nothing more is lost than an honest redraw loses; the interval has the ends
        that belong to `high` and `low`.

    Raises
    ------
    InputError
        If there is no type of which anything is expected.

    Notes
    -----
    Inverts `surviving_types`. The interval holds what that of the retention holds: the drift of
    one chain is in it, since the types of a chain go independently.
    """
    known = np.asarray(expected, dtype=np.float64).ravel()
    known = known[known > 0]
    if not known.size:
        raise InputError(
            "no type is expected at all, so that none can be lost. Give the records expected of "
            "each type that was followed."
        )
    return Generations(*(_inverted(known, share) for share in (retained, high, low)))


def _inverted(expected: Floats, share: float) -> float:
    if math.isnan(share):
        return math.nan
    start = surviving_types(expected, 0.0)
    if share >= 1:
        return 0.0
    if surviving_types(expected, MOST) > share * start:
        return math.inf
    low, high = 0.0, 1.0
    while surviving_types(expected, high) > share * start:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if surviving_types(expected, middle) > share * start else (low, middle)
        )
    return (low + high) / 2
