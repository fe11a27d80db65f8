"""Texts in the tokens of a language model: nothing is lost between two generations.

A string that a model wrote and its tokens were decoded to may be split into other tokens when it
is read again, so a chain over strings drifts by its tokenizer as well. `Tokens` flow as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.families.texts import Texts
from modelcollapse.learners.language.codec import Codec
from modelcollapse.protocols import Model
from modelcollapse.sources import FiniteSource, present


@dataclass(frozen=True, eq=False, repr=False)
class Tokens(Texts):
    """Documents, or blocks of running text, as tokens of a language model.

    All measures of `Texts` read them, a token in place of a word.

    Parameters
    ----------
    ids, starts, vocabulary, block
        As in `Texts`; the vocabulary is the codec's.
    codec : Codec
        What turns the numbers into text again.
    """

    codec: Codec = field(kw_only=True)

    @classmethod
    def of(cls, documents: Iterable[str], codec: Codec) -> Tokens:  # type: ignore[override]
        """Tokenise documents.

        Parameters
        ----------
        documents : iterable of str
            One text a record.
        codec : Codec
            The tokenizer.

        Returns
        -------
        Tokens
            As many records as documents.
        """
        ids = codec.encode(list(documents))
        return cls(
            np.fromiter(chain.from_iterable(ids), np.int32),
            np.cumsum([0, *map(len, ids)]),
            codec.vocabulary,
            codec=codec,
        )

    @classmethod
    def number(cls, texts: Texts, codec: Codec) -> Tokens:
        """Give texts, whose vocabulary is a codec's, the means to be decoded."""
        return cls(texts.ids, texts.starts, texts.vocabulary, texts.block, codec=codec)

    def to_strings(self) -> list[str]:
        """Text of the records, decoded one by one."""
        ids, bounds = self.ids.tolist(), self.starts.tolist()
        return self.codec.decode([ids[a:b] for a, b in pairwise(bounds)])

    def blocks(self, length: int = 64) -> Tokens:
        """Cut the running text into windows of equal length; see `Texts.blocks`."""
        return Tokens.number(super().blocks(length), self.codec)


@records.take.register
def _(data: Tokens, indices: records.Indices) -> Tokens:
    return Tokens.number(records.take.dispatch(Texts)(data, indices), data.codec)


@records.join.register
def _(first: Tokens, parts: Sequence[Texts]) -> Tokens:
    return Tokens.number(records.join.dispatch(Texts)(first, parts), first.codec)


@dataclass(frozen=True)
class TokenBlocks(FiniteSource):
    """Truth: running text in blocks of tokens, as language models are trained.

    The texts of a source are put end to end in their order and cut; what is left over at the end
    is dropped.

    Parameters
    ----------
    source : Model
        A finite source of texts, such as `File`, or `Empirical` of a list of strings.
    tokenizer : str, optional
        Name on the Hugging Face hub, or a folder, of the model whose tokens to use: the same as
        the learner's. When not given, a byte-level BPE vocabulary is learnt from the source.
    vocabulary : int, default 8192
        Most tokens of a vocabulary that is learnt here.
    block : int, default 64
        Tokens in a record, at least 2.

    Raises
    ------
    InputError
        If the source holds no texts, or fewer tokens than a block, when first read.
    Missing
        If the packages of the extra ``neural`` are not installed, when first read.
    """

    source: Model[Any]
    tokenizer: str | None = None
    vocabulary: int = 8192
    block: int = 64

    def __post_init__(self) -> None:
        if self.block < 2:
            raise InputError(
                f"a block of {self.block} tokens has none that follows another. Use at least 2."
            )

    @cached_property
    def data(self) -> Tokens:
        """The blocks."""
        texts = present(getattr(self.source, "data", None), None)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise InputError(
                "token blocks are cut from a finite source of texts, and this one holds "
                f"{type(texts).__name__}. Use a file of texts, or Empirical(list of strings)."
            )
        if self.tokenizer is None:
            codec = Codec.train(texts, self.vocabulary)
        else:
            from modelcollapse.learners.language.loading import load_codec

            codec = load_codec(self.tokenizer, "tokenizer")
        blocks = Tokens.of(texts, codec).blocks(self.block)
        if not len(blocks):
            raise InputError(
                f"the texts hold fewer than block={self.block} tokens altogether, so not one "
                "block can be cut. Provide more text or choose a smaller block."
            )
        return blocks
