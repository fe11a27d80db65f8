"""A measure's reading of one data set against another, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelcollapse.auditing.catalogue import MEASURES, Concern, Tolerance
from modelcollapse.metrics.signal import Signal


class Outcome(StrEnum):
    """What a reading says. The values are words of a report."""

    CHANGED = "changed"
    REPLACED = "replaced"
    HELD = "held"
    OPEN = "not decided"
    OPPOSITE = "the other way"
    UNDEFINED = "not measured"


@dataclass(frozen=True)
class Reading:
    """One measure of one column, text or whole data set.

    Attributes
    ----------
    measure : str
        Name in the catalogue, or of a plug-in.
    about : str
        Column or group; empty for the whole.
    signal : Signal
        Value, what chance would give, interval and p.
    title, concern, tolerance, headline
        See `modelcollapse.auditing.catalogue.Measure`; a headline counts for the verdict.
    note : str
        What a reader must know, for example why there is no value.
    adjusted_p : float
        `signal.p` adjusted for all readings it was judged with.
    outcome : Outcome
        Set by `modelcollapse.auditing.judging.judge`.
    needed : float
        At which a reading like this would be decided, in the unit of the signal's n (records,
        words, bytes; of a sample or a half where that is compared); NaN where it is.
    """

    measure: str
    about: str
    signal: Signal
    title: str
    concern: Concern
    tolerance: Tolerance
    headline: bool
    note: str = ""
    adjusted_p: float = float("nan")
    outcome: Outcome = Outcome.UNDEFINED
    needed: float = float("nan")

    @classmethod
    def of(
        cls,
        measure: str,
        signal: Signal,
        tolerance: Tolerance,
        *,
        about: str = "",
        headline: bool | None = None,
        note: str = "",
    ) -> Reading:
        """Reading of a measure of the catalogue.

        Parameters
        ----------
        measure : str
            Its name.
        signal : Signal
            What was read.
        tolerance : Tolerance
            Change that does not matter.
        about : str, optional
            Column or group.
        headline : bool, optional
            Whether the verdict reads it; by default as the catalogue has it.
        note : str, optional
            For the reader.
        """
        entry = MEASURES[measure]
        counts = entry.headline if headline is None else headline
        return cls(
            measure, about, signal, entry.title, entry.concern, tolerance, counts, note
        )  # fmt: skip

    @property
    def name(self) -> str:
        """Measure and what it is about, as `--fail-on metric=` takes it."""
        return f"{self.measure}:{self.about}" if self.about else self.measure

    def to_dict(self) -> dict[str, Any]:
        """Plain data of JSON; what is not defined is None."""
        signal = self.signal
        numbers = {
            "value": signal.value, "expected": signal.expected, "error": signal.error,
            "low": signal.low, "high": signal.high, "p": signal.p, "adjusted_p": self.adjusted_p,
            "needed": self.needed, "tolerance": self.tolerance.amount,
        }  # fmt: skip
        return {
            "measure": self.measure, "about": self.about, "title": self.title,
            "concern": str(self.concern), "headline": self.headline,
            **{name: _plain(value) for name, value in numbers.items()},
            "relative": self.tolerance.relative, "collapse": signal.collapse,
            "n": signal.n, "reference_n": signal.reference_n, "outcome": str(self.outcome),
            "note": self.note,
        }  # fmt: skip


def _plain(value: float) -> float | str | None:
    """A number that JSON has; infinity by its name."""
    number = float(value)
    if number != number:
        return None
    return number if abs(number) != float("inf") else ("inf" if number > 0 else "-inf")
