"""What a reader asks first: missing values, constant columns, categories out of nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.hygiene import share_change
from modelcollapse.profiles import Profile

GAPS = 0.02  # share of a column, by which gaps have become more or fewer
SURE = 0.01


def read_hygiene(
    new: Profile, reference: Profile, tolerance: Mapping[str, Tolerance]
) -> Iterator[Reading]:
    """Missing values of each column, and categories that the reference does not have.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    tolerance : mapping of str to Tolerance
        By measure.

    Yields
    ------
    Reading
        Of each column where there is something to report.
    """
    for kind in ("numbers", "categories", "texts"):
        ours, theirs = getattr(new, kind), getattr(reference, kind)
        for name in theirs:
            if name in ours and (ours[name].missing or theirs[name].missing):
                missing = share_change(
                    ours[name].missing, new.rows, theirs[name].missing, reference.rows
                )
                yield Reading.of("missing", missing, tolerance["missing"], about=name)
    for name, tally in reference.categories.items():
        if name not in new.categories:
            continue
        counts = new.categories[name].counts
        unseen = {value: n for value, n in counts.items() if value not in tally.counts}
        total, real = sum(counts.values()), sum(tally.counts.values())
        if unseen and real:
            signal = share_change(sum(unseen.values()), total, 0, real)
            worst = max(unseen, key=lambda value: unseen[value])
            yield Reading.of(
                "new_categories", signal, tolerance["new_categories"], about=name,
                note=f"{len(unseen)}, most often {worst!r}",
            )  # fmt: skip


def other_gaps(new: Profile, reference: Profile) -> list[str]:
    """Columns of numbers or categories whose share of gaps surely is another, and not by little.

    A gap has to be put somewhere among the points, and more of them would look like a loss.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    """
    found = []
    for kind in ("numbers", "categories"):
        ours, theirs = getattr(new, kind), getattr(reference, kind)
        for name in theirs:
            if name in ours and (ours[name].missing or theirs[name].missing):
                gaps = share_change(
                    ours[name].missing, new.rows, theirs[name].missing, reference.rows
                )
                if gaps.p < SURE and abs(gaps.value - gaps.expected) > GAPS:
                    found.append(name)
    return found


def constant_columns(new: Profile, reference: Profile) -> list[str]:
    """Columns that vary in the reference and are constant in the new data.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    """
    numbers = [
        name
        for name, tally in reference.numbers.items()
        if tally.least < tally.greatest
        and name in new.numbers
        and new.numbers[name].least == new.numbers[name].greatest
    ]
    categories = [
        name
        for name, tally in reference.categories.items()
        if len(tally.counts) > 1
        and name in new.categories
        and len(new.categories[name].counts) == 1
    ]
    return [*numbers, *categories]


def empty_columns(new: Profile, reference: Profile) -> list[str]:
    """Columns that have values in the reference and not one in the new data.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    """
    sizes = {
        **{name: (one.n, reference.numbers[name].n) for name, one in new.numbers.items()},
        **{
            name: (len(one.counts), len(reference.categories[name].counts))
            for name, one in new.categories.items()
        },
        **{
            name: (one.documents - one.empty, reference.texts[name].documents)
            for name, one in new.texts.items()
        },
    }
    return [name for name, (ours, theirs) in sizes.items() if theirs and not ours]


def foreign_columns(new: Profile, reference: Profile) -> list[str]:
    """Category columns without one category of the reference in the new data.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    """
    return [
        name
        for name, tally in new.categories.items()
        if tally.counts
        and reference.categories[name].counts
        and not any(value in reference.categories[name].counts for value in tally.counts)
    ]
