"""The selection curve: error and tail retention against the share that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.curation.audit import Finding
from modelcollapse.errors import InputError
from modelcollapse.metrics.tails import rare_states
from modelcollapse.selection.pile import Pile, Rule
from modelcollapse.selection.word_tally import Vocabulary, batches, encode
from modelcollapse.verifier_quality.cells import RIGHT_KEPT, WRONG_KEPT
from modelcollapse.verifier_quality.clusters import design_effects
from modelcollapse.verifier_quality.intervals import proportion

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the candidates at which the curve is read, besides the one that is kept."""
TAIL = 0.1
"""Share of all words that the rare ones make up together."""

Marks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Point:
    """A selection of some size, and a random one of the same size.

    Attributes
    ----------
    number : int
        Records kept.
    kept, chance : ndarray of bool, shape (candidates,)
        Which.
    chosen : bool
        Whether it is the selection that is written.
    """

    number: int
    kept: Marks
    chance: Marks
    chosen: bool


def points(
    rule: Rule,
    pile: Pile,
    kept: Marks,
    rng: Callable[[str], Generator],
) -> list[Point]:
    """Selections by the same rule at other sizes, nested as far as the rule is.

    Parameters
    ----------
    rule : Rule
        What chooses.
    pile : Pile
        The candidates it chooses from.
    kept : ndarray of bool, shape (candidates,)
        The selection that is written.
    rng : function of str to Generator
        Source of randomness for a purpose.
    """
    total, own = kept.size, int(kept.sum())
    order = rng("curve random").permutation(total)
    found = [Point(own, kept, _first(order, own), True)]
    for share in SHARES:
        number = round(share * total)
        if number < 1 or abs(number - own) < 0.01 * total:
            continue
        try:
            choice = rule.choose(pile, number, rng=rng("select"))
        except InputError:  # more than the rule would ever keep
            continue
        marks = choice.copies > 0
        count = int(marks.sum())
        if count != number:  # a rule with weights keeps all, or some several times
            continue
        found.append(Point(count, marks, _first(order, count), False))
    return sorted(found, key=lambda point: point.number)


def _first(order: NDArray[np.int64], number: int) -> Marks:
    marks = np.zeros(order.size, dtype=bool)
    marks[order[:number]] = True
    return marks


class Words:
    """Which words each of several selections still has, found in one pass over texts.

    Memory grows with the vocabulary: a byte per word and selection.
    """

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()
        self._counts = np.zeros(0, dtype=np.int64)

    def count(self, texts: Iterable[str]) -> None:
        """Count the words of the texts whose rare words are watched."""
        for batch in batches(texts):
            codes, _ = encode(batch, self._vocabulary)
            found = np.bincount(codes, minlength=len(self._vocabulary))
            found[: self._counts.size] += self._counts
            self._counts = found

    def retention(self, texts: Iterable[str], marks: Sequence[Marks]) -> NDArray[np.float64]:
        """Share of the rare words' mass that is left, shape ``(selections,)``.

        Parameters
        ----------
        texts : iterable of str
            All candidates.
        marks : sequence of ndarray of bool, shape (candidates,)
            What each selection keeps of them.
        """
        counts = self._counts
        there = np.flatnonzero(counts)
        if not there.size:
            return np.full(len(marks), np.nan)
        rare = np.zeros(counts.size, dtype=bool)
        rare[there[rare_states(counts[there] / counts.sum(), level=TAIL)]] = True
        found = np.zeros((len(marks), counts.size), dtype=bool)
        begin = 0
        for batch in batches(texts):
            codes, owner = encode(batch, self._vocabulary)
            known = codes < counts.size
            known[known] = rare[codes[known]]
            codes, owner = codes[known], owner[known] + begin
            for row, mark in zip(found, marks, strict=True):
                row[codes[mark[owner]]] = True
            begin += len(batch)
        shares = counts[rare] / counts[rare].sum()
        return np.asarray(found[:, rare] @ shares)


def rows(
    found: Sequence[Point],
    total: int,
    score: NDArray[np.float64],
    retention: Mapping[str, NDArray[np.float64]],
    audit: Finding | None,
    confidence: float,
) -> list[dict[str, Any]]:
    """The curve as plain data, a row per size.

    Parameters
    ----------
    found : sequence of Point
        Selections.
    total : int
        Candidates.
    score : ndarray, shape (candidates,)
        What was chosen by.
    retention : mapping of str to ndarray
        ``kept`` and ``random``: tail retention of each selection.
    audit : Finding or None
        Labels.
    confidence : float
        Of the intervals of the error.
    """
    curve = []
    for i, point in enumerate(found):
        curve.append(
            {
                "records": point.number,
                "share": point.number / total,
                "chosen": point.chosen,
                "score": _number(np.nanmean(score[point.kept])),
                "random_score": _number(np.nanmean(score)),
                "tail": _number(retention["kept"][i]),
                "random_tail": _number(retention["random"][i]),
                **({} if audit is None else _error(audit, point.kept, confidence)),
            }
        )
    return curve


def _error(audit: Finding, kept: Marks, confidence: float) -> dict[str, Any]:
    """Share of wrong records among those kept, from the labels."""
    there = kept[audit.places]
    weights, wrong = audit.weights[there], ~audit.right[there]
    found: dict[str, Any] = {
        "labels": int(there.sum()), "random_error": None, "error": None, "error_low": None,
        "error_high": None,
    }  # fmt: skip
    if audit.covered.all():
        found["random_error"] = float(np.average(~audit.right, weights=audit.weights))
    if weights.sum() > 0 and audit.covered[kept].all():
        share = float(np.average(wrong, weights=weights))
        # As many labels as would tell as much if all had the same weight (Kish).
        worth = float(weights.sum() ** 2 / (weights**2).sum())
        if audit.clusters is not None:
            codes = audit.clusters[there]
            worth /= _alike(codes, wrong, weights * (worth / weights.sum()), confidence)
        low, high = proportion(share * worth, worth, confidence, "exact")
        found |= {"error": share, "error_low": float(low), "error_high": float(high)}
    return found


def _alike(
    codes: NDArray[np.int64], wrong: Marks, weights: NDArray[np.float64], confidence: float
) -> float:
    """Factor by which records of one prompt, being alike, are worth less, as in the estimate."""
    known, place = np.unique(codes, return_inverse=True)
    cells = np.zeros((known.size, 4))
    np.add.at(cells, (place, np.where(wrong, WRONG_KEPT, RIGHT_KEPT)), weights)
    return design_effects(cells, None, confidence)["kept_error"]


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
