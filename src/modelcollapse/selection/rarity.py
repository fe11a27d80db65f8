"""Groups by rarity: how seldom the words of a text are in real texts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from modelcollapse.errors import InputError, is_whole
from modelcollapse.selection.pile import Codes, Floats
from modelcollapse.selection.word_tally import Vocabulary, batches, encode


def rarity_bins(
    texts: Iterable[str | None], reference: Iterable[str | None], *, bins: int = 10
) -> tuple[Codes, Codes]:
    """Part texts into groups by how rare their words are in real texts.

    Parameters
    ----------
    texts : iterable of str
        Candidates; gone through once.
    reference : iterable of str
        Real texts, which can be gone through twice.
    bins : int, default 10
        Groups, each with an equal share of the real texts, from common to rare words; at least 2.

    Returns
    -------
    codes : ndarray of int, shape (texts,)
        Group of each candidate, from 0; to be guarded by `TailGuard` or raked by `Rake`.
    reference_counts : ndarray of int, shape (bins,)
        Real texts in each group.

    Raises
    ------
    InputError
        If there are fewer than 2 bins, more bins than real texts, or the real texts can be gone
        through once only.

    Notes
    -----
    The rarity of a text is the mean of ``-log((c + 1/2) / (T + 1/2))`` over its words, where c of
    the T real tokens are the word; a real text does not count itself, so that it is no less rare
    than an unseen one. A text without words is as rare as the most common one.

    Examples
    --------
    >>> real = ["the cat sat", "the cat lay", "the dog ran", "an emu hid"]
    >>> codes, counts = rarity_bins(["the cat ran", "an ibis flew"], real, bins=2)
    >>> codes.tolist(), counts.tolist()
    ([0, 1], [2, 2])
    """
    if not is_whole(bins) or bins < 2:
        raise InputError(f"bins = {bins!r} groups part nothing. Use a whole number of at least 2.")
    if iter(reference) is reference:
        raise InputError(
            "the real texts are an iterator, which can be gone through once, and rarity takes two "
            "passes. Give a list, or an object that can be iterated anew."
        )
    vocabulary = Vocabulary()
    counts = np.zeros(0, dtype=np.int64)
    for batch in batches(reference):
        ids, _ = encode(batch, vocabulary)
        counts = np.pad(counts, (0, len(vocabulary) - counts.size))
        counts += np.bincount(ids, minlength=counts.size)
    real = _rarity(reference, vocabulary, counts, own=True)
    if real.size < bins:
        raise InputError(
            f"{real.size} real texts cannot be parted into {bins} groups. Use fewer bins."
        )
    edges = np.quantile(real, np.arange(1, bins) / bins)
    candidates = _rarity(texts, vocabulary, counts, own=False)
    return (
        np.searchsorted(edges, candidates, side="left"),
        np.bincount(np.searchsorted(edges, real, side="left"), minlength=bins),
    )


def _rarity(
    texts: Iterable[str | None], vocabulary: Vocabulary, counts: Codes, *, own: bool
) -> Floats:
    """Mean surprise of the words of each text, at most one text's own words left out."""
    tokens = int(counts.sum())
    found = [np.empty(0)]
    for batch in batches(texts):
        ids, text = encode(batch, vocabulary)
        lengths = np.bincount(text, minlength=len(batch))
        known = np.append(counts, np.zeros(len(vocabulary) - counts.size, dtype=np.int64))
        often, rest = known[ids], np.full(ids.size, tokens)
        if own:
            _, back, times = np.unique(
                np.stack([text, ids]), axis=1, return_inverse=True, return_counts=True
            )
            often, rest = often - times[np.ravel(back)], rest - lengths[text]
        surprise = np.log(rest + 0.5) - np.log(often + 0.5)
        total = np.bincount(text, surprise, minlength=len(batch))
        found.append(np.where(lengths > 0, total / np.maximum(lengths, 1), -np.inf))
    values = np.concatenate(found)
    # A text without words must not move the edges of the groups to infinity.
    finite = values[np.isfinite(values)]
    return np.where(np.isfinite(values), values, finite.min() if finite.size else 0.0)
