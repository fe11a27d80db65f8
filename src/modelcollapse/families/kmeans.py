"""k-means as a start for EM: records lie along the last axis, as in `families.em`."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import Degenerate

Array = NDArray[np.float64]


def seed_centres(columns: Array, k: int, rng: Generator) -> Array:
    """Centres (k, d) far from each other: k-means++, the best of 2 + log(k) trials for each.

    Raises
    ------
    Degenerate
        If there are fewer than `k` distinct records.

    References
    ----------
    Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.
    """
    n = columns.shape[1]
    trials = 2 + int(np.log(k))
    chosen = [int(rng.integers(n))]
    closest = np.square(columns - columns[:, chosen]).sum(axis=0)
    while len(chosen) < k:
        cumulative = np.cumsum(closest)
        if cumulative[-1] <= 0:
            raise Degenerate(
                f"only {len(chosen)} of {n} records are distinct, and a mixture of {k} components "
                f"needs {k}. Use fewer components or more varied data."
            )
        picks = np.searchsorted(cumulative, rng.random(trials) * cumulative[-1])
        picks = np.minimum(picks, n - 1)
        offers = np.square(columns[:, None, :] - columns[:, picks, None]).sum(axis=0)
        np.minimum(offers, closest, out=offers)
        best = int(offers.sum(axis=1).argmin())
        chosen.append(int(picks[best]))
        closest = offers[best]
    return np.ascontiguousarray(columns[:, chosen].T)


def lloyd(columns: Array, centres: Array, *, max_iterations: int = 300) -> Array:
    """Move `centres` (k, d) to a local optimum of k-means.

    Stops, as scikit-learn does, when the squared shifts of all centres add up to less than 1e-4 of
    the mean variance of a feature. A cluster left empty takes over the worst served record.
    `columns` should be centred: distances come from inner products.
    """
    limit = 1e-4 * float(columns.var(axis=1).mean())
    squares = None
    for _ in range(max_iterations):
        # half the squared distance, less the record's own norm, which decides nothing
        cost = np.square(centres).sum(axis=1)[:, None] / 2 - centres @ columns
        least = cost.min(axis=0)
        member = (cost == least).astype(np.float64)
        count = member.sum(axis=1)
        sums = member @ columns.T
        for empty in np.flatnonzero(count == 0):
            squares = np.square(columns).sum(axis=0) / 2 if squares is None else squares
            worst = int((least + squares).argmax())
            least[worst] = -np.inf
            sums[empty], count[empty] = columns[:, worst], 1
        moved = sums / count[:, None]
        shift = float(np.square(moved - centres).sum())
        centres = moved
        if shift <= limit:
            break
    return centres
