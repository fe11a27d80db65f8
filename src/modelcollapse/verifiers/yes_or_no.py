"""Words that people and programs write for yes, for no, and for nothing."""

from __future__ import annotations

from typing import Any

YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "right", "correct", "good", "kept", "keep"})
NO = frozenset(
    {"0", "0.0", "false", "f", "no", "n", "wrong", "incorrect", "bad", "dropped", "drop"}
)
NOTHING = frozenset({"", "nan", "none", "null", "na", "n/a"})


def word(value: Any) -> str:
    """Entry of a column as it is looked up in these sets."""
    return str(value).strip().lower()
