"""Spellings that count as the same text."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable

from modelcollapse.errors import InputError, suggestion

SQUAD = ("case", "punctuation", "articles", "spaces")
"""What the evaluation of the question-answering data set SQuAD leaves out of account."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")


class _Punctuation(dict[int, int | None]):
    """Table for `str.translate` that drops punctuation, filled as characters come up."""

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        drops = letter in string.punctuation or unicodedata.category(letter).startswith("P")
        self[code] = None if drops else code
        return self[code]


_DROP_PUNCTUATION = _Punctuation()

STEPS: dict[str, Callable[[str], str]] = {
    "unicode": lambda text: unicodedata.normalize("NFKC", text),
    "case": str.casefold,
    "punctuation": lambda text: text.translate(_DROP_PUNCTUATION),
    "articles": lambda text: _ARTICLES.sub(" ", text),
    "spaces": lambda text: " ".join(text.split()),
}
"""Steps by name, in the order in which they are done."""


def normalised(text: str, steps: tuple[str, ...]) -> str:
    """Text after some of the `STEPS`, in their order; as it stands if they leave nothing of it.

    Examples
    --------
    >>> normalised("The  Eiffel Tower!", SQUAD)
    'eiffel tower'
    >>> normalised("?", SQUAD)
    '?'
    """
    found = text
    for name, step in STEPS.items():
        if name in steps:
            found = step(found)
    return found or text.strip()


def check_steps(verifier: str, steps: object) -> None:
    """Raise InputError unless these are names of `STEPS`."""
    if isinstance(steps, str) or not isinstance(steps, tuple | list):
        raise InputError(
            f"{verifier} got normalise = {steps!r}, but it takes a list of steps. Choose among "
            f"{', '.join(STEPS)}; an empty list compares character by character."
        )
    for name in steps:
        if name not in STEPS:
            raise InputError(
                f"{verifier} cannot normalise by '{name}'. {suggestion(str(name), STEPS)}"
            )
