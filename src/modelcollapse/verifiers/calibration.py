"""From scores to probabilities, and how far those can be taken at their word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from modelcollapse.verifiers import logistic

Floats = NDArray[np.float64]
Method = Literal["sigmoid", "isotonic"]


@dataclass(frozen=True, eq=False)
class Sigmoid:
    """Probability ``1 / (1 + exp(-(intercept + slope * score)))``, which never falls.

    Attributes
    ----------
    slope : float
        At least 0.
    intercept : float
        Log-odds at score 0.
    """

    slope: float
    intercept: float

    def chances(self, scores: Floats) -> Floats:
        """Probabilities for scores, shape ``(n,)``."""
        return np.asarray(expit(self.intercept + self.slope * scores))


@dataclass(frozen=True, eq=False)
class Steps:
    """Probability that rises along straight lines between corners.

    Attributes
    ----------
    scores, heights : ndarray, shape (corners,)
        The corners; constant beyond the outer ones.
    """

    scores: Floats
    heights: Floats

    def chances(self, scores: Floats) -> Floats:
        """Probabilities for scores, shape ``(n,)``."""
        return np.interp(scores, self.scores, self.heights)


def calibrate(
    scores: Floats, truth: NDArray[np.bool_], weights: Floats, method: Method
) -> Sigmoid | Steps:
    """Rule that turns scores into probabilities of being true.

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Of records on which the scorer was not fitted.
    truth : ndarray of bool, shape (n,)
        What the probability is of; both kinds.
    weights : ndarray, shape (n,)
        How much each record counts.
    method : {"sigmoid", "isotonic"}
        Two parameters, or any rising function.

    Notes
    -----
    Platt (1999), "Probabilistic outputs for support vector machines", with its smoothed targets,
    so that no probability is 0 or 1; Zadrozny and Elkan (2002), "Transforming classifier scores
    into accurate multiclass probability estimates", kept away from 0 and 1 by one record in n + 2.
    A score that falls with the truth is read as none: the probability is constant then.
    """
    sides = np.array([weights[~truth].sum(), weights[truth].sum()])
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        least = 1.0 / (len(scores) + 2)
        rule = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
        rule.fit(scores, truth.astype(float), sample_weight=weights)
        return Steps(rule.X_thresholds_, rule.y_thresholds_)
    # Smoothing counts records, whatever they weigh.
    records = np.array([(~truth).sum(), truth.sum()])
    targets = np.where(truth, (records[1] + 1) / (records[1] + 2), 1 / (records[0] + 2))
    centre, width = float(scores.mean()), float(scores.std()) or 1.0
    found = logistic.fit((scores[:, None] - centre) / width, targets, weights, np.inf)
    slope = float(found.coefficients[1]) / width
    if slope <= 0:
        return Sigmoid(0.0, float(np.log(sides[1] / sides[0])))
    return Sigmoid(slope, float(found.coefficients[0]) - slope * centre)


@dataclass(frozen=True)
class Reliability:
    """How probabilities agree with what came true.

    Attributes
    ----------
    brier : float
        Mean squared distance of the probability from the truth; 0.25 for one half everywhere.
    error : float
        Mean distance of the share that came true from the mean probability, over ten groups of
        equal weight by probability.
    table : tuple of (float, float, int)
        Mean probability, share that came true, and records of each group.
    """

    brier: float
    error: float
    table: tuple[tuple[float, float, int], ...]


def reliability(chances: Floats, truth: NDArray[np.bool_], weights: Floats) -> Reliability:
    """Compare probabilities with the truth.

    Parameters
    ----------
    chances : ndarray, shape (n,)
        Probabilities.
    truth : ndarray of bool, shape (n,)
        What came true.
    weights : ndarray, shape (n,)
        How much each record counts.
    """
    share = weights / weights.sum()
    order = np.argsort(chances, kind="stable")
    before = np.cumsum(share[order]) - share[order]
    group = np.minimum((10 * before).astype(int), 9)
    table, error = [], 0.0
    for each in np.unique(group):
        at = order[group == each]
        mass = share[at].sum()
        mean, true = share[at] @ chances[at] / mass, share[at] @ truth[at] / mass
        table.append((float(mean), float(true), len(at)))
        error += float(mass * abs(mean - true))
    return Reliability(float(share @ (chances - truth) ** 2), error, tuple(table))
