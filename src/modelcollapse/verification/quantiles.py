"""Exact quantiles of more numbers than fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

BITS = 16
"""Bits of a number that one pass over the numbers settles."""


def quantiles(
    columns: Callable[[], Iterable[NDArray[np.float64]]], shares: Sequence[float]
) -> list[float]:
    """Quantiles of all numbers together, in bounded memory.

    Parameters
    ----------
    columns : callable
        Goes through the numbers, in any order, some at a time; NaN is left out. It is called four
        times.
    shares : sequence of float
        Between 0 (the least number) and 1 (the largest).

    Returns
    -------
    list of float
        For each share the least of the numbers that at least this share of them does not exceed;
        NaN if there are no numbers.

    Notes
    -----
    The inverse of the empirical distribution function (textbook), found by radix selection:
    each pass counts the numbers by their next 16 bits, in an order of bits that is that of the
    numbers.

    Examples
    --------
    >>> quantiles(lambda: [np.array([3.0, 1.0]), np.array([2.0, np.nan])], [0.0, 0.5, 1.0])
    [1.0, 2.0, 3.0]
    """
    first = _counts(columns, {0}, 64 - BITS)[0]
    total = int(first.sum())
    if not total:
        return [float("nan")] * len(shares)
    ranks = [max(ceil(share * total - 1e-9), 1) for share in shares]
    prefixes = [0] * len(shares)
    found = {0: first}
    for shift in range(64 - BITS, -1, -BITS):
        if shift < 64 - BITS:
            found = _counts(columns, set(prefixes), shift)
        for i, prefix in enumerate(prefixes):
            below = np.cumsum(found[prefix])
            digit = int(np.searchsorted(below, ranks[i]))
            ranks[i] -= int(below[digit - 1]) if digit else 0
            prefixes[i] = prefix << BITS | digit
    return [_number(prefix) for prefix in prefixes]


def _counts(
    columns: Callable[[], Iterable[NDArray[np.float64]]], prefixes: set[int], shift: int
) -> dict[int, NDArray[np.int64]]:
    """How many numbers have each of the next digits, for every beginning of interest."""
    size = 1 << BITS
    counts = {prefix: np.zeros(size, dtype=np.int64) for prefix in prefixes}
    for values in columns():
        bits = _ordered(values[~np.isnan(values)])
        digits = ((bits >> np.uint64(shift)) & np.uint64(size - 1)).astype(np.int64)
        if shift + BITS == 64:
            counts[0] += np.bincount(digits, minlength=size)
            continue
        begins = bits >> np.uint64(shift + BITS)
        for prefix, count in counts.items():
            count += np.bincount(digits[begins == np.uint64(prefix)], minlength=size)
    return counts


_SIGN = np.uint64(1 << 63)


def _ordered(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Bits of numbers, turned so that they sort as the numbers do."""
    # Adding 0 makes the two zeros one.
    bits = (values + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _number(bits: int) -> float:
    raw = bits & ~(1 << 63) if bits >> 63 else ~bits & (1 << 64) - 1
    return float(np.array(raw, dtype=np.uint64).view(np.float64))
