"""What all categorical truths share: sampling counts or rows, one data set or many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.counts import Counts, Labels, as_states
from modelcollapse.families.ragged import Floats

# Beyond so many entries or replicates a larger batch is no faster and only takes memory.
_ENTRIES = 2**20
_REPLICATES = 2**15


class CategoricalLaw:
    """What all categorical laws share; see `Categorical`, `Zipf` and `Uniform`."""

    labels: Labels | None = None
    replicates: int | None = None

    @cached_property
    def _dense(self) -> Floats:
        law = self._law()
        law.flags.writeable = False
        return law

    def _law(self) -> Floats:
        raise NotImplementedError

    @property
    def number_of_states(self) -> int:
        """States of the world, `K`."""
        return len(self._dense)

    def dense(self) -> Floats:
        """Probability of every state, shape (K,); read-only."""
        return self._dense

    @property
    def varies(self) -> bool:
        """Whether two records it writes can differ."""
        return bool(np.count_nonzero(self._dense) > 1)

    def log_density(self, rows: ArrayLike) -> Floats:
        """Log-probability of each record.

        Parameters
        ----------
        rows : array_like of int, shape (n,)
            States.

        Returns
        -------
        ndarray, shape (n,)
            Nats; minus infinity for a state that cannot occur.

        Raises
        ------
        InputError
            If a record is no state of the world.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self._dense[as_states(rows, self.number_of_states)]))

    def _counts(self, n: int, rng: Generator) -> Counts:
        live = np.flatnonzero(self._dense)
        segments = 1 if self.replicates is None else self.replicates
        drawn = rng.multinomial(as_number(n), self._dense[live], size=segments)
        everything = Counts(
            np.tile(live, segments),
            drawn.ravel(),
            np.arange(segments + 1) * len(live),
            self.number_of_states,
            self.labels,
            self.replicates,
        )
        return everything.keeping(everything.counts)


class CategoricalTruth(CategoricalLaw):
    """A law as a truth: rows or counts, one data set or many."""

    as_rows: bool

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Draw `n` records.

        Parameters
        ----------
        n : int
            Records, 0 or larger.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Counts or ndarray of int, shape (n,)
            How many there are of each state; with `rows` the state of each record.

        Raises
        ------
        InputError
            If `n` is negative or not a whole number.
        """
        if not self.as_rows:
            return self._counts(n, rng)
        # Searching the live states only: rounding at the end can never name a dead one.
        live = np.flatnonzero(self._dense)
        cumulative = np.cumsum(self._dense[live])
        drawn = rng.random(as_number(n)) * cumulative[-1]
        found = np.searchsorted(cumulative, drawn, side="right")
        return live[np.minimum(found, len(live) - 1)]

    def rows(self) -> Self:
        """Return the same law, writing the state of each record instead of counts."""
        return replace(self, as_rows=True)  # type: ignore[type-var]

    def replicate(self, replicates: int) -> Replicated:
        """Return the same law, sampling `replicates` independent data sets at once.

        Raises
        ------
        InputError
            If the number is smaller than 1.
        Incompatible
            If the law writes rows.
        """
        if self.as_rows:
            raise Incompatible(
                "rows have no axis for replicates: records are the first axis of an array. Run the "
                "replicates one by one, or use counts (without .rows()), which batch."
            )
        return Replicated(self, replicates)

    @property
    def batch(self) -> int:
        """How many replicates are worth carrying at once."""
        return 1 if self.as_rows else max(1, min(_REPLICATES, _ENTRIES // self.number_of_states))


@dataclass(frozen=True)
class Replicated(CategoricalLaw):
    """A categorical law that samples many independent data sets at once.

    Parameters
    ----------
    law : CategoricalLaw
        The law.
    replicates : int
        How many, at least 1.

    Raises
    ------
    InputError
        If `replicates` is smaller than 1.
    """

    law: CategoricalLaw
    replicates: int

    def __post_init__(self) -> None:
        if self.replicates < 1:
            raise InputError(f"replicates is {self.replicates}. Ask for at least 1.")

    @property
    def labels(self) -> Labels | None:  # type: ignore[override]  # read-only here
        """Names of the states, if they have any."""
        return self.law.labels

    def _law(self) -> Floats:
        return self.law.dense()

    def sample(self, n: int, *, rng: Generator) -> Counts:
        """Draw `n` records in every replicate; a batch of `Counts`."""
        return self._counts(n, rng)


def as_number(n: int) -> int:
    """Check a number of records.

    Raises
    ------
    InputError
        If it is negative or not a whole number.
    """
    if not isinstance(n, (int, np.integer)) or n < 0:
        raise InputError(f"cannot draw {n!r} records. Give a whole number of at least 0.")
    return int(n)


def check_states(states: int) -> None:
    """Check a number of states.

    Raises
    ------
    InputError
        If it is smaller than 1 or not a whole number.
    """
    if not isinstance(states, (int, np.integer)) or states < 1:
        raise InputError(
            f"a world cannot have {states!r} states: every record has one. Give a whole number of "
            "at least 1."
        )
