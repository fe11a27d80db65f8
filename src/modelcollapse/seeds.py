"""Randomness without owners: every event derives its own generator.

An event is addressed by ``(seed, replicate, generation, role)``. Nobody keeps a generator, so a
resumed run equals an uninterrupted one bit for bit, one replicate can be re-created alone, and
adding a probe changes nothing: its role is its own.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from numpy.random import SFC64, Generator, SeedSequence

from modelcollapse.errors import InputError


@lru_cache(maxsize=4096)
def _code(role: str) -> int:
    return zlib.crc32(role.encode())


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
    key = (replicate, generation, _code(role))
    return Generator(SFC64(SeedSequence(seed, spawn_key=key)))
