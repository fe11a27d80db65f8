"""Sufficient statistics of labelled records, as one more kind of data.

All that a linear fit needs of `n` records is the triangular factor of their inputs and as many
rotated targets: a regression with at most `d` rows in place of `n`. For normal inputs both can be
drawn without the records, so that an exact chain costs the same whatever the number of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import Incompatible
from modelcollapse.families.regression.inputs import FixedInputs, Floats, NormalInputs
from modelcollapse.families.regression.labelled import Design, Labelled


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Number, factor and rotated targets of labelled records.

    Attributes
    ----------
    n : int
        Records.
    weight : float
        Sum of their weights; `n` where they have none.
    root : ndarray, shape (..., k, d)
        Upper trapezoidal `R` with at most `d` rows; ``R^T R`` is the sum of ``x x^T`` over the
        records. Leading axes are ``()``, or ``(replicates,)`` for a batch.
    target : ndarray, shape (..., k, outputs)
        ``Q^T y``, so that ``R^T target`` is the sum of ``x y``.
    design : Design
        How models fitted to these records write more.
    """

    n: int
    weight: float
    root: Floats
    target: Floats
    design: Design

    @property
    def replicates(self) -> int | None:
        """Number of replicates in a batch, None for a single lineage."""
        return None if self.root.ndim == 2 else len(self.root)

    @property
    def distinct(self) -> int:
        """Inputs that may differ: where the same ones are labelled again, no more than those."""
        inputs = self.design.inputs
        return min(self.n, inputs.n) if isinstance(inputs, FixedInputs) else self.n

    @classmethod
    def of(cls, data: Labelled) -> LeastSquares:
        """Compress labelled records, by a QR decomposition: squares lose half the digits."""
        x, y = data.inputs, data.targets.reshape(len(data.targets), -1)
        total = float(len(x))
        if data.weights is not None:
            scale = np.sqrt(data.weights)[:, None]
            x, y, total = x * scale, y * scale, float(data.weights.sum())
        root, target = _compressed(x, y)
        return cls(len(x), total, root, target, data.design)

    def projected(self, projection: Floats) -> LeastSquares:
        """Statistics of the same records with inputs projected, ``(..., d, width)``."""
        root, target = _compressed(self.root @ projection, self.target)
        return replace(self, root=root, target=target)

    @classmethod
    def drawn(cls, design: Design, coefficients: Floats, n: int, *, rng: Generator) -> LeastSquares:
        """Draw the statistics of `n` records that a linear function labels.

        Parameters
        ----------
        design : Design
            With normal or fixed inputs.
        coefficients : ndarray, shape (..., d, outputs)
            Of the function.
        n : int
            Records there would be.
        rng : numpy.random.Generator
            Source of randomness.
        """
        inputs = design.inputs
        assert isinstance(inputs, NormalInputs | FixedInputs)
        root = inputs.factor(n, design.batch, rng=rng)
        clean = root @ coefficients
        # Rotated noise is noise again: Q^T e is as normal as e.
        return cls(
            n, float(n), root, clean + design.noise * rng.standard_normal(clean.shape), design
        )


def _compressed(root: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Triangular factor of rows and targets; rows beyond the d-th hold no more than residuals."""
    d = root.shape[-1]
    if root.shape[-2] <= 1:
        return root, target
    factor: Any = np.linalg.qr(np.concatenate([root, target], axis=-1), mode="r")
    return factor[..., :d, :d], factor[..., :d, d:]


@records.size.register
def _(data: LeastSquares) -> int:
    return data.n


@records.layout.register
def _(data: LeastSquares) -> object:
    return ("least squares", data.root.shape[-1], data.target.shape[-1])


@records.take.register
def _(data: LeastSquares, indices: Any) -> LeastSquares:
    raise Incompatible(
        "single records cannot be taken from least-squares statistics, so budgets, curators and "
        "mixes that choose among records need the records themselves. Leave out statistics=True."
    )


@records.subset.register
def _(data: LeastSquares, k: int, *, rng: Generator) -> LeastSquares:
    if k == data.n:
        return data
    return records.take(data, np.arange(k))  # type: ignore[no-any-return]  # says why not


@records.join.register
def _(first: LeastSquares, parts: Sequence[LeastSquares]) -> LeastSquares:
    root = np.concatenate([part.root for part in parts], axis=-2)
    target = np.concatenate([part.target for part in parts], axis=-2)
    root, target = _compressed(root, target)
    n, weight = sum(part.n for part in parts), sum(part.weight for part in parts)
    return LeastSquares(n, weight, root, target, first.design)


@records.weigh.register
def _(data: LeastSquares, weight: float) -> LeastSquares:
    scale = np.sqrt(weight * data.n / data.weight)
    return replace(data, weight=weight * data.n, root=data.root * scale, target=data.target * scale)
