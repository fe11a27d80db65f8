"""Where the tails of a column begin, so that counts beyond the cuts can be compared."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.metrics._arguments import Floats, fraction


def tail_cuts(values: ArrayLike, level: float) -> tuple[float, float]:
    """Ends of the two tails of a column; a value *at* an end belongs to its tail.

    Parameters
    ----------
    values : array_like, shape (n,)
        Real values; NaN stands for a missing one.
    level : float
        Share of the values in both tails together.

    Returns
    -------
    tuple of float
        Low and high end. Infinite where no value would leave at most half as many again as asked:
        a column of mostly zeros has no lower tail.

    Raises
    ------
    InputError
        If the level is not between 0 and 1.

    Notes
    -----
    The ends are order statistics: the `j`-th smallest of n values has ``j / (n + 1)`` of the law
    at or below it on average and ``j / n`` of the sample, so that a comparison of counts is without
    bias to 1/n. An interpolated quantile with two values beyond it has half as many again of the
    law (textbook).

    Examples
    --------
    >>> tail_cuts([5, 1, 4, 2, 3, 9, 8, 7, 6, 10], 0.2)
    (1.0, 10.0)
    >>> tail_cuts([0, 0, 0, 0, 0, 0, 0, 1, 2, 3], 0.2)
    (-inf, 3.0)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64).ravel())
    ordered = ordered[: ordered.size - int(np.isnan(ordered).sum())]
    wanted = fraction(level) / 2 * ordered.size
    return _end(ordered, wanted), -_end(-ordered[::-1], wanted)


def _end(ordered: Floats, wanted: float) -> float:
    """Largest value at or below which there are about as many as wanted."""
    position = math.floor(wanted + 0.5)
    if position < 1:
        return -math.inf
    value = ordered[position - 1]
    if np.searchsorted(ordered, value, side="right") <= 1.5 * wanted:
        return float(value)
    before = int(np.searchsorted(ordered, value, side="left"))
    return float(ordered[before - 1]) if before else -math.inf
