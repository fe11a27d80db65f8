"""How many generations of pure resampling would lose as much: theory as a yardstick."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.auditing.categories import aligned
from modelcollapse.metrics.resampled_types import Generations, resampling_generations
from modelcollapse.profiling import Profile

if TYPE_CHECKING:
    from modelcollapse.auditing.comparing import Findings


@dataclass(frozen=True)
class Loss:
    """Rare types lost, as generations.

    Attributes
    ----------
    generations : Generations
        Of pure resampling beyond one honest redraw.
    records : int
        Of each generation: those of the new data.
    source : str
        What the types are.
    """

    generations: Generations
    records: int
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**self.generations._asdict(), "records": self.records, "from": self.source}


def loss(new: Profile, reference: Profile, found: Findings) -> Loss | None:
    """Generations that the retention of rare words, or else of rare categories, stands for.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    found : Findings
        With the readings.

    Returns
    -------
    Loss or None
        None where no rare types could be followed.
    """
    by_name = {one.name: one.signal for one in found.readings}
    for prose in found.prose:
        signal = by_name.get(f"rare_words:{prose.name}")
        if signal is not None and not math.isnan(signal.value):
            return Loss(
                resampling_generations(prose.rare_expected, signal.value, signal.low, signal.high),
                new.rows, f"rare words of {prose.name}",
            )  # fmt: skip
    signal = by_name.get("rare_categories")
    if signal is None or math.isnan(signal.value):
        return None
    expected = np.concatenate([_rare(one.by, new, reference) for one in found.categories])
    if not expected.any():
        return None
    counted = resampling_generations(expected, signal.value, signal.low, signal.high)
    return Loss(counted, new.rows, "rare categories")


def _rare(column: str, new: Profile, reference: Profile) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Records expected of each rare category of a column, as the retention compares them."""
    from modelcollapse.metrics.retention import rarity_edges

    _, ours, theirs = aligned(new.categories[column].counts, reference.categories[column].counts)
    low, _ = rarity_edges(theirs)
    m, N = min(int(ours.sum()), int(theirs.sum()) // 2), int(theirs.sum())
    rare = (theirs > 0) & (theirs < 2 * low)
    return np.asarray(theirs[rare] * m / N, dtype=np.float64)
