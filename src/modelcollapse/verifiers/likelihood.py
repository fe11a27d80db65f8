"""Scores of texts by their likelihood: the mean log-probability of a token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.verifiers.each import NoScore, text_in
from modelcollapse.verifiers.scored import Scored

Floats = NDArray[np.float64]

NOT_PREDICTED = (
    "none of its tokens can be predicted: it is a single one, and the tokenizer has no token that "
    "begins a document"
)
RULED_OUT = "the model gives it no finite probability"


def encodable(text: str, column: str) -> str:
    """Text that a tokenizer can take.

    Raises
    ------
    NoScore
        If it holds half a character.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NoScore(
            f"'{column}' holds half a character (a lone surrogate), which no tokenizer takes"
        ) from None
    return text


def readable(value: Any, column: str) -> str:
    """Text that stands in a column and can be read.

    Raises
    ------
    NoScore
        If there is none, or it is empty.
    """
    text = encodable(text_in(value, column), column)
    if not text or text.isspace():
        raise NoScore(f"'{column}' is empty")
    return text


def mean_log_probs(
    accept: Callable[..., tuple[str, ...]],
    read: Callable[[list[tuple[str, ...]]], tuple[Floats, NDArray[np.int64]]],
    *columns: Sequence[Any],
) -> Scored:
    """Mean log-probability per token of the texts that can be read.

    Parameters
    ----------
    accept : callable
        Called with a record's entry of each column; returns what is read of it, the text first,
        or raises `NoScore`.
    read : callable
        Called with what was accepted; returns the log-probability of each text and the number of
        tokens that it consists of, each of shape ``(texts,)``.
    *columns : sequence, shape (records,)
        What is scored.

    Returns
    -------
    Scored
        In nats per token. Beside the scores ``tokens``, and ``per_character``, the
        log-probability of a text divided by its characters; None where there is no score.
    """
    count = len(columns[0])
    failures: dict[int, str] = {}
    rows: list[int] = []
    texts: list[tuple[str, ...]] = []
    for row, entries in enumerate(zip(*columns, strict=True)):
        try:
            texts.append(accept(*entries))
            rows.append(row)
        except NoScore as reason:
            failures[row] = str(reason)
    scores = np.full(count, np.nan)
    tokens, per_character = np.full((2, count), None, object)
    if rows:
        totals, sizes = read(texts)
        found = np.isfinite(totals) & (sizes > 0)
        for i in np.flatnonzero(~found).tolist():
            failures[rows[i]] = RULED_OUT if sizes[i] else NOT_PREDICTED
        good = np.array(rows)[found]
        scores[good] = totals[found] / sizes[found]
        tokens[good] = sizes[found]
        characters = np.array([len(each[0]) for each in texts])
        per_character[good] = totals[found] / characters[found]
    details = {"tokens": tokens.tolist(), "per_character": per_character.tolist()}
    return Scored(scores, failures, details)
