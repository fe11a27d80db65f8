"""How little a text surprises an n-gram model: a verifier that needs no download and no GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import chain
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from modelcollapse import records
from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.families.ngram_counts import NGramCounts
from modelcollapse.families.texts import UNKNOWN, Texts, words
from modelcollapse.shards import open_records
from modelcollapse.verifiers.each import NoScore, check_columns
from modelcollapse.verifiers.learnt_ngrams import LearntNgrams, half_of, number_of
from modelcollapse.verifiers.likelihood import readable
from modelcollapse.verifiers.scored import Batch, Scored, column

Unit = Literal["word", "character"]


@dataclass(frozen=True)
class NgramPerplexity:
    """Mean log-probability per token of a text under an n-gram model: minus log perplexity.

    Parameters
    ----------
    text : str, default "text"
        Column of the texts.
    train : str, optional
        Texts to learn from, real ones as a rule: a file, a folder or a pattern such as
        ``real/*.parquet``, in any format that records are read from. Without it the model learns
        from the records to be scored: those of one half are scored by a model of the other half,
        so that no text is compared with itself or its copies.
    column : str, optional
        Column of the texts in `train`; by default that of `text`.
    order : int, default 3
        Length of the longest n-grams, at least 1.
    unit : {"word", "character"}, default "word"
        What an n-gram consists of. Use characters for languages that put no spaces between
        words, with a higher order.
    lower : bool, default True
        Whether case does not matter.
    most : int, default 2_000_000
        Tokens to learn from, at least 1: of more, a part is taken that depends on nothing but
        the texts themselves. Memory grows with it, by some 200 bytes a token.
    label : str, optional
        Name of the scores; ``"ngram_perplexity"`` when not given.

    Raises
    ------
    InputError
        If a value is out of range or unknown; in `learn`, if there are no texts to learn from.

    Notes
    -----
    Interpolated Kneser-Ney smoothing (`modelcollapse.NGram`) with discount 0.75; every word has a
    twentieth of the uniform law besides, which is what a word never seen is left with. The end of
    a text is predicted and counts as a token, so texts that are cut off lose something.

    Written beside the scores: ``tokens`` that were predicted, and ``per_character``, the
    log-probability divided by the characters of the text. A filter by either punishes rare words,
    which is where tails are lost; one that learns from the records themselves prefers what is
    common among them.

    Examples
    --------
    >>> pile = {"text": ["the cat sat down", "the dog sat down", "a cat sat down", ""]}
    >>> ready = NgramPerplexity(order=2).learn(lambda: iter([pile]))
    >>> ready.score(pile).scores.round(1)
    array([-1.1, -1.9, -1.9,  nan])
    >>> ready.score({"text": ["The cat sat down", ""]}).failures
    {1: "'text' is empty"}
    """

    names_files: ClassVar[tuple[str, ...]] = ("train",)

    text: str = "text"
    train: str | None = None
    column: str | None = None
    order: int = 3
    unit: Unit = "word"
    lower: bool = True
    most: int = 2_000_000
    label: str | None = None

    def __post_init__(self) -> None:
        named = {} if self.column is None else {"column": self.column}
        check_columns(self.name, text=self.text, **named)
        if self.column is not None and self.train is None:
            raise InputError(
                f"{self.name} got column='{self.column}', which is a column of the texts to learn "
                "from, but no `train`. Say where they are, or leave it out."
            )
        if self.unit not in get_args(Unit):
            raise InputError(
                f"there is no unit '{self.unit}'. {suggestion(self.unit, get_args(Unit))}"
            )
        for name in ("order", "most"):
            value = getattr(self, name)
            if not is_whole(value) or value < 1:
                raise InputError(
                    f"{self.name} got {name} = {value!r}. Give a whole number of at least 1."
                )

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "ngram_perplexity"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text,)

    @property
    def refers_to(self) -> tuple[str, ...]:
        """What the texts to learn from are, beside the name of their file: their content."""
        return () if self.train is None else (open_records(self.train).digest,)

    def tokens(self, text: str) -> list[str]:
        """Words, or characters, of a text."""
        text = text.lower() if self.lower else text
        return words(text) if self.unit == "word" else list(text)

    def spell(self, tokens: list[str]) -> str:
        """One string for the tokens of a text, which `split` takes apart again."""
        return ("\n" if self.unit == "word" else "").join(tokens)

    def split(self, spelt: str) -> list[str]:
        """Tokens that `spell` has put together; words hold no white space."""
        return spelt.split("\n") if self.unit == "word" else list(spelt)

    def score(self, batch: Batch) -> Scored:
        """Refuse: nothing is learnt yet.

        Raises
        ------
        InputError
            Always: `learn` gives what scores.
        """
        raise InputError(
            f"{self.name} has to learn before it can score. Call learn(batches) and let the "
            "result score, as `verify` does."
        )

    def learn(self, batches: Callable[[], Iterator[Batch]]) -> LearntNgrams:
        """Count the n-grams of the texts to learn from, or of the records.

        Parameters
        ----------
        batches : callable
            Goes through the records; not called if there is a `train`.

        Returns
        -------
        LearntNgrams
            Scores records.

        Raises
        ------
        InputError
            If there is not a single text, or, without `train`, only one and its copies.
        """
        where = self.column or self.text
        if self.train is None:
            found = (column(batch, where, self.name) for batch in batches())
        else:
            opened = open_records(self.train)
            opened.require([where], f"{self.name} (train='{self.train}')")
            found = (piece.batch[where] for piece in opened.batches(columns=[where]))
        kept = sorted(self._some(chain.from_iterable(found)))
        if not kept:
            raise InputError(
                f"{self.name} has nothing to learn from: there is not one text in the column "
                f"'{where}' of {self.train or 'the records'}. Name another column or file."
            )
        texts = Texts.of([spelt for _, spelt in kept], tokenizer=self.split)
        texts = replace(texts, vocabulary=(*texts.vocabulary, UNKNOWN))
        if self.train is not None:
            return LearntNgrams(self, (NGramCounts.of(texts, self.order),))
        half = np.array([half_of(number) for number, _ in kept])
        if len(set(half.tolist())) < 2:
            raise InputError(
                f"{self.name} learns from one half of the records to score the other, and there "
                f"are too few different texts in '{where}'. Give real texts with train=."
            )
        parts = (records.take(texts, np.flatnonzero(half != each)) for each in range(2))
        return LearntNgrams(self, tuple(NGramCounts.of(part, self.order) for part in parts))

    def _some(self, values: Iterable[Any]) -> Iterator[tuple[int, str]]:
        """Texts with their numbers: those of the smallest numbers, of `most` tokens together."""
        held: list[tuple[int, str]] = []  # a heap, the largest number first
        total = 0
        for value in values:
            try:
                spelt = self.spell(self.tokens(readable(value, self.text)))
            except NoScore:
                continue
            heappush(held, (-number_of(spelt), spelt))
            total += self._size(spelt)
            while total - self._size(held[0][1]) >= self.most:
                total -= self._size(heappop(held)[1])
        for number, spelt in held:
            yield -number, spelt

    def _size(self, spelt: str) -> int:
        """Tokens of a text, its end included."""
        return 1 + (spelt.count("\n") + 1 if self.unit == "word" else len(spelt))
