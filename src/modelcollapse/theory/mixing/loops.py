"""A fixed number of real records in each generation: new ones, or the same ones again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, divisor, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow
from modelcollapse.theory.mixing._moments import Moments

_FRESH = "Gaussian truth, new real records each generation plus synthetic ones"
_FIXED = (
    "Gaussian truth, each generation sees records of one real sample, all or a new random choice, "
    "plus new synthetic ones"
)

Step = Callable[[int, State], State]


def _loop(
    real: ArrayLike,
    synthetic: ArrayLike,
    bias: ArrayLike,
    ddof: int,
    original: ArrayLike | None,
    *,
    fresh: bool,
) -> tuple[Values, Step]:
    """Number of original real records, broadcast, and the step of (mean error, variance)."""
    kept = records(real, ddof=divisor(ddof), name="real")
    written = records(synthetic, name="synthetic")
    source = kept if original is None else records(original, ddof=1, name="original")
    if np.any(source < kept):
        raise InputError(
            f"original must be at least real = {real!r}, got {original!r}: the real records of a "
            "generation are chosen among the original ones. Ask for fewer, or have more."
        )
    spread = np.asarray(bias, dtype=np.float64)
    if not np.all((spread >= 0) & (spread <= 1)):
        raise InputError(
            f"bias must lie between 0 and 1, got {bias!r}: it scales the variance that the model "
            "samples with, 1 for unbiased samples and 0 for modes. Choose it in that range."
        )
    kept, written, spread, source = np.broadcast_arrays(kept, written, spread, source)
    total = kept + written
    own = 1 / kept if fresh else 1 / kept - 1 / source  # of the real mean, squared

    def step(_: int, state: State) -> State:
        error, variance = state
        drawn = spread * variance
        apart = error + drawn / written  # of the synthetic mean, squared
        inside = (kept - 1) + (written - 1) * drawn
        between = kept * written / total * (apart + own)
        pooled = (written / total) ** 2 * apart + (kept / total) ** 2 * own
        return pooled, (inside + between) / (total - ddof)

    return source, step


def _fixed_point(step: Step, shape: tuple[int, ...]) -> Moments:
    """Solve x = A x + c, with A and c read off the step at three states."""
    zero, one = np.zeros(shape), np.ones(shape)
    constant = step(0, (zero, zero))
    by_error = [x - c for x, c in zip(step(0, (one, zero)), constant, strict=True)]
    by_variance = [x - c for x, c in zip(step(0, (zero, one)), constant, strict=True)]
    determinant = (1 - by_error[0]) * (1 - by_variance[1]) - by_variance[0] * by_error[1]
    error = (constant[0] * (1 - by_variance[1]) + by_variance[0] * constant[1]) / determinant
    variance = (constant[1] * (1 - by_error[0]) + by_error[1] * constant[0]) / determinant
    return Moments(values(error), values(variance))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_FRESH)
def fresh_loop(
    generations: ArrayLike,
    real: ArrayLike,
    synthetic: ArrayLike,
    *,
    initial: ArrayLike | None = None,
    bias: ArrayLike = 1.0,
    ddof: int = 0,
) -> Moments:
    """Moments of the fitted model when each generation sees new real records.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real records alone.
    real, synthetic : int or array of int
        New real records and records of the newest model, each generation.
    initial : int or array of int, optional
        Records of generation 0, more than `ddof`. By default as many as `real`.
    bias : float or array of float, default 1
        Factor on the variance that the model samples with: 1 unbiased, 0 modes only.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    Moments
        Two arrays; inputs broadcast.

    Raises
    ------
    InputError
        If a count is too small, the bias is outside 0 to 1 or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact.

    References
    ----------
    alemohammad2024, section 5 (the loop and the bias); value derived here.
    """
    kept, step = _loop(real, synthetic, bias, ddof, None, fresh=True)
    first = kept if initial is None else records(initial, ddof=ddof, name="initial")
    first = first + np.zeros_like(kept)
    return Moments(*follow(generations, (1 / first, (first - 1) / (first - ddof)), step))


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_FRESH)
def fresh_loop_limit(
    real: ArrayLike, synthetic: ArrayLike, *, bias: ArrayLike = 1.0, ddof: int = 0
) -> Moments:
    """Moments that the models tend to when each generation sees new real records.

    Parameters
    ----------
    real, synthetic : int or array of int
        New real records and records of the newest model, each generation.
    bias : float or array of float, default 1
        Factor on the variance that the model samples with: 1 unbiased, 0 modes only.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    Moments
        Two arrays; inputs broadcast. They do not depend on the initial number of records.

    Raises
    ------
    InputError
        If a count is too small, the bias is outside 0 to 1 or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact. The inverse of the mean error is the number of real records that would do as well:
    unbiased synthetic data always help, by a factor of about 2 at most; biased ones cost
    variance.

    References
    ----------
    alemohammad2024, section 5.2 (independence of the start; effective sample size); value derived
    here.

    Examples
    --------
    >>> limit = fresh_loop_limit(30, 70, ddof=1)
    >>> round(float(limit.mean_error), 10), round(float(limit.variance), 10)
    (0.0198, 1.014)
    """
    kept, step = _loop(real, synthetic, bias, ddof, None, fresh=True)
    return _fixed_point(step, kept.shape)


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_FIXED)
def fixed_real_loop(
    generations: ArrayLike,
    real: ArrayLike,
    synthetic: ArrayLike,
    *,
    original: ArrayLike | None = None,
    bias: ArrayLike = 1.0,
    ddof: int = 0,
) -> Moments:
    """Moments of the fitted model, relative to one real sample that every generation sees.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to all original real records.
    real, synthetic : int or array of int
        Real records and records of the newest model in each generation.
    original : int or array of int, optional
        Real records there are, at least 2; each generation sees `real` of them, chosen anew
        without replacement. By default as many as `real`: all of them, each time.
    bias : float or array of float, default 1
        Factor on the variance that the model samples with: 1 unbiased, 0 modes only.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    Moments
        Expected squared distance of the mean from that of the original records, and expected
        variance, both over the unbiased variance of the original records. Averaged over real
        samples the variance is the same ratio to the true one, and the squared error of the mean
        against the truth is ``mean_error + 1 / original``.

    Raises
    ------
    InputError
        If a count is too small, there are fewer original records than a generation sees, the
        bias is outside 0 to 1 or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact. With many original records it approaches `fresh_loop`.

    References
    ----------
    alemohammad2024, section 4 (the loop); value derived here.
    """
    source, step = _real_sample_loop(real, synthetic, original, bias, ddof)
    start = (np.zeros_like(source), (source - 1) / (source - ddof))
    return Moments(*follow(generations, start, step))


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_FIXED)
def fixed_real_loop_limit(
    real: ArrayLike,
    synthetic: ArrayLike,
    *,
    original: ArrayLike | None = None,
    bias: ArrayLike = 1.0,
    ddof: int = 0,
) -> Moments:
    """Moments that the models tend to when one real sample stays in.

    Parameters
    ----------
    real, synthetic : int or array of int
        Real records and records of the newest model in each generation.
    original : int or array of int, optional
        Real records there are, at least 2; each generation sees `real` of them, chosen anew
        without replacement. By default as many as `real`: all of them, each time.
    bias : float or array of float, default 1
        Factor on the variance that the model samples with: 1 unbiased, 0 modes only.
    ddof : {0, 1}, default 0
        The variance divides by the number of records minus `ddof`.

    Returns
    -------
    Moments
        As in `fixed_real_loop`; inputs broadcast.

    Raises
    ------
    InputError
        If a count is too small, there are fewer original records than a generation sees, the
        bias is outside 0 to 1 or `ddof` is neither 0 nor 1.

    Notes
    -----
    Exact, and finite for every bias: in this family fixed real data do not merely delay
    degradation, as reported for image generators, they stop it.

    References
    ----------
    alemohammad2024, section 4 (the loop); value derived here.
    """
    source, step = _real_sample_loop(real, synthetic, original, bias, ddof)
    return _fixed_point(step, source.shape)


def _real_sample_loop(
    real: ArrayLike,
    synthetic: ArrayLike,
    original: ArrayLike | None,
    bias: ArrayLike,
    ddof: int,
) -> tuple[Values, Step]:
    if original is None:
        records(real, ddof=1, name="real")  # one record has no variance to compare with
    return _loop(real, synthetic, bias, ddof, original, fresh=False)
