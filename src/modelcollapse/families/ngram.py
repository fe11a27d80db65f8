"""N-gram language models: the smallest family that writes text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from modelcollapse.errors import Degenerate, Incompatible, InputError, suggestion
from modelcollapse.families.decoding import Decoding
from modelcollapse.families.ngram_counts import NGramCounts
from modelcollapse.families.ngram_model import NGramModel
from modelcollapse.families.texts import UNKNOWN, Texts
from modelcollapse.protocols import Model

SMOOTHINGS = ("backoff", "interpolated", "kneser-ney")


@dataclass(frozen=True)
class NGram:
    """Learner that counts n-grams and writes by them.

    Parameters
    ----------
    order : int, default 3
        Length of the longest n-grams: a word is drawn given the ``order - 1`` tokens before it.
        With 1, words are independent.
    smoothing : {"backoff", "interpolated", "kneser-ney"}, default "backoff"
        What is done where the longest context has been seen rarely or never; see Notes.
    discount : float, default 0.75
        Taken from every count above single words and given to the shorter context, at least 0
        and below 1, in counts. Back-off takes nothing.
    temperature, top_k, top_p : float, int, float, optional
        How the law is changed at each context before it writes, as defined by `Decoding`; by
        default it is not. With back-off only.
    floor : float, default 0.001
        For scoring only, at least 0 and below 1: `NGramModel.log_prob` mixes this share of the
        uniform law over the vocabulary into every context, lest one unknown n-gram make
        held-out text infinitely surprising. Writing never does, so words can die out. With 0 the
        score is the exact law of what is written.

    Raises
    ------
    InputError
        If an option is outside its range or unknown.
    Incompatible
        If temperature, top_k or top_p are combined with a smoothing other than back-off.

    Notes
    -----
    Let c(h, w) be how often word w follows context h, T(h) how many different words do, h' the
    context without its first token, D the discount.

    - ``"backoff"``: p(w | h) = c(h, w) / c(h) for the longest context that has been seen with a
      word behind it. Nothing is taken from the counts.
    - ``"interpolated"``, absolute discounting:
      p(w | h) = (c(h, w) - D)^+ / c(h) + D T(h) / c(h) p(w | h'), and p(w | h) = p(w | h') where
      h has not been seen. Single words are not discounted: p(w) = c(w) / c.
    - ``"kneser-ney"``: the same with lower counts replaced: for n-grams shorter than `order`, the
      number of different tokens seen in front of it (its own count if none ever was, as at the
      beginning of a document).

    A document begins with a start symbol, which is a context, and closes with an end symbol, which
    is learnt and drawn like a word; it is cut off, without an end, at the length of the longest
    document fitted. Blocked texts (`Texts.blocks`) have neither symbol: the first words of a block
    are drawn given what there is of a context, and every block has the length of the ones fitted.

    With discount 0 all contexts are trusted and interpolation is back-off. Nothing is drawn in the
    fit, so its `rng` is not used.

    References
    ----------
    Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling",
    sections 2.6 and 2.7; Kneser and Ney (1995), "Improved backing-off for m-gram language
    modeling".

    Examples
    --------
    >>> import numpy as np
    >>> texts = Texts.of(["a rose is a rose", "a rose is a flower"])
    >>> rng = np.random.default_rng(0)
    >>> model = NGram(order=2).fit(texts, rng=rng)
    >>> model.sample(3, rng=rng).to_strings()
    ['a rose is a flower', 'a flower', 'a flower']
    """

    order: int = 3
    smoothing: str = "backoff"
    discount: float = 0.75
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    floor: float = 1e-3

    def __post_init__(self) -> None:
        if self.order < 1:
            raise InputError(f"order must be at least 1, single words, got {self.order}.")
        if self.smoothing not in SMOOTHINGS:
            raise InputError(
                f"there is no smoothing '{self.smoothing}'. "
                f"{suggestion(self.smoothing, SMOOTHINGS)}"
            )
        if not 0 <= self.discount < 1:
            raise InputError(
                f"discount must be at least 0 and below 1, so that every n-gram seen can be "
                f"written, got {self.discount}. 0.75 is the usual one."
            )
        if not 0 <= self.floor < 1:
            raise InputError(f"floor must be at least 0 and below 1, got {self.floor}.")
        if self.decoding.changes and self.smoothing != "backoff":
            raise Incompatible(
                f"temperature, top_k and top_p cannot be combined with smoothing "
                f"'{self.smoothing}': every word is possible after every context, so the decoded "
                "law has no short table. Use smoothing='backoff' or leave them out."
            )

    @property
    def decoding(self) -> Decoding:
        """Temperature, top-k and top-p together."""
        return Decoding(self.temperature, self.top_k, self.top_p)

    def summarise(self, data: Texts | NGramCounts | list[str]) -> NGramCounts | list[str]:
        """Count the n-grams of one block of texts.

        Strings are kept as they are: every list of strings would number its words anew, and such
        counts could not be joined.

        Parameters
        ----------
        data : Texts, NGramCounts or list of str
            Records.

        Returns
        -------
        NGramCounts or list of str
            Tables that `modelcollapse.records.concat` merges.

        Raises
        ------
        InputError
            If `data` is none of the above.
        Incompatible
            If the counts are of another order.
        """
        if isinstance(data, list):
            return data
        if isinstance(data, Texts):
            return NGramCounts.of(data, self.order)
        if not isinstance(data, NGramCounts):
            raise InputError(
                f"an n-gram model is fitted to Texts or a list of strings, got "
                f"{type(data).__name__}. Build texts with Texts.of(strings)."
            )
        if data.order != self.order:
            raise Incompatible(
                f"counts of order {data.order} cannot be fitted by a model of order {self.order}. "
                "Count the texts with the same learner."
            )
        return data

    def fit(
        self,
        data: Texts | NGramCounts | list[str],
        *,
        rng: Generator,
        parent: Model[Any] | None = None,
    ) -> NGramModel:
        """Count n-grams, or take counts, and lay out the law.

        Parameters
        ----------
        data : Texts, NGramCounts or list of str
            Records. Strings are split by `words`; the model then writes and scores strings, and
            its vocabulary is their words and `UNKNOWN` for all others.
        rng : numpy.random.Generator
            Not used.
        parent : Model, optional
            Not used.

        Returns
        -------
        NGramModel
            Writes records of the same kind.

        Raises
        ------
        Degenerate
            If there is not a single token.
        InputError, Incompatible
            As in `summarise`.
        """
        texts = data
        if isinstance(data, list):
            texts = Texts.of(data)
            texts = replace(texts, vocabulary=(*texts.vocabulary, UNKNOWN))
        counts = self.summarise(texts)
        assert isinstance(counts, NGramCounts)
        if counts.events == 0:
            raise Degenerate("there is not a single token in the texts, so no word can be drawn")
        return NGramModel(
            counts,
            discount=0.0 if self.smoothing == "backoff" else self.discount,
            continuation=self.smoothing == "kneser-ney",
            decoding=self.decoding,
            floor=self.floor,
            strings=isinstance(data, list),
        )
