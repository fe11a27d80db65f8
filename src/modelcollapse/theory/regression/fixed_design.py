"""Regression of more dimensions than records, or with a penalty, on mixed labels.

Each record has one label, the weighted mean of a real one and of one that the newest model gave,
both with noise of their own. Generation 0 is fitted to real labels alone.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError, suggestion
from modelcollapse.theory._arguments import Values, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, sizes
from modelcollapse.theory.regression._spectrum import Spectrum
from modelcollapse.theory.regression.ridge import RidgeError, ridge_error
from modelcollapse.theory.regression.weighting import relaxed, share, weighted_error

_HOLDS = "minimum-norm interpolation, Gaussian inputs, fewer records than dimensions"
_BLOCK = 500_000

Kept = Literal["inputs", "records", "nothing"]
_KEPT = ("inputs", "records", "nothing")


def _kept(kept: str, choices: tuple[str, ...]) -> str:
    if kept not in choices:
        raise InputError(
            f"kept = {kept!r} has no formula here: it says what all generations share, the inputs, "
            "the inputs with their real labels, or (isotropic inputs only) nothing. "
            f"{suggestion(kept, choices)}"
        )
    return kept


def _inflation(generations: ArrayLike, weight: ArrayLike, kept: str) -> Values:
    """Variance of a weighted interpolator over that of the first one, with inputs kept."""
    w = share(weight)
    if kept == "inputs":
        return weighted_error(generations, w, 1, 1)
    return relaxed(generations, 1.0, (1 - w) ** 2, 1.0)


@formula(
    kind="asymptotic",
    source="garg2025",
    where="minimum-norm interpolation; variance over generations derived",
    holds=_HOLDS + ", many of both, the same inputs in each generation",
)
def interpolator_error(
    generations: ArrayLike,
    n: ArrayLike,
    weight: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    noise: ArrayLike,
    kept: Literal["inputs", "records"] = "inputs",
) -> RidgeError:
    """Expected error of the minimum-norm interpolator of weighted labels.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real labels alone.
    n : int or array of int
        Records, fewer than dimensions.
    weight : float or array of float
        Weight of the real labels, above 0 and at most 1.
    eigenvalues : array of float, shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array of float, shape (d,)
        True coefficients along the eigenvectors.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.
    kept : {"inputs", "records"}, default "inputs"
        What all generations share: the inputs, with real labels measured anew in each of them, or
        the real labels as well.

    Returns
    -------
    RidgeError
        Bias and variance, in squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If a weight is not in (0, 1], n is not below the dimension, shapes do not match, or the
        generations share nothing: that is `isotropic_interpolator_error`.

    Notes
    -----
    Weights touch the variance only. With new labels it is multiplied by `weighted_error` for equal
    numbers of records, so that the inverse of the golden ratio is the best weight whatever the
    inputs, the noise and the dimension. With the real labels kept, it never falls below that of the
    first fit: synthetic labels do not help.

    References
    ----------
    garg2025, interpolation; variance over generations derived here.

    Examples
    --------
    >>> import numpy as np
    >>> flat = np.ones(200)
    >>> error = interpolator_error(200, 100, 2 / (1 + 5**0.5), eigenvalues=flat,
    ...                            coefficients=flat / 200**0.5, noise=1.0)
    >>> round(float(error.total), 10)
    1.1180339887
    """
    d = Spectrum(eigenvalues).dimension
    size = sizes(n)
    if np.any(size >= d):
        raise InputError(
            f"n must be below the number of eigenvalues, {d}, got {n!r}: more records than that "
            "cannot be interpolated. Use weighted_error for many more records than dimensions, or "
            "a penalty."
        )
    factor = _inflation(generations, weight, _kept(kept, _KEPT[:2]))
    first = ridge_error(size, 0.0, eigenvalues=eigenvalues, coefficients=coefficients, noise=noise)
    bias, variance = np.broadcast_arrays(first.bias, first.variance * factor)
    return RidgeError(values(bias.copy()), values(variance))


@formula(
    kind="exact",
    source="garg2025",
    where="minimum-norm interpolation; finite sizes and generations derived",
    holds=_HOLDS + " by at least 2, isotropic inputs",
)
def isotropic_interpolator_error(
    generations: ArrayLike,
    n: ArrayLike,
    weight: ArrayLike,
    *,
    dimension: ArrayLike,
    signal: ArrayLike,
    noise: ArrayLike,
    kept: Kept = "inputs",
) -> Values:
    """Expected error of the minimum-norm interpolator of weighted labels, isotropic inputs.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real labels alone.
    n : int or array of int
        Records, at least 2 fewer than dimensions.
    weight : float or array of float
        Weight of the real labels, above 0 and at most 1.
    dimension : int or array of int
        Inputs per record, of variance 1 and uncorrelated.
    signal : float or array of float
        Norm of the true coefficients, at least 0.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.
    kept : {"inputs", "records", "nothing"}, default "inputs"
        What all generations share: the inputs, with real labels measured anew in each of them, the
        real labels as well, or nothing, where each has new inputs, all with new labels of both
        kinds.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If a weight is not in (0, 1], n is above ``dimension - 2``, a size is negative or `kept` is
        misspelt.

    Notes
    -----
    Exact at any size. With new inputs, projections take turns on what is not learnt yet, so that
    the bias shrinks with a larger weight of the real labels, too.

    References
    ----------
    garg2025, interpolation; finite sizes and new inputs derived here.

    Examples
    --------
    >>> golden = 2 / (1 + 5**0.5)
    >>> risk = isotropic_interpolator_error([0, 200], 100, golden, dimension=200, signal=1.0,
    ...                                     noise=1.0)
    >>> risk.round(10)
    array([1.51010101, 1.12427676])
    """
    size, d = sizes(n), whole(dimension, "dimension")
    if np.any(size > d - 2):
        raise InputError(
            f"n must be at most dimension - 2, got {n!r} in dimension {dimension!r}: near it "
            "interpolation has an infinite expected error, and more records cannot be "
            "interpolated. Use fewer records, or weighted_error for many more."
        )
    bias = (1 - size / d) * at_least_zero(signal, "signal") ** 2
    variance = at_least_zero(noise, "noise") ** 2 * size / (d - size - 1)
    if _kept(kept, _KEPT) != "nothing":
        return values(bias + variance * _inflation(generations, weight, kept))
    w = share(weight)
    rate = (1 - w) ** 2 * size / d
    added = bias + (w**2 + (1 - w) ** 2) * variance
    return relaxed(generations, bias + variance, rate, added)


@formula(
    kind="asymptotic",
    source="garg2025",
    where="ridge regression, levels penalty / w and penalty / (2 - w); formula derived",
    holds="Gaussian inputs, many records and dimensions, the same inputs and new labels in each "
    "generation, many generations",
)
def weighted_ridge_error_limit(
    n: ArrayLike,
    penalty: ArrayLike,
    weight: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    noise: ArrayLike,
) -> RidgeError:
    """Expected error that ridge fits to weighted labels tend to.

    Parameters
    ----------
    n : float or array of float
        Records, at least 1.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)``, at least 0.
    weight : float or array of float
        Weight of the real labels, above 0 and at most 1.
    eigenvalues : array of float, shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array of float, shape (d,)
        True coefficients along the eigenvectors.
    noise : float or array of float
        Standard deviation of the labels, real and synthetic.

    Returns
    -------
    RidgeError
        Bias and variance, in squared units of the labels; inputs broadcast.

    Raises
    ------
    InputError
        If a weight is not in (0, 1], a number is negative, shapes do not match, or n is the number
        of eigenvalues and the penalty 0.

    Notes
    -----
    Synthetic labels multiply the penalty: the bias is that of a clean ridge fit at level
    ``penalty / weight``. The variance is ``(w^2 + (1 - w)^2) / (w (2 - w)) C / (n - C)``, where C
    lies between the second-order degrees of freedom at ``penalty / w`` and ``penalty / (2 - w)``:
    the sum of products of what the two fits keep of each direction.

    References
    ----------
    garg2025, ridge regression; formula derived here.

    Examples
    --------
    >>> import numpy as np
    >>> j = np.arange(1, 151.0)
    >>> error = weighted_ridge_error_limit(100, 0.05, 0.5, eigenvalues=1 / j,
    ...                                    coefficients=j**-0.25, noise=0.5)
    >>> round(float(error.total), 7)
    0.4529062
    """
    size, ridge, w = np.broadcast_arrays(sizes(n), at_least_zero(penalty, "penalty"), share(weight))
    clean = ridge_error(
        size, ridge / w, eigenvalues=eigenvalues, coefficients=coefficients, noise=noise
    )
    spectrum = Spectrum(eigenvalues)
    both = _product(
        spectrum, spectrum.level(size, ridge / w), spectrum.level(size, ridge / (2 - w))
    )
    factor = (w**2 + (1 - w) ** 2) / (w * (2 - w))
    variance = at_least_zero(noise, "noise") ** 2 * factor * both / (size - both)
    return RidgeError(clean.bias, values(variance))


def _product(spectrum: Spectrum, first: Values, second: Values) -> Values:
    """Sum over eigenvectors of what a fit at one level keeps, times the same at another."""
    result = np.empty(first.size)
    step = max(1, _BLOCK // spectrum.values.size)
    levels = np.stack([first.ravel(), second.ravel()], axis=1)
    for begin in range(0, first.size, step):
        a, b = levels[begin : begin + step].T
        kept = spectrum.values / (spectrum.values + a[:, None])
        kept *= spectrum.values / (spectrum.values + b[:, None])
        result[begin : begin + step] = kept @ spectrum.counts
    return values(result.reshape(first.shape))


@formula(
    kind="asymptotic",
    source="garg2025",
    where="ridge regression, optimal weight; found numerically",
    holds="as weighted_ridge_error_limit",
)
def optimal_ridge_weight(
    n: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    noise: ArrayLike,
) -> Values:
    """Weight of the real labels with which ridge fits end with the least error.

    Parameters
    ----------
    n : float or array of float
        Records, at least 1.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)``, at least 0.
    eigenvalues : array of float, shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array of float, shape (d,)
        True coefficients along the eigenvectors.
    noise : float or array of float
        Standard deviation of the labels, above 0 or with coefficients that are not all 0.

    Returns
    -------
    ndarray
        Above 0 and at most 1, to 6 digits; inputs broadcast.

    Raises
    ------
    InputError
        See `weighted_ridge_error_limit`.

    Notes
    -----
    At least 1/2 wherever it has been looked for, near the inverse of the golden ratio for a small
    penalty, and towards 1 the stronger the signal is, since real labels do not shrink.

    References
    ----------
    garg2025, optimal mixing ratio.

    Examples
    --------
    >>> import numpy as np
    >>> flat = np.ones(300)
    >>> round(float(optimal_ridge_weight(200, 0.1, eigenvalues=flat, coefficients=flat / 300**0.5,
    ...                                  noise=1.0)), 3)
    0.594
    """

    def error(weight: Values) -> Values:
        return weighted_ridge_error_limit(
            n, penalty, weight, eigenvalues=eigenvalues, coefficients=coefficients, noise=noise
        ).total

    shape = np.broadcast_shapes(np.shape(n), np.shape(penalty), np.shape(noise))
    grid = np.linspace(0, 1, 41)[1:]
    best = np.stack([np.broadcast_to(error(np.asarray(w)), shape) for w in grid]).argmin(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, grid.size - 1)]
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(32):
        left, right = high - golden * (high - low), low + golden * (high - low)
        lower = error(left) < error(right)
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    return values((low + high) / 2)
