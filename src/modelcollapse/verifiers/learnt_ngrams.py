"""What an n-gram verifier has learnt, which scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.families.ngram import NGram
from modelcollapse.families.ngram_counts import NGramCounts
from modelcollapse.families.ngram_model import NGramModel
from modelcollapse.families.texts import Texts
from modelcollapse.verifiers.likelihood import Floats, mean_log_probs, readable
from modelcollapse.verifiers.scored import Batch, Scored, column

if TYPE_CHECKING:
    from modelcollapse.verifiers.ngram_perplexity import NgramPerplexity

UNSEEN = 0.05
"""Share of the law that belongs to all words alike, those never seen included."""

_TEXTS = 2048
"""Texts that are looked up at once: more would only leave the caches."""


@dataclass(frozen=True, eq=False)
class LearntNgrams:
    """What `NgramPerplexity` has learnt: it scores.

    Attributes
    ----------
    recipe : NgramPerplexity
        What learnt it.
    counts : tuple of NGramCounts
        Of all texts; or, for the records of either half, of the texts in the other one.
    """

    recipe: NgramPerplexity
    counts: tuple[NGramCounts, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.recipe.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return self.recipe.columns

    @cached_property
    def models(self) -> tuple[NGramModel, ...]:
        """The law that each of `counts` gives."""
        learner = NGram(self.recipe.order, smoothing="kneser-ney", floor=UNSEEN)
        return tuple(learner.fit(each, rng=np.random.default_rng(0)) for each in self.counts)

    @cached_property
    def _numbers(self) -> _Numbers:
        words_ = self.counts[0].vocabulary
        return _Numbers(zip(words_, range(len(words_)), strict=True), len(words_) - 1)

    def __getstate__(self) -> tuple[NgramPerplexity, tuple[NGramCounts, ...]]:
        return self.recipe, self.counts

    def __setstate__(self, state: tuple[NgramPerplexity, tuple[NGramCounts, ...]]) -> None:
        for name, value in zip(("recipe", "counts"), state, strict=True):
            object.__setattr__(self, name, value)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        given = column(batch, self.recipe.text, self.name)
        return mean_log_probs(self._accept, self._read, given)

    def _accept(self, text: Any) -> tuple[str]:
        return (readable(text, self.recipe.text),)

    def _read(self, texts: list[tuple[str, ...]]) -> tuple[Floats, NDArray[np.int64]]:
        """Log-probability and number of tokens of each text."""
        parts = [self._some(texts[i : i + _TEXTS]) for i in range(0, len(texts), _TEXTS)]
        totals, sizes = zip(*parts, strict=True)
        return np.concatenate(totals), np.concatenate(sizes)

    def _some(self, texts: list[tuple[str, ...]]) -> tuple[Floats, NDArray[np.int64]]:
        tokens = [self.recipe.tokens(text) for (text,) in texts]
        totals, sizes = np.empty(len(tokens)), np.empty(len(tokens), np.int64)
        half = np.zeros(len(tokens), np.intp)
        if len(self.counts) > 1:
            half[:] = [half_of(number_of(self.recipe.spell(each))) for each in tokens]
        for each, model in enumerate(self.models):
            rows = np.flatnonzero(half == each)
            if not rows.size:
                continue
            mine = [tokens[row] for row in rows.tolist()]
            starts = np.cumsum([0, *map(len, mine)])
            numbers = map(self._numbers.__getitem__, chain.from_iterable(mine))
            ids = np.fromiter(numbers, np.int32, starts[-1])
            known = Texts(ids, starts, self.counts[each].vocabulary)
            # Behind the tokens of each text comes its end.
            begin = known.starts[:-1] + np.arange(rows.size)
            totals[rows] = np.add.reduceat(model.log_prob(known), begin)
            sizes[rows] = np.diff(known.starts) + 1
        return totals, sizes


class _Numbers(dict[str, int]):
    """Numbers of words, with one number for all that are not known."""

    def __init__(self, known: Iterable[tuple[str, int]], unknown: int) -> None:
        super().__init__(known)
        self.unknown = unknown

    def __missing__(self, word: str) -> int:
        return self.unknown


def number_of(spelt: str) -> int:
    """Number of a text that depends on nothing else, uniform over 64 bits."""
    return int.from_bytes(hashlib.blake2b(spelt.encode(), digest_size=8).digest(), "little")


def half_of(number: int) -> int:
    """Half of the texts that one belongs to."""
    return number & 1
