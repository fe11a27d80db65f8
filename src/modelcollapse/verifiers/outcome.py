"""An oracle that has spoken already: a column of test outcomes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from modelcollapse.verifiers.each import NoScore, check_columns, score_each
from modelcollapse.verifiers.scored import Batch, Scored, column
from modelcollapse.verifiers.yes_or_no import NO, NOTHING, YES, word

PASSED = YES | {"pass", "passed", "passing", "ok", "success", "succeeded", "solved"}
FAILED = NO | {
    "fail", "failed", "failing", "failure", "error", "errored", "crash", "crashed", "timeout",
    "timed out", "unsolved",
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """A column that says how the record fared, such as in its unit tests.

    Parameters
    ----------
    column : str, default "passed"
        True and False, 1 and 0, words such as pass, failed, timeout, right and wrong; or any
        finite number that grows with trust, such as the share of the tests passed.
    label : str, optional
        Name of the scores; that of the column when not given.

    Examples
    --------
    >>> Outcome().score({"passed": [True, "failed", 0.8]}).scores.tolist()
    [1.0, 0.0, 0.8]
    """

    column: str = "passed"
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("Outcome", column=self.column)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or self.column

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.column,)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        return score_each(self._judge, column(batch, self.column, self.name))

    def _judge(self, outcome: Any) -> tuple[float]:
        said = word(outcome)
        if said in PASSED or said in FAILED:
            return (float(said in PASSED),)
        if outcome is None or said in NOTHING:
            raise NoScore(f"there is no outcome in '{self.column}'")
        try:
            number = float(outcome) if isinstance(outcome, str | Real) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise NoScore(
                f"'{self.column}' is {str(outcome)[:60]!r}, neither passed nor failed nor a number"
            )
        return (number,)
