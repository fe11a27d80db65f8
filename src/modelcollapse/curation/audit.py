"""The verdict on a selection, from records that somebody labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import binomtest

from modelcollapse.columns import read_columns
from modelcollapse.curation.settings import Audit
from modelcollapse.errors import InputError
from modelcollapse.verifier_quality import Estimate, arguments, estimate

PROBABILITY = "mc_probability"
"""Column of an audit file: with which probability each record was chosen to be labelled."""
DRAWABLE = "mc_drawable"
"""Column of an audit file: of how many candidates any could have been chosen, in every row."""
EMPTY = frozenset({"", "nan", "none", "null", "na", "n/a", "?"})
UNLIKE_CHANCE = 0.001
"""Probability under which a sample's share of kept records is no chance."""
FAR = 4.0
"""Standard deviations by which an estimated number must differ from another to be another."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Labelled records, as the audit file has them.

    Attributes
    ----------
    ids : list of str
        Which records they are.
    right : ndarray of bool, shape (labels,)
        What the labeller found.
    probability : ndarray, shape (labels,), optional
        With which each was chosen, if the file says so.
    unlabelled : int
        Rows of the file without a label.
    drawn : ndarray, shape (rows,), optional
        Probabilities of all rows of the file, labelled or not.
    drawable : int, optional
        Candidates that could be chosen at all, if the file says so.
    """

    ids: list[str]
    right: NDArray[np.bool_]
    probability: NDArray[np.float64] | None
    unlabelled: int
    drawn: NDArray[np.float64] | None = None
    drawable: int | None = None


def read_labels(audit: Audit, path: Path) -> Labels:
    """Labels of an audit file.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, holds no label or one that is neither right
        nor wrong, or labels a record twice in two ways.
    """
    table = read_columns(path, [audit.id, audit.label], [PROBABILITY, DRAWABLE])
    labelled = [i for i, label in enumerate(table[audit.label]) if not _is_empty(label)]
    if not labelled:
        raise InputError(
            f"{path.name} has no label in its column '{audit.label}' yet, so that nothing is known "
            "about what is kept. Write 1 (right) or 0 (wrong) there, or leave out 'audit'."
        )
    # Those without a label stand in for themselves, so that a message counts all rows.
    given = [0 if _is_empty(label) else label for label in table[audit.label]]
    try:
        found = arguments.flags(given, audit.label)[labelled]
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    ids = [str(table[audit.id][i]).strip() for i in labelled]
    if len(ids) > 2 and len(set(ids)) == 1:
        raise InputError(
            f"all {len(ids)} labelled rows of {path.name} have the same {audit.id}, {ids[0]}, so "
            "that they do not say which records they are about. Give each row that of its record."
        )
    first: dict[str, int] = {}
    for place, name in enumerate(ids):
        if found[first.setdefault(name, place)] != found[place]:
            raise InputError(
                f"{path.name} calls the record {name} right in one row and wrong in another. "
                "Settle on one label."
            )
    once = list(first.values())
    left = len(table[audit.label]) - len(labelled)
    if PROBABILITY not in table:
        return Labels(list(first), found[once], None, left)
    probability = _probabilities([table[PROBABILITY][labelled[i]] for i in once], path)
    drawn = _probabilities([p for p in table[PROBABILITY] if not _is_empty(p)], path)
    drawable = None
    if DRAWABLE in table:
        drawable = _whole([n for n in table[DRAWABLE] if not _is_empty(n)], path)
    return Labels(list(first), found[once], probability, left, drawn, drawable)


def _is_empty(label: Any) -> bool:
    return label is None or str(label).strip().lower() in EMPTY


def _probabilities(given: Sequence[Any], path: Path) -> NDArray[np.float64]:
    try:
        array = np.array([float(value) for value in given])
    except (TypeError, ValueError):
        array = np.array([np.nan])
    if not ((array > 0) & (array <= 1)).all():
        raise InputError(
            f"{path.name} has an entry in {PROBABILITY} that is no probability. Leave the column "
            "as modelcollapse design wrote it, or delete it if records were drawn at random."
        )
    return array


def _whole(given: Sequence[Any], path: Path) -> int | None:
    try:
        numbers = {int(float(value)) for value in given}
    except (TypeError, ValueError, OverflowError):
        numbers = {-1}
    if min(numbers, default=0) < 0 or len(numbers) > 1:
        raise InputError(
            f"{path.name} should say the same number of candidates in every row of {DRAWABLE}. "
            "Leave the column as modelcollapse design wrote it, and one file to each draw."
        )
    return next(iter(numbers), None)


@dataclass(frozen=True, eq=False)
class Finding:
    """What the labels say about a selection.

    Attributes
    ----------
    estimate : Estimate or None
        None where the labels do not allow one.
    sentence : str
        The verdict in words.
    notes : tuple of str
        What was done with the labels.
    places : ndarray of int
        Positions, among the candidates, of the labelled records in use.
    right : ndarray of bool
        Their labels.
    weights : ndarray
        Of how many candidates each is one.
    covered : ndarray of bool, shape (candidates,)
        Candidates of a pile, kept or dropped, of which some are labelled.
    clusters : ndarray of int, optional
        Code of the prompt of each label, where several labels share one.
    """

    estimate: Estimate | None
    sentence: str
    notes: tuple[str, ...]
    places: NDArray[np.int64]
    right: NDArray[np.bool_]
    weights: NDArray[np.float64]
    covered: NDArray[np.bool_]
    clusters: NDArray[np.int64] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        found = {} if self.estimate is None else self.estimate.to_dict()
        notes = [*self.notes, *found.get("notes", [])]
        return {
            **found, "sentence": self.sentence, "notes": notes, "about_labels": list(self.notes),
            "in_use": len(self.places),
        }  # fmt: skip


def judge(
    labels: Labels,
    places: NDArray[np.int64],
    kept: NDArray[np.bool_],
    *,
    groups: tuple[NDArray[np.int64], Sequence[str]] | None,
    prompts: NDArray[np.int64] | None,
    confidence: float,
    rng: Generator,
) -> Finding:
    """Judge a selection.

    Parameters
    ----------
    labels : Labels
        Labelled records.
    places : ndarray of int, shape (labels,)
        Position of each among the candidates; -1 where there is no such record.
    kept : ndarray of bool, shape (candidates,)
        The selection.
    groups : tuple, optional
        Code of each candidate's group, and the names of the groups.
    prompts : ndarray of int, shape (candidates,), optional
        Code of each candidate's prompt.
    confidence : float
        Of the intervals.
    rng : Generator
        Thins labels that were drawn for another selection.
    """
    there = np.flatnonzero(places >= 0)
    if not there.size:
        raise InputError(
            f"none of the {places.size} labelled records is among the candidates, so that they say "
            "nothing about them. Was the audit file made from other files?"
        )
    notes = []
    if there.size < places.size:
        notes.append(
            f"{places.size - there.size} of {places.size} labelled records are not among the "
            "candidates, and were left out."
        )
    if labels.unlabelled:
        notes.append(f"{labels.unlabelled} rows of the audit file have no label yet.")
    places, right = places[there], labels.right[there]
    if labels.probability is None:
        use, stratified = np.arange(places.size), _apart(kept, kept[places], notes)
    else:
        strata = _Strata.of(labels, labels.probability[there], kept.size)
        if not strata.as_drawn(kept, kept[places]) and strata.out_of_reach:
            return _unknown(strata.out_of_reach, notes, kept.size)
        use, stratified = strata.fair(kept, kept[places], notes, rng)
    places, right = places[use], right[use]
    weights = _weights(kept, kept[places]) if stratified else np.ones(places.size)
    rate = float(kept.mean()) if stratified and 0 < kept.mean() < 1 else None
    clusters = None if prompts is None else prompts[places]
    if clusters is not None and not 1 < len(set(clusters.tolist())) < len(clusters):
        clusters = None
    found, sentence = _estimate(right, kept[places], clusters, rate, confidence)
    if found is not None and groups is not None:
        parts = _by_group(right, places, kept, clusters, groups, rate, confidence)
        found = replace(found, groups=parts)
    covered = np.isin(kept, kept[places])
    return Finding(found, sentence, tuple(notes), places, right, weights, covered, clusters)


def _unknown(number: int, notes: Sequence[str], candidates: int) -> Finding:
    """Finding where labels say nothing of some candidates."""
    none = np.zeros(0, dtype=np.int64)
    return Finding(
        None,
        f"Not known yet: {number:,} of the {candidates:,} candidates could not be drawn when the "
        "records to label were chosen, and this is another selection, which may keep some of "
        "them. Draw records to label for it with modelcollapse design.",
        tuple(notes), none, none.astype(bool), none.astype(np.float64),
        np.zeros(candidates, dtype=bool),
    )  # fmt: skip


def _apart(kept: NDArray[np.bool_], labelled: NDArray[np.bool_], notes: list[str]) -> bool:
    """Whether kept and dropped records were labelled in another proportion than there are."""
    rate = float(kept.mean())
    if binomtest(int(labelled.sum()), labelled.size, rate).pvalue >= UNLIKE_CHANCE:
        return False
    notes.append(
        f"{labelled.mean():.1%} of the labelled records are kept, but {rate:.1%} of all are: they "
        "were taken to be random samples of the kept and of the dropped records."
    )
    return True


@dataclass(frozen=True, eq=False)
class _Strata:
    """Candidates that had one probability each to be labelled.

    Attributes
    ----------
    stratum : ndarray of int, shape (labels,)
        Which one each label is of.
    probability : ndarray, shape (strata,)
        Ascending.
    size : ndarray, shape (strata,)
        Candidates in each, by the number of records drawn.
    exact : bool
        Whether a fixed number was drawn of each, so that sizes are no estimates.
    out_of_reach : int
        Candidates that could not be drawn.
    """

    stratum: NDArray[np.int64]
    probability: NDArray[np.float64]
    size: NDArray[np.float64]
    exact: bool
    out_of_reach: int

    @classmethod
    def of(cls, labels: Labels, own: NDArray[np.float64], candidates: int) -> _Strata:
        """Strata of an audit file; `own` are the probabilities of the labels in use."""
        drawn = own if labels.drawn is None else labels.drawn
        probability, count = np.unique(drawn, return_counts=True)
        size = count / probability
        if labels.drawable is None:
            # Drawn one by one, as far as is known: the sum of the sizes is an estimate.
            missing = candidates - size.sum()
            sd = np.sqrt(np.sum(size * (1 - probability) / probability))
            out = round(missing) if missing > FAR * sd else 0
        else:
            out = max(0, candidates - labels.drawable)
        stratum = np.searchsorted(probability, own)
        return cls(stratum, probability, size, labels.drawable is not None, out)

    def as_drawn(self, kept: NDArray[np.bool_], labelled: NDArray[np.bool_]) -> bool:
        """Whether kept and dropped records are those that the labels were drawn for."""
        for pile in (True, False):
            there = np.unique(self.stratum[labelled == pile])
            if there.size > 1 or np.isin(there, self.stratum[labelled != pile]).any():
                return False
            if there.size:
                size, p = float(self.size[there[0]]), float(self.probability[there[0]])
                slack = 0.5 if self.exact else FAR * np.sqrt(size * (1 - p) / p) + 0.5
                if abs(float((kept == pile).sum()) - size) > slack:
                    return False
        return True

    def fair(
        self, kept: NDArray[np.bool_], labelled: NDArray[np.bool_], notes: list[str],
        rng: Generator,
    ) -> tuple[NDArray[np.int64], bool]:  # fmt: skip
        """Labels that are a random sample of either pile, and whether piles were sampled apart."""
        every = np.arange(labelled.size)
        if self.as_drawn(kept, labelled):
            return every, bool(self.out_of_reach) or self.probability.size > 1
        # A pile may hold records of the least probability although none of them was drawn.
        share = self.probability[0] / self.probability[self.stratum]
        chosen = rng.random(every.size) < share
        if not chosen.all():
            notes.append(
                f"{int((~chosen).sum())} of {every.size} labels were left out by chance: they were "
                "drawn for another selection, and what is left is a random sample of this one."
            )
        return every[chosen], self.probability.size > 1


def _weights(kept: NDArray[np.bool_], labelled: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Candidates of a pile for each label of it."""
    weights = np.zeros(labelled.size)
    for pile in (True, False):
        count = int((labelled == pile).sum())
        if count:
            weights[labelled == pile] = (kept == pile).sum() / count
    return weights


def _estimate(
    right: NDArray[np.bool_], kept: NDArray[np.bool_], clusters: Any, rate: float | None,
    confidence: float,
) -> tuple[Estimate | None, str]:  # fmt: skip
    """Estimate and verdict; that of the kept records alone where no more can be said."""
    try:
        found = estimate(right, kept, clusters=clusters, keep_rate=rate, confidence=confidence)
    except InputError as refusal:
        of_kept = estimate_kept(right[kept], rate, confidence) if kept.any() else None
        answer = "" if of_kept is None else f" But {of_kept.breaks_down.sentence}"
        return of_kept, f"Not known yet: {refusal}{answer}"
    return found, found.sentence


def estimate_kept(right: NDArray[np.bool_], rate: float | None, confidence: float) -> Estimate:
    """Estimate from labels of kept records alone, which say whether it breaks down.

    Parameters
    ----------
    right : ndarray of bool, shape (labels,)
        Labels of kept records.
    rate : float, optional
        Share of all candidates that is kept; one half when not given, on which the error of the
        kept ones does not depend.
    confidence : float
        Of the intervals.
    """
    kept = np.ones(right.size, dtype=bool)
    return estimate(right, kept, keep_rate=rate or 0.5, confidence=confidence)


def _by_group(
    right: NDArray[np.bool_], places: NDArray[np.int64], kept: NDArray[np.bool_], clusters: Any,
    groups: tuple[NDArray[np.int64], Sequence[str]], rate: float | None, confidence: float,
) -> Mapping[str, Estimate]:  # fmt: skip
    codes, names = groups
    parts = {}
    for code in np.unique(codes[places]).tolist():
        there = codes[places] == code
        share = float(kept[codes == code].mean())
        own = share if rate is not None and 0 < share < 1 else None
        cluster = None if clusters is None else clusters[there]
        if cluster is not None and len(set(cluster.tolist())) < 2:
            cluster = None
        found, _ = _estimate(right[there], kept[places][there], cluster, own, confidence)
        if found is not None:
            known = found.keep_rate if rate is None else share
            parts[names[code]] = replace(found, notes=(), keep_rate=known)
    return parts
