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
EMPTY = frozenset({"", "nan", "none", "null", "na", "n/a", "?"})
UNLIKE_CHANCE = 0.001
"""Probability under which a sample's share of kept records is no chance."""


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
    """

    ids: list[str]
    right: NDArray[np.bool_]
    probability: NDArray[np.float64] | None
    unlabelled: int


def read_labels(audit: Audit, path: Path) -> Labels:
    """Labels of an audit file.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, holds no label or one that is neither right
        nor wrong, or labels a record twice in two ways.
    """
    table = read_columns(path, [audit.id, audit.label], [PROBABILITY])
    labelled = [i for i, label in enumerate(table[audit.label]) if not _is_empty(label)]
    if not labelled:
        raise InputError(
            f"{path.name} has no label in its column '{audit.label}' yet, so that nothing is known "
            "about what is kept. Write 1 (right) or 0 (wrong) there, or leave out 'audit'."
        )
    found = arguments.flags([table[audit.label][i] for i in labelled], audit.label)
    ids = [str(table[audit.id][i]).strip() for i in labelled]
    first: dict[str, int] = {}
    for place, name in enumerate(ids):
        if found[first.setdefault(name, place)] != found[place]:
            raise InputError(
                f"{path.name} calls the record {name} right in one row and wrong in another. "
                "Settle on one label."
            )
    once = list(first.values())
    probability = None
    if PROBABILITY in table:
        given = [table[PROBABILITY][labelled[i]] for i in once]
        probability = _probabilities(given, path)
    return Labels(list(first), found[once], probability, len(table[audit.label]) - len(labelled))


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
    """

    estimate: Estimate | None
    sentence: str
    notes: tuple[str, ...]
    places: NDArray[np.int64]
    right: NDArray[np.bool_]
    weights: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        found = {} if self.estimate is None else self.estimate.to_dict()
        notes = [*self.notes, *found.get("notes", [])]
        return {**found, "sentence": self.sentence, "notes": notes, "in_use": len(self.places)}


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
    probability = None if labels.probability is None else labels.probability[there]
    use, stratified = _fair(probability, kept[places], float(kept.mean()), notes, rng)
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
    return Finding(found, sentence, tuple(notes), places, right, weights)


def _fair(
    probability: NDArray[np.float64] | None, kept: NDArray[np.bool_], rate: float,
    notes: list[str], rng: Generator,
) -> tuple[NDArray[np.int64], bool]:  # fmt: skip
    """Labels that are a random sample of either pile, and whether piles were sampled apart."""
    every = np.arange(kept.size)
    if probability is None:
        if binomtest(int(kept.sum()), kept.size, rate).pvalue >= UNLIKE_CHANCE:
            return every, False
        notes.append(
            f"{kept.mean():.1%} of the labelled records are kept, but {rate:.1%} of all are: they "
            "were taken to be random samples of the kept and of the dropped records."
        )
        return every, True
    least = np.where(kept, probability[kept].min(initial=1.0), probability[~kept].min(initial=1.0))
    chosen = rng.random(kept.size) * probability < least
    # Equal probabilities stay whole, whatever the rounding.
    chosen |= probability <= least * (1 + 1e-9)
    if not chosen.all():
        notes.append(
            f"{int((~chosen).sum())} of {kept.size} labels were left out by chance: they were "
            "drawn for another selection, and what is left is a random sample of this one."
        )
    return every[chosen], float(np.ptp(probability)) > 1e-9 * float(probability.max())


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
        own = None if rate is None else float(kept[codes == code].mean())
        cluster = None if clusters is None else clusters[there]
        if cluster is not None and len(set(cluster.tolist())) < 2:
            cluster = None
        found, _ = _estimate(right[there], kept[places][there], cluster, own, confidence)
        if found is not None:
            parts[names[code]] = replace(found, notes=())
    return parts
