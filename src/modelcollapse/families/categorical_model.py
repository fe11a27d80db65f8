"""Empirical frequencies: the Wright-Fisher chain, with the data as the population.

Fitted to counts, the model writes counts, at a cost that does not depend on the number of records
but only on the states that are left. Fitted to rows, it writes rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse import records
from modelcollapse.families.categorical_law import as_number
from modelcollapse.families.counts import Counts, Labels, as_states, reading
from modelcollapse.families.ragged import Floats, Integers, multinomial, offsets, segment_sum


@dataclass(frozen=True, eq=False)
class FittedCategorical:
    """Empirical frequencies: a fitted categorical model, of one lineage or a batch.

    States without probability are not stored. Entry `i` says that state ``states[i]`` has
    probability ``probabilities[i]``; replicate `r` of a batch holds the entries ``starts[r]`` to
    ``starts[r + 1]``.

    Parameters
    ----------
    counts : Counts
        What the model was fitted to, at least one record in each replicate.
    smoothing : float, default 0.0
        Records added to each state of the world.
    """

    counts: Counts
    smoothing: float = 0.0

    @property
    def number_of_states(self) -> int:
        """States of the world, `K`."""
        return self.counts.number_of_states

    @property
    def replicates(self) -> int | None:
        """Number of replicates in a batch, None for a single lineage."""
        return self.counts.replicates

    @property
    def labels(self) -> Labels | None:
        """Names of the states, if they have any."""
        return self.counts.labels

    @cached_property
    def states(self) -> Integers:
        """States with a probability above 0, ascending within a replicate, shape (entries,)."""
        if self.smoothing == 0:
            return self.counts.states
        return np.tile(np.arange(self.number_of_states), len(self.counts.sizes))

    @cached_property
    def starts(self) -> Integers:
        """First entry of each replicate, and the end of the last, shape (replicates + 1,)."""
        if self.smoothing == 0:
            return self.counts.starts
        return np.arange(len(self.counts.sizes) + 1) * self.number_of_states

    @cached_property
    def probabilities(self) -> Floats:
        """Probability of each entry of `states`, shape (entries,)."""
        if self.smoothing == 0:
            sizes = np.repeat(self.counts.sizes, np.diff(self.counts.starts))
            return np.asarray(self.counts.counts / sizes)
        table = self.counts.dense().reshape(len(self.counts.sizes), -1) + self.smoothing
        return np.asarray(table / table.sum(axis=1, keepdims=True)).ravel()

    def dense(self) -> Floats:
        """Probability of every state, shape (K,) or (replicates, K)."""
        segments, number = len(self.counts.sizes), self.number_of_states
        table = np.zeros((segments, number))
        table[np.repeat(np.arange(segments), np.diff(self.starts)), self.states] = (
            self.probabilities
        )
        return table[0] if self.replicates is None else table

    def total(self, values: NDArray[Any]) -> Any:
        """Sum over the entries, of each replicate by itself: what separable measures need.

        Parameters
        ----------
        values : ndarray, shape (entries,)
            One number for each entry of `states`, e.g. ``probabilities**2``.

        Returns
        -------
        float or ndarray, shape (replicates,)
            The sums.
        """
        return reading(segment_sum(values, self.starts), self.replicates)

    @property
    def varies(self) -> bool | NDArray[np.bool_]:
        """Whether more than one state is left; shape (replicates,) for a batch."""
        several: bool | NDArray[np.bool_] = reading(np.diff(self.starts) > 1, self.replicates)
        return several

    def log_density(self, rows: ArrayLike) -> Floats:
        """Log-probability of each record.

        Parameters
        ----------
        rows : array_like of int, shape (n,)
            States.

        Returns
        -------
        ndarray, shape (n,) or (replicates, n)
            Nats; minus infinity for a state that is not left.

        Raises
        ------
        InputError
            If a record is no state of the world.
        """
        checked = as_states(rows, self.number_of_states)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.dense()[..., checked]))

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Draw `n` records, in every replicate of a batch.

        Parameters
        ----------
        n : int
            Records, 0 or larger.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Counts or ndarray of int, shape (n,)
            In kind: counts from a model fitted to counts, rows from one fitted to rows.

        Raises
        ------
        InputError
            If `n` is negative or not a whole number.
        """
        as_number(n)
        return self._rows(n, rng) if self.counts.of_rows else self._counts(n, rng)

    @property
    def _added(self) -> Floats:
        """Share of the added records: the fit mixes the uniform law into the frequencies."""
        added = self.smoothing * self.number_of_states
        return np.asarray(added / (added + self.counts.sizes))

    def _rows(self, n: int, rng: Generator) -> Integers:
        fitted = self.counts
        rows = np.repeat(fitted.states, fitted.counts)[rng.integers(fitted.sizes[0], size=n)]
        if self.smoothing > 0:
            added = rng.random(n) < self._added
            rows[added] = rng.integers(self.number_of_states, size=np.count_nonzero(added))
        return np.asarray(rows)

    def _counts(self, n: int, rng: Generator) -> Counts:
        fitted = self.counts
        if self.smoothing == 0:
            return fitted.keeping(multinomial(fitted.counts, fitted.starts, n, rng))
        added = rng.binomial(n, self._added)
        drawn = fitted.keeping(multinomial(fitted.counts, fitted.starts, n - added, rng))
        uniform = [
            np.unique_counts(rng.integers(self.number_of_states, size=number)) for number in added
        ]
        extra = replace(
            fitted,
            states=np.concatenate([part.values for part in uniform]),
            counts=np.concatenate([part.counts for part in uniform]),
            starts=offsets(np.array([len(part.values) for part in uniform])),
        )
        joined: Counts = records.concat([drawn, extra])
        return joined
