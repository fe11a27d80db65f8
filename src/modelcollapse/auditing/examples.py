"""Concrete examples: what was lost, and what there is too much of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelcollapse.auditing.categories import Groups
from modelcollapse.auditing.geometry import Geometry
from modelcollapse.auditing.pictured import rows_of
from modelcollapse.metrics.neighbours import orphans
from modelcollapse.profiles import Profile


def lost_records(
    geometries: Sequence[Geometry], reference: Profile, show: int
) -> list[dict[str, Any]]:
    """Real records that new ones have surely left, the loneliest first.

    Parameters
    ----------
    geometries : sequence of Geometry
        Points with their neighbours.
    reference : Profile
        Of the real records.
    show : int
        How many at most.
    """
    rows: list[dict[str, Any]] = []
    for one in geometries:
        if one.found is None or not show:
            continue
        lonely = orphans(one.found, count=show)
        sure = lonely.p <= 0.05
        records = rows_of(reference.sample, one.points.reference_rows[lonely.rows[sure]])
        rows += [
            {"record": record, "distance": float(ratio)}
            for record, ratio in zip(records, lonely.ratios[sure], strict=True)
        ]
    return rows[:show]


def lost_categories(groups: Sequence[Groups], show: int) -> list[dict[str, Any]]:
    """Categories without a new record, the ones that chance would least have lost first.

    Parameters
    ----------
    groups : sequence of Groups
        Categories by column.
    show : int
        How many at most.
    """
    rows = [
        row
        for one in groups
        for row in one.rows()
        if row["count"] == 0 and row["reference_count"] > 1
    ]
    return sorted(rows, key=lambda row: row["lost_by_chance"])[:show]


def copies(new: Profile, reference: Profile, show: int) -> list[dict[str, Any]]:
    """Records that occur most often, beyond what the reference repeats.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    show : int
        How many at most.
    """
    known, first, times = np.unique(new.hashes, return_index=True, return_counts=True)
    real, often = np.unique(reference.hashes, return_counts=True)
    place = np.searchsorted(real, known)
    place = np.minimum(place, max(real.size - 1, 0))
    usual = np.where(real[place] == known, often[place], 1) if real.size else np.ones_like(times)
    excess = times - usual
    order = [i for i in np.argsort(-excess, kind="stable")[:show] if excess[i] > 0]
    records = rows_of(new.sample, first[order])
    return [
        {"record": record, "times": int(times[i])} for record, i in zip(records, order, strict=True)
    ]
