"""Nature, as one run sees it: a source of real records, each read at most once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import records, seeds
from modelcollapse.errors import Exhausted, Incompatible
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.protocols import Finite, Replicable, Settling, attuned, name_of

if TYPE_CHECKING:
    from modelcollapse.lineage import Lineage


class Nature:
    """The truth of one run: gives each event its generator and reads real records once."""

    __slots__ = (
        "_order",
        "layout",
        "learner",
        "lineage",
        "read_before",
        "replicate",
        "replicates",
        "seed",
        "truth",
    )

    def __init__(self, lineage: Lineage, seed: int, replicate: int, replicates: int | None) -> None:
        self.lineage, self.seed = lineage, seed
        self.replicate, self.replicates = replicate, replicates
        self.truth: Any = lineage.truth
        self.learner = attuned(lineage.learner, lineage.truth)
        if replicates is not None:
            if not isinstance(self.truth, Replicable):
                raise Incompatible(
                    f"{name_of(self.truth)} cannot carry {replicates} replicates on a leading "
                    "axis. Run them one by one: leave out replicates=, or use Lineage.run."
                )
            self.truth = self.truth.replicate(replicates)
        if isinstance(self.truth, Settling):
            self.truth = self.truth.settle(lineage.size, rng=self.rng(0, "settle"))
        self.read_before = 0
        self.layout: object = None
        self._order: NDArray[np.intp] | None = None
        if isinstance(self.truth, Finite):
            self._order = self.rng(0, "nature").permutation(len(self.truth))
            source: Any = self.truth
            if isinstance(getattr(source, "data", None), Labelled):
                # Models write on inputs of the source, but not on those that are held out.
                left = np.sort(self._order[self._held_out(len(self._order)) :])
                self.truth = replace(source, data=source.data.confined(left))

    def rng(self, generation: int, role: str) -> Generator:
        """Random generator of one event."""
        return seeds.generator(self.seed, self.replicate, generation, role)

    def read(self, n: int, generation: int, role: str = "nature") -> Any:
        """Real records that have not been read before."""
        if self._order is None:
            data = self.truth.sample(n, rng=self.rng(generation, role))
        else:
            start = self._held_out(len(self._order)) + self.read_before
            left = len(self._order) - start
            if n > left:
                raise Exhausted(
                    f"{n} unseen real records were asked for in generation {generation} and "
                    f"{max(left, 0)} are left: of {len(self._order)} in the source, "
                    f"{start - self.read_before} are held out and {self.read_before} were read. "
                    "Provide more records, a smaller size or holdout, or a policy that re-uses "
                    "original ones."
                )
            data = self.truth.take(self._order[start : start + n])
        self.read_before += n
        self.layout = records.layout(data)
        return data

    def holdout(self) -> Any:
        """Real records set aside for the measures."""
        if self._order is None:
            n = self.lineage.holdout or self.lineage.size
            return self.truth.sample(n, rng=self.rng(0, "holdout"))
        n = self._held_out(len(self._order))
        if n == 0:
            raise Incompatible(
                "a measure needs held-out real records, but the lineage starts from all "
                f"{len(self._order)} records of its source. Choose a smaller size, or set holdout."
            )
        return self.truth.take(self._order[:n])

    def apart(self, n: int, *, rng: Generator) -> Any:
        """Real records that are not held out, whether or not a generation reads them as well."""
        if self._order is None:
            return self.lineage.truth.sample(n, rng=rng)
        rest = self._order[self._held_out(len(self._order)) :]
        if n > len(rest):
            raise Exhausted(
                f"a measure asked for {n} real records to train on, and the source has {len(rest)} "
                "that are not held out. Ask for fewer, or provide more."
            )
        return self.truth.take(rng.choice(rest, size=n, replace=False))

    def holdout_labels(self) -> Any:
        """Labels of the held-out records, None where there are none."""
        labels = getattr(self.truth, "labels", None)
        if self._order is None or labels is None:
            return None
        return records.take(labels, self._order[: self._held_out(len(self._order))])

    def _held_out(self, records_in_all: int) -> int:
        if self.lineage.holdout is not None:
            return min(self.lineage.holdout, records_in_all)
        return max(0, min(records_in_all // 5, records_in_all - self.lineage.size))
