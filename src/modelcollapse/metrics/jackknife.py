"""Standard errors without duplicates: jackknives and half-samples.

A bootstrap draws records twice, and measures of variety are built to see just that: it shifts
distinct-2 by 70 standard errors. Leaving records out creates no duplicate. The group jackknife is
right for counts, spread and kernels; half-samples are closer for neighbours. Members of a cluster
(the sentences of a document, the rows of a customer) must be left out together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import counts_and_size, floats

Groups = NDArray[np.intp]

GROUPS = 20


def _enough(groups: int, of: int, what: str) -> None:
    if not is_whole(groups) or not 2 <= groups <= of:
        raise InputError(
            f"{groups!r} groups cannot be made of {of} {what}: a jackknife leaves out one group "
            "after the other and needs at least two, none of them empty. Give more data, or ask "
            "for fewer groups."
        )


def position_groups(n: int, groups: int = GROUPS) -> Groups:
    """Deal records out to groups by their positions.

    Parameters
    ----------
    n : int
        Records.
    groups : int, default 20
        Groups, at least 2.

    Returns
    -------
    ndarray of int, shape (n,)
        Group of each record, from 0: its position modulo the number of groups.

    Raises
    ------
    InputError
        If there are fewer than two groups, or fewer records than groups.

    Notes
    -----
    For independent records. Where neighbours belong together, use `cluster_groups`: dealt out to
    different groups they would make the error too small.

    Examples
    --------
    >>> position_groups(5, 2).tolist()
    [0, 1, 0, 1, 0]
    """
    _enough(groups, n, "records")
    return np.asarray(np.arange(n) % groups, dtype=np.intp)


def cluster_groups(clusters: ArrayLike, groups: int = GROUPS) -> Groups:
    """Deal whole clusters of records out to groups.

    Parameters
    ----------
    clusters : array_like, shape (n,)
        Cluster of each record.
    groups : int, default 20
        Groups, at least 2.

    Returns
    -------
    ndarray of int, shape (n,)
        Group of each record, from 0. Clusters are dealt out by falling size, there and back, so
        that the groups are of nearly equal size; the order of the records has no influence.

    Raises
    ------
    InputError
        If there are fewer than two groups, or fewer clusters than groups.

    Examples
    --------
    >>> cluster_groups(["a", "a", "b", "c", "c"], 2).tolist()
    [0, 0, 1, 1, 1]
    """
    _, which, size = np.unique(np.ravel(clusters), return_inverse=True, return_counts=True)
    _enough(groups, size.size, "clusters")
    turn = np.arange(size.size) % (2 * groups)
    group = np.empty(size.size, dtype=np.intp)
    group[np.argsort(-size, kind="stable")] = np.where(turn < groups, turn, 2 * groups - 1 - turn)
    return np.asarray(group[which])


@dataclass(frozen=True)
class GroupedCounts:
    """Counts of records per state and group of records, without the zeros.

    One pass over the data makes it; every replicate of a jackknife then follows by subtraction: a
    state is gone from a replicate only if all of its records lie in the group left out.

    Attributes
    ----------
    state, group, count : ndarray of int, shape (entries,)
        So many records of this state in this group.
    states, groups : int
        How many there are of each.
    """

    state: NDArray[np.intp]
    group: Groups
    count: NDArray[np.int64]
    states: int
    groups: int

    def __post_init__(self) -> None:
        _enough(self.groups, self.groups, "groups")
        for name, values, end in (
            ("state", self.state, self.states), ("group", self.group, self.groups)
        ):  # fmt: skip
            if values.shape != self.count.shape or (
                values.size and not 0 <= values.min() <= values.max() < end
            ):
                raise InputError(
                    f"{name} must name one of {end} for each of the {self.count.size} counts. "
                    "Number them from 0."
                )
        counts_and_size(self.count)
        if not self.sizes.all():
            raise InputError(
                f"group {int(np.argmin(self.sizes))} holds no record, so that nothing is left out "
                "with it. Number the groups without gaps."
            )

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Records of each group, shape (groups,)."""
        return _sums(self.group, self.count, self.groups)

    @property
    def total(self) -> NDArray[np.int64]:
        """Records of each state, shape (states,)."""
        return _sums(self.state, self.count, self.states)

    def without_each(self) -> Iterator[NDArray[np.int64]]:
        """Counts without the first group, without the second, and so on; shape (states,) each."""
        total = self.total
        order = np.argsort(self.group, kind="stable")
        ends = np.cumsum(np.bincount(self.group, minlength=self.groups))
        for part in np.split(order, ends[:-1]):
            left = total.copy()
            np.subtract.at(left, self.state[part], self.count[part])
            yield left


def _sums(which: NDArray[np.intp], count: NDArray[np.int64], of: int) -> NDArray[np.int64]:
    sums = np.zeros(of, dtype=np.int64)
    np.add.at(sums, which, count)
    return sums


def grouped_counts(
    states: ArrayLike, groups: ArrayLike, number: int | None = None
) -> GroupedCounts:
    """Count records per state and group.

    Parameters
    ----------
    states : array_like of int, shape (n,)
        State of each record (token, category), numbered from 0.
    groups : array_like of int, shape (n,)
        Group of each record, from `position_groups` or `cluster_groups`.
    number : int, optional
        Number of states; default the largest number met, plus one.

    Returns
    -------
    GroupedCounts
        The counts.

    Raises
    ------
    InputError
        If states and groups are not whole numbers from 0, one of each for every record.

    Examples
    --------
    >>> counted = grouped_counts([0, 0, 1], [0, 1, 1])
    >>> [left.tolist() for left in counted.without_each()]
    [[1, 1], [1, 0]]
    """
    state, group = np.ravel(states), np.ravel(groups)
    if state.shape != group.shape or not state.size:
        raise InputError(
            f"there are {group.size} groups for {state.size} records. Give each record its group."
        )
    if (
        state.dtype.kind not in "iu"
        or group.dtype.kind not in "iu"
        or min(state.min(), group.min()) < 0
    ):
        raise InputError(
            "states and groups must be whole numbers from 0 upwards. Number them with "
            "numpy.unique(labels, return_inverse=True)."
        )
    number = int(state.max()) + 1 if number is None else number
    many = int(group.max()) + 1
    key, count = np.unique(state.astype(np.int64) * many + group, return_counts=True)
    return GroupedCounts(
        (key // many).astype(np.intp),
        (key % many).astype(np.intp),
        count.astype(np.int64),
        number,
        many,
    )


def jackknife_variance(
    estimate: ArrayLike, replicates: ArrayLike, sizes: ArrayLike | None = None
) -> Any:
    """Variance of an estimate from its values without each group of records.

    Parameters
    ----------
    estimate : array_like, shape (...)
        Value with all records; an estimate that depends on the number of records must be taken at
        the same number here as in the replicates.
    replicates : array_like, shape (groups, ...)
        Value without each group in turn.
    sizes : array_like, shape (groups,), optional
        Records of each group; default equal sizes.

    Returns
    -------
    float or ndarray, shape (...)
        Squared units of the estimate; the error has one degree of freedom less than there are
        groups.

    Raises
    ------
    InputError
        If there are fewer than two groups, or not as many sizes as groups.

    Notes
    -----
    Busing, Meijer and van der Leeden (1999), delete-m_j jackknife; with equal groups it is the
    textbook ``(G - 1)/G sum (t_j - mean t)^2``. Wrong for medians and other quantiles.

    Examples
    --------
    >>> round(float(jackknife_variance(2.0, [2.5, 2.0, 1.5])), 6)  # of the mean of 1, 2, 3
    0.333333
    """
    left = floats(replicates)
    size = np.ones(len(left)) if sizes is None else floats(sizes)
    _enough(len(left), len(left), "groups")
    if size.shape != (len(left),) or not np.all(size > 0):
        raise InputError(
            f"{len(left)} replicates need as many sizes of groups, all positive, got "
            f"{size.size}. Give the records of each group."
        )
    share = (size / size.sum()).reshape(-1, *[1] * (left.ndim - 1))
    # pseudo-values, less the estimate
    pseudo = -(1 / share - 1) * (left - np.asarray(estimate, dtype=np.float64))
    middle = (pseudo * share).sum(axis=0)
    return (np.square(pseudo - middle) / (1 / share - 1)).mean(axis=0)[()]


def record_jackknife_variance(counts: ArrayLike, changes: ArrayLike) -> float:
    """Variance of a measure of counts of independent records, each left out once.

    Parameters
    ----------
    counts : array_like of int, shape (states,)
        Records in each state.
    changes : array_like, shape (states,)
        How the measure changes when one record of the state leaves; a constant added to all of
        them has no influence.

    Returns
    -------
    float
        Squared units of the measure; NaN for fewer than two records.

    Raises
    ------
    InputError
        If a count is not whole.

    Notes
    -----
    Textbook delete-one jackknife: ``(n - 1)/n`` times the sum over records of the squared
    deviation of the change from its mean. All records of a state make the same change, so that no
    replicate is ever computed. On average not below the true variance (Efron and Stein 1981).

    Examples
    --------
    >>> record_jackknife_variance([1, 1, 2], [1.0, 1.0, 0.0])  # number of states met
    0.75
    """
    array, size = counts_and_size(counts)
    n, change = float(size), floats(changes)
    if n < 2:
        return float("nan")
    change = np.where(array > 0, change, 0.0)
    mean = float((array * change).sum()) / n
    return float((n - 1) / n * (array * np.square(change - mean)).sum())


def half_samples(n: int, repeats: int, *, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Random halves of the records, without replacement.

    Parameters
    ----------
    n : int
        Records (or clusters, which then enter whole).
    repeats : int
        Halves to draw.
    rng : numpy.random.Generator
        Source of randomness.

    Yields
    ------
    ndarray of int, shape (n // 2,)
        Sorted positions.

    Raises
    ------
    InputError
        If there are fewer than two records or no repeat.
    """
    if n < 2 or repeats < 1:
        raise InputError(
            f"{repeats} halves of {n} records cannot be drawn. Give at least two records, and ask "
            "for at least one half."
        )
    return (np.sort(rng.permutation(n)[: n // 2]) for _ in range(repeats))


def half_sample_variance(values: ArrayLike, n: int) -> Any:
    """Variance of an estimate from its values on random halves of the records.

    Parameters
    ----------
    values : array_like, shape (repeats, ...)
        The measure of each of `half_samples`.
    n : int
        Records in all.

    Returns
    -------
    float or ndarray, shape (...)
        Squared units of the measure.

    Raises
    ------
    InputError
        If there are fewer than two values or records.

    Notes
    -----
    Politis and Romano (1994), subsampling with its finite-population correction: the variance of
    the values times ``h / (n - h)``, with `h` of the `n` records in each half. Right for measures
    whose variance falls as 1/n, shares and means; far too small for measures that grow with the
    sample, such as numbers of states.

    Examples
    --------
    >>> float(half_sample_variance([1.0, 3.0], 10))
    2.0
    """
    taken = floats(values)
    if len(taken) < 2 or n < 2:
        raise InputError(
            f"{len(taken)} halves of {n} records have no variance. Draw at least two halves of at "
            "least two records."
        )
    half = n // 2
    return (taken.var(axis=0, ddof=1) * half / (n - half))[()]
