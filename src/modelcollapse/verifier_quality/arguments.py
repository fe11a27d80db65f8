"""Checks of what makes an audit sample: labels, decisions, groups and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.verifiers.yes_or_no import NO, NOTHING, YES, word


def flags(given: Any, name: str) -> NDArray[np.bool_]:
    """Yes-or-no values as booleans.

    Parameters
    ----------
    given : array_like, shape (n,)
        True and False, 1 and 0, or words such as right and wrong, kept and dropped.
    name : str
        What they are called in messages.

    Raises
    ------
    InputError
        If one is missing, or is neither yes nor no, or they are not a list.
    """
    array = column(given, name)
    if array.dtype == bool:
        return array
    words = np.array([word(entry) for entry in array.tolist()], dtype=object)
    _no_gaps(words, name)
    found = np.array([text in YES for text in words], dtype=bool)
    strange = [i for i, text in enumerate(words) if text not in YES and text not in NO]
    if strange:
        raise InputError(
            f"{name} of record {strange[0] + 1} is {array[strange[0]]!s}, which is neither yes nor "
            f"no: a record is right or wrong, kept or dropped. Use 1 and 0; compare scores with a "
            "threshold first."
        )
    return found


def names(given: Any, name: str) -> NDArray[Any]:
    """Names of groups or clusters as texts.

    Parameters
    ----------
    given : array_like, shape (n,)
        One per record, of any type.
    name : str
        What they are called in messages.

    Raises
    ------
    InputError
        If one is missing, or they are not a list.
    """
    array = column(given, name)
    texts = np.array([str(entry).strip() for entry in array.tolist()], dtype=str)
    _no_gaps(np.char.lower(texts), name)
    return texts


def column(given: Any, name: str) -> NDArray[Any]:
    """One entry per record, at least one."""
    array = np.asarray(given, dtype=object if isinstance(given, list | tuple) else None)
    if array.ndim != 1:
        raise InputError(
            f"{name} must be a list with one entry per record, got an array of shape "
            f"{array.shape}. Pass one column."
        )
    if array.size == 0:
        raise InputError(
            f"{name} holds no records: an audit sample needs some that a person has labelled. "
            "Label a few dozen first; modelcollapse.design says which."
        )
    return array


def same_length(first: Sequence[Any] | NDArray[Any], second: NDArray[Any], names: str) -> None:
    """Refuse columns of different lengths."""
    if len(first) != len(second):
        raise InputError(
            f"{names} have {len(first)} and {len(second)} entries: each record needs one of both. "
            "Align them by record."
        )


def _no_gaps(words: NDArray[Any], name: str) -> None:
    gaps = [i for i, text in enumerate(words.tolist()) if text in NOTHING]
    if gaps:
        raise InputError(
            f"{name} is missing in {len(gaps)} of {len(words)} records, first in record "
            f"{gaps[0] + 1}: an unlabelled record says nothing. Leave out the records without one."
        )


def share(given: float, name: str) -> float:
    """A number strictly between 0 and 1."""
    if not (isinstance(given, int | float | np.floating) and 0 < given < 1):
        raise InputError(
            f"{name} must lie strictly between 0 and 1, got {given!r}: it is a share. Use e.g. 0.9."
        )
    return float(given)
