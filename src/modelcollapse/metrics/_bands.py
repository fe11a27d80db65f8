"""Bands of rarity: whether a state belongs to one, over all splits of the records into halves."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from modelcollapse.metrics._arguments import Floats, choose_ratio

_SURE = 10  # standard deviations of a count, or more, beyond which a probability is rounding
_FEW = 60  # records of a state beyond its edge, which a half of them never misses
_ROUNDING = 1e-9
_LEAST_LOGARITHM = -745.0  # of a number that is no zero


class Edge:
    """Probability that at least `edge` of a state's records are among `a` of `N`.

    Drawn one by one, the records of a state reach the edge with the j-th of them with probability
    ``P(edge - 1 of j - 1 are among them) (a - edge + 1) / (N - j + 1)``; summed over j up to the
    count that is the probability for every count at once.
    """

    def __init__(self, edge: float, N: float, a: float) -> None:
        share = a / N
        if edge == math.inf or edge > a:
            self.first, self.reached, self.missed = 0, np.zeros(1), np.ones(1)
            return
        apart = _SURE * math.sqrt(edge)
        self.first = max(int(edge) - 1, math.floor((edge - apart - _SURE) / share))
        last = min(int(N) - 1, math.ceil((edge + apart + _FEW) / share))
        j = np.arange(self.first, last + 1, dtype=np.float64)
        steps = _hypergeometric(edge - 1.0, j, N, a) * ((a - edge + 1) / (N - j))
        steps /= steps.sum()
        self.reached = np.concatenate([[0.0], np.cumsum(steps)])
        self.missed = np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])

    def __call__(self, c: Floats) -> tuple[Floats, Floats]:
        """Probability that it is reached with `c` records, and that it is not."""
        place = np.clip(c - self.first, 0, self.reached.size - 1).astype(np.intp)
        return self.reached[place], self.missed[place]


class Band:
    """Types whose count in a half of the reference lies between two ends, the first included.

    Parameters
    ----------
    N : float
        Real records.
    m : float
        Records that are compared.
    low, high : float, optional
        Ends. Without them the band was chosen elsewhere, and holds every state it is given.
    """

    def __init__(
        self, N: float, m: float, low: float | None = None, high: float = math.inf
    ) -> None:
        self.N, self.m = N, m
        self.ends: list[tuple[Edge, Edge]] | None = None
        if low is not None:
            a = math.floor(N / 2)
            self.ends = [(Edge(low, x, a), Edge(high, x, a)) for x in (N, N - m)]

    def weight(self, c: Floats) -> Floats:
        """Probability that a state belongs to the band, over the splits."""
        return np.ones_like(c) if self.ends is None else _between(*self.ends[0], c)

    def shown(self, c: Floats) -> Floats:
        """Probability that it does and that `m` other real records show it.

        What is not shown is in the band in spite of being drawn from ``N - m`` records alone.
        """
        none = none_of(c, self.N, self.m)
        if self.ends is None:
            return 1 - none
        weight, shown = self.weight(c), np.zeros_like(c)
        (there,) = np.nonzero(weight)
        hidden = none[there] * _between(*self.ends[1], c[there])
        shown[there] = weight[there] - hidden
        return np.where(shown > _ROUNDING * weight, shown, 0.0)


def _between(low: Edge, high: Edge, c: Floats) -> Floats:
    """Probability that one edge is reached and the other is not, by the smaller parts."""
    reached, below = low(c)
    beyond, missed = high(c)
    return np.where(
        reached <= 0.5,
        reached - beyond,
        np.where(missed <= 0.5, missed - below, 1 - below - beyond),
    )


def _hypergeometric(x: float, c: Floats, N: float, a: float) -> Floats:
    """Probability that `x` of a state's `c` records are among `a` of `N`."""
    possible = (c >= x) & (c - x <= N - a) & (x <= a)
    c = np.where(possible, c, x)
    logarithm = gammaln(c + 1) + gammaln(N - c + 1) - gammaln(N + 1)
    logarithm += gammaln(a + 1) + gammaln(N - a + 1)
    logarithm -= gammaln(x + 1) + gammaln(a - x + 1) + gammaln(c - x + 1)
    logarithm -= gammaln(N - a - c + x + 1)
    return np.where(possible, np.exp(np.minimum(logarithm, 0.0)), 0.0)


def none_of(c: Floats, n: float, m: float) -> Floats:
    """`choose_ratio` of any shape, computed only where it is no zero of a float."""
    share = m / n
    most = min(n - m, _LEAST_LOGARITHM / math.log1p(-share)) if share < 1 else 0.0
    out = np.zeros(np.shape(c))
    few = c <= most
    out[few] = choose_ratio(c[few], n, m)
    return out
