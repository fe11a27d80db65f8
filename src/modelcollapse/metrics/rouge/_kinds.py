"""Kinds of ROUGE, and what all of them count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError

Longs = NDArray[np.int64]


class Counts(NamedTuple):
    """What two texts have in common, and what each has: tokens, or runs of tokens."""

    hits: Longs
    predicted: Longs
    wanted: Longs


@dataclass(frozen=True)
class Kind:
    """A kind of ROUGE.

    Parameters
    ----------
    name : str
        As users write it.
    run : int or None
        Tokens of the runs that are compared; None where common subsequences are.
    """

    name: str
    run: int | None

    @property
    def by_sentence(self) -> bool:
        """Whether sentences are compared one by one."""
        return self.name == "rougeLsum"

    def units(self, tokens: Longs) -> Longs:
        """Count what is compared in texts of so many tokens: tokens, or runs of them."""
        return np.maximum(tokens - (self.run or 1) + 1, 0)


def kind_of(name: str) -> Kind:
    """Kind of a name.

    Raises
    ------
    InputError
        If it is none of rouge1, rouge2, rouge3, ..., rougeL and rougeLsum.
    """
    if name in ("rougeL", "rougeLsum"):
        return Kind(name, None)
    runs = re.fullmatch(r"rouge([1-9][0-9]*)", name, re.ASCII) if isinstance(name, str) else None
    if runs is None:
        raise InputError(
            f"there is no ROUGE of the kind {name!r}. Use 'rougeL' or 'rougeLsum' for common "
            "subsequences, or 'rouge1', 'rouge2', ... for runs of so many words."
        )
    return Kind(name, int(runs[1]))
