"""Walk a recursion once and keep the generations that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, values, whole

State: TypeAlias = tuple[Values, ...]


def follow(
    generations: ArrayLike, start: tuple[ArrayLike, ...], step: Callable[[int, State], State]
) -> State:
    """Run a recursion to the latest generation and gather the states wanted.

    Parameters
    ----------
    generations : int or array of int
        Generations wanted, counted from 0.
    start : tuple of array_like
        State at generation 0. It is broadcast to one shape, that of the parameters, so that at
        least one entry must have every axis that `step` brings in.
    step : callable
        ``step(t, state)`` gives the state at generation ``t`` from the one at ``t - 1``.

    Returns
    -------
    tuple of ndarray
        Each of the shape of `generations` broadcast with the parameters.
    """
    wanted = whole(generations, "generations", least=0).astype(np.int64)
    state: State = tuple(np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in start)))
    shape = np.broadcast_shapes(wanted.shape, state[0].shape)
    when = np.broadcast_to(wanted, shape).ravel()
    cell = np.broadcast_to(np.arange(state[0].size).reshape(state[0].shape), shape).ravel()
    order = np.argsort(when, kind="stable")
    last = int(when.max(initial=0))
    ends = np.searchsorted(when[order], np.arange(last + 1), side="right")
    results = [np.empty(when.size) for _ in state]
    begin = 0
    with np.errstate(over="ignore"):  # an expectation that diverges reaches infinity
        for t in range(last + 1):
            if t:
                state = step(t, state)
            here = order[begin : ends[t]]
            for result, current in zip(results, state, strict=True):
                result[here] = np.ravel(current)[cell[here]]
            begin = int(ends[t])
    return tuple(values(result.reshape(shape)) for result in results)


def geometric(ratio: Values, terms: Values) -> Values:
    """Sum of the first powers of a ratio, which may be 1."""
    below = np.where(ratio == 1, 0.0, ratio)
    return values(np.where(ratio == 1, terms, (1 - below**terms) / (1 - below)))
