"""The categorical family: truths over states, and the learner of their frequencies.

A law over `K` states writes `Counts`, the sufficient statistics of its records, or with `rows` the
records themselves; `Frequencies` answers in kind. On counts and with `Replace`, the chain is the
Wright-Fisher model, the data being its population (Ewens 2004).
"""

from __future__ import annotations

import math
import reprlib
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from modelcollapse.errors import Degenerate, InputError, suggestion
from modelcollapse.families.categorical_law import CategoricalTruth, check_states
from modelcollapse.families.categorical_model import FittedCategorical
from modelcollapse.families.counts import Counts, as_states
from modelcollapse.families.ragged import Floats, Integers
from modelcollapse.protocols import Model

__all__ = ["Categorical", "Counts", "FittedCategorical", "Frequencies", "Uniform", "Zipf"]


@dataclass(frozen=True)
class Zipf(CategoricalTruth):
    """Zipf's law: the state of rank `i` has probability proportional to ``i**-exponent``.

    State 0 has rank 1.

    Parameters
    ----------
    states : int
        States of the world, at least 1.
    exponent : float, default 1.0
        Dimensionless, 0 or larger; 0 is uniform.
    as_rows : bool, default False
        Write the state of each record instead of counts; see `rows`.

    Raises
    ------
    InputError
        If a parameter is out of range.

    Examples
    --------
    >>> Zipf(3).dense().round(4).tolist()
    [0.5455, 0.2727, 0.1818]
    """

    states: int
    exponent: float = 1.0
    as_rows: bool = False

    def __post_init__(self) -> None:
        check_states(self.states)
        if not (math.isfinite(self.exponent) and self.exponent >= 0):
            raise InputError(
                f"the exponent of Zipf's law is {self.exponent}, but rarer states must not be more "
                "probable. Use a finite number of at least 0, such as 1."
            )

    def _law(self) -> Floats:
        weights = np.arange(1, self.states + 1, dtype=np.float64) ** -self.exponent
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Uniform(CategoricalTruth):
    """Every state has the same probability.

    Parameters
    ----------
    states : int
        States of the world, at least 1.
    as_rows : bool, default False
        Write the state of each record instead of counts; see `rows`.

    Raises
    ------
    InputError
        If `states` is out of range.
    """

    states: int
    as_rows: bool = False

    def __post_init__(self) -> None:
        check_states(self.states)

    def _law(self) -> Floats:
        return np.full(self.states, 1 / self.states)


@dataclass(frozen=True)
class Categorical(CategoricalTruth):
    """Law over states with given probabilities.

    Parameters
    ----------
    probabilities : sequence of float
        Probability of each state; they sum to 1.
    labels : sequence of str or int, optional
        Name of each state.
    as_rows : bool, default False
        Write the state of each record instead of counts; see `rows`.

    Raises
    ------
    InputError
        If a probability is negative or not finite, they do not sum to 1 within one millionth, or
        the labels repeat or do not fit.

    Examples
    --------
    >>> law = Categorical([0.5, 0.3, 0.2])
    >>> law.sample(10, rng=np.random.default_rng(0)).dense().sum()
    np.int64(10)
    >>> Categorical.zipf(1000)
    Zipf(states=1000, exponent=1.0, as_rows=False)
    """

    probabilities: tuple[float, ...]
    labels: tuple[str | int, ...] | None = None
    as_rows: bool = False

    def __post_init__(self) -> None:
        law = np.asarray(self.probabilities)
        if law.ndim != 1 or not law.size or law.dtype.kind not in "iuf":
            raise InputError(
                "the probabilities of a categorical law are one axis of at least one number; got "
                f"{law.dtype} of shape {law.shape}. Give one probability for each state."
            )
        if not np.isfinite(law).all() or (law < 0).any():
            bad = int(np.flatnonzero(~(law >= 0) | ~np.isfinite(law))[0])
            raise InputError(
                f"the probability of state {bad} is {law[bad]}. Probabilities are finite and not "
                "negative; use 0 for a state that cannot occur."
            )
        if abs(law.sum() - 1) > 1e-6:
            raise InputError(
                f"the probabilities sum to {law.sum():.6g}, but one of the states must occur, so "
                "they sum to 1. Divide them by their sum."
            )
        object.__setattr__(self, "probabilities", tuple(law.tolist()))
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(self.labels))
            if len(set(self.labels)) != len(law) or len(self.labels) != len(law):
                raise InputError(
                    f"there are {len(set(self.labels))} different labels for {len(law)} states. "
                    "Give every state a label of its own."
                )

    def __repr__(self) -> str:
        # Thousands of states would flood a terminal; reprlib shows the first few.
        shown = f"{reprlib.repr(self.probabilities)}, labels={reprlib.repr(self.labels)}"
        return f"Categorical({shown}, as_rows={self.as_rows})"

    @staticmethod
    def zipf(states: int, exponent: float = 1.0) -> Zipf:
        """Zipf's law; see `Zipf`."""
        return Zipf(states, exponent)

    @staticmethod
    def uniform(states: int) -> Uniform:
        """Return the uniform law; see `Uniform`."""
        return Uniform(states)

    @classmethod
    def empirical(cls, values: Iterable[Hashable]) -> Categorical:
        """Frequencies of the values in a data set.

        Parameters
        ----------
        values : iterable
            Words, categories, numbers: whatever can be compared for equality and hashed.

        Returns
        -------
        Categorical
            States are the different values in order of their first appearance, kept as labels.

        Raises
        ------
        InputError
            If there are no values, or one equals nothing, not even itself (NaN).

        Examples
        --------
        >>> Categorical.empirical("abracadabra").labels
        ('a', 'b', 'r', 'c', 'd')
        """
        listed = values.tolist() if isinstance(values, np.ndarray) else values
        seen = Counter(listed)
        if not seen:
            raise InputError(
                "there are no values, so there are no frequencies. Provide at least one."
            )
        if any(value != value for value in seen):
            raise InputError(
                "one of the values is NaN, which is no category: it does not equal itself. Drop "
                "such values or give them a label, such as 'missing'."
            )
        total = seen.total()
        return cls(tuple(count / total for count in seen.values()), tuple(seen))

    def encode(self, values: Iterable[Hashable]) -> Integers:
        """States of labelled values.

        Parameters
        ----------
        values : iterable
            Labels.

        Returns
        -------
        ndarray of int, shape (n,)
            Their states.

        Raises
        ------
        InputError
            If the law has no labels, or a value is none of them.
        """
        number: dict[Hashable, int] = {label: i for i, label in enumerate(self._labels())}
        listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
        for value in listed:
            if value not in number:
                raise InputError(
                    f"{value!r} is none of the {len(number)} labels of this law, so it has no "
                    f"state. {suggestion(str(value), map(str, list(number)[:1000]))}"
                )
        return np.array([number[value] for value in listed], dtype=np.int64)

    def decode(self, rows: ArrayLike) -> list[str | int]:
        """Labels of states, as a list; the reverse of `encode`."""
        labels = self._labels()
        return [labels[state] for state in as_states(rows, len(labels))]

    def _labels(self) -> tuple[str | int, ...]:
        if self.labels is None:
            raise InputError(
                "this law has no labels: its states are whole numbers already. Build it with "
                "labels=, or with Categorical.empirical(values)."
            )
        return self.labels

    def _law(self) -> Floats:
        law = np.array(self.probabilities)
        return np.asarray(law / law.sum())


@dataclass(frozen=True)
class Frequencies:
    """Fit a categorical law by its frequencies; with smoothing 0, by maximum likelihood.

    Fits `Counts`, of one data set or a batch, and arrays of states; the model writes what it was
    fitted to.

    Parameters
    ----------
    smoothing : float, default 0.0
        Records added to each state of the world (add-constant smoothing; 1 is Laplace's rule).
        Above 0 no state is ever lost.
    states : int, optional
        States of the world, for arrays of states, which do not say; counts do. Needed for smoothing
        them; otherwise the largest state seen is taken to be the last.

    Raises
    ------
    InputError
        If `smoothing` is negative or not finite, or `states` smaller than 1.

    Examples
    --------
    >>> model = Frequencies().fit(Counts.from_dense([6, 0, 2]))
    >>> model.dense().tolist()
    [0.75, 0.0, 0.25]
    >>> Frequencies(smoothing=1).fit(Counts.from_dense([6, 0, 1])).dense().tolist()
    [0.7, 0.1, 0.2]
    """

    smoothing: float = 0.0
    states: int | None = None

    batches: ClassVar[bool] = True
    """Fits all replicates of a batch at once."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.smoothing) and self.smoothing >= 0):
            raise InputError(
                f"smoothing is {self.smoothing}, but it counts records added to each state. "
                "Use 0 for maximum likelihood, or a finite number above 0."
            )
        if self.states is not None:
            check_states(self.states)

    def summarise(self, data: Any) -> Counts:
        """Count the records of one block.

        Parameters
        ----------
        data : Counts or array_like of int, shape (n,)
            Records.

        Returns
        -------
        Counts
            Marked as counts of rows where an array was given, so that the fitted model writes rows.

        Raises
        ------
        InputError
            If a record is not a whole number, is negative, or is no state of the world.
        """
        if not isinstance(data, Counts):
            return Counts.of(data, self.states)
        if self.states is not None and data.number_of_states != self.states:
            raise InputError(
                f"the learner expects {self.states} states and the counts are of a world with "
                f"{data.number_of_states}. Leave out states= for counts, which say themselves."
            )
        return data

    def fit(
        self, data: Any, *, rng: Generator | None = None, parent: Model[Any] | None = None
    ) -> FittedCategorical:
        """Fit the frequencies.

        Parameters
        ----------
        data : Counts or array_like of int, shape (n,)
            Records, or a summary of them.
        rng : numpy.random.Generator, optional
            Not used: there is nothing random in the fit.
        parent : Model, optional
            Not used: the fit starts afresh.

        Returns
        -------
        FittedCategorical
            The model.

        Raises
        ------
        InputError
            If a record is not a whole number, is negative, or is no state of the world; or if rows
            are to be smoothed over an unknown number of states.
        Degenerate
            If there are no records.
        """
        counts = self.summarise(data)
        if counts.of_rows and self.smoothing > 0 and self.states is None:
            raise InputError(
                "smoothing adds records to every state of the world, and rows do not say how many "
                "states there are. Give Frequencies(states=...), or use counts."
            )
        if np.any(counts.sizes == 0):
            raise Degenerate("there are no records, so there are no frequencies to fit")
        return FittedCategorical(counts, self.smoothing)
