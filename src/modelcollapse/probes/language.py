"""Probes of language: what texts and models say of each other along a lineage of language models.

They read `Texts`, tokens of a language model and lists of strings alike, and any model that gives
log-probabilities of tokens; NaN elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.families.scoring import scores_tokens, token_scores
from modelcollapse.families.texts import Texts
from modelcollapse.metrics import language, text
from modelcollapse.probes.views import Floats, TextView, view, word_counts
from modelcollapse.protocols import Reading, name_of

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

NAN = float("nan")

HISTOGRAM = "perplexity_histogram"
"""Name of the probe that reads a histogram, a share for each bin."""


def texts_of(generation: Generation) -> Texts | None:
    """Evaluation sample as texts; None where the records are no texts."""
    seen = view(generation)
    if not isinstance(seen, TextView):
        return None
    return seen.sample if isinstance(seen.sample, Texts) else Texts.of(seen.sample)


def _surprise_at_reality(generation: Generation) -> Floats:
    """Log-probabilities of the tokens of the held-out text under this generation's model."""
    return generation.here(
        "held-out log-probabilities",
        lambda: _joined(token_scores(generation.model, generation.reference)),
    )


def _joined(scores: list[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *scores])


@dataclass(frozen=True)
class Perplexity:
    """Perplexity of the model on held-out real text: it grows as the model forgets.

    The exponential of the cross-entropy per token; infinite if the model rules a real token out.
    """

    name: ClassVar[str] = "perplexity"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        if texts_of(generation) is None or not scores_tokens(generation.model):
            return NAN
        return float(language.perplexities([_surprise_at_reality(generation)])[0])


@dataclass(frozen=True)
class CrossEntropyGap:
    """By how much real text surprises the model more than its own, in nats: it grows.

    Per token. 0 on average for a model that equals reality and writes by its own law; decoding
    that prefers what is probable opens the gap at once, forgetting opens it further.
    """

    name: ClassVar[str] = "cross_entropy_gap"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        if texts_of(generation) is None or not scores_tokens(generation.model):
            return NAN
        own = _joined(token_scores(generation.model, generation.sample))
        return language.cross_entropy_gap(_surprise_at_reality(generation), own)


@dataclass(frozen=True)
class NextTokenConcentration:
    """How sure the model is of the next token in real text: it grows towards 1 in collapse.

    One over the effective number of choices, averaged over held-out text. For models that give
    the entropy of their next tokens (`token_entropies`), such as `CausalLM`.

    Raises
    ------
    Incompatible
        When read, if the records are texts and the model gives no such entropies.
    """

    name: ClassVar[str] = "next_token_concentration"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        read = getattr(generation.model, "token_entropies", None)
        if read is None:
            if texts_of(generation) is None:
                return NAN
            raise Incompatible(
                f"{self.name} needs models that give the entropy of their next tokens, and those "
                f"of {name_of(generation.learner)} do not. Use CausalLM, or leave the measure out."
            )
        return language.next_token_concentration(_joined(read(generation.reference)))


def _under_first(generation: Generation) -> list[Floats] | None:
    """Log-probabilities of the sample under generation 0's model."""
    if texts_of(generation) is None or not scores_tokens(generation.first_model):
        return None
    return generation.here(
        "log-probabilities under generation 0",
        lambda: token_scores(generation.first_model, generation.sample),
    )


@dataclass(frozen=True)
class GeneratedPerplexity:
    """Perplexity of each generation's text under generation 0's model: it falls, then scatters.

    Quantiles over texts (``low`` 5 %, ``median``, ``high`` 95 %), and the ``cross_entropy``: the
    mean surprise per token, in nats. Pure sampling conserves the last in expectation; decoding
    that prefers what is probable lowers all of them, and what no real text is like raises the
    high ones.
    """

    name: ClassVar[str] = "generated_perplexity"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        scores = _under_first(generation)
        if scores is None:
            return dict.fromkeys(("low", "median", "high", "cross_entropy"), NAN)
        tokens = _joined(scores)
        found = language.perplexities(scores)
        found = found[~np.isnan(found)]
        low, median, high = (
            np.quantile(found, (0.05, 0.5, 0.95), method="nearest") if len(found) else (NAN,) * 3
        )
        mean = float(-np.mean(tokens)) if len(tokens) else NAN
        return {"low": low, "median": median, "high": high, "cross_entropy": mean}


@dataclass(frozen=True)
class PerplexityHistogram:
    """Shares of each generation's texts by their perplexity under generation 0's model.

    A reading for each bin, called by the perplexity at which it begins; bins are of equal width
    on a logarithmic scale, and the first and the last also hold what lies beyond. The report
    draws them as histograms, generation by generation.

    Parameters
    ----------
    lowest, highest : float, default 1.0 and 10000.0
        Ends of the scale, at least 1.
    bins : int, default 72
        How many, at least 2.
    """

    lowest: float = 1.0
    highest: float = 10_000.0
    bins: int = 72
    name: ClassVar[str] = HISTOGRAM

    def __post_init__(self) -> None:
        if not 1 <= self.lowest < self.highest < np.inf:
            raise InputError(
                f"{self.name} got a scale from {self.lowest:g} to {self.highest:g}, but a "
                "perplexity is at least 1, and the scale must rise. Use 1 and 10000."
            )
        if not is_whole(self.bins) or self.bins < 2:
            raise InputError(f"{self.name} got bins = {self.bins!r}. Use at least 2.")

    @property
    def edges(self) -> Floats:
        """Ends of the bins, shape ``(bins + 1,)``."""
        return np.geomspace(self.lowest, self.highest, self.bins + 1)

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        names = [f"{edge:.5g}" for edge in self.edges[:-1]]
        scores = _under_first(generation)
        if scores is None:
            return dict.fromkeys(names, NAN)
        found = language.perplexities(scores)
        bins = np.searchsorted(self.edges[1:-1], found[~np.isnan(found)], side="right")
        counts = np.bincount(bins, minlength=self.bins)
        shares = counts / counts.sum() if counts.sum() else np.full(self.bins, NAN)
        return dict(zip(names, shares.tolist(), strict=True))


@dataclass(frozen=True)
class Repetition:
    """How much texts repeat themselves: it grows as models run in circles.

    ``runs``: the share of a text's runs of `n` words that it has written before (rep-n).
    ``loops``: the share of texts with some phrase three or more times in a row.

    Parameters
    ----------
    n : int, default 4
        Words in a run, at least 1.
    """

    n: int = 4
    name: ClassVar[str] = "repetition"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"repetition got n = {self.n}, but a run has words. Use at least 1.")

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        texts = texts_of(generation)
        if texts is None:
            return {"runs": NAN, "loops": NAN}
        return {
            "runs": text.repetition(texts.ids, texts.starts, self.n),
            "loops": text.looping(texts.ids, texts.starts),
        }


@dataclass(frozen=True)
class SelfBleu:
    """Mean BLEU of each text with all the others as references: it grows as texts grow alike.

    Exact over all pairs. Depends on the number of texts, which is the same in every generation.
    """

    name: ClassVar[str] = "self_bleu"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        texts = texts_of(generation)
        return NAN if texts is None else text.self_bleu(texts.ids, texts.starts)


@dataclass(frozen=True)
class ZipfExponent:
    """Exponent of Zipf's law of the words written: it grows as common words take over.

    By maximum likelihood, with ranks from one half of the texts and frequencies from the other,
    averaged over both ways.
    """

    name: ClassVar[str] = "zipf_exponent"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        if texts_of(generation) is None:
            return NAN
        count = records.size(generation.sample)
        even, odd = (_counts(generation, np.arange(first, count, 2)) for first in (0, 1))
        both = language.zipf_exponent(even, odd), language.zipf_exponent(odd, even)
        return float(np.mean(both))


def _counts(generation: Generation, chosen: records.Indices) -> NDArray[np.int64]:
    return word_counts(generation, records.take(generation.sample, chosen))


@dataclass(frozen=True)
class VocabularySurvival:
    """Share of real words still written, relative to real text of the same length: it falls.

    The words are those of one half of the held-out text, the other half stands in for an
    unchanged model; both are rarefied to one length. Every word counts alike.
    """

    name: ClassVar[str] = "vocabulary_survival"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if not isinstance(seen, TextView):
            return NAN

        def make() -> tuple[Any, Any]:
            real = generation.reference
            first, second = np.array_split(np.arange(records.size(real)), 2)
            known, control = (
                word_counts(generation, records.take(real, part)) for part in (first, second)
            )
            return known, control

        known, control = generation.once("halves of the vocabulary", make)
        if not (seen.counts.sum() and known.sum() and control.sum()):
            return NAN
        return language.vocabulary_survival(seen.counts, known, control)
