"""Documents as numbers: token ids of many texts in one array, with one shared vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError

Tokenizer = Callable[[str], Sequence[str]]

UNKNOWN = "<unknown>"
"""The word that stands for all that a vocabulary lacks; `words` never finds it in a text."""

_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """Split a text into words and punctuation marks.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Runs of letters, digits and underscores (an apostrophe inside a word belongs to it), and
        every other character that is not white space by itself.

    Examples
    --------
    >>> words("It isn't over, is it?")
    ['It', "isn't", 'over', ',', 'is', 'it', '?']
    """
    return _TOKEN.findall(text)


@dataclass(frozen=True, eq=False, repr=False)
class Texts:
    """Documents as token ids; a record is one document.

    Parameters
    ----------
    ids : ndarray of int32, shape (tokens,)
        Positions in the vocabulary, all documents one after another.
    starts : ndarray of int64, shape (n + 1,)
        Document `i` is ``ids[starts[i]:starts[i + 1]]``; documents may be empty.
    vocabulary : tuple of str
        The words. Texts that were taken, joined or sampled share this object.
    block : int, optional
        Set where every record is a window of this many tokens cut from running text (see
        `blocks`), rather than a document with a beginning and an end of its own.

    Raises
    ------
    InputError
        If `starts` are no offsets into `ids`, an id lies outside the vocabulary, or a record of
        a blocked text does not hold `block` tokens.

    Examples
    --------
    >>> texts = Texts.of(["the cat sat.", "the dog sat."])
    >>> texts
    Texts(2 documents, 8 tokens, vocabulary 5)
    >>> texts.to_strings()
    ['the cat sat .', 'the dog sat .']
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    vocabulary: tuple[str, ...]
    block: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.asarray(self.ids, dtype=np.int32))
        object.__setattr__(self, "starts", np.asarray(self.starts, dtype=np.int64))
        object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        lengths = np.diff(self.starts)
        if (
            self.ids.ndim != 1
            or self.starts.ndim != 1
            or self.starts.size == 0
            or self.starts[0] != 0
            or self.starts[-1] != self.ids.size
            or (lengths < 0).any()
        ):
            raise InputError(
                "starts must rise from 0 to the number of token ids, one more entry than there "
                f"are documents; got {self.starts.size} of them for {self.ids.size} ids. "
                "Build texts with Texts.of."
            )
        if self.ids.size and not 0 <= self.ids.min() <= self.ids.max() < len(self.vocabulary):
            raise InputError(
                f"token ids must lie between 0 and {len(self.vocabulary) - 1}, the last word of "
                f"the vocabulary; got {self.ids.min()} to {self.ids.max()}."
            )
        if self.block is not None and (self.block < 1 or (lengths != self.block).any()):
            raise InputError(
                f"every record of a text in blocks of {self.block} holds that many tokens, at "
                "least 1. Cut running text with Texts.blocks."
            )

    @classmethod
    def of(
        cls,
        documents: Iterable[str],
        *,
        tokenizer: Tokenizer = words,
        lower: bool = False,
        vocabulary: Sequence[str] | None = None,
    ) -> Texts:
        """Tokenise documents and number their words.

        Texts can be joined and scored only where they share a vocabulary, so tokenise training
        and held-out documents together and part them with `modelcollapse.records.take`, or hand
        on the vocabulary.

        Parameters
        ----------
        documents : iterable of str
            One text a record.
        tokenizer : callable, default `words`
            Turns one text into a sequence of words.
        lower : bool, default False
            Change to lower case first.
        vocabulary : sequence of str, optional
            Numbers of the words. Words outside of it become `UNKNOWN`, which it must then hold.
            By default the words of the documents in order of first appearance.

        Returns
        -------
        Texts
            As many records as documents.

        Raises
        ------
        InputError
            If `documents` is one string, or holds something else than strings, or a word
            that a `vocabulary` without `UNKNOWN` lacks.
        """
        if isinstance(documents, str):
            raise InputError(
                "documents must be a collection of strings, one a record, and got one string. "
                "Put it into a list."
            )
        number = {} if vocabulary is None else {word: i for i, word in enumerate(vocabulary)}
        unknown = number.get(UNKNOWN)
        ids: list[int] = []
        starts = [0]
        for document in documents:
            if not isinstance(document, str):
                raise InputError(
                    f"every document must be a string, got {type(document).__name__} at position "
                    f"{len(starts) - 1}. Convert the records to text first."
                )
            text = document.lower() if lower else document
            tokens = tokenizer(text)
            if vocabulary is None:
                ids.extend([number.setdefault(word, len(number)) for word in tokens])
            elif unknown is not None:
                ids.extend([number.get(word, unknown) for word in tokens])
            else:
                try:
                    ids.extend([number[word] for word in tokens])
                except KeyError as error:
                    raise InputError(
                        f"the vocabulary lacks the word {error}, and no '{UNKNOWN}' that could "
                        "stand for it. Add either, or tokenise all documents together."
                    ) from None
            starts.append(len(ids))
        return cls(
            np.array(ids, np.int32),
            np.array(starts, np.int64),
            tuple(number) if vocabulary is None else tuple(vocabulary),
        )

    def __len__(self) -> int:
        return self.starts.size - 1

    def __repr__(self) -> str:
        kind = "documents" if self.block is None else f"blocks of {self.block}"
        return (
            f"Texts({len(self)} {kind}, {self.ids.size} tokens, vocabulary {len(self.vocabulary)})"
        )

    def to_strings(self) -> list[str]:
        """Write the documents as strings, one space between two tokens.

        The default tokenizer finds the same tokens in them again.
        """
        spelt = np.array(self.vocabulary, dtype=object)[self.ids].tolist()
        bounds = self.starts.tolist()
        return [" ".join(spelt[a:b]) for a, b in pairwise(bounds)]

    def blocks(self, length: int = 64) -> Texts:
        """Cut the running text into windows of equal length, as language models are trained.

        Documents are put end to end, so a window may reach across two of them; the tokens left
        over at the end, fewer than `length`, are dropped.

        Parameters
        ----------
        length : int, default 64
            Tokens in a window, at least 1.

        Returns
        -------
        Texts
            One record a window, with `block` set.

        Raises
        ------
        InputError
            If `length` is below 1.
        """
        if length < 1:
            raise InputError(f"a block holds at least 1 token, got length={length}.")
        n = self.ids.size // length
        return Texts(
            self.ids[: n * length], np.arange(n + 1) * length, self.vocabulary, block=length
        )


class Lexical(Protocol):
    """Texts, or a summary of texts."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words."""
        ...

    @property
    def block(self) -> int | None:
        """Tokens in every record, for blocked texts."""
        ...


def check_shared(first: Lexical, other: Lexical) -> None:
    """Raise Incompatible unless both share the vocabulary and the kind of record."""
    check_words(first, other)
    if first.block != other.block:
        raise Incompatible(
            f"records of different kinds cannot be joined or compared: block={first.block} and "
            f"block={other.block}. Cut both with Texts.blocks of one length, or neither."
        )


def check_words(first: Lexical, other: Lexical) -> None:
    """Raise Incompatible unless both share the vocabulary."""
    if first.vocabulary is not other.vocabulary and first.vocabulary != other.vocabulary:
        raise Incompatible(
            "texts with different vocabularies cannot be joined or compared: the same number "
            f"means another word ({len(first.vocabulary)} and {len(other.vocabulary)} words). "
            "Tokenise them together with one call of Texts.of, then take parts."
        )


@records.size.register
def _(data: Texts) -> int:
    return len(data)


@records.layout.register
def _(data: Texts) -> object:
    return ("texts", data.block)


@records.take.register
def _(data: Texts, indices: records.Indices) -> Texts:
    indices = np.asarray(indices, dtype=np.intp)
    if data.block is not None:
        ids = data.ids.reshape(-1, data.block)[indices].ravel()
        return Texts(ids, np.arange(len(indices) + 1) * data.block, data.vocabulary, data.block)
    lengths = np.diff(data.starts)[indices]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    shift = np.repeat(data.starts[:-1][indices] - starts[:-1], lengths)
    return Texts(data.ids[np.arange(starts[-1]) + shift], starts, data.vocabulary)


@records.join.register
def _(first: Texts, parts: Sequence[Texts]) -> Texts:
    for part in parts:
        check_shared(first, part)
    shifts = np.cumsum([0, *(part.ids.size for part in parts)])
    starts = [part.starts[:-1] + shift for part, shift in zip(parts, shifts, strict=False)]
    return Texts(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([*starts, shifts[-1:]]),
        first.vocabulary,
        first.block,
    )
