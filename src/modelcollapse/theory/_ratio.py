"""Synthetic records per real one, as the works on retraining count them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values


def ratios(given: ArrayLike) -> Values:
    """Numbers from 0 upwards, or infinity where no real record is left."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all(array >= 0):
        raise InputError(
            f"ratio must be 0 or larger, got {given!r}: it is the number of synthetic records per "
            "real record. Use 0 for real data alone and numpy.inf for synthetic data alone."
        )
    return array


def synthetic_share(ratio: ArrayLike) -> Values:
    """Share of synthetic records: 0 for real data alone, 1 for synthetic data alone."""
    array = ratios(ratio)
    return values(np.where(np.isinf(array), 1.0, array / (1 + np.where(np.isinf(array), 0, array))))
