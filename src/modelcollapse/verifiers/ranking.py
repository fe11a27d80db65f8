"""How well scores put the right before the wrong: areas under the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Areas:
    """Areas under the ROC curves of several scores of the same records.

    Attributes
    ----------
    values : ndarray, shape (m,)
        Share of pairs of a right and a wrong record in which the right one has the higher score,
        equal scores counting half.
    covariance : ndarray, shape (m, m)
        Of the estimates; NaN with fewer than two right or wrong records, or clusters.
    separate : int
        Pairs of a right and a wrong record that are independent of each other.
    """

    values: Floats
    covariance: Floats
    separate: int

    def interval(self, i: int, confidence: float = 0.95) -> tuple[float, float]:
        """Confidence interval of one area, within 0 and 1."""
        value, variance = float(self.values[i]), float(self.covariance[i, i])
        if np.isnan(variance):
            return 0.0, 1.0
        # If fewer than one in this many pairs were out of order, none would often be seen.
        margin = self._unseen(confidence)
        if variance == 0 or not 0 < value < 1:
            return max(0.0, value - margin), min(1.0, value + margin)
        half = ndtri((1 + confidence) / 2) * np.sqrt(variance) / (value * (1 - value))
        return float(expit(logit(value) - half)), float(expit(logit(value) + half))

    def difference(self, i: int, j: int, confidence: float = 0.95) -> tuple[float, float, float]:
        """Area `i` minus area `j`, with its confidence interval, for the same records."""
        value, c = float(self.values[i] - self.values[j]), self.covariance
        variance = float(c[i, i] + c[j, j] - 2 * c[i, j])
        if np.isnan(variance):
            return value, -1.0, 1.0
        half = float(ndtri((1 + confidence) / 2) * np.sqrt(max(variance, 0.0)))
        if variance <= 0:
            half = self._unseen(confidence)
        return value, max(-1.0, value - half), min(1.0, value + half)

    def _unseen(self, confidence: float) -> float:
        return float(1 - ((1 - confidence) / 2) ** (1 / self.separate))


def areas(scores: Floats, right: NDArray[np.bool_], clusters: NDArray[np.int64]) -> Areas:
    """Areas under the ROC curves, with their covariance.

    Parameters
    ----------
    scores : ndarray, shape (m, n)
        `m` scores of each of `n` records.
    right : ndarray of bool, shape (n,)
        The truth; at least one of both kinds.
    clusters : ndarray of int, shape (n,)
        Which cluster each record belongs to; records of different ones are independent.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated
    receiver operating characteristic curves"; clusters as in Obuchowski (1997), "Nonparametric
    analysis of clustered ROC curve data", which is the former where every record is alone. Single
    areas have intervals on the log-odds scale; where no pair is out of order, the exact bound for
    as many independent pairs.
    """
    yes, no = int(right.sum()), int((~right).sum())
    ranks = rankdata(scores, axis=1)
    # How large a share of the other kind each record stands above (the right) or below.
    above = (ranks[:, right] - rankdata(scores[:, right], axis=1)) / no
    below = 1 - (ranks[:, ~right] - rankdata(scores[:, ~right], axis=1)) / yes
    values = above.mean(axis=1)
    _, code = np.unique(clusters, return_inverse=True)
    size = int(code.max()) + 1
    sums, most = [], []
    for part, kind in ((above, right), (below, ~right)):
        of_each = np.array([np.bincount(code[kind], row, size) for row in part - values[:, None]])
        held = len(np.unique(code[kind]))
        most.append(held)
        factor = held / (held - 1) if held > 1 else np.nan
        sums.append((of_each / kind.sum(), factor))
    (first, one), (second, two) = sums
    cross = first @ second.T * (size / (size - 1) if size > 1 else np.nan)
    covariance = one * first @ first.T + two * second @ second.T + cross + cross.T
    return Areas(values, covariance, min(most))
