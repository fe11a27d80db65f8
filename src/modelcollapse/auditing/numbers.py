"""Number columns: tails and bulk, of each and of all together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.hygiene import other_gaps
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.dependence import correlation_change
from modelcollapse.metrics.marginal_shift import wasserstein_shift
from modelcollapse.metrics.ratio_sums import RatioSums, count_ratio_signal, ratio_signal
from modelcollapse.metrics.spread_change import deviation_ratio
from modelcollapse.profiles import NumberTally, Profile, Role
from modelcollapse.profiles.tallies import Scores

LEVELS = (0.01, 0.05)
DEPENDENCE = 5_000  # records a side at most, for all pairs of columns
FEWEST = 200  # records a side, below which the law of a correlation is not known well enough
MOVED = 0.1  # of the scale of a column, by which a median has moved
LEAST = 20  # values expected beyond the cuts of one column, for its tails to be read


def read_numbers(
    new: Profile, reference: Profile, tolerance: Mapping[str, Tolerance]
) -> Iterator[Reading]:
    """Readings of the number columns.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets, with the cuts of the reference.
    tolerance : mapping of str to Tolerance
        By measure.

    Yields
    ------
    Reading
        Two of all columns together, by rows, so that dependent columns are no independent
        evidence; then four of each column.

    Notes
    -----
    Gaps are no loss: where columns have other shares of them than in the reference, the new sums
    are compared with what the reference has at the new shares. A law that moved is no wider for
    it: where a median did, the bulk is read around the new medians, from the sample.
    """
    columns = [name for name in reference.numbers if name in new.numbers]
    if not columns:
        return
    level = tail_level(new.rows, reference.rows)
    pooled = [name for name in reference.columns(Role.NUMBER) if name in new.numbers]
    if level is not None:
        ours, theirs = (
            {name: _events(side.numbers[name], level) for name in pooled}
            for side in (new, reference)
        )
        tails = count_ratio_signal(
            _at_shares_of(reference.tails[level], new.tails[level], ours, theirs),
            reference.tails[level],
        )
        note = f"outermost {100 * level:g} % of each column"
        yield Reading.of("tail_values", tails, tolerance["tail_values"], note=note)
    whole, bulk = _bulk(new, reference, columns)
    theirs = {name: reference.numbers[name].bulk for name in pooled}
    whole = _at_shares_of(reference.bulk, whole, {name: bulk[name] for name in pooled}, theirs)
    yield Reading.of("bulk_spread", ratio_signal(whole, reference.bulk), tolerance["bulk_spread"])
    if level is not None:
        yield from _worst_tail(columns, level, new, reference, tolerance)
    for name in columns:
        yield from _of_column(name, level, new, reference, bulk[name], tolerance)


def _worst_tail(
    columns: Sequence[str], level: float, new: Profile, reference: Profile,
    tolerance: Mapping[str, Tolerance],
) -> Iterator[Reading]:  # fmt: skip
    """The column whose tails went most surely; p and interval adjusted for their number."""
    pairs = {name: (_events(new.numbers[name], level), _events(reference.numbers[name], level))
             for name in columns}  # fmt: skip
    found = {name: count_ratio_signal(*pair) for name, pair in pairs.items()}
    known = [name for name, signal in found.items() if not np.isnan(signal.p)]
    if len(known) < 2:
        return
    worst = min(known, key=lambda name: found[name].p)
    signal = count_ratio_signal(*pairs[worst], confidence=1 - 0.05 / len(known))
    p = min(signal.p * len(known), 1.0)
    yield Reading.of("column_tails", replace(signal, p=p), tolerance["column_tails"], note=worst)


def _at_shares_of(
    real: RatioSums, new: RatioSums, parts: Mapping[str, RatioSums], of: Mapping[str, RatioSums]
) -> RatioSums:
    """New sums with the weight that makes their ratio comparable: as if gaps were as they were.

    Columns have ratios of their own, so that a gap in one moves the ratio of all without a loss.
    """
    expected = sum(part.weight * of[name].total / of[name].weight
                   for name, part in parts.items() if of[name].weight > 0)  # fmt: skip
    if not (expected > 0 and real.total > 0 and new.weight > 0):
        return new
    factor = expected / sum(part.weight for part in parts.values()) / real.ratio
    return replace(
        new, weight=new.weight * factor, products=new.products * factor,
        weight_squares=new.weight_squares * factor**2,
    )  # fmt: skip


def _bulk(
    new: Profile, reference: Profile, columns: Sequence[str]
) -> tuple[RatioSums, dict[str, RatioSums]]:
    """Bulk of the new records, of all columns together and of each, around its own middle."""
    centres = {}
    for name in columns:
        cuts, x = reference.cuts[name], new.sample[name]
        own = float(np.median(x[there])) if (there := np.isfinite(x)).any() else cuts.median
        centres[name] = own if abs(own - cuts.median) > MOVED * cuts.scale else cuts.median
    if all(centres[name] == reference.cuts[name].median for name in columns):
        return new.bulk, {name: new.numbers[name].bulk for name in columns}
    scores = Scores(len(new.hashes))
    parts = {
        name: scores.add(
            new.sample[name], replace(reference.cuts[name], median=centres[name]),
            pooled=reference.role(name) is Role.NUMBER,
        ).bulk
        for name in columns
    }  # fmt: skip
    return scores.sums()[1], parts


def read_dependence(
    new: Profile, reference: Profile, tolerance: Mapping[str, Tolerance], rng: Generator
) -> Iterator[Reading]:
    """Reading of the rank correlations of the number columns.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    tolerance : mapping of str to Tolerance
        By measure.
    rng : numpy.random.Generator
        Source of all randomness.

    Yields
    ------
    Reading
        At most one. A gap is put at the reference's median, and columns that have other shares of
        gaps than in the reference are left out.
    """
    gaps = other_gaps(new, reference)
    names = [
        name
        for name, tally in reference.numbers.items()
        if name in new.numbers and tally.n and name not in gaps
    ]
    sides = [
        np.column_stack([_filled(side, name, reference) for name in names])
        for side in (new, reference)
        if names
    ]
    if len(names) < 2 or min(map(len, sides)) < FEWEST:
        return
    change = correlation_change(*sides, rng=rng)
    pair = zip(change.pairs.first[:1], change.pairs.second[:1], strict=True)
    note = "".join(f"{names[i]} and {names[j]}" for i, j in pair)
    yield Reading.of("dependence", change.largest, tolerance["dependence"], note=note)


def _filled(side: Profile, name: str, reference: Profile) -> NDArray[np.float64]:
    # their order says nothing, being that of a hash
    values = sampled(side, name)[:DEPENDENCE]
    return np.where(np.isnan(values), reference.cuts[name].median, values)


def sampled(side: Profile, name: str) -> NDArray[np.float64]:
    """Sampled values of a number column, NaN where there is none or an infinite one."""
    values = np.asarray(side.sample[name], dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def tail_level(n: int, m: int) -> float | None:
    """Share that is called the tails, at these numbers of records; None where all are too few."""
    return next((level for level in LEVELS if level * min(n, m) >= LEAST), None)


def _of_column(
    name: str, level: float | None, new: Profile, reference: Profile, bulk: RatioSums,
    tolerance: Mapping[str, Tolerance],
) -> Iterator[Reading]:  # fmt: skip
    ours, theirs = new.numbers[name], reference.numbers[name]
    about = {"about": name, "headline": False}

    def reading(measure: str, signal: object, note: str = "") -> Reading:
        return Reading.of(measure, signal, tolerance[measure], note=note, **about)  # type: ignore[arg-type]

    if level is not None:
        yield reading(
            "tail_values", count_ratio_signal(_events(ours, level), _events(theirs, level))
        )
    yield reading("bulk_spread", ratio_signal(bulk, theirs.bulk))
    pair = sampled(new, name), sampled(reference, name)
    yield reading("standard_deviation", deviation_ratio(*pair))
    yield reading("marginal_shift", wasserstein_shift(*pair))


def _events(tally: NumberTally, level: float) -> RatioSums:
    """Values beyond the cuts, each value being one possible event."""
    n, beyond = tally.n, float(tally.beyond[level])
    return RatioSums(n, beyond, float(n), beyond, beyond, float(n))
