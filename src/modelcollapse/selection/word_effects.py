"""What a choice did to the words of texts: how many are left, and which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import fraction
from modelcollapse.metrics.diversity import entropy
from modelcollapse.metrics.rarefaction import rarefied_retention, rarefied_richness
from modelcollapse.metrics.tails import rare_states, tail_shares
from modelcollapse.selection.pile import Codes, Floats
from modelcollapse.selection.word_tally import Vocabulary, WordTally, batches

BANDS = (("0", 0, 0), ("1", 1, 1), ("2-4", 2, 4), ("5-19", 5, 19), ("20+", 20, None))
"""Words by how often they stand in the real texts: name, least and most."""


class Reading(NamedTuple):
    """Values of one measure for all candidates, for what is kept and for random choices.

    Parameters
    ----------
    measure : str
        What is measured.
    values : ndarray, shape (choices,)
        Its values.
    expected : float, optional
        Exact expectation for a random choice, where it is known.
    """

    measure: str
    values: ArrayLike
    expected: float | None = None


def word_readings(
    texts: Iterable[str | None],
    copies: NDArray[np.integer],
    reference: Iterable[str | None] | None,
    tail: float,
) -> list[Reading]:
    """Measure the words of several choices among texts.

    Parameters
    ----------
    texts : iterable of str
        Text of each record.
    copies : ndarray of int, shape (records, choices)
        Copies that each choice takes; the first takes all candidates once, the second is what is
        kept, the others are random choices of the same number.
    reference : iterable of str, optional
        Real texts.
    tail : float
        Share of their words that is called the tail.

    Returns
    -------
    list of Reading
        See `modelcollapse.selection.effects.effects`.

    Raises
    ------
    InputError
        If there are more or fewer texts than records, or the tail is no share.
    """
    fraction(tail, "tail")
    vocabulary = Vocabulary()
    tally = WordTally(vocabulary, copies.shape[1])
    position = 0
    for batch in batches(texts):
        if position + len(batch) <= len(copies):
            tally.add(batch, copies[position : position + len(batch)])
        position += len(batch)
    if position != len(copies):
        raise InputError(
            f"there are {position} texts for {len(copies)} records. Give the text of every record, "
            "in order."
        )
    real = None if reference is None else _halves(reference, vocabulary)
    counts = tally.counts
    tokens = counts.sum(axis=1)
    records = copies.sum(axis=0, dtype=np.int64)
    known = tally.texts_with
    there = _chance_of_words(known, int(records[0]), int(records[1]))
    found = [
        Reading("words_per_record", tokens / records),
        Reading("types", (counts > 0).sum(axis=1), float(there.sum())),
    ]
    often = counts[0] if real is None else real.sum(axis=0)
    for name, least, most in BANDS:
        band = (often >= least) & (counts[0] > 0)
        band &= True if most is None else often <= most
        if band.any():
            kept = (counts[:, band] > 0).sum(axis=1)
            found.append(Reading(f"types.{name}", kept, float(there[band].sum())))
    found += _at_equal_length(counts, real, tail)
    undefined = np.full(len(counts), np.nan)
    shares = counts / tokens[:, None] if tokens.all() else None
    found.append(Reading("entropy", undefined if shares is None else entropy(shares)))
    found.append(Reading("distinct_2", tally.distinct_pairs))
    return found


def _at_equal_length(counts: Codes, real: Codes | None, tail: float) -> list[Reading]:
    """Words shown, and the part of the real tail, by as many tokens of each choice."""
    at = int(counts.sum(axis=1).min())
    undefined = np.full(len(counts), np.nan)
    richness = undefined if at == 0 else rarefied_richness(counts, at)
    found = [Reading("types_at_equal_length", richness)]
    if real is None:
        return found
    covered: ArrayLike = undefined
    if at > 0 and real[0].sum() > 0:
        rare = rare_states(real[0] / real[0].sum(), level=tail)
        if real[1][rare].sum() > 0:
            covered = rarefied_retention(counts, tail_shares(real[1], rare), at)
    return [*found, Reading("tail_covered", covered)]


def _halves(texts: Iterable[str | None], vocabulary: Vocabulary) -> Codes:
    """Tokens of each word in the even and in the odd texts, shape ``(2, words)``."""
    tally = WordTally(vocabulary, 2)
    position = 0
    for batch in batches(texts):
        odd = (position + np.arange(len(batch))) % 2
        tally.add(batch, np.stack([1 - odd, odd], axis=1))
        position += len(batch)
    return tally.counts


def _chance_of_words(texts_with: Codes, candidates: int, number: int) -> Floats:
    """Probability that a word stands in one of `number` texts drawn from the candidates."""
    if not texts_with.size:
        return np.zeros(0)
    rest = np.stack([texts_with, candidates - texts_with], axis=1)
    # A state of its own for the texts with the word: retention is the chance that it is drawn.
    drawn = rarefied_retention(rest, [[1.0, 0.0]], min(number, candidates))
    return np.asarray(drawn, dtype=np.float64)
