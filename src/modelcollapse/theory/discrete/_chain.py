"""The two-type chain: one state against all others, as sparse rows of binomial probabilities.

A row of the transition matrix is concentrated within some standard deviations of its mean, so that
about 9 sqrt(n) entries of n + 1 matter. Bernstein's inequality says which; the rest is below 2e-17
in total, less than rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.special import gammaln, xlog1py, xlogy

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, whole

LARGEST = 20_000
_NEGLIGIBLE = -np.log(1e-17)
_ROWS = 512


def chain_size(n: ArrayLike) -> int:
    """One number of records, small enough for the exact chain."""
    size = whole(n, "n")
    if size.ndim or size > LARGEST:
        raise InputError(
            f"n must be one whole number up to {LARGEST} for the exact chain, got {n!r}: its cost "
            "grows like n ** 1.5 in each generation. Use the bounds, or call once for each n."
        )
    return int(size)


def binomial_rows(n: int, q: Values) -> csr_array:
    """Binomial probabilities of counts 0 ... n, one row for each q.

    Parameters
    ----------
    n : int
        Number of trials.
    q : ndarray, shape (rows,)
        Success probabilities.

    Returns
    -------
    csr_array, shape (rows, n + 1)
        Rows sum to 1 within rounding.
    """
    deviation = _NEGLIGIBLE / 3
    deviation = deviation + np.sqrt(deviation**2 + 2 * _NEGLIGIBLE * n * q * (1 - q))
    low = np.maximum(np.floor(n * q - deviation), 0).astype(np.int64)
    high = np.minimum(np.ceil(n * q + deviation), n).astype(np.int64) + 1
    starts = np.concatenate([[0], np.cumsum(high - low)])
    columns = np.empty(starts[-1], dtype=np.int32)
    entries = np.empty(starts[-1])
    ways = gammaln(n + 1) - gammaln(np.arange(1, n + 2)) - gammaln(np.arange(n + 1, 0, -1))
    for begin in range(0, q.size, _ROWS):  # in blocks, so that temporaries stay small
        rows = slice(begin, min(begin + _ROWS, q.size))
        widths = high[rows] - low[rows]
        first, last = starts[begin], starts[rows.stop]
        chance = np.repeat(q[rows], widths)
        count = np.arange(first, last) - np.repeat(starts[rows] - low[rows], widths)
        columns[first:last] = count
        logs = ways[count] + xlogy(count, chance) + xlog1py(n - count, -chance)
        entries[first:last] = np.exp(logs)
    return csr_array((entries, columns, starts), shape=(q.size, n + 1))


def transitions(n: int) -> csr_array:
    """Transition matrix of the count of one state among n resampled records."""
    return binomial_rows(n, np.arange(n + 1) / n)
