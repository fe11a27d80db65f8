"""How many generations of pure resampling would lose as much variety.

Fitting categories to a sample and sampling from the fit is neutral drift: it multiplies the
expected heterozygosity by ``1 - 1/n`` in each generation, whatever the law. That turns a loss into
a number of generations.
"""

from __future__ import annotations

import math

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, quantile_of
from modelcollapse.metrics._estimates import (
    Counts,
    Side,
    Spread,
    generations_between,
    pooled,
    sides,
    spread_of,
    tail,
    undefined,
)
from modelcollapse.metrics.diversity import unbiased_heterozygosity
from modelcollapse.metrics.signal import Signal


def effective_generations(
    counts: Counts,
    reference_counts: Counts,
    *,
    size: int | None = None,
    confidence: float = 0.95,
) -> Signal:
    """Generations of pure resampling that would have cost as much heterozygosity.

    Parameters
    ----------
    counts : array_like of int, shape (states,), or GroupedCounts
        New records in each state.
    reference_counts : array_like of int, shape (states,), or GroupedCounts
        Real records in each state.
    size : int, optional
        Records of each generation; default the number of new records.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        Number of generations, 0 expected; grows under collapse, negative where the new records
        are more diverse, infinite where they are all of one state, NaN where the real ones are.
        `error` is that of estimation. The interval is for the number of generations of a chain
        and also counts the randomness of drift itself, which far exceeds it after many.

    Raises
    ------
    InputError
        If a side holds fewer than two records, the states differ, or the size is below 2.

    Notes
    -----
    Ewens (2004): ``log(H_new / H_reference) / log(1 - 1/size)`` with unbiased heterozygosities;
    nearly unbiased, noisy. Error by the delta method from a jackknife over records or groups. A
    generation adds the variance of one sample of its size, ``4 (sum p^3 - (sum p^2)^2) / size``,
    taken as the mean of both sides; the interval inverts ``(estimate - g)^2 = z^2 (error^2 +
    g drift)``. Drift that was not neutral has no number of generations: compare the orders of
    `modelcollapse.metrics.matched_diversity.hill_profile`.

    Examples
    --------
    >>> round(effective_generations([45, 12, 3, 0, 0, 0], [50, 30, 12, 5, 2, 1]).value, 2)
    28.55
    """
    new, reference = sides(counts, reference_counts)
    size = new.n if size is None else size
    if not size >= 2:
        raise InputError(
            f"size must be at least 2, got {size!r}: with one record a single generation loses "
            "everything. Give the records of a generation."
        )
    z = quantile_of(confidence)
    H, H0 = (float(unbiased_heterozygosity(part.counts)) for part in (new, reference))
    step = math.log1p(-1 / size)
    if not H0 > 0:
        return undefined("grows", (new.n, reference.n))
    if not H > 0:
        return _all_alike(new, reference, H0, step, confidence)
    spread = pooled(_relative_spread(new, H), _relative_spread(reference, H0))
    value, error = math.log(H / H0) / step, spread.variance**0.5 / -step
    drift = (_per_generation(new, H) + _per_generation(reference, H0)) / 2 / size / step**2
    low, high = generations_between(value, z * error, z * z * drift)
    p = tail(value / error, spread.freedom, "grows") if error > 0 else math.nan
    return Signal(value, 0.0, error, low, high, p, "grows", new.n, reference.n)


def _relative_spread(part: Side, H: float) -> Spread:
    """Variance of the logarithm of the heterozygosity."""

    def changes() -> Floats:
        # pairs that agree and leave with a record
        return (part.counts - 1.0) / ((part.n - 1.0) * max(part.n - 2.0, 1.0)) * 2 / H

    return spread_of(part, lambda left: float(unbiased_heterozygosity(left)) / H, changes)


def _per_generation(part: Side, H: float) -> float:
    """Relative variance of the heterozygosity after one generation, times its records."""
    p = part.counts / part.n
    return max(4 * float((p**3).sum() - (p**2).sum() ** 2), 0.0) / H**2


def _all_alike(new: Side, reference: Side, H0: float, step: float, confidence: float) -> Signal:
    """Nothing is left to lose: only a lower end is known."""
    commonest = (1 - confidence) ** (1 / new.n)
    share = reference.counts / reference.n
    return Signal(
        math.inf, 0.0, math.nan, max(math.log((1 - commonest**2) / H0) / step, 0.0), math.inf,
        float((share**new.n).sum()), "grows", new.n, reference.n,
    )  # fmt: skip
