"""Roles of columns: what each is to be read as, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion

FEW_NUMBERS = 20
"""Different whole numbers of a column up to which they are categories."""

MOSTLY = 0.9
"""Share of different values from which on a column is a key, or made of texts."""

NULLS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""Words that stand for a missing number, and in a CSV file for any missing value."""

_WORDS, _MANY_WORDS = 4.0, 8.0  # of a text, on average
_OFTEN = 0.05  # share of different values below which even many words are a category
_SURE = 50  # records from which on different values are no accident
_KEY = re.compile(r"(^|[_\W])(?i:ids?|key|uuid|guid|index|idx|rowid)$|[a-z](Id|ID|Key)$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?")
# a sign each for a word or a syllable: Chinese, Japanese; and scripts that set no spaces
_SIGNS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer


class Role(StrEnum):
    """What a column is read as. The values are words of the user."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"
    EMBEDDING = "embedding"
    IDENTIFIER = "identifier"
    TIME = "time"
    SKIPPED = "skipped"


class Kind(StrEnum):
    """What the values of a column are made of, before anybody asks what they mean."""

    NUMBER = "numbers"
    WHOLE = "whole numbers"
    TRUTH = "truth values"
    WORDS = "words"
    TIME = "times"
    VECTOR = "vectors"
    NESTED = "nested values"
    EMPTY = "nothing"


@dataclass(frozen=True)
class ColumnRole:
    """Role of one column.

    Attributes
    ----------
    name : str
        Of the column.
    role : Role
        What it is read as.
    reason : str
        Why, in a few words.
    kind : Kind
        What its values are made of.
    """

    name: str
    role: Role
    reason: str
    kind: Kind


@dataclass(frozen=True)
class Look:
    """Some values of a column, by which its role is known.

    Attributes
    ----------
    kind : Kind
        What they are made of.
    values : ndarray, shape (n, ...)
        Sampled values: float with NaN, or object with None; empty for vectors.
    note : str
        Of vectors: what they are, or why they are not points of one space.
    gapless : bool
        Whether the whole numbers of all records are all that there are from the least to the
        greatest, as many as records.
    """

    kind: Kind
    values: NDArray[Any]
    note: str = ""
    gapless: bool = False


def detect_role(name: str, look: Look) -> ColumnRole:
    """Tell the role of a column from a sample of it.

    Parameters
    ----------
    name : str
        Of the column.
    look : Look
        At it.

    Returns
    -------
    ColumnRole
        With the reason. Whole numbers of which few are different, and words that come again, are
        categories; words that mostly do not are texts or, one word each, identifiers.
    """
    role, reason = _detected(name, look)
    return ColumnRole(name, role, reason, look.kind)


def _detected(name: str, look: Look) -> tuple[Role, str]:
    if look.kind is Kind.VECTOR:
        return Role.EMBEDDING, look.note
    if look.kind is Kind.NESTED:
        return Role.SKIPPED, look.note or "nested values"
    values = look.values
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values[values != None]  # noqa: E711
    if not there.size:
        return Role.SKIPPED, "no value in the reference"
    if look.kind is Kind.TIME:
        return Role.TIME, "times, read in seconds"
    if look.kind is Kind.TRUTH:
        return Role.CATEGORY, "truth values"
    different = len(set(there.tolist()))
    counted = f"{different:,} different value{'s' * (different != 1)} in {there.size:,}"
    if look.kind is Kind.NUMBER:
        return Role.NUMBER, f"numbers, {counted}"
    if look.kind is Kind.WHOLE:
        return _whole(name, there.size, different, counted, look.gapless)
    return _words(name, there.tolist(), different, counted)


def _whole(name: str, n: int, different: int, counted: str, gapless: bool) -> tuple[Role, str]:
    if different == n > 1 and _KEY.search(name):
        return Role.IDENTIFIER, f"all different and named as a key: {counted}"
    if different == n >= _SURE and gapless:
        return Role.IDENTIFIER, f"whole numbers without gaps, all different: {counted}"
    if different <= FEW_NUMBERS:
        return Role.CATEGORY, f"whole numbers, {counted}"
    return Role.NUMBER, f"whole numbers, {counted}"


def _words(name: str, values: list[str], different: int, counted: str) -> tuple[Role, str]:
    n = len(values)
    share = different / n
    words = sum(map(_length, values)) / n
    if all(map(_is_date, values)):
        return Role.TIME, f"dates written as text, {counted}"
    if share > MOSTLY and words < 2 and (n >= _SURE or (share == 1 < n and _KEY.search(name))):
        return Role.IDENTIFIER, f"nearly all different, one word each: {counted}"
    often = share > _OFTEN and different >= _SURE
    if (
        (words >= _WORDS and share > 0.5)
        or (words >= _MANY_WORDS and often)
        or (share > MOSTLY and words >= 2 and n >= _SURE)
    ):
        return Role.TEXT, f"{words:.0f} words each, {counted}"
    return Role.CATEGORY, counted


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _length(text: str) -> float:
    """Words of a text, about: where a script sets no spaces, its signs tell."""
    if text.isascii():
        return len(text.split())
    signs = len(_SIGNS.findall(text))
    return max(len(text.split()), signs / 1.5, len(_UNSPACED.findall(text)) / 5)


def asked_roles(roles: Mapping[str, str] | None, columns: Sequence[str]) -> dict[str, Role]:
    """Roles that the user asks for, checked.

    Parameters
    ----------
    roles : mapping of str to str, optional
        Role by column.
    columns : sequence of str
        Columns that there are.

    Raises
    ------
    InputError
        If there is no such column or role.
    """
    found: dict[str, Role] = {}
    for name, role in (roles or {}).items():
        if name not in columns:
            raise InputError(
                f"there is no column {name!r} to give the role of {role} to."
                f"{suggestion(name, list(columns))} There are {', '.join(list(columns)[:20])}."
            )
        try:
            found[name] = Role(role)
        except ValueError:
            raise InputError(
                f"there is no role {role!r} for the column {name!r}."
                f"{suggestion(str(role), list(Role))} Roles are {', '.join(Role)}."
            ) from None
    return found
