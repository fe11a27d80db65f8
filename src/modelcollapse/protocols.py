"""What the parts of a lineage promise each other.

Extension means satisfying one of these; nothing needs to be inherited. Abilities that only some
models or learners have are separate protocols, checked where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.records import Indices

if TYPE_CHECKING:
    from modelcollapse.corpus import Corpus
    from modelcollapse.draw import Draw
    from modelcollapse.generation import Generation
    from modelcollapse.verifiers.scored import Batch, Scored

D = TypeVar("D")
D_contra = TypeVar("D_contra", contravariant=True)
D_co = TypeVar("D_co", covariant=True)

Reading = float | NDArray[np.float64]
"""One number, or one for each replicate of a batch: shape ``(replicates,)``."""


class Status(StrEnum):
    """How a generation ended. The values are sentences."""

    ALIVE = "the model still varies"
    DEGENERATE = "the model has lost all variation"
    EXTINCT = "no model could be fitted to the data"


@runtime_checkable
class Model(Protocol[D_co]):
    """Nature, or a fit to it: something that writes records."""

    def sample(self, n: int, *, rng: Generator) -> D_co:
        """Write `n` records, using no randomness but `rng`."""
        ...


@runtime_checkable
class Learner(Protocol[D]):
    """A recipe that turns records into a model; fitting never changes the recipe."""

    def fit(self, data: D, *, rng: Generator, parent: Model[D] | None = None) -> Model[D]:
        """Fit a model; `parent` is the previous generation's model, so a recipe may fine-tune."""
        ...


@runtime_checkable
class Policy(Protocol):
    """What the next corpus consists of."""

    def __call__(self, corpus: Corpus, draw: Draw) -> Corpus:
        """Form the next corpus from the present one and what `draw` can supply."""
        ...


@runtime_checkable
class Curator(Protocol[D_contra]):
    """Choose some among candidate records."""

    @property
    def oversample(self) -> float:
        """Candidates the model writes for every record that is kept, at least 1."""
        ...

    def select(self, candidates: D_contra, n: int, *, rng: Generator) -> Indices:
        """Positions of `n` of the candidates."""
        ...


@runtime_checkable
class Preparing(Protocol):
    """A curator that looks at more than the candidates: at the model that writes, or at real data.

    The loop calls `prepare` before every writing, and has the result select. A curator that may
    keep a candidate more than once says how often in an attribute `repeats`.
    """

    def prepare(self, draw: Draw) -> Curator[Any]:
        """Curator for what ``draw.model`` is about to write."""
        ...


@runtime_checkable
class Probe(Protocol):
    """Read one generation."""

    @property
    def name(self) -> str:
        """Name under which its readings appear."""
        ...

    def __call__(self, generation: Generation) -> Reading | Mapping[str, Reading]:
        """One reading, or several by name."""
        ...


@runtime_checkable
class Replicable(Protocol):
    """A truth that can carry many independent replicates on a leading axis."""

    def replicate(self, replicates: int) -> Model[Any]:
        """Return the same law, sampling `replicates` independent data sets at once."""
        ...

    @property
    def batch(self) -> int:
        """How many replicates are worth carrying at once; fixed by the law, not the machine."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A truth that fixes something once a run, such as inputs that are always the same."""

    def settle(self, n: int, *, rng: Generator) -> Model[Any]:
        """Truth of one run, whose generation 0 has `n` records."""
        ...


@runtime_checkable
class Summarising(Protocol):
    """A learner that needs no more than a mergeable summary of the records.

    The loop then summarises each block once and joins summaries, so that a growing corpus costs
    no more than its newest block. `fit` must accept the summary in place of the records.
    """

    def summarise(self, data: Any) -> Any:
        """Summary of one block: a type with its own `size` and `join` in `records`."""
        ...


@runtime_checkable
class Attuned(Protocol):
    """A learner that takes from the truth what it was not told, e.g. how high pictures are.

    The loop asks once, before the first fit. What a spec says stays as it was written.
    """

    def for_truth(self, truth: Any) -> Learner[Any]:
        """Return the recipe for records of this truth, with what it was told left alone."""
        ...


@runtime_checkable
class Varying(Protocol):
    """A model that knows whether any variation is left in it."""

    @property
    def varies(self) -> bool | NDArray[np.bool_]:
        """Whether two records it writes can differ; shape ``(replicates,)`` for a batch."""
        ...


@runtime_checkable
class Rounds(Protocol):
    """A model that goes on from prompts, and can take the same ones several times over.

    Where a curator chooses, the loop asks for its candidates in rounds as large as what is kept. A
    model that can also write without prompts says so by an attribute `continues` that is False.
    """

    def sample_rounds(self, n: int, size: int, *, rng: Generator) -> Any:
        """Write `n` records in rounds of `size`; place `i` of all full rounds has one prompt."""
        ...


@runtime_checkable
class Finite(Protocol):
    """A truth with a limited number of records, read without replacement as a shuffled stream."""

    def __len__(self) -> int:
        """Count the records there are."""
        ...

    def take(self, indices: Indices) -> Any:
        """Return the records at these positions."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Say how far each record can be trusted; the higher the score, the further."""

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        ...

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself: neighbours and the size of the batch do not matter."""
        ...


@runtime_checkable
class Learning(Protocol):
    """A verifier that has to see records before it can score any.

    Those who score call `learn` once, before anything else, and have the result score. What is
    returned must be picklable, since it may score in other processes.
    """

    def learn(self, batches: Callable[[], Iterator[Batch]]) -> Verifier:
        """Verifier for these records; every call of `batches` goes through all of them again."""
        ...


def attuned(learner: Learner[D], truth: Any) -> Learner[D]:
    """Return the learner with what it takes from the truth; itself where it takes nothing."""
    return learner.for_truth(truth) if isinstance(learner, Attuned) else learner


def name_of(part: Any) -> str:
    """Name of a part of a lineage, for messages."""
    return str(getattr(part, "__qualname__", None) or type(part).__qualname__)
