"""Ridge regression on a triangular factor: one penalty, or a whole path of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelcollapse.families.regression.inputs import Floats

_SMALL = 32
"""Rows up to which one batched solve beats a loop of triangular ones."""

_SUSPECT = 1e-8
"""Share of its column below which a pivot may be 0 but for rounding, which small pivots before it
multiply; singular values then tell."""


def least_squares(root: Floats, target: Floats) -> Floats:
    """Least squares of minimal norm.

    Parameters
    ----------
    root : ndarray, shape (..., k, d)
        Upper trapezoidal factor of the inputs, or more rows than columns of any shape.
    target : ndarray, shape (..., k, outputs)
        Rotated targets.

    Returns
    -------
    ndarray, shape (..., d, outputs)
        Coefficients. Directions in which the inputs do not vary, up to rounding, get none.
    """
    k, d = root.shape[-2:]
    pivots = np.abs(np.diagonal(root, axis1=-2, axis2=-1))
    first = root[..., : min(k, d)]
    columns = np.sqrt(np.einsum("...ij,...ij->...j", first, first))
    if k > d or np.any(pivots <= _SUSPECT * columns):
        rounding = 8 * max(k, d) * np.finfo(np.float64).eps
        return np.asarray(np.linalg.pinv(root, rounding) @ target)
    if k == d:
        return _triangular(root, target)
    # The solution of minimal norm lies in the span of the inputs.
    basis, factor = np.linalg.qr(np.swapaxes(root, -1, -2))
    return np.asarray(basis @ _triangular(factor, target, transposed=True))


def _triangular(root: Floats, target: Floats, *, transposed: bool = False) -> Floats:
    if root.shape[-1] <= _SMALL:
        matrix = np.swapaxes(root, -1, -2) if transposed else root
        return np.asarray(np.linalg.solve(matrix, target))
    from scipy.linalg import solve_triangular

    flat = zip(root.reshape(-1, *root.shape[-2:]), target.reshape(-1, *target.shape[-2:]),
               strict=True)  # fmt: skip
    solve: Any = solve_triangular  # the stubs know no float64 right-hand sides with trans
    found = [solve(r, t, trans=int(transposed), check_finite=False) for r, t in flat]
    return np.stack(found).reshape(*root.shape[:-2], root.shape[-1], target.shape[-1])


def ridge(root: Floats, target: Floats, weight: float, penalty: float) -> Floats:
    """Coefficients ``(R^T R / weight + penalty I)^-1 R^T target / weight``.

    Parameters
    ----------
    root : ndarray, shape (..., k, d)
        Any factor of the inputs.
    target : ndarray, shape (..., k, outputs)
        Targets that belong to it.
    weight : float
        Records, or the sum of their weights.
    penalty : float
        Above 0.

    Returns
    -------
    ndarray, shape (..., d, outputs)
        Coefficients.
    """
    across = np.swapaxes(root, -1, -2)
    gram = root @ across / weight + penalty * np.eye(root.shape[-2])
    return np.asarray(across @ np.linalg.solve(gram, target / weight))


@dataclass(frozen=True, eq=False)
class RidgePath:
    """One eigen-decomposition that serves every penalty and every set of targets.

    Attributes
    ----------
    root : ndarray, shape (..., k, d)
        Factor of the inputs.
    values : ndarray, shape (..., k)
        Eigenvalues of ``R R^T / weight``.
    vectors : ndarray, shape (..., k, k)
        Its eigenvectors, as columns.
    weight : float
        Records, or the sum of their weights.
    """

    root: Floats
    values: Floats
    vectors: Floats
    weight: float

    @classmethod
    def of(cls, root: Floats, weight: float) -> Self:
        """Decompose a factor of the inputs."""
        values, vectors = np.linalg.eigh(root @ np.swapaxes(root, -1, -2) / weight)
        return cls(root, values, vectors, weight)

    def coefficients(self, target: Floats, penalties: NDArray[np.float64]) -> Floats:
        """Fits at each penalty; at 0 the least squares of minimal norm.

        Parameters
        ----------
        target : ndarray, shape (..., k)
            One output.
        penalties : ndarray, shape (p,)
            All 0 or more.

        Returns
        -------
        ndarray, shape (..., d, p)
            A column for each penalty.
        """
        along = np.swapaxes(self.vectors, -1, -2) @ target[..., None] / self.weight
        level = self.values[..., None] + penalties
        limit = self.values.shape[-1] * np.finfo(np.float64).eps * self.values[..., -1:, None]
        shares = np.divide(along, level, out=np.zeros(level.shape), where=level > limit)
        found = np.asarray(np.swapaxes(self.root, -1, -2) @ (self.vectors @ shares))
        if not np.all(penalties):
            # Eigenvalues are squares, of which rounding hides the small ones.
            found[..., penalties == 0] = least_squares(self.root, target[..., None])
        return found


@dataclass(frozen=True, eq=False)
class RowsPath:
    """Ridge fits to fixed rows of inputs, at every penalty and for all targets.

    Attributes
    ----------
    basis : ndarray, shape (n, k)
        Orthonormal columns that rotate targets to the factor's rows.
    path : RidgePath
        Fits on the factor.
    """

    basis: Floats
    path: RidgePath

    @classmethod
    def of(cls, inputs: Floats) -> Self:
        """Decompose inputs, shape ``(n, d)``."""
        basis, root = np.linalg.qr(inputs)
        return cls(basis, RidgePath.of(root, len(inputs)))

    def values(self, targets: Floats, penalties: Floats, at: Floats) -> Floats:
        """Values of the fits at other inputs.

        Parameters
        ----------
        targets : ndarray, shape (n,)
            What the fits are to.
        penalties : ndarray, shape (p,)
            All 0 or more.
        at : ndarray, shape (m, d)
            Where.

        Returns
        -------
        ndarray, shape (m, p)
            A column for each penalty.
        """
        return np.asarray(at @ self.path.coefficients(self.basis.T @ targets, penalties))
