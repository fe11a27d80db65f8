"""Types of columns, which must be the same from the first record to the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelcollapse.errors import InputError

Schema = Mapping[str, str | None]
"""Kind of value by column: a word of `KINDS`, or None while only empty entries were seen."""

KINDS: dict[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "truth value",
    list: "list",
    dict: "object",
}

EMPTY = type(None)


def kind_of(values: Sequence[Any]) -> str | None:
    """Kind of the first entry that is not empty."""
    return next((_kind(type(value)) for value in values if value is not None), None)


def _kind(kind: type) -> str:
    return KINDS.get(kind, kind.__name__)


def check(
    schema: dict[str, str | None],
    columns: Mapping[str, Sequence[Any]],
    rows: Sequence[int],
    file: str,
    unit: str,
) -> dict[str, tuple[str, int]]:
    """Check that entries are of the kind that their column has had so far.

    Parameters
    ----------
    schema : dict
        What is known; kinds that were not known are added.
    columns : mapping of str to sequence
        Entries to check.
    rows : sequence of int
        Where they stand in the file, for messages.
    file, unit : str
        Name of the file, and whether `rows` are lines or rows of it.

    Returns
    -------
    dict of str to (str, int)
        Kinds that were not known before, with the row where each was first seen.

    Raises
    ------
    InputError
        If an entry is of another kind; the sentence names file, line and column.
    """
    found: dict[str, tuple[str, int]] = {}
    for name, values in columns.items():
        kinds = {_kind(kind) for kind in set(map(type, values)) - {EMPTY}}
        known = schema.get(name)
        if not kinds or kinds == {known}:
            schema.setdefault(name, None)
            continue
        first = known
        for value, row in zip(values, rows, strict=True):
            if value is None:
                continue
            kind = _kind(type(value))
            if first is None:
                first = kind
                found[name] = (kind, int(row))
            if kind != first:
                raise changed(f"{unit} {row} of {file}", name, kind, first)
        schema[name] = first
    return found


def changed(place: str, column: str, kind: str, before: str) -> InputError:
    """Error for a column whose type changes."""
    return InputError(
        f"{place} holds {_article(kind)} in the column '{column}', which held "
        f"{_article(before)} before it. A column has one type throughout: convert the entries, or "
        "keep such records in another file."
    )


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
