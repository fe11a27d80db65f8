"""Divergences between laws: total variation, Hellinger, Kullback-Leibler, cross-entropy.

The first argument is the model, the second the reference. Leading axes are replicates.

Discrete laws may be given sparsely. The first law lists every state where it has mass; the second
is read *at the same states*, and what it holds elsewhere (mass that the first law has lost) is
accounted for exactly. `starts` marks replicates in ragged form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kl_div, xlogy

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, gaussian_pair, law, listed, plain, total
from modelcollapse.metrics.moments import log_generalised_variance
from modelcollapse.protocols import Reading


def _pair(
    p: ArrayLike, q: ArrayLike, starts: ArrayLike | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Both laws, the mass of the second outside the states listed, and NaN where undefined."""
    first, held = law(p, starts)
    second, missing = listed(q, starts)
    if first.shape[-1] != second.shape[-1]:
        raise InputError(
            f"laws over {first.shape[-1]} and {second.shape[-1]} states cannot be compared. Read "
            "the second law at the states of the first."
        )
    return first, second, missing, np.where(held, 0.0, np.nan)


def total_variation(p: ArrayLike, q: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Total variation distance between two discrete laws.

    Parameters
    ----------
    p : array_like, shape (..., states)
        The model, every state where it has mass.
    q : array_like, shape (..., states)
        The reference at the same states; it may have mass elsewhere.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 (equal) to 1 (no state in common): the largest difference of probability that any
        set of states can show.

    Raises
    ------
    InputError
        If `p` does not sum to 1, `q` sums to more, or they list different numbers of states.

    Notes
    -----
    Textbook: half the sum of ``|p - q|``. With counted shares in place of laws it is biased
    upwards, by about ``sum(sqrt(p (1 - p) (1/n + 1/m) / (2 pi)))`` for equal laws.

    Examples
    --------
    >>> float(total_variation([0.75, 0.25], [0.25, 0.5]))  # the model lost a quarter of q
    0.5
    """
    first, second, missing, defined = _pair(p, q, starts)
    return plain((total(np.abs(first - second), starts) + missing) / 2 + defined)


def hellinger(p: ArrayLike, q: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Hellinger distance between two discrete laws.

    Parameters
    ----------
    p : array_like, shape (..., states)
        The model, every state where it has mass.
    q : array_like, shape (..., states)
        The reference at the same states; it may have mass elsewhere.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        From 0 (equal) to 1 (no state in common).

    Raises
    ------
    InputError
        If `p` does not sum to 1, `q` sums to more, or they list different numbers of states.

    Notes
    -----
    Textbook: the square root of half the sum of ``(sqrt(p) - sqrt(q))^2``. Weighs rare states more
    than total variation does. Biased upwards with counted shares in place of laws.

    Examples
    --------
    >>> float(hellinger([1.0, 0.0], [0.0, 1.0]))
    1.0
    """
    first, second, missing, defined = _pair(p, q, starts)
    squares = total(np.square(np.sqrt(first) - np.sqrt(second)), starts)
    return plain(np.sqrt((squares + missing) / 2) + defined)


def kl(p: ArrayLike, q: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Kullback-Leibler divergence ``KL(p || q)``.

    Parameters
    ----------
    p : array_like, shape (..., states)
        First law, every state where it has mass.
    q : array_like, shape (..., states)
        Second law at the same states; it may have mass elsewhere.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        In nats, 0 or larger; infinite where `q` lacks a state that `p` has.

    Raises
    ------
    InputError
        If `p` does not sum to 1, `q` sums to more, or they list different numbers of states.

    Notes
    -----
    Textbook. With the model first it stays finite while states are lost; with the reference first
    it is infinite from the first lost state on, which is correct and rarely useful. Biased
    upwards with counted shares in place of laws.

    Examples
    --------
    >>> float(kl([0.5, 0.5], [1.0, 0.0]))
    inf
    >>> round(float(kl([1.0, 0.0], [0.5, 0.5])), 6)
    0.693147
    """
    first, second, missing, defined = _pair(p, q, starts)
    # kl_div adds q - p to each term, so that none is negative: almost equal laws keep their digits
    return plain(total(kl_div(first, second), starts) + missing + defined)


def cross_entropy(p: ArrayLike, q: ArrayLike, *, starts: ArrayLike | None = None) -> Reading:
    """Cross-entropy: expected surprise, under `q`, at records that `p` writes.

    Parameters
    ----------
    p : array_like, shape (..., states)
        Law that writes the records, every state where it has mass.
    q : array_like, shape (..., states)
        Law that reads them, at the same states; it may have mass elsewhere.
    starts : array_like of int, shape (replicates + 1,), optional
        For ragged laws: replicate `r` holds the states from ``starts[r]`` to ``starts[r + 1]``.

    Returns
    -------
    float or ndarray, shape (...)
        In nats per record, at least the entropy of `p`; infinite where `q` lacks a state that `p`
        has. With the model as `p` and the truth as `q` it *falls* under collapse, as if the model
        got better.

    Raises
    ------
    InputError
        If `p` does not sum to 1, `q` sums to more, or they list different numbers of states.

    Notes
    -----
    Textbook: minus the sum of ``p log q``; unbiased in `p`. Its expectation does not change at all
    under pure resampling, so look at medians and bands, not at means.

    Examples
    --------
    >>> round(float(cross_entropy([1.0, 0.0], [0.5, 0.5])), 6)
    0.693147
    """
    first, second, _, defined = _pair(p, q, starts)
    return plain(-total(xlogy(first, second), starts) + defined)


def gaussian_kl(
    mean: ArrayLike, root: ArrayLike, reference_mean: ArrayLike, reference_root: ArrayLike
) -> Reading:
    """Kullback-Leibler divergence of one Gaussian law from another.

    Parameters
    ----------
    mean : array_like, shape (..., d)
        Mean of the first law.
    root : array_like, shape (..., d, d)
        Square root of its covariance, ``cov = root @ root.T``.
    reference_mean : array_like, shape (..., d)
        Mean of the second law.
    reference_root : array_like, shape (..., d, d)
        Square root of its covariance.

    Returns
    -------
    float or ndarray, shape (...)
        ``KL(first || reference)`` in nats, 0 or larger. Infinite where one covariance is singular
        and the other is not; NaN where both are, because it then depends on their supports.

    Raises
    ------
    InputError
        If the shapes do not belong together or a root is not square.

    Notes
    -----
    Textbook: ``(sum(s^2 - 1 - log s^2) + |z|^2) / 2`` with the singular values `s` of
    ``inv(root2) @ root1`` and ``z = inv(root2) @ (mean1 - mean2)``. Written eigenvalue by
    eigenvalue it keeps its digits for almost equal laws. Not symmetric: swap the arguments for
    the divergence of the reference from the model.

    Examples
    --------
    >>> round(float(gaussian_kl([1.0], [[1.0]], [0.0], [[1.0]])), 6)
    0.5
    """
    shift, first, second = gaussian_pair(mean, root, reference_mean, reference_root)
    for square in (first, second):
        if square.shape[-1] != square.shape[-2]:
            raise InputError(
                f"a density needs square roots of covariances, got one of shape {square.shape}. "
                "Use a Cholesky factor."
            )
    flat = np.isneginf(log_generalised_variance(first))
    reference_flat = np.isneginf(log_generalised_variance(second))
    undefined = np.isnan(first.sum(axis=(-2, -1)) + second.sum(axis=(-2, -1)))
    identity = np.eye(first.shape[-1])
    skip = np.asarray(undefined | flat | reference_flat)[..., None, None]
    solved = np.linalg.solve(np.where(skip, identity, second), np.where(skip, identity, first))
    spectrum = np.square(np.linalg.svd(solved, compute_uv=False))
    z = np.linalg.solve(np.where(skip, identity, second), shift[..., None])[..., 0]
    value = (spectrum - 1 - np.log(spectrum)).sum(axis=-1) + np.square(z).sum(axis=-1)
    value = np.where(flat ^ reference_flat, np.inf, value / 2)
    return plain(np.where(undefined | (flat & reference_flat), np.nan, value))
