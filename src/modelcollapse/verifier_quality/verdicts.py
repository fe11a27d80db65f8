"""The two verdicts: whether selection helps, and whether it breaks down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from scipy.special import ndtri

from modelcollapse.theory.verification import majority_test
from modelcollapse.verifier_quality.cells import RIGHT_KEPT, WRONG_KEPT, Floats, log_ratio
from modelcollapse.verifier_quality.intervals import Interval

Answer = Literal["yes", "no", "not known yet"]

POWER = 0.8
"""Chance with which the labels asked for decide, if the shares are what they seem."""
MOST = 100_000
"""Labels beyond which a question is called undecidable."""
SMALL = 1_000
"""Labels below which nothing is called undecidable: what seems a tie may be chance."""


@dataclass(frozen=True)
class Verdict:
    """Answer to a yes-or-no question about selection.

    Attributes
    ----------
    question : str
        What is asked.
    answer : {"yes", "no", "not known yet"}
        "yes" or "no" is wrong with half of one minus the confidence at most, as far as the
        interval that it is read off holds.
    sentence : str
        The answer in words, with its figures.
    more_labels : int or None
        With "not known yet": labels to add for a good chance (80 %) of a decision if the shares
        are what they seem, or to see more clearly where a small sample looks like a tie; None if
        a large one does, or the answer is known.
    """

    question: str
    answer: Answer
    sentence: str
    more_labels: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return dict(vars(self))


def verdict_on_help(
    breakdown_point: Interval,
    phi: float,
    psi: float,
    cells: Floats,
    keep_rate: float | None,
    confidence: float,
    design_effect: float,
) -> Verdict:
    """Whether what is kept has fewer wrong records than what was written: psi below phi."""
    question = "does selection help (psi < phi)?"
    if math.isnan(breakdown_point.value):
        return Verdict(
            question,
            "not known yet",
            "whether selection helps is not known: label some dropped records too.",
        )
    rates = f"it keeps {psi:.1%} of the wrong records and {phi:.1%} of the right ones"
    if breakdown_point.low > 0.5:
        return Verdict(question, "yes", f"selection helps: {rates}.")
    if breakdown_point.high < 0.5:
        return Verdict(question, "no", f"selection does harm: {rates}.")
    size, (ratio, variance) = float(cells.sum()), log_ratio(cells, keep_rate)
    needed = float(ndtri((1 + confidence) / 2) + ndtri(POWER)) ** 2 * variance * design_effect
    more = _more(size, size * needed / ratio**2 if ratio else math.inf)
    return Verdict(
        question,
        "not known yet",
        f"whether selection helps is not known yet ({rates}): {_ask(more, 'records')}.",
        more,
    )


def verdict_on_breakdown(
    kept_error: Interval, cells: Floats, confidence: float, design_effect: float
) -> Verdict:
    """Whether at least half of what is kept is wrong, which is p beyond the breakdown point."""
    question = "does it break down (p > p*)?"
    sure = f"with {(1 + confidence) / 2:.1%} confidence"
    wrong, labels = float(cells[WRONG_KEPT]), float(cells[WRONG_KEPT] + cells[RIGHT_KEPT])
    if kept_error.high < 0.5:
        return Verdict(
            question,
            "no",
            f"it does not break down: of the kept records at most {kept_error.high:.1%} are wrong "
            f"({sure}), fewer than half.",
        )
    if kept_error.low > 0.5:
        return Verdict(
            question,
            "yes",
            f"it breaks down: of the kept records at least {kept_error.low:.1%} are wrong "
            f"({sure}), more than half.",
        )
    # close to one half the search for an exact number is long, and its result of no use
    share = (wrong + 0.5) / (labels + 1)
    needed = math.inf
    if abs(share - 0.5) > 0.005:
        test = majority_test(share, level=(1 - confidence) / 2, power=POWER)
        needed = test.labels * design_effect
    more = _more(labels, needed)
    return Verdict(
        question,
        "not known yet",
        f"whether it breaks down is not known yet ({wrong:.0f} of {labels:.0f} labelled kept "
        f"records are wrong): {_ask(more, 'kept records')}.",
        more,
    )


def _more(labels: float, needed: float) -> int | None:
    """Labels to add; at least a tenth, since as many as there are did not decide."""
    if not needed <= MOST:
        return None if labels >= SMALL else max(math.ceil(3 * labels), 100)
    return max(math.ceil(needed - labels), math.ceil(labels / 10), 1)


def _ask(more: int | None, what: str) -> str:
    if more is None:
        return "it is too close to call with any reasonable number of labels"
    return f"label {more:,} more {what}"
