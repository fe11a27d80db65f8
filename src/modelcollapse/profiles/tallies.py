"""Exact tallies of columns, which add up over parts of a data set."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.metrics.tail_cuts import tail_cuts

LEVELS = (0.05, 0.01, 0.001)
"""Two-sided tail levels: half of each lies on either side."""

BULK = 0.9
"""Quantile of the distances from the median at which deviations are capped."""


@dataclass(frozen=True)
class Cuts:
    """Where the middle and the tails of a column of the reference lie.

    Parameters
    ----------
    median : float
        Its median.
    scale : float
        0.9 quantile of the distances from it; deviations in the bulk are capped there.
    tails : mapping of float to (float, float)
        Ends of the two tails at each level, see `modelcollapse.metrics.tail_cuts`; a value at an
        end belongs to its tail.
    """

    median: float
    scale: float
    tails: Mapping[float, tuple[float, float]]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Cuts:
        """Cuts of a sample, shape (n,); NaN without a finite value."""
        x = values[np.isfinite(values)]
        if not len(x):
            nan = math.nan
            return cls(nan, nan, dict.fromkeys(LEVELS, (-math.inf, math.inf)))
        median = float(np.median(x))
        tails = {level: tail_cuts(x, level) for level in LEVELS}
        return cls(median, float(np.quantile(np.abs(x - median), BULK)), tails)


@dataclass(frozen=True)
class NumberTally:
    """What is known of all values of a column of numbers.

    Parameters
    ----------
    n, missing : int
        Finite values, and all others.
    mean, variance : float
        Of the values; the variance divides by ``n - 1``. NaN where undefined.
    least, greatest : float
        Ends of the range.
    beyond : mapping of float to int
        Values at or beyond the cuts of the reference, by tail level.
    bulk : RatioSums
        By record: distance from the median of the reference, capped at and divided by its scale;
        without weight where the scale is zero.
    """

    n: int
    missing: int
    mean: float
    variance: float
    least: float
    greatest: float
    beyond: Mapping[float, int]
    bulk: RatioSums

    def __add__(self, other: NumberTally) -> NumberTally:
        """Tally of the values of both (parallel variance, Chan, Golub and LeVeque 1983)."""
        missing, bulk = self.missing + other.missing, self.bulk + other.bulk
        beyond = {level: k + other.beyond[level] for level, k in self.beyond.items()}
        few, many = sorted((self, other), key=lambda tally: tally.n > 0)
        if not few.n:
            ends = (many.mean, many.variance, many.least, many.greatest)
            return NumberTally(many.n, missing, *ends, beyond, bulk)
        n = self.n + other.n
        apart = other.mean - self.mean
        squares = sum(side.variance * (side.n - 1) for side in (self, other) if side.n > 1)
        squares += apart * apart * self.n * other.n / n
        return NumberTally(
            n,
            missing,
            self.mean + apart * other.n / n,
            squares / (n - 1),
            min(self.least, other.least),
            max(self.greatest, other.greatest),
            beyond,
            bulk,
        )


@dataclass(frozen=True)
class CategoryTally:
    """Counts of the values of a column of categories, the most frequent first.

    Parameters
    ----------
    counts : mapping of str to int
        Records by value.
    missing : int
        Records without one.
    """

    counts: Mapping[str, int]
    missing: int

    @classmethod
    def of(cls, counts: Mapping[str | None, int]) -> CategoryTally:
        """Tally of counts, among which those of missing values have the key None."""
        known = {word: count for word, count in counts.items() if word is not None}
        return cls(dict(ranked(known)), counts.get(None, 0))

    def __add__(self, other: CategoryTally) -> CategoryTally:
        """Counts of both."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return CategoryTally(dict(ranked(counts)), self.missing + other.missing)


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Entries by falling count, then by name."""
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


@dataclass(frozen=True)
class TextTally:
    """Sizes of the texts of a column.

    Parameters
    ----------
    documents, missing : int
        Texts, and records without one.
    empty : int
        Texts of nothing but white space.
    characters, words : int
        Characters of all texts; words set apart by white space.
    """

    documents: int = 0
    missing: int = 0
    empty: int = 0
    characters: int = 0
    words: int = 0

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> TextTally:
        """Tally of texts; None is a missing one."""
        missing = empty = documents = characters = words = 0
        for text in texts:
            if text is None:
                missing += 1
                continue
            documents += 1
            count = len(text.split())
            empty += not count
            words += count
            characters += len(text)
        return cls(documents, missing, empty, characters, words)

    def __add__(self, other: TextTally) -> TextTally:
        """Tally of the texts of both."""
        return TextTally(
            self.documents + other.documents,
            self.missing + other.missing,
            self.empty + other.empty,
            self.characters + other.characters,
            self.words + other.words,
        )


class Scores:
    """Scores of records over their number columns: values in the tails, and deviations.

    Parameters
    ----------
    n : int
        Records.
    """

    def __init__(self, n: int) -> None:
        self._tails = {level: np.zeros(n) for level in LEVELS}
        self._weight = np.zeros(n)
        self._bulk = np.zeros(n)
        self._bulk_weight = np.zeros(n)

    def add(self, values: NDArray[np.float64], cuts: Cuts, *, pooled: bool) -> NumberTally:
        """Tally a column, and take it into the scores of the records if it is `pooled`.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            Not finite where missing.
        cuts : Cuts
            Of the reference.
        pooled : bool
            Whether it counts in the scores by record.
        """
        finite = np.isfinite(values)
        n = int(np.count_nonzero(finite))
        whole = n == len(values)
        x = values if whole else values[finite]
        beyond = {}
        for level, (low, high) in cuts.tails.items():
            outside = (values <= low) | (values >= high)
            if not whole:
                outside &= finite
            beyond[level] = int(np.count_nonzero(outside))
            if pooled and beyond[level]:
                self._tails[level] += outside
        weight = finite.astype(np.float64)
        bulk = RatioSums(len(values), 0.0, 0.0, 0.0, 0.0, 0.0)
        if cuts.scale > 0:
            deviation = np.abs(values - cuts.median)
            np.minimum(deviation, cuts.scale, out=deviation)
            deviation /= cuts.scale
            if not whole:
                deviation[~finite] = 0.0
            total = float(deviation.sum())
            squares = float(deviation @ deviation)
            bulk = RatioSums(len(values), total, float(n), squares, total, float(n))
            if pooled:
                self._bulk += deviation
                self._bulk_weight += weight
        if pooled:
            self._weight += weight
        nan = math.nan
        if not n:
            return NumberTally(0, len(values), nan, nan, nan, nan, beyond, bulk)
        least, greatest = float(x.min()), float(x.max())
        # of a constant, the mean of which a sum rounds
        mean = float(x.mean()) if least < greatest else least
        rest = x - mean
        variance = float(rest @ rest) / (n - 1) if n > 1 else nan
        missing = len(values) - n
        return NumberTally(n, missing, mean, variance, least, greatest, beyond, bulk)

    def sums(self) -> tuple[dict[float, RatioSums], RatioSums]:
        """Sums over the records: of the tails by level, and of the bulk."""
        tails = {level: RatioSums.of(score, self._weight) for level, score in self._tails.items()}
        return tails, RatioSums.of(self._bulk, self._bulk_weight)
