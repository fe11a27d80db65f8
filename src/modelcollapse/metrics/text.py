"""Repetition in texts: within a document, and from one document to the next.

Texts are token numbers of all documents one after another, `ids`, with offsets `starts`: document
`i` is ``ids[starts[i]:starts[i + 1]]``. All of these depend on the amount of text: compare equal
amounts only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats

Ints = NDArray[np.int64]

_NOTHING_FOUND = 0.1  # matches that stand for none in BLEU, so that its logarithm is finite


def runs(ids: ArrayLike, starts: ArrayLike, n: int) -> tuple[Ints, Ints]:
    """Runs of `n` tokens within documents.

    Parameters
    ----------
    ids : array_like of int, shape (tokens,)
        Token numbers, 0 or larger.
    starts : array_like of int, shape (documents + 1,)
        Offsets of the documents.
    n : int
        Tokens in a run, at least 1.

    Returns
    -------
    runs : ndarray of int, shape (k,)
        A number for each run, in order of writing; equal for equal runs.
    documents : ndarray of int, shape (k,)
        The document that each lies in.

    Raises
    ------
    InputError
        If `n` is below 1 or `starts` does not fit.

    Examples
    --------
    >>> runs([5, 6, 5, 6], [0, 4], 2)[0].tolist()
    [0, 1, 0]
    """
    tokens, document = _texts(ids, starts)
    if n < 1:
        raise InputError(f"runs of n = {n} tokens were asked for, but a run has tokens. Use 1.")
    width = int(tokens.max(initial=0)) + 1
    found = tokens
    for back in range(1, n):
        # Renumbered at each step, so that numbers stay small whatever the vocabulary.
        _, found = np.unique(found[:-1] * width + tokens[back:], return_inverse=True)
    last = document[n - 1 :]
    first = document[: len(last)]
    inside = first == last
    return np.asarray(found[: len(last)][inside]), np.asarray(first[inside])


def _texts(ids: ArrayLike, starts: ArrayLike) -> tuple[Ints, Ints]:
    tokens, offsets = np.asarray(ids, dtype=np.int64), np.asarray(starts, dtype=np.int64)
    lengths = np.diff(offsets)
    if offsets.size == 0 or offsets[0] != 0 or offsets[-1] != tokens.size or (lengths < 0).any():
        raise InputError(
            f"starts must rise from 0 to the number of tokens, {tokens.size}: they say where each "
            "document begins. Use those of Texts."
        )
    return tokens, np.repeat(np.arange(lengths.size), lengths)


def distinct(ids: ArrayLike, starts: ArrayLike, n: int = 2) -> float:
    """Share of different runs of `n` tokens among all runs of all documents.

    Parameters
    ----------
    ids, starts : array_like of int
        Texts, as at the head of this module.
    n : int, default 2
        Tokens in a run.

    Returns
    -------
    float
        From above 0 to 1; NaN without a run; falls under collapse.

    Raises
    ------
    InputError
        If `n` is below 1 or `starts` does not fit.

    Notes
    -----
    Li et al. (2016), "A diversity-promoting objective function for neural conversation models"
    (distinct-n). Falls as the amount of text grows.

    Examples
    --------
    >>> distinct([1, 2, 1, 2], [0, 2, 4])
    0.5
    """
    found, _ = runs(ids, starts, n)
    return len(np.unique(found)) / len(found) if len(found) else float("nan")


def repetition(ids: ArrayLike, starts: ArrayLike, n: int = 4) -> float:
    """Share of the runs of `n` tokens of a document that it has written before, on average (rep-n).

    Parameters
    ----------
    ids, starts : array_like of int
        Texts, as at the head of this module.
    n : int, default 4
        Tokens in a run.

    Returns
    -------
    float
        From 0 to below 1, averaged over documents with a run; NaN without one; grows as texts
        run in circles.

    Raises
    ------
    InputError
        If `n` is below 1 or `starts` does not fit.

    Notes
    -----
    Welleck et al. (2020), "Neural text generation with unlikelihood training" (seq-rep-n): one
    minus the ratio of different runs to all runs of the document. Grows with the length of the
    documents.

    Examples
    --------
    >>> repetition([1, 2, 1, 2, 1], [0, 5], n=2)
    0.5
    """
    found, document = runs(ids, starts, n)
    if not len(found):
        return float("nan")
    every = np.bincount(document)
    pairs = np.unique(np.stack([document, found]), axis=1)[0]
    different = np.bincount(pairs, minlength=every.size)
    held = every > 0
    return float(np.mean(1 - different[held] / every[held]))


def looping(ids: ArrayLike, starts: ArrayLike, *, longest: int = 12, times: int = 3) -> float:
    """Share of documents in which some phrase is written several times in a row.

    Parameters
    ----------
    ids, starts : array_like of int
        Texts, as at the head of this module.
    longest : int, default 12
        Tokens of the longest phrase that is looked for, at least 1.
    times : int, default 3
        How often in a row, at least 2.

    Returns
    -------
    float
        From 0 to 1; NaN without documents; grows under collapse by mode-seeking.

    Raises
    ------
    InputError
        If `longest` or `times` is out of range, or `starts` does not fit.

    Notes
    -----
    Defined for this package: a phrase of p tokens stands `times` times in a row where a token
    equals the one p before it ``p (times - 1)`` times on end.

    Examples
    --------
    >>> looping([7, 8, 7, 8, 7, 8, 1, 2, 3], [0, 6, 9])
    0.5
    """
    if longest < 1 or times < 2:
        raise InputError(
            f"a repeated phrase has at least 1 token and stands at least twice, got longest = "
            f"{longest} and times = {times}. Raise them."
        )
    tokens, document = _texts(ids, starts)
    count = np.size(starts) - 1
    loops = np.zeros(count, dtype=bool)
    for period in range(1, min(longest, tokens.size) + 1):
        same = (tokens[period:] == tokens[:-period]) & (document[period:] == document[:-period])
        needed = period * (times - 1)
        ends = np.concatenate([[0], np.cumsum(same)])
        full = np.flatnonzero(ends[needed:] - ends[:-needed] == needed)
        loops[document[full]] = True
    return float(loops.mean()) if count else float("nan")


def self_bleu(ids: ArrayLike, starts: ArrayLike, *, order: int = 4) -> float:
    """Mean BLEU of each document with all the others as references: how alike documents are.

    Parameters
    ----------
    ids, starts : array_like of int
        Texts, as at the head of this module; empty documents are left out.
    order : int, default 4
        Tokens of the longest runs compared, at least 1.

    Returns
    -------
    float
        From 0 to 1; NaN for fewer than two documents; grows under collapse.

    Raises
    ------
    InputError
        If `order` is below 1 or `starts` does not fit.

    Notes
    -----
    Zhu et al. (2018), "Texygen" (Self-BLEU); BLEU by Papineni et al. (2002) with equal weights,
    clipped by the best single reference, the closest reference length in the brevity penalty (the
    shorter of two equally close), and a tenth of a match where there is none. Exact over all
    pairs, at the cost of sorting. Grows with the number of documents: compare equal numbers.

    Examples
    --------
    >>> self_bleu([1, 2, 3, 4, 1, 2, 3, 4], [0, 4, 8])
    1.0
    """
    if order < 1:
        raise InputError(f"BLEU compares runs of up to order = {order} tokens. Use at least 1.")
    tokens, _ = _texts(ids, starts)
    every = np.diff(np.asarray(starts))
    lengths = every[every > 0]
    if lengths.size < 2:
        return float("nan")
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    logs = np.zeros(lengths.size)
    for n in range(1, order + 1):
        matches = _matches(*runs(tokens, offsets, n), lengths.size)
        if n == 1:
            nothing = matches == 0
        possible = np.maximum(lengths - n + 1, 1)
        logs += np.log(np.where(matches > 0, matches, _NOTHING_FOUND) / possible) / order
    shorter = np.minimum(0.0, 1 - _closest(lengths) / lengths)
    return float(np.mean(np.where(nothing, 0.0, np.exp(logs + shorter))))


def _matches(found: Ints, document: Ints, documents: int) -> Floats:
    """Runs of each document that another one has too, at most as often as that one has them."""
    if not len(found):
        return np.zeros(documents)
    key = found * documents + document
    pairs, count = np.unique(key, return_counts=True)
    run, owner = pairs // documents, pairs % documents
    ranked = np.lexsort((count, run))
    last = np.append(run[ranked][1:] != run[ranked][:-1], True)
    best = ranked[last]  # of each run, in order of the runs
    most = count[best]
    second = np.zeros(best.size, dtype=np.int64)
    before = np.flatnonzero(last) - 1
    shared = (before >= 0) & (run[ranked[before]] == run[best])
    second[shared] = count[ranked[before[shared]]]
    index = np.searchsorted(run[best], run)
    others = np.where(best[index] == np.arange(run.size), second[index], most[index])
    kept = np.minimum(count, others).astype(np.float64)
    return np.asarray(np.bincount(owner, weights=kept, minlength=documents), dtype=np.float64)


def _closest(lengths: Ints) -> Ints:
    """Length of the other document that is closest to each one's own, the shorter on a tie."""
    order = np.argsort(lengths, kind="stable")
    line = lengths[order]
    below = np.concatenate([[np.iinfo(np.int64).min // 2], line[:-1]])
    above = np.concatenate([line[1:], [np.iinfo(np.int64).max // 2]])
    closest = np.empty_like(lengths)
    closest[order] = np.where(line - below <= above - line, below, above)
    return closest
