"""Counting reasons, which may quote what is special about a record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

MOST = 50
"""Reasons that are counted apart."""

OTHER = "other reasons"

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![\w.-])[-+]?\d[\d.,]*")


def shortened(reason: str) -> str:
    """Reason without what it quotes, so that reasons of one kind are counted together.

    Examples
    --------
    >>> shortened("the answer 'forty' is no number")
    "the answer '…' is no number"
    """
    return _NUMBER.sub("…", _QUOTED.sub("'…'", reason))


def joined(*counts: Mapping[str, int]) -> dict[str, int]:
    """Sum of counts, the most frequent reasons first; rare ones are counted together."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    rest = total.pop(OTHER, 0)
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(ordered[:MOST])
    rest += sum(count for _, count in ordered[MOST:])
    return kept | ({OTHER: rest} if rest else {})
