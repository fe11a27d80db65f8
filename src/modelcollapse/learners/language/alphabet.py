"""What the numbers of a model mean: its vocabulary, and the tokens around a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.texts import Texts
from modelcollapse.learners.language.codec import Codec
from modelcollapse.learners.language.tokens import Tokens


@dataclass(frozen=True)
class Alphabet:
    """Tokens of one chain of models, the same in every generation.

    Attributes
    ----------
    vocabulary : tuple of str
        Tokens by number.
    begin, end : int
        Tokens before and after a document; past the vocabulary where it holds no such tokens.
    special : tuple of int
        Tokens of the vocabulary that are no text and are never written.
    codec : Codec or None
        Tokenizer; None where records are words that somebody else numbered.
    """

    vocabulary: tuple[str, ...] = field(repr=False)
    begin: int
    end: int
    special: tuple[int, ...] = ()
    codec: Codec | None = None

    @classmethod
    def of_codec(cls, codec: Codec) -> Alphabet:
        """Tokens of a tokenizer."""
        past = len(codec.vocabulary)
        begin = past if codec.begin is None else codec.begin
        end = past if codec.end is None else codec.end
        return cls(codec.vocabulary, begin, end, codec.special, codec)

    @classmethod
    def of_texts(cls, texts: Texts) -> Alphabet:
        """Words that texts are numbered by, or the tokens of their tokenizer."""
        if isinstance(texts, Tokens):
            return cls.of_codec(texts.codec)
        past = len(texts.vocabulary)
        return cls(texts.vocabulary, past, past)

    @property
    def rows(self) -> int:
        """Tokens that a model must know."""
        return max(len(self.vocabulary), self.begin + 1, self.end + 1)

    def beyond(self, rows: int, *, ending: bool) -> list[int]:
        """Numbers among `rows` of a model that stand for nothing a text can hold."""
        return [i for i in range(len(self.vocabulary), rows) if not (ending and i == self.end)]

    def unwritten(self, rows: int, *, ending: bool) -> list[int]:
        """Numbers among `rows` that are never written: no text, or no token at all."""
        kept = {self.end} if ending else set()
        around = {self.begin, self.end, *self.special} - kept
        # A model need not know tokens that stand for nothing in its vocabulary.
        known = {number for number in around if number < rows}
        return sorted(known.union(self.beyond(rows, ending=ending)))

    def read(self, data: Any) -> Texts:
        """Records as numbers of this vocabulary.

        Raises
        ------
        InputError
            If they are no texts.
        Incompatible
            If they are numbered by another vocabulary, or are strings and there is no tokenizer.
        """
        if isinstance(data, Texts):
            if data.vocabulary is not self.vocabulary and data.vocabulary != self.vocabulary:
                raise Incompatible(
                    f"the texts are numbered by a vocabulary of {len(data.vocabulary)} words, but "
                    f"the model's is another one, of {len(self.vocabulary)} tokens. Give strings, "
                    "or cut the text with TokenBlocks(..., tokenizer=) by the model's tokenizer."
                )
            return data
        if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
            raise InputError(
                f"a language model is fitted to strings, Texts or Tokens, got "
                f"{type(data).__name__}. Give a list of strings, one a record."
            )
        if self.codec is None:
            raise Incompatible(
                "the model was fitted to words that are numbered already, so it has no tokenizer "
                "for strings. Number them with Texts.of(..., vocabulary=) of the training texts."
            )
        return Tokens.of(data, self.codec)

    def written(self, texts: Texts, *, strings: bool) -> Texts | list[str]:
        """Texts of this vocabulary, in the form of the records a model was fitted to."""
        tokens = texts if self.codec is None else Tokens.number(texts, self.codec)
        return tokens.to_strings() if strings else tokens
