"""A fixed number of real records in each generation: squared error of the frequencies.

Errors are squared Euclidean distances between the vectors of frequencies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, records, values, whole
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import geometric
from modelcollapse.theory.discrete.frequencies import diversity

_RETAINED = (
    "discrete records, each generation sees records of one real sample, all or a new random "
    "choice, plus new synthetic ones"
)
_FRESH = "discrete records, new real ones each generation plus new synthetic ones"


def _retained(
    real: ArrayLike, synthetic: ArrayLike, probabilities: ArrayLike, original: ArrayLike | None
) -> tuple[Values, Values, Values]:
    """Noise and memory of each generation's drift, and the number of original records."""
    kept, written, share = _shares(real, synthetic)
    source = kept if original is None else records(original, name="original")
    if np.any(source < kept):
        raise InputError(
            f"original must be at least real = {real!r}, got {original!r}: the real records of a "
            "generation are chosen among the original ones. Ask for fewer, or have more."
        )
    noise = share**2 * (1 - 1 / source) / written + (1 - share) ** 2 * (1 / kept - 1 / source)
    return values(diversity(probabilities) * noise), share**2 * (1 - 1 / written), source


def _shares(real: ArrayLike, synthetic: ArrayLike) -> tuple[Values, Values, Values]:
    kept = records(real, name="real")
    written = records(synthetic, name="synthetic")
    return kept, written, values(written / (kept + written))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_RETAINED)
def partially_synthetic_drift(
    generations: ArrayLike,
    real: ArrayLike,
    synthetic: ArrayLike,
    probabilities: ArrayLike,
    *,
    original: ArrayLike | None = None,
) -> Values:
    """Expected squared distance of the model from the real sample that is kept.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to all original real records.
    real, synthetic : int or array of int
        Real records and records of the newest model in each generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    original : int or array of int, optional
        Real records there are; each generation sees `real` of them, chosen anew without
        replacement. By default as many as `real`: all of them, each time.

    Returns
    -------
    ndarray
        Expected squared distance from the frequencies of the real sample; 0 at generation 0.

    Raises
    ------
    InputError
        If a count is below 1, there are fewer original records than a generation sees, or the
        probabilities do not sum to 1.

    Notes
    -----
    Exact; a geometric approach to `partially_synthetic_drift_limit`.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    noise, memory, _ = _retained(real, synthetic, probabilities, original)
    return values(noise * geometric(memory, whole(generations, "generations", least=0)))


@formula(kind="exact", source="modelcollapse", where="fixed point", holds=_RETAINED)
def partially_synthetic_drift_limit(
    real: ArrayLike,
    synthetic: ArrayLike,
    probabilities: ArrayLike,
    *,
    original: ArrayLike | None = None,
) -> Values:
    """Squared distance from the kept real sample that the models tend to.

    Parameters
    ----------
    real, synthetic : int or array of int
        Real records and records of the newest model in each generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    original : int or array of int, optional
        Real records there are; each generation sees `real` of them, chosen anew without
        replacement. By default as many as `real`: all of them, each time.

    Returns
    -------
    ndarray
        Limit of `partially_synthetic_drift`.

    Raises
    ------
    InputError
        If a count is below 1, there are fewer original records than a generation sees, or the
        probabilities do not sum to 1.

    Notes
    -----
    Exact.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    noise, memory, _ = _retained(real, synthetic, probabilities, original)
    return values(noise / (1 - memory))


@formula(kind="exact", source="modelcollapse", where="linear recursion", holds=_RETAINED)
def partially_synthetic_error(
    generations: ArrayLike,
    real: ArrayLike,
    synthetic: ArrayLike,
    probabilities: ArrayLike,
    *,
    original: ArrayLike | None = None,
) -> Values:
    """Expected squared error of the model when a real sample is kept.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to all original real records.
    real, synthetic : int or array of int
        Real records and records of the newest model in each generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    original : int or array of int, optional
        Real records there are; each generation sees `real` of them, chosen anew without
        replacement. By default as many as `real`: all of them, each time.

    Returns
    -------
    ndarray
        Expected squared distance from the truth: `partially_synthetic_drift` plus the error of
        the real sample itself.

    Raises
    ------
    InputError
        If a count is below 1, there are fewer original records than a generation sees, or the
        probabilities do not sum to 1.

    Notes
    -----
    Exact.

    References
    ----------
    seddik2024, partially synthetic setting; value derived here.
    """
    drift = partially_synthetic_drift(
        generations, real, synthetic, probabilities, original=original
    )
    source = _retained(real, synthetic, probabilities, original)[2]
    return values(drift + diversity(probabilities) / source)


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
    generations: ArrayLike,
    real: ArrayLike,
    synthetic: ArrayLike,
    probabilities: ArrayLike,
    *,
    initial: ArrayLike | None = None,
) -> Values:
    """Expected squared error of the model when each generation sees new real records.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is fitted to real records alone.
    real, synthetic : int or array of int
        New real records and records of the newest model, each generation.
    probabilities : array of float, shape (..., states)
        True probabilities, summing to 1; leading axes broadcast with the other arguments.
    initial : int or array of int, optional
        Records of generation 0. By default as many as `real`.

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
    first = kept if initial is None else records(initial, name="initial")
    limit = fresh_error_limit(real, synthetic, probabilities)
    ratio = share**2 * (1 - 1 / written)
    start = diversity(probabilities) / first
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
