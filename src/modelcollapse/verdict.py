"""What became of a lineage, in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from modelcollapse.history import Ending, History
from modelcollapse.metrics.stage import Stage

ERRORS = {"test_error": "test error", "misclassification": "share of wrong classes"}
"""Measures of labelled records that a verdict can rest on."""

ROUNDING = 1e-12
"""Errors up to which there is none: a ratio to them would be one of roundings."""


@dataclass(frozen=True)
class Verdict:
    """Stage of collapse of a lineage at its last generation.

    Attributes
    ----------
    stage : Stage
        The stage that most replicates are in; the graver one where two are equally frequent.
    share : float
        Share of the replicates in that stage.
    onset : int or None
        First generation read from which on at least half of the replicates have left stage none
        and do not come back, None if there is no such generation.
    sentence : str
        The same in words.
    heading : str
        The same in two or three words, where a stage of tails and variance says nothing: for
        labelled records, how the error has grown. Empty otherwise.
    """

    stage: Stage
    share: float
    onset: int | None
    sentence: str
    heading: str = ""


def verdict(history: History) -> Verdict:
    """Verdict on one lineage, by the rule of `modelcollapse.metrics.stage.stage`.

    Labelled records have no such stage: their verdict is how far the error has grown.
    """
    errors = [measure for measure in ERRORS if measure in history.readings]
    if 2 * len(_unfitted(history)) > history.replicates:
        return Verdict(
            Stage.UNDECIDED,
            len(_unfitted(history)) / history.replicates,
            None,
            f"not decided: {_failure(history)}",
        )
    if errors and not {"variance", "tail_retention"} & set(history.readings):
        return _on_error(history, errors[0])
    stages = history.stages()
    last = stages[:, -1]
    shares = {member: float(np.mean(last == member)) for member in Stage}
    most = max(shares.values())
    leading = [member for member in Stage if shares[member] == most]
    if len(leading) > 1 and set(leading) <= {Stage.EARLY, Stage.LATE}:
        leading = [Stage.EARLY]  # collapsed in either case, and at least so far
    if len(leading) > 1:
        sentence = _split(leading, history.replicates)
        return Verdict(Stage.UNDECIDED, most, None, sentence)
    stage = leading[0]
    collapsed = np.mean((stages == Stage.EARLY) | (stages == Stage.LATE), axis=0) >= 0.5
    onset = _lasting_from(collapsed, history)
    return Verdict(stage, shares[stage], onset, _sentence(history, stage, shares[stage], onset))


def _unfitted(history: History) -> dict[int, Ending]:
    """Replicates that ended without a finding about collapse."""
    return {r: ending for r, ending in history.endings.items() if not ending.collapsed}


def _failure(history: History) -> str:
    """Why there are such replicates, by the most frequent reason."""
    found = Counter((e.generation, e.reason) for e in _unfitted(history).values())
    (generation, reason), most = found.most_common(1)[0]
    where = "" if history.replicates == 1 else f" in {most} of {history.replicates} replicates"
    return f"no model could be fitted in generation {generation}{where} ({reason.rstrip('.')})"


def _on_error(history: History, measure: str) -> Verdict:
    values, last = history[measure], int(history.generations[-1])
    start, end = (float(np.median(values[:, column])) for column in (0, -1))
    if not start > ROUNDING:
        known = "none" if start <= ROUNDING else "no reading"
        found = f"is {end:.3g} (median)" if end > ROUNDING else "is none either"
        sentence = (
            f"the {ERRORS[measure]} at generation {last} {found}, where the first model had {known}"
        )
        return Verdict(Stage.UNDECIDED, 1.0, None, sentence, f"error {end:.3g}")
    ratio = end / start
    grown = np.mean(values > values[:, :1], axis=0) >= 0.5
    worse, count = int(np.sum(values[:, -1] > values[:, 0])), history.replicates
    sentence = (
        f"the {ERRORS[measure]} at generation {last} is {ratio:.3g} times that of generation 0 "
        f"(medians); it is larger in {worse} of {count} replicates"
    )
    onset = _lasting_from(grown, history)
    return Verdict(Stage.UNDECIDED, worse / count, onset, sentence, f"error × {ratio:.3g}")


def verdicts(histories: Mapping[str, History]) -> list[str]:
    """One line per lineage: its label and its verdict."""
    width = max(len(label) for label in histories)
    return [f"{label.ljust(width)}  {verdict(h).sentence}" for label, h in histories.items()]


def _lasting_from(collapsed: object, history: History) -> int | None:
    """First generation from which on the condition holds to the end."""
    held = np.asarray(collapsed)[::-1]
    lasting = len(held) if held.all() else int(np.argmin(held))
    return None if lasting == 0 else int(history.generations[len(held) - lasting])


def _sentence(history: History, stage: Stage, share: float, onset: int | None) -> str:
    count, last = history.replicates, int(history.generations[-1])
    many = f"{round(share * count)} of {count} replicates" if count > 1 else "the one replicate"
    extinct = [r for r, ending in history.endings.items() if ending.collapsed]
    if stage is Stage.UNDECIDED:
        return _undecided(history, last)
    words = {
        Stage.NONE: "no collapse",
        Stage.EARLY: "early collapse (tails)",
        Stage.LATE: "late collapse (variance)",
        Stage.GROWING: "no collapse, but the spread grows",
    }[stage]
    text = f"{words} in {many} at generation {last}"
    parts = []
    for measure, name in (("variance", "variance"), ("tail_retention", "tails")):
        if measure in history.readings:
            values = history[measure]
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = values[:, -1] / values[:, 0]
            ratio[extinct] = 0.0  # no model, nothing left
            if np.isfinite(ratio).any():
                parts.append(f"{name} at {float(np.nanmedian(ratio)):.0%}")
    if parts:
        text += f": {' and '.join(parts)} of generation 0 (median)"
    if stage in (Stage.EARLY, Stage.LATE) and onset is not None:
        text += f", collapsed since generation {onset}"
    if extinct:
        text += f"; in {len(extinct)} no model could be fitted any more"
    if _unfitted(history):
        text += f"; {_failure(history)}"
    return text


def _split(leading: list[Stage], count: int) -> str:
    words = " and ".join(f"'{stage}'" for stage in leading)
    return f"not decided: the {count} replicates are split evenly between {words}; run more of them"


def _undecided(history: History, last: int) -> str:
    if _unfitted(history):
        return f"not decided: {_failure(history)}"
    missing = [m for m in ("variance", "tail_retention") if m not in history.readings]
    if missing:
        verb = "was" if len(missing) == 1 else "were"
        names = " and ".join(missing)
        return f"not decided: the verdict rests on {names}, which {verb} not measured"
    undefined = [
        m for m in ("variance", "tail_retention") if np.isnan(history[m][:, [0, -1]]).any()
    ]
    return f"not decided: {' and '.join(undefined)} is undefined at generation 0 or {last}"
