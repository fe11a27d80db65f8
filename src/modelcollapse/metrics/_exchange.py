"""What a measure of two lists of counts says by chance, given what both sides hold together.

If nothing changed, every record of the pool is as likely to be a new one as any other. Given the
pooled count `u` of a state, the number `s` of its records on the new side is then hypergeometric,
whatever the law: no estimate of it enters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import pearson3

from modelcollapse.metrics._arguments import Floats, Numbers

Terms = Callable[[Floats, Floats], Floats]

_REACH = 9.0  # standard deviations of a count that are looked at
_BLOCK = 1 << 21  # terms held at once


class _Part(NamedTuple):
    """Possible counts of a run of kinds of states, each kind's in a row."""

    kinds: NDArray[np.intp]
    starts: NDArray[np.intp]
    which: NDArray[np.intp]
    new: Floats
    reference: Floats
    chance: Floats
    away: Floats


class Chance(NamedTuple):
    """Moments of a sum over states under exchange of the records."""

    mean: float
    variance: float
    third: float


def _log_choose(n: Floats | float, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


class Exchange:
    """Laws of the new count of each state, given the counts of both sides together.

    Parameters
    ----------
    pooled : ndarray, shape (states,)
        Records of each state on both sides together; states may be left out.
    M, N : float
        New records and reference records in all.
    """

    def __init__(self, pooled: Numbers, M: float, N: float) -> None:
        self.M, self.N = M, N
        self.kinds, self.how_many = np.unique(
            pooled[pooled > 0].astype(np.float64), return_counts=True
        )
        self._held: list[_Part] | None = None

    def _parts(self) -> Iterator[_Part]:
        """Counts of runs of states and their probabilities; kept where they are one run."""
        if self._held is not None:
            yield from self._held
            return
        M, N, kinds = self.M, self.N, self.kinds
        n = M + N
        centre = kinds * M / n
        sd = np.sqrt(kinds * (M / n) * (N / n) * (n - kinds) / max(n - 1, 1.0))
        edges = np.zeros_like(kinds), kinds - N, centre - _REACH * sd - 9
        first = np.floor(np.maximum.reduce(edges))
        ends = kinds, np.full_like(kinds, M), centre + _REACH * sd + 9
        width = (np.ceil(np.minimum.reduce(ends)) - first + 1).astype(np.intp)
        runs = np.split(
            np.arange(kinds.size), np.flatnonzero(np.diff(np.cumsum(width) // _BLOCK)) + 1
        )
        for part in runs:
            starts = np.cumsum(width[part]) - width[part]
            which = np.repeat(part, width[part])
            s = np.arange(which.size) - np.repeat(starts, width[part]) + first[which]
            u = kinds[which]
            chance = np.exp(_log_choose(M, s) + _log_choose(N, u - s) - _log_choose(n, u))
            chance /= np.repeat(np.add.reduceat(chance, starts), width[part])
            found = _Part(part, starts, which, s, u - s, chance, s - centre[which])
            if len(runs) == 1:
                self._held = [found]
            yield found

    def moments(self, terms: Terms) -> Chance:
        """Moments of ``sum over states of terms(new count, reference count)``.

        Parameters
        ----------
        terms : callable
            Vectorised term of one state.

        Notes
        -----
        The mean is exact. Counts of different states depend on each other through their fixed sum
        alone, to first order: the part of the terms that is linear in the count, ``b s`` with one
        `b` for all states, is taken out before variances are added (Holst 1972).
        """
        M, N, kinds, how_many = self.M, self.N, self.kinds, self.how_many
        n = M + N
        if not kinds.size:
            return Chance(0.0, 0.0, 0.0)
        # per kind: mean of the term, its variance, covariance with s, variance of s, and the rest
        mean, squares, mixed, spread = (np.zeros(kinds.size) for _ in range(4))
        rest = []
        for one in self._parts():
            part, starts, which, chance, away = (
                one.kinds, one.starts, one.which, one.chance, one.away
            )  # fmt: skip
            value = terms(one.new, one.reference)
            mean[part] = np.add.reduceat(chance * value, starts)
            value = value - mean[which]
            squares[part] = np.add.reduceat(chance * value**2, starts)
            mixed[part] = np.add.reduceat(chance * value * away, starts)
            spread[part] = np.add.reduceat(chance * away**2, starts)
            rest.append((how_many[which] * chance, value, away))
        whole = float((how_many * spread).sum())
        # states that are left out take up their share of the fixed sum
        whole += max((n - float((how_many * kinds).sum())) * (M / n) * (N / n), 0.0)
        b = float((how_many * mixed).sum()) / whole if whole > 0 else 0.0
        variance = float((how_many * squares).sum()) - b * float((how_many * mixed).sum())
        third = 0.0
        for weight, value, away in rest:
            bent = value - b * away
            third += float((weight * bent * bent * bent).sum())
        return Chance(float((how_many * mean).sum()), max(variance, 0.0), third)


def exchanged(pooled: Numbers, M: float, N: float, terms: Terms) -> Chance:
    """Moments under exchange, of one sum; see `Exchange`."""
    return Exchange(pooled, M, N).moments(terms)


_NONE = 1e-100  # variance of what chance cannot move, but for rounding


def upper_tail(value: float, chance: Chance) -> float:
    """Probability of a sum at least as large: Pearson's type III with the three moments.

    A skewness below 0 would end the law a fraction of a deviation above its mean, where the true
    one goes on; it is taken for none.
    """
    if not chance.variance > _NONE:
        apart = value - chance.mean
        return float("nan") if abs(apart) < 1e-9 else float(apart < 0)
    sd = chance.variance**0.5
    skew = float(np.clip(chance.third / sd**3, 0.0, 8.0))
    return float(pearson3.sf((value - chance.mean) / sd, skew))
