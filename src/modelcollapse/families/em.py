"""Expectation-maximisation for Gaussian mixtures.

Records lie along the last axis, components along the first, so that every reduction over the few
components runs over long contiguous vectors. Moments are taken about the present means, which
keeps them accurate when components are far from the origin and makes one pass enough; blocks keep
the working set in cache and memory constant however large the corpus grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Degenerate

Array = NDArray[np.float64]
_BLOCK = 2**17  # numbers in the largest temporary array: 1 MiB
_LOG_TWO_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Parameters:
    """Weights (k,), means (k, d) and roots: (k, d, d) lower triangular, or (k, d) if diagonal."""

    weights: Array
    means: Array
    roots: Array

    @property
    def diagonal(self) -> bool:
        """Whether the roots are kept as vectors of standard deviations."""
        return self.roots.ndim == 2

    def take(self, components: NDArray[np.intp] | NDArray[np.bool_]) -> Parameters:
        """Only these components, in this order; weights are left as they are."""
        return Parameters(self.weights[components], self.means[components], self.roots[components])


@dataclass(frozen=True)
class Fit:
    """Where EM ended; `bound` is the mean log-likelihood in nats before the last update."""

    parameters: Parameters
    bound: float
    iterations: int
    converged: bool


def blocks(columns: Array, components: int) -> Iterator[slice]:
    """Slices of the records, small enough for the processor's cache."""
    d, n = columns.shape
    step = max(256, _BLOCK // (components * d))
    return (slice(start, start + step) for start in range(0, n, step))


def log_joint(parameters: Parameters) -> Callable[[Array], Array]:
    """Function from offsets to the means (k, d, n) to log(weight x density), in nats: (k, n)."""
    roots = parameters.roots
    deviations = roots if parameters.diagonal else np.diagonal(roots, axis1=1, axis2=2)
    inverse = 1 / roots[:, :, None] if parameters.diagonal else np.linalg.inv(roots)
    with np.errstate(divide="ignore"):  # an extinct component has log weight -inf
        level = np.log(parameters.weights) - np.log(deviations).sum(axis=1)
    level -= 0.5 * deviations.shape[1] * _LOG_TWO_PI

    def evaluate(offsets: Array) -> Array:
        white = inverse * offsets if parameters.diagonal else inverse @ offsets
        np.multiply(white, white, out=white)
        joint: Array = white.sum(axis=1)
        joint *= -0.5
        joint += level[:, None]
        return joint

    return evaluate


def normalise(joint: Array) -> Array:
    """Turn log(weight x density) into responsibilities in place; return log densities (n,)."""
    top = joint.max(axis=0)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=0)
    joint /= total
    return np.asarray(np.log(total) + top)


def _update(
    columns: Array,
    centres: Array,
    weigh: Callable[[Array], tuple[Array, float]],
    regularisation: float,
    diagonal: bool,
) -> tuple[Parameters, float]:
    """One pass: responsibilities, then the parameters that maximise the expected likelihood."""
    k, d = centres.shape
    mass, first = np.zeros(k), np.zeros((k, d))
    second = np.zeros((k, d) if diagonal else (k, d, d))
    likelihood = 0.0
    for block in blocks(columns, k):
        offsets = columns[None, :, block] - centres[:, :, None]
        responsibilities, part = weigh(offsets)
        likelihood += part
        weighted = offsets * responsibilities[:, None, :]
        mass += responsibilities.sum(axis=1)
        first += weighted.sum(axis=2)
        if diagonal:
            weighted *= offsets
            second += weighted.sum(axis=2)
        else:
            second += weighted @ offsets.transpose(0, 2, 1)
    n = columns.shape[1]
    mass += 10 * np.finfo(float).eps  # an empty component divides by this, not by 0
    shift = first / mass[:, None]
    if diagonal:
        variance = np.maximum(second / mass[:, None] - shift**2, 0)
        roots = np.sqrt(variance + regularisation)
        regular = bool((roots > 0).all())
    else:
        cov = second / mass[:, None, None] - shift[:, :, None] * shift[:, None, :]
        cov += regularisation * np.eye(d)
        try:
            roots, regular = np.linalg.cholesky(cov), True
        except np.linalg.LinAlgError:
            regular = False
    if not regular:
        raise Degenerate(
            "a component of the mixture has lost all variation in some direction, so its density "
            "is unbounded. Use fewer components, more records or a larger regularisation."
        )
    return Parameters(mass / mass.sum(), centres + shift, roots), likelihood / n


def em(
    columns: Array,
    start: Parameters,
    *,
    tolerance: float,
    max_iterations: int,
    regularisation: float,
) -> Fit:
    """Raise the likelihood from `start` until one iteration adds less than `tolerance` nats.

    Parameters
    ----------
    columns : ndarray, shape (d, n)
        Records along the last axis.
    start : Parameters
        Where to begin.
    tolerance : float
        Change of the mean log-likelihood, nats per record, below which EM stops.
    max_iterations : int
        At most so many updates.
    regularisation : float
        Added to each variance, squared units of the data.

    Returns
    -------
    Fit

    Raises
    ------
    Degenerate
        If a covariance matrix is not positive definite even with the regularisation.

    Notes
    -----
    The updates, the stopping rule and the order of both are those of scikit-learn's
    ``GaussianMixture``, so from one start both end in the same place.

    References
    ----------
    Textbook: Bishop (2006), Pattern Recognition and Machine Learning, section 9.2.2.
    """
    parameters, bound, converged, iteration = start, -np.inf, False, 0
    while iteration < max_iterations and not converged:
        joint = log_joint(parameters)

        def soft(offsets: Array, joint: Callable[[Array], Array] = joint) -> tuple[Array, float]:
            responsibilities = joint(offsets)
            return responsibilities, float(normalise(responsibilities).sum())

        before = bound
        parameters, bound = _update(
            columns, parameters.means, soft, regularisation, parameters.diagonal
        )
        iteration += 1
        converged = abs(bound - before) < tolerance
    return Fit(parameters, bound, iteration, converged)


def hard_start(
    columns: Array, centres: Array, *, regularisation: float, diagonal: bool
) -> Parameters:
    """Parameters of the clusters around `centres` (k, d), each record in the nearest one."""

    def nearest(offsets: Array) -> tuple[Array, float]:
        squares = np.square(offsets).sum(axis=1)
        member = (squares == squares.min(axis=0)).astype(np.float64)
        return member / member.sum(axis=0), 0.0

    return _update(columns, centres, nearest, regularisation, diagonal)[0]
