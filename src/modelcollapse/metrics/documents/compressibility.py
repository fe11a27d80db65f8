"""How far texts can be compressed: repetition at any length and distance."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing, is_whole
from modelcollapse.metrics._arguments import quantile_of
from modelcollapse.metrics._estimates import Spread, pooled, signal, undefined
from modelcollapse.metrics.documents.corpus import Corpus
from modelcollapse.metrics.jackknife import jackknife_variance
from modelcollapse.metrics.signal import Signal

_WINDOW = 27  # logarithm of the bytes that are looked back
_GROUPS = 10  # each is left out once, and the rest compressed anew
_THREADS = 2


def compression(
    new: Corpus,
    reference: Corpus,
    *,
    level: int = 9,
    at_most: int = 1 << 24,
    confidence: float = 0.95,
) -> Signal:
    """Ratio by which the texts can be compressed, at as many bytes of either side.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    level : int, default 9
        Of Zstandard, 1 to 19.
    at_most : int, default 16 MiB
        Bytes of each side that are looked at; of more, every so many documents.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        Bytes over compressed bytes, beside the ratio of the reference; grows under collapse. Its
        sizes are bytes. NaN where a side has fewer than two sources.

    Raises
    ------
    InputError
        If the level or the number of bytes is out of range.
    Missing
        If the package zstandard is not installed.

    Notes
    -----
    Zstandard with a window of 128 MiB and long-distance matching, one document a line, both sides
    cut to the same bytes. gzip looks back 32 KiB and overlooks most copies. Errors by jackknife
    over ten groups, interval and test on logarithms. Ratios differ a little between versions of
    the library: compare those of one run.
    """
    quantile_of(confidence)
    if not is_whole(level) or not 1 <= level <= 19 or not is_whole(at_most) or at_most < 1:
        raise InputError(
            f"level = {level!r} and at_most = {at_most!r} are no way to compress: levels run from "
            "1 to 19, and at least one byte is needed. Use 9 and 1 << 24."
        )
    written = [_Written(part) for part in (new, reference)]
    k = min(at_most, *(side.size for side in written))
    for side in written:
        side.cut(k)
    if any(side.groups < 2 for side in written):
        return undefined("grows", (k, k))
    least = min(k, *(side.least for side in written))
    with ThreadPoolExecutor(_THREADS) as pool:
        value, expected = pool.map(lambda side: _ratio(side.text(k), level), written)
        spreads = [
            side.spread(
                list(pool.map(lambda g, side=side: _ratio(side.text(least, g), level),
                              range(-1, side.groups)))
            )
            for side in written
        ]  # fmt: skip
    return signal(value, expected, pooled(*spreads), "grows", (k, k), confidence, logs=True)


class _Written:
    """Documents of one side as lines of bytes, in the order they were given."""

    def __init__(self, part: Corpus) -> None:
        order = np.argsort(part.positions, kind="stable")
        self._lines = [
            part.texts[i].encode("utf-8", "surrogatepass") + b"\n" for i in order.tolist()
        ]
        self._sources = part.sources[order]
        self._lengths = np.array([len(line) for line in self._lines])
        self.cut(self.size)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return int(self._lengths.sum())

    def cut(self, k: int) -> None:
        """Keep every so many sources, with `k` bytes or little more, and put them into groups."""
        size = np.bincount(self._sources, weights=self._lengths)
        rank = (np.arange(size.size) * (math.sqrt(5) - 1) / 2) % 1  # even at every cut
        order = np.argsort(rank, kind="stable")
        enough = int(np.searchsorted(np.cumsum(size[order]), k)) + 1
        group = np.full(size.size, -1)
        group[order[:enough]] = np.arange(min(enough, size.size)) % _GROUPS
        self._group = group[self._sources]
        self.groups = int(group.max()) + 1

    @property
    def documents(self) -> NDArray[np.int64]:
        """Documents of each group."""
        return np.bincount(self._group[self._group >= 0], minlength=self.groups)

    @property
    def least(self) -> int:
        """Bytes that are left without the largest group."""
        kept = self._group >= 0
        size = np.bincount(self._group[kept], weights=self._lengths[kept])
        return int((size.sum() - size).min())

    def text(self, k: int, without: int = -1) -> bytes:
        """The first bytes of what is kept, without one group."""
        stay = np.flatnonzero((self._group >= 0) & (self._group != without))
        return b"".join(self._lines[i] for i in stay.tolist())[:k]

    def spread(self, ratios: list[float]) -> Spread:
        """Variance of the logarithm of the ratio, from all and without each group."""
        logs = np.log(ratios)
        return Spread(
            float(jackknife_variance(logs[0], logs[1:], self.documents)), self.groups - 1.0
        )


def _ratio(text: bytes, level: int) -> float:
    try:
        import zstandard
    except ImportError as error:
        raise Missing("Compressing texts", "zstandard", "audit") from error
    how = zstandard.ZstdCompressionParameters.from_level(level, window_log=_WINDOW, enable_ldm=True)
    return len(text) / len(zstandard.ZstdCompressor(compression_params=how).compress(text))
