"""Curators that choose records by chance or by a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse import records
from modelcollapse.errors import InputError, ModelCollapseError, is_whole
from modelcollapse.protocols import name_of
from modelcollapse.records import Indices


def check_oversample(name: str, oversample: float) -> None:
    """Refuse a curator that would keep more than is written."""
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
        check_oversample("RandomSelection", self.oversample)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of `n` candidates, in order of writing."""
        return np.sort(rng.choice(records.size(candidates), size=n, replace=False, shuffle=False))


@dataclass(frozen=True)
class TopScore:
    """Keep the candidates with the highest scores, as a verifier or a reward would.

    Parameters
    ----------
    score : callable
        From the candidates, as the model writes them, to one finite number each, shape
        ``(candidates,)``. Of `Texts` and `Tokens`, ``to_strings()`` gives the strings.
    oversample : float, default 2.0
        Candidates written for each record kept, at least 1.

    Notes
    -----
    Ties at the cut are broken at random: by order of writing they would favour some records.
    """

    score: Callable[[Any], ArrayLike]
    oversample: float = 2.0

    def __post_init__(self) -> None:
        check_oversample("TopScore", self.oversample)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the `n` best candidates, in order of writing.

        Raises
        ------
        InputError
            If the score fails, or is not one finite number per candidate.
        """
        scores = scored(self.score, candidates, "TopScore")
        return best(scores, n, rng)


@dataclass(frozen=True)
class BestOf:
    """Keep the best of every `k` candidates: best-of-K sampling by a verifier or a reward.

    Candidate `i` of the `n` first, and every `n`-th after it, compete for one place. A model that
    continues prompts takes the same `n` of them in every round (see `protocols.Rounds`), so these
    are the continuations of one prompt.

    Parameters
    ----------
    score : callable
        From the candidates, as the model writes them, to one finite number each, shape
        ``(candidates,)``. Of `Texts` and `Tokens`, ``to_strings()`` gives the strings.
    k : int, default 4
        Candidates for each record kept, at least 1.
    """

    score: Callable[[Any], ArrayLike]
    k: int = 4

    def __post_init__(self) -> None:
        if not is_whole(self.k) or self.k < 1:
            raise InputError(
                f"BestOf got k = {self.k!r}, but it counts candidates for each record that is "
                "kept. Use a whole number of at least 1."
            )

    @property
    def oversample(self) -> float:
        """Candidates written for each record kept: `k`."""
        return float(self.k)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the best candidate for each place, in order of the places.

        Raises
        ------
        InputError
            If the score fails, or is not one finite number per candidate.
        """
        scores = scored(self.score, candidates, "BestOf")
        return best_of_each(scores, n, rng)


def scored(score: Callable[[Any], ArrayLike], candidates: Any, who: str) -> NDArray[np.float64]:
    """Scores that a function of the caller gives the candidates."""
    count = records.size(candidates)
    try:
        found = np.asarray(score(candidates), dtype=np.float64)
    except ModelCollapseError:
        raise
    except Exception as error:
        raise InputError(
            f"the score {name_of(score)} of {who} failed on {count} candidates, given as "
            f"{type(candidates).__name__} ({type(error).__name__}: {error}). It must take all of "
            "them at once and return one number for each."
        ) from error
    return checked(found, count)


def checked(scores: ArrayLike, count: int) -> NDArray[np.float64]:
    """Scores that can rank `count` candidates."""
    found = np.asarray(scores, dtype=np.float64)
    if found.shape != (count,):
        raise InputError(
            f"the score returned an array of shape {found.shape} for {count} candidates. It "
            "must return one number for each."
        )
    if not np.isfinite(found).all():
        raise InputError(
            f"{np.sum(~np.isfinite(found))} of {count} scores are NaN or infinite, so the "
            "candidates cannot be ranked. Give every candidate a finite score."
        )
    return found


def best(scores: NDArray[np.float64], n: int, rng: Generator) -> Indices:
    """Positions of the `n` highest scores, rising; ties at the cut are broken at random."""
    best_last = np.lexsort((rng.random(scores.size), scores))
    return np.sort(best_last[scores.size - n :])


def best_of_each(scores: NDArray[np.float64], n: int, rng: Generator) -> Indices:
    """Position of the highest score among every `n`-th from i, for each i below `n`."""
    place = np.arange(scores.size) % n
    ranked = np.lexsort((rng.random(scores.size), scores, place))
    last = np.cumsum(np.bincount(place, minlength=n)) - 1
    return np.asarray(ranked[last])
