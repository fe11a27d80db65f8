"""Numbers by which the records that a model writes are compared with those it was fitted to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.families.counts import Counts
from modelcollapse.families.moments import Moments
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.families.regression.statistics import LeastSquares
from modelcollapse.families.texts import Texts, words

Statistics = Callable[[Any], ArrayLike]

MOST = 20
"""States or words, the most frequent ones, whose shares are compared by default."""


@singledispatch
def default_statistics(data: Any) -> Statistics | None:
    """Numbers by which `check_learner` compares what a model writes with what it was fitted to.

    Arrays and tables: the mean of each column of numbers, and the shares of the most frequent
    labels of each other column. `Moments`: the mean of each coordinate
    and the total variance. `Counts` and texts: the shares of the most frequent states or words.
    Labelled records and their statistics: products of inputs and targets.
    A type of your own registers itself: ``@default_statistics.register``.

    Parameters
    ----------
    data : object
        Records; they decide, for instance, which words are the most frequent.

    Returns
    -------
    callable or None
        From records to shape ``(k,)``; None for data of which nothing is known.
    """
    labels = _labels(data)
    if not labels:
        return None if numbers(data) is None else _column_means
    top = {name: [label for label, _ in tally.most_common(MOST)] for name, tally in labels.items()}

    def measured(part: Any) -> NDArray[np.float64]:
        found, n = _labels(part), len(part)
        shares = [found[name][label] / n for name, most in top.items() for label in most]
        return np.array(shares) if numbers(part) is None else np.append(_column_means(part), shares)

    return measured


@default_statistics.register
def _(data: Moments) -> Statistics:
    return lambda part: np.append(
        part.mean.ravel(), part.scatter.trace(axis1=-2, axis2=-1) / part.n
    )


@default_statistics.register
def _(data: Labelled) -> Statistics:
    def moments(part: Labelled) -> NDArray[np.float64]:
        targets = part.targets.reshape(len(part.targets), -1)
        products = part.inputs.T @ targets / len(targets)
        return np.append(products.ravel(), np.square(targets).mean(axis=0))

    return moments


@default_statistics.register
def _(data: LeastSquares) -> Statistics:
    return lambda part: (np.swapaxes(part.root, -1, -2) @ part.target / part.n).ravel()


@default_statistics.register
def _(data: Counts) -> Statistics:
    top = _largest(data.dense().reshape(-1, data.number_of_states).sum(axis=0))
    return lambda part: (part.dense()[..., top] / np.asarray(part.n)[..., None]).ravel()


@default_statistics.register
def _(data: Texts) -> Statistics:
    many = len(data.vocabulary)
    top = _largest(np.bincount(data.ids, minlength=many))
    return lambda part: np.bincount(part.ids, minlength=many)[top] / max(len(part.ids), 1)


@default_statistics.register
def _(data: list) -> Statistics | None:  # type: ignore[type-arg]
    if not all(isinstance(record, str) for record in data):
        return None
    top = [word for word, _ in _tally(data).most_common(MOST)]

    def shares(part: list[str]) -> list[float]:
        tally = _tally(part)
        return [tally[word] / max(tally.total(), 1) for word in top]

    return shares


def _tally(documents: list[str]) -> Counter[str]:
    return Counter(word for document in documents for word in words(document))


def _largest(counts: NDArray[Any]) -> NDArray[np.intp]:
    return np.argsort(-counts, kind="stable")[:MOST]


def numbers(data: Any) -> NDArray[np.float64] | None:
    """Columns of numbers of an array or a table, shape ``(n, d)``; None if there are none."""
    if isinstance(data, np.ndarray):
        numeric = data.dtype.kind in "fiub"
        return data.reshape(len(data), -1).astype(np.float64) if numeric else None
    import narwhals as nw
    import narwhals.selectors as by

    table = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame):
        return None
    columns = table.select(by.numeric())
    return columns.to_numpy().astype(np.float64) if columns.columns else None


def _labels(data: Any) -> dict[str, Counter[Any]]:
    """How often each label occurs in every column of a table that holds no numbers."""
    import narwhals as nw

    table = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame):
        return {}
    return {
        name: Counter(table[name].to_list())
        for name, kind in table.schema.items()
        if not kind.is_numeric()
    }


def _column_means(data: Any) -> NDArray[np.float64]:
    rows = numbers(data)
    assert rows is not None
    return np.asarray(rows.mean(axis=0))


def total_variance(data: Any) -> float:
    """Sum of the variances of the columns of numbers."""
    rows = numbers(data)
    assert rows is not None
    return float(rows.var(axis=0).sum())
