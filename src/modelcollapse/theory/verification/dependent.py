"""Accuracy of a student when errors depend on the record.

Records are standard normal; truth, generator and verifier are directions, each of which labels a
record by its side. Three angles between them say everything. What the student learns from
infinitely many records that generator and verifier agree on is the direction half-way between the
two, which may be worse than the generator even far below the breakdown point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from modelcollapse.errors import InputError
from modelcollapse.theory._arguments import Values, probability, values
from modelcollapse.theory._formula import formula
from modelcollapse.theory.verification._ridge import checked, cosine, side_accuracy, student

Keep = Callable[[Values], ArrayLike]

_HOLDS = (
    "ridge regression on labels of two classes, many standard normal coordinates and records at a "
    "fixed ratio, generator and verifier linear"
)
_ANGLES = "angles of directions in space"
_FARTHEST = 9.5  # the normal law has less than 1e-20 beyond
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class VerifierShares:
    """What a verifier does to right and to wrong records.

    Attributes
    ----------
    p : ndarray
        Share of wrong records that the generator writes.
    phi, psi : ndarray
        Shares of right and of wrong records that are kept.
    """

    p: Values
    phi: Values
    psi: Values


def _angles(generator: ArrayLike, verifier: ArrayLike, between: ArrayLike) -> list[Values]:
    given = {"generator_angle": generator, "verifier_angle": verifier, "angle_between": between}
    arrays = {name: np.asarray(angle, dtype=np.float64) for name, angle in given.items()}
    for name, angle in arrays.items():
        if not np.all((angle >= 0) & (angle <= np.pi)):
            raise InputError(
                f"{name} must lie between 0 and pi, got {given[name]!r}: it is an angle between "
                "two directions, in radians. Convert degrees."
            )
    first, second, third = np.broadcast_arrays(*arrays.values())
    total = first + second + third
    sides = [total - 2 * side for side in (first, second, third)]
    if np.any(np.minimum.reduce([*sides, 2 * np.pi - total]) < -1e-12):
        raise InputError(
            f"no three directions have the angles {generator!r}, {verifier!r} and {between!r}: "
            "none may exceed the sum of the other two, nor all together 2 pi. Change one."
        )
    return [values(first), values(second), values(third)]


@formula(
    kind="exact",
    source="modelcollapse",
    where="orthant probabilities",
    holds=_ANGLES + ", standard normal records; kept where generator and verifier agree",
)
def agreement_shares(
    generator_angle: ArrayLike, verifier_angle: ArrayLike, angle_between: ArrayLike
) -> VerifierShares:
    """What a verifier does that keeps the records on which it agrees with the generator.

    Parameters
    ----------
    generator_angle : float or array of float
        Angle between generator and truth, in radians.
    verifier_angle : float or array of float
        Angle between verifier and truth, in radians.
    angle_between : float or array of float
        Angle between generator and verifier, in radians.

    Returns
    -------
    VerifierShares
        NaN where no record is right, or none is wrong. Inputs broadcast.

    Raises
    ------
    InputError
        If an angle is not between 0 and pi, or no three directions have these angles.

    Notes
    -----
    With angles g, v and b: ``p = g / pi``, ``phi = (1 - (g + v + b) / 2 pi) / (1 - p)`` and
    ``psi = (g + v - b) / 2 g``.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for the setting.
    """
    g, v, b = _angles(generator_angle, verifier_angle, angle_between)
    p = g / np.pi
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = (1 - (g + v + b) / (2 * np.pi)) / (1 - p)
        psi = (g + v - b) / (2 * g)
    # rounding leaves tiny negative shares where the directions lie in one plane
    return VerifierShares(values(p), values(np.clip(phi, 0, 1)), values(np.clip(psi, 0, 1)))


@formula(kind="asymptotic", source="modelcollapse", where="theory of kept data", holds=_HOLDS)
def agreement_accuracy(
    generator_angle: ArrayLike,
    verifier_angle: ArrayLike,
    angle_between: ArrayLike,
    ratio: ArrayLike,
    penalty: ArrayLike,
    *,
    real_share: ArrayLike = 0.0,
) -> Values:
    """Accuracy of a student of the records on which generator and verifier agree.

    Parameters
    ----------
    generator_angle, verifier_angle : float or array of float
        Angles of generator and verifier with the truth, in radians.
    angle_between : float or array of float
        Angle between generator and verifier, below pi: at pi they never agree.
    ratio : float or array of float
        Coordinates per record of the training set; 0 for infinitely many.
    penalty : float or array of float
        Ridge penalty on the mean squared error; infinity for the mean of label times record.
    real_share : float or array of float, default 0
        Share of real records, with right labels, in the training set beside the kept ones.

    Returns
    -------
    ndarray
        On new records, between 0 and 1; the generator's own is ``1 - generator_angle / pi``.
        Inputs broadcast.

    Raises
    ------
    InputError
        If an angle is not between 0 and pi, no three directions have these angles, the ratio or
        penalty is negative, or the share is not between 0 and 1.

    Notes
    -----
    With infinitely many records, none of them real, the student is the bisector of generator and
    verifier, at an angle to the truth whose cosine is ``(cos g + cos v) / (2 cos(b / 2))``. It
    beats the generator exactly if that exceeds ``cos g``, which being below the breakdown point
    does not ensure. Beside a given number of real records, more and more kept ones may therefore
    help at first, and then hurt.

    References
    ----------
    Derived here, for modelcollapse; feng2025 for the setting.

    Examples
    --------
    >>> round(float(agreement_accuracy(0.6, 0.5, 0.8, 0.2, 0.1)), 10)
    0.8424473079
    """
    g, v, b = _angles(generator_angle, verifier_angle, angle_between)
    if np.any(b >= np.pi):
        raise InputError(
            "angle_between must be below pi: opposite directions agree on no record, and nothing "
            "is kept. Use a smaller angle."
        )
    r, k = checked(ratio, penalty)
    real = probability(real_share, "real_share")
    g, v, b, r, k, real = np.broadcast_arrays(g, v, b, r, k, real)
    # half the opening of the wedge of agreement, which kept records fill evenly
    wedge = (np.pi - b) / 2
    shape = (1 - real) * np.sin(2 * wedge) / (2 * wedge)
    # axes: the bisector, across it in the plane of generator and verifier, and off that plane
    target = np.zeros((*b.shape, 3))
    target[..., 0] = (np.cos(g) + np.cos(v)) / (2 * np.cos(b / 2))
    target[..., 1] = (np.cos(g) - np.cos(v)) / np.where(b > 0, 2 * np.sin(b / 2), 1.0)
    target[..., 2] = np.sqrt(np.maximum(1 - np.sum(target**2, axis=-1), 0.0))
    covariance = np.zeros((*b.shape, 3, 3))
    covariance[...] = np.eye(3)
    covariance[..., 0, 0] += shape
    covariance[..., 1, 1] -= shape
    correlation = real[..., None] * np.sqrt(2 / np.pi) * target
    # the wedge is symmetric: kept records say nothing about the other two coordinates
    correlation[..., 0] += (1 - real) * np.sqrt(np.pi / 2) * np.sin(wedge) / wedge
    return side_accuracy(cosine(*student(covariance, correlation, r, k), target))


@formula(kind="asymptotic", source="modelcollapse", where="theory of kept data", holds=_HOLDS)
def selection_accuracy(
    keep: Keep,
    generator_angle: ArrayLike,
    verifier_angle: ArrayLike,
    angle_between: ArrayLike,
    ratio: ArrayLike,
    penalty: ArrayLike,
    *,
    breaks: Sequence[float] = (),
) -> Values:
    """Accuracy of a student of records that a linear verifier keeps by their margin.

    Parameters
    ----------
    keep : callable
        Probability of being kept, a function of arrays of margins: the verifier's projection of
        the record times the generator's label. An even function does not look at the label.
    generator_angle, verifier_angle : float or array of float
        Angles of generator and verifier with the truth, in radians.
    angle_between : float or array of float
        Angle between generator and verifier, strictly between 0 and pi.
    ratio : float or array of float
        Coordinates per kept record; 0 for infinitely many.
    penalty : float or array of float
        Ridge penalty on the mean squared error; infinity for the mean of label times record.
    breaks : sequence of float, default none
        Margins other than 0 at which `keep` jumps or bends.

    Returns
    -------
    ndarray
        On new records, between 0 and 1. Inputs other than the first and last broadcast.

    Raises
    ------
    InputError
        If an angle is out of range, no three directions have these angles, the ratio or penalty
        is negative, or `keep` returns anything but probabilities, or always 0.

    Notes
    -----
    Two moments of the kept records in the plane of generator and verifier, by quadrature.
    Examples of `keep`: ``lambda t: t > 0`` is `agreement_accuracy`, ``lambda t: abs(t) > 0.8``
    keeps the easy records, ``lambda t: abs(t) < 0.8`` the hard ones.

    References
    ----------
    Derived here, for modelcollapse; kolossov2024 for selection that does not look at labels.
    """
    g, v, b = _angles(generator_angle, verifier_angle, angle_between)
    if np.any(np.sin(b) < 1e-6):
        raise InputError(
            "angle_between must lie strictly between 0 and pi: a verifier equal to the generator "
            "spans no plane with it. Move one of them a little."
        )
    r, k = checked(ratio, penalty)
    g, v, b, r, k = np.broadcast_arrays(g, v, b, r, k)
    t, weight = _quadrature(breaks)
    q, q_other = _kept(keep, t), _kept(keep, -t)
    slope = (np.cos(b) / np.sin(b))[..., None]
    up = ndtr(slope * t)  # the generator says plus one
    density = np.exp(-((slope * t) ** 2) / 2) / np.sqrt(2 * np.pi)
    plus, minus = q * up, q_other * (1 - up)
    edge = slope * t * density * (q - q_other)

    def mean(integrand: Values) -> Values:
        return values(integrand @ weight)

    total = mean(plus + minus)
    if np.any(total <= 0):
        raise InputError("keep lets no record through. Return a probability above 0 somewhere.")
    covariance = np.empty((*b.shape, 2, 2))
    covariance[..., 0, 0] = mean(t * t * (plus + minus)) / total
    covariance[..., 0, 1] = mean(t * density * (q - q_other)) / total
    covariance[..., 1, 0] = covariance[..., 0, 1]
    covariance[..., 1, 1] = mean(plus + minus - edge) / total
    correlation = np.empty((*b.shape, 2))
    correlation[..., 0] = mean(t * (plus - minus)) / total
    correlation[..., 1] = mean(density * (q + q_other)) / total
    target = np.empty((*b.shape, 2))
    target[..., 0] = np.cos(v)
    target[..., 1] = (np.cos(g) - np.cos(b) * np.cos(v)) / np.sin(b)
    return side_accuracy(cosine(*student(covariance, correlation, r, k), target))


def _quadrature(breaks: Sequence[float]) -> tuple[Values, Values]:
    """Nodes, and weights of the normal law at them: panels end at breaks and crowd around 0."""
    inner = _FARTHEST / 2.0 ** np.arange(1, 25)
    given = np.abs(np.asarray(breaks, dtype=np.float64).ravel())
    ends = np.concatenate([[0.0, _FARTHEST], inner, np.arange(1, _FARTHEST), given])
    positive = np.unique(ends[ends <= _FARTHEST])
    edges = np.concatenate([-positive[:0:-1], positive])
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half * (1 + _NODES)).ravel()
    weight = (half * _WEIGHTS).ravel() * np.exp(-t * t / 2) / np.sqrt(2 * np.pi)
    return values(t), values(weight)


def _kept(keep: Keep, t: Values) -> Values:
    share = np.broadcast_to(np.asarray(keep(t), dtype=np.float64), t.shape)
    if not np.all((share >= 0) & (share <= 1)):
        raise InputError(
            "keep must return probabilities between 0 and 1, for an array of margins. Scale or "
            "clip what it returns."
        )
    return values(share)
