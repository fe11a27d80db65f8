"""Getting grades: retries, what to do with nonsense, when to stop."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Condition, Event
from typing import Any, NoReturn

from modelcollapse.errors import InputError, Missing, ModelCollapseError
from modelcollapse.verifiers.judge.answers import Reading, Unreadable, shortened
from modelcollapse.verifiers.judge.cache import Answers
from modelcollapse.verifiers.judge.server import Passing, Refused, Reply, Server, Unreachable

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds between tries, doubled each time
_PATIENCE = 300.0  # seconds that a server may ask to wait
_TEMPLATE_TOKENS = 256  # what a server may put around a prompt
_START = "Start one there, or give its address as base_url, then run again."
_MEND = "See to it, raise timeout or lower max_concurrent, then run again."
_FAILURES_ON_END = 3  # failed records for each connection, without a success between


@dataclass(frozen=True)
class Grade:
    """What became of one prompt.

    Attributes
    ----------
    score : float
        The grade; NaN if there is none.
    answer : str or None
        What the model answered last.
    failure : str or None
        Why there is no grade.
    passing : bool
        Whether there may be one when the model is asked another time.
    """

    score: float
    answer: str | None
    failure: str | None = None
    passing: bool = False


@dataclass(frozen=True)
class Terms:
    """How a model is asked.

    Parameters
    ----------
    request : mapping
        Fields of a request beside the messages.
    reading : Reading
        How a grade stands in an answer.
    concurrent : int
        Most calls at a time.
    retries : int
        Further tries after a failure that may pass.
    budget_calls, budget_tokens : int or None
        What all calls together may cost.
    kept : str
        Sentence that says where answers are kept.
    """

    request: Mapping[str, Any]
    reading: Reading
    concurrent: int
    retries: int
    budget_calls: int | None
    budget_tokens: int | None
    kept: str


class OutOfBudget(Exception):
    """A call would exceed a budget."""


class Stopped(Exception):
    """Another call has found that no call can succeed."""


class Desk:
    """Where prompts go in and grades come out.

    Parameters
    ----------
    server : Server
        What answers.
    answers : Answers
        What has been answered.
    terms : Terms
        How it is asked.
    """

    def __init__(self, server: Server, answers: Answers, terms: Terms) -> None:
        self._server, self._answers, self._terms = server, answers, terms
        self._stopped = Event()
        self._changed = Condition()  # guards everything below
        self._fatal: ModelCollapseError | None = None
        self._not_before = 0.0
        self._in_flight = 0
        self._exhausted = False
        self._reached = False
        self._failed_on_end = 0

    def grade(self, prompts: Sequence[str]) -> list[Grade]:
        """Grades of some prompts, in their order.

        Raises
        ------
        InputError
            If no call can succeed.
        """
        different = list(dict.fromkeys(prompts))
        with ThreadPoolExecutor(self._terms.concurrent) as pool:
            futures = [pool.submit(self._one, prompt) for prompt in different]
            try:
                grades = {p: f.result() for p, f in zip(different, futures, strict=True)}
            except BaseException:
                self._stop()
                pool.shutdown(cancel_futures=True)  # what is under way is still kept
                raise
        if self._fatal is not None:
            raise self._fatal
        return [grades[prompt] for prompt in prompts]

    def _one(self, prompt: str) -> Grade:
        try:
            return self._graded(prompt)
        except Stopped:
            pass
        except ModelCollapseError as error:
            with self._changed:
                self._fatal = self._fatal or error
            self._stop()
        return Grade(float("nan"), None, "the run ended before its turn")

    def _stop(self) -> None:
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def _graded(self, prompt: str) -> Grade:
        reading, answer = self._terms.reading, None
        # Asked in other words: at temperature 0 the same prompt would get the same answer.
        for words in (prompt, f"{prompt}\n\n{reading.reminder}"):
            try:
                reply = self._reply(words)
            except (OutOfBudget, Passing, Refused) as error:
                passing = not isinstance(error, Refused)
                return Grade(float("nan"), answer, str(error), passing)
            answer = reply.content
            try:
                return Grade(reading.grade(answer), answer)
            except Unreadable as error:
                cut = " and was cut off at max_tokens" if reply.finish == "length" else ""
                why = f"the judge's answer {error}{cut}: '{shortened(answer)}'"
        return Grade(float("nan"), answer, why)

    def _reply(self, prompt: str) -> Reply:
        body = json.dumps(
            {**self._terms.request, "messages": [{"role": "user", "content": prompt}]},
            sort_keys=True,
        ).encode()
        request = hashlib.sha256(body).hexdigest()
        found = self._answers.get(request)
        if found is not None:
            return found
        longest = self._terms.request.get("max_tokens") or 0
        # No tokenizer makes more tokens than there are bytes.
        tokens = len(prompt.encode("utf-8", "replace")) + _TEMPLATE_TOKENS + longest
        try:
            reply = self._tried(body, request, tokens)
        except (Passing, Refused) as error:
            self._count_failure(error)
            raise
        with self._changed:
            self._failed_on_end = 0
        return reply

    def _tried(self, body: bytes, request: str, tokens: int) -> Reply:
        try:
            import tenacity
        except ImportError as error:
            raise Missing("a judge", "tenacity", "judge") from error

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.seconds if isinstance(error, Passing) else 0.0
            doubled = _FIRST_WAIT * 2.0 ** (state.attempt_number - 1)
            return float(max(asked, min(doubled, _LONGEST_WAIT)))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Passing),
            stop=tenacity.stop_after_attempt(self._terms.retries + 1),
            wait=wait,
            sleep=tenacity.sleep_using_event(self._stopped),
            reraise=True,
        )
        return retrying(self._call, body, request, tokens)

    def _call(self, body: bytes, request: str, tokens: int) -> Reply:
        self._wait_for_turn()
        self._reserve(tokens)
        calls_back = tokens_back = 0
        try:
            reply = self._server.ask(body)
            self._reached = True
            self._answers.put(request, reply, tokens)
        except Passing as error:
            # What was never sent is no call; what timed out may have cost all that was reserved.
            calls_back = int(isinstance(error, Unreachable))
            tokens_back = 0 if error.billed else tokens
            self._weigh(error)
            raise
        except (Refused, InputError):
            tokens_back = tokens
            raise
        finally:
            if calls_back or tokens_back:
                self._answers.give_back(calls_back, tokens_back)
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()
        return reply

    def _wait_for_turn(self) -> None:
        """Wait as long as the server has asked any of the calls to wait."""
        while (left := self._not_before - time.monotonic()) > 0 and not self._stopped.is_set():
            self._stopped.wait(left)
        if self._stopped.is_set():
            raise Stopped

    def _reserve(self, tokens: int) -> None:
        terms = self._terms
        if terms.budget_calls is None and terms.budget_tokens is None:
            self._answers.reserve(tokens, None, None)  # counts for budgets of later runs
            with self._changed:
                self._in_flight += 1
            return
        with self._changed:
            while not self._stopped.is_set() and not self._exhausted:
                if self._answers.reserve(tokens, terms.budget_calls, terms.budget_tokens):
                    self._in_flight += 1
                    return
                if self._in_flight == 0:
                    self._exhausted = True
                    self._changed.notify_all()
                else:  # calls under way may take less than was reserved for them
                    self._changed.wait()
        if self._stopped.is_set():
            raise Stopped
        raise OutOfBudget(self._budget_sentence())

    def _budget_sentence(self) -> str:
        calls, tokens = self._answers.spent
        most = self._terms.budget_calls
        if most is not None and calls >= most:
            return f"the budget of {most:,} calls is spent; raise budget_calls to go on"
        return (
            f"the next call could exceed the budget of {self._terms.budget_tokens:,} tokens, of "
            f"which {tokens:,} are spent; raise budget_tokens to go on"
        )

    def _weigh(self, error: Passing) -> None:
        """End the run over a failure that will not pass soon, or make all calls wait."""
        if isinstance(error, Unreachable) and not self._reached:
            self._end(f"no server takes calls at {self._server.address} ({error})", _START)
        if error.seconds > _PATIENCE:
            self._end(
                f"the server at {self._server.address} asks to wait for {error.seconds:,.0f} "
                f"seconds ({error})",
                "Run again then.",
            )
        if error.seconds:
            with self._changed:
                self._not_before = max(self._not_before, time.monotonic() + error.seconds)

    def _count_failure(self, error: Exception) -> None:
        at = f"the server at {self._server.address}"
        if isinstance(error, Unreachable):
            self._end(f"{at} takes no more calls ({error})", _START)
        if not isinstance(error, Passing):
            return
        with self._changed:
            self._failed_on_end += 1
            failed = self._failed_on_end
        if failed >= _FAILURES_ON_END * self._terms.concurrent:
            self._end(f"{at} has failed {failed} records on end, the last so: {error}", _MEND)

    def _end(self, why: str, advice: str) -> NoReturn:
        raise InputError(f"{why}. {advice} {self._terms.kept}")
