"""From scores to the fate of every candidate: duplicates, the rule, and why each is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.curation.accounting import (
    DROPPED,
    DUPLICATE,
    KEPT,
    NO_SCORE,
    OUT_OF_BUDGET,
    Fate,
)
from modelcollapse.curation.spec import CurationSpec
from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.chance import unscored
from modelcollapse.selection.order import NO_SCORE as WITHOUT
from modelcollapse.selection.order import verifier_of
from modelcollapse.selection.pile import Choice, Pile, Rule
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.top import TopFraction
from modelcollapse.selection.unique import NEAR_DUPLICATE, NearDuplicates

CLUSTERS = "near_duplicates"
"""Groups of a pile that say which records are duplicates of one another."""


@dataclass(frozen=True, eq=False)
class Decided:
    """A selection among all candidates.

    Attributes
    ----------
    fate : Fate
        What became of each.
    score : ndarray, shape (records,)
        What the rule chose by; NaN where there is no score.
    notes : tuple of str
        What the rule has to say.
    figures : mapping of str to float
        Numbers behind it.
    """

    fate: Fate
    score: NDArray[np.float64]
    notes: tuple[str, ...]
    figures: Mapping[str, float]


def rule_of(spec: CurationSpec) -> Rule:
    """What chooses: the rule of a spec, with the guard around it, without duplicates."""
    rule: Rule = spec.guard or spec.select
    if spec.duplicates is None:
        return rule
    by = verifier_of(spec.select)
    keep = "first" if by is None and len(spec.verifiers) > 1 else "best"
    return NearDuplicates(rule, CLUSTERS, keep, by)  # type: ignore[arg-type]


def relaxed(rule: Rule) -> Rule:
    """The same rule in the same order, without a number or score at which it stops by itself."""
    if isinstance(rule, Threshold):
        return TopFraction(by=rule.by)
    part: Any = rule
    inner = getattr(part, "rule", None)
    if inner is not None:
        return cast(Rule, replace(part, rule=relaxed(inner)))
    ends = {"share": 1.0, "keep": None}
    if isinstance(part, BestPerPrompt):
        ends["least"] = None
    fields = {field.name for field in dataclasses.fields(part)}
    return cast(Rule, replace(part, **{k: v for k, v in ends.items() if k in fields}))


def score_of(spec: CurationSpec, pile: Pile) -> NDArray[np.float64]:
    """Scores that the rule chooses by; the mean of all if it does not say which."""
    name = verifier_of(spec.select)
    if name is None and len(pile.scores) > 1:
        return np.asarray(np.mean(list(pile.scores.values()), axis=0))
    return pile.by(name, "select")


def decide(
    spec: CurationSpec,
    pile: Pile,
    *,
    why: Callable[[int], str],
    rng: Generator,
) -> Decided:
    """Choose among the candidates.

    Parameters
    ----------
    spec : CurationSpec
        What chooses, and how many.
    pile : Pile
        All candidates.
    why : function of int to str
        Why a record has no score.
    rng : Generator
        The only source of randomness.
    """
    number, notes = _number(spec, pile)
    choice = rule_of(spec).choose(pile, number, rng=rng)
    return Decided(
        _fate(choice, why), score_of(spec, pile), (*notes, *choice.notes), dict(choice.figures)
    )


def _number(spec: CurationSpec, pile: Pile) -> tuple[int | None, list[str]]:
    """Records to keep, and what to say where a share is more than there are to choose from."""
    number = spec.count(pile.size)
    if number is None or not isinstance(spec.keep, float):
        return number, []
    named = verifier_of(spec.select) is not None or len(pile.scores) == 1
    there = ~(np.isnan(score_of(spec, pile)) if named else unscored(pile))
    left = int(there.sum())
    if spec.duplicates is not None:
        left = np.unique(pile.groups[CLUSTERS][there]).size
    if not 0 < left < number:
        return number, []
    return left, [
        f"keep: {spec.keep} of {pile.size:,} candidates would be {number:,} records; {left:,} "
        "are left without duplicates and records without a score, and so many were kept."
    ]


def without_room(fate: Fate, taken: NDArray[np.int64]) -> Fate:
    """Fate of candidates of which the mix takes some."""
    left = (fate.copies > 0) & (taken == 0)
    state, reason = fate.state.copy(), fate.reason.copy()
    state[left] = OUT_OF_BUDGET
    reason[left] = len(fate.reasons)
    reasons = [*fate.reasons, "kept by the rule, but left out when the mix was made to size"]
    weights = None if fate.weights is None else np.where(taken > 0, fate.weights, 0.0)
    return Fate(state, reason, reasons, taken, weights)


def _fate(choice: Choice, why: Callable[[int], str]) -> Fate:
    reasons = list(choice.reasons)
    reason = choice.reason.astype(np.int32)
    state = np.where(choice.copies > 0, KEPT, DROPPED).astype(np.int8)
    if NEAR_DUPLICATE in choice.reasons:
        state[reason == reasons.index(NEAR_DUPLICATE)] = DUPLICATE
    if WITHOUT in choice.reasons:
        missing = np.flatnonzero((state == DROPPED) & (reason == reasons.index(WITHOUT)))
        known: dict[str, int] = {}
        for place in missing.tolist():
            words = why(place)
            if words not in known:
                known[words] = len(reasons)
                reasons.append(words)
            reason[place] = known[words]
        state[missing] = NO_SCORE
    return Fate(state, reason, reasons, choice.copies.astype(np.int64), choice.weights)
