"""Sums over the eigenvalues of a covariance, for one query or for a million.

Every formula of ridge regression is made of sums over eigenvectors of weights times

- ``q ** 2``, where ``q = lam / (lam + k)`` is the share of a coefficient that a fit keeps
- ``q * (1 - q)``
- ``(1 - q) ** 2``

and depends on records and penalty through the level k alone. Such a sum is analytic in ``log k`` in
a strip of half-width pi around the real line, whatever the eigenvalues. So Chebyshev interpolants
of 20 nodes on pieces of length 2 are as accurate as the sum itself, and many queries cost no more
than a few hundred sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.theory._arguments import Values
from modelcollapse.theory.regression._checks import spectrum

Sums: TypeAlias = Callable[[Values], Values]
"""From levels of shape (k,) to sums of shape (k, columns)."""

_EVERY = slice(None)
_NODES = 20
_HALF = 1.0
"""Half the length of a piece: the interpolation error is about ``6.4 ** -20`` of the sum."""
_BLOCK = 500_000
"""Levels times eigenvalues that are held at once."""
_ZERO = 1e-14
"""A penalty below this times the mean eigenvalue changes nothing that double precision shows."""


class Spectrum:
    """Eigenvalues of a covariance, equal ones together.

    Parameters
    ----------
    eigenvalues : array_like of shape (d,)
        Positive and finite.

    Attributes
    ----------
    values : ndarray of shape (g,)
        Distinct eigenvalues, ascending.
    counts : ndarray of shape (g,)
        How often each occurs.
    dimension : int
        Number of eigenvalues.
    trace : float
        Their sum.
    smallest_penalty : float
        Smaller ones count as 0.

    Raises
    ------
    InputError
        If an eigenvalue is not positive and finite.
    """

    def __init__(self, eigenvalues: ArrayLike) -> None:
        every = spectrum(eigenvalues)
        self.values, self._group, counts = np.unique(every, return_inverse=True, return_counts=True)
        self.counts = counts.astype(np.float64)
        self.dimension = every.size
        self.trace = float(every.sum())
        self.smallest_penalty = _ZERO * self.trace / self.dimension

    def grouped(self, weights: Values) -> Values:
        """Weights of shape (d,) summed over equal eigenvalues, shape (g,)."""
        return np.bincount(self._group, weights).astype(np.float64)

    def penalties(self, penalty: Values) -> Values:
        """Penalties, with those that are too small to matter set to 0."""
        return np.where(penalty < self.smallest_penalty, 0.0, penalty)

    def sums(
        self,
        kept: Values | None = None,
        mixed: Values | None = None,
        lost: Values | None = None,
    ) -> Sums:
        """Sums of weights times ``q ** 2``, then ``q * (1 - q)``, then ``(1 - q) ** 2``.

        Weights have shape (columns, g) and are already summed over equal eigenvalues; the columns
        of the result follow the order of the arguments.
        """

        def evaluate(level: Values) -> Values:
            result = np.empty(
                (level.size, sum(len(w) for w in (kept, mixed, lost) if w is not None))
            )
            step = max(1, _BLOCK // self.values.size)
            for begin in range(0, level.size, step):
                k = level[begin : begin + step, None]
                whole = self.values + k
                q, rest = self.values / whole, k / whole
                shares = (q * q, q * rest, rest * rest)
                parts = [
                    share @ weight.T
                    for share, weight in zip(shares, (kept, mixed, lost), strict=True)
                    if weight is not None
                ]
                result[begin : begin + step] = np.concatenate(parts, axis=1)
            return result

        return evaluate

    @property
    def _degrees(self) -> Sums:
        one = self.counts[None]
        return self.sums(one, one, one)

    def level(self, n: ArrayLike, penalty: ArrayLike) -> Values:
        """Root of ``k - penalty = k * df_1(k) / n``, shape of `n` and `penalty` broadcast.

        The difference of the two sides is convex in k, so Newton's method falls monotonically from
        any point above the root.
        """
        size, ridge = np.broadcast_arrays(
            np.asarray(n, dtype=np.float64), self.penalties(np.asarray(penalty, dtype=np.float64))
        )
        if self.values.size == 1:
            return isotropic_level(size, ridge, self.dimension, float(self.values[0]))
        result = ridge.copy()  # stays with infinitely many records, or enough and no penalty
        active = np.isfinite(size) & ((ridge > 0) | (size < self.dimension))
        if active.any():
            result[active] = self._roots(size[active], ridge[active])
        return result

    def penalty_of(self, level: Values, n: Values) -> Values:
        """Penalty that belongs to a level, with n records."""
        flat, size = (x.ravel() for x in np.broadcast_arrays(level, n))
        degrees = prepared(self._degrees, *positive_range(flat), queries=flat.size)
        finite = np.isfinite(size)
        found = self._excess(degrees(flat), flat, np.where(finite, size, 1.0), np.zeros(1))[0]
        return np.where(finite, np.maximum(found, 0.0), flat).reshape(np.shape(level))

    def _roots(self, n: Values, penalty: Values) -> Values:
        d = self.dimension
        low = np.maximum(penalty, self.values[0] * (d / n - 1))
        high = penalty + self.trace / n
        # as many sums as Newton's method needs for some of the queries
        degrees = prepared(self._degrees, low.min(), high.max(), queries=20 * n.size)
        level = high
        if isinstance(degrees, Table):
            ends = degrees.ends
            # the first end of a piece that lies above the root
            first = np.zeros(n.size, dtype=np.int64)
            for end, sums in zip(ends[:-1], degrees(ends[:-1]), strict=True):
                first += self._excess(sums[:, None].T, end, n, penalty)[0] < 0
            level = np.minimum(high, ends[first])
        level, active = np.array(level), np.arange(n.size)
        for _ in range(200):
            k = level[active]
            excess, slope = self._excess(degrees(k), k, n[active], penalty[active])
            step = np.where(slope > 0, excess / np.where(slope > 0, slope, 1.0), 0.0)
            level[active] = np.clip(k - step, low[active], high[active])
            # each step squares the relative error, so that the one after this has nothing to do
            active = active[np.abs(step) > 1e-11 * k]
            if not active.size:
                break
        return level

    def _excess(
        self, sums: Values, level: Values | float, n: Values, penalty: Values
    ) -> tuple[Values, Values]:
        """How far a level lies above the root of its equation, and the slope in the level."""
        kept, mixed, lost = sums.T
        # of the two forms of n - df_1, the one that cancels less
        records = np.where(
            n > self.dimension / 2, n - self.dimension + mixed + lost, n - kept - mixed
        )
        return level * records / n - penalty, 1 - kept / n


def isotropic_level(n: Values, penalty: Values, dimension: Values | int, scale: float) -> Values:
    """Level where all eigenvalues are `scale`."""
    ridge = penalty / scale
    b = ridge + dimension / n - 1
    root = np.sqrt(b * b + 4 * ridge)
    below = 2 * ridge / np.where(b < 0, root - b, 1.0)  # the other form would cancel
    return np.asarray(scale * np.where(b < 0, below, (b + root) / 2))


class Table:
    """Chebyshev interpolants of sums, piece by piece in the logarithm of the level.

    Parameters
    ----------
    sums : callable
        From levels of shape (k,) to shape (k, columns), as from `Spectrum.sums`.
    low, high : float
        Range of levels, above 0. Level 0 is answered by the sums themselves.
    """

    def __init__(self, sums: Sums, low: float, high: float) -> None:
        self._sums = sums
        self._start = np.log(low)
        pieces = _pieces(low, high)
        angles = np.pi * (np.arange(_NODES) + 0.5) / _NODES
        middles = self._start + _HALF * (2 * np.arange(pieces) + 1)
        values = sums(np.exp((middles[:, None] + _HALF * np.cos(angles)).ravel()))
        transform = np.cos(np.outer(np.arange(_NODES), angles)) * (2 / _NODES)
        transform[0] /= 2
        self._coefficients = np.einsum(
            "kn,pnc->pkc", transform, values.reshape(pieces, _NODES, -1), optimize=True
        )
        self.ends = np.exp(self._start + 2 * _HALF * np.arange(pieces + 1))

    def __call__(self, level: Values, columns: slice | NDArray[np.int64] = _EVERY) -> Values:
        """Sums at levels of shape (k,) within the range, shape (k, columns)."""
        coefficients = self._coefficients[:, :, columns]
        pieces = len(coefficients)
        result = np.empty((level.size, coefficients.shape[2]))
        positive = level > 0
        if not positive.all():
            result[~positive] = self._sums(np.zeros(1))[:, columns]
        x = (np.log(np.where(positive, level, self.ends[0])) - self._start) / _HALF
        piece = np.where(positive, np.clip((x // 2).astype(np.int64), 0, pieces - 1), pieces)
        order = np.argsort(piece, kind="stable")
        bounds = np.searchsorted(piece[order], np.arange(pieces + 1))
        for p in range(pieces):
            here = order[bounds[p] : bounds[p + 1]]
            if here.size:
                basis = np.polynomial.chebyshev.chebvander(x[here] - 2 * p - 1, _NODES - 1)
                result[here] = basis @ coefficients[p]
        return result


def prepared(sums: Sums, low: float, high: float, *, queries: int) -> Sums:
    """The sums themselves, or a table of them where that costs less.

    Parameters
    ----------
    sums : callable
        As from `Spectrum.sums`.
    low, high : float
        Range of the levels that will be asked for, apart from level 0.
    queries : int
        How many levels will be asked for.

    Returns
    -------
    callable
        From levels of shape (k,) to shape (k, columns).
    """
    if queries <= _NODES * _pieces(low, high):
        return sums
    return Table(sums, low, high)


def evaluated(sums: Sums, level: Values) -> Values:
    """Sums at levels of shape (k,), in the cheaper way."""
    return prepared(sums, *positive_range(level), queries=level.size)(level)


def positive_range(level: Values) -> tuple[float, float]:
    """Smallest and largest level above 0; 1 and 1 where there is none."""
    above = level[level > 0]
    return (float(above.min()), float(above.max())) if above.size else (1.0, 1.0)


def _pieces(low: float, high: float) -> int:
    return max(1, int(np.ceil((np.log(high) - np.log(low)) / (2 * _HALF))))
