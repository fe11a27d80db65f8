"""Groups of records: their names, real records beside them, and numbers to keep of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.selection.pile import Codes, Floats, Pile

Against = Literal["candidates", "reference"]


def part(pile: Pile, positions: NDArray[np.intp]) -> Pile:
    """Pile of some of the records."""
    scores = {name: score[positions] for name, score in pile.scores.items()}
    prompts = None if pile.prompts is None else pile.prompts[positions]
    groups = {name: codes[positions] for name, codes in pile.groups.items()}
    return Pile(scores, prompts, groups, pile.names, pile.reference)


def reference_counts(pile: Pile, column: str, rule: str) -> Codes:
    """Real records in each group of a column.

    Raises
    ------
    InputError
        If they are not known.
    """
    found = pile.reference.get(column)
    if found is None or not np.sum(found) > 0:
        raise InputError(
            f"{rule} compares the groups '{column}' with real records, and none are given. Give "
            "the real data, or compare with against='candidates'."
        )
    return np.asarray(found)


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of one column.

    Parameters
    ----------
    column : str
        Where they come from.
    names : sequence of str
        Name of each group.
    codes : ndarray of int, shape (records,)
        Position of the group of each record.
    wanted : ndarray, shape (groups,)
        Share of each group among the candidates or the real records; sums to 1.
    """

    column: str
    names: Sequence[str]
    codes: Codes
    wanted: Floats

    @property
    def size(self) -> int:
        """Count the groups."""
        return len(self.names)

    def count(self, weights: ArrayLike | None = None) -> Floats:
        """Sum of the weights, or number of records, in each group."""
        return np.bincount(self.codes, weights, minlength=self.size).astype(np.float64)

    def named(self, marked: NDArray[np.bool_]) -> list[str]:
        """Names of the groups that are marked."""
        return [name for name, mark in zip(self.names, marked, strict=True) if mark]


def groups_of(pile: Pile, column: str, against: Against, rule: str) -> Groups:
    """Groups of a column with the shares that they should keep."""
    codes = pile.codes(column, rule)
    names = pile.names.get(column)
    if against == "reference":
        counts = reference_counts(pile, column, rule)
        names = [str(code) for code in range(counts.size)] if names is None else names
        return Groups(column, names, codes, counts / counts.sum())
    if names is None:
        known, codes = np.unique(codes, return_inverse=True)
        names = [str(code) for code in known.tolist()]
    return Groups(column, names, codes, np.bincount(codes, minlength=len(names)) / codes.size)


def check_against(rule: str, against: str) -> None:
    """Refuse an unknown standard of comparison."""
    known = get_args(Against)
    if against not in known:
        raise InputError(
            f"{rule} got against='{against}', which is unknown. {suggestion(against, known)}"
        )


def check_columns(rule: str, columns: Sequence[str]) -> None:
    """Refuse a rule for groups without columns."""
    if isinstance(columns, str) or not columns:
        raise InputError(
            f"{rule} got groups = {columns!r}. Give a list of the columns whose groups it is for, "
            "such as ['topic']."
        )


def named(names: Sequence[str], most: int = 10) -> str:
    """Names in a sentence; the first few of many."""
    rest = len(names) - most
    return ", ".join(f"'{name}'" for name in names[:most]) + (
        f" and {rest} more" if rest > 0 else ""
    )


def lost_groups(
    groups: Sequence[Groups], kept: ArrayLike
) -> tuple[list[str], dict[str, list[str]]]:
    """Groups that have candidates, and of which nothing is kept.

    Parameters
    ----------
    groups : sequence of Groups
        By column.
    kept : array_like, shape (records,)
        Copies of each record.

    Returns
    -------
    notes : list of str
        A sentence for each column that lost a group, or in which a group that should have a share
        has no candidates: that is no loss by selection.
    lost : dict of str to list of str
        Names by column.
    """
    lost = {}
    for group in groups:
        gone = (group.count(kept) == 0) & (group.count() > 0)
        if gone.any():
            lost[group.column] = group.named(gone)
    notes = [
        f"Nothing is kept of {_groups(names)} of '{column}': {named(names)}."
        for column, names in lost.items()
    ]
    for group in groups:
        notes += no_candidates(group.column, group.named((group.count() == 0) & (group.wanted > 0)))
    return notes, lost


def no_candidates(column: str, names: Sequence[str]) -> list[str]:
    """Sentence about groups of the real records that no candidate belongs to, if there are any."""
    if not names:
        return []
    return [
        f"No candidate belongs to {_groups(names)} of '{column}' that has real records: "
        f"{named(names)}."
    ]


def _groups(names: Sequence[str]) -> str:
    return "a group" if len(names) == 1 else f"{len(names)} groups"


def apportion(shares: ArrayLike, n: int, most: ArrayLike) -> Codes:
    """Whole numbers in proportion to shares, which sum to `n` and stay within limits.

    Parameters
    ----------
    shares : array_like, shape (groups,)
        Proportions, 0 or larger.
    n : int
        What to hand out.
    most : array_like of int, shape (groups,)
        Limit of each group.

    Returns
    -------
    ndarray of int, shape (groups,)
        Numbers that sum to `n`, or to less where the limits of the groups with a share do not
        allow it.

    Notes
    -----
    Largest remainders (Hamilton); what a full group cannot take goes to the others in proportion.
    Among equal remainders, the group that comes first.

    Examples
    --------
    >>> apportion([0.5, 0.3, 0.2], 10, [2, 9, 9]).tolist()
    [2, 5, 3]
    """
    weight, limit = np.asarray(shares, dtype=np.float64), np.asarray(most, dtype=np.int64)
    given = np.zeros(weight.size, dtype=np.int64)
    open_ = (weight > 0) & (limit > 0)
    left = n
    while left > 0 and open_.any():
        part = np.where(open_, weight, 0.0) * (left / weight[open_].sum())
        full = open_ & (part >= limit)
        if full.any():
            given[full] = limit[full]
            left -= int(limit[full].sum())
            open_ &= ~full
            continue
        # Rounding must not turn a whole number into the one below.
        whole = np.floor(part + 1e-9).astype(np.int64)
        remainder = np.where(open_, part - whole, -np.inf)
        first = np.argsort(-remainder, kind="stable")[: left - int(whole.sum())]
        whole[first] += 1
        return np.asarray(given + whole)
    return given
