"""Probes of variety: how many kinds of records the model still writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.texts import Texts
from modelcollapse.metrics import diversity, subgroups, tails, text
from modelcollapse.probes.views import CategoricalView, Floats, TextView, rows_view, view
from modelcollapse.protocols import Reading

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

NAN = float("nan")


@dataclass(frozen=True)
class Support:
    """Number of states, or of different words, that the model writes: it falls with the tails."""

    name: ClassVar[str] = "support"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, CategoricalView):
            return diversity.support(seen.model.probabilities, starts=seen.starts)
        return diversity.support(seen.counts) if isinstance(seen, TextView) else NAN


@dataclass(frozen=True)
class Entropy:
    """Shannon entropy of states or words, in nats: it falls as the law concentrates."""

    name: ClassVar[str] = "entropy"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, CategoricalView):
            return diversity.entropy(seen.model.probabilities, starts=seen.starts)
        if isinstance(seen, TextView):
            return diversity.entropy(seen.counts / seen.counts.sum())
        return NAN


@dataclass(frozen=True)
class HillNumber:
    """Effective number of states or words of some order: it falls as the law concentrates.

    Parameters
    ----------
    order : float, default 2.0
        0 counts all alike, 1 gives the exponential of the entropy, 2 the inverse of sum p^2.
    """

    order: float = 2.0

    @property
    def name(self) -> str:
        """``hill_number``, with the order behind it where that is not 2."""
        return "hill_number" if self.order == 2 else f"hill_number_{self.order:g}"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if isinstance(seen, CategoricalView):
            return diversity.hill_number(seen.model.probabilities, self.order, starts=seen.starts)
        if isinstance(seen, TextView):
            return diversity.hill_number(seen.counts / seen.counts.sum(), self.order)
        return NAN


@dataclass(frozen=True)
class LostMass:
    """Share of real mass on states that the model can no longer write: it never falls."""

    name: ClassVar[str] = "lost_mass"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if not isinstance(seen, CategoricalView):
            return NAN
        return tails.lost_mass(seen.model.probabilities, seen.at_states, starts=seen.starts)


@dataclass(frozen=True)
class Distinct:
    """Share of different runs of `n` words among all: it falls as texts repeat themselves.

    Depends on the amount of text, which is the same in every generation.

    Parameters
    ----------
    n : int, default 2
        Words in a run, at least 1.
    """

    n: int = 2

    @property
    def name(self) -> str:
        """``distinct``, with the length of the runs behind it where that is not 2."""
        return "distinct" if self.n == 2 else f"distinct_{self.n}"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"distinct got n = {self.n}, but a run has words. Use at least 1.")

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        seen = view(generation)
        if not isinstance(seen, TextView):
            return NAN
        texts = seen.sample if isinstance(seen.sample, Texts) else Texts.of(seen.sample)
        return text.distinct(texts.ids, texts.starts, self.n)


@dataclass(frozen=True)
class Subgroups:
    """Labelled groups among the records the model writes: minorities shrink, then vanish.

    Each record is given the label of the nearest held-out real one. Readings: the smallest ratio
    of a group's share to its real share, the number of groups with no record at all, and the
    entropy of the shares relative to the real ones.
    """

    name: ClassVar[str] = "subgroups"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        seen = rows_view(generation)
        if seen is None:
            raise Incompatible(
                "subgroups are read from rows of numbers with labelled real records."
            )
        nearest, real = generation.once("labels", lambda: _labeller(generation, seen.reference))
        labels = real[nearest.kneighbors(seen.sample, return_distance=False)[:, 0]]
        _, found, expected = subgroups.label_counts(labels, real)
        variety = diversity.entropy(found / found.sum())
        return {
            "smallest_ratio": np.nanmin(subgroups.share_ratios(found, expected).ratio),
            "lost": subgroups.lost_subgroups(found, expected),
            "entropy": variety / diversity.entropy(expected / expected.sum()),
        }


def _labeller(generation: Generation, real: Floats) -> tuple[Any, NDArray[Any]]:
    from sklearn.neighbors import NearestNeighbors

    labels = generation.reference_labels
    if labels is None:
        raise Incompatible(
            "subgroups needs labels of the real records, and this source has none. Use "
            "Empirical(data, labels=...)."
        )
    return NearestNeighbors(n_neighbors=1).fit(real), np.asarray(labels)
