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

    Raises
    ------
    InputError
        If there are no scores, or lengths differ.
    """

    scores: Mapping[str, Floats]
    prompts: Codes | None = None
    groups: Mapping[str, Codes] = field(default_factory=dict)

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
        How much a kept record counts in training, positive; 0 where dropped. All alike when None.
    """

    copies: Codes
    reasons: Sequence[str]
    reason: Codes
    weights: Floats | None = None

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
