"""From strings to token numbers and back, by a tokenizer that fits into a string."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from modelcollapse.errors import Incompatible, InputError
from modelcollapse.learners.language.session import library

BOUNDARY = "<|endoftext|>"
"""Token of a tokenizer trained here that begins and ends a document."""

_BYTES = 256


@dataclass(frozen=True)
class Codec:
    """A tokenizer in the format of the package `tokenizers`.

    Parameters
    ----------
    json : str
        The tokenizer, as ``tokenizer.json`` files hold it.
    begin, end : int, optional
        Numbers of the tokens that begin and end a document; None where it has none.
    special : tuple of int
        Numbers of the tokens that are no text.
    """

    json: str = field(repr=False)
    begin: int | None = None
    end: int | None = None
    special: tuple[int, ...] = ()

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> Self:
        """Learn a byte-level BPE vocabulary; equal texts give the same one.

        Parameters
        ----------
        texts : iterable of str
            What to learn from.
        size : int
            Most tokens, at least 257: one for each byte and `BOUNDARY`. Few texts give fewer.

        Raises
        ------
        InputError
            If `size` is too small.
        """
        if size <= _BYTES:
            raise InputError(
                f"a vocabulary of {size} tokens cannot hold a token for each of the {_BYTES} bytes "
                f"and one that ends a document. Use at least {_BYTES + 1}."
            )
        tokenizers = library("tokenizers")
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.pre_tokenizer = byte_level
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[BOUNDARY],
            initial_alphabet=sorted(byte_level.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str(), 0, 0, (0,))

    @classmethod
    def of(cls, tokenizer: Any, where: str) -> Self:
        """Take over a tokenizer of `transformers`.

        Raises
        ------
        Incompatible
            If it is not of the fast kind, which can be written down.
        """
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise Incompatible(
                f"the tokenizer of {where} has no fast version, which the package 'tokenizers' "
                "can read. Convert it with transformers, and save it into a folder of your own."
            )
        end = tokenizer.eos_token_id
        begin = end if tokenizer.bos_token_id is None else tokenizer.bos_token_id
        return cls(backend.to_str(), begin, end, tuple(sorted(tokenizer.all_special_ids)))

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer itself, which neither cuts nor fills up."""
        tokenizer = library("tokenizers").Tokenizer.from_str(self.json)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Tokens by number; numbers that stand for nothing have names of their own."""
        known = {number: token for token, number in self.tokenizer.get_vocab().items()}
        return tuple(known.get(i, f"<unused {i}>") for i in range(max(known) + 1))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, without any special token added."""
        found = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in found]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Text of each sequence of token numbers."""
        texts: list[str] = self.tokenizer.decode_batch(list(ids), skip_special_tokens=False)
        return texts

    def __getstate__(self) -> tuple[Any, ...]:
        return (self.json, self.begin, self.end, self.special)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        for name, value in zip(("json", "begin", "end", "special"), state, strict=True):
            object.__setattr__(self, name, value)
