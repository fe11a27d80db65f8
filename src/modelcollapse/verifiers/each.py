"""Scoring record by record, so that one that cannot be scored takes no other along."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.verifiers.scored import Scored


class NoScore(Exception):
    """One record has no score; the message is the sentence that says why."""


def score_each(
    judge: Callable[..., tuple[Any, ...]],
    *columns: Sequence[Any],
    details: Sequence[str] = (),
) -> Scored:
    """Scores of records, each judged by itself.

    Parameters
    ----------
    judge : callable
        Called with a record's entry of each column; returns its score and what is written beside
        it, or raises `NoScore`.
    *columns : sequence, shape (records,)
        What is judged.
    details : sequence of str, default none
        Names of what is written beside the scores; None for a record that has no score.
    """
    scores: list[float] = []
    beside: list[tuple[Any, ...]] = []
    failures: dict[int, str] = {}
    for row, entries in enumerate(zip(*columns, strict=True)):
        try:
            score, *rest = judge(*entries)
        except NoScore as reason:
            failures[row] = str(reason)
            score, rest = math.nan, [None] * len(details)
        scores.append(score)
        beside.append(tuple(rest))
    return Scored(
        np.array(scores, dtype=np.float64),
        failures,
        {name: [rest[i] for rest in beside] for i, name in enumerate(details)},
    )


def is_missing(value: Any) -> bool:
    """Whether an entry of a column stands for nothing: None, or NaN as tables write it."""
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def text_in(value: Any, column: str) -> str:
    """Text that stands in a column.

    Raises
    ------
    NoScore
        If none does.
    """
    if isinstance(value, str):
        return value
    if is_missing(value):
        raise NoScore(f"there is nothing in '{column}'")
    raise NoScore(f"'{column}' holds no text but {_kind(value)}")


def several(value: Any, column: str) -> list[Any]:
    """Entries of a column that holds one thing or a list of them, missing ones left out.

    Raises
    ------
    NoScore
        If nothing is left.
    """
    listed = value.tolist() if isinstance(value, np.ndarray) else value
    entries = list(listed) if isinstance(listed, list | tuple) else [listed]
    found = [entry for entry in entries if not is_missing(entry)]
    if not found:
        raise NoScore(f"there is nothing in '{column}'")
    return found


def check_columns(verifier: str, **names: object) -> None:
    """Raise InputError if a field that names a column does not."""
    for field, name in names.items():
        if not (isinstance(name, str) and name):
            raise InputError(
                f"{verifier} got {field} = {name!r}, which cannot be the name of a column. Give "
                "the name that stands in the file."
            )


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", dict: "an object"}
    return names.get(type(value), f"a value of type {type(value).__name__}")
