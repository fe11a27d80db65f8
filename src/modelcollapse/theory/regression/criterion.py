"""What outcomes that earlier fits wrote can tell about the error against the truth.

The coefficients behind such outcomes have drifted away from the true ones. Cross-validation on them
measures the distance to where they are, not to where they were. The two differ by an amount that
needs neither the truth nor the spectrum of the inputs, only how far the coefficients drifted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, positive, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.regression._checks import at_least_zero, sizes

_HOLDS = "Gaussian inputs, generators by least squares with at least d + 2 records"


@formula(
    kind="exact",
    source="modelcollapse",
    where="expected inverse of a Wishart matrix",
    holds=_HOLDS + ", or d + 3 with an intercept",
)
def drift_variance(
    generations: ArrayLike,
    *,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    generator_noise: ArrayLike,
    intercept: bool = False,
) -> Values:
    """Variance that generators give a coefficient of an input of variance 1.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the outcomes; 0 is real outcomes.
    dimension : int or array of int
        Number d of inputs.
    generator_records : float or array of float
        Records that each generator was fitted to, at least d + 2, or d + 3 with an intercept.
    generator_noise : float or array of float
        Standard deviation of the outcomes that the generators see, at least 0.
    intercept : bool, default False
        The generators fit an intercept too, which costs them one record.

    Returns
    -------
    ndarray
        ``generations * generator_noise ** 2 / (T0 - d - 1)``, in squared units of the outcomes. The
        covariance of the drift of all coefficients is this times the inverse covariance of the
        inputs. Arguments broadcast.

    Raises
    ------
    InputError
        If generations are not whole, a noise is negative or the generator records are too few.

    Notes
    -----
    The same for new inputs in each generation and for the same in all. Generators with fewer
    records or a penalty also forget coefficients: see `chain_error`.

    References
    ----------
    dohmatob2024regression (the chain); exact divisor derived here.

    Examples
    --------
    >>> float(drift_variance(10, dimension=60, generator_records=161, generator_noise=0.5))
    0.025
    """
    t, d = whole(generations, "generations", least=0), whole(dimension, "dimension")
    room = sizes(generator_records, "generator_records") - intercept - d - 1
    if np.any(room < 1):
        least = f"dimension + {3 if intercept else 2}"
        raise InputError(
            f"generator_records must be at least {least}, got {generator_records!r} in dimension "
            f"{dimension!r}: the expected error of least squares is infinite for one record less, "
            "and with fewer than dimensions generators forget coefficients too, which outcomes do "
            "not show. Use real records to judge by, or chain_error for a known law."
        )
    return values(t * at_least_zero(generator_noise, "generator_noise") ** 2 / room)


@formula(
    kind="exact",
    source="modelcollapse",
    where="covariance of the drift with the fit",
    holds=_HOLDS + "; fits linear in outcomes, to other records than the last generator's",
)
def error_against_truth(
    label_error: ArrayLike, degrees: ArrayLike, *, dimension: ArrayLike, drift: ArrayLike
) -> Values:
    """Expected error of a linear fit against the truth, from that against what wrote its outcomes.

    Parameters
    ----------
    label_error : float or array of float
        Expected squared error of the prediction for a new input against the function behind the
        outcomes, as cross-validation estimates it less the noise.
    degrees : float or array of float
        Expected trace of the hat matrix, which takes outcomes to fitted values; 0 to `dimension`.
    dimension : int or array of int
        Number d of inputs.
    drift : float or array of float
        Variance of the drift, `drift_variance`, in squared units of the outcomes.

    Returns
    -------
    ndarray
        ``label_error + drift * (2 * degrees - dimension)`` in squared units; arguments broadcast.

    Raises
    ------
    InputError
        If an error, a number of degrees or a drift is negative, or a dimension not whole.

    Notes
    -----
    A fit that reproduces its outcomes, with ``degrees = dimension``, is further from the truth by
    the whole drift; one that ignores them, with 0 degrees, is nearer to it. So cross-validation
    plus ``2 * drift * degrees`` ranks penalties by the error against the truth: the penalty on
    degrees of Mallows for the noise, once more for the drift. Exact for every design of the fit,
    since inputs of the fit and drift are independent and the drift has mean 0.

    References
    ----------
    modelcollapse, derived.

    Examples
    --------
    Here neither the fit that ignores its outcomes is best, nor the one that reproduces them.

    >>> kept = [0.0, 30.0, 60.0]
    >>> error_against_truth([2.5, 0.6, 0.1], kept, dimension=60, drift=0.025).round(6).tolist()
    [1.0, 0.6, 1.6]
    """
    kept = at_least_zero(degrees, "degrees")
    away = at_least_zero(drift, "drift") * (2 * kept - whole(dimension, "dimension"))
    return values(at_least_zero(label_error, "label_error") + away)


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="inverse variances",
    holds=_HOLDS + "; least squares on many records per dimension",
)
def synthetic_record_weight(
    generations: ArrayLike,
    n_synthetic: ArrayLike,
    *,
    dimension: ArrayLike,
    generator_records: ArrayLike,
    noise: ArrayLike,
    generator_noise: ArrayLike | None = None,
) -> Values:
    """Weight of a synthetic record beside real ones that gives least squares the least error.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0: generators between the truth and the synthetic outcomes; 0 is real ones.
    n_synthetic : float or array of float
        Synthetic records in the fit, at least 1.
    dimension : int or array of int
        Number d of inputs.
    generator_records : float or array of float
        Records that each generator was fitted to, at least d + 2.
    noise : float or array of float
        Standard deviation of the outcomes in the fit, real and synthetic, above 0.
    generator_noise : float or array of float, optional
        The same of the outcomes that the generators saw; by default equal to `noise`.

    Returns
    -------
    ndarray
        From 0 to 1, in real records; arguments broadcast. Times `n_synthetic` it is the number of
        real records that the synthetic ones are worth, at most
        ``(T0 - d - 1) * noise ** 2 / (generations * generator_noise ** 2)`` however many they are.

    Raises
    ------
    InputError
        If a number is out of range.

    Notes
    -----
    ``1 / (1 + n_synthetic * drift / noise ** 2)`` with `drift_variance`: synthetic records share
    one error, which their number does not average out.

    References
    ----------
    modelcollapse, derived.

    Examples
    --------
    A thousand synthetic records of generation 5 are worth about as much as twenty real ones.

    >>> weight = synthetic_record_weight(5, 1000, dimension=20, generator_records=121, noise=1.0)
    >>> round(1000 * float(weight), 1)
    19.6
    """
    sigma = positive(noise, "noise")
    drift = drift_variance(
        generations,
        dimension=dimension,
        generator_records=generator_records,
        generator_noise=sigma if generator_noise is None else generator_noise,
    )
    return values(1 / (1 + sizes(n_synthetic, "n_synthetic") * drift / sigma**2))
