"""Text columns: rare words, distinct phrases, repetition, and examples of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.pictured import band_names, decile_edges, shortened, type_deciles
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.documents import (
    Corpus,
    NearDuplicates,
    compression,
    corpora,
    distinct,
    lost_words,
    near_duplicates,
    over_produced,
    repeated_runs,
    shared_clusters,
    word_profile,
    word_retention,
)
from modelcollapse.metrics.retention import Retention, rarity_edges
from modelcollapse.metrics.signal import Signal
from modelcollapse.profiles import Profile, Role

LEAST = 20  # documents a side
PASSAGE = 8  # words of a passage that stands in two documents
RUNS = {"distinct_1": 1, "distinct_2": 2, "distinct_3": 3}
SHINGLE = {"words": 3, "characters": 5}
PAIRS = 3  # times as many near duplicates are looked through as shown, since texts repeat


@dataclass(frozen=True)
class Prose:
    """One text column, read.

    Attributes
    ----------
    name : str
        Of the column.
    readings : tuple of Reading
        Of the column.
    counts, reference_counts : ndarray of int, shape (words,)
        Tokens of each word on both sides.
    rare_expected : ndarray, shape (words,)
        Documents that hold each rare word, of as many as are compared.
    compared : int
        Documents that are compared.
    deciles : dict or None
        Retention by rarity, for a picture.
    lost_words, phrases, near_duplicates : list of dict
        Examples, as a card has them.
    """

    name: str
    readings: tuple[Reading, ...]
    counts: NDArray[np.int64]
    reference_counts: NDArray[np.int64]
    rare_expected: NDArray[np.float64]
    compared: int
    deciles: dict[str, Any] | None
    lost_words: list[dict[str, Any]] = field(default_factory=list)
    phrases: list[dict[str, Any]] = field(default_factory=list)
    near_duplicates: list[dict[str, Any]] = field(default_factory=list)


def read_prose(
    new: Profile,
    reference: Profile,
    tolerance: Mapping[str, Tolerance],
    characters: bool,
    show: int,
    rng: Callable[[str], Generator],
) -> Iterator[Prose]:
    """Read every text column.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets; their samples hold the documents.
    tolerance : mapping of str to Tolerance
        By measure.
    characters : bool
        Whether texts are read by character.
    show : int
        Examples of each kind.
    rng : callable
        Generator of an event, by its name.

    Yields
    ------
    Prose
        Of each text column that both sides have, with 20 documents or more on either.
    """
    for column in reference.roles:
        if column.role is not Role.TEXT or column.name not in new.sample:
            continue
        texts = [list(side.sample[column.name]) for side in (new, reference)]
        if min(sum(map(bool, side)) for side in texts) < LEAST:
            continue
        both = corpora(*texts, unit="characters" if characters else "words")
        if min(len(side) for side in both) >= LEAST:
            yield _read(column.name, *both, tolerance, show, rng(f"words {column.name}"))


def _read(
    name: str, new: Corpus, reference: Corpus, tolerance: Mapping[str, Tolerance], show: int,
    rng: Generator,
) -> Prose:  # fmt: skip
    def reading(measure: str, signal: Any, note: str = "") -> Reading:
        return Reading.of(measure, signal, tolerance[measure], about=name, note=note)

    twins = near_duplicates(new, reference, run=SHINGLE[new.unit])
    alike = shared_clusters(new, twins.clusters, reference, twins.reference_clusters, rng=rng)
    readings = [
        reading("near_duplicates", alike),
        reading("repeated_passages", _growth(repeated_runs(new, reference, PASSAGE))),
        reading("compression", compression(new, reference)),
    ]  # fmt: skip
    # What repeats word for word is duplication, and is not to be read as poverty as well.
    ours, theirs = new.without_copies(), reference.without_copies()
    kept = word_retention(ours, theirs, rng=rng)
    readings += [
        reading("rare_words", kept["tail"].signal, _counted(kept["tail"])),
        reading("common_words", kept["head"].signal, _counted(kept["head"])),
    ]
    readings += [reading(measure, distinct(ours, theirs, n)) for measure, n in RUNS.items()]
    profile = word_profile(ours, theirs, orders=[2])
    if 2 in profile:
        readings.append(reading("word_concentration", profile[2]))
    counts, real = (side.token_counts().total for side in (ours, theirs))
    met = _documents(theirs)
    share = min(ours.ids.size / theirs.ids.size, 0.5)
    edges = decile_edges(met)
    bands = (
        word_retention(ours, theirs, rng=rng, edges=edges, names=band_names(edges), deals=20)
        if edges
        else {}
    )
    rare = (met[(met > 0) & (met < 2 * rarity_edges(met)[0])] * share).astype(np.float64)
    return Prose(
        name, tuple(readings), counts, real, rare, math.floor(len(theirs) * share),
        type_deciles(name, "words", bands), *_examples(name, new, reference, twins, show),
    )  # fmt: skip


def _growth(signal: Signal) -> Signal:
    """A two-sided signal read as one of growth: fewer repetitions are no duplication."""
    p = signal.p / 2 if signal.value > signal.expected else 1 - signal.p / 2
    return replace(signal, p=p, collapse="grows")


def _counted(one: Retention) -> str:
    return f"{one.found:,.0f} of {one.expected:,.0f} expected"


def _documents(part: Corpus) -> NDArray[np.int64]:
    """Documents that hold each word."""
    pairs = np.unique(part.ids.astype(np.int64) * len(part) + part.owners)
    return np.bincount(pairs // len(part), minlength=len(part.vocabulary))


def _examples(
    name: str, new: Corpus, reference: Corpus, twins: NearDuplicates, show: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Lost words, over-produced phrases and near duplicates."""
    if not show:
        return [], [], []
    lost = [
        {"column": name, "word": one.text, "reference_count": one.reference_count,
         "count": one.count, "lost_by_chance": one.p, "adjusted_p": one.adjusted_p}
        for one in lost_words(new, reference, most=show)
        if one.adjusted_p <= 0.05
    ]  # fmt: skip
    phrases = [
        {"column": name, "phrase": one.text, "count": one.count,
         "reference_count": one.reference_count, "ratio": one.ratio, "low": one.low,
         "high": one.high, "adjusted_p": one.adjusted_p}
        for one in over_produced(new, reference, most=show)
    ]  # fmt: skip
    text = dict(zip(new.positions.tolist(), new.texts, strict=True))
    seen: set[str] = set()
    pairs: list[dict[str, Any]] = []
    found = twins.new
    for i, j, alike in zip(found.first, found.second, found.similarity, strict=True):
        if text[int(i)] in seen or len(pairs) == show:
            continue
        seen.add(text[int(i)])
        both = shortened({"first": text[int(i)], "second": text[int(j)]})
        pairs.append({"column": name, "texts": list(both.values()), "similarity": float(alike)})
    return lost, phrases, pairs
