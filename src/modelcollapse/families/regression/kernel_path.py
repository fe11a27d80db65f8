"""Kernel ridge regression on fixed inputs, at every penalty and for every set of targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from modelcollapse.errors import InputError
from modelcollapse.families.regression.inputs import Floats
from modelcollapse.families.regression.linear import check_penalty

ROUNDING = 1e-10
"""How far below 0, in mean diagonal entries of a kernel matrix, rounding may put an eigenvalue."""

BLOCK = 2**26
"""Bytes of kernel values held at once."""

Map = Callable[[Floats], Floats]


class KernelPath:
    """One eigendecomposition that serves every penalty and every set of targets.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Of the kernel matrix divided by the number of inputs, from the largest to the smallest.
    vectors : ndarray, shape (n, k)
        Their eigenvectors, as columns of norm 1.
    """

    def __init__(self, eigenvalues: Floats, vectors: Floats, project: Map) -> None:
        self.eigenvalues, self.vectors, self._project = eigenvalues, vectors, project
        self._last: tuple[Floats, Floats] | None = None

    @classmethod
    def of_gram(cls, gram: Floats, sections: Map) -> Self:
        """Decompose a kernel matrix.

        Parameters
        ----------
        gram : ndarray, shape (n, n)
            Kernel values between the inputs.
        sections : callable
            From inputs of shape ``(m, d)`` to their kernel values with these, ``(m, n)``.

        Raises
        ------
        InputError
            If the matrix has a negative eigenvalue that rounding does not explain.
        """
        n = len(gram)
        values, vectors = decomposed(gram)
        return cls(values / n, vectors, lambda at: in_blocks(sections, at, vectors, n))

    @classmethod
    def of_features(cls, features: Floats, mapped: Map) -> Self:
        """Decompose features, shape ``(n, k)``; `mapped` gives those of other inputs."""
        n = len(features)
        vectors, spread, axes = np.linalg.svd(features, full_matrices=False)
        onto = axes.T * spread
        return cls(
            np.square(spread) / n, vectors,
            lambda at: in_blocks(mapped, at, onto, features.shape[1]),
        )  # fmt: skip

    def along(self, targets: ArrayLike) -> Floats:
        """Targets along the eigenvectors, shape ``(k,)``; their squares sum to a mean square."""
        given = np.asarray(targets, dtype=np.float64)
        n = len(self.vectors)
        if given.shape != (n,):
            raise InputError(
                f"targets of shape {given.shape} do not fit {n} inputs. Give one number for each."
            )
        return np.asarray(given @ self.vectors / np.sqrt(n))

    def values(self, targets: ArrayLike, penalties: ArrayLike, at: Floats) -> Floats:
        """Values of the fits at other inputs.

        Parameters
        ----------
        targets : array_like, shape (n,)
            One for each input of the path.
        penalties : array_like, shape (p,)
            All 0 or more; at 0 the fit is the interpolation of minimal norm, in which directions
            whose eigenvalue is 0 up to rounding have no part.
        at : ndarray, shape (m, d)
            Other inputs. What belongs to them is kept for the next call with the same array,
            which must not be written to in between.

        Returns
        -------
        ndarray, shape (m, p)
            A column for each penalty.

        Raises
        ------
        InputError
            If shapes do not fit, or a penalty is negative or not finite.
        """
        levels = np.asarray(penalties, dtype=np.float64)
        for penalty in levels:
            check_penalty(float(penalty))
        n = len(self.vectors)
        along = self.along(targets)[:, None] / np.sqrt(n)
        shares = divided(along, self.eigenvalues[:, None] + levels, self.eigenvalues[0])
        if self._last is None or self._last[0] is not at:
            self._last = (at, self._project(at))
        return np.asarray(self._last[1] @ shares)


def in_blocks(mapped: Map, inputs: Floats, columns: Floats, width: int) -> Floats:
    """Features of inputs times columns, without holding all `width` features of all inputs."""
    step = max(1, BLOCK // (8 * max(width, 1)))
    found = np.empty((len(inputs), *columns.shape[1:]))
    for i in range(0, len(inputs), step):
        found[i : i + step] = mapped(inputs[i : i + step]) @ columns
    return found


def decomposed(gram: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues of a kernel matrix, from the largest, none below 0, and its eigenvectors.

    Raises
    ------
    InputError
        If there is a negative eigenvalue that rounding does not explain.
    """
    rising, columns = np.linalg.eigh(gram)
    least, diagonal = float(rising[0]), float(np.abs(np.diagonal(gram)).mean())
    if least < -ROUNDING * diagonal:
        raise InputError(
            f"the kernel matrix of these inputs has the eigenvalue {least:.3g}, where its diagonal "
            f"is {diagonal:.3g} on average, so the kernel is not positive semi-definite and no "
            "space of functions belongs to it. Use one that is, such as 'rbf', 'laplacian' or "
            "'polynomial', or a larger penalty."
        )
    return np.maximum(rising[::-1], 0.0), np.ascontiguousarray(columns[:, ::-1])


def divided(along: Floats, by: Floats, largest: float) -> Floats:
    """Quotients, 0 where the divisor is 0 up to the rounding of the largest eigenvalue.

    Parameters
    ----------
    along : ndarray, shape (k, ...)
        Something along the eigenvectors.
    by : ndarray, shape (k, ...)
        Eigenvalues plus penalties; shapes broadcast.
    largest : float
        Eigenvalue.
    """
    shape = np.broadcast_shapes(along.shape, by.shape)
    rounding = len(by) * np.finfo(np.float64).eps * largest
    return np.divide(along, by, out=np.zeros(shape), where=by > rounding)
