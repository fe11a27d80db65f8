"""Documents that are nearly the same, and which they are."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from modelcollapse.metrics._arguments import Floats
from modelcollapse.metrics.documents.corpus import Corpus
from modelcollapse.metrics.minhash import (
    Clusters,
    Hashes,
    band_keys,
    check_likeness,
    in_company,
    shingles,
)

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of documents that are nearly the same, the most similar first.

    Attributes
    ----------
    first, second : ndarray of int, shape (pairs,)
        Positions in the lists that the corpora came from.
    similarity : ndarray, shape (pairs,)
        Jaccard similarity of their shingles, exact.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    similarity: Floats


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Documents of both sides that are nearly the same.

    Attributes
    ----------
    clusters, reference_clusters : ndarray of int, shape (documents,)
        Cluster of each document, for `shared_clusters`; a cluster can span both sides.
    new, reference : Pairs
        Examples within either side, at most one for each document.
    across : Pairs
        Examples of a new document (first) that is nearly a real one (second).
    """

    clusters: NDArray[np.intp]
    reference_clusters: NDArray[np.intp]
    new: Pairs
    reference: Pairs
    across: Pairs


def near_duplicates(
    new: Corpus, reference: Corpus, *, threshold: float = 0.7, run: int = 3
) -> NearDuplicates:
    """Find the documents that are nearly the same, within either side and across.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    threshold : float, default 0.7
        Jaccard similarity, from above 0 to 1, from which on two documents are duplicates.
    run : int, default 3
        Tokens in a shingle, at least 1; take 5 for characters. A document with fewer is one
        shingle.

    Returns
    -------
    NearDuplicates
        Clusters, and pairs as examples.

    Raises
    ------
    InputError
        If a number is out of range.
    Missing
        If the package rensa is not installed.

    Notes
    -----
    Minhash signatures of 128 values (Broder 1997) in bands say which pairs to compare; these are
    compared exactly. A pair at the threshold is overlooked with probability below 0.001, a closer
    one less often. Clusters are connected components. The pairs are those that joined two
    clusters, so that there are fewer of them than documents however much is copied.

    Examples
    --------
    >>> from modelcollapse.metrics.documents import corpora
    >>> found = near_duplicates(*corpora(["The cat sat.", "the cat sat", "A dog"], ["It rains"]))
    >>> found.new.first.tolist(), found.new.second.tolist(), found.new.similarity.tolist()
    ([0], [1], [1.0])
    """
    check_likeness(threshold, run)
    hashes = np.array(
        [int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(),
                        "little") for word in new.vocabulary], dtype=np.uint64
    )  # fmt: skip
    flat, offsets = _joined([_shingles(part, hashes, run) for part in (new, reference)])
    original, same = _equal(flat, offsets)
    found = Clusters(original.size)
    lengths = np.diff(offsets)[original]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    shift = np.repeat(offsets[:-1][original] - ends[:-1], lengths)
    keys = band_keys(flat[np.arange(ends[-1]) + shift], ends, threshold, extra="audit")
    sets = {
        int(i): np.unique(flat[offsets[original[i]] : offsets[original[i] + 1]])
        for i in np.flatnonzero(in_company(keys))
    }
    found.join_shared(keys, sets, threshold)
    repeats = np.setdiff1d(np.arange(same.size), original)
    joined = [(int(original[same[i]]), int(i), 1.0) for i in repeats]
    joined += [(int(original[i]), int(original[j]), s) for i, j, s in found.pairs]
    clusters = found.roots()[same].astype(np.intp)
    ends_of = np.array([pair[:2] for pair in joined], dtype=np.intp).reshape(-1, 2)
    return NearDuplicates(
        clusters[: len(new)],
        clusters[len(new) :],
        *_examples(ends_of, np.array([s for *_, s in joined], dtype=np.float64), new, reference),
    )


def _joined(
    sides: list[tuple[Hashes, NDArray[np.int64]]],
) -> tuple[Hashes, NDArray[np.int64]]:
    (first, starts), (second, more) = sides
    return np.concatenate([first, second]), np.concatenate([starts, more[1:] + first.size])


def _examples(
    ends: NDArray[np.intp], similarity: Floats, new: Corpus, reference: Corpus
) -> tuple[Pairs, Pairs, Pairs]:
    """Pairs within the new documents, within the reference, and across."""
    real = ends >= len(new)
    position = np.concatenate([new.positions, reference.positions])[ends]
    kinds = real.sum(axis=1)
    # across, the new document stands first; else the one given first does
    line = np.where((kinds == 1)[:, None], real, position)
    position = np.take_along_axis(position, np.argsort(line, axis=1, kind="stable"), axis=1)
    order = np.lexsort((position[:, 1], position[:, 0], -similarity))
    inside, outside, across = (order[kinds[order] == kind] for kind in (0, 2, 1))
    first, second, third = (
        Pairs(position[which, 0], position[which, 1], similarity[which])
        for which in (inside, outside, across)
    )
    return first, second, third


def _shingles(part: Corpus, hashes: Hashes, run: int) -> tuple[Hashes, NDArray[np.int64]]:
    """Shingles of all documents one after another, and where each document begins."""
    tokens, lengths = hashes[part.ids], part.lengths
    found = shingles(tokens, run)
    inside = part.owners[: found.size] == part.owners[tokens.size - found.size :]
    size = np.maximum(lengths - run + 1, 1)
    offsets = np.concatenate([[0], np.cumsum(size)])
    flat = np.zeros(int(offsets[-1]), dtype=np.uint64)
    (brief,) = np.nonzero(lengths < run)
    filled = np.ones(flat.size, dtype=np.bool_)
    filled[offsets[brief]] = False
    flat[filled] = found[inside]
    for i in brief.tolist():
        flat[offsets[i]] = shingles(tokens[part.starts[i] : part.starts[i + 1]], int(lengths[i]))[0]
    return flat, offsets


def _equal(flat: Hashes, offsets: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of each kind of equal documents, and the number of its kind for each document."""
    place = np.arange(flat.size) - np.repeat(offsets[:-1], np.diff(offsets))
    mixed = (flat ^ (place.astype(np.uint64) * _MIX)) * _MIX
    mixed ^= mixed >> np.uint64(31)
    fingerprint = np.add.reduceat(mixed, offsets[:-1])
    _, first, kind = np.unique(fingerprint, return_index=True, return_inverse=True)
    return first, kind
