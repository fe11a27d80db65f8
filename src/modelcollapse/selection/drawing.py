"""Drawing records by weights, and what weights are worth."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.selection.order import NO_SCORE, Marks
from modelcollapse.selection.pile import Choice, Codes, Floats

NOT_DRAWN = "not drawn"


def effective_size(weights: ArrayLike) -> float:
    """Number of equally weighted records that weighted ones are worth.

    Parameters
    ----------
    weights : array_like, shape (records,)
        Not negative.

    Returns
    -------
    float
        From 1 to the number of positive weights; NaN where all are 0.

    Notes
    -----
    Kish (1965), "Survey Sampling": ``sum(w)**2 / sum(w**2)``.

    Examples
    --------
    >>> effective_size([1, 1, 0])
    2.0
    """
    w = np.asarray(weights, dtype=np.float64)
    squares = float(np.sum(w * w))
    return float(np.sum(w)) ** 2 / squares if squares > 0 else float("nan")


def expected_copies(weights: ArrayLike, n: int, repeats: int) -> Floats:
    """Copies in proportion to weights that sum to `n`, none above `repeats`.

    Parameters
    ----------
    weights : array_like, shape (records,)
        Not negative.
    n : int
        Copies in all, at most `repeats` for each positive weight.
    repeats : int
        Most copies of one record.

    Returns
    -------
    ndarray, shape (records,)
        ``min(repeats, c * weight)`` with the one `c` that makes them sum to `n`.

    Examples
    --------
    >>> expected_copies([8.0, 1.0, 1.0], 4, 2).tolist()
    [2.0, 1.0, 1.0]
    """
    w = np.asarray(weights, dtype=np.float64)
    line = np.sort(w[w > 0])[::-1]
    # With the k largest at the limit, the others share what is left in proportion.
    rest = np.cumsum(line[::-1])[::-1]
    scale = (n - repeats * np.arange(line.size)) / rest
    capped = int(np.argmax(scale * line <= repeats * (1 + 1e-12)))
    if n >= repeats * line.size:
        return np.where(w > 0, float(repeats), 0.0)
    return np.asarray(np.minimum(float(repeats), w * scale[capped]))


def draw(expected: ArrayLike, rng: Generator) -> Codes:
    """Whole numbers of copies, with given expectations and a fixed sum.

    Parameters
    ----------
    expected : array_like, shape (records,)
        Expected copies of each record; their sum is the number to draw.
    rng : Generator
        Puts the records in order, and says where to begin.

    Returns
    -------
    ndarray of int, shape (records,)
        Each the whole number below or above its expectation.

    Notes
    -----
    Systematic sampling in random order (Madow 1949): expectations are exact, and no record is
    drawn more or less often than its share by a whole copy.
    """
    shares = np.asarray(expected, dtype=np.float64)
    line = rng.permutation(shares.size)
    ends = np.cumsum(shares[line])
    total = round(float(ends[-1]))
    ends *= total / ends[-1]
    passed = np.floor(ends - rng.random()).astype(np.int64) + 1
    passed[-1] = total
    copies = np.empty(shares.size, dtype=np.int64)
    copies[line] = np.diff(passed, prepend=0)
    return copies


def check_repeats(rule: str, repeats: int) -> None:
    """Refuse what is no number of copies."""
    if not is_whole(repeats) or repeats < 1:
        raise InputError(
            f"{rule} got repeats = {repeats!r}. Give a whole number of copies that a record may "
            "have, at least 1."
        )


def resampled(
    logs: Floats, missing: Marks, n: int | None, repeats: int, rng: Generator, rule: str
) -> Choice:
    """Draw records with chances proportional to weights.

    Parameters
    ----------
    logs : ndarray, shape (records,)
        Logarithms of the weights.
    missing : ndarray of bool, shape (records,)
        Records that have none.
    n : int or None
        How many to draw; by default the effective size, rounded down.
    repeats : int
        Most copies of one record.
    rng : Generator
        Draws.
    rule : str
        Who asks, for messages.

    Returns
    -------
    Choice
        Its figures hold the effective size of the weights, and how many records stand at the
        limit of `repeats`.

    Raises
    ------
    InputError
        If there are not enough records.
    """
    weights = relative_weights(logs, missing)
    size = effective_size(weights)
    most = repeats * int((~missing).sum())
    if n is not None and (not is_whole(n) or not 1 <= n <= most):
        raise InputError(
            f"n = {n!r} records were asked for, but {rule} can draw from 1 to {most}: each of "
            f"{int((~missing).sum())} records at most {repeats} times. Ask for fewer, raise "
            "repeats or write more."
        )
    number = max(1, int(size + 1e-9)) if n is None else int(n)
    expected = expected_copies(weights, number, repeats)
    copies = draw(expected, rng)
    limited = int((expected >= repeats * (1 - 1e-9)).sum())
    notes = [effective_note(size, int((~missing).sum()))]
    if limited:
        notes.append(
            f"{limited} records stand at the limit of {repeats} copies: weights beyond it had no "
            "effect."
        )
    if n is not None and n > size:
        notes.append(
            f"{n} records are drawn, more than the weights are worth: many of them repeat others "
            "or weigh less than they should."
        )
    return Choice(
        copies,
        (NO_SCORE, NOT_DRAWN),
        np.where(copies > 0, -1, np.where(missing, 0, 1)),
        notes=notes,
        figures={
            "effective_sample_size": size,
            "at_limit": float(limited),
            "different_records": float((copies > 0).sum()),
        },
    )


def relative_weights(logs: Floats, missing: Marks) -> Floats:
    """Weights whose largest is 1; 0 where there is none."""
    top = np.max(logs[~missing])
    # Below the smallest normal number a weight would be 0, which is for records without one.
    shifted = np.maximum(np.where(missing, -np.inf, logs - top), np.log(np.finfo(float).tiny))
    return np.where(missing, 0.0, np.exp(shifted))


def effective_note(size: float, count: int) -> str:
    """Sentence about what weighted records are worth."""
    return f"The weights of {count} records are worth {size:.1f} equally weighted ones."


def weighted(weights: NDArray[np.float64], copies: Codes) -> Floats:
    """Weights that average to 1 over the copies."""
    total = float(np.sum(weights * copies))
    return np.asarray(weights * (copies.sum() / total) * (copies > 0))
