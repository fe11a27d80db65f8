"""What `estimate` returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelcollapse.store import write_atomic
from modelcollapse.verifier_quality.intervals import Interval, Method
from modelcollapse.verifier_quality.verdicts import Verdict

_MEANING = {
    "p": "wrong among all",
    "phi": "kept among the right",
    "psi": "kept among the wrong",
    "breakdown_point": "p*, the most p it bears",
    "kept_error": "wrong among the kept",
}


@dataclass(frozen=True)
class Estimate:
    """What an audit sample says about a generator and its verifier.

    Attributes
    ----------
    p : Interval
        Share of the generator's records that is wrong.
    phi, psi : Interval
        Shares of right and of wrong records that the verifier keeps.
    breakdown_point : Interval
        The share p* of wrong records beyond which more than half of the kept ones are wrong,
        ``1 / (1 + psi / phi)``.
    kept_error : Interval
        Share of wrong records among the kept, always with its exact interval.
    helps : Verdict
        Whether the kept records are better than all.
    breaks_down : Verdict
        Whether more than half of the kept records are wrong.
    labels : int
        Labelled records.
    counts : mapping of str to int
        Labelled records by label and decision.
    keep_rate : float
        Share of records kept: of all records where it was given, else of the sample.
    clusters : int or None
        Number of clusters, if records were taken to come in them.
    groups : mapping of str to Estimate
        The same for each group; empty if none were given.
    notes : tuple of str
        What limits these figures.
    confidence : float
        Of every interval.
    interval : {"jeffreys", "exact"}
        Kind of intervals.
    """

    p: Interval
    phi: Interval
    psi: Interval
    breakdown_point: Interval
    kept_error: Interval
    helps: Verdict
    breaks_down: Verdict
    labels: int
    counts: Mapping[str, int]
    keep_rate: float
    clusters: int | None
    confidence: float
    interval: Method
    groups: Mapping[str, Estimate] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def margin(self) -> float:
        """How far p is below the breakdown point; negative beyond it."""
        return self.breakdown_point.value - self.p.value

    @property
    def sentence(self) -> str:
        """Both verdicts in words."""
        first, second = self.helps.sentence, self.breaks_down.sentence
        return f"{first[0].upper()}{first[1:]} {second[0].upper()}{second[1:]}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; undefined values are None."""
        return {
            "sentence": self.sentence,
            **{name: getattr(self, name).to_dict() for name in _MEANING},
            "margin": None if self.margin != self.margin else self.margin,
            "helps": self.helps.to_dict(),
            "breaks_down": self.breaks_down.to_dict(),
            **{name: getattr(self, name) for name in ("labels", "keep_rate", "clusters")},
            "counts": dict(self.counts),
            "confidence": self.confidence,
            "interval": self.interval,
            "groups": {name: group.to_dict() for name, group in self.groups.items()},
            "notes": list(self.notes),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def __repr__(self) -> str:
        of = f"{self.labels:,} labels"
        if self.clusters is not None:
            of += f" in {self.clusters:,} clusters"
        kind = {"jeffreys": "Bayesian", "exact": "exact"}[self.interval]
        lines = [self.sentence, f"source: {of}, {self.confidence:.0%} {kind} intervals"]
        lines += [
            f"  {'p*' if name == 'breakdown_point' else name:<11} {meaning:<24} "
            f"{getattr(self, name)}"
            for name, meaning in _MEANING.items()
        ]
        if self.groups:
            lines += ["", *_table(self.groups)]
        return "\n".join([*lines, *(f"mind: {note}" for note in self.notes)])


def _table(groups: Mapping[str, Estimate]) -> list[str]:
    """One line per group."""
    rows = [("group", "labels", "p", "p*", "kept_error", "helps", "breaks down")]
    for name, group in groups.items():
        rows.append(
            (
                name, f"{group.labels:,}", f"{group.p.value:.3f}", str(group.breakdown_point),
                str(group.kept_error), group.helps.answer, group.breaks_down.answer,
            )
        )  # fmt: skip
    widths = [max(map(len, entries)) for entries in zip(*rows, strict=True)]
    padded = (
        "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True))
        for row in rows
    )
    return [f"  {line}".rstrip() for line in padded]
