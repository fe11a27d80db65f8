"""Counting reasons, which may quote what is special about a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce

MOST = 50
"""Reasons that are counted apart."""

OTHER = "other reasons"

APART = 4
"""Reasons of one kind that are counted apart: columns are few, what records hold is not."""

CUT = "'…'"

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![\w.-])[-+]?\d[\d.,]*")
_EITHER = re.compile(f"(?P<quoted>{_QUOTED.pattern})|{_NUMBER.pattern}")


def shortened(reason: str) -> str:
    """Reason without what it quotes and its numbers: what reasons of one kind have in common.

    Examples
    --------
    >>> shortened("the answer 'forty' is no number")
    "the answer '…' is no number"
    """
    return _NUMBER.sub("…", _QUOTED.sub(CUT, reason))


def _numberless(reason: str) -> str:
    return _EITHER.sub(lambda found: found["quoted"] or "…", reason)


def _common(one: str, other: str) -> str:
    """Two reasons of one kind as one, with the quotations that they share."""
    kept = iter(
        mine if mine == its else CUT
        for mine, its in zip(_QUOTED.findall(one), _QUOTED.findall(other), strict=True)
    )
    return _QUOTED.sub(lambda _: next(kept), one)


class Reasons:
    """Counts of reasons; those that differ in a number, or in many quotations, are one.

    Examples
    --------
    >>> found = Reasons()
    >>> for reason in ("no 'gold'", "no 'gold'", "no 'text'", "line 3 is odd", "line 5 is odd"):
    ...     found.add(reason)
    >>> found.counts()
    {'line … is odd': 2, "no 'gold'": 2, "no 'text'": 1}
    >>> for word in "abcdef":
    ...     found.add(f"'{word}' in the column 'n' is no number")
    >>> found.counts()["'…' in the column 'n' is no number"]
    6
    """

    def __init__(self) -> None:
        self._found: dict[str, dict[str, tuple[str, int]]] = {}

    def add(self, reason: str, count: int = 1) -> None:
        """Count a reason."""
        kind = self._found.setdefault(shortened(reason), {})
        one = _numberless(reason)
        label, before = kind.get(one, (reason, 0))
        kind[one] = (label if label == reason else one, before + count)
        if len(kind) > APART or (len(kind) > 1 and any(CUT in each for each in kind)):
            common, total = reduce(_common, kind), sum(each for _, each in kind.values())
            kind.clear()
            kind[common] = (common, total)

    def counts(self) -> dict[str, int]:
        """Counts by reason, the most frequent first; rare ones are counted together."""
        total = dict(each for kind in self._found.values() for each in kind.values())
        rest = total.pop(OTHER, 0)
        ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
        rest += sum(count for _, count in ordered[MOST:])
        return dict(ordered[:MOST]) | ({OTHER: rest} if rest else {})


def joined(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Sum of several counts."""
    total = Reasons()
    for each in counts:
        for reason, count in each.items():
            total.add(reason, count)
    return total.counts()
