"""Telling records apart by what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from typing import Any

from modelcollapse.batches import Batch, length

RESERVED = "mc_"
"""Beginning of the names of columns that this package writes, which are no part of a record."""


def record_ids(batch: Batch) -> list[str]:
    """Names of records by their content.

    Parameters
    ----------
    batch : mapping of str to sequence
        Records with all of their columns.

    Returns
    -------
    list of str
        For each record 32 hexadecimal digits: BLAKE2b of its columns as JSON, sorted by name.
        Numbers and truth values count as the text that a CSV file has for them (``1``, ``0.5``,
        ``True``), and columns that are empty (None or ``""``), or whose name begins with ``mc_``,
        do not count; so a record keeps its name when it moves to another file or format, or gets
        scores. Equal records have equal names.

    Examples
    --------
    >>> first, second = record_ids({"text": ["yes", "no"], "mc_score": [0.1, 0.9]})
    >>> first == record_ids({"other": [None], "text": ["yes"]})[0]
    True
    >>> first == second
    False
    >>> record_ids({"n": [7, 0.5, None]}) == record_ids({"n": ["7", "0.5", ""]})
    True
    """
    own = sorted(name for name in batch if not name.startswith(RESERVED))
    if not own:
        return [_digest("")] * length(batch)
    encoded = [_entries(name, batch[name]) for name in own]
    return [_digest(",".join(filter(None, row))) for row in zip(*encoded, strict=True)]


def _entries(name: str, values: Sequence[Any]) -> list[str]:
    """Entries of JSON objects; empty where there is nothing."""
    key = encode_basestring(name) + ":"
    encode: dict[type, Callable[[Any], str]] = {str: encode_basestring} | dict.fromkeys(
        (int, float, bool), lambda value: f'"{value}"'
    )
    return [
        ""
        if value is None or value == ""
        else key + encode.get(type(value), _ENCODER.encode)(value)
        for value in values
    ]


def _spelt(value: Any) -> str:
    """Bytes, dates and other values that JSON has no form for."""
    return value.hex() if isinstance(value, bytes) else str(value)


_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_spelt
)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
