"""Records that both data sets hold: a reference that contains what is audited says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcollapse.profiles import Profile

Hashes = NDArray[np.uint64]

MOST = 0.05  # share of new records that may be in the reference beyond what it repeats itself
DIFFERENT = 20  # records, below which two honest sets may be equal by chance


def shared_share(new: Profile, reference: Profile) -> float:
    """Share of the new records that are in the reference, as far as the two samples can tell.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets. Below the smaller of the limits of their samples each has all of its
        records.

    Returns
    -------
    float
        From 0 to 1; NaN where no new record is below, or a sample parts copies of a record.
    """
    pair = comparable_hashes(new, reference)
    if pair is None or not pair[0].size:
        return float("nan")
    return float(np.isin(*pair).mean())


def comparable_hashes(new: Profile, reference: Profile) -> tuple[Hashes, Hashes] | None:
    """Hashes of all records of both sides up to one limit; None where copies were drawn apart.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    """
    if not (new.together and reference.together):
        return None
    limit = np.uint64(min(new.limit, reference.limit))
    return new.hashes[new.keys <= limit], reference.hashes[reference.keys <= limit]


def repeated_share(side: Profile) -> float:
    """Share of the sampled records that have a copy in the sample."""
    if not side.hashes.size:
        return float("nan")
    _, times = np.unique(side.hashes, return_counts=True)
    return float(times[times > 1].sum() / side.hashes.size)


@dataclass(frozen=True)
class Leak:
    """New records that the reference holds too.

    Attributes
    ----------
    share : float
        Of the new records.
    """

    share: float

    @property
    def clause(self) -> str:
        """What was found, in a few words."""
        many = "all" if self.share >= 1 else f"{math.floor(100 * self.share)} %"
        return f"{many} of the new records are in the reference, word for word"

    @property
    def note(self) -> str:
        """What was found and what to do."""
        return (
            f"{self.clause[0].upper()}{self.clause[1:]}: a leak, or a subset. What is compared "
            "with itself looks healthy; audit what the model wrote against records it was not "
            "given."
        )


def leak(new: Profile, reference: Profile) -> Leak | None:
    """Whether the reference contains what is audited.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.

    Returns
    -------
    Leak or None
        None where no more records are shared than those of one law share by chance. Equal
        contents are a leak, however often the records repeat each other.
    """
    if new.digest == reference.digest and np.unique(new.hashes).size >= DIFFERENT:
        return Leak(1.0)
    share = shared_share(new, reference)
    # a table of a few categories repeats records without any leak
    return Leak(share) if share > MOST + repeated_share(reference) else None
