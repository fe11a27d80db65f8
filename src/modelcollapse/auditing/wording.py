"""The verdict in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelcollapse.auditing.catalogue import Concern
from modelcollapse.auditing.judging import Judgement, Stage
from modelcollapse.auditing.leak import Leak
from modelcollapse.auditing.reading import Outcome, Reading
from modelcollapse.auditing.resampling import Loss

HEADINGS = {
    Stage.NONE: "No collapse",
    Stage.EARLY: "Early collapse: the tails are going",
    Stage.LATE: "Late collapse: the spread is going",
    Stage.UNDECIDED: "Not enough data",
}
FINDINGS = {
    Concern.NARROWING: "the law has narrowed",
    Concern.DUPLICATION: "records repeat others",
    Concern.DRIFT: "the data differ from the reference in another way, which is no collapse",
    Concern.NOISE: "records lie where no real ones are: noise",
}
NAMED = 3


def heading(found: Judgement, shared: Leak | None = None) -> str:
    """A few words: the stage, what else was found, and whether there is a leak."""
    extra = [str(x) for x in found.findings] if found.stage is Stage.NONE else []
    extra += ["leak"] if shared else []
    words = HEADINGS[found.stage]
    return f"{words} (but {' and '.join(extra)})" if extra else words


def sentence(
    found: Judgement, readings: Sequence[Reading], lost: Loss | None, shared: Leak | None = None
) -> str:
    """One or two sentences: what carried the verdict, and how far it goes.

    Parameters
    ----------
    found : Judgement
        Stage and findings.
    readings : sequence of Reading
        All, judged.
    lost : Loss or None
        Generations of pure resampling that would lose as much.
    shared : Leak or None
        New records that are in the reference; they go first, since they void the rest.
    """
    parts = [f"Mind that {shared.clause}."] if shared else []
    parts.append(_of_stage(found, readings))
    if lost is not None and found.stage in (Stage.EARLY, Stage.LATE):
        parts += _drift(lost)
    others = [_finding(concern, found) for concern in found.findings]
    if others:
        parts.append(f"{'Also' if found.stage in (Stage.EARLY, Stage.LATE) else 'But'} "
                     f"{'; '.join(others)}.")  # fmt: skip
    return " ".join(parts)


def _of_stage(found: Judgement, readings: Sequence[Reading]) -> str:
    if found.stage in (Stage.EARLY, Stage.LATE):
        concern = Concern.SPREAD if found.stage is Stage.LATE else Concern.TAILS
        carried = [one for one in found.carried_by if one.concern is concern]
        named = ", ".join(_figure(one) for one in carried[:NAMED])
        rest = len(carried) - NAMED
        return f"{named[0].upper()}{named[1:]}{f' and {rest} more' if rest > 0 else ''}."
    headlines = [one for one in readings if one.headline]
    if found.stage is Stage.NONE:
        held = sum(one.outcome in (Outcome.HELD, Outcome.OPPOSITE) for one in headlines)
        return f"Tails and spread are those of the reference: {held} of {len(headlines)} signals " \
               "hold, and none is surely lost."  # fmt: skip
    missing = [
        concern
        for concern in (Concern.TAILS, Concern.SPREAD)
        if not any(
            x.concern is concern and x.outcome in (Outcome.HELD, Outcome.OPPOSITE)
            for x in headlines
        )
    ]
    # one reading settles its concern, and each concern is to be settled
    needed = max(
        min((x.needed for x in headlines if x.concern is concern and math.isfinite(x.needed)),
            default=math.inf)
        for concern in missing
    )  # fmt: skip
    more = f"; about {float(f'{needed:.2g}'):,.0f} records would" if math.isfinite(needed) else ""
    return f"Whether the {' and the '.join(missing)} held cannot be said from these records{more}."


def _figure(one: Reading) -> str:
    """A reading in words: "values in the tails: 0.41 where 1.00 was expected"."""
    about = f" of {one.about}" if one.about else ""
    note = f" ({one.note})" if one.note else ""
    figure = f"{one.signal.value:.2f} where {one.signal.expected:.2f} was expected"
    return f"{one.title}{about}{note}: {figure}"


def _finding(concern: Concern, found: Judgement) -> str:
    carried = [one for one in found.carried_by if one.concern is concern]
    return f"{FINDINGS[concern]} ({_figure(carried[0])})" if carried else FINDINGS[concern]


def _drift(lost: Loss) -> list[str]:
    value, low, high = lost.generations
    if not value >= 1:
        return []
    many = "much" if lost.source == "spread" else "many"
    return [
        f"As {many} {lost.source} would go in {'' if math.isinf(value) else 'about '}"
        f"{_count(value)} generations ({_count(low)} to {_count(high)}) of {lost.by} at "
        f"{lost.records:,} records."
    ]


def _count(number: float) -> str:
    if math.isinf(number):
        return "over 10,000"
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"
