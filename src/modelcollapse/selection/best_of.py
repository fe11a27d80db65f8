"""Keep the best answers to each prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.selection.order import Marks, Order, by_score, cut, noise_for
from modelcollapse.selection.pile import Choice, Floats, Pile

Beyond = Literal["chance", "score"]


@dataclass(frozen=True)
class BestPerPrompt:
    """Keep the best answers to each prompt, so that hard prompts are answered too.

    Parameters
    ----------
    keep : int, optional, default 1
        Answers to a prompt that are kept at most. None: as many rounds as it takes, in which
        every prompt gives its best answer that is left.
    by : str, optional
        Verifier to choose by; may be left out where there is only one.
    least : float, optional
        Score below which an answer is dropped even if it is the best.
    beyond : {"chance", "score"}, default "chance"
        Which prompts are left out where there is no place for all: any, or those whose answers
        score lowest. By score, whole kinds of prompts can go.

    Raises
    ------
    InputError
        If `keep` is not a whole number of at least 1, or `beyond` is unknown.

    Notes
    -----
    Best-of-N selection; equal scores within a prompt are ordered by chance.

    Examples
    --------
    >>> scores, prompts = np.array([0.9, 0.8, 0.1, 0.2]), np.array([0, 0, 1, 1])
    >>> pile = Pile({"grade": scores}, prompts)
    >>> BestPerPrompt().choose(pile, None, rng=np.random.default_rng(0)).copies.tolist()
    [1, 0, 0, 1]
    """

    keep: int | None = 1
    by: str | None = None
    least: float | None = None
    beyond: Beyond = "chance"

    def __post_init__(self) -> None:
        if self.keep is not None and (not is_whole(self.keep) or self.keep < 1):
            raise InputError(
                f"BestPerPrompt got keep = {self.keep!r}. Use a whole number of answers, at least "
                "1, or None for as many rounds as it takes."
            )
        if self.least is not None and not np.isfinite(self.least):
            raise InputError(
                f"BestPerPrompt got least = {self.least!r}, which no score can be compared with. "
                "Give a finite number on the scale of the scores, or none."
            )
        known = get_args(Beyond)
        if self.beyond not in known:
            raise InputError(
                f"there is no beyond '{self.beyond}'. {suggestion(self.beyond, known)}"
            )

    def order(self, pile: Pile, noise: Floats) -> Order:
        """Rank by round, within rounds by chance or score.

        Raises
        ------
        InputError
            If it is not known which prompts the records answer, or no answer passes.
        """
        if pile.prompts is None:
            raise InputError(
                "BestPerPrompt needs to know which prompt each record answers, and the records "
                "have no prompts. Name their column, or use TopFraction."
            )
        scored = by_score(pile, self.by, "BestPerPrompt")
        score = scored.value
        turn = rounds(score, pile.prompts, noise)
        most = pile.size if self.keep is None else self.keep
        good = scored.passing if self.least is None else score >= self.least
        if not good.any():
            raise InputError(
                f"no answer reaches least = {self.least:g}: the highest score is "
                f"{np.nanmax(score):.6g}. Lower it."
            )
        passing = good & (turn < most)
        reason = np.where(scored.passing & (turn >= most), 1, scored.reason)
        reason = np.where(scored.passing & ~good, 2, reason)
        value = np.where(scored.passing, -turn.astype(np.float64), np.nan)
        if self.beyond == "score":
            value = value + _within_one(score)
        value[scored.passing & ~good] -= pile.size  # behind all that pass
        return Order(
            value,
            passing,
            (*scored.reasons, f"not among the best {most} of its prompt", _below(self.least)),
            reason,
            score=score,
            by_chance=self.beyond == "chance",
            **_ties(score, pile.prompts, turn, passing),
        )

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Keep the best of each prompt, or `n` of them.

        Raises
        ------
        InputError
            If there are no prompts, or fewer than `n` records pass.
        """
        noise = noise_for(pile, rng)
        order = self.order(pile, noise)
        return cut(order, n, noise, "BestPerPrompt")


def _below(least: float | None) -> str:
    return "a score below the least" if least is None else f"a score below {least:g}"


def rounds(score: Floats, prompts: NDArray[np.int64], noise: Floats) -> NDArray[np.int64]:
    """Place of each record among the answers to its prompt, the best first, from 0.

    Parameters
    ----------
    score : ndarray, shape (records,)
        The higher the better; NaN comes last.
    prompts : ndarray of int, shape (records,)
        Code of the prompt of each record.
    noise : ndarray, shape (records,)
        Orders equal scores.

    Returns
    -------
    ndarray of int, shape (records,)
        0 for the best answer to each prompt.
    """
    line = np.lexsort((noise, -score, prompts))
    sorted_prompts = prompts[line]
    first = np.flatnonzero(np.append(True, sorted_prompts[1:] != sorted_prompts[:-1]))
    lengths = np.diff(np.append(first, line.size))
    place = np.empty(line.size, dtype=np.int64)
    place[line] = np.arange(line.size) - np.repeat(first, lengths)
    return place


def _ties(
    score: Floats, prompts: NDArray[np.int64], turn: NDArray[np.int64], passing: Marks
) -> dict[str, Any]:
    """What to say of prompts with equal answers on both sides of the cut."""
    line = np.lexsort((turn, prompts))
    a, b = line[:-1], line[1:]
    tied = (prompts[a] == prompts[b]) & (score[a] == score[b]) & passing[a] & ~passing[b]
    count = int(tied.sum())
    notes = [
        f"In {count} of {np.unique(prompts).size} prompts the last answer kept shares its score "
        "with one that is dropped; it was drawn at random."
    ]
    return {"notes": notes if count else (), "figures": {"prompts_tied_at_cut": float(count)}}


def _within_one(score: Floats) -> Floats:
    """Scores squeezed between 0 and below 1, in order."""
    # Ranks rather than differences: equal spacing keeps apart what rounding would join.
    _, rank = np.unique(score, return_inverse=True)
    return np.asarray(rank / (rank.max() + 1.0))
