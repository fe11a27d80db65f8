"""The penalty that suits a fit at the end of a chain of generators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.theory._arguments import Values, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, sizes
from modelcollapse.theory.regression._fits import HOLDS, checked, truth
from modelcollapse.theory.regression._generators import added, every_generator, every_step
from modelcollapse.theory.regression._spectrum import Table, positive_range

_LOWEST, _HIGHEST = -32.0, 40.0
"""Logarithms of the lowest level searched over the mean eigenvalue, and of the highest over the
largest one; levels count from that of no penalty."""
_SPACING = 0.5
"""Errors are analytic in the logarithm of the level in a strip of half-width pi: no narrow dips."""
_ROUNDS = 12
_POINTS = np.linspace(-1, 1, 9)
_CHUNK = 400_000
"""Levels held at once."""


@dataclass(frozen=True, eq=False)
class OptimalPenalty:
    """Penalty of a ridge fit with the smallest expected error.

    Attributes
    ----------
    penalty : ndarray
        Ridge level lambda; 0 where none is best, infinite where all coefficients are 0.
    error : ndarray
        Total expected excess error with it, in squared units of the outcomes.
    """

    penalty: Values
    error: Values


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="minimum of chain_error over the penalty",
    holds=HOLDS + "; generators without penalty, or with one and new inputs each",
)
def optimal_penalty(
    generations: ArrayLike,
    n: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    noise: ArrayLike,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    generator_penalty: ArrayLike = 0.0,
    same_inputs: bool = False,
) -> OptimalPenalty:
    """Penalty with which a ridge fit at the end of a chain has the smallest expected error.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    n : float or array of float
        Records of the fit, at least 1.
    eigenvalues, coefficients, noise, generator_records, generator_noise, generator_penalty
        As in `chain_error`.
    same_inputs : bool, default False
        As in `chain_error`.

    Returns
    -------
    OptimalPenalty
        Penalty and error; numbers broadcast.

    Raises
    ------
    InputError
        As in `chain_error`.

    Notes
    -----
    Searched, not solved: penalties on a grid from 1e-14 mean eigenvalues, then closer and closer
    around the best. The error is flat at its minimum, so that it is exact to about 1e-11, and the
    penalty to about 1e-6.

    References
    ----------
    dohmatob2024regression (adaptive regularisation); search by this package.

    Examples
    --------
    >>> import numpy as np
    >>> best = optimal_penalty(
    ...     10, 1000, eigenvalues=np.ones(300), coefficients=np.full(300, 300**-0.5), noise=0.1,
    ...     generator_records=600, generator_noise=0.2,
    ... )
    >>> round(float(best.penalty), 4), round(float(best.error), 6)
    (0.2718, 0.307958)
    """
    spectrum, energy = truth(eigenvalues, coefficients)
    lineage = checked(generations, generator_records, generator_penalty, generator_noise, spectrum)
    arrays = np.broadcast_arrays(*lineage, sizes(n), at_least_zero(noise, "noise"))
    t, records, ridge, written, size, scale = (array.ravel() for array in arrays)
    lowest = spectrum.level(size, np.zeros(1))  # that of no penalty
    bottom = _LOWEST + np.log(spectrum.trace / spectrum.dimension)
    top = _HIGHEST + np.log(spectrum.values[-1])
    grid = np.arange(bottom, top + _SPACING, _SPACING)
    low = min(np.exp(bottom), positive_range(lowest)[0])
    high = lowest.max() + np.exp(top + 2 * _SPACING)
    clean = Table(spectrum.sums(kept=spectrum.counts[None], lost=energy[None]), low, high)

    level, error = np.empty(t.size), np.empty(t.size)
    for generators, here in every_generator(spectrum, records, ridge, same_inputs=same_inputs):
        square = generators.repeats(t) * written**2
        for steps in every_step(spectrum, energy, generators, t[here]):
            table = Table(steps.sums, low, high)
            for step in range(steps.count):
                at = here[steps.where[steps.step == step]]
                width = max(1, _CHUNK // grid.size)
                for chunk in (at[i : i + width] for i in range(0, at.size, width)):
                    errors = _errors(
                        clean, table, steps.columns(step), size[chunk], scale[chunk], square[chunk]
                    )
                    level[chunk], error[chunk] = _least(errors, lowest[chunk], grid)
    penalty = np.where(np.isinf(level), np.inf, 0.0)
    inner = (level > lowest) & np.isfinite(level)
    found = spectrum.penalty_of(level[inner], size[inner])
    penalty[inner] = np.maximum(found, spectrum.smallest_penalty)
    error[np.isinf(level)] = energy.sum()
    shape = arrays[0].shape
    return OptimalPenalty(values(penalty.reshape(shape)), values(error.reshape(shape)))


def _errors(
    clean: Table,
    table: Table,
    columns: NDArray[np.int64],
    n: Values,
    noise: Values,
    square: Values,
) -> Callable[[Values], Values]:
    """Total error as a function of levels of shape (points, queries)."""

    def errors(level: Values) -> Values:
        flat = level.ravel()
        second, lost = clean(flat).T.reshape(2, *level.shape)
        u = second / n
        gap = np.where(u < 1, 1 - u, np.nan)  # least squares with as many records as dimensions
        inflation = u / gap
        parts = table(flat, columns).T.reshape(5, *level.shape)
        bias, variance = added(parts, inflation)
        total = lost / gap + noise**2 * inflation + bias + square * variance
        return np.where(np.isnan(total), np.inf, total)

    return errors


def _least(
    errors: Callable[[Values], Values], lowest: Values, grid: Values
) -> tuple[Values, Values]:
    """Level and value of the smallest error of each query."""
    queries = np.arange(lowest.size)
    found = errors(lowest + np.exp(grid)[:, None])
    best = found.argmin(axis=0)
    centre, error = grid[best], found[best, queries]
    width = grid[1] - grid[0]
    for _ in range(_ROUNDS):
        points = centre + width * _POINTS[:, None]
        found = errors(lowest + np.exp(points))
        inner = found.argmin(axis=0)
        centre, error = points[inner, queries], found[inner, queries]
        width *= 2 * (_POINTS[1] - _POINTS[0])
    # the ends: no penalty, and one that leaves nothing of the coefficients
    level = np.where(best == grid.size - 1, np.inf, lowest + np.exp(centre))
    without = errors(lowest[None])[0]
    return np.where(without <= error, lowest, level), np.minimum(without, error)
