"""What a model says of texts: log-probabilities of their tokens, entropy of what may come."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelcollapse.learners.language.session import Rows, library, mixed_precision
from modelcollapse.learners.language.windows import Windows

Floats = NDArray[np.float64]
Reading = Literal["log_prob", "entropy"]

_NUMBERS = 2**26
"""Logits held at once, a quarter of a GiB in single precision."""


def read(module: Any, windows: Windows, beyond: list[int], precision: str, what: Reading) -> Floats:
    """Read a number off the law of every token to predict, window by window.

    Windows of like length go through the model together, so that little is filled up.

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

    Returns
    -------
    ndarray, shape (targets,)
        In the order of the windows.
    """
    torch = library("torch")
    ends = np.cumsum(np.maximum(windows.lengths - 1, 0))
    found = np.empty(windows.targets)
    tokens = module.get_input_embeddings().weight.shape[0]
    order = np.argsort(windows.lengths, kind="stable")
    order = order[windows.lengths[order] > 1]
    longest = int(windows.lengths.max(initial=1))
    rows = Rows(max(1, _NUMBERS // (tokens * longest)), "scoring")
    with torch.inference_mode():
        while order.size:
            chosen, rest = order[: rows.most], order[rows.most :]
            try:
                values = _some(module, windows.take(chosen), beyond, precision, what)
            except torch.OutOfMemoryError as error:
                rows.halve(error)
                continue
            order = rest
            for row, i in enumerate(chosen):
                count = windows.lengths[i] - 1
                found[ends[i] - count : ends[i]] = values[row, :count]
    return found


def _some(
    module: Any, windows: Windows, beyond: list[int], precision: str, what: Reading
) -> Floats:
    torch = library("torch")
    width = int(windows.lengths.max())
    ids = torch.from_numpy(windows.ids[:, :width]).to(module.device)
    with mixed_precision(module, precision):
        logits = module(input_ids=ids[:, :-1], use_cache=False).logits
    logits = logits.float()
    logits[..., beyond] = float("-inf")
    law = logits.log_softmax(dim=2)
    if what == "entropy":
        values = -(law.exp() * law).nansum(dim=2)
    else:
        values = law.gather(2, ids[:, 1:, None])[..., 0]
    return np.asarray(values.double().cpu().numpy())
