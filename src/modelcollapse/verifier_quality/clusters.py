"""Records of one prompt, problem or document are alike: how much fewer they are worth."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri, stdtrit

from modelcollapse.verifier_quality.cells import (
    SHARES,
    Floats,
    Pair,
    Share,
    influences,
    proportions,
)

_FEWEST = 2


def design_effects(
    by_cluster: Floats, keep_rate: float | None, confidence: float
) -> dict[Share, float]:
    """Factor by which clusters increase the variance of each share, at least 1.

    Parameters
    ----------
    by_cluster : ndarray, shape (clusters, 4)
        Cells of each cluster.
    keep_rate : float or None
        Known share of all records that is kept, if kept and dropped ones were sampled apart.
    confidence : float
        Two-sided; few clusters make the variance itself uncertain, which Student's t allows for.

    Notes
    -----
    Textbook (Korn and Graubard 1998): counts divided by the ratio of the variance between
    clusters to that of independent records, both linearised, go into the intervals for
    independent records. Where an outcome occurs in fewer than two clusters there is nothing to
    estimate that ratio from; then all records of a cluster are taken as one.
    """
    return {share: _effect(share, by_cluster, keep_rate, confidence) for share in SHARES}


def _effect(share: Share, by_cluster: Floats, keep_rate: float | None, confidence: float) -> float:
    cells = by_cluster.sum(axis=0)
    change = influences(share, cells, keep_rate)
    independent = float(np.sum(cells * change**2))
    pairs = proportions(share, keep_rate is not None)
    members = sorted({i for pair in pairs for outcome in pair for i in outcome})
    groups = by_cluster[by_cluster[:, members].sum(axis=1) > 0]
    count = len(groups)
    if count < _FEWEST or independent == 0:
        return max(float(cells[members].sum()), 1.0)
    moves = groups @ change
    between = count / (count - 1) * float(np.sum((moves - moves.mean()) ** 2))
    student = stdtrit(count - 1, (1 + confidence) / 2) / ndtri((1 + confidence) / 2)
    worst = max(_all_alike(by_cluster, pair) for pair in pairs)
    return float(max(between / independent, worst, 1.0) * student**2)


def _all_alike(by_cluster: Floats, pair: Pair) -> float:
    """Design effect of clusters whose records are all alike; 1 where it can be estimated."""
    outcomes = [by_cluster[:, list(outcome)].sum(axis=1) for outcome in pair]
    if min(np.count_nonzero(outcome) for outcome in outcomes) >= _FEWEST:
        return 1.0
    sizes = outcomes[0] + outcomes[1]
    return float(np.sum(sizes**2) / max(np.sum(sizes), 1.0))
