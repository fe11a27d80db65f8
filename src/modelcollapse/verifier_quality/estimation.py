"""Estimate: how good a verifier is, from records that somebody labelled."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from modelcollapse.errors import InputError, suggestion
from modelcollapse.verifier_quality import arguments
from modelcollapse.verifier_quality.cells import (
    RIGHT_DROPPED,
    RIGHT_KEPT,
    SHARES,
    WRONG_DROPPED,
    WRONG_KEPT,
    Floats,
    log_ratio,
)
from modelcollapse.verifier_quality.clusters import design_effects
from modelcollapse.verifier_quality.intervals import Method, estimated
from modelcollapse.verifier_quality.result import Estimate
from modelcollapse.verifier_quality.verdicts import verdict_on_breakdown, verdict_on_help

COUNTS = ("right_kept", "right_dropped", "wrong_kept", "wrong_dropped")
"""Names of the four cells of an audit sample."""

CAVEATS = (
    "one half is the point of no return for two classes and a linear student; for other tasks it "
    "is a guide, and kept_error the figure to read.",
    "if generator and verifier err on the same records, training on what is kept can do harm "
    "although both verdicts are good: compare with a random selection.",
)
FEW = 10
"""Clusters with kept records below which their number is pointed out."""
DISAGREE = 0.01
"""Probability under which differences between groups are more than chance."""


def estimate(
    labels: Any,
    kept: Any,
    groups: Any = None,
    clusters: Any = None,
    *,
    keep_rate: float | None = None,
    confidence: float = 0.95,
    interval: Method = "jeffreys",
) -> Estimate:
    """Estimate a verifier's quality from an audit sample, with two verdicts.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Whether each record is right: True or False, 1 or 0, or words such as right and wrong.
    kept : array_like, shape (n,)
        Whether the verifier kept it.
    groups : array_like, shape (n,), optional
        Task, language, source: whatever the verifier may be better or worse at.
    clusters : array_like, shape (n,), optional
        Prompt, problem or document that records share. Records of one cluster are alike, and
        intervals that ignore it are too narrow.
    keep_rate : float, optional
        Share of all records that the verifier keeps, if kept and dropped records were labelled in
        another proportion, as `design` proposes. Leave it out if records were drawn at random.
    confidence : float, default 0.95
        Of each interval.
    interval : {"jeffreys", "exact"}, default "jeffreys"
        Bayesian intervals with Jeffreys' prior, or exact ones, which cover at least as often as
        they say and are wider. The error of the kept records has an exact one in either case,
        since the second verdict is read off it.

    Returns
    -------
    Estimate
        p, phi, psi, the breakdown point p*, the error of the kept records, and the verdicts.

    Raises
    ------
    InputError
        If there are no records, one has no label or a label that is neither right nor wrong, all
        are right or all wrong, the verifier kept all or none, columns have different lengths,
        groups come with a keep rate, there is one cluster only, or an option is out of range.

    Notes
    -----
    "Does selection help" compares psi with phi by the interval of p* against 1/2. "Does it break
    down" compares p with p*, which is the same as asking whether more than half of the kept
    records are wrong: that takes labels of kept records only. If only such were labelled, give
    `keep_rate`; the other figures are then undefined.

    Intervals of a share near 0 by resampling have no width where no case was seen; these do not.

    References
    ----------
    feng2025 for p, phi, psi and p*; intervals are textbook (Clopper and Pearson, Jeffreys, and
    Korn and Graubard for clusters).

    Examples
    --------
    >>> labels = [1] * 95 + [0] * 25
    >>> kept = [1] * 90 + [0] * 5 + [1] * 5 + [0] * 20
    >>> found = estimate(labels, kept)
    >>> found.helps.answer, found.breaks_down.answer
    ('yes', 'no')
    >>> print(found.breakdown_point)
    0.826 [0.710, 0.921]
    """
    sure = arguments.share(confidence, "confidence")
    if interval not in get_args(Method):
        raise InputError(
            f"interval {interval!r} is not known. {suggestion(interval, get_args(Method))}"
        )
    right, keep = arguments.flags(labels, "labels"), arguments.flags(kept, "kept")
    arguments.same_length(right, keep, "labels and kept")
    rate = None if keep_rate is None else arguments.share(keep_rate, "keep_rate")
    _both_kinds(right, keep, rate)
    cell = np.where(right, RIGHT_KEPT, WRONG_KEPT) + np.where(keep, 0, 1)
    cluster = None
    if clusters is not None:
        cluster = arguments.names(clusters, "clusters")
        arguments.same_length(right, cluster, "labels and clusters")
        _several(cluster)
    if groups is None:
        return _estimate(cell, cluster, rate, sure, interval, CAVEATS, {})
    if rate is not None:
        raise InputError(
            "groups and keep_rate cannot be given together: each group has a keep rate of its own. "
            "Estimate one group at a time with its rate."
        )
    group = arguments.names(groups, "groups")
    arguments.same_length(right, group, "labels and groups")
    parts = {}
    for name in dict.fromkeys(sorted(set(group.tolist()))):
        there = group == name
        own = None if cluster is None else cluster[there]
        parts[name] = _estimate(cell[there], own, None, sure, interval, (), {})
    return _estimate(cell, cluster, None, sure, interval, (*_disagreement(parts), *CAVEATS), parts)


def _both_kinds(right: NDArray[np.bool_], keep: NDArray[np.bool_], rate: float | None) -> None:
    """Refuse a sample that cannot tell anything about a verifier."""
    if keep.all() and rate is None:
        raise InputError(
            f"all {keep.size} labelled records were kept, so that it is not known what the "
            "verifier drops. Label dropped records too; or, if you labelled kept ones only on "
            "purpose, say which share of all records is kept, with keep_rate."
        )
    if not keep.any():
        raise InputError(
            f"none of the {keep.size} labelled records was kept, so that nothing is known about "
            "what would be trained on. Label kept records."
        )
    if (right.all() or not right.any()) and not keep.all():
        kind, other = ("right", "wrong") if right.all() else ("wrong", "right")
        raise InputError(
            f"all {right.size} labelled records are {kind}, so that it is not known which share of "
            f"the {other} ones the verifier keeps. Label more records, until some are {other}."
        )


def _several(cluster: NDArray[Any]) -> None:
    if len(set(cluster.tolist())) < 2:
        raise InputError(
            "all records come from one cluster, and say nothing about other clusters. Label "
            "records of several, or leave clusters out if they are independent."
        )


def _estimate(
    cell: NDArray[Any],
    cluster: NDArray[Any] | None,
    rate: float | None,
    confidence: float,
    method: Method,
    notes: tuple[str, ...],
    groups: dict[str, Estimate],
) -> Estimate:
    cells = np.bincount(cell, minlength=4).astype(np.float64)
    effects = dict.fromkeys(SHARES, 1.0)
    number = None
    if cluster is not None:
        known, place = np.unique(cluster, return_inverse=True)
        number = len(known)
        by_cluster = np.zeros((number, 4))
        np.add.at(by_cluster, (place, cell), 1.0)
        effects = design_effects(by_cluster, rate, confidence)
        there = int(np.count_nonzero(by_cluster[:, RIGHT_KEPT] + by_cluster[:, WRONG_KEPT]))
        if there < FEW:
            notes = (
                f"the kept records come from only {there} clusters: label records of more.",
                *notes,
            )
    kinds: dict[str, Method] = dict.fromkeys(SHARES, method)
    kinds["kept_error"] = "exact"
    found = {
        name: estimated(name, cells, rate, confidence, kinds[name], effects[name])
        for name in SHARES
    }
    kept = float(cells[RIGHT_KEPT] + cells[WRONG_KEPT])
    return Estimate(
        **found,
        helps=verdict_on_help(
            found["breakdown_point"], found["phi"].value, found["psi"].value, cells, rate,
            confidence, effects["breakdown_point"],
        ),
        breaks_down=verdict_on_breakdown(
            found["kept_error"], cells, confidence, effects["kept_error"]
        ),
        labels=int(cells.sum()),
        counts=dict(zip(COUNTS, cells.astype(int).tolist(), strict=True)),
        keep_rate=kept / float(cells.sum()) if rate is None else rate,
        clusters=number,
        confidence=confidence,
        interval=method,
        groups=groups,
        notes=notes,
    )  # fmt: skip


def _disagreement(groups: dict[str, Estimate]) -> tuple[str, ...]:
    """Sentences for a pooled figure that hides what groups say."""
    notes = []
    table = np.array([[group.counts[name] for name in COUNTS] for group in groups.values()])
    table = table.astype(np.float64)
    # a group without right or without wrong records says nothing about phi or psi
    telling = table[
        (table[:, RIGHT_KEPT] + table[:, RIGHT_DROPPED] > 0)
        & (table[:, WRONG_KEPT] + table[:, WRONG_DROPPED] > 0)
    ]
    if len(telling) > 1 and _heterogeneity(telling) < DISAGREE:
        points = [
            (group.breakdown_point.value, name)
            for name, group in groups.items()
            if not math.isnan(group.breakdown_point.value)
        ]
        (low, worst), (high, best) = min(points), max(points)
        notes.append(
            f"the groups disagree by more than chance: p* goes from {low:.3f} ({worst}) to "
            f"{high:.3f} ({best}). Decide group by group; pooled figures hold for this mixture "
            "only."
        )
    harmed = [name for name, group in groups.items() if group.helps.answer == "no"]
    broken = [name for name, group in groups.items() if group.breaks_down.answer == "yes"]
    for what, which in (("does harm", harmed), ("breaks down", broken)):
        if which:
            notes.append(f"selection {what} in {', '.join(which)}.")
    pooled, within = _odds(table.sum(axis=0)[None]), _odds(telling)
    if (pooled - 1) * (within - 1) < 0:
        notes.append(
            "pooling turns the sign (Simpson's paradox): right records are kept "
            f"{'more' if within > 1 else 'less'} readily than wrong ones within groups, and "
            f"{'more' if pooled > 1 else 'less'} readily over all."
        )
    return tuple(notes)


def _heterogeneity(table: Floats) -> float:
    """Probability of groups as different as these if phi / psi were the same in all (Cochran)."""
    found = [log_ratio(cells, None) for cells in table]
    ratio = np.array([value for value, _ in found])
    weight = 1 / np.array([np.sum(variance) for _, variance in found])
    mean = np.sum(weight * ratio) / np.sum(weight)
    return float(chdtrc(len(table) - 1, np.sum(weight * (ratio - mean) ** 2)))


def _odds(table: Floats) -> float:
    """Common odds ratio of right records to be kept, over groups (Mantel and Haenszel)."""
    size = table.sum(axis=1)
    agree = np.sum(table[:, RIGHT_KEPT] * table[:, WRONG_DROPPED] / size)
    differ = np.sum(table[:, RIGHT_DROPPED] * table[:, WRONG_KEPT] / size)
    return float(agree / differ) if differ else (math.inf if agree else 1.0)
