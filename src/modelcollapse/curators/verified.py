"""Curators that keep the labelled records which a verifier of known quality accepts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.curators.select import check_oversample
from modelcollapse.errors import Incompatible, InputError, suggestion
from modelcollapse.families.classification.classified import Classified
from modelcollapse.families.regression.inputs import is_finite
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.protocols import name_of
from modelcollapse.records import Indices

Keep = Literal["agree", "easy", "hard"]


@dataclass(frozen=True)
class ChanceVerifier:
    """Keep right records with one probability and wrong ones with another.

    A verifier whose mistakes have nothing to do with the record: an oracle has 1 and 0, a random
    choice twice the same.

    Parameters
    ----------
    phi, psi : float, default 1.0 and 0.0
        Probabilities of keeping a record whose label is right, and one whose label is wrong.
    oversample : float, default 4.0
        Candidates written for each record kept, at least 1. Enough of them must be accepted.

    Raises
    ------
    InputError
        If a number is out of range; when it selects, if too few candidates are accepted.

    References
    ----------
    feng2025, verifier of the theory.
    """

    phi: float = 1.0
    psi: float = 0.0
    oversample: float = 4.0

    def __post_init__(self) -> None:
        check_oversample("ChanceVerifier", self.oversample)
        for name in ("phi", "psi"):
            value = getattr(self, name)
            if not (is_finite(value) and 0 <= value <= 1):
                raise InputError(
                    f"{name} is {value!r}, but it is a probability of keeping a record. Use a "
                    "number from 0 to 1."
                )

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the first `n` accepted candidates."""
        if not isinstance(candidates, Classified):
            raise Incompatible(
                f"ChanceVerifier has to know which labels are right, and {name_of(candidates)} "
                "does not say. Start from GaussianClasses or SplitGaussian, or use PlaneVerifier."
            )
        share = np.where(candidates.right, self.phi, self.psi)
        return _first(rng.random(len(share)) < share, n, self)


@dataclass(frozen=True)
class PlaneVerifier:
    """Keep labelled records by the side and distance of a plane through the origin.

    Parameters
    ----------
    direction : sequence of float
        Normal of the plane: the first coordinates, all others being 0; its length does not matter.
    keep : {"agree", "easy", "hard"}, default "agree"
        ``"agree"`` keeps records whose label is the side of the plane they lie on, at a distance
        above `threshold`; ``"easy"`` and ``"hard"`` do not look at the label, and keep those
        farther from the plane than `threshold`, or nearer.
    threshold : float, default 0.0
        Distance, in units of the records; above 0 for ``"easy"`` and ``"hard"``.
    oversample : float, default 4.0
        Candidates written for each record kept, at least 1. Enough of them must be accepted.

    Raises
    ------
    InputError
        If a number is out of range or a name unknown; when it selects, if too few candidates are
        accepted, or records have fewer coordinates than the direction.

    References
    ----------
    feng2025 for agreement, kolossov2024 for selection that does not look at labels.

    Examples
    --------
    >>> data = Labelled(np.array([[2.0, 0.0], [-1.0, 0.0], [0.5, 9.0]]), np.array([1.0, 1.0, 1.0]))
    >>> PlaneVerifier((1.0,)).select(data, 2, rng=np.random.default_rng(0))
    array([0, 2])
    """

    direction: Sequence[float]
    keep: Keep = "agree"
    threshold: float = 0.0
    oversample: float = 4.0

    def __post_init__(self) -> None:
        check_oversample("PlaneVerifier", self.oversample)
        object.__setattr__(self, "direction", tuple(float(x) for x in self.direction))
        if not all(map(math.isfinite, self.direction)) or not any(self.direction):
            raise InputError(
                f"the direction is {self.direction!r}, but it is the normal of a plane: finite "
                "numbers that are not all 0."
            )
        if self.keep not in get_args(Keep):
            raise InputError(
                f"there is no way to keep '{self.keep}'. {suggestion(self.keep, get_args(Keep))}"
            )
        least = "at least 0" if self.keep == "agree" else f"above 0 for '{self.keep}'"
        if not (is_finite(self.threshold) and self.threshold >= (0 if self.keep == "agree" else
                                                                 math.ulp(0.0))):  # fmt: skip
            raise InputError(
                f"threshold is {self.threshold!r}, but it is a distance and must be {least}."
            )

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the first `n` accepted candidates."""
        if not isinstance(candidates, Labelled) or candidates.targets.ndim != 1:
            raise Incompatible(
                "PlaneVerifier judges records of an input and one label, -1 or 1, and got "
                f"{name_of(candidates)}. Start from GaussianClasses, SplitGaussian or Labelled "
                "records."
            )
        normal = np.array(self.direction)
        d = candidates.inputs.shape[1]
        if len(normal) > d:
            raise InputError(
                f"the direction has {len(normal)} coordinates and the records have {d}. Leave out "
                "the rest."
            )
        margin = candidates.inputs[:, : len(normal)] @ (normal / np.linalg.norm(normal))
        if self.keep == "agree":
            accepted = margin * candidates.targets > self.threshold
        else:
            far = np.abs(margin) > self.threshold
            accepted = far if self.keep == "easy" else ~far
        return _first(accepted, n, self)


def _first(accepted: NDArray[np.bool_], n: int, verifier: Any) -> Indices:
    """Positions of the first `n` accepted; candidates are independent, so that they are any."""
    found = np.flatnonzero(accepted)
    if len(found) < n:
        share = len(found) / len(accepted)
        advice = (
            "Nothing of this kind can be kept: use another verifier."
            if share == 0
            else f"Raise oversample to {1.2 / share:.3g} or more."
        )
        raise InputError(
            f"{name_of(verifier)} accepted {len(found)} of {len(accepted)} candidates, and {n} are "
            f"to be kept. {advice}"
        )
    return found[:n]
