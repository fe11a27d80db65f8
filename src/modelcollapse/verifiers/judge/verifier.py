"""The verifier: a language model grades each record by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from modelcollapse.errors import InputError, is_whole
from modelcollapse.verifiers.each import is_missing
from modelcollapse.verifiers.judge.answers import Reading
from modelcollapse.verifiers.judge.cache import Answers
from modelcollapse.verifiers.judge.desk import Desk, Grade, Terms
from modelcollapse.verifiers.judge.prompts import DEFAULT, Template
from modelcollapse.verifiers.judge.server import Server, check_address
from modelcollapse.verifiers.scored import Batch, Scored, column, length

_OWN = frozenset({"model", "messages", "temperature", "max_tokens", "stream", "n"})


@dataclass(frozen=True)
class Judge:
    """Have a language model grade records, through any OpenAI-compatible server.

    The model answers with a grade and nothing else; the record itself is never rewritten. Works
    with ``vllm serve``, ``transformers serve``, Ollama and hosted services.

    Parameters
    ----------
    model : str
        Name under which the server knows the model.
    base_url : str, default "http://localhost:8000/v1"
        Address of the server; Ollama's is ``http://localhost:11434/v1``.
    prompt : str, optional
        What to ask: ``{name}`` stands for the record's entry in that column, ``{low}`` and
        ``{high}`` for the ends of the scale. By default a grade of the column ``text``.
    scale : tuple of float, default (1, 10)
        Lowest and highest grade. The score is the grade as it is; yes and no are the ends.
    pattern : str, optional
        Regular expression that finds the grade: its group, or all of it, where it matches last.
    json_field : str, optional
        Field of a JSON object in the answer that holds the grade. With neither, the grade is the
        only number of the answer, or the only one called score, rating or grade.
    temperature : float or None, default 0.0
        How freely the model writes; None leaves it to the server.
    max_tokens : int or None, default 256
        Most tokens of an answer, thinking included; None leaves it to the server.
    options : mapping, default empty
        Further fields of the request, such as ``{"seed": 1}``.
    max_concurrent : int, default 8
        Most calls at a time, in each process that scores.
    retries : int, default 4
        Further tries after HTTP 429, 5xx, a timeout or a broken connection, with waits that double
        from half a second, or as long as the server asks (Retry-After).
    timeout : float, default 60.0
        Seconds that one call may take.
    budget_calls, budget_tokens : int, optional
        Most calls, and most tokens of prompts and answers, that may be spent on answers in
        `cache`, runs before this one included. The call that could exceed it is not made, and the
        records that are left have no score.
    cache : str, optional
        Folder that keeps the answers, so that nothing is asked twice, whatever ends a run.
    api_key_env : str or None, default "OPENAI_API_KEY"
        Environment variable with the key that is sent to the server, if it is set.
    label : str, optional
        Name of the scores, by default ``"judge"``.

    Raises
    ------
    InputError
        If a value is out of range, the prompt or the pattern cannot be used, or there is a budget
        without a cache.

    Notes
    -----
    An answer without a grade is asked for once more, with a reminder of the form; then the record
    has no score, and the reason quotes the answer. A record that the server refuses or fails has
    none either. Where no call can succeed (no server, a wrong key, an unknown model), scoring
    ends with an `InputError`, and what has been answered is in the cache.

    Answers are kept by model, prompt and settings of the request, not by address: give a folder of
    its own to another model of the same name. A try counts as a call whatever comes of it. Before a
    call, one token per byte of the prompt, 256 for what the server puts around it, and `max_tokens`
    are reserved; the server's own count takes their place.
    """

    names_columns_in: ClassVar[tuple[str, ...]] = ("prompt",)
    writes_files: ClassVar[tuple[str, ...]] = ("cache",)
    without_influence: ClassVar[tuple[str, ...]] = (
        "max_concurrent", "retries", "timeout", "budget_calls", "budget_tokens", "cache",
        "api_key_env",
    )  # fmt: skip

    model: str
    base_url: str = "http://localhost:8000/v1"
    prompt: str = DEFAULT
    scale: tuple[float, float] = (1.0, 10.0)
    pattern: str | None = None
    json_field: str | None = None
    temperature: float | None = 0.0
    max_tokens: int | None = 256
    options: Mapping[str, Any] = field(default_factory=dict)
    max_concurrent: int = 8
    retries: int = 4
    timeout: float = 60.0
    budget_calls: int | None = None
    budget_tokens: int | None = None
    cache: str | None = None
    api_key_env: str | None = "OPENAI_API_KEY"
    label: str | None = None

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise InputError("Judge needs the name of a model. Give the one that the server knows.")
        if len(self.scale) != 2:
            raise InputError(
                f"Judge got scale = {self.scale!r}. Give a lowest and a highest grade."
            )
        object.__setattr__(self, "scale", (float(self.scale[0]), float(self.scale[1])))
        check_address(self.base_url)
        self._reading, self._template  # noqa: B018  # both check what they are made of
        for name, least, may_be_none in (
            ("max_tokens", 1, True), ("max_concurrent", 1, False), ("retries", 0, False),
            ("budget_calls", 0, True), ("budget_tokens", 0, True),
        ):  # fmt: skip
            value = getattr(self, name)
            if not (value is None and may_be_none) and not (is_whole(value) and value >= least):
                raise InputError(
                    f"Judge got {name} = {value!r}. Use a whole number of at least {least}."
                )
        if not 0 < self.timeout < np.inf:
            raise InputError(
                f"Judge got timeout = {self.timeout:g}, but a call takes time, and has to end. Use "
                "a number of seconds, e.g. 60."
            )
        if self.temperature is not None and not 0 <= self.temperature < np.inf:
            raise InputError(f"Judge got temperature = {self.temperature:g}. Use 0 or more.")
        if own := _OWN & set(self.options):
            raise InputError(
                f"Judge got {', '.join(sorted(own))} among its options, which it sets itself. "
                "Leave it out; model, temperature and max_tokens are fields of their own."
            )
        self._check_budgets()

    def _check_budgets(self) -> None:
        limits = (self.budget_calls, self.budget_tokens)
        if limits != (None, None) and self.cache is None:
            raise InputError(
                "Judge got a budget and no cache, but what has been spent is counted there, over "
                "batches, processes and runs. Give a folder as cache."
            )
        if self.budget_tokens is not None and self.max_tokens is None:
            raise InputError(
                "Judge got budget_tokens and no max_tokens, so a single answer could exceed the "
                "budget. Give max_tokens."
            )

    @property
    def _reading(self) -> Reading:
        return Reading(self.scale, self.pattern, self.json_field)

    @property
    def _template(self) -> Template:
        return Template(self.prompt, self.scale)

    @property
    def name(self) -> str:
        """Name of the scores."""
        return self.label or "judge"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the prompt names."""
        return self._template.columns

    def score(self, batch: Batch) -> Scored:
        """Grades of some records, with the model's last answer beside each.

        Raises
        ------
        InputError
            If a column is missing, or no call can succeed.
        StoreError
            If the cache cannot be read or written.
        Missing
            If httpx or tenacity is not installed.
        """
        template = self._template
        read = {name: column(batch, name, "Judge") for name in template.columns}
        grades: list[Grade | None] = [None] * length(batch)
        prompts: dict[int, str] = {}
        for i in range(len(grades)):
            record = {name: entries[i] for name, entries in read.items()}
            empty = [name for name, entry in record.items() if is_missing(entry)]
            if empty:
                grades[i] = Grade(np.nan, None, f"there is nothing in '{empty[0]}'")
            else:
                prompts[i] = template.fill(record)
        for i, grade in zip(prompts, self._grades(list(prompts.values())), strict=True):
            grades[i] = grade
        done = [grade for grade in grades if grade is not None]
        return Scored(
            np.array([grade.score for grade in done], dtype=np.float64),
            {i: grade.failure for i, grade in enumerate(done) if grade.failure is not None},
            {"answer": [grade.answer for grade in done]},
            frozenset(i for i, grade in enumerate(done) if grade.passing),
        )

    def _grades(self, prompts: list[str]) -> list[Grade]:
        if not prompts:
            return []
        request = {"model": self.model, **self.options}
        for name in ("temperature", "max_tokens"):
            if getattr(self, name) is not None:
                request[name] = getattr(self, name)
        kept = (
            "Give a folder as cache, so that answers outlive such an end."
            if self.cache is None
            else f"The answers so far are kept in {self.cache}."
        )
        terms = Terms(
            request, self._reading, self.max_concurrent, self.retries,
            self.budget_calls, self.budget_tokens, kept,
        )  # fmt: skip
        server = Server(
            self.base_url, self.model, self.api_key_env, self.timeout, self.max_concurrent
        )
        with server, Answers(self.cache) as answers:
            return Desk(server, answers, terms).grade(prompts)
