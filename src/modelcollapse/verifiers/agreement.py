"""Self-consistency: how many of the other answers to the same prompt are the same."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.verifiers.each import (
    NoScore,
    check_columns,
    is_missing,
    score_each,
    text_in,
)
from modelcollapse.verifiers.normalisation import check_steps, normalised
from modelcollapse.verifiers.numeric_answer import (
    check_expression,
    check_number_format,
    number_in,
)
from modelcollapse.verifiers.scored import Batch, Scored, column

WAYS = ("text", "number", "pattern")
"""What of a text is its answer."""

Digests = NDArray[np.uint64]


@dataclass(frozen=True)
class Agreement:
    r"""Share of the other answers to the same prompt that agree with this one.

    Self-consistency without a majority vote: where answers tie, so do their scores.

    Parameters
    ----------
    text : str, default "text"
        Column of the answers.
    prompt : str, default "prompt"
        Column of what is answered: a text, a number, or a conversation as a list of objects.
    extract : {"text", "number", "pattern"}, default "text"
        What has to agree: the whole text, its number as `NumericAnswer` reads it, or what
        `pattern` finds.
    pattern : str, optional
        Regular expression; the answer is the first group of its last match, or all of it where
        there is no group.
    normalise : tuple of str, default ("case", "spaces")
        What does not matter in texts, as in `ExactMatch`.
    decimal : {".", ","}, default "."
        What stands before the decimals of numbers.
    label : str, optional
        Name of the scores; ``"agreement"`` when not given.

    Raises
    ------
    InputError
        If `extract`, `pattern`, `normalise` or `decimal` cannot be used.

    Notes
    -----
    Wang et al. (2023), "Self-consistency improves chain of thought reasoning in language models",
    leaving the record itself out. A text without an answer, such as one without a number, counts
    among the others, but agrees with none: 0. The only answer to its prompt has no score. Beside
    the score stands ``others``, how many it is compared with.

    It reads all records once before it scores any, and keeps at most 32 bytes of each. Scores
    hold for the records that it has read.

    Examples
    --------
    >>> batch = {"prompt": ["1+1?"] * 3, "text": ["So it is 2.", "A: 2", "3"]}
    >>> agreement = Agreement(extract="number").learn(lambda: iter([batch]))
    >>> agreement.score(batch).scores.tolist()
    [0.5, 0.5, 0.0]
    """

    text: str = "text"
    prompt: str = "prompt"
    extract: str = "text"
    pattern: str | None = None
    normalise: tuple[str, ...] = ("case", "spaces")
    decimal: str = "."
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("Agreement", text=self.text, prompt=self.prompt)
        check_steps("Agreement", self.normalise)
        check_number_format("Agreement", self.decimal, None)
        if self.extract not in WAYS:
            raise InputError(
                f"Agreement cannot compare answers by extract = {self.extract!r}. "
                f"{suggestion(self.extract, WAYS)}"
            )
        if (self.pattern is None) == (self.extract == "pattern"):
            raise InputError(
                f"Agreement got extract = {self.extract!r} and pattern = {self.pattern!r}. A "
                "pattern goes with extract = 'pattern' and with nothing else: give both or neither."
            )
        if self.pattern is not None:
            check_expression("Agreement", "pattern", self.pattern)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "agreement"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text, self.prompt)

    def learn(self, batches: Callable[[], Iterator[Batch]]) -> MeasuredAgreement:
        """Count the answers to each prompt."""
        prompts, answers = array("Q"), array("Q")
        for batch in batches():
            columns = (column(batch, name, self.name) for name in self.columns)
            for entries in zip(*columns, strict=True):
                with suppress(NoScore):
                    prompt, answer, _ = self.read(*entries)
                    prompts.append(prompt)
                    answers.append(answer)
        return MeasuredAgreement(self, *_counted(prompts), *_counted(answers))

    def read(self, text: Any, prompt: Any) -> tuple[int, int, bool]:
        """Numbers for the prompt and for the answer to it, and whether there is an answer.

        Raises
        ------
        NoScore
            If there is no prompt or no text.
        """
        if is_missing(prompt):
            raise NoScore(f"there is nothing in '{self.prompt}'")
        asked = json.dumps(prompt, sort_keys=True, default=str)
        answer = self._answer(text)
        return _digest(asked), _digest(json.dumps([asked, answer])), answer is not None

    def _answer(self, value: Any) -> str | None:
        """Answer in a comparable form; None if the text has none."""
        if self.extract == "number":
            number = number_in(value, self.text, self.decimal, None)
            return None if number is None else str(number.value)
        plain = isinstance(value, bool | int | float | np.generic) and not is_missing(value)
        text = str(value) if plain else text_in(value, self.text)
        if self.pattern is not None:
            matches = list(re.finditer(self.pattern, text))
            if not matches:
                return None
            text = matches[-1][1 if matches[-1].re.groups else 0] or ""
        return normalised(text, self.normalise)


@dataclass(frozen=True, eq=False)
class MeasuredAgreement:
    """`Agreement` among records that have been counted.

    Parameters
    ----------
    asked : Agreement
        What counts as the same answer.
    prompts : ndarray of uint64, sorted
        Digests of the prompts.
    prompt_counts : ndarray of int
        How many records have each.
    answers : ndarray of uint64, sorted
        Digests of the prompts with one answer to each.
    answer_counts : ndarray of int
        How many records have each.
    """

    asked: Agreement
    prompts: Digests
    prompt_counts: NDArray[np.int64] = field(repr=False)
    answers: Digests = field(repr=False)
    answer_counts: NDArray[np.int64] = field(repr=False)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.asked.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return self.asked.columns

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        columns = (column(batch, name, self.name) for name in self.columns)
        return score_each(self._judge, *columns, details=("others",))

    def _judge(self, text: Any, prompt: Any) -> tuple[float, int]:
        asked, answer, readable = self.asked.read(text, prompt)
        same = _count(self.answers, self.answer_counts, answer) - 1
        others = _count(self.prompts, self.prompt_counts, asked) - 1
        if same < 0:
            raise NoScore("the record was not among those whose answers were counted")
        if others == 0:
            raise NoScore("it is the only answer to its prompt")
        return (same / others if readable else 0.0), others


def _digest(text: str) -> int:
    # The same in every process, which hash() is not.
    encoded = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest(), "little")


def _counted(digests: array[int]) -> tuple[Digests, NDArray[np.int64]]:
    values, counts = np.unique(np.frombuffer(digests, dtype=np.uint64), return_counts=True)
    return values, counts.astype(np.int64)


def _count(values: Digests, counts: NDArray[np.int64], wanted: int) -> int:
    at = int(np.searchsorted(values, np.uint64(wanted)))
    return int(counts[at]) if at < values.size and values[at] == wanted else 0
