"""Hashes of values and of whole records, the same on every machine and in every version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

MOST = np.uint64(2**64 - 1)
"""Largest hash."""

MISSING = np.uint64(0x6D697373696E6721)
"""What stands for a value that is missing."""


def mixed(x: Hashes) -> Hashes:
    """Spread 64 bits over all 64 bits, one to one.

    Parameters
    ----------
    x : ndarray of uint64, shape (n,)
        Numbers, as dense or as regular as they come.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Notes
    -----
    Finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
    generators", figure 16).
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    shifted = x >> np.uint64(30)
    for factor, shift in (0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31):
        x ^= shifted
        x *= np.uint64(factor)
        np.right_shift(x, np.uint64(shift), out=shifted)
    x ^= shifted
    return x


def text_hashes(texts: Iterable[str | None]) -> Hashes:
    """Hash texts: the first eight bytes of BLAKE2b of their UTF-8, `MISSING` for None.

    Examples
    --------
    >>> text_hashes(["yes", "yes", None])[1:] == text_hashes(["yes", None])
    array([ True,  True])
    """
    blake = hashlib.blake2b
    gap = int(MISSING).to_bytes(8, "little")
    joined = b"".join(
        gap if text is None else blake(text.encode(), digest_size=8).digest() for text in texts
    )
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


class Vocabulary(dict[str | None, int]):
    """Hashes of words that come again and again, each computed once; it forgets when it is full."""

    MOST = 2**17

    def hashes(self, words: list[str | None]) -> Hashes:
        """Hash of each word, as `text_hashes` gives it."""
        if len(self) >= self.MOST:
            self.clear()
        new = [word for word in words if word not in self]
        self.update(zip(new, text_hashes(new).tolist(), strict=True))
        return np.fromiter(map(self.__getitem__, words), dtype=np.uint64, count=len(words))


def number_hashes(values: NDArray[np.float64]) -> Hashes:
    """Hash numbers by their bits; all that is not finite counts as missing, and -0 as 0.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Of one column.
    """
    bits = (values + 0.0).view(np.uint64)
    finite = np.isfinite(values)
    return bits if finite.all() else np.where(finite, bits, MISSING)


def vector_hashes(vectors: NDArray[np.float32]) -> Hashes:
    """Hash rows of single-precision numbers.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        A row whose first number is not one is missing.

    Notes
    -----
    Multilinear hashing: the sum of the 32 bits of each number times an odd constant of its place.
    """
    d = vectors.shape[1]
    factors = mixed(np.arange(d, dtype=np.uint64)) | np.uint64(1)
    bits = (vectors + np.float32(0)).view(np.uint32).astype(np.uint64)
    bits *= factors
    sums: Hashes = bits.sum(axis=1, dtype=np.uint64)
    return np.where(np.isnan(vectors[:, 0]), MISSING, sums) if d else sums


class RecordHash:
    """Hash of records, gathered column by column; the order of the columns does not matter.

    Parameters
    ----------
    n : int
        Records.
    """

    def __init__(self, n: int) -> None:
        self._sum: Hashes = np.zeros(n, dtype=np.uint64)

    def add(self, name: str, values: Hashes) -> None:
        """Take in a column by the hashes of its values, shape (n,)."""
        self._sum += mixed(values ^ text_hashes([name])[0])

    def value(self) -> Hashes:
        """Hash of each record, shape (n,)."""
        return mixed(self._sum)
