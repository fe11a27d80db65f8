"""What the formulas on tails share: the range of an exponent, and sums of many terms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, values

_TERMS = 2**17
"""Terms of a sum that are held at once."""


def exponents(given: ArrayLike) -> Values:
    """Finite numbers above 1, for which a power law over infinitely many states exists."""
    array = np.asarray(given, dtype=np.float64)
    if not np.all((array > 1) & np.isfinite(array)):
        raise InputError(
            f"exponent must be finite and larger than 1, got {given!r}: the probabilities "
            "rank ** -exponent of infinitely many states have no finite sum otherwise. Use a "
            "larger exponent, or a finite law."
        )
    return array


def written_exponents(exponent: ArrayLike, temperature: ArrayLike) -> tuple[Values, Values]:
    """Exponents of the truth and of the law written at a temperature."""
    true, heat = exponents(exponent), positive(temperature, "temperature")
    written = true / heat
    if not np.all((written > 1) & np.isfinite(written)):
        raise InputError(
            f"temperature must be smaller than the exponent, got {temperature!r} with exponent "
            f"{exponent!r}: the tempered probabilities have no finite sum otherwise. Lower the "
            "temperature."
        )
    return true, written


def sum_of_terms(term: Callable[..., Values], nodes: Values, *parameters: ArrayLike) -> Values:
    """Sum terms for every cell of a grid, so many cells at a time as fit in memory.

    Parameters
    ----------
    term : callable
        ``term(nodes, *parameters)`` gives an array of shape (cells, terms) from nodes of that
        shape, or of one row, and parameters of shape (cells, 1).
    nodes : ndarray, shape (..., terms)
        What is summed over: probabilities, ranks or nodes of an integral. Leading axes broadcast
        with the parameters.
    *parameters : array_like
        Broadcast with each other.

    Returns
    -------
    ndarray
        One sum for each cell.
    """
    arrays = [np.asarray(parameter, dtype=np.float64) for parameter in parameters]
    lead = nodes.shape[:-1]
    shape = np.broadcast_shapes(lead, *(array.shape for array in arrays))
    table = nodes.reshape(-1, nodes.shape[-1])
    row = np.broadcast_to(np.arange(len(table)).reshape(lead), shape).ravel()
    columns = [np.broadcast_to(array, shape).reshape(-1, 1) for array in arrays]
    result = np.empty(row.size)
    step = max(1, _TERMS // table.shape[1])
    for begin in range(0, row.size, step):
        part = slice(begin, begin + step)
        rows = table if len(table) == 1 else table[row[part]]
        result[part] = np.sum(term(rows, *(column[part] for column in columns)), axis=-1)
    return values(result.reshape(shape))
