"""One generation of a lineage, as probes see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.corpus import Corpus
from modelcollapse.errors import Degenerate
from modelcollapse.nature import Nature
from modelcollapse.protocols import Status

T = TypeVar("T")


def train(
    nature: Nature, corpus: Corpus, index: int, parent: Any = None
) -> tuple[Corpus, Any, str]:
    """Fit the model of a generation: what it saw of the corpus, the model, and why there is none.

    It depends on nothing but the arguments, so an earlier generation can be fitted again.
    """
    learner, budget = nature.learner, nature.lineage.budget
    summarise = getattr(learner, "summarise", None)
    training = corpus
    if budget is not None and budget < corpus.size:
        training = corpus.subset(budget, rng=nature.rng(index, "subset"))
    # A subset is in no later corpus, so summaries of its blocks would serve nobody.
    if summarise is None or training is not corpus:
        data = training.data
    else:
        data = training.summary(summarise)
    try:
        return training, learner.fit(data, rng=nature.rng(index, "fit"), parent=parent), ""
    except Degenerate as end:
        return training, None, str(end)


def first_model(nature: Nature, original: Corpus, cache: dict[str, Any]) -> Any:
    """Generation 0's model; fitted again, to the same, where a run was resumed after it."""
    if "first model" not in cache:
        cache["first model"] = train(nature, original, 0)[1]
    return cache["first model"]


@dataclass(frozen=True)
class State:
    """All that a lineage needs to go on after a generation."""

    index: int
    corpus: Corpus
    original: Corpus
    model: Any
    read: int


class Generation:
    """One generation, as probes see it.

    Attributes
    ----------
    index : int
        Counted from 0; generation 0 is fitted to real data only.
    corpus, training : Corpus
        What the policy formed, and the part of it that the budget let the learner see.
    model, parent : Model or None
        This generation's model (None if none could be fitted) and the last one's.
    original : Corpus
        The corpus of generation 0.
    reason : str
        Why no model could be fitted; empty otherwise.
    """

    __slots__ = (
        "__dict__",
        "_cache",
        "_nature",
        "_read",
        "corpus",
        "index",
        "model",
        "original",
        "parent",
        "reason",
        "training",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        corpus: Corpus,
        training: Corpus,
        model: Any,
        parent: Any,
        nature: Nature,
        original: Corpus,
        cache: dict[str, Any],
        reason: str,
    ) -> None:
        self.index, self.corpus, self.training = index, corpus, training
        self.model, self.parent, self.original = model, parent, original
        self.reason, self._nature, self._cache = reason, nature, cache
        # Noted now: nature goes on being read once the next corpus is formed.
        self._read = nature.read_before

    @property
    def truth(self) -> Any:
        """Nature; of a batch, the law that all its replicates share."""
        return self._nature.lineage.truth

    @property
    def first_model(self) -> Any:
        """Generation 0's model, None if none could be fitted."""
        if self.index == 0:
            self._cache.setdefault("first model", self.model)
        return first_model(self._nature, self.original, self._cache)

    @property
    def learner(self) -> Any:
        """The recipe that fitted the model."""
        return self._nature.learner

    @property
    def examined(self) -> int:
        """Records that a measure should test on: what is held out, else the lineage's size."""
        lineage = self._nature.lineage
        return lineage.holdout or lineage.size

    @property
    def replicates(self) -> int | None:
        """Replicates on the leading axis, None without such an axis."""
        return self._nature.replicates

    @property
    def alive(self) -> bool | NDArray[np.bool_]:
        """Whether the model varies, one entry a replicate for a batch."""
        return False if self.model is None else getattr(self.model, "varies", True)

    @property
    def status(self) -> Status:
        """Alive if any replicate is, else degenerate, or extinct if there is no model."""
        if self.model is None:
            return Status.EXTINCT
        return Status.ALIVE if np.any(self.alive) else Status.DEGENERATE

    @cached_property
    def sample(self) -> Any:
        """Evaluation draw: as many records as the lineage's `size`, never part of a corpus."""
        return self.model.sample(self._nature.lineage.size, rng=self.rng("evaluate"))

    @property
    def reference(self) -> Any:
        """Held-out real records, which no generation trains on.

        Raises
        ------
        Incompatible
            If no real records are left over for it.
        """
        return self.once("reference", self._nature.holdout)

    @property
    def reference_labels(self) -> Any:
        """Labels of the held-out real records, None where the source has none."""
        return self._nature.holdout_labels()

    def apart(self, n: int, *, rng: Generator) -> Any:
        """Real records for a measure to train on: none is held out, and none counts as read.

        Raises
        ------
        InputError
            If a finite source has fewer.
        """
        return self._nature.apart(n, rng=rng)

    def rng(self, role: str) -> Generator:
        """Random generator of this generation for the given role."""
        return self._nature.rng(self.index, "probe " + role)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Value that stays the same along a lineage, made at first use.

        It must not depend on the generation: a resumed run makes it again.
        """
        if key not in self._cache:
            self._cache[key] = make()
        value: T = self._cache[key]
        return value

    def here(self, key: str, make: Callable[[], T]) -> T:
        """Value of this generation that several measures share, made at first use."""
        value: T = self.__dict__[key] if key in self.__dict__ else make()
        self.__dict__[key] = value
        return value

    def rng_once(self, role: str) -> Generator:
        """Random generator for what `once` makes: the same in every generation."""
        return self._nature.rng(0, "once " + role)

    @property
    def state(self) -> State:
        """Point after which the lineage can go on."""
        return State(self.index, self.corpus, self.original, self.model, self._read)

    def __repr__(self) -> str:
        return f"Generation({self.index}, {self.corpus!r}, {self.status.name.lower()})"
