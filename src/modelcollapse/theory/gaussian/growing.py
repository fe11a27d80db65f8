"""Replacement with another number of records at each generation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, records, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.gaussian.typical import log_variance_drift


@formula(
    kind="exact",
    source="muirhead1982",
    where="theorem 3.2.1",
    holds="records are independent Gaussian, replaced each generation, one dimension",
)
def growing_log_variance(sizes: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected logarithm of the fitted variance when each generation has its own size.

    Parameters
    ----------
    sizes : array of int, shape (..., generations)
        Records that generation t is fitted to, at least 2 and more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray, shape (..., generations)
        Expected log ratio to the true variance, in nats, at each generation.

    Raises
    ------
    InputError
        If a size is too small.

    Notes
    -----
    Sum of the drifts of each size. It converges, so that collapse is averted, exactly if the sum
    of ``1 / n`` does: sizes must grow faster than linearly.

    References
    ----------
    muirhead1982, theorem 3.2.1, once per generation; criterion derived here.
    """
    return values(np.cumsum(np.atleast_1d(log_variance_drift(sizes, ddof=ddof)), axis=-1))


@formula(
    kind="exact",
    source="shumailov2024",
    where="theorem 3.1, proof",
    holds="records are independent, replaced each generation",
)
def growing_mean_error(sizes: ArrayLike, *, ddof: int = 0) -> Values:
    """Expected squared error of the fitted mean when each generation has its own size.

    Parameters
    ----------
    sizes : array of int, shape (..., generations)
        Records that generation t is fitted to, more than `ddof`.
    ddof : int, default 0
        The variance divides by ``n - ddof``.

    Returns
    -------
    ndarray, shape (..., generations)
        In units of the true variance, at each generation.

    Raises
    ------
    InputError
        If a size is too small.

    Notes
    -----
    With ``ddof=1`` the sum of ``1 / n``; with other divisors each term carries the expected
    variance of the generation that wrote the records. Exact.

    References
    ----------
    shumailov2024, theorem 3.1 (the sum of 1 / n).
    """
    size = np.atleast_1d(records(sizes, ddof=ddof, name="sizes"))
    shrink = np.cumprod((size - 1) / (size - ddof), axis=-1)
    before = np.concatenate([np.ones_like(size[..., :1]), shrink[..., :-1]], axis=-1)
    return values(np.cumsum(before / size, axis=-1))
