"""The level at which a ridge fit on random projections of its inputs acts."""

from __future__ import annotations

import numpy as np

from modelcollapse.theory._arguments import Values
from modelcollapse.theory.regression._spectrum import Spectrum, prepared

_HALVINGS = 60


def projected_level(spectrum: Spectrum, n: Values, penalty: Values, width: Values) -> Values:
    """Root k of ``k (1 - df_1(k) / width) (1 - df_1(k) / n) = penalty``, the largest one.

    Both factors and their product with k grow with k from the level on at which the smaller of
    `width` and n is used up, so that there is one root above it. An infinite width, as of the
    inputs themselves, leaves the equation of `Spectrum.level`.

    Parameters
    ----------
    spectrum : Spectrum
        Eigenvalues of the inputs.
    n, penalty, width : ndarray
        Records, ridge level and number of projections, of one shape.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    ridge = spectrum.penalties(penalty)
    narrow = np.isfinite(width)
    level = np.where(narrow, spectrum.level(np.minimum(n, width), 0.0), spectrum.level(n, ridge))
    search = narrow & (ridge > 0)
    if search.any():
        low = np.maximum(level[search], ridge[search])
        level[search] = _halved(spectrum, n[search], ridge[search], width[search], low)
    return level


def _halved(spectrum: Spectrum, n: Values, penalty: Values, width: Values, low: Values) -> Values:
    """Root between `low` and an upper bound, by bisection of the logarithm; shape (k,)."""
    high = penalty + spectrum.trace * (1 / n + 1 / width)
    ends = float(low.min()), float(high.max())
    one = spectrum.counts[None]
    shares = prepared(spectrum.sums(one, one, one), *ends, queries=_HALVINGS * n.size)

    def left(size: Values, sums: Values) -> Values:
        # of the two forms of 1 - df_1 / size, the one that cancels less
        d, (kept, between, lost) = spectrum.dimension, sums.T
        many = 1 - d / size + (between + lost) / size
        return np.asarray(np.where(size > d / 2, many, 1 - (kept + between) / size))

    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        sums = shares(middle)
        above = middle * left(n, sums) * left(width, sums) >= penalty
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(np.sqrt(low * high))
