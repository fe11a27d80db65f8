"""Curators that choose texts by how much they surprise a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.random import Generator

from modelcollapse.curators.select import best, best_of_each, check_oversample, checked
from modelcollapse.errors import Incompatible, InputError, suggestion
from modelcollapse.families.scoring import scores_tokens, token_scores
from modelcollapse.metrics.language import perplexities
from modelcollapse.protocols import Learner, name_of
from modelcollapse.records import Indices

if TYPE_CHECKING:
    from modelcollapse.draw import Draw

Under = Literal["own", "first", "judge"]
Keep = Literal["low", "high"]
Among = Literal["all", "prompt"]


@dataclass(frozen=True)
class PerplexityFilter:
    """Keep the texts that surprise a model least, or most.

    Parameters
    ----------
    under : {"own", "first", "judge"}, default "own"
        Which model reads the candidates: the one that wrote them (its self-confidence),
        generation 0's, or what `judge` fits to the original data. Each text is read by itself: a
        continuation without the prompt that it was written after, in which case ``"own"`` is the
        model's confidence given no prompt.
    keep : {"low", "high"}, default "low"
        ``"low"`` perplexity, as a filter for quality does, or ``"high"``, surprise first.
    judge : Learner, optional
        Needed for, and only for, ``under="judge"``.
    among : {"all", "prompt"}, default "all"
        Whether the candidates compete with all others, or with those for the same place only, as
        in `BestOf`: the continuations of one prompt.
    oversample : float, default 2.0
        Candidates written for each record kept, at least 1; a whole number with
        ``among="prompt"``.

    Raises
    ------
    InputError
        If a choice is unknown, or `under` and `judge`, or `among` and `oversample`, do not fit.

    Notes
    -----
    Texts are compared by perplexity per token, since a sum would prefer short ones. A text with a
    token that the model rules out is infinitely surprising; one without any token that can be
    scored is kept last, whatever `keep` is. Ties at the cut are broken at random.

    References
    ----------
    Surprise first: Gambetta et al. (2025), "Learning by surprise", arXiv:2410.12341.
    """

    under: Under = "own"
    keep: Keep = "low"
    judge: Learner[Any] | None = None
    among: Among = "all"
    oversample: float = 2.0

    def __post_init__(self) -> None:
        check_oversample("PerplexityFilter", self.oversample)
        for name, options in (("under", Under), ("keep", Keep), ("among", Among)):
            value, known = getattr(self, name), get_args(options)
            if value not in known:
                raise InputError(f"there is no {name} '{value}'. {suggestion(value, known)}")
        if self.among == "prompt" and self.oversample % 1:
            raise InputError(
                f"PerplexityFilter got oversample = {self.oversample:g} with among='prompt', but "
                "only whole rounds hold continuations of the same prompts. Use a whole number."
            )
        if (self.under == "judge") != (self.judge is not None):
            raise InputError(
                f"PerplexityFilter got under='{self.under}' "
                + ("without a judge" if self.judge is None else "and a judge, which nobody asks")
                + ". Give a learner as judge= with under='judge', and neither otherwise."
            )

    def prepare(self, draw: Draw) -> ReadBy:
        """Fix the model that reads what is about to be written.

        Raises
        ------
        Incompatible
            If it gives no probabilities of texts, or candidates are to compete for prompts and
            the model that writes has none.
        """
        if self.among == "prompt" and not getattr(draw.model, "continues", True):
            raise Incompatible(
                f"PerplexityFilter got among='prompt', but the {name_of(draw.model)} that writes "
                "continues no prompts (protocol='free'). Use among='all', or a learner with "
                "protocol='continue'."
            )
        if self.judge is not None:
            model = draw.judge(self.judge)
        else:
            model = draw.model if self.under == "own" else draw.first_model
        if not scores_tokens(model):
            raise Incompatible(
                f"{name_of(model)} gives no probabilities of texts, so it cannot be surprised. Use "
                "a language model, such as NGram or CausalLM, as the learner or the judge."
            )
        return ReadBy(self, model)

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Refuse: it is not known which model reads.

        Raises
        ------
        InputError
            Always: `prepare` gives what selects.
        """
        raise InputError(
            "PerplexityFilter needs a model that reads the texts. Call prepare(draw) and let the "
            "result select, as a lineage does."
        )


@dataclass(frozen=True, eq=False)
class ReadBy:
    """A `PerplexityFilter` with its model.

    Attributes
    ----------
    filter : PerplexityFilter
        What it was prepared from.
    model : object
        What reads the candidates.
    """

    filter: PerplexityFilter
    model: Any = field(repr=False)

    @property
    def oversample(self) -> float:
        """Candidates written for each record kept."""
        return self.filter.oversample

    def select(self, candidates: Any, n: int, *, rng: Generator) -> Indices:
        """Positions of the `n` chosen."""
        read = perplexities(token_scores(self.model, candidates))
        # Ranks are finite, whatever the perplexities.
        _, rank = np.unique(read, return_inverse=True)
        ranked = rank if self.filter.keep == "high" else -rank
        scores = checked(np.where(np.isnan(read), -len(read), ranked), len(read))
        choose = best if self.filter.among == "all" else best_of_each
        return choose(scores, n, rng)
