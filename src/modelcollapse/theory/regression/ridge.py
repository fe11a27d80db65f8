"""One ridge fit to clean outcomes, and what each generator before it adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, generator_sizes
from modelcollapse.theory.regression._fits import HOLDS, at, fit, truth
from modelcollapse.theory.regression._generators import Generators
from modelcollapse.theory.regression._spectrum import Spectrum


@dataclass(frozen=True, eq=False)
class RidgeError:
    """Expected excess squared error of a fit, by its causes.

    Attributes
    ----------
    bias : ndarray
        What would remain without noise in the outcomes.
    variance : ndarray
        What the noise adds.
    """

    bias: Values
    variance: Values

    @property
    def total(self) -> Values:
        """Sum of both."""
        return values(self.bias + self.variance)


@formula(
    kind="asymptotic",
    source="dohmatob2024regression",
    where="bias and variance of ridge regression on clean data",
    holds=HOLDS,
    corrects="dohmatob2024regression, remark after the derivative of kappa, which omits kappa^2",
)
def ridge_error(
    n: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    noise: ArrayLike,
) -> RidgeError:
    """Expected excess error of a ridge fit to clean data.

    Parameters
    ----------
    n : float or array of float
        Records of the fit, at least 1.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)``, at least 0.
    eigenvalues : array_like of shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array_like of shape (d,)
        True ones, along the eigenvectors.
    noise : float or array of float
        Standard deviation of the outcomes about their mean, at least 0.

    Returns
    -------
    RidgeError
        Bias and variance in squared units of the outcomes; `n`, `penalty` and `noise` broadcast.

    Raises
    ------
    InputError
        If a value is out of range, shapes do not match, or n is the number of eigenvalues and the
        penalty 0.

    Notes
    -----
    Squared error of the prediction for a new input, without the noise of the new outcome. Its
    relative error is about 1 / n; without a penalty `least_squares_chain_error` is exact.

    References
    ----------
    dohmatob2024regression, clean ridge regression.

    Examples
    --------
    >>> import numpy as np
    >>> j = np.arange(1, 101.0)
    >>> error = ridge_error(80, 1e-3, eigenvalues=j**-2, coefficients=j**-0.25, noise=0.3)
    >>> round(float(error.bias), 10), round(float(error.variance), 10)
    (0.0051575752, 0.027282005)
    """
    spectrum, energy = truth(eigenvalues, coefficients)
    scale = at_least_zero(noise, "noise")
    level, inflation, bias = fit(n, penalty, spectrum, energy)
    shape = np.broadcast_shapes(level.shape, scale.shape)
    return RidgeError(values(np.broadcast_to(bias, shape).copy()), values(scale**2 * inflation))


@formula(
    kind="asymptotic",
    source="dohmatob2024regression",
    where="general form of rho",
    holds=HOLDS + "; generators without penalty, and either at least d + 2 records each or the "
    "same inputs for all",
    corrects="dohmatob2024regression, which has T0 - d for T0 - d - 1 and n sigma0 rho for "
    "n sigma0^2 rho; a second display in the appendix is wrong",
)
def error_per_generation(
    n: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    generator_records: ArrayLike,
    prefactor: Literal["exact", "asymptotic"] = "exact",
) -> Values:
    """Error that each generator adds to a ridge fit, in units of the variance of its noise.

    Parameters
    ----------
    n : float or array of float
        Records of the fit, at least 1.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)``, at least 0.
    eigenvalues : array_like of shape (d,)
        Of the covariance of the inputs, above 0.
    generator_records : float or array of float
        Records that each generator was fitted to, by least squares.
    prefactor : {"exact", "asymptotic"}, default "exact"
        With at least d + 2 generator records, divide by ``T0 - d - 1``, the expectation in finite
        dimension, or by ``T0 - d`` as printed.

    Returns
    -------
    ndarray
        Dimensionless; multiply by the squared standard deviation of the generator noise. `n`,
        `penalty` and `generator_records` broadcast.

    Raises
    ------
    InputError
        If a value is out of range, the generator records are within 1 of the number of
        eigenvalues, or n is that number and the penalty 0.

    Notes
    -----
    It depends neither on the generation nor on the coefficients. With fewer generator records
    than dimensions it is right only if all generators see the same inputs; else see `chain_error`,
    which also has the bias that projections then add.

    References
    ----------
    dohmatob2024regression, rho in general; divisor derived here.

    Examples
    --------
    >>> import numpy as np
    >>> rho = error_per_generation(1000, 1e-3, eigenvalues=np.ones(300), generator_records=600)
    >>> round(float(rho), 9)
    1.000486528
    """
    if prefactor not in ("exact", "asymptotic"):
        raise InputError(
            f"prefactor must be 'exact' or 'asymptotic', got {prefactor!r}: there are two forms of "
            "the divisor. Choose one of them."
        )
    spectrum = Spectrum(eigenvalues)
    level, inflation, _ = fit(n, penalty, spectrum, spectrum.counts)
    records = generator_sizes(generator_records, 0.0, spectrum.dimension)
    k, inflation, every = np.broadcast_arrays(level, inflation, records)
    result = np.empty(k.shape)
    for count in np.unique(records):
        generators = Generators(spectrum, float(count), 0.0, same_inputs=True)
        weight = generators.kept**2 * spectrum.counts
        here = every == count
        kept, lost = at(k[here], spectrum.sums(kept=weight[None], lost=weight[None]))
        printed = prefactor == "asymptotic" and count > spectrum.dimension
        result[here] = (kept + lost * inflation[here]) / (generators.divisor + printed)
    return values(result)
