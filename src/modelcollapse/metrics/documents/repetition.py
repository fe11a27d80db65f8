"""Repetition from one document to the next, less what the reference repeats itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._estimates import Spread, pooled, signal, undefined
from modelcollapse.metrics.documents._deals import Held, chance_of, chance_p, check_deals, dealt
from modelcollapse.metrics.documents._runs import (
    Layout,
    check_run,
    grouped,
    left_out,
    shown,
    tabulate,
    windows,
)
from modelcollapse.metrics.documents.corpus import Corpus, matched
from modelcollapse.metrics.jackknife import jackknife_variance
from modelcollapse.metrics.signal import Signal

Codes = NDArray[np.intp]


def copies(
    new: Corpus,
    reference: Corpus,
    *,
    rng: np.random.Generator,
    deals: int = 200,
    confidence: float = 0.95,
) -> Signal:
    """Share of documents that another document equals, letter by letter.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    rng : numpy.random.Generator
        Source of randomness for the deals.
    deals : int, default 200
        How often the documents of both sides are dealt out anew, at least 10.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 to 1, beside the share of the reference; grows under collapse.

    Raises
    ------
    InputError
        If there are too few deals.

    Notes
    -----
    As `shared_clusters`, with equal texts as clusters.
    """
    first, second = equal_texts(new, reference)
    return shared_clusters(
        new, first, reference, second, rng=rng, deals=deals, confidence=confidence
    )


def equal_texts(new: Corpus, reference: Corpus) -> tuple[Codes, Codes]:
    """Number the different texts of both sides.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.

    Returns
    -------
    tuple of ndarray of int, shape (documents,)
        Number of each new and of each real text; equal for equal ones, of whichever side.

    Notes
    -----
    A number on both sides is a document that was copied from the reference, or that the reference
    should not hold.
    """
    number: dict[str, int] = {}
    first, second = (
        np.array([number.setdefault(text, len(number)) for text in part.texts], dtype=np.intp)
        for part in (new, reference)
    )
    return first, second


def shared_clusters(
    new: Corpus,
    clusters: ArrayLike,
    reference: Corpus,
    reference_clusters: ArrayLike,
    *,
    rng: np.random.Generator,
    deals: int = 200,
    confidence: float = 0.95,
) -> Signal:
    """Share of documents that are not alone in their cluster, at one number of documents.

    Parameters
    ----------
    new : Corpus
        New documents, from `corpora`.
    clusters : array_like of int, shape (documents,)
        Cluster of each of them, with one numbering for both sides: `equal_texts`,
        `near_duplicates`, topics.
    reference : Corpus
        Real documents, from `corpora`.
    reference_clusters : array_like of int, shape (documents,)
        Cluster of each of them.
    rng : numpy.random.Generator
        Source of randomness for the deals.
    deals : int, default 200
        How often the documents of both sides are dealt out anew, at least 10.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 to 1, beside the share of the reference; grows under collapse. Where neither side
        shares anything p is 1; NaN with fewer than two sources on a side.

    Raises
    ------
    InputError
        If there is not one cluster for each document, or there are too few deals.

    Notes
    -----
    Derived for this package: in `d` of `D` documents one of a cluster of `s` has company with
    probability ``1 - C(D - s, d - 1)/C(D - 1, d - 1)``, so that the larger side is read at the
    number of the smaller one; the plain share grows with the number of documents. p by Pearson's
    type III with the moments over documents dealt to the two sides at random, for which alone
    clusters must span both; the error is the larger one of theirs and of the group jackknife, so
    that it is not nothing where a side happens to have no copy.

    Examples
    --------
    >>> from modelcollapse.metrics.documents import corpora
    >>> new, reference = corpora(["a", "a", "b", "c"], ["a", "b", "c", "d"])
    >>> rng = np.random.default_rng(0)
    >>> shared_clusters(new, [0, 0, 1, 2], reference, [0, 1, 2, 3], rng=rng).value
    0.5
    """
    quantile_of(confidence)
    check_deals(deals)
    codes = [_codes(part, given) for part, given in
             ((new, clusters), (reference, reference_clusters))]  # fmt: skip
    _, joint = np.unique(np.concatenate(codes), return_inverse=True)
    sides = (joint[: len(new)], joint[len(new) :])
    first, second = _Shared(new, sides[0]), _Shared(reference, sides[1])
    size = min(len(new), len(reference))
    many = new.source_groups.size
    if min(many, reference.source_groups.size) < 2:
        return undefined("grows", (size, size))
    value, expected = first.share(size), second.share(size)
    least = min(size, first.least, second.least)
    both = pooled(first.spread(least), second.spread(least))

    sources = np.concatenate([new.sources, reference.sources + many])
    ones = np.ones(joint.size, dtype=np.float32)
    held = csr_array((ones, (joint, sources)), shape=(int(joint.max()) + 1, int(sources[-1]) + 1))
    company = held[np.flatnonzero(np.bincount(joint) > 1)]
    differences = []
    for left, right in dealt(company, np.bincount(sources).astype(float), many, deals, rng):
        d = min(left.size, right.size)
        differences.append(
            _share(*_kinds(left), left.size, d) - _share(*_kinds(right), right.size, d)
        )
    chance = chance_of(differences)
    spread = Spread(max(both.variance, chance.variance), both.freedom)
    found = signal(value, expected, spread, "grows", (size, size), confidence)
    p = chance_p(value - expected, chance, "grows")
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0), p=p)


def _codes(part: Corpus, clusters: ArrayLike) -> NDArray[Any]:
    codes = np.ravel(np.asarray(clusters))
    if codes.size != len(part):
        raise InputError(
            f"{codes.size} clusters do not fit {len(part)} documents. Give each document the "
            "number of its cluster."
        )
    return codes


def _kinds(side: Held) -> tuple[Floats, Floats]:
    """Sizes of clusters, and how many have them."""
    how_many = np.bincount(side.met.astype(np.intp)).astype(np.float64)
    return np.arange(how_many.size, dtype=np.float64), how_many


def _share(sizes: Floats, counts: Floats, whole: float, d: float) -> float:
    """Share of `d` of `whole` documents that have company, from the sizes of their clusters."""
    some = (sizes > 1) & (counts > 0)
    company = shown(sizes[some] - 1, whole - 1, d - 1)
    return float((counts * sizes)[some] @ company / whole)


class _Shared:
    """How many documents lie in clusters of which size."""

    def __init__(self, part: Corpus, clusters: Codes) -> None:
        codes = np.unique(clusters, return_inverse=True)[1]
        size = np.bincount(codes)
        groups = np.bincount(part.document_groups)
        pair, held = np.unique(codes * groups.size + part.document_groups, return_counts=True)
        self._found = left_out(
            size.astype(np.int64), size[pair // groups.size], pair % groups.size, held, groups.size
        )
        self._documents = groups.astype(np.float64)

    @property
    def least(self) -> float:
        """Documents that are left without the largest group."""
        return float((self._documents.sum() - self._documents).min())

    def share(self, d: float, without: int | None = None) -> float:
        """Share of `d` documents that have company."""
        found, whole = self._found, float(self._documents.sum())
        if without is None:
            return _share(found.kinds, found.whole, whole, d)
        whole -= float(self._documents[without])
        return _share(found.kinds, found.without[without], whole, d)

    def spread(self, d: float) -> Spread:
        """Variance of `share`."""
        left = [self.share(d, group) for group in range(self._documents.size)]
        variance = jackknife_variance(self.share(d), left, self._documents)
        return Spread(float(variance), self._documents.size - 1.0)


def repeated_runs(
    new: Corpus, reference: Corpus, n: int = 8, *, confidence: float = 0.95
) -> Signal:
    """Share of tokens in runs of `n` tokens that stand in another document too.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    n : int, default 8
        Tokens in a run; 13 is the other usual length.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 to 1, beside the share of the reference. The direction depends on the model:
        small models write fewer long runs twice than people do, copying ones more. NaN where a
        side has a single source; where neither side repeats anything p is 1.

    Raises
    ------
    InputError
        If `n` is below 1.

    Notes
    -----
    Lee et al. (2022), "Deduplicating training data makes language models better". Grows with the
    amount of text, so the larger side is cut by `matched`. A document counts against all others,
    those of its own cluster included. Errors by group jackknife.

    Examples
    --------
    >>> from modelcollapse.metrics.documents import corpora
    >>> new, reference = corpora(["a b c d", "x b c d"], ["a b c d", "e f g h"])
    >>> repeated_runs(new, reference, 3).value
    0.75
    """
    check_run(n)
    quantile_of(confidence)
    sides = matched(new, reference)
    layout = Layout.of(n, new)
    (value, one), (expected, other) = (_covered(part, layout) for part in sides)
    sizes = (sides[0].ids.size, sides[1].ids.size)
    if one is None or other is None:
        return replace(undefined("either", sizes), value=value, expected=expected)
    found = signal(value, expected, pooled(one, other), "either", sizes, confidence)
    if value == expected and found.error == 0:
        return replace(found, p=1.0)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def _covered(part: Corpus, layout: Layout) -> tuple[float, Spread | None]:
    """Share of tokens in repeated runs, and its variance."""
    key, begins = windows(part, layout)
    owner = part.owners[begins]
    table = tabulate(key, owner, layout)
    met = table.met
    again = np.flatnonzero(met > 1)
    known = table.runs[again]
    where = np.searchsorted(known, key)
    hit = where < known.size
    hit[hit] = known[where[hit]] == key[hit]
    begins, which, group = begins[hit], where[hit], part.document_groups[owner[hit]]
    tokens = np.bincount(part.document_groups, weights=part.lengths)
    whole = _union(begins, layout.n) / part.ids.size
    if part.groups < 2:
        return whole, None
    run, in_group, held = grouped(table, part.document_groups)
    alone = met[run] - held < 2  # no longer repeated without this group
    position = np.full(met.size, -1)
    position[again] = np.arange(again.size)
    left = []
    for leaving in range(part.groups):
        stays = np.ones(again.size, dtype=np.bool_)
        lost = position[run[alone & (in_group == leaving)]]
        stays[lost[lost >= 0]] = False
        still = stays[which] & (group != leaving)
        left.append(_union(begins[still], layout.n) / (part.ids.size - tokens[leaving]))
    documents: Floats = np.bincount(part.document_groups).astype(np.float64)
    return whole, Spread(float(jackknife_variance(whole, left, documents)), part.groups - 1.0)


def _union(begins: NDArray[np.intp], n: int) -> int:
    """Tokens that runs beginning at these places cover together."""
    return int(np.minimum(np.diff(begins), n).sum()) + (n if begins.size else 0)
