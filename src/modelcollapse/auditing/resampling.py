"""How many generations of pure resampling would lose as much: theory as a yardstick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse.auditing.categories import aligned
from modelcollapse.auditing.reading import Outcome
from modelcollapse.metrics.resampled_types import Generations, resampling_generations
from modelcollapse.metrics.spread_change import gaussian_generations
from modelcollapse.profiles import Profile

if TYPE_CHECKING:
    from modelcollapse.auditing.comparing import Findings


RESAMPLING = "pure resampling"
REFITTING = "fitting and sampling a normal law"


@dataclass(frozen=True)
class Loss:
    """What changed, as generations.

    Attributes
    ----------
    generations : Generations
        Beyond one honest redraw.
    records : int
        Of each generation: those of the new data, or fewer where types were compared among fewer.
    source : str
        What is lost, in words that follow "as many" or "as much".
    by : str
        What a generation does.
    """

    generations: Generations
    records: int
    source: str
    by: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.generations._asdict(), "records": self.records, "from": self.source,
            "by": self.by,
        }  # fmt: skip


def loss(new: Profile, reference: Profile, found: Findings) -> Loss | None:
    """Generations that a loss stands for: of rare words, else of rare categories, else of spread.

    Parameters
    ----------
    new, reference : Profile
        Of the two data sets.
    found : Findings
        With the readings, judged.

    Returns
    -------
    Loss or None
        None where none of these changed.

    Notes
    -----
    Types: `modelcollapse.metrics.resampled_types`. Spread: `gaussian_generations` of
    `modelcollapse.metrics.spread_change`.
    """
    changed = {one.name: one.signal for one in found.readings if one.outcome is Outcome.CHANGED}
    for prose in found.prose:
        signal = changed.get(f"rare_words:{prose.name}")
        if signal is not None:
            ends = (signal.value, signal.low, signal.high)
            counted = resampling_generations(prose.rare_expected, *ends)
            return Loss(counted, prose.compared, f"rare words of {prose.name}", RESAMPLING)
    signal = changed.get("rare_categories")
    if signal is not None:
        expected = np.concatenate([_rare(one.by, new, reference) for one in found.categories])
        if not expected.size:  # those of an even law, none of which is rarer than others
            return None
        counted = resampling_generations(expected, signal.value, signal.low, signal.high)
        return Loss(counted, signal.n, "rare categories", RESAMPLING)
    signal = changed.get("bulk_spread")
    if signal is None:
        return None
    refits = Generations(*gaussian_generations(signal, new.rows))
    return Loss(refits, new.rows, "spread", REFITTING)


def _rare(column: str, new: Profile, reference: Profile) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Records expected of each rare category of a column, as the retention compares them."""
    from modelcollapse.metrics.retention import rarity_edges

    _, ours, theirs = aligned(new.categories[column].counts, reference.categories[column].counts)
    low, _ = rarity_edges(theirs)
    m, N = min(int(ours.sum()), int(theirs.sum()) // 2), int(theirs.sum())
    rare = (theirs > 0) & (theirs < 2 * low)
    return np.asarray(theirs[rare] * m / N, dtype=np.float64)
