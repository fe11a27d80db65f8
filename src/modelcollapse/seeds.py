"""Randomness without owners: every event derives its own generator.

An event is addressed by ``(seed, replicate, generation, role)``. Nobody keeps a generator, so a
resumed run equals an uninterrupted one bit for bit, one replicate can be re-created alone, and
adding a probe changes nothing: its role is its own.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any, Self

import numpy as np
from numpy.random import SFC64, Generator
from numpy.random.bit_generator import ISpawnableSeedSequence
from numpy.typing import NDArray

from modelcollapse.errors import InputError


class Address(ISpawnableSeedSequence):
    """Where a generator's first state is read from: a hash of its address, of any length.

    It takes a fifth of the time that `numpy.random.SeedSequence` takes to mix the numbers.

    Parameters
    ----------
    text : str
        The address.
    """

    def __init__(self, text: str) -> None:
        self.text, self.children = text, 0

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """Words that a bit generator starts from."""
        size = n_words * (8 if dtype is np.uint64 else 4)
        words = np.frombuffer(hashlib.shake_128(self.text.encode()).digest(size), dtype)
        return words if sys.byteorder == "little" else words.byteswap()

    def spawn(self, n_children: int) -> list[Self]:
        """Addresses below this one, for those who ask a generator for further ones."""
        first, self.children = self.children, self.children + n_children
        return [type(self)(f"{self.text}\0{child}") for child in range(first, self.children)]


def generator(seed: int, replicate: int, generation: int, role: str) -> Generator:
    """Random generator of one event.

    Parameters
    ----------
    seed : int
        Seed of the run, 0 or larger.
    replicate : int
        Which replicate, counted from 0 (the first one of a batch, for a batch).
    generation : int
        Which generation, counted from 0.
    role : str
        What the numbers are for: ``"fit"``, ``"write"``, ``"subset"``, a probe's name, ...

    Returns
    -------
    numpy.random.Generator
        Equal addresses give equal streams; different addresses give independent ones.

    Raises
    ------
    InputError
        If one of the numbers is negative.

    Examples
    --------
    >>> generator(0, 0, 3, "write").random() == generator(0, 0, 3, "write").random()
    True
    """
    if seed < 0 or replicate < 0 or generation < 0:
        raise InputError(
            f"seed, replicate and generation are counted from 0, got {seed}, {replicate} and "
            f"{generation}. Use 0 or a larger whole number."
        )
    address = Address(f"{seed} {replicate} {generation} {role}")
    return Generator(SFC64(address))  # type: ignore[arg-type]  # NumPy's stubs name one kind
