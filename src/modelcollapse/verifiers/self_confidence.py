"""How sure a generator was of what it wrote."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.verifiers.causal_perplexity import CausalPerplexity
from modelcollapse.verifiers.each import NoScore, check_columns, is_missing, score_each
from modelcollapse.verifiers.scored import Batch, Scored, column

_ROUNDING = 1e-3
"""How far above 0 a log-probability may lie by rounding in half precision."""


@dataclass(frozen=True)
class SelfConfidence:
    """Mean log-probability per token of a text under the model that wrote it.

    Parameters
    ----------
    log_probs : str, optional
        Column in which the generator stored what it thought of its text: a list of
        log-probabilities, one a token, or their mean. To be read where it is there, since it is
        exact and costs nothing.
    model : str, optional
        In place of `log_probs`: name on the Hugging Face hub, or folder, of the model that wrote
        the records. They are read again by it.
    text, prompt, separator, context, batch_tokens, precision, device, threads
        As in `CausalPerplexity`; used with `model` only.
    label : str, optional
        Name of the scores; ``"self_confidence"`` when not given.

    Raises
    ------
    InputError
        If neither or both of `log_probs` and `model` are given; else as in `CausalPerplexity`.

    Notes
    -----
    In nats per token. A model is sure of what it writes by construction, so this mostly tells the
    common from the rare, and selecting by it narrows what is kept to what was most probable
    already. In the eigenvalue task of Feng et al. (2024), "Beyond model collapse: scaling up with
    synthesized data requires verification", arXiv:2406.07515, the answer of lowest perplexity is
    right no more often than the greedy one.

    Sampling at a temperature, by top-k or top-p changes the law that a text was drawn from: what
    a generator stores may be of either law, what `model` gives is of the unchanged one.

    Examples
    --------
    >>> confidence = SelfConfidence(log_probs="logprobs")
    >>> confidence.score({"logprobs": [[-0.5, -1.5], -2.0]}).scores
    array([-1., -2.])
    """

    names_files: ClassVar[tuple[str, ...]] = ("model",)

    log_probs: str | None = None
    model: str | None = None
    text: str = "text"
    prompt: str | None = None
    separator: str = ""
    context: int | None = None
    batch_tokens: int | None = None
    precision: str = "float32"
    device: str = "auto"
    threads: int | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        if (self.log_probs is None) == (self.model is None):
            raise InputError(
                "self-confidence is read from a column (log_probs=), or found anew by the model "
                "that wrote the records (model=), and "
                f"{'neither' if self.model is None else 'both'} was given. Give one."
            )
        if self.log_probs is not None:
            check_columns(self.name, log_probs=self.log_probs)
        else:
            self._reader()

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "self_confidence"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return self._reader().columns if self.log_probs is None else (self.log_probs,)

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """What the files of a local model hold, of which only the path is a field."""
        return self._reader().refers_to if self.log_probs is None else ()

    @property
    def libraries(self) -> tuple[str, ...]:
        """Packages that the scores depend on."""
        return CausalPerplexity.libraries if self.log_probs is None else ()

    @property
    def without_influence(self) -> tuple[str, ...]:
        """Settings that change no score, as in `CausalPerplexity`."""
        return self._reader().without_influence if self.log_probs is None else ()

    def _reader(self) -> CausalPerplexity:
        """What reads the texts again, where there is a model."""
        shared = {each.name: getattr(self, each.name) for each in fields(CausalPerplexity)}
        return CausalPerplexity(**{**shared, "label": self.name})

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        if self.log_probs is None:
            return self._reader().score(batch)
        given = column(batch, self.log_probs, self.name)
        return score_each(self._mean, given, details=("tokens",))

    def _mean(self, value: Any) -> tuple[float, int | None]:
        """Mean of what is stored, and the number of tokens where it is a list."""
        where = f"'{self.log_probs}'"
        if is_missing(value):
            raise NoScore(f"there is nothing in {where}")
        listed = value.tolist() if isinstance(value, np.ndarray) else value
        found = list(listed) if isinstance(listed, list | tuple) else [listed]
        if not found:
            raise NoScore(f"{where} is empty")
        wrong = [each for each in found if not _is_number(each)]
        if wrong:
            raise NoScore(f"{where} holds {wrong[0]!r:.40}, which is no finite number")
        highest = max(found)
        if highest > _ROUNDING:
            raise NoScore(
                f"{where} holds {highest:g}, and a log-probability is at most 0: probabilities "
                "have to be stored as their logarithms"
            )
        tokens = len(found) if isinstance(listed, list | tuple) else None
        return math.fsum(found) / len(found), tokens


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)
