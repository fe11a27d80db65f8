"""What `plan_ridge` returns."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from modelcollapse.ridge_planning.choice import Candidate, Choice
from modelcollapse.ridge_planning.difference import Difference
from modelcollapse.tabular import number


@dataclass(frozen=True, eq=False)
class RidgePlan:
    """What ridge to use on a table, and what it gains.

    Attributes
    ----------
    choice : Choice
        The classical fit, the chosen one, their difference, and the path of all candidates.
    real, synthetic : int
        Rows of each kind.
    generations : float
        Generators behind a synthetic row, on average.
    generator_records : float or None
        Records that each generator was fitted to, as given.
    confidence : float
        Of the intervals.
    worth : float or None
        Real rows that the synthetic ones are worth, where drift was found from the generators.
    worthless_from : float or None
        Generations from which on least squares is worse than predicting the mean, likewise.
    goal : float or None
        Excess squared error that is asked for.
    real_for_goal : int or None
        Real rows that reach it by least squares alone; None if residuals do not tell the noise.
    """

    choice: Choice
    real: int
    synthetic: int
    generations: float
    generator_records: float | None
    confidence: float
    worth: float | None
    worthless_from: float | None
    goal: float | None
    real_for_goal: int | None

    @property
    def judged_by_real(self) -> bool:
        """Whether real rows alone judged."""
        return self.choice.judge.noise is None

    @property
    def sentence(self) -> str:
        """The advice in words."""
        chosen, classical, gain = self.choice.chosen, self.choice.classical, self.choice.gain
        if self.synthetic == 0:
            return (
                f"all {self.real} rows are taken as real, so that the classical choice holds: a "
                f"penalty of "
                f"{number(chosen.penalty)} per record (alpha = {number(chosen.alpha)})."
            )
        if (chosen.penalty, chosen.weight) == (classical.penalty, classical.weight):
            return (
                f"the classical choice holds here: a penalty of {number(chosen.penalty)} per "
                f"record (alpha = {number(chosen.alpha)}) is the best guess for a real outcome too."
            )
        new = f"a penalty of {number(chosen.penalty)} per record (alpha = {number(chosen.alpha)})"
        if self.choice.alone is not None and chosen.weight < 1:
            new += (
                " on the real rows alone"
                if chosen.weight == 0
                else f" and a weight of {number(chosen.weight)} for synthetic rows"
            )
        old = number(classical.penalty)
        if chosen.weight < 1:
            old = f"a penalty of {old} on all rows alike"
        change = _change(gain)
        if gain.shown and gain.value > 0:
            return (
                f"use {new} instead of {old}: the expected squared error for a real outcome falls "
                f"by {change}, from {number(classical.error)}."
            )
        what = "gain" if gain.shown else "difference"
        return (
            f"no {what} can be shown: {new}, the best guess, instead of {old} lowers the "
            f"expected squared error for a real outcome by {change}."
        )

    @property
    def notes(self) -> list[str]:
        """What else can be said, a sentence each."""
        found = []
        mixing = self.choice.mixing
        if mixing is not None:
            if not mixing.shown:
                verdict = "whether synthetic rows help or hurt cannot be shown"
            elif mixing.value > 0:
                verdict = "synthetic rows help, at their best weight"
            else:
                verdict = "synthetic rows hurt, even at their best weight"
            found.append(f"{verdict}: the gain over the real rows alone is {_change(mixing)}.")
        if self.worth is not None:
            found.append(
                f"the {self.synthetic} synthetic rows are worth {number(self.worth)} real ones: "
                "they share one drift, which their number does not average out."
            )
        if self.worthless_from is not None:
            found.append(
                "without a penalty, fits are worse than predicting the mean from generation "
                f"{math.ceil(self.worthless_from)} on."
                if math.isfinite(self.worthless_from)
                else "a signal beyond noise and drift cannot be seen in these rows."
            )
        if self.goal is not None:
            found.append(
                "how many real rows reach the goal cannot be said: there are too few rows to tell "
                "the noise."
                if self.real_for_goal is None
                else f"{self.real_for_goal} real rows reach an excess error of {number(self.goal)} "
                "by least squares alone; with the best penalty fewer may do."
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        choice = self.choice
        return {
            "sentence": self.sentence,
            "notes": self.notes,
            "chosen": choice.chosen.to_dict(),
            "classical": choice.classical.to_dict(),
            "gain": choice.gain.to_dict(),
            "alone": None if choice.alone is None else choice.alone.to_dict(),
            "mixed": None if choice.mixed is None else choice.mixed.to_dict(),
            "mixing": None if choice.mixing is None else choice.mixing.to_dict(),
            "real": self.real,
            "synthetic": self.synthetic,
            "generations": self.generations,
            "generator_records": self.generator_records,
            "generator_noise": None
            if choice.judge.noise is None
            else math.sqrt(choice.judge.noise.variance),
            "confidence": self.confidence,
            "worth": self.worth,
            "worthless_from": None
            if self.worthless_from is None or math.isinf(self.worthless_from)
            else self.worthless_from,
            "goal": self.goal,
            "real_for_goal": self.real_for_goal,
            "path": {
                "weights": choice.weights.tolist(),
                "penalties": choice.penalties.tolist(),
                "errors": [[_finite(v) for v in row] for row in choice.path.tolist()],
            },
        }

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def __repr__(self) -> str:
        rows: dict[str, Candidate | None] = {
            "classical": self.choice.classical,
            "real rows alone": self.choice.alone,
            "real and synthetic": self.choice.mixed,
            "chosen": self.choice.chosen,
        }
        lines = [self.sentence, f"judged by: {self._judge()}"]
        lines.append(f"  {'':18}  {'penalty':>9}  {'alpha':>9}  {'weight':>7}  {'error':>9}")
        for name, row in rows.items():
            if row is not None:
                cells = (row.penalty, row.alpha, row.weight, row.error)
                lines.append(
                    f"  {name:18}"
                    + "".join(
                        f"  {number(c):>{w}}" for c, w in zip(cells, (9, 9, 7, 9), strict=True)
                    )
                )
        return "\n".join([*lines, *(f"- {note}" for note in self.notes)])

    def _judge(self) -> str:
        if self.judged_by_real:
            return f"leave-one-out errors on {self.real} real rows"
        noise = self.choice.judge.noise
        assert noise is not None
        origin = "given" if math.isinf(noise.freedom) else "from residuals"
        return (
            f"leave-one-out errors on all {self.real + self.synthetic} rows, corrected for "
            f"{number(self.generations)} generation{'s' * (self.generations != 1)} of least "
            f"squares on {number(self.generator_records or math.nan)} records, with noise "
            f"{number(math.sqrt(noise.variance))} ({origin})"
        )


def _change(found: Difference) -> str:
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
