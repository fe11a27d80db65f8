"""What rules of selection see, and what they decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pile:
    """All candidates, as rules of selection see them: numbers, never the records themselves.

    Parameters
    ----------
    scores : mapping of str to ndarray, shape (records,)
        By verifier; the higher the better, NaN where a record has no score.
    prompts : ndarray of int, shape (records,), optional
        Code of the prompt that each record answers.
    groups : mapping of str to ndarray of int, shape (records,), default empty
        Codes of the subgroup that each record belongs to, by the column they come from.
    names : mapping of str to sequence of str, default empty
        By column, what the codes mean: the name of code `i` stands at `i`.
    reference : mapping of str to ndarray of int, default empty
        By column, number of real records in each group, by code. Groups without candidates
        count too.

    Raises
    ------
    InputError
        If there are no scores, lengths differ, or names or real records are given for a column
        that is not one of the groups, or whose codes go beyond them.
    """

    scores: Mapping[str, Floats]
    prompts: Codes | None = None
    groups: Mapping[str, Codes] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reference: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.scores:
            raise InputError("a pile needs the scores of at least one verifier to choose by.")
        others = {} if self.prompts is None else {"the prompts": self.prompts}
        for name, values in {**self.scores, **others, **self.groups}.items():
            if np.shape(values) != (self.size,):
                raise InputError(
                    f"{name} has the shape {np.shape(values)}, but there are {self.size} records. "
                    "Every record needs one entry."
                )
        for what in (self.names, self.reference):
            for column, entries in what.items():
                codes = self.codes(column, "A pile with a reference")
                if codes.size and not 0 <= codes.min() <= codes.max() < len(entries):
                    raise InputError(
                        f"the codes of the groups '{column}' run from {codes.min()} to "
                        f"{codes.max()}, but {len(entries)} groups are named or counted. Number "
                        "the groups from 0, those of the reference included."
                    )

    @property
    def size(self) -> int:
        """Count the candidates."""
        return int(np.shape(next(iter(self.scores.values())))[0])

    def by(self, name: str | None, rule: str) -> Floats:
        """Scores that a rule chooses by: those of the named verifier, or of the only one.

        Raises
        ------
        InputError
            If there is no such verifier, or several and none is named.
        """
        if name is None and len(self.scores) == 1:
            return next(iter(self.scores.values()))
        if name is None:
            raise InputError(
                f"there are scores of {len(self.scores)} verifiers ({', '.join(self.scores)}), and "
                f"{rule} does not say which to choose by. Name one with by=."
            )
        if name not in self.scores:
            raise InputError(f"there are no scores '{name}'. {suggestion(name, self.scores)}")
        return self.scores[name]

    def codes(self, column: str, rule: str) -> Codes:
        """Codes of the groups of a column.

        Raises
        ------
        InputError
            If there are none.
        """
        if column not in self.groups:
            hint = "Name the column of the groups."
            if self.groups:
                hint = suggestion(column, self.groups)
            raise InputError(
                f"{rule} needs the groups '{column}', which the records do not have. {hint}"
            )
        return self.groups[column]


@dataclass(frozen=True, eq=False)
class Choice:
    """What a rule decided.

    Parameters
    ----------
    copies : ndarray of int, shape (records,)
        How often each record is kept; 0 where it is dropped.
    reasons : sequence of str
        Why records are dropped, each sentence once.
    reason : ndarray of int, shape (records,)
        Position in `reasons` for a dropped record, -1 for a kept one.
    weights : ndarray, shape (records,), optional
        How much each copy of a kept record counts in training, positive, on average 1; 0 where
        dropped. All alike when None.
    notes : sequence of str, default empty
        Sentences for the reader: ties at the cut, constant scores, groups that are lost.
    figures : mapping of str to float, default empty
        Numbers behind them, such as ``tied_at_cut`` or ``effective_sample_size``.
    lost : mapping of str to sequence of str, default empty
        By column, groups of which nothing is kept although there was something to keep.
    """

    copies: Codes
    reasons: Sequence[str]
    reason: Codes
    weights: Floats | None = None
    notes: Sequence[str] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    lost: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if ((self.copies == 0) != (self.reason >= 0)).any():
            raise InputError("every dropped record needs a reason, and no kept one may have any.")

    @property
    def kept(self) -> int:
        """Count the records that the next training set gets, repeats included."""
        return int(self.copies.sum())

    @property
    def dropped(self) -> dict[str, int]:
        """Number of records dropped, by reason."""
        found = Counter(self.reason[self.reason >= 0].tolist())
        return {text: found[i] for i, text in enumerate(self.reasons) if found[i]}


@runtime_checkable
class Rule(Protocol):
    """Choose among candidates. Rules are frozen dataclasses, so that a spec can name them."""

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Decide about every candidate.

        Parameters
        ----------
        pile : Pile
            The candidates.
        n : int or None
            Records to keep, exactly; None leaves the number to the rule.
        rng : Generator
            The only source of randomness; ties at a cut are broken by it.
        """
        ...
