"""From readings to a verdict: which changes are sure, which matter, and what stage they make.

A reading *changed* if it did so surely (all headlines together are held to one error rate, by
Holm) and by more than what does not matter. It *held* if its interval leaves no room for a change
that matters. Everything else is not decided, and says how many records would decide it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scipy.special import ndtri

from modelcollapse.auditing.catalogue import Concern
from modelcollapse.auditing.reading import Outcome, Reading
from modelcollapse.metrics.share_comparison import adjusted_p

POWER = 0.8
MOST_TIMES = 1e6  # errors in a gap, beyond which no number of records is worth naming
_SURE = 0.001  # of moving against the direction of collapse, before it is taken as such

# Losses that are only losses if variety fell too: else other types took their place.
CONFIRMED_BY = {
    "rare_words": "distinct_1", "common_words": "distinct_1",
    "rare_categories": "distinct_categories", "common_categories": "distinct_categories",
}  # fmt: skip

# Losses that are none where the law surely went the other way.
DENIED_BY = {
    "lost_support": ("rarity_exceedance", "new records lie elsewhere"),
    "distinct_2": ("word_concentration", "words are spread more evenly"),
    "distinct_3": ("word_concentration", "words are spread more evenly"),
}


DECISIVE = ("bulk_spread", "total_variance")
FOLLOWS_SPREAD = ("near_copies", "vendi")


class Stage(StrEnum):
    """How far a data set has gone. The values are words of a report."""

    NONE = "none"
    EARLY = "early"
    LATE = "late"
    UNDECIDED = "not enough data"


@dataclass(frozen=True)
class Judgement:
    """What the readings say together.

    Attributes
    ----------
    stage : Stage
        Late if the spread went, early if only tails did, none if both held.
    findings : tuple of Concern
        What else changed: narrowing, duplication, drift or noise.
    carried_by : tuple of Reading
        Headlines that changed, the surest of the stage first.
    """

    stage: Stage
    findings: tuple[Concern, ...]
    carried_by: tuple[Reading, ...]


def judge(readings: Iterable[Reading], *, level: float = 0.05) -> list[Reading]:
    """Adjust the p of all readings and say what each of them means.

    Parameters
    ----------
    readings : iterable of Reading
        What was read.
    level : float, default 0.05
        Chance of any headline to change where nothing did. Other readings are held to this share
        of false alarms among the alarms, measure by measure.

    Returns
    -------
    list of Reading
        In the order given, with adjusted p, outcome and records needed.
    """
    given = list(readings)
    families: dict[str, list[int]] = {}
    for index, one in enumerate(given):
        if not math.isnan(one.signal.p):
            families.setdefault("" if one.headline else one.measure, []).append(index)
    for family, members in families.items():
        adjusted = adjusted_p(
            [given[i].signal.p for i in members], "benjamini-hochberg" if family else "holm"
        )
        for i, p in zip(members, adjusted, strict=True):
            given[i] = replace(given[i], adjusted_p=float(p))
    judged = [_judged(one, level) for one in given]
    by_name = {one.name: one for one in judged}
    return [_confirmed(one, by_name) for one in judged]


def _judged(one: Reading, level: float) -> Reading:
    signal, margin = one.signal, one.tolerance.margin(one.signal.expected)
    if signal.value == signal.expected and signal.low == signal.value == signal.high:
        return replace(one, outcome=Outcome.HELD)  # nothing on either side, such as copies
    if math.isnan(signal.value) or math.isnan(signal.p):
        return replace(one, outcome=Outcome.UNDEFINED)
    # in units where collapse is downwards
    sign = -1.0 if signal.collapse == "grows" else 1.0
    away = sign * (signal.value - signal.expected)
    low, high = sorted(
        (sign * (signal.low - signal.expected), sign * (signal.high - signal.expected))
    )
    if signal.collapse == "either":
        away, low = -abs(away), min(low, -high)
    if one.adjusted_p <= level and away < 0 and abs(away) >= margin:
        return replace(one, outcome=Outcome.CHANGED)
    if low >= -margin:
        return replace(one, outcome=Outcome.OPPOSITE if low > margin else Outcome.HELD)
    if 1 - signal.p < _SURE and away > margin:
        return replace(one, outcome=Outcome.OPPOSITE)
    return replace(one, outcome=Outcome.OPEN, needed=_needed(one, away, margin))


def _needed(one: Reading, away: float, margin: float) -> float:
    """New records, the reference growing with them, at which a reading like this is decided."""
    signal, gap = one.signal, abs(away + margin)
    if not (gap > 0 and signal.error > 0 and signal.n > 0):
        return float("nan")
    apart = float(ndtri(0.975) + ndtri(POWER)) * signal.error
    times = apart / gap
    if not times < MOST_TIMES:
        return math.inf
    return float(math.ceil(signal.n * max(times**2, 1.2)))


def _confirmed(one: Reading, by_name: dict[str, Reading]) -> Reading:
    """Loss of types by itself is drift; it is collapse where variety fell with it."""
    if one.outcome is not Outcome.CHANGED:
        return one
    witness = _witness(one, by_name)
    if witness is not None and not _fell(witness):
        return replace(one, outcome=Outcome.REPLACED, note="other types took their place")
    other, why = DENIED_BY.get(one.measure, ("", ""))
    witness = by_name.get(f"{other}:{one.about}" if one.about else other)
    if witness is not None and witness.outcome is Outcome.OPPOSITE:
        return replace(one, outcome=Outcome.REPLACED, note=why)
    return one


def _witness(one: Reading, by_name: Mapping[str, Reading]) -> Reading | None:
    """Reading of variety that says whether other types took the place of those that are lost."""
    other = CONFIRMED_BY.get(one.measure)
    return by_name.get(f"{other}:{one.about}" if one.about else other) if other else None


def _fell(one: Reading) -> bool:
    return math.isnan(one.signal.p) or (
        one.signal.p <= 0.05 and one.signal.value < one.signal.expected
    )


def conclude(readings: Sequence[Reading]) -> Judgement:
    """Stage and findings of judged readings.

    Parameters
    ----------
    readings : sequence of Reading
        From `judge`.

    Returns
    -------
    Judgement
        Late goes before early. Without a loss the stage is none only where a reading of the tails
        and one of the spread held, and that of no numbers or points is in doubt.
    """
    headlines = [one for one in readings if one.headline]
    changed = [one for one in headlines if one.outcome is Outcome.CHANGED]
    replaced = [one for one in headlines if one.outcome is Outcome.REPLACED]

    def of(concern: Concern) -> list[Reading]:
        return sorted((x for x in changed if x.concern is concern), key=lambda x: x.adjusted_p)

    order: tuple[Concern, ...]
    if of(Concern.SPREAD):
        stage, order = Stage.LATE, (Concern.SPREAD, Concern.TAILS)
    elif of(Concern.TAILS):
        stage, order = Stage.EARLY, (Concern.TAILS,)
    elif held(readings, Concern.TAILS) and held(readings, Concern.SPREAD):
        stage, order = Stage.NONE, ()
    else:
        stage, order = Stage.UNDECIDED, ()
    if stage in (Stage.EARLY, Stage.LATE):
        # A law that lost its tails is another law, and one that shrank has its records closer
        # together: that is the same finding once more.
        changed = [x for x in changed if x.concern is not Concern.DRIFT]
    if stage is Stage.LATE:
        changed = [x for x in changed if x.measure not in FOLLOWS_SPREAD]
    others = (Concern.NARROWING, Concern.DUPLICATION, Concern.DRIFT)
    findings = [concern for concern in others if of(concern)]
    if replaced and Concern.DRIFT not in findings:
        findings.append(Concern.DRIFT)
    if _is_noise(readings):
        findings.append(Concern.NOISE)
    carried = [one for concern in (*order, *others) for one in of(concern)] + replaced
    return Judgement(stage, tuple(findings), tuple(carried))


def held(readings: Sequence[Reading], concern: Concern) -> bool:
    """Whether it is settled that tails, or spread, are those of the reference.

    Parameters
    ----------
    readings : sequence of Reading
        From `judge`, none of which is a loss.
    concern : Concern
        Tails or spread.
    """
    by_name = {one.name: one for one in readings}
    there = [x for x in readings if x.headline and x.concern is concern]
    # types that others took the place of are no loss, if it is sure that variety held
    there += [y for x in there if x.outcome is Outcome.REPLACED if (y := _witness(x, by_name))]
    # the spread of numbers and points is not vouched for by that of categories
    doubtful = any(x.outcome is Outcome.OPEN and x.measure in DECISIVE for x in there)
    return not doubtful and any(x.outcome in (Outcome.HELD, Outcome.OPPOSITE) for x in there)


def _is_noise(readings: Sequence[Reading]) -> bool:
    """New records where no real ones are, and as far out as none: a model that adds noise."""
    return any(
        one.measure == "density" and one.outcome is Outcome.CHANGED for one in readings
    ) and any(
        one.measure == "rarity_exceedance" and one.outcome is Outcome.OPPOSITE for one in readings
    )
