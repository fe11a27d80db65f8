"""What a selection did: the curve, tails and groups beside a random one, examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.curation import curve
from modelcollapse.curation.accounting import DROPPED, KEPT
from modelcollapse.curation.deciding import relaxed, rule_of
from modelcollapse.curation.inputs import Texts
from modelcollapse.selection.effects import Effect, effects
from modelcollapse.selection.order import verifier_of
from modelcollapse.selection.pile import Choice

if TYPE_CHECKING:
    from modelcollapse.curation.curating import Selection

EXAMPLES = 6
"""Records of each kind that are shown."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a selection did.

    Attributes
    ----------
    curve : list of dict
        Error and tail retention by the share that is kept.
    effects : list of dict
        Measures of what is kept, beside a random choice of the same size.
    examples : dict of int to str
        Candidates to show, by position, with what they are examples of.
    lost : dict of str to list of str
        By column, groups of which nothing is kept.
    """

    curve: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    examples: dict[int, str]
    lost: dict[str, list[str]]


def measure(selection: Selection, progress: Callable[[str, int, int], None]) -> Measured:
    """Measure a selection, in a few passes over the texts."""
    progress("measures", 0, 2)
    found = _curve(selection)
    progress("measures", 1, 2)
    rows, lost = _effects(selection)
    progress("measures", 2, 2)
    return Measured(found, rows, _examples(selection), lost)


def _curve(selection: Selection) -> list[dict[str, Any]]:
    inputs, decided = selection.inputs, selection.decided
    spec = inputs.spec
    kept = decided.fate.copies > 0
    points = curve.points(relaxed(rule_of(spec)), selection.pile, kept, selection.rng)
    words = curve.Words()
    words.count(Texts(inputs, "real" if spec.real else "synthetic"))
    marks = [*(point.kept for point in points), *(point.chance for point in points)]
    retained = words.retention(Texts(inputs, "synthetic"), marks)
    half = len(points)
    return curve.rows(
        points,
        kept.size,
        decided.score,
        {"kept": retained[:half], "random": retained[half:]},
        selection.finding,
        0.95 if spec.audit is None else spec.audit.confidence,
    )


NAMES = {
    "wrong": ("wrong ones", "of the labelled", "lower"),
    "prompts": ("prompts answered", "", "higher"),
    "words_per_record": ("words per record", "", None),
    "types": ("different words", "", "higher"),
    "types_at_equal_length": ("different words at equal length", "", "higher"),
    "tail_covered": ("rare words covered", "of the real texts, at equal length", "higher"),
    "entropy": ("entropy of words", "nats", "higher"),
    "distinct_2": ("different pairs of words", "share of all pairs", "higher"),
}
"""What measures are called, what more there is to say, and which direction is better."""
WORDS = tuple(NAMES)[2:]
HEADLINES = ("wrong", "prompts", "types", "tail_covered", "entropy", "distinct_2")


def _effects(selection: Selection) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Measures of what the rule kept, beside random choices of the same size; lost groups."""
    inputs, fate, finding = selection.inputs, selection.decided.fate, selection.finding
    labels: dict[str, Any] = {}
    # Where nobody labelled a dropped record, nothing is known of a random choice.
    if finding is not None and finding.covered.all():
        labels["labels"] = _spread(fate.copies.size, finding.places, finding.right, np.nan)
        labels["label_weights"] = _spread(fate.copies.size, finding.places, finding.weights, 0.0)
        if finding.clusters is not None:
            labels["label_clusters"] = selection.pile.prompts
    found = effects(
        selection.pile,
        Choice(fate.copies, fate.reasons, fate.reason.astype(np.int64), fate.weights),
        rng=selection.rng("effects"),
        texts=Texts(inputs, "synthetic"),
        reference=Texts(inputs, "real") if inputs.spec.real else None,
        **labels,
        groups=selection.watched,
    )
    chosen_by = verifier_of(inputs.spec.select) or next(iter(selection.pile.scores))
    real = bool(inputs.spec.real)
    rows = [_row(effect, chosen_by, real) for effect in found.effects]
    for group in found.groups:
        about = "" if np.isnan(group.real) else f"of the real ones {100 * group.real:.1f} %"
        rows.append(
            {
                "measure": f"share.{group.column}.{group.group}",
                "part": "Groups",
                "name": f"share of {group.column}: {group.group}",
                "about": about, "better": None, "headline": False,
                "all": group.candidates, "kept": group.kept, "random": group.candidates,
                "sd": group.sd, "z": group.z,
            }
        )  # fmt: skip
    return rows, {column: list(names) for column, names in found.lost.items()}


def _spread(size: int, places: Any, values: Any, else_: float) -> np.ndarray[Any, Any]:
    """Values of some of the candidates, and another for the rest."""
    found = np.full(size, else_)
    found[places] = values
    return found


def _row(effect: Effect, chosen_by: str, real: bool) -> dict[str, Any]:
    kind, _, detail = effect.measure.partition(".")
    name, about, better = NAMES.get(kind, (kind.replace("_", " "), "", None))
    if kind == "mean_score":
        name, better = f"mean score by {detail}", "higher"
    elif kind == "lost":
        name, better = f"groups of {detail} that are lost", "lower"
    elif detail:
        known = "real texts" if real else "candidates"
        often = {"0": "never seen", "1": "seen once"}
        about = often.get(detail, f"seen {detail.replace('-', ' to ')} times")
        about += f" in the {known}"
    part = "Words" if kind in WORDS else "Quality and coverage"
    return {
        "measure": effect.measure, "part": part, "name": name, "about": about, "better": better,
        "headline": effect.measure in (*HEADLINES, f"mean_score.{chosen_by}"),
        "all": effect.candidates, "kept": effect.kept, "random": effect.random, "sd": effect.sd,
        "z": effect.z,
    }  # fmt: skip


def _examples(selection: Selection) -> dict[int, str]:
    """Kept and dropped records with a score, some of each drawn at random, the best first."""
    fate, score = selection.decided.fate, selection.decided.score
    rng = selection.rng("examples")
    found: dict[int, str] = {}
    kinds = (
        ("kept", fate.state == KEPT),
        ("dropped", (fate.state == DROPPED) & ~np.isnan(score)),
    )
    for name, marks in kinds:
        there = np.flatnonzero(marks)
        chosen = rng.choice(there, size=min(EXAMPLES, there.size), replace=False, shuffle=False)
        chosen = chosen[np.argsort(-score[chosen], kind="stable")]
        found |= dict.fromkeys(chosen.tolist(), name)
    return found
