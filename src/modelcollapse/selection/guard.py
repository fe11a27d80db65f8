"""Selection that does not cut the tails: every group keeps a share of its places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.selection.groups import (
    Against,
    Groups,
    check_against,
    check_columns,
    groups_of,
    lost_groups,
)
from modelcollapse.selection.order import (
    Order,
    Ranking,
    check_ranking,
    decide,
    noise_for,
    number_to_keep,
    ranked,
    say_ties,
    tied_within,
)
from modelcollapse.selection.pile import Choice, Codes, Pile, Rule
from modelcollapse.selection.programme import best_under_quotas
from modelcollapse.selection.quota import first_of_each

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class TailGuard:
    """Choose as another rule does, but leave every group a share of its places.

    At the same number of records, each group keeps at least ``floor(least * n * share)``, or all
    it has: with `least` of one half, no group can lose more than about half of its places. Under
    this condition the records kept are the best in the order of the inner rule.

    Parameters
    ----------
    rule : Rule
        One that ranks: `TopFraction`, `Threshold`, `BestPerPrompt` or `RandomChoice`.
    groups : sequence of str
        Columns whose groups are guarded, each column by itself.
    least : float, default 0.5
        Part of its proportional places that a group keeps, from 0 to 1.
    records : int, default 0
        Records that a group keeps at least, however small its share; all it has, if fewer.
    against : {"candidates", "reference"}, default "candidates"
        Whose shares count as proportional: those of the candidates or of the real records.
    floor : float, optional
        Score below which no record is brought back to fill a quota. By default any that has a
        score can be, also one that the inner rule would drop: for a score of correctness, give
        the score at which a record may be called correct.

    Raises
    ------
    InputError
        If the rule does not rank, no column is given, or a number is out of range.

    Notes
    -----
    For one column the quotas are filled group by group and the rest of the places from all
    records, in the order of the rule: groups are disjoint, so this is the best there is (a greedy
    choice on a matroid; Edmonds 1971). For several columns the best choice solves an integer
    program (HiGHS, by SciPy) whose values are the scores; equal scores are taken at random.

    The price is the mean score that the guard costs, against the inner rule alone at the same
    number. Groups of which nothing is kept are named; with `records` of 1 there are none among
    the candidates, if there is place for all.

    Examples
    --------
    >>> from modelcollapse.selection.top import TopFraction
    >>> scores, topic = np.array([0.9, 0.8, 0.7, 0.3, 0.2]), np.array([0, 0, 0, 1, 1])
    >>> pile = Pile({"grade": scores}, groups={"topic": topic})
    >>> rule = TailGuard(TopFraction(), ["topic"], least=0.9)
    >>> choice = rule.choose(pile, 3, rng=np.random.default_rng(0))
    >>> choice.copies.tolist(), round(choice.figures["price"], 3)
    ([1, 1, 0, 1, 0], 0.133)
    """

    rule: Rule
    groups: Sequence[str]
    least: float = 0.5
    records: int = 0
    against: Against = "candidates"
    floor: float | None = None

    def __post_init__(self) -> None:
        check_ranking("TailGuard", self.rule)
        check_columns("TailGuard", self.groups)
        check_against("TailGuard", self.against)
        if not 0 <= self.least <= 1:
            raise InputError(
                f"TailGuard got least = {self.least!r}. It is the part of its proportional places "
                "that each group keeps: give a number from 0 to 1."
            )
        if not is_whole(self.records) or self.records < 0:
            raise InputError(
                f"TailGuard got records = {self.records!r}. Give a whole number of records that "
                "each group keeps, 0 or more."
            )

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Keep as many as the inner rule would, or `n`, with quotas.

        Raises
        ------
        InputError
            If the pile lacks the groups, there are fewer than `n` records, or the quotas cannot
            all be met with that many.
        """
        noise = noise_for(pile, rng)
        assert isinstance(self.rule, Ranking)  # checked when it was built
        order = self.rule.order(pile, noise)
        groups = [groups_of(pile, c, self.against, "TailGuard") for c in self.groups]
        number = number_to_keep(n, order, int(order.passing.sum()), "TailGuard")
        among = np.flatnonzero(self._may_return(order))
        line = ranked(order.value, noise, among)
        least = [self._quotas(group, line, number) for group in groups]
        if len(groups) == 1:
            kept = fill(line, groups[0].codes, least[0], number)
        else:
            codes = [group.codes[line] for group in groups]
            kept = np.sort(line[best_under_quotas(order.value[line], codes, least, number)])
        alone = np.sort(ranked(order.value, noise, np.flatnonzero(order.passing))[:number])
        notes, lost = lost_groups(groups, np.isin(np.arange(pile.size), kept))
        ties, figures = _ties(order, line, [group.codes[line] for group in groups], kept)
        figures["brought_back"] = float(np.setdiff1d(kept, alone).size)
        if order.score is not None:
            mean, free = float(order.score[kept].mean()), float(order.score[alone].mean())
            figures |= {"mean_score": mean, "price": free - mean}
            notes.insert(
                0,
                f"The guard exchanges {figures['brought_back']:.0f} of {number} records, at a "
                f"price of {free - mean:.4g} in mean score ({free:.4g} without it).",
            )
        return decide(order, kept, notes=[*notes, *ties], figures=figures, lost=lost)

    def _may_return(self, order: Order) -> NDArray[np.bool_]:
        """Records that may be kept, those that the inner rule would drop included."""
        scored = ~np.isnan(order.value)
        if self.floor is None or order.score is None:
            return scored
        return np.asarray(order.passing | (scored & (order.score >= self.floor)))

    def _quotas(self, group: Groups, line: Indices, number: int) -> Codes:
        """Records that each group keeps at least."""
        there = np.bincount(group.codes[line], minlength=group.size)
        # Rounding must not turn a whole number into the one below.
        share = np.floor(self.least * number * group.wanted + 1e-9).astype(np.int64)
        quotas = np.minimum(there, np.maximum(share, self.records))
        if quotas.sum() > number:
            raise InputError(
                f"{self.records} records of each of the {group.size} groups of '{group.column}' "
                f"are {int(quotas.sum())} together, but only {number} are kept. Keep more, or ask "
                "for fewer of each."
            )
        return np.asarray(quotas)


def _ties(
    order: Order, line: Indices, codes: Sequence[Codes], kept: Indices
) -> tuple[list[str], dict[str, float]]:
    """What to say of equal scores of which some are kept and others are not."""
    if order.score is None or order.by_chance or not 0 < kept.size < line.size:
        return [], {}
    value, there = order.value[line], np.isin(line, kept)
    # Without regard to quotas, the best record dropped stands at the cut of all ...
    tied = value == value[~there].max()
    if not (tied & there).any():
        tied[:] = False
    # ... and every group has a cut of its own where its quota ends.
    tied |= tied_within(value, codes, there)
    return say_ties(order.score[line], tied, there)


def fill(line: Indices, codes: Codes, least: Codes, n: int) -> Indices:
    """Choose the first `n` along a line under quotas of disjoint groups.

    Parameters
    ----------
    line : ndarray of int, shape (candidates,)
        Positions of records, the best first.
    codes : ndarray of int, shape (records,)
        Group of each record.
    least : ndarray of int, shape (groups,)
        Records that each group keeps at least; no more than it has, and `n` at most together.
    n : int
        Records to keep.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions of the records kept, rising.
    """
    first = first_of_each(line, codes, least)
    rest = line[~np.isin(line, first)]
    return np.sort(np.concatenate([first, rest[: n - first.size]]))
