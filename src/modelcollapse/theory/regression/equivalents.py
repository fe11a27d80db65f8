"""The level at which a random fit acts like a fixed one, and its degrees of freedom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, sizes
from modelcollapse.theory.regression._spectrum import Spectrum, evaluated, isotropic_level

_HOLDS = "Gaussian inputs, many records and dimensions"


@formula(
    kind="asymptotic",
    source="dohmatob2024regression",
    where="fixed point of the deterministic equivalent",
    holds=_HOLDS,
)
def effective_penalty(n: ArrayLike, penalty: ArrayLike, eigenvalues: ArrayLike) -> Values:
    """Penalty with which infinitely many records shrink coefficients as n records do.

    Parameters
    ----------
    n : float or array of float
        Records of the fit, at least 1; infinity gives the penalty itself.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)``, at least 0, in units of the eigenvalues. A
        penalty that is added to ``X'X`` is n times as large.
    eigenvalues : array_like of shape (d,)
        Of the covariance of the inputs, above 0.

    Returns
    -------
    ndarray
        Level kappa, in units of the eigenvalues; `n` and `penalty` broadcast.

    Raises
    ------
    InputError
        If n is below 1, a penalty negative or an eigenvalue not positive and finite.

    Notes
    -----
    Root of ``kappa - penalty = kappa * df_1(kappa) / n``. Without a penalty it is 0 from d records
    on, and below that the level at which ``df_1`` is n. Relative accuracy about 1e-13. A penalty
    below 1e-14 times the mean eigenvalue counts as 0.

    References
    ----------
    dohmatob2024regression, preliminaries.

    Examples
    --------
    >>> import numpy as np
    >>> level = effective_penalty(80, 1e-3, np.arange(1, 101.0) ** -2)
    >>> round(float(level), 10)
    0.0016699403
    """
    return values(Spectrum(eigenvalues).level(sizes(n), at_least_zero(penalty, "penalty")))


@formula(
    kind="asymptotic",
    source="dohmatob2024regression",
    where="fixed point of the deterministic equivalent, isotropic inputs",
    holds=_HOLDS + ", inputs uncorrelated and of variance 1",
)
def isotropic_effective_penalty(n: ArrayLike, penalty: ArrayLike, dimension: ArrayLike) -> Values:
    """`effective_penalty` for uncorrelated inputs of variance 1, in closed form.

    Parameters
    ----------
    n : float or array of float
        Records of the fit, at least 1.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)``, at least 0.
    dimension : int or array of int
        Number of inputs.

    Returns
    -------
    ndarray
        Level kappa; inputs broadcast.

    Raises
    ------
    InputError
        If n is below 1, a penalty negative or a dimension not a whole number.

    Notes
    -----
    Positive root of ``kappa ** 2 - (penalty + d / n - 1) * kappa - penalty``.

    References
    ----------
    dohmatob2024regression, isotropic case.

    Examples
    --------
    >>> round(float(isotropic_effective_penalty(150, 0.1, 100)), 10)
    0.2203958069
    """
    ridge = at_least_zero(penalty, "penalty")
    return values(isotropic_level(sizes(n), ridge, whole(dimension, "dimension"), 1.0))


@formula(
    kind="exact",
    source="dohmatob2024regression",
    where="definition of the degrees of freedom",
    holds="a definition",
)
def degrees_of_freedom(level: ArrayLike, eigenvalues: ArrayLike, order: int = 1) -> Values:
    """Effective number of directions that a fit at a level resolves.

    Parameters
    ----------
    level : float or array of float
        Effective penalty kappa, at least 0, in units of the eigenvalues.
    eigenvalues : array_like of shape (d,)
        Of the covariance of the inputs, above 0.
    order : int, default 1
        Power of the share of each direction that the fit keeps.

    Returns
    -------
    ndarray
        Sum of ``(eigenvalue / (eigenvalue + level)) ** order``, between 0 and d; shape of `level`.

    Raises
    ------
    InputError
        If a level is negative, an eigenvalue not positive and finite or the order below 1.

    Notes
    -----
    By definition. The order 2 over the number of records is how much a fit inflates the noise.

    References
    ----------
    dohmatob2024regression, preliminaries.

    Examples
    --------
    >>> degrees_of_freedom([0.0, 1.0], [1.0, 3.0]).tolist()
    [2.0, 1.25]
    """
    spectrum, k = Spectrum(eigenvalues), at_least_zero(level, "level")
    if order < 1 or order != int(order):
        raise InputError(
            f"order must be a whole number, at least 1, got {order!r}: it is the power of a share. "
            "Use 1 or 2."
        )

    def sums(at: Values) -> Values:
        shares = spectrum.values / (spectrum.values + at[:, None])
        return np.asarray(shares**order @ spectrum.counts[:, None])

    every, back = np.unique(k, return_inverse=True)
    return values(evaluated(sums, every)[back.reshape(k.shape), 0])
