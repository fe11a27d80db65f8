"""Stage of collapse: whether the tails have gone, or the variance.

A generation is judged by two ratios to *generation 0 of the same lineage*, the first model fitted
to real data, so that what any single fit misses is not taken for collapse:

- the **tail ratio**: tail mass of records, or for categories and texts the rarefied retention
  of the tail (whose expectation falls, where that of the tail mass does not);
- the **spread ratio**: total variance of records (`modelcollapse.metrics.moments`), for categories
  the heterozygosity, which is the total variance in one-hot form.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError


class Stage(StrEnum):
    """How far a generation has come. The values are sentences."""

    NONE = "tails and variance are holding"
    EARLY = "the tails are going"
    LATE = "the variance is going"
    GROWING = "the variance is growing"
    UNDECIDED = "not decided, because the tails or the variance could not be measured"


_STAGES = np.array(list(Stage), dtype=object)
_CODE = {stage: code for code, stage in enumerate(Stage)}


def stage(
    tail_ratio: ArrayLike,
    spread_ratio: ArrayLike,
    *,
    tail_threshold: float = 0.5,
    spread_threshold: float = 0.5,
    growth_threshold: float = 2.0,
) -> Stage | NDArray[np.object_]:
    """Stage of collapse of one generation, or of many at once.

    Parameters
    ----------
    tail_ratio : array_like
        Tail reading divided by that of generation 0; 0 or larger, NaN where unknown.
    spread_ratio : array_like
        Variance (not standard deviation) divided by that of generation 0; 0 or larger, NaN where
        unknown. Broadcast against `tail_ratio`.
    tail_threshold : float, default 0.5
        Tails are going below this ratio.
    spread_threshold : float, default 0.5
        The variance is going below this ratio.
    growth_threshold : float, default 2.0
        The variance is growing above this ratio.

    Returns
    -------
    Stage or ndarray of Stage
        One stage for two numbers, else an array of the broadcast shape.

    Raises
    ------
    InputError
        If a ratio is negative, or the thresholds are not ``0 < tail``, ``0 < spread < growth``.

    Notes
    -----
    The rule, first match wins:

    1. spread below its threshold: LATE, whatever the tails do;
    2. tails below theirs: EARLY, even while the variance grows, because a few far outliers can
       raise a variance that the rest of the tail has left;
    3. spread above the growth threshold: GROWING. That is no collapse, and not health either: a
       chain that adds noise at every fit (a kernel density estimate does) moves away from reality
       in the other direction;
    4. otherwise NONE.

    A NaN may be any number: if that leaves more than one stage possible, the answer is UNDECIDED.
    An unknown spread therefore never decides; unknown tails leave LATE standing.

    Early and late collapse are those of shumailov2024; the thresholds are this package's, half of
    what generation 0 had. The two ratios speak about different things only if tails are not what
    makes the variance: for laws with heavy tails pass the quartile variance of
    `modelcollapse.metrics.moments` as spread, else the loss of a few extremes reads as LATE. A
    ratio of two noisy readings is noisy: judge medians over replicates, or readings that rest on
    enough records (at a tail mass of 0.01, some 2,000).

    Examples
    --------
    >>> stage(0.2, 0.9)
    <Stage.EARLY: 'the tails are going'>
    >>> [str(s) for s in stage([0.9, 0.1], [1.0, 0.1])]
    ['tails and variance are holding', 'the variance is going']
    """
    if not (tail_threshold > 0 and 0 < spread_threshold < growth_threshold):
        raise InputError(
            f"thresholds must be positive, and the spread's below the growth's, got "
            f"{tail_threshold!r}, {spread_threshold!r} and {growth_threshold!r}: a variance cannot "
            "be going and growing at once. The defaults are 0.5, 0.5 and 2."
        )
    tail = np.asarray(tail_ratio, dtype=np.float64)
    spread = np.asarray(spread_ratio, dtype=np.float64)
    if np.any(tail < 0) or np.any(spread < 0):
        raise InputError(
            "ratios to generation 0 must not be negative: a share or a variance never is. Pass "
            "ratios, not their logarithms."
        )
    unknown = np.isnan(spread) | np.isnan(tail)
    code = np.select(
        [spread < spread_threshold, unknown, tail < tail_threshold, spread > growth_threshold],
        [_CODE[s] for s in (Stage.LATE, Stage.UNDECIDED, Stage.EARLY, Stage.GROWING)],
        _CODE[Stage.NONE],
    )
    stages = _STAGES[code]
    return stages if isinstance(stages, np.ndarray) else Stage(stages)
