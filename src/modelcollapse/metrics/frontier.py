"""Divergence frontiers of two histograms over fixed clusters: frontier integral and MAUVE.

Between two laws lie their mixtures; how far each law is from each mixture draws a curve. Both
measures see any change of shares, and model misfit as readily as collapse. They need clusters that
neither counted set was used to find: `clustered_counts` makes such counts. Values over different
clusters cannot be compared.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr, xlogy

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._blocks import checked_draws, pair_of
from modelcollapse.metrics._estimates import Side, sides
from modelcollapse.metrics.jackknife import record_jackknife_variance
from modelcollapse.metrics.neighbours._reading import _probability as probability
from modelcollapse.metrics.neighbours._search import nearest
from modelcollapse.metrics.signal import Direction, Signal

KT = 0.5
"""Records that are added to each cluster: the smoothing of Krichevsky and Trofimov."""

_WEIGHTS = np.linspace(1 - 1e-6, 1e-6, 25)  # of the mixtures, as in Pillutla et al.

Measure = Callable[[Floats, Floats], Floats]
Slopes = Callable[[Floats, Floats], tuple[Floats, Floats]]


def frontier_integral(
    counts: ArrayLike,
    reference_counts: ArrayLike,
    *,
    rng: Generator,
    smoothing: float = KT,
    draws: int = 499,
    confidence: float = 0.95,
) -> Signal:
    """Frontier integral of two histograms, beside its expectation.

    Parameters
    ----------
    counts : array_like of int, shape (clusters,)
        New records in each cluster.
    reference_counts : array_like of int, shape (clusters,)
        Real records in each cluster.
    rng : numpy.random.Generator
        Source of all randomness.
    smoothing : float, default 0.5
        Records added to each cluster of either side, 0 or more.
    draws : int, default 499
        Exchanges of records that the null law is read from.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 (equal) to 1 (disjoint); grows with any change.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the clusters differ, smoothing is negative, or
        there are fewer than 99 draws.

    Notes
    -----
    Liu et al. (2021): ``(p + q)/2 - p q log(p/q) / (p - q)`` over all clusters. Biased upwards by
    finite samples. Expectation and p by exchange of records; error by a jackknife over records,
    to first order.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> new, real = [45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1]
    >>> round(frontier_integral(new, real, rng=rng, smoothing=0).value, 6)
    0.073483
    """
    given = sides(counts, reference_counts)
    return _read(given, _integral, _integral_slopes, "grows", rng, smoothing, draws, confidence)


def mauve(
    counts: ArrayLike,
    reference_counts: ArrayLike,
    *,
    rng: Generator,
    smoothing: float = KT,
    scale: float = 5.0,
    draws: int = 499,
    confidence: float = 0.95,
) -> Signal:
    """MAUVE of two histograms, beside its expectation.

    Parameters
    ----------
    counts : array_like of int, shape (clusters,)
        New records in each cluster.
    reference_counts : array_like of int, shape (clusters,)
        Real records in each cluster.
    rng : numpy.random.Generator
        Source of all randomness.
    smoothing : float, default 0.5
        Records added to each cluster of either side, which makes it MAUVE*; 0 for the first form.
    scale : float, default 5
        Factor of the divergences, larger than 0.
    draws : int, default 499
        Exchanges of records that the null law is read from.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        From 0 (disjoint) to 1 (equal); falls with any change.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the clusters differ, smoothing is negative, the
        scale is not positive, or there are fewer than 99 draws.

    Notes
    -----
    Pillutla et al. (2021); smoothing: Pillutla et al. (2023). Area under the curve of
    ``exp(-scale KL(q, r))`` against ``exp(-scale KL(p, r))`` over 25 mixtures ``r`` of the laws.
    Biased downwards by finite samples. Expectation, p and error as in `frontier_integral`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> reading = mauve([45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1], rng=rng)
    >>> round(reading.value, 6)
    0.938422
    """
    if not 0 < scale < np.inf:
        raise InputError(
            f"the scale must be larger than 0 and finite, got {scale!r}: it stretches the "
            "divergences before they become similarities. Use 5."
        )
    given = sides(counts, reference_counts)

    def area(p: Floats, q: Floats) -> Floats:
        x, y = _curve(p, q, scale)
        return np.asarray(-np.trapezoid(y, x, axis=0))

    def slopes(p: Floats, q: Floats) -> tuple[Floats, Floats]:
        return _area_slopes(p, q, scale)

    return _read(given, area, slopes, "falls", rng, smoothing, draws, confidence)


def _integral(p: Floats, q: Floats) -> Floats:
    apart = p - q
    near = np.abs(apart) < 1e-6 * (p + q)
    mixed = (xlogy(p, p) * q - xlogy(q, q) * p) / np.where(near, 1.0, apart)
    return np.asarray(np.where(near, 0.0, (p + q) / 2 - mixed).sum(axis=-1))


def _integral_slopes(p: Floats, q: Floats) -> tuple[Floats, Floats]:
    def slope(a: Floats, b: Floats) -> Floats:
        apart = a - b
        near = (np.abs(apart) < 1e-5 * (a + b)) | (a <= 0)
        rest = b / np.where(near, 1.0, apart)
        ratio = np.log(np.where(near | (b <= 0), 1.0, a) / np.where(near | (b <= 0), 1.0, b))
        return np.where(near, 0.0, 0.5 - rest + np.square(rest) * ratio)

    return slope(p, q), slope(q, p)


def _curve(p: Floats, q: Floats, scale: float) -> tuple[Floats, Floats]:
    """Points of the frontier from one end to the other, on the first axis."""
    x, y = [np.ones(p.shape[:-1])], [np.zeros(p.shape[:-1])]
    for weight in _WEIGHTS:
        r = weight * p + (1 - weight) * q
        x.append(np.exp(-scale * rel_entr(p, r).sum(axis=-1)))
        y.append(np.exp(-scale * rel_entr(q, r).sum(axis=-1)))
    x.append(np.zeros(p.shape[:-1]))
    y.append(np.ones(p.shape[:-1]))
    return np.array(x), np.array(y)


def _area_slopes(p: Floats, q: Floats, scale: float) -> tuple[Floats, Floats]:
    """Slopes of the area under the curve by each share, up to a constant."""
    x, y = _curve(p, q, scale)
    # by the divergences of each point: half the gap between its neighbours
    by_p = -scale * x[1:-1] * (y[2:] - y[:-2]) / 2
    by_q = -scale * y[1:-1] * (x[:-2] - x[2:]) / 2
    to_p, to_q = np.zeros_like(p), np.zeros_like(q)
    for at, weight in enumerate(_WEIGHTS):
        r = weight * p + (1 - weight) * q
        a, b = (np.divide(part, r, out=np.zeros_like(r), where=r > 0) for part in (p, q))
        log_a, log_b = (np.log(part, out=np.zeros_like(r), where=part > 0) for part in (a, b))
        to_p += by_p[at] * (log_a - weight * a) - by_q[at] * weight * b
        to_q += by_q[at] * (log_b - (1 - weight) * b) - by_p[at] * (1 - weight) * a
    return to_p, to_q


def _read(
    given: tuple[Side, Side],
    measure: Measure,
    slopes: Slopes,
    collapse: Direction,
    rng: Generator,
    smoothing: float,
    draws: int,
    confidence: float,
) -> Signal:
    if not 0 <= smoothing < np.inf:
        raise InputError(
            f"smoothing must be 0 or more and finite, got {smoothing!r}: so many records are "
            "added to each cluster. Use 0.5."
        )
    z, draws = quantile_of(confidence), checked_draws(draws)
    n, m = given[0].n, given[1].n
    pool = np.asarray(given[0].counts + given[1].counts, dtype=np.int64)
    clusters = pool.size

    def laws(counts: Floats) -> tuple[Floats, Floats]:
        added = clusters * smoothing
        return (counts + smoothing) / (n + added), (pool - counts + smoothing) / (m + added)

    p, q = laws(given[0].counts.astype(np.float64))
    value = float(measure(p, q))
    drawn = rng.multivariate_hypergeometric(pool, n, size=draws, method="marginals")
    null = measure(*laws(drawn.astype(np.float64)))
    variance = sum(
        record_jackknife_variance(part.counts, -slope / (part.n + clusters * smoothing))
        for part, slope in zip(given, slopes(p, q), strict=True)
    )
    error = float(np.sqrt(variance))
    return Signal(
        value, float(null.mean()), error, max(value - z * error, 0.0), min(value + z * error, 1.0),
        probability(value, null, collapse), collapse, n, m,
    )  # fmt: skip


def clustered_counts(
    new: ArrayLike, reference: ArrayLike, *, rng: Generator, clusters: int = 100
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count records per cluster; the clusters are found in a half of the reference not counted.

    Parameters
    ----------
    new : array_like, shape (n,) or (n, d)
        New records (embeddings) as rows.
    reference : array_like, shape (m,) or (m, d)
        Real records as rows.
    rng : numpy.random.Generator
        Source of all randomness: halves the reference, and starts the clusters.
    clusters : int, default 100
        How many, from 2 to a quarter of the real records; 50 to 500 are usual.

    Returns
    -------
    counts : ndarray of int, shape (clusters,)
        New records nearest to each centre.
    reference_counts : ndarray of int, shape (clusters,)
        Records of the other half of the reference likewise.

    Raises
    ------
    InputError
        If a set has too few records or gaps, the coordinates differ in number, or the number of
        clusters is out of range.

    Notes
    -----
    k-means (textbook). Clusters fit the records that they were found in better than others of the
    same law: counted on those, shares would differ from new ones otherwise than by chance, and p
    would mean nothing.
    """
    first, second = pair_of(new, reference, 2)
    half = len(second) // 2
    if not is_whole(clusters) or not 2 <= clusters <= half // 2:
        raise InputError(
            f"{clusters!r} clusters cannot be found in {half} records, one half of the reference: "
            "there must be two clusters or more, of two records or more on average. Give more "
            "records, or ask for fewer clusters."
        )
    from sklearn.cluster import KMeans

    order = rng.permutation(len(second))
    found = KMeans(int(clusters), n_init=1, max_iter=25, random_state=int(rng.integers(2**31))).fit(
        second[order[:half]]
    )
    centres = np.asarray(found.cluster_centers_, dtype=np.float64)
    counts = [
        np.bincount(nearest(part, centres, 1)[1][:, 0], minlength=len(centres))
        for part in (first, second[order[half:]])
    ]
    return counts[0], counts[1]
