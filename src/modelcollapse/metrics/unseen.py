"""What a sample did not show: mass and number of the states it missed.

All of it is read from the states that were met once or twice, so it needs counts of independent
records: after removing duplicates or rare states the answers are meaningless. Collapse *lowers*
the mass of unseen states and *raises* coverage.

Leading axes are replicates; `starts` marks replicates in ragged form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.metrics._arguments import (
    Floats,
    counts_and_size,
    plain,
    quantile_of,
    sizes,
    total,
)
from modelcollapse.protocols import Reading


def _rare(counts: ArrayLike, starts: ArrayLike | None) -> tuple[Floats, Floats, Floats, Floats]:
    """Number of records, of states met, of states met once, and met twice."""
    array, n = counts_and_size(counts, starts)
    met = total(array > 0, starts)
    return np.where(n > 0, n, np.nan), met, sizes(array, 1, starts), sizes(array, 2, starts)


def missing_mass(counts: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Good-Turing estimate of the mass of the states that the sample did not meet.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        A share, from 0 to 1; NaN without records; falls under collapse.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Good (1953): the share of records whose state was met once. Biased high, by at most 1/n.

    Examples
    --------
    >>> float(missing_mass([2, 1, 1]))
    0.5
    """
    n, _, once, _ = _rare(counts, starts)
    return plain(once / n)


def missing_mass_interval(
    counts: ArrayLike, *, confidence: float = 0.95, starts: ArrayLike | None = None
) -> tuple[Reading, Reading]:
    """Confidence interval of the mass that the sample did not meet.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    confidence : float, default 0.95
        Share of intervals that are to cover.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    low : float or ndarray, shape (...)
        Share, at least 0; NaN where no state was met once or twice.
    high : float or ndarray, shape (...)
        Share, at most 1; NaN likewise.

    Raises
    ------
    InputError
        If a count is negative or not whole, or the confidence is not between 0 and 1.

    Notes
    -----
    Esty (1983), with the variance of Zhang and Huang: the standard error is ``sqrt(f1 + 2 f2 -
    f1^2 / n) / n``. Normal approximation: wants ten states or so that were met once or twice.
    """
    n, _, once, twice = _rare(counts, starts)
    half = quantile_of(confidence) * np.sqrt(once + 2 * twice - once**2 / n) / n
    half = np.where(once + twice > 0, half, np.nan)
    return plain(np.maximum(once / n - half, 0.0)), plain(np.minimum(once / n + half, 1.0))


def coverage(counts: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Share of the law's mass that lies on the states that the sample met.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 to 1; NaN without records; *rises* under collapse and with the number of records,
        so compare at equal numbers.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Chao and Jost (2012): one minus ``f1/n * (n - 1) f1 / ((n - 1) f1 + 2 f2)``; bias of a few
    thousandths in either direction.

    Examples
    --------
    >>> float(coverage([5, 5]))
    1.0
    """
    n, _, once, twice = _rare(counts, starts)
    doubled = (n - 1) * once
    share = doubled / np.where(doubled + twice > 0, doubled + 2 * twice, 1.0)
    # a single record met one state, and says nothing about any other
    share = np.where(n == 1, 1.0, share)
    return plain(1 - once / n * share)


def chao1(
    counts: ArrayLike, *, bias_corrected: bool = True, starts: ArrayLike | None = None
) -> Reading:
    """Chao1: a *lower bound* of the number of states of the law behind a sample.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    bias_corrected : bool, default True
        Use the form that is defined without states met twice and nearly unbiased for its target.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        Number of states, at least those met; NaN without records; falls under collapse.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Chao (1984): states met plus ``(n - 1)/n * f1^2 / (2 f2)``, corrected ``(n - 1)/n * f1 (f1 - 1)
    / (2 (f2 + 1))``. It equals the number of states for equal probabilities only. For heavy tails
    it lies far below and keeps growing with the sample: on a Zipf law of 500 states and 500
    records it is near 364. Never report it as the size of an open vocabulary.

    Examples
    --------
    >>> round(float(chao1([5, 3, 1, 1])), 6)
    4.9
    """
    n, met, once, twice = _rare(counts, starts)
    return plain(met + _unseen(n, once, twice, bias_corrected=bias_corrected))


def _unseen(n: Floats, once: Floats, twice: Floats, *, bias_corrected: bool) -> Floats:
    corrected = once * (once - 1) / (2 * (twice + 1))
    classic = np.where(twice > 0, once**2 / (2 * np.maximum(twice, 1)), corrected)
    return np.asarray((n - 1) / n * (corrected if bias_corrected else classic))


def chao1_variance(counts: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Variance of Chao1 in its classic form.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        In squared numbers of states; NaN where no state was met once.

    Raises
    ------
    InputError
        If a count is negative or not whole.

    Notes
    -----
    Chao (1987): ``f2 (A q^2 / 2 + A^2 q^3 + A^2 q^4 / 4)`` with ``A = (n - 1)/n`` and ``q =
    f1/f2``; without states met twice ``A f1 (f1 - 1) / 2 + A^2 f1 (2 f1 - 1)^2 / 4 - A^2 f1^4 /
    (4 S)`` with S the estimate.
    """
    n, met, once, twice = _rare(counts, starts)
    A = (n - 1) / n
    q = once / np.maximum(twice, 1)
    with_twice = twice * (A * q**2 / 2 + A**2 * q**3 + A**2 * q**4 / 4)
    S = met + _unseen(n, once, twice, bias_corrected=True)
    without = (
        A * once * (once - 1) / 2 + A**2 * once * (2 * once - 1) ** 2 / 4 - A**2 * once**4 / (4 * S)
    )
    value = np.where(twice > 0, with_twice, np.maximum(without, 0.0))
    return plain(np.where(once > 0, value, np.nan))


def chao1_interval(
    counts: ArrayLike, *, confidence: float = 0.95, starts: ArrayLike | None = None
) -> tuple[Reading, Reading]:
    """Confidence interval of the lower bound that Chao1 estimates.

    Parameters
    ----------
    counts : array_like of int, shape (..., states)
        Records in each state.
    confidence : float, default 0.95
        Share of intervals that are to cover the lower bound.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged counts: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    low : float or ndarray, shape (...)
        Number of states, never below those met; NaN where nothing speaks of unseen states.
    high : float or ndarray, shape (...)
        Likewise. The interval lies around the classic form.

    Raises
    ------
    InputError
        If a count is negative or not whole, or the confidence is not between 0 and 1.

    Notes
    -----
    Chao (1987), log-normal. It covers the true number of states as promised for equal
    probabilities, and in 47 % of samples for the Zipf law of `chao1`.
    """
    n, met, once, twice = _rare(counts, starts)
    unseen = _unseen(n, once, twice, bias_corrected=False)
    variance = np.asarray(chao1_variance(counts, starts=starts))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.exp(quantile_of(confidence) * np.sqrt(np.log1p(variance / unseen**2)))
        low, high = unseen / factor, unseen * factor
    defined = unseen > 0
    return plain(np.where(defined, met + low, np.nan)), plain(np.where(defined, met + high, np.nan))
