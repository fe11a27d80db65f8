"""A chain of generators, each fitted to what the one before wrote, and a ridge fit at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero
from modelcollapse.theory.regression._fits import HOLDS, checked, fit, truth
from modelcollapse.theory.regression._generators import added, every_generator, every_step
from modelcollapse.theory.regression._spectrum import evaluated
from modelcollapse.theory.regression.ridge import RidgeError


@dataclass(frozen=True, eq=False)
class ChainError:
    """Expected excess squared error of a fit at the end of a chain, by its causes.

    Attributes
    ----------
    bias, variance : ndarray
        Of the same fit to clean data: without its noise, and what its noise adds.
    added_bias : ndarray
        What the generators add even without noise; 0 where each recovers its coefficients, and
        possibly negative where errors of generators and of the fit partly cancel.
    added_variance : ndarray
        What the noise of the generators adds.
    """

    bias: Values
    variance: Values
    added_bias: Values
    added_variance: Values

    @property
    def clean(self) -> Values:
        """Error of the same fit to clean data."""
        return values(self.bias + self.variance)

    @property
    def total(self) -> Values:
        """Sum of all parts."""
        return values(self.clean + self.added_bias + self.added_variance)


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="recursion of the first two moments of each coefficient",
    holds=HOLDS + "; generators without penalty, or with one and new inputs each",
    corrects="dohmatob2024regression, whose lower bound on the bias of over-parametrised "
    "generators fails for anisotropic inputs",
)
def chain_error(
    generations: ArrayLike,
    n: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    noise: ArrayLike,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    generator_penalty: ArrayLike = 0.0,
    same_inputs: bool = False,
) -> ChainError:
    """Expected excess error of a ridge fit to outcomes that a chain of fits wrote.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the fit; 0 is a fit to real data.
    n : float or array of float
        Records of the fit, at least 1.
    penalty : float or array of float
        Ridge level lambda of the fit in ``(X'X / n + lambda I)``, at least 0.
    eigenvalues : array_like of shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array_like of shape (d,)
        True ones, along the eigenvectors.
    noise : float or array of float
        Standard deviation of the outcomes that the fit sees, at least 0.
    generator_records : float or array of float
        Records that each generator was fitted to; any number, but not within 1 of d without a
        penalty.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.
    generator_penalty : float or array of float, default 0
        Ridge level of the generators. Without one they are least squares, and with fewer records
        than dimensions those of the smallest norm.
    same_inputs : bool, default False
        All generators see the same inputs with new noise, instead of new inputs each.

    Returns
    -------
    ChainError
        Parts in squared units of the outcomes; numbers broadcast.

    Raises
    ------
    InputError
        If a value is out of range, shapes do not match, generator records are within 1 of d
        without a penalty, n is d and the penalty 0, or generators with a penalty share inputs.

    Notes
    -----
    The truth for the error is that of the real data, and noise of a new outcome is not counted.
    With at least d + 2 records and no penalty, generators add ``generator_noise ** 2`` times
    `error_per_generation` each, with the divisor ``T0 - d - 1``. Otherwise they also forget
    coefficients, and noise saturates, since later generators forget it too. Relative errors are
    about 1 / n and 1 / T0: up to 2 % with 100 records, 6 % with 20.

    References
    ----------
    dohmatob2024regression (the chain, and the case of at least d + 2 records); the recursion, and
    generators with a penalty, derived here.

    Examples
    --------
    >>> import numpy as np
    >>> j = np.arange(1, 301.0)
    >>> error = chain_error(
    ...     4, 500, 0.01, eigenvalues=1 / j, coefficients=j**-0.25, noise=0.1,
    ...     generator_records=100, generator_noise=0.3, same_inputs=True,
    ... )
    >>> round(float(error.total), 7)
    0.3942753
    """
    spectrum, energy = truth(eigenvalues, coefficients)
    scale = at_least_zero(noise, "noise")
    level, inflation, clean = fit(n, penalty, spectrum, energy)
    lineage = checked(generations, generator_records, generator_penalty, generator_noise, spectrum)
    levels = np.arange(level.size).reshape(level.shape)
    arrays = np.broadcast_arrays(*lineage, levels, clean, scale**2 * inflation)
    shape = arrays[0].shape
    t, records, ridge, written, which, bias, variance = (array.ravel() for array in arrays)
    every, inflation = level.ravel(), inflation.ravel()
    forgotten, noisy = np.zeros(t.size), np.zeros(t.size)
    for generators, here in every_generator(spectrum, records, ridge, same_inputs=same_inputs):
        for steps in every_step(spectrum, energy, generators, t[here]):
            at = here[steps.where]
            needed, rows = np.unique(which[at], return_inverse=True)
            sums = evaluated(steps.sums, every[needed])
            parts = (sums[rows, steps.step + steps.count * part] for part in range(5))
            forgotten[at], noisy[at] = added(parts, inflation[which[at]])
        noisy[here] *= generators.repeats(t[here]) * written[here] ** 2
    every_part = (bias.copy(), variance.copy(), forgotten, noisy)
    return ChainError(*(values(part.reshape(shape)) for part in every_part))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="recursion of the first two moments of each coefficient",
    holds=HOLDS + "; exact without penalty with at least d + 2 records",
)
def generator_error(
    generations: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    generator_penalty: ArrayLike = 0.0,
    same_inputs: bool = False,
) -> RidgeError:
    """Expected excess error of the model of each generation, all fitted in the same way.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data, and each later one to outcomes that
        the one before wrote.
    eigenvalues : array_like of shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array_like of shape (d,)
        True ones, along the eigenvectors.
    generator_records : float or array of float
        Records of each fit, real and written alike; not within 1 of d without a penalty.
    generator_noise : float or array of float
        Standard deviation of all outcomes, real and written alike, at least 0.
    generator_penalty : float or array of float, default 0
        Ridge level lambda of each fit.
    same_inputs : bool, default False
        All fits see the same inputs with new noise, instead of new inputs each.

    Returns
    -------
    RidgeError
        Bias, which is what would remain without noise, and variance; numbers broadcast.

    Raises
    ------
    InputError
        As in `chain_error`.

    Notes
    -----
    With at least d + 2 records and no penalty exactly
    ``(generations + 1) * generator_noise ** 2 * d / (T0 - d - 1)``. With new inputs it is
    `chain_error` of a last fit with the records, noise and penalty of the generators.

    References
    ----------
    dohmatob2024regression (the chain); the recursion derived here.

    Examples
    --------
    >>> error = generator_error(
    ...     [0, 9], eigenvalues=[1.0, 0.5], coefficients=[1.0, 1.0], generator_records=23,
    ...     generator_noise=1.0,
    ... )
    >>> error.total.tolist()
    [0.1, 1.0]
    """
    spectrum, energy = truth(eigenvalues, coefficients)
    lineage = checked(generations, generator_records, generator_penalty, generator_noise, spectrum)
    arrays = np.broadcast_arrays(*lineage)
    t, records, ridge, written = (array.ravel() for array in arrays)
    bias, variance = np.zeros(t.size), np.zeros(t.size)
    for generators, here in every_generator(spectrum, records, ridge, same_inputs=same_inputs):
        fits = t[here] + 1
        wanted = generators.steps(fits).astype(np.int64)
        totals = np.array(
            [
                (energy @ lost**2 + spread.sum(), noise.sum())
                for lost, spread, noise in generators.states(energy, int(wanted.max()))
            ]
        )
        bias[here], variance[here] = totals[wanted].T
        variance[here] *= generators.repeats(fits) * written[here] ** 2
    return RidgeError(*(values(part.reshape(arrays[0].shape)) for part in (bias, variance)))
