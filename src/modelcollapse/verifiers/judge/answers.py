"""Reading a grade out of what a language model answered."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from modelcollapse.errors import InputError

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_ANY = re.compile(rf"(?<![\w.]){_NUMBER}(?!\w)")
_LABELLED = re.compile(
    rf"\b(?:score|rating|grade)\b\W{{0,5}}(?:is\b|of\b)?\W{{0,3}}?({_NUMBER})(?!\w)", re.IGNORECASE
)
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_SHOWN = 200  # characters of an answer that a message quotes


class Unreadable(Exception):
    """An answer holds no grade; the message says why."""


@dataclass(frozen=True)
class Reading:
    """How a grade stands in an answer.

    Parameters
    ----------
    scale : tuple of float
        Lowest and highest grade.
    pattern : str, optional
        Regular expression; the grade is its group, or all of it, where it matches last.
    json_field : str, optional
        Field of a JSON object that holds the grade. By default the grade is the only number of
        the answer, or the only one called score, rating or grade.

    Raises
    ------
    InputError
        If the scale does not rise, the pattern is no regular expression or has several groups, or
        both ways are given.
    """

    scale: tuple[float, float]
    pattern: str | None = None
    json_field: str | None = None

    def __post_init__(self) -> None:
        low, high = self.scale
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InputError(
                f"Judge got scale = ({low:g}, {high:g}), but grades lie between a lowest and a "
                "highest one, and higher is better. Use e.g. (1, 10)."
            )
        if self.pattern is not None and self.json_field is not None:
            raise InputError(
                "Judge got both a pattern and a json_field, but a grade is read in one way. Give "
                "one of them."
            )
        if self.pattern is not None:
            try:
                groups = re.compile(self.pattern).groups
            except re.error as error:
                raise InputError(
                    f"Judge got pattern = {self.pattern!r}, which is no regular expression "
                    f"({error}). Correct it, e.g. r'\\[\\[(\\d+)\\]\\]'."
                ) from error
            if groups > 1:
                raise InputError(
                    f"Judge got pattern = {self.pattern!r} with {groups} groups, so it is not "
                    "known which holds the grade. Leave one, and write (?:...) for the others."
                )

    @property
    def reminder(self) -> str:
        """What is asked for, once more."""
        ends = f"from {self.scale[0]:g} to {self.scale[1]:g}"
        if self.json_field is not None:
            return (
                "Answer with nothing but a JSON object that has a number "
                f"{ends} in its field {json.dumps(self.json_field)}."
            )
        if self.pattern is not None:
            return f"Answer in exactly the form asked for above, with a number {ends}."
        return f"Answer with one number {ends} and nothing else."

    def grade(self, answer: str) -> float:
        """Grade in an answer.

        Raises
        ------
        Unreadable
            If there is none, or it lies outside the scale.
        """
        text = _after_thinking(answer)
        if self.json_field is not None:
            found = _field(text, self.json_field)
        elif self.pattern is not None:
            matches = list(re.finditer(self.pattern, text))
            if not matches:
                raise Unreadable("does not match the pattern")
            found = matches[-1][1 if matches[-1].re.groups else 0]
        else:
            found = self._only_number(text)
        return self._within(self._number(found))

    def _only_number(self, text: str) -> str:
        whole = text.strip(" \t\n*_.!\"'`")
        if whole.lower() in _YES | _NO:
            return whole
        bare = re.sub(rf"(?<=\d)\s*(?:/|out of)\s*{self.scale[1]:g}(?![\w.])", "", text)
        for expression in (_LABELLED, _ANY):
            found = expression.findall(bare)
            if len(set(map(float, found))) == 1:
                return str(found[0])
            if found:
                raise Unreadable("holds several numbers")
        raise Unreadable("holds no number" if text.strip() else "is empty")

    def _number(self, found: Any) -> float:
        word = str(found).strip().lower()
        if word in _YES | _NO:
            return self.scale[1] if word in _YES else self.scale[0]
        try:
            value = float(word)
        except ValueError:
            raise Unreadable(f"has '{shortened(word)}' for a grade, which is no number") from None
        return value

    def _within(self, value: float) -> float:
        low, high = self.scale
        if not low <= value <= high:
            raise Unreadable(f"gives the grade {value:g}, outside of {low:g} to {high:g}")
        return value


def _after_thinking(answer: str) -> str:
    """What follows the part that reasoning models write for themselves."""
    before, mark, after = answer.rpartition("</think>")
    if not mark and "<think>" in before + after:
        raise Unreadable("ends before it comes to a grade")
    return after


def _field(text: str, name: str) -> Any:
    decoder = json.JSONDecoder()
    objects = []
    at = text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            objects.append(found)
        at = text.find("{", end)
    if not objects:
        raise Unreadable("holds no whole JSON object")
    holding = [found[name] for found in objects if name in found]
    if not holding:
        raise Unreadable(f"has no field '{name}' in its JSON")
    return holding[-1]


def shortened(text: str) -> str:
    """Beginning of a text on one line, for a message."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."
