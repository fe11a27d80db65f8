"""Types of columns, which must be the same from the first record to the last but a few."""

from __future__ import annotations

from collections import Counter
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


FEW = 0.05
"""Share of entries of another type up to which they are mistakes, and not a change."""

FEW_IN_HEAD, FEW_IN_SHARD = 2, 10
"""Entries of another type that are mistakes whatever their share."""


def kind_of(value: Any) -> str:
    """Kind of an entry: a word of `KINDS`, or the name of its type."""
    return KINDS.get(type(value), type(value).__name__)


class Kinds:
    """Types of the columns while records are read.

    An entry of another type than its column's is a mistake of its record, which can be set aside;
    where they are many, the column has changed.

    Parameters
    ----------
    known : mapping of str to str or None
        What is known beforehand.
    file : str
        Name of the file, for messages.

    Attributes
    ----------
    met : dict of str to (str, bool)
        Kinds of columns with entries that were met since this was last emptied, and whether they
        were known beforehand.
    """

    def __init__(self, known: Schema, file: str) -> None:
        self._known = dict(known)
        self._file = file
        self._seen: Counter[str] = Counter()
        self._odd: dict[str, list[tuple[int, str]]] = {}
        self.met: dict[str, tuple[str, bool]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that are known by now."""
        return tuple(self._known)

    def check(self, record: Mapping[str, Any], line: int) -> None:
        """Check a record.

        Raises
        ------
        ValueError
            If it does not fit; the words say what it holds, for `Aside`.
        InputError
            If so many did not that the column has changed.
        """
        known, seen = self._known, self._seen
        odd, late = "", []
        for name, value in record.items():
            if value is None:
                known.setdefault(name, None)
                continue
            kind, before = kind_of(value), known.get(name)
            seen[name] += 1
            if before is None:
                late.append((name, kind))
                continue
            if seen[name] == 1:
                self.met[name] = (before, True)
            if kind != before:
                self._odd.setdefault(name, []).append((line, kind))
                if len(self._odd[name]) > MANY:
                    self.settle(name)
                odd = odd or (
                    f"of another type: {_article(kind)} in the column '{name}', which holds "
                    f"{_article(before)} elsewhere"
                )
        if odd:
            raise ValueError(odd)
        for name, kind in late:
            known[name] = kind
            self.met[name] = (kind, False)

    def settle(self, *names: str) -> None:
        """Check that entries of another type were few among those seen so far.

        Raises
        ------
        InputError
            If they were not; the sentence names the first of them by file, line and column.
        """
        for name in names or tuple(self._odd):
            odd = self._odd.get(name, [])
            if len(odd) > max(FEW_IN_SHARD, FEW * self._seen[name]):
                line, kind = odd[0]
                raise changed(f"line {line} of {self._file}", name, kind, self._known[name] or kind)


MANY = 100
"""Entries of another type after which it is not waited for the end of a shard to judge them."""


def kinds_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Kinds of the entries of a record; none of those that are empty."""
    return {name: kind_of(value) for name, value in record.items() if value is not None}


Marked = tuple[int, Mapping[str, str]]
"""Line of a record, and the kinds of its entries."""


def settled(known: Schema, records: Sequence[Marked], file: str, least: int = 1) -> dict[str, str]:
    """Kinds of columns by some records of a file.

    Parameters
    ----------
    known : mapping of str to str or None
        What the files before have shown.
    records : sequence of (int, mapping of str to str)
        Lines of records, and the kinds of their entries.
    file : str
        Name of the file, for messages.
    least : int, default 1
        Entries of a kind that it takes to say that a column is of it.

    Returns
    -------
    dict of str to str
        For each column with entries the kind of most of them, unless it was known.

    Raises
    ------
    InputError
        If entries of another kind are more than a few, or all.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for line, record in records:
        for name, kind in record.items():
            found.setdefault(name, []).append((line, kind))
    kinds = {}
    for name, entries in found.items():
        counts = Counter(kind for _, kind in entries)
        usual = known.get(name) or counts.most_common(1)[0][0]
        odd = len(entries) - counts[usual]
        if odd > max(FEW_IN_HEAD, FEW * len(entries)) or odd == len(records):
            before = known.get(name) or entries[0][1]
            line, kind = next(each for each in entries if each[1] != before)
            raise changed(f"line {line} of {file}", name, kind, before)
        if counts[usual] >= least:
            kinds[name] = usual
    return kinds


def changed(place: str, column: str, kind: str, before: str) -> InputError:
    """Error for a column whose type changes."""
    return InputError(
        f"{place} holds {_article(kind)} in the column '{column}', which held "
        f"{_article(before)} before it. A column has one type throughout: convert the entries, or "
        "keep such records in another file."
    )


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
