"""Damages that collapse does to a table, made on purpose: to see what an audit would notice.

Numbers are columns of floats; all others, whole numbers too, are taken as categories.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> real = mixed_table(2000, rng=rng)
>>> narrowed = DAMAGES["deviations x 0.80"](mixed_table(2000, rng=rng), real, rng)
>>> float(np.round(np.std(narrowed["number_0"]) / np.std(real["number_0"]), 1))
0.8
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole

Table = dict[str, NDArray[Any]]
Damage = Callable[[Table, Table, Generator], Table]

LEVELS = (2, 3, 5, 8, 12, 20, 40, 100)


def mixed_table(n: int, *, numbers: int = 12, rng: Generator) -> Table:
    """Draw a table of correlated heavy-tailed numbers and of categories by Zipf's law.

    Parameters
    ----------
    n : int
        Records.
    numbers : int, default 12
        Number columns: Student's t with 6 degrees of freedom, correlated 0.3; every third is the
        exponential of one, log-normal-like.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict of str to ndarray
        ``number_0`` ... and ``category_2`` ... ``category_100``, by number of levels.

    Raises
    ------
    InputError
        If there is no record or no number column to draw.
    """
    if not is_whole(n) or not is_whole(numbers) or n < 1 or numbers < 1:
        raise InputError(f"a table needs records and numbers, got {n!r} and {numbers!r}. Use 1.")
    own = rng.standard_normal((n, numbers)) * np.sqrt(0.7)
    shared = rng.standard_normal((n, 1)) * np.sqrt(0.3)
    drawn = (own + shared) / np.sqrt(rng.chisquare(6, (n, 1)) / 6)
    columns: Table = {
        f"number_{j}": np.exp(drawn[:, j] / 2) if j % 3 == 2 else drawn[:, j]
        for j in range(numbers)
    }
    for levels in LEVELS:
        weight = 1 / np.arange(1, levels + 1) ** 1.3
        chosen = rng.choice(levels, size=n, p=weight / weight.sum())
        columns[f"category_{levels}"] = np.array([f"c{i:03d}" for i in range(levels)])[chosen]
    return columns


def _is_number(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f"


def without_rare_categories(
    table: Table, reference: Table, rng: Generator, *, mass: float = 0.02
) -> Table:
    """Put other categories of the column in the place of the rarest.

    Parameters
    ----------
    table, reference : dict of str to ndarray
        Table to damage, and the one that says what is rare.
    rng : numpy.random.Generator
        Source of randomness.
    mass : float, default 0.02
        Share of the reference's records that the rarest categories make up together, at most.

    Returns
    -------
    dict of str to ndarray
        A new table.
    """
    damaged = dict(table)
    for name, values in table.items():
        if _is_number(values):
            continue
        known, counts = np.unique(reference[name], return_counts=True)
        order = np.argsort(counts, kind="stable")
        rare = known[order[np.cumsum(counts[order]) <= mass * counts.sum()]]
        gone = np.isin(values, rare)
        if gone.any() and not gone.all():
            damaged[name] = np.where(gone, rng.choice(values[~gone], size=len(values)), values)
    return damaged


def without_tails(table: Table, reference: Table, rng: Generator, *, level: float = 0.01) -> Table:
    """Put other values of the column in the place of the outermost.

    Parameters
    ----------
    table, reference : dict of str to ndarray
        Table to damage, and the one that says where tails begin.
    rng : numpy.random.Generator
        Source of randomness.
    level : float, default 0.01
        Share of the reference in both tails together.

    Returns
    -------
    dict of str to ndarray
        A new table.
    """
    damaged = dict(table)
    for name, values in table.items():
        if _is_number(values):
            low, high = np.quantile(reference[name], [level / 2, 1 - level / 2])
            inside = (values > low) & (values < high)
            damaged[name] = np.where(inside, values, rng.choice(values[inside], size=len(values)))
    return damaged


def narrowed(table: Table, reference: Table, rng: Generator, *, factor: float) -> Table:
    """Move all numbers towards the mean of their column.

    Parameters
    ----------
    table, reference : dict of str to ndarray
        Table to damage, and the one that has the means.
    rng : numpy.random.Generator
        Not used: nothing is random here.
    factor : float
        By which deviations are multiplied.

    Returns
    -------
    dict of str to ndarray
        A new table.
    """
    return {
        name: (values - reference[name].mean()) * factor + reference[name].mean()
        if _is_number(values)
        else values
        for name, values in table.items()
    }


def with_copies(table: Table, reference: Table, rng: Generator, *, share: float = 0.2) -> Table:
    """Put copies of other records in the place of some.

    Parameters
    ----------
    table, reference : dict of str to ndarray
        Table to damage; the other one is not used.
    rng : numpy.random.Generator
        Source of randomness.
    share : float, default 0.2
        Of the records that become copies.

    Returns
    -------
    dict of str to ndarray
        A new table.
    """
    n = len(next(iter(table.values())))
    rows = np.arange(n)
    copies = rng.choice(n, size=round(share * n), replace=False)
    rows[copies] = rng.choice(np.setdiff1d(rows, copies), size=copies.size)
    return {name: values[rows] for name, values in table.items()}


def _untouched(table: Table, reference: Table, rng: Generator) -> Table:
    return table


DAMAGES: Mapping[str, Damage] = {
    "none (an honest redraw)": _untouched,
    "categories in the last 2 % erased": without_rare_categories,
    "0.5 % tails of each number cut": without_tails,
    "deviations x 0.95": partial(narrowed, factor=0.95),
    "deviations x 0.80": partial(narrowed, factor=0.80),
    "20 % of the records duplicated": with_copies,
}
"""The five damages that an audit must name, and none, by name."""
