"""Where the inputs of labelled records come from: a normal law, a pool, or fixed ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError

Floats = NDArray[np.float64]


def is_finite(value: Any) -> bool:
    """Whether a value is one real number, neither NaN nor infinite."""
    return isinstance(value, Real) and math.isfinite(value)


@runtime_checkable
class Inputs(Protocol):
    """A source of inputs."""

    @property
    def d(self) -> int:
        """Coordinates of an input."""
        ...

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        ...


@dataclass(frozen=True, eq=False)
class NormalInputs:
    """Inputs drawn anew from a centred normal law.

    Attributes
    ----------
    root : ndarray, shape (d,) or (d, d)
        Standard deviations of independent coordinates, or an upper triangular `C` with ``C^T C``
        the covariance.
    """

    root: Floats

    @property
    def d(self) -> int:
        """Coordinates of an input."""
        return len(self.root)

    def coloured(self, white: Floats) -> Floats:
        """Rows of independent standard coordinates with the covariance given to them."""
        return white * self.root if self.root.ndim == 1 else white @ self.root

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        return self.coloured(rng.standard_normal((n, self.d)))

    def factor(self, n: int, batch: tuple[int, ...], *, rng: Generator) -> Floats:
        """Draw the triangular factor of a QR decomposition of `n` inputs, without the inputs.

        Parameters
        ----------
        n : int
            Inputs there would be.
        batch : tuple of int
            Leading axes: independent factors.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (*batch, min(n, d), d)
            Upper trapezoidal. Its square is Wishart (Bartlett's decomposition): of a matrix of
            standard normals, the diagonal holds independent chi variables with n, n - 1, ...
            degrees of freedom, and what is above it stays standard normal.
        """
        k = min(n, self.d)
        factor = np.triu(rng.standard_normal((*batch, k, self.d)), 1)
        steps = np.arange(k)
        factor[..., steps, steps] = np.sqrt(rng.chisquare(n - steps, size=(*batch, k)))
        return self.coloured(factor)

    def squared(self, vectors: Floats) -> Floats:
        """Mean squares of linear functions of the inputs.

        Parameters
        ----------
        vectors : ndarray, shape (..., d, m)
            Coefficients, a function a column.

        Returns
        -------
        ndarray, shape (..., m)
            One for each function.
        """
        spread = self.root[:, None] * vectors if self.root.ndim == 1 else self.root @ vectors
        return np.asarray(np.square(spread).sum(axis=-2))


@dataclass(frozen=True, eq=False)
class PoolInputs:
    """Inputs chosen from a finite pool, each at most once in one draw.

    Attributes
    ----------
    rows : ndarray, shape (pool, d)
        The pool.
    """

    rows: Floats

    @property
    def d(self) -> int:
        """Coordinates of an input."""
        return int(self.rows.shape[1])

    def choose(self, n: int, *, rng: Generator) -> NDArray[np.intp]:
        """Positions of `n` different inputs, in the order of the pool.

        Raises
        ------
        InputError
            If the pool is smaller than that.
        """
        if n > len(self.rows):
            raise InputError(
                f"{n} different inputs were asked for and the pool holds {len(self.rows)}. Ask for "
                "fewer records, or give more."
            )
        return np.sort(rng.choice(len(self.rows), size=n, replace=False, shuffle=False))

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Inputs as rows, shape ``(n, d)``."""
        return self.rows[self.choose(n, rng=rng)]


@dataclass(frozen=True, eq=False)
class FixedInputs:
    """The same inputs at every draw: only their labels are written anew.

    Attributes
    ----------
    rows : ndarray, shape (..., k, d)
        The inputs, or a triangular factor of them.
    n : int
        How many inputs there are.
    """

    rows: Floats
    n: int

    @property
    def d(self) -> int:
        """Coordinates of an input."""
        return int(self.rows.shape[-1])

    def draw(self, n: int, *, rng: Generator) -> Floats:
        """Give the inputs; `n` must be their number.

        Raises
        ------
        InputError
            If another number is asked for.
        """
        if n != self.n:
            raise InputError(
                f"{n} labels were asked for on the same {self.n} inputs. With same_inputs every "
                f"generation labels all of them once: let the policy ask for {self.n} records."
            )
        return self.rows

    def factor(self, n: int, batch: tuple[int, ...], *, rng: Generator) -> Floats:
        """Triangular factor of the inputs; `n` must be their number."""
        return self.draw(n, rng=rng)
