"""An oracle for problems with a number as their answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.verifiers import numbers
from modelcollapse.verifiers.each import (
    NoScore,
    check_columns,
    score_each,
    several,
    text_in,
)
from modelcollapse.verifiers.numbers import Number
from modelcollapse.verifiers.scored import Batch, Scored, column

_BOX = re.compile(r"\\f?box(?:ed)?\s?\{")
_MARKED = r"""(?:
    \#\#\#\#(?=[^\w\n]{0,12}[\d.,/%]{1,60}[^\w\n]{0,12}$)
  | ^[ \t*_]{0,4}(?-i:A)[ ]?[:：]
  | \banswers?\b(?:\W{0,4}[:=：]|[\w'\ ]{0,60}?\b(?:is|are|was|be|equals)\b)
  )
  \W{0,12}?(?:[A-Za-z]\w{0,9}\ ?=\ ?)?
  (?:(?:about|approximately|around|roughly|exactly|equal\ to|only)\W{1,4}?)?"""
_OPERATION = re.compile(r"[ ]?[-+*×÷^/(x][ ]?[\d($]")


@dataclass(frozen=True)
class NumericAnswer:
    r"""1 if the number a text gives as its answer is the reference's, and 0 if not.

    The answer is the last of those marked by ``#### 18``, ``\boxed{18}``, ``The answer is 18``,
    ``Answer: 18`` or a line ``A: 18``; without any, the last number of the text. References are
    read in the same way. Numbers may have a sign, a currency, thousands (1,234 or 1 234 or
    1'234), decimals, powers (3e5, 3 x 10^5, 2^10) and a percent sign, and be fractions (3/4, 7
    1/2, ½, ``\frac{3}{4}``); they are compared exactly. 25% equals 25 and, where the other is no
    percentage, 0.25.

    Parameters
    ----------
    text : str, default "text"
        Column of the answers: texts, or numbers.
    reference : str, default "reference"
        Column of what is right: a number or a text that gives one, or a list of them of which one
        is enough.
    tolerance : float, default 0
        Largest difference that counts as equal, 0 or more.
    decimal : {".", ","}, default "."
        What stands before the decimals; the other one may stand between thousands.
    marker : str, optional
        Regular expression, for other languages or forms: the answer is the first number after its
        last match, the last number of the text where it does not match.
    label : str, optional
        Name of the scores; ``"numeric_answer"`` when not given.

    Raises
    ------
    InputError
        If `tolerance` is negative, or `decimal` or `marker` cannot be used.

    Notes
    -----
    A text without a number is a wrong answer: 0. A reference without one gives no score. Beside
    the score stands ``read``, the number as the text writes it.

    Examples
    --------
    >>> oracle = NumericAnswer()
    >>> texts = ["6 * 3 = 18.\n#### $1,018", "It is \\boxed{-\\frac{1}{2}}.", "I do not know."]
    >>> found = oracle.score({"text": texts, "reference": [1018, "-0.5", "7"]})
    >>> found.scores.tolist(), found.details["read"]
    ([1.0, 1.0, 0.0], ['$1,018', '-1/2', None])
    """

    text: str = "text"
    reference: str = "reference"
    tolerance: float = 0.0
    decimal: str = "."
    marker: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("NumericAnswer", text=self.text, reference=self.reference)
        check_number_format("NumericAnswer", self.decimal, self.marker)
        if not 0 <= self.tolerance < float("inf"):
            raise InputError(
                f"NumericAnswer got tolerance = {self.tolerance!r}: it is the largest difference "
                "that counts as equal. Use 0 or a small positive number."
            )

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "numeric_answer"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text, self.reference)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        columns = (column(batch, name, self.name) for name in self.columns)
        return score_each(self._judge, *columns, details=("read",))

    def _judge(self, text: Any, reference: Any) -> tuple[float, str | None]:
        entries = several(reference, self.reference)
        right = [self._number(entry, self.reference) for entry in entries]
        known = [number for number in right if number is not None]
        if not known:
            raise NoScore(f"no number can be read in '{self.reference}': {str(entries[0])[:60]!r}")
        found = self._number(text, self.text)
        if found is None:
            return 0.0, None
        tolerance = numbers.of(self.tolerance).value
        return float(any(found.equals(one, tolerance) for one in known)), found.written

    def _number(self, value: Any, name: str) -> Number | None:
        return number_in(value, name, self.decimal, self.marker)


def check_number_format(verifier: str, decimal: str, marker: str | None) -> None:
    """Raise InputError for a decimal mark or an expression that cannot be used."""
    if decimal not in (".", ","):
        raise InputError(
            f"{verifier} got decimal = {decimal!r}, but decimals stand behind '.' or ','. Use one "
            "of them."
        )
    if marker is not None:
        check_expression(verifier, "marker", marker)


def check_expression(verifier: str, field: str, expression: object) -> None:
    """Raise InputError for something that is no regular expression."""
    try:
        re.compile(expression)  # type: ignore[call-overload]
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise InputError(
            f"{verifier} got {field} = {expression!r}, which is no regular expression ({error}). "
            "Put a backslash before characters that mean themselves, such as \\( or \\*."
        ) from error


def number_in(value: Any, name: str, decimal: str, marker: str | None) -> Number | None:
    """Number that stands in a column, as such or as the answer of a text; None if there is none.

    Raises
    ------
    NoScore
        If what stands there is neither a text nor a finite number.
    """
    if isinstance(value, int | float | Decimal | np.number) and not isinstance(value, bool):
        try:
            return numbers.of(value)
        except ValueError as error:
            raise NoScore(f"'{name}' holds {value}, which is no number to compare") from error
    return answer_in(text_in(value, name), decimal, marker)


def answer_in(text: str, decimal: str = ".", marker: str | None = None) -> Number | None:
    """Number that a text gives as its answer, as `NumericAnswer` reads it; None if it gives none.

    Examples
    --------
    >>> answer_in("The answer is 3 + 4 = 7 apples, not 12.").written
    '7'
    """
    plain = numbers.plain(text)
    if marker is not None:
        ends = [match.end() for match in re.finditer(marker, plain)]
        return _first(plain[ends[-1] :], decimal) if ends else _last(plain, decimal)
    box = _last_match(_BOX, plain)
    phrase = _last_match(numbers.pattern(decimal, _MARKED), plain)
    if box and (phrase is None or phrase.start() < box.start()):
        return _last(_braced(plain, box.end()), decimal)
    if phrase is None:
        return _last(plain, decimal)
    rest = plain[phrase.end() :].split("\n", 1)[0]
    if _OPERATION.match(rest) and "=" in rest:  # a sum is written out, and its result follows
        result = _first(rest.rsplit("=", 1)[1], decimal)
        if result is not None:
            return result
    return numbers.read(phrase, decimal)


def _last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    matches = list(pattern.finditer(text))
    return matches[-1] if matches else None


def _braced(text: str, start: int) -> str:
    """What stands before the brace that closes the one before `start`."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]


def _first(text: str, decimal: str) -> Number | None:
    found = (numbers.read(match, decimal) for match in numbers.pattern(decimal).finditer(text))
    return next((number for number in found if number is not None), None)


def _last(text: str, decimal: str) -> Number | None:
    matches = list(numbers.pattern(decimal).finditer(text))
    found = (numbers.read(match, decimal) for match in reversed(matches))
    return next((number for number in found if number is not None), None)
