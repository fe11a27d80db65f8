"""What a choice did to the share of wrong records, where a sample of them is labelled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.selection.pile import Codes, Floats


def wrong_among(
    labels: Floats,
    kept: Floats,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Share of wrong records among all and among what is kept, and what chance would make of it.

    Parameters
    ----------
    labels : ndarray, shape (records,)
        1 for a correct record, 0 for a wrong one, NaN where it is not known.
    kept : ndarray, shape (records,)
        How much each record counts in what is kept; 0 where dropped.
    weights : array_like, shape (records,), optional
        Of how many records each labelled one is one; all alike by default.
    clusters : array_like, shape (records,), optional
        Code of what records share; none by default.

    Returns
    -------
    everything, chosen : float
        Share of wrong records among all and among what is kept; NaN where no label is kept.
    sd : float
        Standard deviation of their difference if labels had nothing to do with the choice.

    Notes
    -----
    Textbook: the difference is ``sum(c * y)`` with coefficients c that sum to 0, and has the
    variance ``S**2 sum(c**2)`` under labels y dealt at random (permutation variance). Clusters
    raise it by the ratio of the variance of their sums to that of independent records, both
    linearised, at least 1 (Korn and Graubard 1998).

    Examples
    --------
    >>> wrong_among(np.array([1.0, 0, 1, 0]), np.array([1.0, 0, 1, 0]))[:2]
    (0.5, 0.0)
    """
    known = np.flatnonzero(~np.isnan(labels))
    wrong = 1 - labels[known]
    each = np.ones(known.size) if weights is None else np.asarray(weights, dtype=float)[known]
    all_, chosen = each / each.sum(), each * kept[known]
    share = float(all_ @ wrong)
    if not chosen.sum() > 0:
        return share, float("nan"), float("nan")
    chosen = chosen / chosen.sum()
    if known.size < 2:
        return share, float(chosen @ wrong), float("nan")
    change = chosen - all_
    spread = share * (1 - share) * known.size / (known.size - 1)
    variance = spread * float(change @ change)
    if clusters is not None:
        codes = np.unique(np.asarray(clusters)[known], return_inverse=True)[1]
        variance *= _design_effect(change * (wrong - share), codes)
    return share, float(chosen @ wrong), float(np.sqrt(variance))


def _design_effect(moves: Floats, codes: NDArray[np.intp] | Codes) -> float:
    """How much more sums over clusters vary than sums over independent records; at least 1."""
    sums = np.bincount(codes, moves)
    alone = float(moves @ moves)
    if alone == 0 or sums.size < 2:
        return 1.0
    between = sums.size / (sums.size - 1) * float(np.sum((sums - sums.mean()) ** 2))
    return max(1.0, between / alone)
