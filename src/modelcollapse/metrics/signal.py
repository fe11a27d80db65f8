"""What a measure says of a new data set against a reference, with what it would say by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["falls", "grows", "either"]


@dataclass(frozen=True)
class Signal:
    """One reading of a new data set against a reference.

    Attributes
    ----------
    value : float
        The measure; NaN where it is not defined.
    expected : float
        What it would be, on average, if the new data came from the law of the reference: at these
        sizes, not in the limit.
    error : float
        Standard error of `value`, the uncertainty of the reference included.
    low, high : float
        Interval of `value`.
    p : float
        Probability of a reading at least as far from `expected` in the direction of collapse, if
        nothing has changed.
    collapse : {"falls", "grows", "either"}
        Where the value goes as models collapse.
    n, reference_n : int
        Records (or tokens) that were compared, after both sides were brought to a common size
        where the measure needs one.
    """

    value: float
    expected: float
    error: float
    low: float
    high: float
    p: float
    collapse: Direction
    n: int
    reference_n: int
