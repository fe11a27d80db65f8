"""Exact copies of records within a data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from modelcollapse.auditing.catalogue import Tolerance
from modelcollapse.auditing.leak import comparable_hashes, repeated_share
from modelcollapse.auditing.reading import Reading
from modelcollapse.metrics.matched_diversity import hill_profile
from modelcollapse.metrics.signal import Signal
from modelcollapse.profiles import Profile

MOST_REPEATED = 0.5  # share of the reference's records that have a copy, for copies to be telling


def read_copies(
    new: Profile, reference: Profile, tolerance: Mapping[str, Tolerance]
) -> Iterator[Reading]:
    """Share of the records that are copies of another, at equal numbers of records.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets. A sample by the hash of the content has all copies of a record or
        none, so that it has the share that the whole has.
    tolerance : mapping of str to Tolerance
        By measure.

    Yields
    ------
    Reading
        One less the number of different records over that of all, both rarefied to the smaller
        side: records of a few categories repeat by chance, and more so in a larger table. Nothing
        where records repeat so often that the samples part their copies.
    """
    pair = comparable_hashes(new, reference)
    if pair is None or min(map(len, pair)) < 2:
        return
    ours, theirs = pair
    _, both = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
    counts = [
        np.bincount(part, minlength=int(both.max()) + 1)
        for part in (both[: ours.size], both[ours.size :])
    ]
    different = hill_profile(*counts, orders=[0])[0]
    # where records are little more than categories, copies say what the categories say
    telling = repeated_share(reference) <= MOST_REPEATED
    yield Reading.of("copies", _share(different), tolerance["copies"], headline=telling)


def _share(different: Signal) -> Signal:
    """Share of records that repeat others, from the number of different ones."""
    n = different.n
    high, low = (1 - end / n for end in (different.low, different.high))
    return Signal(
        1 - different.value / n, 1 - different.expected / n, different.error / n,
        max(low, 0.0), min(high, 1.0), different.p, "grows", n, different.reference_n,
    )  # fmt: skip
