"""Roles of columns, found from their types and from a look at some of their values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from modelcollapse.profiles.arrow import Kind, arrow, kind_of, numbers_among, words_of

FEW = 20
"""Different whole numbers up to which they are categories."""

WORDY, VERY_WORDY = (4.0, 30.0), (8.0, 60.0)
"""Words, or characters where words are not set apart, of a text on average."""

KEY = 8
"""Least letters of texts that are taken for keys by their form."""

MOSTLY = 0.99
"""Share of values of one type beyond which the others are mistakes."""

_KEY = re.compile(r"(^|[_\W])(id|ids|key|uuid|guid|index|idx|rowid)$", re.IGNORECASE)


class Role(StrEnum):
    """What a column is for."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"
    EMBEDDING = "embedding"
    IDENTIFIER = "identifier"
    TIME = "time"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class ColumnRole:
    """Role of a column, and why.

    Parameters
    ----------
    name : str
        The column.
    role : Role
        Its role.
    reason : str
        A short phrase, such as ``"12 different values in 4,000"``.
    """

    name: str
    role: Role
    reason: str


def detect(name: str, values: Any, rows: int) -> ColumnRole:
    """Tell the role of a column from some of its values.

    Parameters
    ----------
    name : str
        The column.
    values : Arrow array
        Some of its values, in their order.
    rows : int
        Records of the whole data set.

    Returns
    -------
    ColumnRole
        Truth values, and texts and whole numbers of which few are different, are categories;
        texts that are mostly different and have several words (or are long, where a language
        sets no spaces) are text; texts or whole numbers that are all different and look like
        keys are identifiers; lists of numbers of one length are embeddings.
    """
    present = values.drop_null()
    found = _DETECTORS[kind_of(values.type)](name, present, rows) if len(present) else None
    role, reason = found or (Role.SKIPPED, "all values are missing")
    return ColumnRole(name, role, reason)


Found = tuple[Role, str]


def _truth(*_: Any) -> Found:
    return Role.CATEGORY, "true or false"


def _integers(name: str, values: Any, rows: int) -> Found:
    n, different = len(values), len(values.unique())
    if different <= FEW and 2 * different <= n:
        return Role.CATEGORY, _different(different, n)
    if different == n > 1:
        if _KEY.search(name):
            return Role.IDENTIFIER, f"whole numbers, all different in {n:,}, named as a key"
        limits = arrow().compute.min_max(values)
        low, high = (int(limits[end].as_py()) for end in ("min", "max"))
        # so dense that measured numbers would have met each other
        if n >= 100 and low >= 0 and high - low < 1.5 * rows:
            return Role.IDENTIFIER, f"whole numbers, all different in {n:,}, without gaps"
    return Role.NUMBER, f"whole numbers, {_different(different, n)}"


def _numbers(name: str, values: Any, rows: int) -> Found:
    compute = arrow().compute
    values = compute.cast(values, "double")
    finite = values.filter(compute.is_finite(values))
    if not len(finite):
        return Role.SKIPPED, "no value is a finite number"
    x = finite.to_numpy()
    if np.all(x == np.floor(x)) and np.all(np.abs(x) < 2**53):
        return _integers(name, compute.cast(finite, "int64"), rows)
    return Role.NUMBER, f"numbers, {_different(len(np.unique(x)), len(x))}"


def _texts(name: str, values: Any, rows: int) -> Found:
    found = values.value_counts()
    often: Counter[str] = Counter()
    for text, times in zip(
        words_of(found.field("values")), found.field("counts").to_pylist(), strict=True
    ):
        if text:
            often[text] += times
    if not often:
        return Role.SKIPPED, "all values are missing or empty"
    n, different = often.total(), len(often)
    length = sum(len(text) * times for text, times in often.items()) / n
    words = sum(len(text.split()) * times for text, times in often.items()) / n
    alike = _different(different, n)
    if different > FEW:
        if _are_times(often):
            return Role.TIME, "dates written as text"
        if different == n and _are_keys(often):
            return Role.IDENTIFIER, f"all different in {n:,}, of one form"
        numeric, odd = numbers_among(often)
        if numeric >= MOSTLY * n:
            return Role.NUMBER, f"numbers written as text, {alike}"
        if numeric >= n / 2:
            mixed = f"numbers and words mixed, such as '{odd}'; {alike}"
            return (Role.CATEGORY if 2 * different <= n else Role.TEXT), mixed
    wordy = words >= WORDY[0] or length >= WORDY[1]
    very = words >= VERY_WORDY[0] or length >= VERY_WORDY[1]
    spelt = f"{alike}, {words:.0f} words on average" if words >= 2 else alike
    if (wordy and 2 * different > n) or (very and 10 * different > n):
        return Role.TEXT, spelt
    if different == n >= FEW and words < 1.5:
        return Role.IDENTIFIER, f"all different in {n:,}, one word each"
    if different > 0.9 * n and words >= 1.5 and n > FEW:
        return Role.TEXT, spelt
    return Role.CATEGORY, alike


def _are_keys(texts: Iterable[str]) -> bool:
    """Whether texts are alike in form, as UUIDs, digests and padded numbers are."""
    length = len(next(iter(texts)))
    return length >= KEY and all(
        len(text) == length and text.isascii() and text.replace("-", "").isalnum() for text in texts
    )


def _are_times(often: Counter[str]) -> bool:
    shaped = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$")
    found = sum(times for text, times in often.items() if shaped.match(text))
    return found >= MOSTLY * often.total()


def _times(*_: Any) -> Found:
    return Role.TIME, "dates or times"


def _lists(name: str, values: Any, rows: int) -> Found:
    lengths = arrow().compute.list_value_length(values).unique().to_pylist()
    if len(lengths) > 1 or not lengths[0]:
        return Role.SKIPPED, "lists of different lengths" if len(lengths) > 1 else "empty lists"
    return Role.EMBEDDING, f"lists of {lengths[0]} numbers"


def _nested(name: str, values: Any, rows: int) -> Found:
    return Role.SKIPPED, f"values of the type {values.type}, of which nothing is measured"


def _different(different: int, n: int) -> str:
    return f"{different:,} different value{'s' * (different != 1)} in {n:,}"


_DETECTORS = {
    Kind.TRUTH: _truth,
    Kind.INTEGER: _integers,
    Kind.NUMBER: _numbers,
    Kind.TEXT: _texts,
    Kind.TIME: _times,
    Kind.LIST: _lists,
    Kind.NESTED: _nested,
}
