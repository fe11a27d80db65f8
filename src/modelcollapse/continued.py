"""The same prompts continued by every generation, to be read side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from modelcollapse import records
from modelcollapse.errors import Incompatible
from modelcollapse.families.texts import Texts

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

PROMPTS = 3
"""Prompts that are continued."""
TOKENS = 24
"""Tokens of a prompt, and of what is written after it."""


@dataclass(frozen=True)
class Continued:
    """Prompts, the same in every generation, and what a model wrote after each.

    Attributes
    ----------
    prompts, texts : tuple of str
        As many of one as of the other.
    """

    prompts: tuple[str, ...]
    texts: tuple[str, ...]


def continued(generation: Generation) -> Continued | None:
    """What this generation writes after the first held-out texts that hold a token.

    Without held-out texts, the prompts are original ones. None if there is nothing to continue, or
    the model takes no prompts.
    """
    write = getattr(generation.model, "continuations", None)
    if write is None:
        return None
    try:
        real = generation.reference
    except Incompatible:
        real = generation.original.data
    prompts = _beginnings(real)
    if not records.size(prompts):
        return None
    written = write(prompts, TOKENS, rng=generation.rng("continue"))
    return Continued(_strings(prompts), _strings(written))


def _beginnings(texts: Any) -> Any:
    """First tokens of the first texts that are not empty, as texts of the same kind."""
    if not isinstance(texts, Texts):
        cut = (" ".join(text.split(" ")[:TOKENS]) for text in texts)
        return list(islice(filter(str.strip, cut), PROMPTS))
    texts = records.take(texts, np.flatnonzero(np.diff(texts.starts))[:PROMPTS])
    if texts.block is not None and texts.block <= TOKENS:
        return texts
    lengths = np.diff(texts.starts)
    place = np.arange(texts.ids.size) - np.repeat(texts.starts[:-1], lengths)
    starts = np.concatenate([[0], np.cumsum(np.minimum(lengths, TOKENS))])
    # A copy, so that tokens of a language model keep what decodes them.
    return replace(texts, ids=texts.ids[place < TOKENS], starts=starts, block=None)


def _strings(texts: Any) -> tuple[str, ...]:
    return tuple(texts.to_strings() if isinstance(texts, Texts) else texts)
