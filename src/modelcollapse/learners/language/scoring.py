"""What a model says of texts: log-probabilities of their tokens, entropy of what may come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.learners.language.output import Output, Processed, Reading
from modelcollapse.learners.language.session import Rows, library
from modelcollapse.learners.language.windows import Ints, Windows

Floats = NDArray[np.float64]

__all__ = ["Reading", "read"]

_AT_ONCE = {"cpu": 2**10}
"""Tokens that go through a model at once; more would only fill the caches."""

_AT_ONCE_ELSEWHERE = 2**14

_ENOUGH = 8
"""Part of those tokens that keeps a processor busy: more go along if little is filled up."""

_FILLED = 0.1
"""Share of a row that may be filled up where there are enough tokens without it."""


def read(
    module: Any,
    windows: Windows,
    beyond: list[int],
    precision: str,
    what: Reading,
    *,
    first: Ints | None = None,
    at_once: int | None = None,
) -> Floats:
    """Read a number off the law of every token to predict, window by window.

    Windows of like length go through the model together, so that little is filled up; in whose
    company a window goes makes no difference beyond the last bits.

    Parameters
    ----------
    module : object
        Model of `transformers`.
    windows : Windows
        What to read.
    beyond : list of int
        Numbers that stand for no token: they have no part in the law.
    precision : str
        As in `CausalLM`.
    what : {"log_prob", "entropy"}
        Log-probability of the token itself, or entropy of the law, in nats.
    first : ndarray of int, shape (m,), optional
        Place of the first token to predict in each window, at least 1. 1 by default.
    at_once : int, optional
        Tokens that go through the model together, those that fill up included; a longer window
        goes alone. By default 1024 on a CPU and 16384 on a GPU.

    Returns
    -------
    ndarray, shape (targets,)
        In the order of the windows.
    """
    torch = library("torch")
    first = np.ones(len(windows), np.int64) if first is None else first
    counts = np.maximum(windows.lengths - first, 0)
    ends = np.cumsum(counts)
    found = np.empty(int(counts.sum()))
    order = np.argsort(-windows.lengths, kind="stable")
    order = order[counts[order] > 0]
    budget = at_once or _AT_ONCE.get(module.device.type, _AT_ONCE_ELSEWHERE)
    output = Output(module, beyond, precision, what)
    with torch.inference_mode():
        while order.size:
            width = int(windows.lengths[order[0]])
            most = budget if output.most is None else min(budget, output.most)
            chosen = order[: _like(windows.lengths[order], most, budget)]
            row = np.repeat(np.arange(len(chosen)), counts[chosen])
            offset = np.arange(len(row)) - np.repeat(
                np.cumsum(counts[chosen]) - counts[chosen], counts[chosen]
            )
            ids = torch.from_numpy(windows.ids[chosen, :width]).to(module.device)
            where = (
                torch.from_numpy(at).to(module.device) for at in (row, first[chosen][row] + offset)
            )
            try:
                values = output.read(ids, *where).double().cpu().numpy()
            except Processed:
                continue
            except torch.OutOfMemoryError as error:
                rows = Rows(len(chosen), "scoring")
                rows.halve(error)
                budget = rows.most * width
                continue
            order = order[len(chosen) :]
            found[(ends - counts)[chosen][row] + offset] = values
    return found


def _like(lengths: Ints, most: int, budget: int) -> int:
    """How many of some windows, the longest first, to read together."""
    width = int(lengths[0])
    rows = max(1, most // width)
    alike = np.count_nonzero(lengths[:rows] >= (1 - _FILLED) * width)
    return max(int(alike), min(rows, budget // _ENOUGH // width))
