"""What a language model of any family says of texts, text by text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible
from modelcollapse.families.texts import Texts, words
from modelcollapse.protocols import name_of

Floats = NDArray[np.float64]


def scores_tokens(model: Any) -> bool:
    """Whether a model gives log-probabilities of tokens."""
    return hasattr(model, "token_log_probs") or hasattr(model, "log_prob")


def token_scores(model: Any, texts: Texts | list[str]) -> list[Floats]:
    """Log-probabilities of the tokens of each text, given those before them.

    Parameters
    ----------
    model : object
        With a method ``token_log_probs(texts)``, which gives an array for each text, or
        ``log_prob(texts)``, which gives the tokens of all texts in order, with or without one
        more for the end of each.
    texts : Texts or list of str
        Records of the kind that the model was fitted to.

    Returns
    -------
    list of ndarray
        In nats, one array for each text.

    Raises
    ------
    Incompatible
        If the model scores no tokens, or another number of them.
    """
    if hasattr(model, "token_log_probs"):
        return [np.asarray(scores, dtype=np.float64) for scores in model.token_log_probs(texts)]
    if not hasattr(model, "log_prob"):
        raise Incompatible(
            f"{name_of(model)} gives no probabilities of tokens, so texts have no perplexity under "
            "it. Use a model with log_prob(texts), such as NGram or CausalLM fit."
        )
    flat = np.asarray(model.log_prob(texts), dtype=np.float64)
    if isinstance(texts, Texts):
        lengths = np.diff(texts.starts)
    else:
        lengths = np.array([len(words(text)) for text in texts], dtype=np.int64)
    if flat.shape == (int(lengths.sum()) + lengths.size,):
        lengths = lengths + 1
    elif flat.shape != (int(lengths.sum()),):
        raise Incompatible(
            f"{name_of(model)}.log_prob gave an array of shape {flat.shape} for {lengths.size} "
            f"texts of {int(lengths.sum())} tokens. It must score every token, with or without the "
            "end of each text."
        )
    return np.split(flat, np.cumsum(lengths)[:-1]) if lengths.size else []
