"""Number columns: tails and bulk, of each and of all together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.dependence import correlation_change
from modelcollapse.metrics.marginal_shift import wasserstein_shift
from modelcollapse.metrics.ratio_sums import RatioSums, count_ratio_signal, ratio_signal
from modelcollapse.metrics.spread_change import deviation_ratio
from modelcollapse.profiles import NumberTally, Profile

LEVELS = (0.01, 0.05)
DEPENDENCE = 10_000  # records a side at most, for all pairs of columns
FEWEST = 200  # records a side, below which the law of a correlation is not known well enough
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
    """
    columns = [name for name in reference.numbers if name in new.numbers]
    if not columns:
        return
    level = tail_level(new.rows, reference.rows)
    if level is not None:
        tails = count_ratio_signal(new.tails[level], reference.tails[level])
        note = f"outermost {100 * level:g} % of each column"
        yield Reading.of("tail_values", tails, tolerance["tail_values"], note=note)
    yield Reading.of(
        "bulk_spread", ratio_signal(new.bulk, reference.bulk), tolerance["bulk_spread"]
    )
    for name in columns:
        yield from _of_column(name, level, new, reference, tolerance)


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
        At most one. A gap is put at the reference's median.
    """
    names = [name for name in reference.numbers if name in new.numbers]
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
    values = side.sample[name][:DEPENDENCE]
    return np.where(np.isnan(values), reference.cuts[name].median, values)


def tail_level(n: int, m: int) -> float | None:
    """Share that is called the tails, at these numbers of records; None where all are too few."""
    return next((level for level in LEVELS if level * min(n, m) >= LEAST), None)


def _of_column(
    name: str, level: float | None, new: Profile, reference: Profile,
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
    yield reading("bulk_spread", ratio_signal(ours.bulk, theirs.bulk))
    pair = new.sample[name], reference.sample[name]
    yield reading("standard_deviation", deviation_ratio(*pair))
    yield reading("marginal_shift", wasserstein_shift(*pair))


def _events(tally: NumberTally, level: float) -> RatioSums:
    """Values beyond the cuts, each value being one possible event."""
    n, beyond = tally.n, float(tally.beyond[level])
    return RatioSums(n, beyond, float(n), beyond, beyond, float(n))
