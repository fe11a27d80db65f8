"""The verdict in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from modelcollapse.auditing.catalogue import Concern
from modelcollapse.auditing.judging import DECISIVE, Judgement, Stage, held
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
        named = _first(carried)
        return f"{named[0].upper()}{named[1:]}."
    words = _tally(readings) if found.stage is Stage.NONE else _open(readings)
    return " ".join([words, *_columns(readings)])


def _tally(readings: Sequence[Reading]) -> str:
    """How many headlines came out how, in the words of the table."""
    headlines = [one for one in readings if one.headline]
    counted = Counter(one.outcome for one in headlines)
    each = ", ".join(f"{counted[x]} {x}" for x in Outcome if counted[x])
    return f"Neither tails nor spread are surely lost; of {len(headlines)} signals: {each}."


def _open(readings: Sequence[Reading]) -> str:
    """What cannot be said, and how many times the records would do."""
    missing = [one for one in (Concern.TAILS, Concern.SPREAD) if not held(readings, one)]
    # each concern is to be settled
    needed = max(_needed(readings, concern) for concern in missing)
    more = f"; about {_round(needed)} times as many would" if math.isfinite(needed) else ""
    return f"Whether the {' and the '.join(missing)} held cannot be said from these records{more}."


def _needed(readings: Sequence[Reading], concern: Concern) -> float:
    """Times the records at which a concern is settled: by all decisive readings, or by one."""
    there = [one for one in readings if one.headline and one.concern is concern]
    decisive = [x for x in there if x.outcome is Outcome.OPEN and x.measure in DECISIVE]
    if decisive:
        return max(_times(one) for one in decisive)
    return min((_times(one) for one in there), default=math.inf)


def _times(one: Reading) -> float:
    """Records that would decide a reading over those it has; a sample or a half is not all."""
    return one.needed / one.signal.n if math.isfinite(one.needed) else math.inf


def _round(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.{1 if number < 10 else 0}f}"


def _columns(readings: Sequence[Reading]) -> list[str]:
    """Losses of single columns, which have no say in the verdict and must not be hidden by it."""
    lost = [
        one
        for one in readings
        if not one.headline
        and one.outcome is Outcome.CHANGED
        and one.concern in (Concern.TAILS, Concern.SPREAD)
    ]
    if not lost:
        return []
    return [f"Yet in single columns something is lost: {_first(lost)}."]


def _first(carried: Sequence[Reading]) -> str:
    named = ", ".join(_figure(one) for one in carried[:NAMED])
    rest = len(carried) - NAMED
    return f"{named}{f' and {rest} more' if rest > 0 else ''}"


def _figure(one: Reading) -> str:
    """A reading in words: "values in the tails: 0.41 where 1.00 was expected"."""
    about = f" of {one.about}" if one.about else ""
    note = f" ({one.note})" if one.note else ""
    figure = f"{_plain(one.signal.value)} where {_plain(one.signal.expected)} was expected"
    return f"{one.title}{about}{note}: {figure}"


def _plain(number: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(number, 2) + 0.0:.2f}"


def _finding(concern: Concern, found: Judgement) -> str:
    carried = [one for one in found.carried_by if one.concern is concern]
    if concern is Concern.DRIFT and not carried:
        carried = [one for one in found.carried_by if one.outcome is Outcome.REPLACED]
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
