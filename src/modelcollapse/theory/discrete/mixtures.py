"""Real data in the loop: squared error of the frequencies when some of the records are real.

Errors are squared Euclidean distances between the vectors of frequencies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.theory._arguments import Values, records, values, weights, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory.discrete.frequencies import diversity

_MIXTURE = (
    "discrete records, each drawn from the newest model (alpha), the previous law (beta) or the "
    "truth (gamma), n per generation"
)
_RETAINED = "discrete records, the same real ones each generation plus new synthetic ones"
_FRESH = "discrete records, new real ones each generation plus new synthetic ones"


def _geometric(ratio: Values, terms: Values) -> Values:
    """Sum of the first powers of a ratio, which may be 1."""
    below = np.where(ratio == 1, 0.0, ratio)
    return values(np.where(ratio == 1, terms, (1 - below**terms) / (1 - below)))


def _law_error(
    laws: Values, n: ArrayLike, probabilities: ArrayLike, alpha: ArrayLike, gamma: ArrayLike
) -> Values:
    a, _, g = weights(alpha, gamma)
    noise = a**2 / records(n)
    return values(diversity(probabilities) * noise * _geometric((1 - g) ** 2 - noise, laws))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_MIXTURE)
def mixture_error(
    generations: ArrayLike,
    n: ArrayLike,
    probabilities: ArrayLike,
    *,
    alpha: ArrayLike,
    gamma: ArrayLike,
) -> Values:
    """Expected squared error of the fitted model when laws are mixed.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real data.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth; the rest, beta, comes from the
        law of the previous generation's records.

    Returns
    -------
    ndarray
        Expected squared distance of the model from the truth; inputs broadcast.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or another argument is out of range.

    Notes
    -----
    Exact where every record picks its source at random and is drawn anew, the reading of the
    published definition; not where a fixed number of old records is used again.

    References
    ----------
    shumailov2024, definition of the process; value derived here. The paper's single-step theorems
    are the case alpha = 1, beta = gamma = 0 (printed as alpha = gamma = 0).
    """
    law = _law_error(whole(generations, "generations", least=0), n, probabilities, alpha, gamma)
    return values(law + (diversity(probabilities) - law) / records(n))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_MIXTURE)
def mixture_law_error(
    generations: ArrayLike,
    n: ArrayLike,
    probabilities: ArrayLike,
    *,
    alpha: ArrayLike,
    gamma: ArrayLike,
) -> Values:
    """Expected squared error of the law that follows a generation when laws are mixed.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; the law is the one that the next generation draws from.
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth; the rest, beta, comes from the
        law of the previous generation's records.

    Returns
    -------
    ndarray
        Expected squared distance of the mixed law from the truth; inputs broadcast.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or another argument is out of range.

    Notes
    -----
    Exact. `mixture_error` is the error of the fitted model itself.

    References
    ----------
    shumailov2024, definition of the process; value derived here.
    """
    laws = whole(generations, "generations", least=0) + 1
    return _law_error(laws, n, probabilities, alpha, gamma)


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_MIXTURE)
def mixture_law_error_limit(
    n: ArrayLike, probabilities: ArrayLike, *, alpha: ArrayLike, gamma: ArrayLike
) -> Values:
    """Squared error of the law that mixing tends to.

    Parameters
    ----------
    n : int or array of int
        Records per fit.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    alpha, gamma : float or array of float
        Share of records from the newest model and from the truth.

    Returns
    -------
    ndarray
        With gamma = 0 and alpha > 0 the whole diversity: one state is left. With gamma > 0 less,
        and no state is ever lost for good.

    Raises
    ------
    InputError
        If the shares are negative or above 1 together, or another argument is out of range.

    Notes
    -----
    Diversity times ``alpha^2 / (n gamma (2 - gamma) + alpha^2)``, exact; 0 if alpha is 0.

    References
    ----------
    shumailov2024, definition of the process; value derived here.
    """
    a, _, g = weights(alpha, gamma)
    pull = records(n) * g * (2 - g)
    return values(diversity(probabilities) * a**2 / np.where(a > 0, pull + a**2, 1.0))


def _shares(real: ArrayLike, synthetic: ArrayLike) -> tuple[Values, Values, Values]:
    kept = records(real, name="real")
    written = records(synthetic, name="synthetic")
    return kept, written, values(written / (kept + written))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_RETAINED)
def partially_synthetic_drift(
    generations: ArrayLike, real: ArrayLike, synthetic: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Expected squared distance of the model from the real sample that is kept.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to the real records alone.
    real, synthetic : int or array of int
        Real records, kept for ever, and records of the newest model.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Expected squared distance from the frequencies of the real sample; 0 at generation 0.

    Raises
    ------
    InputError
        If a count is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact; a geometric approach to `partially_synthetic_drift_limit`.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    kept, written, share = _shares(real, synthetic)
    noise = share**2 * diversity(probabilities) * (1 - 1 / kept) / written
    steps = whole(generations, "generations", least=0)
    return values(noise * _geometric(share**2 * (1 - 1 / written), steps))


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_RETAINED)
def partially_synthetic_drift_limit(
    real: ArrayLike, synthetic: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Squared distance from the kept real sample that the models tend to.

    Parameters
    ----------
    real, synthetic : int or array of int
        Real records, kept for ever, and records of the newest model.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Limit of `partially_synthetic_drift`.

    Raises
    ------
    InputError
        If a count is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    kept, written, share = _shares(real, synthetic)
    noise = share**2 * diversity(probabilities) * (1 - 1 / kept) / written
    return values(noise / (1 - share**2 * (1 - 1 / written)))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_RETAINED)
def partially_synthetic_error(
    generations: ArrayLike, real: ArrayLike, synthetic: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Expected squared error of the model when a real sample is kept.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to the real records alone.
    real, synthetic : int or array of int
        Real records, kept for ever, and records of the newest model.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Expected squared distance from the truth: `partially_synthetic_drift` plus the error of
        the real sample itself.

    Raises
    ------
    InputError
        If a count is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    drift = partially_synthetic_drift(generations, real, synthetic, probabilities)
    return values(drift + diversity(probabilities) / records(real, name="real"))


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_RETAINED)
def partially_synthetic_inflation(real: ArrayLike, synthetic: ArrayLike) -> Values:
    """Factor by which synthetic data inflate the squared error of a kept real sample.

    Parameters
    ----------
    real, synthetic : int or array of int
        Real records, kept for ever, and records of the newest model.

    Returns
    -------
    ndarray
        Late error over the error of the real records alone, for any law; always below 1.5.

    Raises
    ------
    InputError
        If a count is below 1.

    Notes
    -----
    Exact; about ``1 + r / (1 + 2 r)`` with ``r = synthetic / real``. So the published largest
    admissible amounts of synthetic data are sufficient conditions, not necessary ones.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    kept, written, share = _shares(real, synthetic)
    return values(1 + share**2 * (kept - 1) / (written * (1 - share**2) + share**2))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_FRESH)
def fresh_error(
    generations: ArrayLike, real: ArrayLike, synthetic: ArrayLike, probabilities: ArrayLike
) -> Values:
    """Expected squared error of the model when each generation sees new real records.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real records alone, as many as `real`.
    real, synthetic : int or array of int
        New real records and records of the newest model, each generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Expected squared distance from the truth; inputs broadcast.

    Raises
    ------
    InputError
        If a count is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact; a geometric approach to `fresh_error_limit`.

    References
    ----------
    alemohammad2024, fresh data loop; value derived here.
    """
    kept, written, share = _shares(real, synthetic)
    limit = fresh_error_limit(real, synthetic, probabilities)
    ratio = share**2 * (1 - 1 / written)
    start = diversity(probabilities) / kept
    steps = whole(generations, "generations", least=0)
    return values(limit + (start - limit) * ratio**steps)


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_FRESH)
def fresh_error_limit(real: ArrayLike, synthetic: ArrayLike, probabilities: ArrayLike) -> Values:
    """Squared error that the models tend to when each generation sees new real records.

    Parameters
    ----------
    real, synthetic : int or array of int
        New real records and records of the newest model, each generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.

    Returns
    -------
    ndarray
        Limit of `fresh_error`.

    Raises
    ------
    InputError
        If a count is below 1 or the probabilities do not sum to 1.

    Notes
    -----
    Exact; below the error of one generation's real records alone, by a factor of about 2 at most.

    References
    ----------
    alemohammad2024, fresh data loop; value derived here.
    """
    kept, written, share = _shares(real, synthetic)
    noise = share**2 / written + (1 - share) ** 2 / kept
    return values(diversity(probabilities) * noise / (1 - share**2 * (1 - 1 / written)))
