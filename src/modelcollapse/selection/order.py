"""What rules that rank have in common: an order of the candidates, and a cut through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.protocols import name_of
from modelcollapse.selection.pile import Choice, Codes, Floats, Pile

Marks = NDArray[np.bool_]

NO_SCORE = "no score"
NOT_REACHED = "the number to keep was reached before it"


@dataclass(frozen=True, eq=False)
class Order:
    """How a rule ranks candidates.

    Parameters
    ----------
    value : ndarray, shape (records,)
        The higher, the earlier a record is kept; equal values are ordered by chance. NaN where a
        record can never be kept. No record that does not pass is above one that does.
    passing : ndarray of bool, shape (records,)
        Records that the rule keeps if there is place for all.
    reasons : sequence of str
        Why the others are not, each sentence once.
    reason : ndarray of int, shape (records,)
        Position in `reasons`, -1 where a record passes.
    number : int, optional
        Records the rule keeps where nobody asks for a number; all that pass when None.
    score : ndarray, shape (records,), optional
        Scores that `value` comes from, if any.
    by_chance : bool, default False
        Whether records of equal value are equal on purpose, so that a cut among them is no tie.
    notes : sequence of str, default empty
        Sentences for the reader, as in `Choice`.
    figures : mapping of str to float, default empty
        Numbers behind them.
    """

    value: Floats
    passing: Marks
    reasons: Sequence[str]
    reason: Codes
    number: int | None = None
    score: Floats | None = None
    by_chance: bool = False
    notes: Sequence[str] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Ranking(Protocol):
    """A rule that ranks, so that quotas can be filled in its order."""

    def order(self, pile: Pile, noise: Floats) -> Order:
        """Rank the candidates; `noise` has a random number for each, for ties."""
        ...


def by_score(pile: Pile, name: str | None, rule: str) -> Order:
    """Order of the records that have a score, the highest first.

    Raises
    ------
    InputError
        If no record has one.
    """
    score = pile.by(name, rule)
    missing = np.isnan(score)
    if missing.all():
        raise no_scores(rule, pile)
    return Order(score, ~missing, (NO_SCORE,), np.where(missing, 0, -1), score=score)


def no_scores(rule: str, pile: Pile) -> InputError:
    """Error of a pile in which no record has a score."""
    return InputError(
        f"{rule} cannot choose: none of the {pile.size} records has a score. Look into the "
        "failures of the verifier, or give records."
    )


def noise_for(pile: Pile, rng: Generator) -> Floats:
    """Random number of each record: tied to its position and the generator, to nothing else."""
    return rng.random(pile.size)


def ranked(value: Floats, noise: Floats, among: NDArray[np.intp]) -> NDArray[np.intp]:
    """Positions in `among`, the highest value first, equal ones by chance."""
    return among[np.lexsort((noise[among], -value[among]))]


def number_to_keep(n: int | None, order: Order, most: int, rule: str) -> int:
    """How many records to keep: what is asked for, else what the rule has in mind.

    Raises
    ------
    InputError
        If the number is not whole and positive, or there are fewer candidates.
    """
    if n is None:
        return min(most, most if order.number is None else order.number)
    if not is_whole(n) or n < 1:
        raise InputError(f"n = {n!r} records cannot be kept. Ask for a whole number of at least 1.")
    limit = most if order.number is None else min(most, order.number)
    if n > limit:
        raise InputError(
            f"n = {n} records were asked for, but {rule} has only {limit} to give among "
            f"{order.value.size} candidates. Ask for fewer, loosen the rule or write more."
        )
    return int(n)


def cut(order: Order, n: int | None, noise: Floats, rule: str) -> Choice:
    """Keep the first `n` of an order."""
    among = np.flatnonzero(order.passing)
    number = number_to_keep(n, order, among.size, rule)
    line = ranked(order.value, noise, among)
    notes, figures = at_the_cut(order, line, number)
    return decide(order, line[:number], notes=notes, figures=figures)


def at_the_cut(
    order: Order, line: NDArray[np.intp], number: int
) -> tuple[list[str], dict[str, float]]:
    """What to say of equal scores where a line of records is cut behind the first `number`."""
    if order.score is None or order.by_chance or not 0 < number < line.size:
        return [], {}
    value = order.value[line]
    tied = value == value[number - 1]
    if value[number] != value[number - 1]:
        return [], {"tied_at_cut": 0.0}
    return say_ties(order.score[line], tied, np.arange(line.size) < number)


def tied_within(value: Floats, codes: Sequence[Codes], kept: Marks) -> Marks:
    """Records that share value and groups with others, of which some are kept and some not."""
    _, level = np.unique(value, return_inverse=True)
    _, part = np.unique(np.stack([*codes, level]), axis=1, return_inverse=True)
    part = np.ravel(part)
    some, all_ = np.bincount(part, kept), np.bincount(part)
    return np.asarray(((some > 0) & (some < all_))[part])


def say_ties(score: Floats, tied: Marks, kept: Marks) -> tuple[list[str], dict[str, float]]:
    """Note and figures about records of which some were kept by chance; none if there are none."""
    if not tied.any():
        return [], {"tied_at_cut": 0.0}
    drawn = int((tied & kept).sum())
    figures = {"tied_at_cut": float(tied.sum()), "tied_and_kept": float(drawn)}
    values = np.unique(score[tied])
    if values.size > 1:
        where = f"at the cut of all or of their group, {values[0]:.6g} to {values[-1]:.6g}"
    elif tied.all():
        return [
            f"All {score.size} records to choose from have the same score, {values[0]:.6g}: the "
            "choice is random."
        ], figures
    else:
        where = f"at the cut, {values[0]:.6g}"
    return [
        f"{int(tied.sum())} records share the score {where}; {drawn} of them were drawn at random."
    ], figures


def decide(
    order: Order,
    kept: NDArray[np.intp],
    notes: Sequence[str] = (),
    figures: Mapping[str, float] = MappingProxyType({}),
    **said: Any,
) -> Choice:
    """Choice that keeps these records once; the rest is dropped for its own reason."""
    copies = np.zeros(order.value.size, dtype=np.int64)
    copies[kept] = 1
    reason = np.where(order.reason >= 0, order.reason, len(order.reasons))
    return Choice(
        copies,
        (*order.reasons, NOT_REACHED),
        np.where(copies > 0, -1, reason),
        notes=(*order.notes, *notes),
        figures={**order.figures, **figures},
        **said,
    )


def check_share(rule: str, share: float) -> None:
    """Refuse what is no share of records to keep."""
    if not 0 < share <= 1:
        raise InputError(
            f"{rule} got share = {share!r}, but a share of records to keep lies above 0 and is at "
            "most 1. Use 0.25 for a quarter."
        )


def portion(share: float, of: int) -> int:
    """Nearest whole number of records, at least 1."""
    return max(1, int(share * of + 0.5))


def check_ranking(rule: str, inner: Any) -> None:
    """Refuse an inner rule that does not rank."""
    if not isinstance(inner, Ranking):
        raise InputError(
            f"{rule} fills places in the order of another rule, and {name_of(inner)} ranks no "
            "records. Use TopFraction, Threshold, BestPerPrompt or RandomChoice; for weights, "
            "put the rule into Rake."
        )


def verifier_of(rule: Any) -> str | None:
    """Verifier that a rule, or the rule inside it, chooses by; None if it names none."""
    while rule is not None:
        if getattr(rule, "by", None) is not None:
            return str(rule.by)
        rule = getattr(rule, "rule", None)
    return None
