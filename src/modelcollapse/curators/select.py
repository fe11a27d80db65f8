"""Curators that choose records by chance or by a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.records import Indices


def _check_oversample(name: str, oversample: float) -> None:
    if not oversample >= 1.0:
        raise InputError(
            f"{name} got oversample = {oversample:g}, but it cannot keep more records than are "
            "written. Use 1 or more."
        )


@dataclass(frozen=True)
class RandomSelection:
    """Choose at random: the baseline beside which every other curator is read.

    Parameters
    ----------
    oversample : float, default 2.0
        Candidates written for each record kept, at least 1.
    """

    oversample: float = 2.0

    def __post_init__(self) -> None:
        _check_oversample("RandomSelection", self.oversample)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of `n` candidates, in order of writing."""
        return np.sort(rng.choice(records.size(candidates), size=n, replace=False, shuffle=False))


@dataclass(frozen=True)
class TopScore:
    """Keep the candidates with the highest scores, as a verifier or a reward would.

    Parameters
    ----------
    score : callable
        From the candidates to one finite number each, shape ``(candidates,)``.
    oversample : float, default 2.0
        Candidates written for each record kept, at least 1.

    Notes
    -----
    Ties at the cut are broken at random: by order of writing they would favour some records.
    """

    score: Callable[[Any], ArrayLike]
    oversample: float = 2.0

    def __post_init__(self) -> None:
        _check_oversample("TopScore", self.oversample)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the `n` best candidates, in order of writing.

        Raises
        ------
        InputError
            If the scores are not one finite number per candidate.
        """
        count = records.size(candidates)
        scores = np.asarray(self.score(candidates), dtype=np.float64)
        if scores.shape != (count,):
            raise InputError(
                f"the score returned an array of shape {scores.shape} for {count} candidates. It "
                "must return one number for each."
            )
        if not np.isfinite(scores).all():
            raise InputError(
                f"{np.sum(~np.isfinite(scores))} of {count} scores are NaN or infinite, so the "
                "candidates cannot be ranked. Give every candidate a finite score."
            )
        best_last = np.lexsort((rng.random(count), scores))
        return np.sort(best_last[count - n :])
