"""Variety of words and phrases against a reference, with whole documents as what was sampled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from modelcollapse.metrics._arguments import quantile_of
from modelcollapse.metrics._estimates import Spread, pooled, signal, undefined
from modelcollapse.metrics.documents._runs import (
    Histograms,
    Layout,
    check_run,
    histograms,
    run_table,
    shown,
)
from modelcollapse.metrics.documents.corpus import Corpus, matched
from modelcollapse.metrics.jackknife import jackknife_variance
from modelcollapse.metrics.matched_diversity import hill_profile
from modelcollapse.metrics.signal import Signal


class _Side:
    """Runs of one side, and how many there are in each group."""

    def __init__(self, part: Corpus, layout: Layout) -> None:
        table = run_table(part, layout)
        self.sources = np.bincount(part.source_groups).astype(np.float64)
        self.runs = np.bincount(
            part.source_groups[table.place], weights=table.times, minlength=part.groups
        )
        self.histograms: Histograms = histograms(table, part.source_groups)

    @property
    def total(self) -> float:
        return float(self.runs.sum())

    @property
    def least(self) -> float:
        """Runs that are left without the largest group."""
        return float((self.total - self.runs).min())

    def types(self, k: float, without: int | None = None) -> float:
        """Different runs among `k` of them, in sources drawn at random."""
        found = self.histograms
        runs, sources, counts = self.total, float(self.sources.sum()), found.whole
        if without is not None:
            runs -= self.runs[without]
            sources -= self.sources[without]
            counts = found.without[without]
        return float(counts @ shown(found.kinds, sources, sources * k / runs))

    def spread(self, k: float) -> Spread:
        """Variance of the logarithm of `types`."""
        left = [math.log(self.types(k, group)) for group in range(self.sources.size)]
        whole = math.log(self.types(k))
        variance = float(jackknife_variance(whole, left, self.sources))
        return Spread(variance, self.sources.size - 1.0)


def distinct(new: Corpus, reference: Corpus, n: int = 2, *, confidence: float = 0.95) -> Signal:
    """Share of different runs of `n` tokens, compared at one number of runs.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    n : int, default 2
        Tokens in a run (n-gram), at least 1; a run lies within a document.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From above 0 to 1; falls under collapse. NaN where a side has no run, and without an error
        where one has a single source.

    Raises
    ------
    InputError
        If `n` is below 1.

    Notes
    -----
    Li et al. (2016), distinct-n. The larger side is brought to the runs of the smaller one by the
    mean over all choices of whole documents, in closed form (Colwell, Mao and Chang 2004, sample-
    based rarefaction): drawn one by one, as many runs would come from more documents and differ
    more, and an honest redraw of another size would fail. Errors by group jackknife over
    documents (or their clusters), interval and test on logarithms. A bootstrap would repeat
    documents and read that as repetition.

    Examples
    --------
    >>> from modelcollapse.metrics.documents import corpora
    >>> reading = distinct(*corpora(["a b a b", "a b c"], ["a b c d", "e f g"]))
    >>> reading.value, reading.expected
    (0.6, 1.0)
    """
    check_run(n)
    quantile_of(confidence)
    layout = Layout.of(n, new)
    with ThreadPoolExecutor(2) as pool:  # sorting lets the other thread run
        first, second = pool.map(_Side, (new, reference), (layout, layout))
    k = min(first.total, second.total)
    if not k:
        return undefined("falls", (0, 0))
    value, expected = first.types(k) / k, second.types(k) / k
    least = min(k, first.least, second.least)
    if min(new.groups, reference.groups) < 2 or not least > 0:
        return replace(undefined("falls", (int(k), int(k))), value=value, expected=expected)
    spread = pooled(first.spread(least), second.spread(least))
    return signal(value, expected, spread, "falls", (int(k), int(k)), confidence, logs=True)


def word_profile(
    new: Corpus, reference: Corpus, *, orders: Sequence[int] = (0, 1, 2), confidence: float = 0.95
) -> dict[int, Signal]:
    """Effective numbers of words (Hill numbers), compared at about as many tokens.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    orders : sequence of int, default (0, 1, 2)
        Orders, as in `modelcollapse.metrics.matched_diversity.hill_profile`.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    dict of int to Signal
        By order, in words; falls under collapse. Empty where a side has a single source, which
        has no error.

    Raises
    ------
    InputError
        If an order has no estimate.

    Notes
    -----
    `hill_profile` with documents as groups, after `matched`. Orders 0 and 1 fall under drift; order
    2 is silent then, and falls where frequent words are preferred.
    """
    first, second = matched(new, reference)
    if min(first.groups, second.groups) < 2:
        return {}
    return hill_profile(
        first.token_counts(), second.token_counts(), orders=orders, confidence=confidence
    )
