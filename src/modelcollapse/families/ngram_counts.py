"""Counts of all n-grams up to an order: one tree in sorted arrays, which can be merged.

A node is an n-gram. Its parent is the n-gram without the last token, its suffix the n-gram without
the first one. Nodes are numbered level by level, and within a level by parent and token, so the
children of a node are neighbours, and one sorted array of keys ``parent * alphabet + token`` finds
any of them. No n-gram is ever packed into one number, so no order and no vocabulary is too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import Incompatible
from modelcollapse.families.texts import Texts, check_shared

Nodes = NDArray[np.intp]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class NGramCounts:
    """Sufficient statistics of texts for an n-gram model of one order.

    Tokens are the word's number in the vocabulary, plus two of our own: `end` closes a document
    and is counted like a word, `start` opens it and is only ever a context. Blocked texts have
    neither, since their records are cut from running text.

    Parameters
    ----------
    order : int
        Length of the longest n-grams.
    vocabulary : tuple of str
        The words.
    block : int or None
        Tokens in every record, for blocked texts.
    documents : int
        Records counted.
    longest : int
        Tokens in the longest record.
    levels : ndarray of int, shape (order + 2,)
        The nodes of length k are ``levels[k]`` to ``levels[k + 1] - 1``; node 0 is the empty one.
    parent, suffix : ndarray of int, shape (nodes,)
        Links between nodes; those of node 0 lead to itself.
    token : ndarray of int32, shape (nodes,)
        Last token of each node. All tokens of the alphabet have a node of length 1, seen or not.
    count : ndarray of int64, shape (nodes,)
        How often each n-gram occurs; 0 for node 0 and for `start`.
    """

    order: int
    vocabulary: tuple[str, ...]
    block: int | None
    documents: int
    longest: int
    levels: Nodes
    parent: Nodes
    suffix: Nodes
    token: NDArray[np.int32]
    count: Counts

    @classmethod
    def of(cls, texts: Texts, order: int) -> NGramCounts:
        """Count the n-grams of texts; none reaches across two records."""
        tokens, age = _stream(texts)
        alphabet = len(texts.vocabulary) + 2
        seen = np.bincount(tokens, minlength=alphabet)
        seen[alphabet - 1] = 0
        levels = [0, 1, 1 + alphabet]
        parents = [np.zeros(1 + alphabet, np.intp)]
        suffixes = [np.zeros(1 + alphabet, np.intp)]
        last = [np.arange(-1, alphabet, dtype=np.int32)]
        counts = [np.concatenate([np.zeros(1, np.int64), seen])]
        node = tokens + np.intp(1)  # of the n-gram that ends at each place
        ranked = _sorted_by(tokens)  # places, in the order of those n-grams
        for length in range(2, order + 1):
            # A stable sort by one more token in front keeps the order of what is behind it.
            ranked = ranked[(age >= length - 1)[ranked]]
            front = tokens[ranked - (length - 1)]
            by_front = _sorted_by(front)
            ranked, front = ranked[by_front], front[by_front]
            suffix = node[ranked]
            runs = _runs((front[1:] != front[:-1]) | (suffix[1:] != suffix[:-1]), ranked.size)
            example = ranked[runs]
            parents.append(node[example - 1])
            suffixes.append(suffix[runs])
            last.append(tokens[example])
            counts.append(np.diff(np.append(runs, ranked.size)))
            if length < order:
                node = np.zeros(tokens.size, np.intp)
                node[ranked] = levels[-1] + _numbered(runs, ranked.size)
            levels.append(levels[-1] + runs.size)
        return cls(
            order,
            texts.vocabulary,
            texts.block,
            len(texts),
            int(np.diff(texts.starts).max(initial=0)),
            np.array(levels),
            np.concatenate(parents),
            np.concatenate(suffixes),
            np.concatenate(last),
            np.concatenate(counts),
        )

    def __repr__(self) -> str:
        return (
            f"NGramCounts(order {self.order}, {self.documents} documents, "
            f"{self.events} tokens, {self.count.size - 1} n-grams)"
        )

    @property
    def alphabet(self) -> int:
        """Words and the two symbols."""
        return len(self.vocabulary) + 2

    @property
    def end(self) -> int:
        """Token that closes a document."""
        return self.alphabet - 2

    @property
    def start(self) -> int:
        """Token that opens a document."""
        return self.alphabet - 1

    @property
    def unigram(self) -> Counts:
        """How often each word of the vocabulary occurs, shape ``(vocabulary,)``."""
        return self.count[1 : 1 + len(self.vocabulary)]

    def distinct(self, length: int) -> float:
        """Different n-grams of one length divided by all of them (distinct-n), NaN if none.

        `length` is 1 to `order`; the end symbol counts as a token.
        """
        count = self.count[self.levels[length] : self.levels[length + 1]]
        return float(np.count_nonzero(count) / count.sum()) if count.any() else float("nan")

    @property
    def events(self) -> int:
        """How many tokens were counted, ends of documents included."""
        return int(self.count[1 : 1 + self.alphabet].sum())

    @cached_property
    def first(self) -> Nodes:
        """Children of node `s` are ``first[s]`` to ``first[s + 1] - 1``; shape ``(nodes + 1,)``."""
        children = np.bincount(self.parent[1:], minlength=self.parent.size)
        return np.concatenate([[1], 1 + np.cumsum(children)])

    @cached_property
    def _keys(self) -> Counts:
        return self.parent[1:] * self.alphabet + self.token[1:]

    def find(self, parent: Nodes, token: NDArray[np.int32]) -> Nodes:
        """Child of each parent by its last token, or 0 where that n-gram was not seen.

        Node 0 as a parent gives the node of the token itself.
        """
        keys = parent * self.alphabet + token
        place = np.searchsorted(self._keys, keys)
        place[place == self._keys.size] = 0
        return np.where(self._keys[place] == keys, place + 1, 0)

    def locate(self, texts: Texts) -> tuple[NDArray[np.int32], NDArray[np.intp], list[Nodes]]:
        """Find the n-grams that end at each token of texts.

        Returns
        -------
        tokens : ndarray of int32, shape (stream,)
            All documents with their symbols, one after another.
        age : ndarray of int, shape (stream,)
            Tokens before each one within its record.
        nodes : list of ndarray, each shape (stream,)
            Entry k holds the nodes of length k, 0 where the n-gram was not seen or would begin
            before the record.
        """
        tokens, age = _stream(texts)
        nodes = [np.zeros(tokens.size, np.intp), tokens + np.intp(1)]
        for length in range(2, self.order + 1):
            known = np.flatnonzero(age >= length - 1)
            known = known[nodes[-1][known - 1] > 0]
            node = np.zeros(tokens.size, np.intp)
            node[known] = self.find(nodes[-1][known - 1], tokens[known])
            nodes.append(node)
        return tokens, age, nodes


def _stream(texts: Texts) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """All records one after another, each token with its position in the record."""
    lengths = np.diff(texts.starts)
    if texts.block is not None:
        return texts.ids, np.tile(np.arange(texts.block), len(texts))
    lengths = lengths + 2
    opens = np.concatenate([[0], np.cumsum(lengths)])
    age = np.arange(opens[-1]) - np.repeat(opens[:-1], lengths)
    tokens = np.empty(opens[-1], np.int32)
    inside = np.ones(opens[-1], dtype=bool)
    inside[opens[:-1]] = inside[opens[1:] - 1] = False
    tokens[inside] = texts.ids
    tokens[opens[:-1]] = len(texts.vocabulary) + 1
    tokens[opens[1:] - 1] = len(texts.vocabulary)
    return tokens, age


def _sorted_by(tokens: NDArray[np.int32]) -> Nodes:
    """Positions in the stable order of their tokens.

    By 16 bits at a time, for which NumPy has a linear sort; comparing is several times slower.
    """
    ranked = np.argsort((tokens & 0xFFFF).astype(np.uint16), kind="stable")
    if tokens.max(initial=0) > 0xFFFF:
        upper = (tokens >> 16).astype(np.uint16)
        ranked = ranked[np.argsort(upper[ranked], kind="stable")]
    return ranked


def _runs(changes: NDArray[np.bool_], size: int) -> Nodes:
    """Where each run of equal entries begins, given whether each differs from the one before."""
    return np.concatenate([np.arange(min(size, 1)), 1 + np.flatnonzero(changes)])


def _numbered(runs: Nodes, size: int) -> Nodes:
    """Which run each of `size` entries belongs to."""
    number = np.zeros(size, np.intp)
    number[runs[1:]] = 1
    return np.cumsum(number)


@records.size.register
def _(data: NGramCounts) -> int:
    return data.documents


@records.join.register
def _(first: NGramCounts, parts: Sequence[NGramCounts]) -> NGramCounts:
    for part in parts:
        check_shared(first, part)
        if part.order != first.order:
            raise Incompatible(
                f"n-gram counts of order {first.order} and {part.order} cannot be joined. "
                "Summarise all texts with one learner."
            )
    # Where the node of each part went; node 0 and the single tokens are the same in all.
    moved = [np.arange(part.count.size) for part in parts]
    shared = int(first.levels[2])
    levels = list(first.levels[:3])
    parents, suffixes, tokens = (
        [first.parent[:shared]],
        [first.suffix[:shared]],
        [first.token[:shared]],
    )
    counts = [np.sum([part.count[:shared] for part in parts], axis=0)]
    for length in range(2, first.order + 1):
        spans = [slice(part.levels[length], part.levels[length + 1]) for part in parts]
        rows = list(zip(parts, moved, spans, strict=True))
        parent = np.concatenate([to[part.parent[span]] for part, to, span in rows])
        suffix = np.concatenate([to[part.suffix[span]] for part, to, span in rows])
        token = np.concatenate([part.token[span] for part, _, span in rows])
        count = np.concatenate([part.count[span] for part, _, span in rows])
        keys = parent * first.alphabet + token
        ranked = np.argsort(keys, kind="stable")  # a merge: each part is in order already
        ordered = keys[ranked]
        runs = _runs(ordered[1:] != ordered[:-1], keys.size)
        example = ranked[runs]
        parents.append(parent[example])
        suffixes.append(suffix[example])
        tokens.append(token[example])
        counts.append(np.add.reduceat(count[ranked], runs) if runs.size else count)
        node = np.empty(keys.size, np.intp)
        node[ranked] = levels[-1] + _numbered(runs, keys.size)
        pieces = np.split(node, np.cumsum([span.stop - span.start for span in spans])[:-1])
        for to, span, piece in zip(moved, spans, pieces, strict=True):
            to[span] = piece
        levels.append(levels[-1] + runs.size)
    return NGramCounts(
        first.order,
        first.vocabulary,
        first.block,
        sum(part.documents for part in parts),
        max(part.longest for part in parts),
        np.array(levels),
        np.concatenate(parents),
        np.concatenate(suffixes),
        np.concatenate(tokens),
        np.concatenate(counts),
    )
