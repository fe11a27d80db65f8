"""Category columns and subgroups: who is still there, and whose share went."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.hygiene import foreign_columns
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.erasure import Erasure, erasure
from modelcollapse.metrics.matched_diversity import hill_profile
from modelcollapse.metrics.retention import Retention, rarity_edges, retention_by_rarity
from modelcollapse.metrics.share_comparison import Adjustment, ratio_interval
from modelcollapse.metrics.signal import Signal
from modelcollapse.metrics.total_variation import total_variation_signal
from modelcollapse.profiles import Profile

Counts = NDArray[np.int64]
FEWEST = 2  # records a side
MINORITY = 0.5  # of the records of the commonest group, beyond which a group is no tail
REPLACED = 2  # times what foreign groups hold, up to which a loss may be a renaming
MISS = 0.05  # chance that the interval of the worst group misses
BANDS = {"rare_categories": "tail", "common_categories": "head"}


@dataclass(frozen=True)
class Groups:
    """Groups that exclude each other, and what became of each.

    Attributes
    ----------
    by : str
        Column, or columns joined by " x ".
    names : list of str
        Of the groups.
    found : Erasure
        By position.
    """

    by: str
    names: list[str]
    found: Erasure

    def rows(self) -> list[dict[str, Any]]:
        """Rows of a table, the most surely eroded first."""
        f, n, m = self.found, int(self.found.counts.sum()), int(self.found.reference_counts.sum())
        return [
            {
                "by": self.by, "group": self.names[i],
                "count": int(f.counts[i]), "reference_count": int(f.reference_counts[i]),
                "share": f.counts[i] / n, "reference_share": f.reference_counts[i] / m,
                "ratio": float(f.ratio[i]), "low": float(f.ratio_low[i]),
                "high": float(f.ratio_high[i]), "p": float(f.p[i]),
                "adjusted_p": float(f.adjusted_p[i]),
                "lost_by_chance": float(f.lost_by_chance[i]), "needed": float(f.needed[i]),
                "fate": str(f.fate[i]),
            }
            for i in f.ranking()
        ]  # fmt: skip


def columns_of(new: Profile, reference: Profile) -> list[str]:
    """Category columns of both data sets that hold two records or more on each side.

    Without those of which the new data have no category at all: these were coded otherwise.
    """
    foreign = foreign_columns(new, reference)
    return [
        name
        for name, tally in reference.categories.items()
        if name in new.categories
        and name not in foreign
        and min(sum(tally.counts.values()), sum(new.categories[name].counts.values())) >= FEWEST
    ]


def aligned(
    counts: Mapping[Any, int], reference_counts: Mapping[Any, int]
) -> tuple[list[Any], Counts, Counts]:
    """Counts of both sides in one order, the reference's commonest first."""
    names = sorted(
        {*counts, *reference_counts}, key=lambda x: (-reference_counts.get(x, 0), str(x))
    )
    ours, theirs = (
        np.array([side.get(name, 0) for name in names], dtype=np.int64)
        for side in (counts, reference_counts)
    )
    return names, ours, theirs


def category_groups(new: Profile, reference: Profile) -> list[Groups]:
    """Every category of every column judged as a group; Holm within a column."""
    return [
        _groups(name, new.categories[name].counts, reference.categories[name].counts, "holm")
        for name in columns_of(new, reference)
    ]


def subgroups(new: Profile, reference: Profile) -> list[Groups]:
    """The subgroups that were asked for, where either side has two records of any of them."""
    found = []
    for by, counts in reference.groups.items():
        if min(sum(side.values()) for side in (new.groups[by], counts)) >= FEWEST:
            adjustment: Adjustment = "holm" if len(by) == 1 else "benjamini-hochberg"
            found.append(_groups(" x ".join(by), new.groups[by], counts, adjustment))
    return found


def _groups(
    by: str, counts: Mapping[Any, int], real: Mapping[Any, int], adjustment: Adjustment
) -> Groups:
    groups, ours, theirs = aligned(counts, real)
    names = [one if isinstance(one, str) else " x ".join(one) for one in groups]
    return Groups(by, names, erasure(ours, theirs, adjustment=adjustment))


def read_categories(
    new: Profile, reference: Profile, tolerance: Mapping[str, Tolerance]
) -> Iterator[Reading]:
    """Readings of the category columns: rare and common ones still there, and their law.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    tolerance : mapping of str to Tolerance
        By measure.

    Yields
    ------
    Reading
        Of all columns together, whose p is the smallest of a column times their number: columns
        depend on each other. Then of each.
    """
    names = columns_of(new, reference)
    bands: dict[str, list[Retention]] = {measure: [] for measure in BANDS}
    shares: list[Reading] = []
    distinct: list[Signal] = []
    for name in names:
        _, ours, theirs = aligned(new.categories[name].counts, reference.categories[name].counts)
        found = retention_by_rarity(ours, theirs, edges=rarity_edges(theirs))
        for measure, band in BANDS.items():
            bands[measure].append(found[band])
        hill = hill_profile(ours, theirs, orders=[0, 2])
        distinct.append(hill[0])
        effective = hill[2]
        law = total_variation_signal(ours, theirs)
        for measure, signal in (("category_concentration", effective), ("category_law", law)):
            shares.append(Reading.of(measure, signal, tolerance[measure], about=name))
    for measure, found_there in bands.items():
        if found_there:
            whole, where = together(found_there)
            note = "" if where is None else f"fewest in {names[where]}"
            yield Reading.of(measure, whole, tolerance[measure], note=note)
        for name, one in zip(names, found_there, strict=True):
            yield Reading.of(
                measure, one.signal, tolerance[measure], about=name, headline=False,
                note=f"{one.found:.4g} of {one.expected:.4g} expected",
            )  # fmt: skip
    known = [i for i, signal in enumerate(distinct) if not math.isnan(signal.p)]
    if known:
        worst = min(known, key=lambda i: distinct[i].p)
        fewest = replace(distinct[worst], p=min(distinct[worst].p * len(known), 1.0))
        measure = "distinct_categories"
        yield Reading.of(measure, fewest, tolerance[measure], note=names[worst])
    yield from shares


def together(parts: Sequence[Retention]) -> tuple[Signal, int | None]:
    """Retention over several columns, and the position of the one that lost most surely.

    Columns may say the same (city and zip code), so that their errors are added.
    """
    there = [i for i, part in enumerate(parts) if not math.isnan(part.signal.value)]
    if not there:
        return parts[0].signal, None
    expected = sum(parts[i].expected for i in there)
    ratio = sum(parts[i].found for i in there) / expected
    error = sum(parts[i].expected * parts[i].signal.error for i in there)
    reach = [
        sum(parts[i].expected * abs(getattr(parts[i].signal, end) - parts[i].signal.value)
            for i in there) / expected
        for end in ("low", "high")
    ]  # fmt: skip
    known = [i for i in there if not math.isnan(parts[i].signal.p)]
    where = min(known, key=lambda i: parts[i].signal.p) if known else None
    p = math.nan if where is None else min(parts[where].signal.p * len(known), 1.0)
    low, high = max(ratio - reach[0], 0.0), ratio + reach[1]
    sizes = [min(getattr(parts[i].signal, side) for i in there) for side in ("n", "reference_n")]
    return Signal(ratio, 1.0, error / expected, low, high, p, "falls", *sizes), where


def read_groups(
    groups: Sequence[Groups], measure: str, tolerance: Mapping[str, Tolerance]
) -> Iterator[Reading]:
    """The one group, of all of several partitions, that lost most surely.

    Parameters
    ----------
    groups : sequence of Groups
        Partitions of the records.
    measure : {"category_shares", "subgroups"}
        What they are called.
    tolerance : mapping of str to Tolerance
        By measure.

    Yields
    ------
    Reading
        At most one, of the groups at most half as common as the commonest of their partition: a
        majority that shrinks is no loss of tails. Its p is adjusted for all of these, by Holm
        within and Bonferroni between partitions, whatever adjustment the table has; its interval
        holds for all of them at once.
    """
    known = [one for one in groups if np.isfinite(_of_minorities(one)).any()]
    if not known:
        return
    worst = min(known, key=lambda one: _surest(one)[1])
    position, p = _surest(worst)
    signal = worst.found.signal(position)
    # the interval is to hold for whichever group is chosen
    tried = len(known) * int(np.isfinite(_of_minorities(worst)).sum())
    ours, theirs = worst.found.counts, worst.found.reference_counts
    low, high = ratio_interval(
        ours[position], ours.sum(), theirs[position], theirs.sum(), confidence=1 - MISS / tried
    )
    signal = replace(signal, p=min(p * len(known), 1.0), low=float(low), high=float(high))
    yield Reading.of(
        measure, signal, tolerance[measure], note=f"{worst.by} = {worst.names[position]}"
    )


def _of_minorities(one: Groups) -> NDArray[np.float64]:
    """Probability of each group; NaN of a majority, and of what chance or other groups explain.

    A group that is gone, where groups that the reference does not have hold as much, may have been
    renamed.
    """
    ours, real = one.found.counts, one.found.reference_counts
    foreign = ours[real == 0].sum() / max(ours.sum(), 1)
    renamed = (ours == 0) & (real / real.sum() <= REPLACED * foreign)
    return np.where((real > 0) & (real <= MINORITY * real.max()) & ~renamed, one.found.p, np.nan)


def _surest(one: Groups) -> tuple[int, float]:
    """Position of the smallest p, and that p times the number of groups."""
    p = _of_minorities(one)
    position = int(np.nanargmin(p))
    return position, float(p[position]) * int(np.isfinite(p).sum())
