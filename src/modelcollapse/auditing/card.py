"""The card of an audit: everything that was found, as plain data of JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.auditing import examples, wording
from modelcollapse.auditing.categories import Groups, aligned
from modelcollapse.auditing.judging import conclude
from modelcollapse.auditing.pictured import (
    band_names,
    decile_edges,
    rank_frequency,
    record_deciles,
    type_deciles,
)
from modelcollapse.auditing.reading import Reading
from modelcollapse.auditing.resampling import loss
from modelcollapse.metrics.retention import retention_by_rarity
from modelcollapse.profiles import Profile

if TYPE_CHECKING:
    from modelcollapse.auditing.comparing import Findings, Settings

SCHEMA = 1
MOST_CATEGORIES = 200
FEWEST_DRAWN = 5  # categories of a column, for a picture of ranks


def card_of(
    new: Profile, reference: Profile, found: Findings, settings: Settings
) -> dict[str, Any]:
    """Card of one audit.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    found : Findings
        What was read, judged.
    settings : Settings
        What the user chose.

    Returns
    -------
    dict
        Of plain data: no NaN (None), infinities by name, so that it is JSON of any reader.
    """
    from modelcollapse import __version__

    judged = conclude(found.readings)
    lost = loss(new, reference, found)
    categories = [row for one in found.categories for row in one.rows()]
    categories.sort(key=_erosion)
    card = {
        "schema_version": SCHEMA,
        "modelcollapse": __version__,
        "verdict": {
            "stage": str(judged.stage),
            "heading": wording.heading(judged, found.leak),
            "sentence": wording.sentence(judged, found.readings, lost, found.leak),
            "findings": [str(x) for x in judged.findings],
            "carried_by": [one.name for one in judged.carried_by],
            "generations": None if lost is None else lost.to_dict(),
            "leak": None if found.leak is None else found.leak.share,
        },
        "data": {"new": _data(new), "reference": _data(reference)},
        "roles": [
            {"name": one.name, "role": str(one.role), "reason": one.reason}
            for one in reference.roles
        ],
        "ignored": list(new.ignored),
        "settings": {
            **asdict(settings),
            "groups": [list(by) for by in reference.groups],
            "tolerance": dict(settings.tolerance),
        },
        "readings": [one.to_dict() for one in _ordered(found.readings)],
        "groups": _grouped(found.groups),
        "categories": categories[:MOST_CATEGORIES],
        "categories_left_out": max(len(categories) - MOST_CATEGORIES, 0),
        "ranks": _ranks(new, reference, found),
        "retention": _retention(new, reference, found),
        "lost": {
            "words": [row for one in found.prose for row in one.lost_words],
            "categories": examples.lost_categories(found.categories, settings.show),
            "records": examples.lost_records(found.geometries, reference, settings.show),
        },
        "overproduced": {
            "phrases": [row for one in found.prose for row in one.phrases],
            "near_duplicates": [row for one in found.prose for row in one.near_duplicates],
            "copies": examples.copies(new, reference, settings.show),
        },
        "notes": found.notes,
    }
    return dict(plain(card))


def plain(value: Any) -> Any:
    """Plain data of JSON: no NumPy, no NaN, infinities by name."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        return float(value) if math.isfinite(value) else ("inf" if value > 0 else "-inf")
    return value


def _data(side: Profile) -> dict[str, Any]:
    return {
        "source": side.source, "rows": side.rows, "sampled": len(side.hashes),
        "digest": side.digest,
    }  # fmt: skip


def _ordered(readings: Sequence[Reading]) -> list[Reading]:
    """Headlines first, each part in the order in which it was read."""
    return sorted(readings, key=lambda one: not one.headline)


def _erosion(row: Mapping[str, Any]) -> tuple[float, float]:
    high = float(row["high"])
    return (math.inf if math.isnan(high) else high, float(row["adjusted_p"]))


def _grouped(groups: Sequence[Groups]) -> list[dict[str, Any]]:
    return sorted((row for one in groups for row in one.rows()), key=_erosion)


def _ranks(new: Profile, reference: Profile, found: Findings) -> list[dict[str, Any]]:
    rows = [
        rank_frequency(one.name, "words", one.counts, one.reference_counts) for one in found.prose
    ]
    rows += [
        rank_frequency(one.by, "categories", *_counts(one, new, reference))
        for one in found.categories
        if len(one.names) >= FEWEST_DRAWN
    ]
    return sorted(rows, key=lambda row: -row["types"])


def _retention(new: Profile, reference: Profile, found: Findings) -> list[dict[str, Any]]:
    rows = [one.deciles for one in found.prose]
    for one in found.categories:
        ours, theirs = _counts(one, new, reference)
        edges = decile_edges(theirs)
        if len(one.names) >= FEWEST_DRAWN and edges:
            bands = retention_by_rarity(ours, theirs, edges=edges, names=band_names(edges))
            rows.append(type_deciles(one.by, "categories", bands))
    rows += [
        record_deciles(one.points.name or "records", one.found)
        for one in found.geometries
        if one.found is not None
    ]
    return [row for row in rows if row is not None]


def _counts(one: Groups, new: Profile, reference: Profile) -> tuple[Any, Any]:
    return aligned(new.categories[one.by].counts, reference.categories[one.by].counts)[1:]
