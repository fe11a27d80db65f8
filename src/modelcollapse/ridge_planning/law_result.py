"""What `plan_ridge_from_law` returns."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from modelcollapse.tabular import number


@dataclass(frozen=True, eq=False)
class LawPlan:
    """What theory says of ridge at the end of a chain. Errors are excess squared errors.

    Attributes
    ----------
    generations, records : int
        Generators before the fit, and records that it sees.
    penalty, error : float
        The best ones.
    classical_penalty, classical_error : float
        The penalty that is best for clean data, and the error with it here.
    clean_error : float
        The error with it on clean data.
    null_error : float
        Error of predicting the mean.
    worth : int
        Real records whose best fit is as good.
    worthless_from : int or None
        Generation from which on the classical fit is worse than the mean; None if never.
    real : int
        Real records at hand.
    real_error : float or None
        Best error with them alone.
    break_even : int or None
        Generation from which on the synthetic records are worse than the real ones at hand; None
        if never, or none are at hand.
    pooled_error : float or None
        Best error with all records of both kinds, of equal weight.
    best_synthetic, best_error : int and float, or None
        Number of synthetic records to add that is best, and the error then.
    weight : float or None
        Weight of a synthetic record beside the real ones, for least squares.
    loop_weight : float or None
        Weight of the real part where as many records of both kinds come new in every generation.
    goal : float or None
        Error that is asked for.
    real_for_goal : int or None
        Real records that reach it.
    """

    generations: int
    records: int
    penalty: float
    error: float
    classical_penalty: float
    classical_error: float
    clean_error: float
    null_error: float
    worth: int
    worthless_from: int | None
    real: int = 0
    real_error: float | None = None
    break_even: int | None = None
    pooled_error: float | None = None
    best_synthetic: int | None = None
    best_error: float | None = None
    weight: float | None = None
    loop_weight: float | None = None
    goal: float | None = None
    real_for_goal: int | None = None

    @property
    def sentence(self) -> str:
        """The advice in words."""
        if self.generations == 0:
            return (
                f"on clean data use a penalty of {number(self.penalty)} per record: the expected "
                f"excess error is {number(self.error)}."
            )
        return (
            f"after {self.generations} generation{'s' * (self.generations > 1)} use a penalty of "
            f"{number(self.penalty)} per record instead of {number(self.classical_penalty)}: the "
            f"expected excess error falls from {number(self.classical_error)} to "
            f"{number(self.error)}; on clean data it would be {number(self.clean_error)}."
        )

    @property
    def notes(self) -> list[str]:
        """What else can be said, a sentence each."""
        found = []
        if self.generations:
            found.append(f"the {self.records} records are worth {self.worth} real ones.")
        ends = (
            "never within a thousand generations"
            if self.worthless_from is None
            else f"from generation {self.worthless_from} on"
        )
        found.append(f"with the classical penalty, fits are worse than predicting the mean {ends}.")
        if self.real_error is not None:
            better = (
                "for a thousand generations"
                if self.break_even is None
                else "not even at generation 0"
                if self.break_even == 0
                else f"before generation {self.break_even}"
            )
            found.append(
                f"the {self.real} real records alone give {number(self.real_error)}; the synthetic "
                f"ones are better {better}."
            )
        if self.pooled_error is not None and self.best_error is not None:
            assert self.real_error is not None
            verdict = "helps" if self.pooled_error < self.real_error else "hurts"
            best = (
                "none is better than any"
                if self.best_synthetic == 0
                else "all is best"
                if self.best_synthetic == self.records
                else f"{self.best_synthetic} is best, with {number(self.best_error)}"
            )
            found.append(
                f"adding all synthetic records to the real ones {verdict}: "
                f"{number(self.pooled_error)}; adding {best}."
            )
        if self.weight is not None and self.loop_weight is not None:
            found.append(
                f"in least squares a synthetic record should weigh {number(self.weight)} of a real "
                "one; in a loop that gets as many new ones of both kinds in every generation, the "
                f"real ones together {number(self.loop_weight)} of all."
            )
        if self.goal is not None:
            found.append(
                f"{self.real_for_goal} real records reach an excess error of {number(self.goal)}."
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"sentence": self.sentence, "notes": self.notes, **vars(self)}

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def __repr__(self) -> str:
        rows = {
            "classical, clean data": (self.classical_penalty, self.clean_error),
            "classical": (self.classical_penalty, self.classical_error),
            "best": (self.penalty, self.error),
            "mean": (math.inf, self.null_error),
        }
        lines = [self.sentence, f"  {'':21}  {'penalty':>9}  {'error':>9}"]
        lines += [f"  {k:21}  {number(p):>9}  {number(e):>9}" for k, (p, e) in rows.items()]
        return "\n".join([*lines, *(f"- {note}" for note in self.notes)])
