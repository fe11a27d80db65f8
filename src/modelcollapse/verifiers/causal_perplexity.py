"""How little a text surprises a causal language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.learners.language.reader import content, open_reader
from modelcollapse.learners.language.session import check_precision
from modelcollapse.verifiers.each import check_columns, text_in
from modelcollapse.verifiers.likelihood import Floats, encodable, mean_log_probs, readable
from modelcollapse.verifiers.scored import Batch, Scored, column


@dataclass(frozen=True)
class CausalPerplexity:
    """Mean log-probability per token of a text under a language model: minus log perplexity.

    Parameters
    ----------
    model : str
        Name on the Hugging Face hub, or folder, of a causal model and its tokenizer. It is loaded
        when the first text is read, once in each process.
    text : str, default "text"
        Column of the texts.
    prompt : str, optional
        Column of what the texts continue. Its tokens are seen, but do not count.
    separator : str, default ""
        What stands between prompt and text.
    context : int, optional
        Most tokens the model sees at once, at least 2; its own limit by default. Longer texts are
        read in stretches that overlap by half.
    batch_tokens : int, optional
        Tokens that go through the model together, those that fill up included. By default 1024
        on a CPU and 16384 on a GPU.
    precision : {"float32", "bfloat16", "auto"}, default "float32"
        In which the model computes; ``"auto"`` is bfloat16 on a GPU that has it. bfloat16 is
        faster, and moves scores by some thousandths with the company a text is read in.
    device : str, default "auto"
        As in `CausalLM`.
    threads : int, optional
        Threads on the CPU; as many as PyTorch takes when not given.
    label : str, optional
        Name of the scores; ``"causal_perplexity"`` when not given.

    Raises
    ------
    InputError
        If a number is out of range or a precision unknown; when the first text is read, if there
        is no such model.
    Incompatible
        When the first text is read, if model and tokenizer do not belong together.
    Missing
        When the first text is read, if the packages of the extra ``neural`` are not installed.

    Notes
    -----
    The score of a text w_1 ... w_n after a prompt c is sum_t ln p(w_t | c, w_<t) / n, in nats per
    token; its perplexity is exp(-score). Prompt, separator and text are tokenised as one string;
    a token that reaches into the text belongs to the text. Before the prompt, or the text if
    there is none, comes the token that begins a document (the one that ends it, for models
    without); the end of the text is not predicted, since texts are often cut off.

    Written beside the scores: ``tokens`` that were predicted, and ``per_character``, the
    log-probability divided by the characters of the text, which models with other tokenizers can
    be compared by. A filter by either punishes rare words, which is where tails are lost.
    """

    names_files: ClassVar[tuple[str, ...]] = ("model",)
    libraries: ClassVar[tuple[str, ...]] = ("tokenizers", "torch", "transformers")

    model: str
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
        named = {} if self.prompt is None else {"prompt": self.prompt}
        check_columns(self.name, text=self.text, **named)
        if not (isinstance(self.model, str) and self.model):
            raise InputError(
                f"{self.name} got model = {self.model!r}. Give a name on the Hugging Face hub, or "
                "the folder of a model."
            )
        for name, least in (("context", 2), ("batch_tokens", 1), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and (not is_whole(value) or value < least):
                raise InputError(
                    f"{self.name} got {name} = {value!r}. Give a whole number of at least {least}."
                )
        check_precision(self.precision)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "causal_perplexity"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text,) if self.prompt is None else (self.text, self.prompt)

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """What the files of a local model hold, of which only the path is a field."""
        return content(self.model)

    @property
    def without_influence(self) -> tuple[str, ...]:
        """Settings that change no score by more than rounding does in float32."""
        return ("threads", "batch_tokens") if self.precision == "float32" else ("threads",)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        given = [column(batch, name, self.name) for name in self.columns]
        return mean_log_probs(self._accept, self._read, *given)

    def _accept(self, text: Any, prompt: Any = None) -> tuple[str, ...]:
        """What is read of a record: its text, and what stands before it."""
        found = readable(text, self.text)
        if self.prompt is None:
            return (found,)
        return found, encodable(text_in(prompt, self.prompt), self.prompt) + self.separator

    def _read(self, texts: list[tuple[str, ...]]) -> tuple[Floats, NDArray[np.int64]]:
        found = open_reader(self.model, self.device).log_probs(
            [each[0] for each in texts],
            None if self.prompt is None else [each[1] for each in texts],
            context=self.context,
            precision=self.precision,
            at_once=self.batch_tokens,
            threads=self.threads,
        )
        return np.array([values.sum() for values in found]), np.array([len(v) for v in found])
