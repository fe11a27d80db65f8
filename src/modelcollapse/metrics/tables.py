"""Tables of mixed types: which categories survive, what tails are reached, what goes together.

A table loses its rare categories first, then the combinations of them, then the dependence between
columns, while shares and averages look sound. Everything here takes one column, or two, as arrays:
numbers, or labels of any kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, counts_and_size, floats, fraction, plain
from modelcollapse.protocols import Reading

MISSING = "(missing)"
"""Label of a gap in a column of labels."""


def column_values(column: Any) -> NDArray[Any]:
    """Values of one column of a dataframe, as the measures of tables take them.

    Parameters
    ----------
    column : series
        Column of a dataframe of any library, or narwhals' view of one.

    Returns
    -------
    ndarray, shape (n,)
        Floating point numbers, with NaN for gaps, for a column of numbers; strings, with
        `MISSING` for gaps, for any other.

    Examples
    --------
    >>> import polars as pl
    >>> column_values(pl.Series(["a", None])).tolist()
    ['a', '(missing)']
    """
    import narwhals as nw

    series = nw.from_native(column, series_only=True)
    whole = series.null_count() == 0
    if series.dtype.is_numeric():
        if whole:
            return np.asarray(series.to_numpy(), dtype=np.float64)
        gaps = series.is_null().to_list()
        held = zip(series.to_list(), gaps, strict=True)
        return np.array([np.nan if gap else value for value, gap in held], dtype=np.float64)
    labels = [str(value) for value in series.to_list()]
    if not whole:
        gaps = series.is_null().to_list()
        labels = [MISSING if gap else label for label, gap in zip(labels, gaps, strict=True)]
    return np.array(labels, dtype=np.str_)


# --- categories ---------------------------------------------------------------------------------


def expected_categories(shares: ArrayLike, n: int) -> Reading:
    """Expected number of categories that `n` records show.

    Parameters
    ----------
    shares : array_like, shape (..., categories)
        Real probability of each category in question; they need not sum to 1.
    n : int
        Records, drawn independently.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to the number of categories.

    Raises
    ------
    InputError
        If a share is not between 0 and 1, or `n` is negative.

    Notes
    -----
    Textbook, exact: the sum of ``1 - (1 - p)^n``.

    Examples
    --------
    >>> float(expected_categories([0.5, 0.5], 2))
    1.5
    """
    return plain(_shown(shares, n).sum(axis=-1))


def category_retention(counts: ArrayLike, shares: ArrayLike, *, by_mass: bool = False) -> Reading:
    """Categories that the model's records show, relative to as many real records.

    Parameters
    ----------
    counts : array_like of int, shape (..., categories)
        The model's records in each category; the last axis may hold others than those in question.
    shares : array_like, shape (categories,)
        Real probability of the categories in question, 0 for the others.
    by_mass : bool, default False
        Weigh each category by its real share instead of counting it.

    Returns
    -------
    float or ndarray, shape (...)
        1 on average where nothing changed, 0 where none is left; can exceed 1. NaN where no
        category is in question.

    Raises
    ------
    InputError
        If a count is not whole or a share is not between 0 and 1.

    Notes
    -----
    The denominator is the expectation for independent real records, ``sum w (1 - (1 - p)^n)``.
    Take shares from many more real records than `n`: categories that a small sample happens to
    show look more frequent than they are.

    Examples
    --------
    >>> round(float(category_retention([9, 1, 0], [0.0, 0.5, 0.5])), 4)
    0.5005
    """
    array, n = counts_and_size(counts)
    p = floats(shares)
    weight = p if by_mass else (p > 0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (weight * _shown(p, np.asarray(n)[..., None])).sum(axis=-1)
        kept = np.where(array > 0, weight, 0.0).sum(axis=-1) / expected
    return plain(np.where(expected > 0, kept, np.nan))


def _shown(shares: ArrayLike, n: Any) -> Floats:
    """Probability that `n` records show each category."""
    p = floats(shares)
    if p.size and not (p.min() >= 0 and p.max() <= 1 + 1e-12):
        raise InputError("shares must lie between 0 and 1. Divide counts by their sum.")
    if np.any(np.asarray(n) < 0):
        raise InputError(f"{n} records cannot be drawn. Ask for 0 or more.")
    # The logarithm of zero, times no records, would be undefined.
    found = -np.expm1(n * np.log1p(-np.minimum(p, 0.5)))
    return np.asarray(np.where(p <= 0.5, found, 1 - np.maximum(1 - p, 0.0) ** n))


# --- numbers ------------------------------------------------------------------------------------


def quantile_tail_retention(values: ArrayLike, reference: ArrayLike, *, level: float) -> Reading:
    """Share of the real tails of one column that the model still reaches.

    Parameters
    ----------
    values, reference : array_like, shape (n,) and (m,)
        The model's and the real numbers; NaN are left out.
    level : float
        Share of the real numbers that is called their tails, half of it on each side.

    Returns
    -------
    float
        From 0 to 1: on each side the share of records beyond the real ``level / 2`` quantile,
        relative to the real share, counted as 1 at most so that a surplus on one side cannot hide
        a loss on the other; averaged over the sides that have a tail. NaN where ties leave no real
        record beyond either quantile.

    Raises
    ------
    InputError
        If the level is not between 0 and 1, or a side has no numbers.

    Notes
    -----
    This package's. The cap makes it slightly smaller than 1 where nothing changed.

    Examples
    --------
    >>> quantile_tail_retention(range(10, 90), range(100), level=0.2)
    0.0
    """
    share = fraction(level)
    x, real = (_finite(part) for part in (values, reference))
    low, high = np.quantile(real, [share / 2, 1 - share / 2])
    kept = [
        min(float(mine.mean() / theirs.mean()), 1.0)
        for mine, theirs in ((x < low, real < low), (x > high, real > high))
        if theirs.any()
    ]
    return float(np.mean(kept)) if kept else float("nan")


def _finite(values: ArrayLike) -> Floats:
    array = floats(values).ravel()
    array = array[np.isfinite(array)]
    if not array.size:
        raise InputError("a column holds no number at all. Leave it out.")
    return array


# --- pairs of columns ---------------------------------------------------------------------------


def cramers_v(counts: ArrayLike) -> float:
    """Cramér's V: association of two columns of labels, corrected for its bias.

    Parameters
    ----------
    counts : array_like of int, shape (rows, columns)
        Contingency table.

    Returns
    -------
    float
        From 0, independent, to 1; NaN where one of the columns has a single label.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Bergsma (2013): ``phi^2 - (r-1)(c-1)/(n-1)``, at least 0, divided by
    ``min(r', c') - 1`` with ``r' = r - (r-1)^2/(n-1)``. Rows and columns without records do not
    count. Still biased where most cells hold a handful of records.

    Examples
    --------
    >>> cramers_v([[50, 0], [0, 50]]), cramers_v([[25, 25], [25, 25]])
    (1.0, 0.0)
    """
    table, _ = counts_and_size(counts)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(np.float64)
    n, (r, c) = table.sum(), table.shape
    if min(r, c) < 2 or n < 2:
        return float("nan")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi_squared = (np.square(table - expected) / expected).sum() / n
    corrected = max(0.0, phi_squared - (r - 1) * (c - 1) / (n - 1))
    smaller = min(size - (size - 1) ** 2 / (n - 1) for size in (r, c)) - 1
    return float(min(np.sqrt(corrected / smaller), 1.0)) if smaller > 0 else float("nan")


def correlation_ratio(values: ArrayLike, labels: ArrayLike) -> float:
    """Correlation ratio: how much of the ranks of a column its labels explain, corrected for bias.

    Parameters
    ----------
    values : array_like, shape (n,)
        Numbers, of which only the ranks count.
    labels : array_like, shape (n,)
        Label of each.

    Returns
    -------
    float
        Root of the share of variance between the labels: from 0 to 1; NaN where either column
        does not vary.

    Raises
    ------
    InputError
        If there are not as many labels as numbers.

    Notes
    -----
    Kelley (1935), epsilon squared: ``1 - (SSW/(n-k)) / (SST/(n-1))``, at least 0, of which the
    root is taken; Pearson's eta squared is biased upwards by about ``k/n``.

    Examples
    --------
    >>> correlation_ratio([1, 1, 2, 2], ["a", "a", "b", "b"])
    1.0
    """
    ranks = _ranks(np.asarray(values, dtype=np.float64))
    _, group = np.unique(np.asarray(labels), return_inverse=True)
    if group.shape != ranks.shape:
        raise InputError(f"there are {group.size} labels for {ranks.size} numbers. Give each one.")
    n, k = ranks.size, int(group.max(initial=-1)) + 1
    total = float(np.square(ranks - ranks.mean()).sum()) if n else 0.0
    if k < 2 or n <= k or total == 0:
        return float("nan")
    means = np.bincount(group, ranks) / np.bincount(group)
    within = float(np.square(ranks - means[group]).sum())
    return float(np.sqrt(max(0.0, 1 - within / (n - k) / (total / (n - 1)))))


def associations(columns: Sequence[NDArray[Any]]) -> Floats:
    """Association of every pair of columns, whatever their types.

    Parameters
    ----------
    columns : sequence of ndarray, shape (n,) each
        Numbers (floating point; NaN where missing), or labels (any other type).

    Returns
    -------
    ndarray, shape (columns, columns)
        Spearman's rank correlation for two columns of numbers, with its sign; `cramers_v` for two
        of labels; `correlation_ratio` for one of each. 1 on the diagonal, NaN where a column does
        not vary.

    Notes
    -----
    Made of ranks and labels only, so that units, and a few far outliers, do not matter.

    Examples
    --------
    >>> x = np.arange(6.0)
    >>> associations([x, -x, np.array(list("aabbcc"))])[0].round(2).tolist()
    [1.0, -1.0, 0.93]
    """
    found = np.eye(len(columns))
    for i, first in enumerate(columns):
        for j, second in enumerate(columns[:i]):
            found[i, j] = found[j, i] = _association(first, second)
    return found


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; equal numbers share their mean rank."""
    _, position, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[position])


def _association(first: NDArray[Any], second: NDArray[Any]) -> float:
    numeric = [part.dtype.kind == "f" for part in (first, second)]
    there = np.ones(len(first), dtype=np.bool_)
    for part, is_number in zip((first, second), numeric, strict=True):
        if is_number:
            there &= np.isfinite(part)
    first, second = first[there], second[there]
    if not any(numeric):
        (_, i), (_, j) = (np.unique(part, return_inverse=True) for part in (first, second))
        shape = (int(i.max(initial=-1)) + 1, int(j.max(initial=-1)) + 1)
        table = np.zeros(shape, dtype=np.int64)
        np.add.at(table, (i, j), 1)
        return cramers_v(table) if table.size else float("nan")
    if all(numeric):
        a, b = _ranks(first), _ranks(second)
        if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
            return float("nan")
        return float(np.corrcoef(a, b)[0, 1])
    return correlation_ratio(first, second) if numeric[0] else correlation_ratio(second, first)
