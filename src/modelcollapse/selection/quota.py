"""Keep given shares of groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.selection.groups import Groups, apportion, groups_of, lost_groups, named
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
from modelcollapse.selection.pile import Choice, Codes, Floats, Pile, Rule

Like = Literal["candidates", "reference", "equal"]


@dataclass(frozen=True)
class Quota:
    """Keep fixed shares of groups, within each the first in the order of another rule.

    Parameters
    ----------
    rule : Rule
        One that ranks: `TopFraction`, `Threshold`, `BestPerPrompt` or `RandomChoice`.
    group : str
        Column of the groups.
    shares : {"candidates", "reference", "equal"} or mapping, default "candidates"
        Shares of the groups among the records kept: those they have among the candidates or the
        real records, all alike, or given by name. Groups that a mapping does not name get none.

    Raises
    ------
    InputError
        If the rule does not rank, or shares are unknown, negative or all zero.

    Notes
    -----
    Numbers are rounded by largest remainders. Where a group has too few records, all of them are
    kept, the others fill its places in proportion, and a note says so. Without a number to keep,
    a rule with a share keeps that share of the records, and any other the most that leave the
    proportions whole.
    """

    rule: Rule
    group: str
    shares: Like | Mapping[str, float] = "candidates"

    def __post_init__(self) -> None:
        check_ranking("Quota", self.rule)
        if isinstance(self.shares, str):
            known = ("candidates", "reference", "equal")
            if self.shares not in known:
                raise InputError(
                    f"Quota got shares = '{self.shares}'. {suggestion(self.shares, known)} Or "
                    "give a share for each group by name."
                )
        elif not all(0 <= share < np.inf for share in self.shares.values()) or not any(
            self.shares.values()
        ):
            raise InputError(
                f"Quota got shares = {dict(self.shares)}. Give each group a share of 0 or more, "
                "and at least one above 0."
            )

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Keep the shares of `n` records.

        Raises
        ------
        InputError
            If the pile lacks the groups, or there are fewer than `n` records in those wanted.
        """
        noise = noise_for(pile, rng)
        assert isinstance(self.rule, Ranking)  # checked when it was built
        order = self.rule.order(pile, noise)
        groups = groups_of(
            pile, self.group, "reference" if self.shares == "reference" else "candidates", "Quota"
        )
        wanted = self._wanted(groups)
        there = groups.count(order.passing).astype(np.int64)
        most = int(there[wanted > 0].sum())
        if n is None and order.number is None:
            share = wanted / wanted.sum()
            most = int(np.min(there[share > 0] / share[share > 0]) + 1e-9)
        number = number_to_keep(n, order, most, "Quota")
        places = apportion(wanted, number, there)
        line = ranked(order.value, noise, np.flatnonzero(order.passing))
        kept = first_of_each(line, groups.codes, places)
        ideal = wanted / wanted.sum() * number
        short = groups.named((ideal >= there + 1) & (wanted > 0))
        notes, lost = lost_groups([groups], np.isin(np.arange(pile.size), kept))
        if short:
            notes.insert(
                0,
                f"Groups of '{self.group}' with fewer records than their share: {named(short)}. "
                "All of theirs are kept, and the others fill the places.",
            )
        ties, figures = _ties(order, kept, groups.codes)
        return decide(
            order, kept, notes=(*notes, *ties), figures={**figures, "groups_short": len(short)},
            lost=lost,
        )  # fmt: skip

    def _wanted(self, groups: Groups) -> Floats:
        if self.shares == "equal":
            return (groups.count() > 0).astype(np.float64)
        if isinstance(self.shares, str):
            return groups.wanted
        for name in self.shares:
            if name not in groups.names:
                raise InputError(
                    f"Quota gives a share to the group '{name}', which '{self.group}' does not "
                    f"have. {suggestion(name, groups.names)}"
                )
        return np.array([self.shares.get(name, 0.0) for name in groups.names])


def _ties(order: Order, kept: NDArray[np.intp], codes: Codes) -> tuple[list[str], dict[str, float]]:
    """What to say of equal scores in a group of which some are kept and others are not."""
    if order.score is None or order.by_chance:
        return [], {}
    among = np.flatnonzero(order.passing)
    there = np.isin(among, kept)
    tied = tied_within(order.value[among], [codes[among]], there)
    return say_ties(order.score[among], tied, there)


def first_of_each(line: NDArray[np.intp], codes: Codes, places: Codes) -> NDArray[np.intp]:
    """Positions of the first records of each group along a line, as many as it has places."""
    group = codes[line]
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=places.size)
    place = np.arange(line.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray(line[by_group[place < places[group[by_group]]]])
