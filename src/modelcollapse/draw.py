"""What a policy may ask for: original, fresh, previous and synthetic records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.corpus import Block, Corpus, number
from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.generation import first_model
from modelcollapse.nature import Nature
from modelcollapse.protocols import Learner, Preparing, Rounds, name_of
from modelcollapse.records import Indices

if TYPE_CHECKING:
    from modelcollapse.lineage import Lineage


class Draw:
    """What a policy may ask for. Every answer is a `Corpus` that can be added to another.

    Attributes
    ----------
    generation : int
        The generation whose corpus is being formed, at least 1.
    corpus : Corpus
        The present corpus.
    model : Model
        The present model, which writes.
    """

    __slots__ = (
        "_asked",
        "_cache",
        "_lineage",
        "_nature",
        "_original",
        "corpus",
        "generation",
        "model",
    )

    def __init__(
        self,
        lineage: Lineage,
        nature: Nature,
        original: Corpus,
        corpus: Corpus,
        model: Any,
        index: int,
        cache: dict[str, Any] | None = None,
    ) -> None:
        self._lineage, self._nature, self._original = lineage, nature, original
        self.model, self.corpus, self.generation = model, corpus, index + 1
        self._cache = {} if cache is None else cache
        self._asked = 0

    @property
    def first_model(self) -> Any:
        """Generation 0's model."""
        if self.generation == 1:
            self._cache.setdefault("first model", self.model)
        return first_model(self._nature, self._original, self._cache)

    def judge(self, learner: Learner[Any]) -> Any:
        """Model that `learner` fits to the original data: the same one in every generation."""
        key = f"judge {fingerprint(learner)}"
        if key not in self._cache:
            rng = self._nature.rng(0, "judge")
            self._cache[key] = learner.fit(self._original.data, rng=rng)
        return self._cache[key]

    def rng(self, role: str = "policy") -> Generator:
        """Return a new random stream for a policy of your own at each call."""
        self._asked += 1
        return self._nature.rng(self.generation, f"policy {role} {self._asked}")

    def original(self, k: int | None = None, *, fixed: bool = False) -> Corpus:
        """All of generation 0's data, or `k` of its records chosen at random.

        With `fixed`, the choice is the same in every generation.
        """
        if k is None:
            return self._original
        if k > self._original.size:
            raise InputError(
                f"the policy asked for {k} original records, but the lineage started from only "
                f"{self._original.size}. Raise size to at least {k}, or ask for fresh records."
            )
        rng = self._nature.rng(0, "original") if fixed else self.rng("original")
        return self._original.subset(k, rng=rng)

    def fresh(self, n: int) -> Corpus:
        """Real records that no generation has seen.

        Raises
        ------
        Exhausted
            If the truth is a finite set of records and too few are left.
        """
        self._asked += 1
        return Corpus.of(self._nature.read(n, self.generation, f"fresh {self._asked}"))

    def previous(self, k: int | None = None) -> Corpus:
        """Return all of the present corpus, or `k` of its records chosen at random."""
        if k is None:
            return self.corpus
        if k > self.corpus.size:
            raise InputError(
                f"the policy asked for {k} records of the previous generation's data, which has "
                f"only {self.corpus.size}. Ask for fewer, or make the corpus larger."
            )
        return self.corpus.subset(k, rng=self.rng("previous"))

    def synthetic(self, n: int) -> Corpus:
        """Records that the present model writes, after the curator's selection."""
        lineage, origin = self._lineage, self.generation - 1
        self._asked += 1
        rng = self._nature.rng(origin, f"write {self._asked}")
        if lineage.curator is None:
            data = self._write(n, rng)
        else:
            curator = lineage.curator
            if isinstance(curator, Preparing):
                curator = curator.prepare(self)
            candidates = self._write(math.ceil(n * curator.oversample), rng, rounds_of=n)
            chooser = self._nature.rng(origin, f"curate {self._asked}")
            chosen = curator.select(candidates, n, rng=chooser)
            data = records.take(candidates, self._positions(chosen, n, number(candidates)))
        return Corpus((Block(data, origin),))

    def _positions(self, chosen: Any, n: int, count: int) -> Indices:
        """What a curator chose, if it keeps to the rules."""
        found = np.asarray(chosen)
        name = name_of(self._lineage.curator)
        if found.shape != (n,):
            raise InputError(
                f"the curator {name} was asked for {n} records and chose {found.size}. It must "
                "return exactly as many positions as asked."
            )
        repeats = getattr(self._lineage.curator, "repeats", 1)
        whole = found.dtype.kind in "iu"
        if not whole or found.min() < 0 or found.max() >= count:
            raise InputError(
                f"the curator {name} must return positions from 0 to {count - 1}, as whole numbers."
            )
        if np.bincount(found).max() > repeats:
            raise InputError(
                f"the curator {name} must return different positions: no candidate can be kept "
                + ("twice." if repeats == 1 else f"more than {repeats} times, its `repeats`.")
            )
        return found

    def _write(self, n: int, rng: Generator, *, rounds_of: int | None = None) -> Any:
        if rounds_of and isinstance(self.model, Rounds):
            data = self.model.sample_rounds(n, rounds_of, rng=rng)
        else:
            data = self.model.sample(n, rng=rng)
        written = number(data)
        if written != n:
            raise InputError(
                f"the model fitted by {name_of(self._lineage.learner)} was asked for {n} records "
                f"and wrote {written}. Its sample(n, rng=) must return exactly n records."
            )
        expected = self._nature.layout
        if records.layout(data) != expected:
            raise InputError(
                f"the model fitted by {name_of(self._lineage.learner)} wrote records of layout "
                f"{records.layout(data)}, but the real records have {expected}. A model must write "
                "records like those it was fitted to."
            )
        return data
