"""Scores of predictions beside references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing, suggestion
from modelcollapse.metrics.rouge import _plain as plain
from modelcollapse.metrics.rouge._compiled import numba
from modelcollapse.metrics.rouge._kinds import Counts, Kind, Longs, kind_of
from modelcollapse.metrics.rouge._texts import Column, Listed, column, grouped

Floats = NDArray[np.float64]

SPLITS = ("lines", "nltk")


@dataclass(frozen=True, eq=False)
class Scores:
    """ROUGE of records, from 0 to 1.

    Parameters
    ----------
    precision : ndarray, shape (records,)
        Share of the prediction that the reference has too.
    recall : ndarray, shape (records,)
        Share of the reference that the prediction has too.
    f : ndarray, shape (records,)
        Harmonic mean of the two.
    wanted : ndarray of int, shape (records,)
        What there was to find in the reference, or in the longest of several: tokens, or runs of
        tokens. Where it is 0, the shares are 0 by convention and say nothing of the prediction.
    """

    precision: Floats
    recall: Floats
    f: Floats
    wanted: Longs


def scores(
    predictions: Any,
    references: Any,
    kind: str = "rougeL",
    *,
    stem: bool = True,
    split: str = "lines",
    fast: bool | None = None,
) -> Scores:
    """ROUGE of predictions beside references, equal to that of the package rouge-score.

    Parameters
    ----------
    predictions : sequence of str, or Arrow column of strings; length records
        Texts to be scored.
    references : sequence of str or of lists of str, or Arrow column; length records
        What they are compared with. Of several references of a record, the one with the largest
        harmonic mean counts, the first of several such.
    kind : str, default 'rougeL'
        'rougeL' compares by the longest common subsequence, 'rougeLsum' by the union of those
        of single sentences, 'rouge1', 'rouge2', ... by runs of so many tokens.
    stem : bool, default True
        Whether words of four letters and more count as their Porter stems.
    split : {'lines', 'nltk'}, default 'lines'
        Where sentences end, for 'rougeLsum': at ends of lines, or where NLTK's `sent_tokenize`
        says so, whose data must be installed.
    fast : bool or None, default None
        Whether to use compiled kernels, which need Numba; None does if Numba is installed. The
        scores are the same to the last bit.

    Returns
    -------
    Scores
        Arrays with an entry for each record.

    Raises
    ------
    InputError
        If an entry is missing or no text, lengths differ, or there is no such kind or split.
    Missing
        If `fast` and Numba is not installed, or neither Numba nor rapidfuzz is.

    Notes
    -----
    Lin (2004), "ROUGE: a package for automatic evaluation of summaries". Tokens are runs of
    letters a to z and digits, in lower case: texts in other scripts have none. Texts without
    tokens score 0, as in rouge-score.

    Examples
    --------
    >>> found = scores(["the cat sat on the mat"], ["A cat was sitting on the mat."], "rouge1")
    >>> found.precision.round(2).tolist(), found.recall.round(2).tolist(), found.f.round(2).tolist()
    ([0.67], [0.57], [0.62])
    """
    return scores_by_kind(predictions, references, (kind,), stem=stem, split=split, fast=fast)[kind]


def scores_by_kind(
    predictions: Any,
    references: Any,
    kinds: Sequence[str] = ("rouge1", "rouge2", "rougeL"),
    *,
    stem: bool = True,
    split: str = "lines",
    fast: bool | None = None,
) -> dict[str, Scores]:
    """Several kinds of ROUGE at once: texts are read only once.

    Parameters
    ----------
    predictions, references
        As in `scores`.
    kinds : sequence of str, default ('rouge1', 'rouge2', 'rougeL')
        As in `scores`.
    stem, split, fast
        As in `scores`.

    Returns
    -------
    dict of str to Scores
        By kind.

    Raises
    ------
    InputError
        As in `scores`.
    Missing
        As in `scores`.
    """
    wanted = [check(kind, split) for kind in kinds]
    texts = column(predictions, "predictions")
    others, first = grouped(references, "references")
    if len(first) - 1 != len(texts):
        raise InputError(
            f"there are {len(texts)} predictions and {len(first) - 1} references. Each record "
            "has one of both; several references of a record stand in a list."
        )
    if split == "nltk" and any(kind.by_sentence for kind in wanted):
        texts, others = _in_lines(texts), _in_lines(others)
    return _scored(texts, others, first, wanted, stem, fast)


def check(kind: str, split: str = "lines") -> Kind:
    """Read the name of a kind, and see that sentences can be split so.

    Parameters
    ----------
    kind, split : str
        As in `scores`.

    Raises
    ------
    InputError
        If there is no such kind or split.
    """
    if split not in SPLITS:
        raise InputError(f"sentences cannot be split by {split!r}. {suggestion(split, SPLITS)}")
    return kind_of(kind)


def _scored(
    texts: Column, others: Column, first: Longs, kinds: list[Kind], stem: bool, fast: bool | None
) -> dict[str, Scores]:
    if fast and numba() is None:
        raise Missing("ROUGE with fast=True", "numba", "fast")
    if fast is False or numba() is None:
        found = plain.count(texts, others, first, kinds, stem)
    else:
        # Only here, since the module imports Numba.
        from modelcollapse.metrics.rouge import _columnar as columnar

        found = columnar.count(texts, others, first, kinds, stem)
    return {name: _best(_shares(counts), first) for name, counts in found.items()}


def _shares(counts: Counts) -> Scores:
    """Scores beside each reference, in the order of operations of rouge-score."""
    precision = counts.hits / np.maximum(counts.predicted, 1)
    recall = counts.hits / np.maximum(counts.wanted, 1)
    total = precision + recall
    f = 2 * precision * recall / np.where(total > 0, total, 1.0)
    return Scores(precision, recall, f, counts.wanted)


def _best(found: Scores, first: Longs) -> Scores:
    """Scores beside the reference that gives each record the largest mean, the first of several."""
    records = len(first) - 1
    if len(found.f) == records:
        return found
    largest = np.repeat(np.maximum.reduceat(found.f, first[:-1]), np.diff(first))
    owner = np.repeat(np.arange(records), np.diff(first))
    best = np.flatnonzero(found.f == largest)
    best = best[np.unique(owner[best], return_index=True)[1]]
    wanted = np.maximum.reduceat(found.wanted, first[:-1])
    return Scores(found.precision[best], found.recall[best], found.f[best], wanted)


def _in_lines(texts: Column) -> Column:
    """Texts with each sentence on a line of its own."""
    try:
        tokenize: Any = import_module("nltk").sent_tokenize
    except ImportError as error:
        raise Missing("ROUGE with split='nltk'", "nltk", "curate") from error
    try:
        return Listed(
            [
                "\n".join(sentence.replace("\n", " ") for sentence in tokenize(text))
                for text in texts.strings()
            ]
        )
    except LookupError as error:
        raise InputError(
            "split='nltk' needs NLTK's data 'punkt_tab', which is not on this machine. Install it "
            "with: python -m nltk.downloader punkt_tab, or put each sentence on a line of its own."
        ) from error
