"""Ridge regression on real and synthetic records at once.

The labels of synthetic records come from coefficients that are off the true ones by a random
amount: its variance along each eigenvector of the inputs' covariance is the `defect`. Together
with the eigenvalues it makes ``c2 = sum(eigenvalues * defect)``, the error of a model that learns
the synthetic labels perfectly. Any share of such records in a growing corpus leaves an error that
more records of the same mixture cannot remove.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, probability, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import along, at_least_zero, sizes
from modelcollapse.theory.regression._checks import spectrum as checked
from modelcollapse.theory.regression._projections import projected_level
from modelcollapse.theory.regression._spectrum import Spectrum, evaluated

_HOLDS = (
    "Gaussian inputs of one law for real and synthetic records, errors of the synthetic labels' "
    "coefficients independent along eigenvectors, many records and dimensions"
)


@dataclass(frozen=True, eq=False)
class MixedError:
    """Error of a fit to real and synthetic records, in squared units of the labels.

    Parameters
    ----------
    bias : ndarray
        Error that the fit would have without noise in the labels and with perfect synthetic ones.
    variance : ndarray
        Added by the noise of the labels.
    defect : ndarray
        Added by the error of the synthetic labels' coefficients.
    """

    bias: Values
    variance: Values
    defect: Values

    @property
    def total(self) -> Values:
        """All three together."""
        return values(self.bias + self.variance + self.defect)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over eigenvectors, weighted by what a fit keeps (q^2), loses, and what is between."""

    used: Values  # records that the fit has used up
    lost: Values  # of the coefficients
    defect_kept: Values
    defect_between: Values
    defect_lost: Values


def _summed(
    eigenvalues: ArrayLike,
    coefficients: ArrayLike | None,
    defect: ArrayLike,
    n: Values,
    penalty: Values,
    width: Values,
) -> _Sums:
    """Sums at the level of each fit, of which the arguments from `n` on have the shape."""
    spectrum, lam = Spectrum(eigenvalues), checked(eigenvalues)
    truth = np.zeros_like(lam) if coefficients is None else along(coefficients, lam, "coefficients")
    shift = at_least_zero(along(defect, lam, "defect"), "defect")
    one, signal, wrong = (
        spectrum.grouped(x) for x in (np.ones_like(lam), lam * truth**2, lam * shift)
    )
    level = projected_level(spectrum, n, penalty, width)
    every, back = np.unique(level, return_inverse=True)
    sums = spectrum.sums(
        np.stack([one, wrong]), np.stack([one, signal, wrong]), np.stack([signal, wrong])
    )
    found = evaluated(sums, every)
    kept, wrong_kept, between, signal_between, wrong_between, signal_lost, wrong_lost = np.moveaxis(
        found[back.reshape(level.shape)], -1, 0
    )
    # projections mix directions: part of what lies between is lost in them
    blur = between / np.where(between > 0, width - kept, 1.0)
    return _Sums(
        used=kept + blur * between,
        lost=signal_lost + blur * signal_between,
        defect_kept=wrong_kept + blur * wrong_between,
        defect_between=(1 - blur) * wrong_between,
        defect_lost=wrong_lost + blur * wrong_between,
    )


def _width(width: ArrayLike | None) -> Values:
    return np.asarray(np.inf) if width is None else sizes(width, "width")


def _records(n_real: ArrayLike, n_synthetic: ArrayLike) -> tuple[Values, Values]:
    """Numbers of records of both kinds, at least one of them together."""
    real, synthetic = at_least_zero(n_real, "n_real"), at_least_zero(n_synthetic, "n_synthetic")
    sizes(real + synthetic, "n_real + n_synthetic")
    return real, synthetic


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="deterministic equivalent by leave-one-out",
    holds=_HOLDS,
)
def mixed_error(
    n_real: ArrayLike,
    n_synthetic: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    defect: ArrayLike,
    noise: ArrayLike,
    synthetic_noise: ArrayLike | None = None,
    width: ArrayLike | None = None,
) -> MixedError:
    """Expected error of one ridge fit to real and synthetic records.

    Parameters
    ----------
    n_real, n_synthetic : float or array of float
        Records of each kind, at least 0, and at least 1 together.
    penalty : float or array of float
        Ridge level lambda in ``(X'X / n + lambda I)`` with all n records, at least 0; with `width`
        the same for the projected inputs.
    eigenvalues : array of float, shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array of float, shape (d,)
        True coefficients along the eigenvectors.
    defect : array of float, shape (d,)
        Variance of the error of the synthetic labels' coefficients along each eigenvector, at
        least 0; `isotropic_defect` gives equal ones.
    noise : float or array of float
        Standard deviation of real labels, at least 0.
    synthetic_noise : float or array of float, optional
        The same of synthetic labels; by default that of real ones.
    width : float or array of float, optional
        Size of the model: number of random projections that the fit sees, with entries of variance
        ``1 / width``. By default, and with infinity, it sees the inputs themselves.

    Returns
    -------
    MixedError
        Three arrays; inputs broadcast.

    Raises
    ------
    InputError
        If a number is negative, shapes do not match, there are no records or the width is below 1;
        or if a fit without penalty interpolates its records just so, with infinite error.

    Notes
    -----
    Without synthetic records it is the error of clean ridge regression. Records enter through
    their number and the share of each kind; the defect part has the synthetic share squared as its
    floor, `defect_floor`, whatever the numbers. Deviations from simulations are about 1 % at d =
    100. To find how many synthetic records to add, pass an array of numbers and take the least
    total.

    References
    ----------
    dohmatob2025, classical model and random projections (the set-up); formulas derived here.

    Examples
    --------
    Two equal halves in 100 dimensions; labels of variance 1 and as large a defect.

    >>> import numpy as np
    >>> flat = np.ones(100)
    >>> error = mixed_error(150, 150, 0.0, eigenvalues=flat, coefficients=0.1 * flat,
    ...                     defect=0.01 * flat, noise=0.5)
    >>> [round(float(x), 6) for x in (error.bias, error.variance, error.defect, error.total)]
    [0.0, 0.125, 0.375, 0.5]
    """
    sigma = at_least_zero(noise, "noise")
    real, synthetic, ridge, projections, sigma, other = np.broadcast_arrays(
        *_records(n_real, n_synthetic),
        at_least_zero(penalty, "penalty"),
        _width(width),
        sigma,
        sigma if synthetic_noise is None else at_least_zero(synthetic_noise, "synthetic_noise"),
    )
    n = real + synthetic
    sums = _summed(eigenvalues, coefficients, defect, n, ridge, projections)
    left = 1 - sums.used / n
    if np.any(left < 1e-10):
        raise InputError(
            "a fit with penalty 0 has an infinite expected error where the number of records is "
            f"that of the eigenvalues, or of the width below it; n_real = {n_real!r} and "
            f"n_synthetic = {n_synthetic!r} get there. Use a penalty above 0, or leave it out."
        )
    used = 1 - left
    p, share = real / n, synthetic / n
    learnt = (share**2 * (1 - share * used) + p**2 * share * used) * sums.defect_kept
    noisy = share * used * (sums.defect_lost + 2 * p * sums.defect_between)
    return MixedError(
        values(sums.lost / left),
        values((p * sigma**2 + share * other**2) * used / left),
        values((learnt + noisy) / left),
    )


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="limit of records at a fixed share of synthetic ones",
    holds=_HOLDS + ", the records growing without limit",
)
def defect_floor(
    share: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    defect: ArrayLike,
    width: ArrayLike | None = None,
) -> Values:
    """Error by synthetic labels that no number of records removes.

    Parameters
    ----------
    share : float or array of float
        Synthetic records among all records, from 0 to 1.
    penalty : float or array of float
        Ridge level, at least 0.
    eigenvalues : array of float, shape (d,)
        Of the covariance of the inputs, above 0.
    defect : array of float, shape (d,)
        Variance of the error of the synthetic labels' coefficients along each eigenvector.
    width : float or array of float, optional
        Number of random projections that the fit sees; by default it sees the inputs themselves.

    Returns
    -------
    ndarray
        In squared units of the labels; inputs broadcast. Without penalty and width it is
        ``share^2 * sum(eigenvalues * defect)``.

    Raises
    ------
    InputError
        If a share is not between 0 and 1, a number is negative, shapes do not match or the width
        is below 1.

    Notes
    -----
    The defect part of `mixed_error` as the records grow. A fixed number of synthetic records
    among ever more real ones leaves none. One synthetic record in a thousand leaves a millionth
    of the defect, which shows only once the noise is averaged out that far. Larger models have a
    higher floor.

    References
    ----------
    dohmatob2025, strong model collapse (the claim); formula derived here.

    Examples
    --------
    >>> round(float(defect_floor(0.001, 0.0, eigenvalues=[1.0, 1.0], defect=[0.25, 0.25])), 10)
    5e-07
    """
    mixed, ridge, projections = np.broadcast_arrays(
        probability(share, "share"), at_least_zero(penalty, "penalty"), _width(width)
    )
    every = np.full(mixed.shape, np.inf)
    sums = _summed(eigenvalues, None, defect, every, ridge, projections)
    return values(mixed**2 * sums.defect_kept)


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="equal errors with and without synthetic records",
    holds=_HOLDS,
)
def tolerated_defect(
    n_real: ArrayLike,
    n_synthetic: ArrayLike,
    penalty: ArrayLike,
    *,
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    defect: ArrayLike,
    noise: ArrayLike,
    synthetic_noise: ArrayLike | None = None,
    width: ArrayLike | None = None,
) -> Values:
    """Factor on a defect at which synthetic records do neither good nor harm.

    Parameters
    ----------
    n_real, n_synthetic : float or array of float
        Records of each kind, at least 1.
    penalty : float or array of float
        Ridge level, the same with synthetic records and without.
    eigenvalues, coefficients, defect : array of float, shape (d,)
        See `mixed_error`; the defect not 0 in all directions.
    noise, synthetic_noise, width : float or array of float
        See `mixed_error`.

    Returns
    -------
    ndarray
        Above 1 where the synthetic records help as they are, below 1 where they harm; NaN where
        even perfect labels would harm, as near the number of records at which a fit interpolates.

    Raises
    ------
    InputError
        If there are no records of one kind, the defect is 0, or as in `mixed_error`.

    Notes
    -----
    The error is linear in the defect; this is where it equals that of the real records alone.

    References
    ----------
    modelcollapse, derived.

    Examples
    --------
    >>> import numpy as np
    >>> flat = np.ones(100)
    >>> round(float(tolerated_defect(150, 150, 0.0, eigenvalues=flat, coefficients=0.1 * flat,
    ...                              defect=0.01 * flat, noise=0.5)), 6)
    1.0
    """
    sizes(n_real, "n_real")
    sizes(n_synthetic, "n_synthetic")
    if not np.any(at_least_zero(defect, "defect") > 0):
        raise InputError(
            "defect must be above 0 in some direction: without one there is nothing to tolerate. "
            "Use the law of the defect that is expected, of any size."
        )
    fit = partial(
        mixed_error,
        penalty=penalty,
        eigenvalues=eigenvalues,
        coefficients=coefficients,
        defect=defect,
        noise=noise,
        width=width,
    )
    alone = fit(n_real, 0.0)
    both = fit(n_real, n_synthetic, synthetic_noise=synthetic_noise)
    room = alone.total - both.bias - both.variance
    return values(np.where(room >= 0, room, np.nan) / both.defect)
