"""Classifier two-sample test: whether new records can be told from real ones, and by what columns.

An omnibus: a large area says that something has changed, and never that it is collapse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr
from scipy.stats import rankdata

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import pair_of
from modelcollapse.metrics.signal import Signal

Scorer = Callable[[Floats], Floats]

_TWICE = 2.0  # each two folds enter twice, once as training and once as test data


@dataclass(frozen=True)
class ClassifierTest:
    """What `classifier_test` found.

    Attributes
    ----------
    area : Signal
        Area under the ROC curve; grows with any change.
    columns : tuple of str
        Names of the columns, those that tell most first.
    losses : ndarray, shape (d,)
        How much of the area is lost when the column's values are shuffled, in the same order.
    """

    area: Signal
    columns: tuple[str, ...]
    losses: Floats


def classifier_test(
    new: ArrayLike,
    reference: ArrayLike,
    *,
    rng: Generator,
    columns: Sequence[str] | None = None,
    classifier: Literal["logistic", "boosting"] = "logistic",
    folds: int = 5,
    confidence: float = 0.95,
) -> ClassifierTest:
    """Area under the ROC curve of a cross-fitted classifier that tells new records from real ones.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness.
    columns : sequence of str, optional
        Names of the columns; default their numbers.
    classifier : {"logistic", "boosting"}, default "logistic"
        Logistic regression on all columns and their squares, which sees means and spreads; or
        gradient-boosted trees, which see any dependence, at ten times the cost.
    folds : int, default 5
        Parts that the records are dealt into, each side by itself.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    ClassifierTest
        From 0 to 1, one half on average if nothing has changed; and the columns, most telling
        first.

    Raises
    ------
    InputError
        If a set has fewer than two records for each fold or has gaps, the columns differ in number
        or do not fit their names, or the classifier or the number of folds is not known.

    Notes
    -----
    Lopez-Paz and Oquab (2017). The area is the mean over folds, each scored by a classifier that
    was fitted to the others. Under no change the area of a fold has the variance of a rank sum,
    ``(n + m + 1) / (12 n m)`` without ties; that of the mean is twice what independent folds would
    give, as each two of them enter twice. (Without the factor a test at 5 % rejects 10 to 13 %.)
    Error: DeLong et al. (1988) with the same factor, too large for large areas.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X, Y = rng.normal(size=(2, 500, 2))
    >>> found = classifier_test(Y * [1, 2], X, rng=rng, columns=["age", "wage"])
    >>> found.columns[0], found.area.p < 0.001
    ('wage', True)
    """
    if classifier not in ("logistic", "boosting"):
        raise InputError(
            f"there is no classifier {classifier!r}. "
            f"{suggestion(str(classifier), ('logistic', 'boosting'))}"
        )
    z = quantile_of(confidence)
    first, second = pair_of(new, reference)
    n, m, d = len(first), len(second), first.shape[1]
    if not is_whole(folds) or not 2 <= folds <= min(n, m) // 2:
        raise InputError(
            f"{folds!r} folds cannot be made of {n} new and {m} real records: there must be two "
            "folds or more, with two records of either side in each. Use 5."
        )
    names = tuple(map(str, range(d) if columns is None else columns))
    if len(names) != d:
        raise InputError(
            f"there are {len(names)} names for {d} columns. Give each column its name."
        )
    points = np.concatenate([first, second])
    is_new = np.arange(n + m) < n
    fold = np.concatenate([rng.permutation(n) % folds, rng.permutation(m) % folds])
    fit = _logistic if classifier == "logistic" else _boosting
    value, chance, spread, losses = 0.0, 0.0, 0.0, np.zeros(d)
    for k in range(folds):
        train, test = fold != k, fold == k
        score = fit(points[train], is_new[train], rng)
        tested = points[test]
        shuffled = rng.permutation(len(tested))
        scores = [score(tested)]
        for j in range(d):
            other = tested.copy()
            other[:, j] = tested[shuffled, j]
            scores.append(score(other))
        areas, by_chance, variance = _areas(np.array(scores), is_new[test])
        value += areas[0] / folds
        losses += (areas[0] - areas[1:]) / folds
        chance += _TWICE * by_chance / folds**2
        spread += _TWICE * variance / folds**2
    error = spread**0.5
    low, high = float(value - z * error), float(value + z * error)
    # a classifier that gives all records one score tells nothing, with certainty
    p = float(ndtr((0.5 - value) / chance**0.5)) if chance > 0 else 1.0
    area = Signal(
        float(value), 0.5, error, max(low, 0.0), min(high, 1.0), p,
        "grows", n, m,
    )  # fmt: skip
    order = np.argsort(-losses, kind="stable")
    return ClassifierTest(area, tuple(names[j] for j in order), losses[order])


def _areas(scores: Floats, is_new: NDArray[np.bool_]) -> tuple[Floats, float, float]:
    """Areas under ROC curves of rows of scores; variance of the first, by chance and by DeLong."""
    ranks = rankdata(scores, axis=1)
    n, m = int(is_new.sum()), int((~is_new).sum())
    areas = (ranks[:, is_new].mean(axis=1) - (n + 1) / 2) / m
    by_chance = float(ranks[0].var(ddof=1)) / (n * m * (n + m))
    placed = [
        float((ranks[0, side] - rankdata(scores[0, side])).var(ddof=1)) / other**2 / own
        for side, own, other in ((is_new, n, m), (~is_new, m, n))
    ]
    return areas, by_chance, sum(placed)


def _logistic(X: Floats, y: NDArray[np.bool_], rng: Generator) -> Scorer:
    """Logistic regression on the columns and their squares, coefficients shrunk by a unit ridge."""
    from scipy.optimize import minimize  # heavy

    centre, scale = X.mean(axis=0), X.std(axis=0)
    scale[scale == 0] = 1.0
    spread = np.square((X - centre) / scale).std(axis=0)
    spread[spread == 0] = 1.0

    def design(Z: Floats) -> Floats:
        standard = (Z - centre) / scale
        return np.concatenate([standard, np.square(standard) / spread], axis=1)

    rows, sign = design(X), np.where(y, 1.0, -1.0)
    ridge = 1.0 / len(rows)

    def loss(beta: Floats) -> tuple[float, Floats]:
        margin = sign * (rows @ beta[:-1] + beta[-1])
        pull = -sign * expit(-margin) / len(rows)
        value = np.logaddexp(0.0, -margin).mean() + ridge / 2 * float(beta[:-1] @ beta[:-1])
        return float(value), np.append(pull @ rows + ridge * beta[:-1], pull.sum())

    # one that has not converged is a classifier, too
    found = minimize(
        loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B",
        options={"maxiter": 100, "gtol": 1e-4},
    ).x  # fmt: skip
    return lambda Z: np.asarray(design(Z) @ found[:-1] + found[-1])


def _boosting(X: Floats, y: NDArray[np.bool_], rng: Generator) -> Scorer:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model: Any = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=int(rng.integers(2**31))
    ).fit(X, y)
    return lambda Z: np.asarray(model.decision_function(Z))
