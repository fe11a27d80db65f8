"""Accuracy of a student when errors have nothing to do with the record.

Wrong labels and the verifier's mistakes fall on records at random. Then only the share of wrong
labels in the training set counts, and how many coordinates there are per training record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from modelcollapse.theory._arguments import Values, positive, probability, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory._recursion import State, follow
from modelcollapse.theory.verification._ridge import (
    checked,
    cosine,
    shrinkage,
    side_accuracy,
    spectral_root,
    student,
)
from modelcollapse.theory.verification.shares import keep_rate, kept_error

_HOLDS = (
    "ridge regression on labels of two classes, many coordinates and records at a fixed ratio, "
    "errors independent of the record"
)


@dataclass(frozen=True)
class ResolventTraces:
    """Traces of powers of the resolvent of a sample covariance, per coordinate.

    Attributes
    ----------
    first, second : ndarray
        Of ``(S + penalty)^-1`` and of its square.
    companion : ndarray
        ``1 / (1 + ratio * first)``: how much of a direction's own second moment a fit sees.
    """

    first: Values
    second: Values
    companion: Values


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="law of Marchenko and Pastur",
    holds="many standard normal coordinates and many records at a fixed ratio",
)
def resolvent_traces(ratio: ArrayLike, penalty: ArrayLike) -> ResolventTraces:
    """Traces that the accuracies of this package are made of.

    Parameters
    ----------
    ratio : float or array of float
        Coordinates per record.
    penalty : float or array of float
        Ridge penalty on the mean squared error.

    Returns
    -------
    ResolventTraces
        Infinite traces where the sample covariance is singular and the penalty is 0.

    Raises
    ------
    InputError
        If the ratio or the penalty is negative.

    Notes
    -----
    ``first`` solves ``ratio penalty m^2 + (penalty + 1 - ratio) m = 1``; ``second`` is minus its
    derivative in the penalty.

    References
    ----------
    Textbook (Marchenko and Pastur); kolossov2024 and feng2025 for the use.
    """
    r, k = checked(ratio, penalty)
    s, root = shrinkage(r, k), spectral_root(r, k)
    gap = 1 + k - r
    # 1 - r s, in the form that does not cancel
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(root > gap, root - gap, 1.0)
        companion = np.where(gap > 0, gap + root, 4 * r * k / apart) * s / 2
        companion = np.where(np.isfinite(k), companion, 1.0)
        first = s / companion
        second = np.where(s > 0, first / companion / root, 0.0)
    return ResolventTraces(values(first), values(second), values(companion))


def _one_direction(
    covariance: Values, correlation: Values, ratio: ArrayLike, penalty: ArrayLike
) -> Values:
    """Cosine between the student and the only direction that carries signal."""
    r, k = checked(ratio, penalty)
    v, c, r, k = np.broadcast_arrays(covariance, correlation, r, k)
    return cosine(*student(values(v[..., None, None]), values(c[..., None]), r, k), values(1.0))


@formula(kind="asymptotic", source="modelcollapse", where="theory of kept data", holds=_HOLDS)
def mixture_accuracy(
    label_error: ArrayLike, ratio: ArrayLike, penalty: ArrayLike, *, separation: ArrayLike
) -> Values:
    """Accuracy of a student that tells two Gaussian classes apart after seeing wrong labels.

    Parameters
    ----------
    label_error : float or array of float
        Share of wrong labels in the training set: `kept_error`, or `corpus_error` with real data.
    ratio : float or array of float
        Coordinates per record of the training set, i.e. per *kept* one; 0 for infinitely many.
    penalty : float or array of float
        Ridge penalty on the mean squared error; infinity for the mean of label times record.
    separation : float or array of float
        Half the distance between the means of the classes, in standard deviations.

    Returns
    -------
    ndarray
        On new records with right labels, between 0 and 1; exactly 1/2 at ``label_error = 1/2``.
        Inputs broadcast.

    Raises
    ------
    InputError
        If the error is not between 0 and 1, the ratio or penalty is negative, or the separation
        is not positive.

    Notes
    -----
    The transition at 1/2, from the best possible ``Phi(r)`` to the worst ``Phi(-r)``, is sharp
    only for ``ratio = 0``; at finite ratios it is smooth.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for the process.

    Examples
    --------
    >>> wrong = kept_error(0.3, 0.9, 0.3)
    >>> round(float(mixture_accuracy(wrong, 0.5, 0.1, separation=2.0)), 10)
    0.8211745856
    """
    r = positive(separation, "separation")
    correlation = r * (1 - 2 * probability(label_error, "label_error"))
    return values(ndtr(r * _one_direction(1 + r * r, values(correlation), ratio, penalty)))


@formula(kind="asymptotic", source="modelcollapse", where="theory of kept data", holds=_HOLDS)
def flipped_label_accuracy(label_error: ArrayLike, ratio: ArrayLike, penalty: ArrayLike) -> Values:
    """Accuracy of a student of a plane through normal records, some of whose labels are flipped.

    Parameters
    ----------
    label_error : float or array of float
        Share of wrong labels in the training set.
    ratio : float or array of float
        Coordinates per record of the training set; 0 for infinitely many.
    penalty : float or array of float
        Ridge penalty on the mean squared error; infinity for the mean of label times record.

    Returns
    -------
    ndarray
        On new records with right labels; with ``ratio = 0`` it is 1 below and 0 above a label
        error of 1/2. Inputs broadcast.

    Raises
    ------
    InputError
        If the error is not between 0 and 1, or the ratio or penalty is negative.

    Notes
    -----
    This is the setting in which selection leads to perfect accuracy or to perfect failure.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for the limit of infinitely many records.
    """
    correlation = (1 - 2 * probability(label_error, "label_error")) * np.sqrt(2 / np.pi)
    return side_accuracy(_one_direction(values(1.0), values(correlation), ratio, penalty))


@formula(
    kind="asymptotic",
    source="modelcollapse",
    where="iterated theory of kept data",
    holds=_HOLDS + ", also of a student that becomes the next generator; for a classifier whose "
    "errors depend on the record it promises too much",
)
def iterated_error(
    generations: ArrayLike,
    p: ArrayLike,
    phi: ArrayLike = 1.0,
    psi: ArrayLike = 1.0,
    *,
    separation: ArrayLike,
    ratio: ArrayLike,
    penalty: ArrayLike,
) -> Values:
    """Share of wrong labels when each student becomes the next generator.

    Parameters
    ----------
    generations : int or array of int
        Counted from 0; generation 0 is the generator whose error is given.
    p : float or array of float
        Share of wrong labels of generation 0.
    phi, psi : float or array of float, default 1
        Shares of right and of wrong records that the verifier keeps in each generation.
    separation : float or array of float
        Half the distance between the means of the two classes, in standard deviations.
    ratio : float or array of float
        Coordinates per record *written*; the ratio per kept record follows from it.
    penalty : float or array of float
        Ridge penalty on the mean squared error.

    Returns
    -------
    ndarray
        One minus `mixture_accuracy`, iterated; NaN once nothing is kept. Inputs broadcast.

    Raises
    ------
    InputError
        If a share is not between 0 and 1, a generation, the ratio or the penalty is negative, or
        the separation is not positive.

    Notes
    -----
    A toy: errors of a deterministic classifier come again at the same records, and do not average
    out as they do here.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for one round.

    Examples
    --------
    >>> iterated_error([1, 2], 0.1, separation=2.0, ratio=0.1, penalty=0.1).round(4)
    array([0.0478, 0.0365])
    """
    r, k = checked(ratio, penalty)
    start = np.broadcast_arrays(
        probability(p, "p"), probability(phi, "phi"), probability(psi, "psi"),
        positive(separation, "separation"), r, k,
    )  # fmt: skip
    _, right, wrong, distance, per_written, strength = start

    def step(_: int, state: State) -> State:
        error = np.clip(state[0], 0.0, 1.0)
        share = keep_rate(np.nan_to_num(error), right, wrong)
        lost = np.isnan(error) | (share <= 0)
        kept = kept_error(np.where(lost, 0.5, error), right, wrong)
        accuracy = mixture_accuracy(
            np.where(lost, 0.5, kept), per_written / np.where(lost, 1.0, share), strength,
            separation=distance,
        )  # fmt: skip
        return (values(np.where(lost, np.nan, 1 - accuracy)),)

    return follow(generations, (start[0],), step)[0]
