"""Documents of both sides as numbers: one tokenisation, one vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.metrics.documents._tokens import Numbers, Unit, tokenise
from modelcollapse.metrics.jackknife import (
    GROUPS,
    GroupedCounts,
    Groups,
    cluster_groups,
    grouped_counts,
)


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """Documents of one side, as token numbers; made by `corpora`.

    Attributes
    ----------
    texts : tuple of str
        Documents as they were given, without those that hold no word.
    positions : ndarray of int, shape (documents,)
        Where each stood in the list it came from. Documents are in the order of their groups.
    ids : ndarray of int32, shape (tokens,)
        Positions in the vocabulary, all documents one after another.
    starts : ndarray of int64, shape (documents + 1,)
        Document `i` is ``ids[starts[i]:starts[i + 1]]``.
    sources : ndarray of int, shape (documents,)
        What was sampled: each document by itself, or the cluster that it belongs to; numbered
        from 0 and never falling.
    source_groups : ndarray of int, shape (sources,)
        Jackknife group of each source, never falling.
    vocabulary : tuple of str
        The words, those of the other side included.
    unit : {"words", "characters"}
        What tokens are.
    """

    texts: tuple[str, ...]
    positions: NDArray[np.intp]
    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    sources: NDArray[np.intp]
    source_groups: Groups
    vocabulary: tuple[str, ...]
    unit: Unit

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return (
            f"Corpus({len(self)} documents, {self.ids.size} tokens, vocabulary "
            f"{len(self.vocabulary)})"
        )

    @property
    def groups(self) -> int:
        """Number of jackknife groups."""
        return int(self.source_groups[-1]) + 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document, shape (documents,)."""
        return np.diff(self.starts)

    @cached_property
    def document_groups(self) -> Groups:
        """Jackknife group of each document, shape (documents,)."""
        return np.asarray(self.source_groups[self.sources])

    @cached_property
    def owners(self) -> NDArray[np.int32]:
        """Document of each token, shape (tokens,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    @cached_property
    def token_sources(self) -> NDArray[np.int32]:
        """Source of each token, shape (tokens,)."""
        return np.repeat(self.sources.astype(np.int32), self.lengths)

    def token_counts(self) -> GroupedCounts:
        """Tokens of each word and jackknife group, for the measures of counts.

        Raises
        ------
        InputError
            If all documents make one group.
        """
        return grouped_counts(self.ids, self.document_groups[self.owners], len(self.vocabulary))

    def take(self, documents: ArrayLike) -> Corpus:
        """Some of the documents.

        Parameters
        ----------
        documents : array_like of int, shape (k,)
            Which, in rising order; at least one.

        Returns
        -------
        Corpus
            With the same vocabulary, and groups made anew.
        """
        chosen = np.asarray(documents, dtype=np.intp)
        lengths = self.lengths[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        shift = np.repeat(self.starts[:-1][chosen] - starts[:-1], lengths)
        return _grouped(
            [self.texts[i] for i in chosen.tolist()],
            self.positions[chosen],
            self.ids[np.arange(starts[-1]) + shift],
            starts,
            self.sources[chosen],
            self.vocabulary,
            self.unit,
        )

    def without_copies(self) -> Corpus:
        """The documents without exact duplicates: of equal texts the first one given stays."""
        first: dict[str, int] = {}
        for i in np.argsort(self.positions).tolist():
            first.setdefault(self.texts[i], i)
        return self if len(first) == len(self) else self.take(np.sort(list(first.values())))

    def phrase(self, ids: ArrayLike) -> str:
        """Spell tokens: words parted by spaces, characters not at all.

        Parameters
        ----------
        ids : array_like of int, shape (k,)
            Positions in the vocabulary.
        """
        between = " " if self.unit == "words" else ""
        return between.join(self.vocabulary[i] for i in np.asarray(ids).tolist())


def corpora(
    new: Sequence[str | None],
    reference: Sequence[str | None],
    *,
    unit: Unit = "words",
    clusters: ArrayLike | None = None,
    reference_clusters: ArrayLike | None = None,
) -> tuple[Corpus, Corpus]:
    """Tokenise the documents of both sides.

    Parameters
    ----------
    new, reference : sequence of str
        Documents. None, and what holds no letter and no digit, is left out.
    unit : {"words", "characters"}, default "words"
        Tokens: runs of letters, digits and underscores in lower case, or each of these by itself,
        for languages that part no words by spaces.
    clusters, reference_clusters : array_like, shape (documents,), optional
        What documents belong together: those of one author, customer or book. Errors are then
        those of a sample of clusters. By default each document was sampled by itself.

    Returns
    -------
    tuple of Corpus
        The new documents and the reference, with one vocabulary.

    Raises
    ------
    InputError
        If a side is one string, holds something else than strings or no word at all, there are
        not as many clusters as documents, or the unit is unknown.

    Examples
    --------
    >>> new, reference = corpora(["The cat sat."], ["A dog sat.", "A cat ran."])
    >>> reference
    Corpus(2 documents, 6 tokens, vocabulary 6)
    >>> reference.phrase(reference.ids)
    'a dog sat a cat ran'
    """
    if unit not in get_args(Unit):
        raise InputError(f"there is no unit '{unit}'. {suggestion(unit, get_args(Unit))}")
    numbers = Numbers()
    read = [
        _read(documents, name, unit, numbers, belongs)
        for documents, name, belongs in (
            (reference, "the reference", reference_clusters), (new, "the new documents", clusters)
        )
    ]  # fmt: skip
    vocabulary = tuple(numbers)
    other, first = (_grouped(*parts, vocabulary, unit) for parts in read)
    return first, other


_Parts = tuple[list[str], NDArray[np.intp], NDArray[np.int32], NDArray[np.int64], NDArray[np.intp]]


def _read(
    documents: Sequence[str | None],
    name: str,
    unit: Unit,
    numbers: Numbers,
    clusters: ArrayLike | None,
) -> _Parts:
    if isinstance(documents, str):
        raise InputError(
            f"{name} must be a list of strings, one a document, and are one string. Put it into "
            "a list."
        )
    wrong = {kind for kind in set(map(type, documents)) if not issubclass(kind, (str, type(None)))}
    if wrong:
        position = next(i for i, text in enumerate(documents) if type(text) in wrong)
        raise InputError(
            f"every document must be a string, and {name} hold {documents[position]!r} at "
            f"position {position}. Convert the column to text, or name another."
        )
    given = [text or "" for text in documents]
    ids, lengths = tokenise(given, unit, numbers)
    (held,) = np.nonzero(lengths)
    if not held.size:
        raise InputError(
            f"{name} hold no word: there is nothing to compare. Give at least one document with "
            "letters or digits."
        )
    texts = given if held.size == len(given) else [given[i] for i in held.tolist()]
    starts = np.concatenate([[0], np.cumsum(lengths[held])])
    sources = np.arange(len(texts))
    if clusters is not None:
        codes = np.unique(np.ravel(np.asarray(clusters)), return_inverse=True)[1]
        if codes.size != len(documents):
            raise InputError(
                f"{codes.size} clusters do not fit the {len(documents)} documents of {name}. Give "
                "each document its cluster."
            )
        sources = np.unique(codes[held], return_inverse=True)[1]
    return texts, held, ids, starts, sources


def _grouped(
    texts: Sequence[str],
    positions: NDArray[np.intp],
    ids: NDArray[np.int32],
    starts: NDArray[np.int64],
    sources: NDArray[np.intp],
    vocabulary: tuple[str, ...],
    unit: Unit,
) -> Corpus:
    """Put documents in the order of their groups, and number what was sampled in that order."""
    _, source = np.unique(sources, return_inverse=True)
    many = int(source.max()) + 1
    groups = min(GROUPS, many)
    group = cluster_groups(source, groups) if groups > 1 else np.zeros(len(texts), dtype=np.intp)
    order = np.lexsort((source, group))
    parted = source[order]
    numbered = np.cumsum(np.append(False, parted[1:] != parted[:-1]))
    first = np.flatnonzero(np.append(True, parted[1:] != parted[:-1]))
    lengths = np.diff(starts)[order]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    shift = np.repeat(starts[:-1][order] - ends[:-1], lengths)
    return Corpus(
        tuple(texts[i] for i in order.tolist()),
        positions[order],
        ids[np.arange(ends[-1]) + shift],
        ends,
        numbered.astype(np.intp),
        group[order][first],
        vocabulary,
        unit,
    )


def matched(new: Corpus, reference: Corpus) -> tuple[Corpus, Corpus]:
    """Bring both sides to about as many tokens, by leaving documents out of the larger one.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.

    Returns
    -------
    tuple of Corpus
        The same, but for the larger one, of which every so many sources stay. At least two do
        where there were two.

    Notes
    -----
    Documents are left out whole: tokens drawn one by one would come from more documents, and show
    more words than as many tokens of whole documents do.
    """
    tokens = min(new.ids.size, reference.ids.size)
    first, second = (_shortened(part, tokens) for part in (new, reference))
    return first, second


def _shortened(part: Corpus, tokens: int) -> Corpus:
    many = part.source_groups.size
    stay = max(round(many * tokens / part.ids.size), min(2, many))
    if stay >= many:
        return part
    chosen = np.floor((np.arange(stay) + 0.5) * many / stay).astype(np.intp)
    return part.take(np.flatnonzero(np.isin(part.sources, chosen)))
