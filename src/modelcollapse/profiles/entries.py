"""Entries of one column in some records, read as its role says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.profiles import arrow
from modelcollapse.profiles.arrow import Kind
from modelcollapse.profiles.hashing import (
    Hashes,
    Vocabulary,
    number_hashes,
    text_hashes,
    vector_hashes,
)
from modelcollapse.profiles.roles import Role

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Numbers:
    """Numbers, or times in seconds; what is not finite is missing."""

    values: NDArray[np.float64]

    def hashes(self) -> Hashes:
        """Hash of each entry."""
        return number_hashes(self.values)

    def take(self, at: Indices) -> NDArray[Any]:
        """Entries of some records."""
        return self.values[at]


@dataclass(frozen=True)
class Words:
    """Categories: for each record a place in a list of words, in which None may stand."""

    codes: NDArray[np.intp]
    words: list[str | None]
    known: Vocabulary

    def hashes(self) -> Hashes:
        """Hash of each entry."""
        return self.known.hashes(self.words)[self.codes]

    def take(self, at: Indices) -> NDArray[Any]:
        """Entries of some records."""
        return np.array([*self.words, None], dtype=object)[self.codes[at]]


@dataclass(frozen=True)
class Texts:
    """Texts or identifiers; None where one is missing."""

    texts: list[str | None]

    def hashes(self) -> Hashes:
        """Hash of each entry."""
        return text_hashes(self.texts)

    def take(self, at: Indices) -> NDArray[Any]:
        """Entries of some records."""
        found = np.empty(len(at), dtype=object)
        found[:] = [self.texts[i] for i in at.tolist()]
        return found


@dataclass(frozen=True)
class Vectors:
    """Embeddings, one to a row; NaN where one is missing."""

    vectors: NDArray[np.float32]

    def hashes(self) -> Hashes:
        """Hash of each entry."""
        return vector_hashes(self.vectors)

    def take(self, at: Indices) -> NDArray[Any]:
        """Entries of some records."""
        return self.vectors[at]


Entries = Numbers | Words | Texts | Vectors


@dataclass(frozen=True)
class Place:
    """Where some entries stand, for messages.

    Parameters
    ----------
    source : str
        The data set or file.
    column : str
        The column.
    first : int
        Record of the first entry in the source, counted from 0.
    expected : str
        Who says the role: ``"in the reference"``, or nothing.
    """

    source: str
    column: str
    first: int
    expected: str

    def conflict(self, role: Role, what: str, row: int | None = None) -> InputError:
        """Error for entries that are not what the column's role says."""
        at = "" if row is None else f" in record {self.first + row + 1}"
        advice = (
            "Both data sets need the same columns: correct it, or leave the column out of both "
            "with exclude."
            if self.expected
            else f"Correct it, or give the column another role, such as roles={{'{self.column}': "
            "'category'}."
        )
        return InputError(
            f"column '{self.column}' of {self.source} holds {what}{at}, but its role is "
            f"{role}{self.expected}. {advice}"
        )


def read(values: Any, role: Role, place: Place, known: Vocabulary) -> Entries:
    """Read an Arrow array as a role says.

    Parameters
    ----------
    values : Arrow array
        The entries.
    role : Role
        What they are for.
    place : Place
        Where they stand.
    known : Vocabulary
        Hashes of words met before.

    Raises
    ------
    InputError
        If it holds something else.
    """
    kind = arrow.kind_of(values.type)
    if kind is Kind.NESTED or (kind is Kind.LIST) != (role is Role.EMBEDDING):
        if values.null_count < len(values):
            row = int(np.argmax(values.is_valid().to_numpy(zero_copy_only=False)))
            raise place.conflict(role, f"values of the type {values.type}", row)
        values = arrow.arrow().nulls(len(values), "string")
    if role is Role.CATEGORY:
        return _words(values, known)
    values = arrow.plain(values)
    if role is Role.EMBEDDING:
        return _vectors(values, place)
    if role is Role.NUMBER:
        return Numbers(_numbers(values, kind, place))
    if role is Role.TIME:
        return Numbers(_times(values, kind, place))
    if role is Role.TEXT and kind is not Kind.TEXT:
        raise place.conflict(role, f"values of the type {values.type}")
    return Texts(arrow.words_of(values))


def _words(values: Any, known: Vocabulary) -> Words:
    pa = arrow.arrow()
    if not pa.types.is_dictionary(values.type):
        values = arrow.plain(values).dictionary_encode()
    words = values.dictionary.to_pylist()
    # of texts only the empty one is not what stands for it
    if arrow.kind_of(values.type) is not Kind.TEXT or "" in words:
        words = [arrow.word(value) for value in words]
    codes = values.indices
    if codes.null_count:
        codes = codes.fill_null(len(words))
        words.append(None)
    return Words(codes.to_numpy(zero_copy_only=False).astype(np.intp), words, known)


def _vectors(values: Any, place: Place) -> Vectors:
    if arrow.kind_of(values.type) is not Kind.LIST:  # all are missing
        return Vectors(np.full((len(values), 0), np.nan, dtype=np.float32))
    found = arrow.vectors(values)
    if found is None:
        raise place.conflict(Role.EMBEDDING, "lists of different lengths")
    return Vectors(found)


def _numbers(values: Any, kind: Kind, place: Place) -> NDArray[np.float64]:
    if kind is Kind.TIME:
        raise place.conflict(Role.NUMBER, f"values of the type {values.type}")
    if kind is not Kind.TEXT:
        return arrow.floats(values)
    found = np.empty(len(values))
    for row, text in enumerate(values.to_pylist()):
        try:
            found[row] = arrow.number(text)
        except ValueError:
            raise place.conflict(Role.NUMBER, f"'{_short(text)}'", row) from None
    return found


def _times(values: Any, kind: Kind, place: Place) -> NDArray[np.float64]:
    if kind is Kind.TIME:
        return arrow.seconds(values)
    if kind is not Kind.TEXT:
        raise place.conflict(Role.TIME, f"values of the type {values.type}")
    return np.array([_time(text, row, place) for row, text in enumerate(values.to_pylist())])


def _time(text: str | None, row: int, place: Place) -> float:
    if text is None or text.strip() in arrow.NO_VALUE:
        return math.nan
    from datetime import UTC, datetime

    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise place.conflict(Role.TIME, f"'{_short(text)}'", row) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _short(text: str | None) -> str:
    shown = text or ""
    return shown if len(shown) <= 40 else shown[:39] + "…"


def joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Entries of several batches, one after the other; missing embeddings get the right width."""
    widths = {part.shape[1] for part in parts if part.ndim == 2 and part.shape[1]}
    if parts[0].ndim == 2 and widths:
        d = max(widths)
        parts = [
            part if part.shape[1] else np.full((len(part), d), np.nan, dtype=np.float32)
            for part in parts
        ]
    return np.concatenate(parts)
