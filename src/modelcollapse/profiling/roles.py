"""Roles of columns: what each is to be read as, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion

FEW_NUMBERS = 20
"""Different whole numbers of a column up to which they are categories."""

MOSTLY = 0.9
"""Share of different values from which on a column is a key, or made of texts."""

_WORDS = 4.0  # words of a text, on average
_LETTERS = 40.0  # letters of a text in a language that parts no words by spaces
_SURE = 50  # records from which on different values are no accident
_KEY = re.compile(r"(^|[_\W])(id|ids|key|uuid|guid|index|idx|rowid)$", re.IGNORECASE)


class Role(StrEnum):
    """What a column is read as. The values are words of the user."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"
    EMBEDDING = "embedding"
    IDENTIFIER = "identifier"
    TIME = "time"
    SKIPPED = "skipped"


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
    """

    name: str
    role: Role
    reason: str


class Kind(StrEnum):
    """What the values of a column are made of, before anybody asks what they mean."""

    NUMBER = "numbers"
    WHOLE = "whole numbers"
    TRUTH = "truth values"
    WORDS = "words"
    TIME = "times"
    VECTOR = "vectors"
    NESTED = "nested values"


def detect_role(name: str, kind: Kind, values: NDArray[Any]) -> ColumnRole:
    """Tell the role of a column from a sample of it.

    Parameters
    ----------
    name : str
        Of the column.
    kind : Kind
        What its values are made of.
    values : ndarray, shape (n, ...)
        Sampled values: float with NaN, or object with None.

    Returns
    -------
    ColumnRole
        With the reason.
    """
    role, reason = _detected(name, kind, values)
    return ColumnRole(name, role, reason)


def _detected(name: str, kind: Kind, values: NDArray[Any]) -> tuple[Role, str]:
    if kind is Kind.VECTOR:
        return Role.EMBEDDING, f"vectors of {values.shape[1]} numbers"
    if kind is Kind.NESTED:
        return Role.SKIPPED, "nested values or vectors of different lengths"
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values[values != None]  # noqa: E711
    if not there.size:
        return Role.SKIPPED, "no value in the reference"
    different = len(set(there.tolist()))
    counted = f"{different:,} different values in {there.size:,}"
    if kind is Kind.TIME:
        return Role.TIME, "times, read in seconds"
    if kind is Kind.TRUTH:
        return Role.CATEGORY, "truth values"
    if kind is Kind.NUMBER:
        return Role.NUMBER, "numbers"
    if kind is Kind.WHOLE:
        return _whole(name, there, different, counted)
    return _words(there, different, counted)


def _whole(name: str, values: NDArray[Any], different: int, counted: str) -> tuple[Role, str]:
    if different <= FEW_NUMBERS:
        return Role.CATEGORY, f"whole numbers, {counted}"
    if values.size >= _SURE and different == values.size:
        steps = np.diff(np.sort(values))
        if _KEY.search(name) or bool((steps == steps[0]).all()):
            return Role.IDENTIFIER, f"whole numbers, all different: {counted}"
    return Role.NUMBER, f"whole numbers, {counted}"


def _words(values: NDArray[Any], different: int, counted: str) -> tuple[Role, str]:
    share = different / values.size
    words = float(np.mean([len(text.split()) for text in values.tolist()]))
    letters = float(np.mean([len(text) for text in values.tolist()]))
    if (words >= _WORDS or letters >= _LETTERS) and (share > 0.5 or words >= 2 * _WORDS):
        return Role.TEXT, f"{words:.0f} words each, {counted}"
    if values.size >= _SURE and share > MOSTLY and words < 2:
        return Role.IDENTIFIER, f"nearly all different: {counted}"
    return Role.CATEGORY, counted


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
