"""Retention of words by rarity, with whole documents as what was sampled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import gammaln
from scipy.stats import t as student

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, choose_ratio, quantile_of
from modelcollapse.metrics._estimates import inverted, undefined
from modelcollapse.metrics.documents._deals import Held, chance_of, chance_p, check_deals, dealt
from modelcollapse.metrics.documents._runs import Layout, run_table
from modelcollapse.metrics.documents.corpus import Corpus
from modelcollapse.metrics.retention import Retention, rarity_edges
from modelcollapse.metrics.signal import Signal

_LEAST = 1.0  # expected types below which a ratio means nothing
_HALF_A_WORD = 0.25  # least variance, since words are whole


class _Sums(NamedTuple):
    """Words of a band, those found and those expected."""

    types: float
    found: float
    expected: float
    slack: float  # variance of words that are kept with probability one half, by four


def word_retention(
    new: Corpus,
    reference: Corpus,
    *,
    rng: np.random.Generator,
    edges: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    deals: int = 100,
    confidence: float = 0.95,
) -> Mapping[str, Retention]:
    """Retention of the words of each band of rarity, relative to as many real tokens.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    rng : numpy.random.Generator
        Source of randomness for the deals.
    edges : sequence of int, optional
        Bands by the number of sources (documents or clusters) that hold a word in half of the
        reference: below the first edge (and held by any), from one edge to below the next, and
        from the last one up. By default the rarest words with 5 % of the mass, and the commonest
        with 80 %.
    names : sequence of str, optional
        One more than there are edges; default tail, middle, head for two edges, else the counts.
    deals : int, default 100
        How often the documents of both sides are dealt out anew, at least 10.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    mapping of str to Retention
        By name, rarest first: 1 where nothing changed, 0 where all are gone; falls under collapse.
        NaN where less than one word is expected; without an error where a side has a single
        source.

    Raises
    ------
    InputError
        If the edges do not rise from 2, the names do not fit them, or there are too few deals.

    Notes
    -----
    `modelcollapse.metrics.retention.retention_by_rarity` with documents in the place of records:
    rarity is read from half of the real documents and the expectation from the other, averaged
    over all splits in closed form. As many documents of either side are looked at as hold the
    tokens of the smaller one. Tokens would be the wrong record: rare words come several to a
    document, so that half of the tokens show more words than half of the documents. Interval by
    inverting the score and p (Pearson's type III), with the moments over documents dealt to the
    two sides at random: a jackknife would make the error half as large again as it is. The
    variance is taken for a quarter at least, half a word, so that no p rests on what so few deals
    cannot see.
    """
    quantile_of(confidence)
    check_deals(deals)
    matrices = [_held(part) for part in (new, reference)]
    lengths = [_lengths(part) for part in (new, reference)]
    first, second = (
        Held(np.asarray(matrix.sum(axis=0), np.float64), matrix.shape[0], float(length.sum()))
        for matrix, length in zip(matrices, lengths, strict=True)
    )
    bands = _Bands(second, edges)
    found = _sums(bands, first, second)
    chosen = _names(bands.edges, names)
    null: list[list[float]] = [[] for _ in chosen]
    if min(first.sources, second.sources) > 1:
        pile = (vstack(matrices).T.tocsr(), np.concatenate(lengths))
        for left, right in dealt(*pile, int(first.sources), deals, rng):
            for away, sums in zip(null, _sums(bands, left, right), strict=True):
                away.append(sums.found - sums.expected)
    tokens = int(min(first.size, second.size / 2))
    return {
        name: _retained(sums, away, tokens, confidence)
        for name, sums, away in zip(chosen, found, null, strict=True)
    }


def _held(part: Corpus) -> csr_array:
    """Which source holds which word: a matrix of ones, shape (sources, words)."""
    table = run_table(part, Layout.of(1, part))
    where = table.runs[table.of].astype(np.intp)
    ones = np.ones(where.size, dtype=np.float32)
    shape = (part.source_groups.size, len(part.vocabulary))
    return csr_array((ones, (table.place, where)), shape=shape)


def _lengths(part: Corpus) -> Floats:
    """Tokens of each source."""
    return np.asarray(np.bincount(part.sources, weights=part.lengths), dtype=np.float64)


class _Bands:
    """Bands of rarity, read from half of the reference, averaged over all halves.

    Parameters
    ----------
    reference : Held
        The real sources.
    edges : sequence of int, optional
        First counts of the bands but the rarest.
    """

    def __init__(self, reference: Held, edges: Sequence[int] | None) -> None:
        if edges is None:
            edges = rarity_edges(reference.met.astype(np.int64))
        bounds = [1, *edges]
        if not edges or bounds[1] < 2 or any(a >= b for a, b in pairwise(bounds)):
            raise InputError(
                f"edges must rise from 2, got {tuple(edges)!r}: they are numbers of documents "
                "that bound the bands. Use (2, 6)."
            )
        self.edges, self._N = edges, reference.sources
        self._half = math.floor(self._N / 2)
        # a word in more sources has fewer than the last edge in half of them in no split
        few = np.arange(4.0 * edges[-1] + 100)
        few = few[few <= self._N]
        self._few = few.size
        self._chance = np.stack([self._of_half(few, x) for x in range(edges[-1])])
        self.weight = self._banded(self._chance, np.ones(few.size))

    def _of_half(self, c: Floats, x: int) -> Floats:
        """Probability that `x` of the `c` sources of a word are in the half."""
        N, a = self._N, self._half
        possible = (c >= x) & (c - x <= N - a)
        some = np.where(possible, c, x)

        def log_choose(n: Floats | float, k: Floats | float) -> Floats:
            return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))

        logarithm = log_choose(some, x) + log_choose(N - some, a - x) - log_choose(N, a)
        likely = np.exp(np.minimum(logarithm, 0.0))
        return np.asarray(np.where(possible & (a >= x), likely, 0.0))

    def _banded(self, terms: Floats, whole: Floats) -> Floats:
        """Sums over the counts of each band; the last is what is left of the whole."""
        below = np.cumsum(terms, axis=0)
        ends = [below[edge - 1] for edge in (1, *self.edges)]
        inner = [after - before for before, after in pairwise(ends)]
        return np.asarray(np.maximum(np.stack([*inner, whole - ends[-1]]), 0.0))

    def shown(self, looked: float) -> Floats:
        """Probability that a word is in a band and that so many other sources show it."""
        c = np.arange(self._few, dtype=np.float64)
        missed = choose_ratio(c, self._N - self._half, looked)
        places = np.arange(self._few) - np.arange(self._chance.shape[0])[:, None]
        terms = self._chance * (1 - missed[np.maximum(places, 0)])
        return self._banded(terms, 1 - choose_ratio(c, self._N, looked))


def _names(edges: Sequence[int], names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        if len(edges) == 2:
            return ("tail", "middle", "head")
        lows = [1, *edges]
        return [f"{low}-{high - 1}" for low, high in pairwise(lows)] + [f"{lows[-1]}+"]
    if len(names) != len(edges) + 1:
        raise InputError(f"{len(names)} names do not name {len(edges) + 1} bands. Name each.")
    return names


def _sums(bands: _Bands, new: Held, reference: Held) -> list[_Sums]:
    """Words of each band found and expected among as many tokens of either side."""
    tokens = min(new.size, reference.size / 2)
    N, M = reference.sources, new.sources
    looked = min(N * tokens / reference.size, math.ceil(N / 2))
    share = min(tokens / new.size, 1.0)
    c, s = reference.met.astype(np.intp), new.met.astype(np.intp)
    present = 1 - choose_ratio(np.arange(s.max() + 1.0), M, M * share)
    whole = 1 - choose_ratio(np.arange(c.max() + 1.0), N, looked)
    shown, here, last = bands.shown(looked), present[s], len(bands.edges)
    found = []
    for band, (weight, seen) in enumerate(zip(bands.weight, shown, strict=True)):
        # beyond the table all words belong to the last band
        width = max(int(c.max()) + 1 - weight.size, 0)
        heavy = np.append(weight, np.full(width, float(band == last)))
        rest = whole[whole.size - width :] if band == last else np.zeros(width)
        expected = np.append(seen, rest)
        found.append(
            _Sums(
                float(heavy[c].sum()),
                float(heavy[c] @ here),
                float(expected[c].sum()),
                share * float((heavy * expected)[c].sum()),
            )
        )
    return found


def _retained(sums: _Sums, null: list[float], tokens: int, confidence: float) -> Retention:
    empty = replace(undefined("falls", (tokens, tokens)), expected=1.0)
    if not sums.expected >= _LEAST:
        return Retention(sums.types, sums.found, sums.expected, empty)
    ratio = sums.found / sums.expected
    if not null:
        reading = replace(empty, value=ratio)
        return Retention(sums.types, sums.found, sums.expected, reading)
    chance = chance_of(null, _HALF_A_WORD)
    z = float(student.ppf(0.5 + confidence / 2, len(null) - 1))
    low, high = inverted(sums.found, sums.expected, sums.slack, chance.variance, z)
    p = chance_p(sums.found - sums.expected, chance, "falls")
    reading = Signal(ratio, 1.0, (high - low) / 2 / z, low, high, p, "falls", tokens, tokens)
    return Retention(sums.types, sums.found, sums.expected, reading)
