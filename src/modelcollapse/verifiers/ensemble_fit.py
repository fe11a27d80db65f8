"""What an audit sample says about an ensemble, and how scores become one probability."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri
from scipy.stats import rankdata

from modelcollapse.verifiers import logistic
from modelcollapse.verifiers.calibration import Reliability

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SPREAD = 2.5  # of weights, in log-odds per standard deviation, before anything is known


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes
    ----------
    value, low, high : float
        The estimate and the ends of its interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, eq=False)
class Rule:
    """Probability that a record is right, from the scores of all members.

    Attributes
    ----------
    corners : tuple of (ndarray, ndarray)
        For each member the different scores of the audit sample, and the place of each on the
        scale of a normal law with the same ranks.
    fit : Fit
        Logistic regression on those places.
    """

    corners: tuple[tuple[Floats, Floats], ...]
    fit: logistic.Fit

    def places(self, scores: Floats) -> Floats:
        """Places of scores, shape ``(n, members)``, held within those of the audit sample."""
        pairs = zip(scores.T, self.corners, strict=True)
        return np.column_stack([np.interp(own, *corners) for own, corners in pairs])

    def chances(self, scores: Floats) -> Floats:
        """Probabilities, shape ``(n,)``."""
        return np.asarray(expit(self.fit.logits(self.places(scores))))

    @classmethod
    def learnt(cls, scores: Floats, right: Flags) -> Rule:
        """Learn from scores, shape ``(n, members)``, and the truth."""
        corners = tuple(map(_corners, scores.T))
        empty = cls(corners, logistic.Fit(np.empty(0), np.empty((0, 0))))
        fit = logistic.fit(empty.places(scores), right.astype(float), np.ones(len(right)), _SPREAD)
        return cls(corners, fit)


def _corners(scores: Floats) -> tuple[Floats, Floats]:
    different, first = np.unique(scores, return_index=True)
    ranks = (rankdata(scores)[first] - 0.5) / len(scores)
    return different, np.asarray(ndtri(ranks))


@dataclass(frozen=True, eq=False)
class EnsembleFit:
    """What an audit sample says about an ensemble.

    Attributes
    ----------
    members : tuple of str
        Their names.
    weights : tuple of Estimate
        Log-odds of being right that a standard deviation of each member's score is worth while
        the others stay as they are, with the interval of its posterior.
    correlation : ndarray, shape (members, members)
        Correlation of the members' scores among records of the same truth: 0 where they err
        independently, 1 where they make the same mistakes; NaN where one of them makes none.
    area : Estimate
        Share of pairs of a right and a wrong record that the ensemble puts in order, on records
        that it was not learnt from.
    best_area, gain : Estimate
        The same for the single member that was best on the other records, and how much more the
        ensemble has.
    member_areas : tuple of Estimate
        The same for each member.
    error : float
        Share of records misjudged at a probability of one half, on records not learnt from.
    reliability : Reliability
        How far the probabilities can be taken at their word, on records not learnt from.
    labels, right, left_out : int
        Records used, how many of them are right, and those without a label or some score.
    clusters : int or None
        Clusters of records, if any were given.
    confidence : float
        Of all intervals.
    notes : tuple of str
        What limits these figures.
    rule : Rule
        What turns scores into probabilities.
    """

    members: tuple[str, ...]
    weights: tuple[Estimate, ...]
    correlation: Floats
    area: Estimate
    best_area: Estimate
    gain: Estimate
    member_areas: tuple[Estimate, ...]
    error: float
    reliability: Reliability
    labels: int
    right: int
    left_out: int
    clusters: int | None
    confidence: float
    notes: tuple[str, ...]
    rule: Rule = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; undefined values are None."""
        three = {"area": self.area, "best_area": self.best_area, "gain": self.gain}
        plain = ("error", "labels", "right", "left_out", "clusters", "confidence")
        return {
            "members": {
                name: {"weight": vars(weight), "area": vars(area)}
                for name, weight, area in zip(
                    self.members, self.weights, self.member_areas, strict=True
                )
            },
            "correlation": [
                [None if isnan(value) else value for value in row]
                for row in self.correlation.tolist()
            ],
            **{name: vars(value) for name, value in three.items()},
            **{name: getattr(self, name) for name in plain},
            "brier": self.reliability.brier,
            "calibration_error": self.reliability.error,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        of = f"{self.labels:,} labels, {self.right:,} right"
        if self.clusters is not None:
            of += f", in {self.clusters:,} clusters"
        wide = max(map(len, (*self.members, "best member")))
        head = "  ".join(f"{i + 1:>5}" for i in range(len(self.members)))
        lines = [
            f"ensemble of {len(self.members)}: {of}, {self.confidence:.0%} intervals",
            f"     {'member':<{wide}}  {'weight':<24}  {'area under the curve':<20}"
            "  same errors as",
            f"     {'':<{wide}}  {'':<24}  {'':<20}  {head}",
        ]
        for i, name in enumerate(self.members):
            same = "  ".join(f"{value:5.2f}" for value in self.correlation[i])
            lines.append(
                f"  {i + 1:<2} {name:<{wide}}  {self.weights[i]!s:<24}  "
                f"{self.member_areas[i]!s:<20}  {same}"
            )
        lines += [
            "on records that were not learnt from:",
            f"  {'ensemble':<{wide}}  area {self.area}, error {self.error:.3f}, calibration error "
            f"{self.reliability.error:.3f}",
            f"  {'best member':<{wide}}  area {self.best_area}",
            f"  {'gain':<{wide}}  area {self.gain}",
        ]
        return "\n".join([*lines, *(f"mind: {note}" for note in self.notes)])
