"""What a chain of generators does to the coefficients, direction by direction.

A generator keeps of a coefficient, on average, the share ``p = lam / (lam + k0)``, where k0 is the
effective penalty of its fit. Around this mean two things vary: the noise of its outcomes, and the
directions in which its random inputs lose more or less than on average. So the state of a chain is
the mean of each coefficient and its variance; the latter is kept times the eigenvalue, where
nothing divides by a small one, and apart for its two sources, both of which are never negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values
from modelcollapse.theory.regression._spectrum import Spectrum, Sums

State: TypeAlias = tuple[Values, Values, Values]
"""Share of the mean coefficient that is lost, variance without noise, variance per unit of noise;
the variances times the eigenvalue and summed over equal eigenvalues."""
_BATCH = 4_000_000
"""Numbers held at once for the states of several generations."""


class Generators:
    """Equal generators in a row.

    Parameters
    ----------
    spectrum : Spectrum
        Of the inputs.
    records : float
        That each is fitted to.
    penalty : float
        Of each.
    same_inputs : bool
        All are fitted to the same inputs, instead of new ones.

    Attributes
    ----------
    kept : ndarray of shape (g,)
        Mean share of a coefficient that one generator keeps.
    divisor : float
        Records less those that the fit uses up: the noise of one generator gives a coefficient
        the variance ``noise ** 2 * kept ** 2 / (eigenvalue * divisor)``.
    linear : bool
        After the first generator each further one only adds the same noise again.

    Raises
    ------
    InputError
        If the inputs are the same and the penalty is above 0.
    """

    def __init__(
        self, spectrum: Spectrum, records: float, penalty: float, *, same_inputs: bool
    ) -> None:
        level = float(spectrum.level(records, penalty))
        if same_inputs and spectrum.penalties(np.asarray(penalty)) > 0:
            raise InputError(
                f"generator_penalty must be 0 with same_inputs, got {penalty!r}: no formula is "
                "known for ridge generators that share their inputs. Use independent inputs."
            )
        whole = spectrum.values + level
        self.kept = spectrum.values / whole
        self._lost = level / whole
        self._log_kept = -np.log1p(level / spectrum.values)
        self._counts = spectrum.counts
        # the exact expectation where nothing is lost, else the deterministic equivalent
        used = spectrum.dimension + 1 if level == 0 else self.kept**2 @ self._counts
        self.divisor = float(records - used)
        self.linear = level == 0 or same_inputs

    def steps(self, generations: Values) -> Values:
        """Generators after which the state has all that can be multiplied by their number."""
        return np.minimum(generations, 1) if self.linear else generations

    def repeats(self, generations: Values) -> Values:
        """How often the noise of the state counts."""
        return generations if self.linear else np.ones_like(generations)

    def states(self, energy: Values, last: int) -> Iterator[State]:
        """State after 0, 1, ..., `last` generators; where linear, only the first two are right.

        `energy` of shape (g,) is the eigenvalue times the squared true coefficient, summed over
        equal eigenvalues.
        """
        spread, noise = np.zeros_like(energy), np.zeros_like(energy)
        for fits in range(last + 1):
            if fits:
                second = energy * np.exp(2 * (fits - 1) * self._log_kept) + spread
                fresh = self.kept**2 * self._counts / self.divisor
                through = self._lost**2
                spread = self.kept**2 * spread + fresh * (second @ through)
                noise = self.kept**2 * noise + fresh * (noise @ through + 1)
            yield -np.expm1(fits * self._log_kept), spread, noise


@dataclass(frozen=True, eq=False)
class Steps:
    """Sums that the error after some numbers of generators is made of.

    Attributes
    ----------
    sums : callable
        From levels of shape (k,) to shape (k, 5 * count).
    count : int
        Numbers of generators that it is about.
    where : ndarray of int
        Which of the queries it is about.
    step : ndarray of int
        For each of them, from 0 to `count` - 1.
    """

    sums: Sums
    count: int
    where: NDArray[np.int64]
    step: NDArray[np.int64]

    def columns(self, step: int) -> NDArray[np.int64]:
        """Columns of the sums that belong to one number of generators."""
        return step + self.count * np.arange(5)


def added(parts: Iterable[Values], inflation: Values) -> tuple[Values, Values]:
    """Bias, and variance per squared noise, that generators add to a fit.

    `parts` are the five sums in the order of `Steps`; `inflation` is ``u / (1 - u)`` of the fit.
    """
    kept, noise, mixed, lost, noise_lost = parts
    return kept + 2 * mixed + inflation * lost, noise + inflation * noise_lost


def every_step(
    spectrum: Spectrum, energy: Values, generators: Generators, generations: Values
) -> Iterator[Steps]:
    """Sums for all queries, some generations at a time.

    Generations of shape (queries,) are numbers of generators.
    """
    wanted, which = np.unique(generators.steps(generations), return_inverse=True)
    width = max(1, min(64, _BATCH // (5 * spectrum.values.size)))
    positions = {int(step): i for i, step in enumerate(wanted)}
    pending: list[tuple[int, Values]] = []
    for fits, (lost, spread, noise) in enumerate(generators.states(energy, int(wanted[-1]))):
        if fits not in positions:
            continue
        rest = spread - energy * lost * (2 - lost)
        state = np.stack([energy * lost**2 + spread, noise, energy * lost, rest, noise])
        pending.append((positions[fits], state))
        if len(pending) == width or fits == wanted[-1]:
            first = pending[0][0]
            weights = np.stack([state for _, state in pending], axis=1)
            here = np.flatnonzero((which >= first) & (which < first + len(pending)))
            sums = spectrum.sums(
                kept=weights[:2].reshape(-1, energy.size),
                mixed=weights[2],
                lost=weights[3:].reshape(-1, energy.size),
            )
            yield Steps(sums, len(pending), here, which[here] - first)
            pending = []


def every_generator(
    spectrum: Spectrum, records: Values, penalty: Values, *, same_inputs: bool
) -> Iterator[tuple[Generators, NDArray[np.int64]]]:
    """Each distinct kind of generator, and which of the queries have it."""
    for size in np.unique(records):
        alike = np.flatnonzero(records == size)
        for ridge in np.unique(penalty[alike]):
            generators = Generators(spectrum, float(size), float(ridge), same_inputs=same_inputs)
            yield generators, alike[penalty[alike] == ridge]
