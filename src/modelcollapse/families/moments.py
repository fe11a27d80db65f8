"""Sufficient statistics of Gaussian records, as one more kind of data.

A block of `n` Gaussian records is known, as far as any Gaussian fit can tell, by its size, mean
and scatter. `Moments` can be counted, thinned and joined like records, at a cost that does not
depend on `n`: an exact simulation is the same loop with this kind of data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families import _roots
from modelcollapse.families._roots import Count, Exponents, Floats
from modelcollapse.families.rows import as_rows
from modelcollapse.records import Indices


@dataclass(frozen=True, eq=False)
class Moments:
    """Number, mean and scatter of records with `d` coordinates.

    The scatter is the sum of ``(x - mean)(x - mean)^T`` over the records. It is kept as a lower
    triangular root, never as the matrix, and each column of the root has a power of two of its
    own, so that a collapsing chain does not underflow.

    Attributes
    ----------
    n : int or integer ndarray, shape (replicates,)
        Records; an array where the replicates of a batch hold different numbers of them. A mean of
        no records is a placeholder that joins neutrally.
    mean : ndarray, shape (..., d)
        Mean of the records. Leading axes are ``()``, or ``(replicates,)`` for a batch.
    root : ndarray, shape (..., d, d)
        Lower triangular `L`; the scatter is ``L L^T`` after column `j` of `L` is multiplied by
        ``2**exponent[..., j]``. Only the first ``n - 1`` columns differ from zero.
    exponent : ndarray of int, shape (..., d)
        Powers of two of the columns.
    gaussian : bool
        Whether the records are known to be independent draws from one Gaussian: only then has a
        random subset of them a known law.
    record_shape : tuple of int, optional
        Shape of one record, where an array of records was summarised: a model fitted to these
        moments writes such records. None where only moments exist.
    """

    n: Count
    mean: Floats
    root: Floats
    exponent: Exponents
    gaussian: bool = True
    record_shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        shape = self.mean.shape
        if not shape or self.root.shape != (*shape, shape[-1]) or self.exponent.shape != shape:
            raise InputError(
                f"the parts of moments do not fit together: mean {shape}, root {self.root.shape}, "
                f"exponent {self.exponent.shape}. Their shapes are (..., d), (..., d, d) and "
                "(..., d)."
            )

    @classmethod
    def of(cls, data: Any) -> Moments:
        """Summarise an array of records.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Records along the first axis.

        Returns
        -------
        Moments
            Without leading axes; not marked as Gaussian, since no array can prove that.

        Raises
        ------
        InputError
            If `data` is no array of numbers, is empty, or holds NaN or infinity.

        Examples
        --------
        >>> Moments.of(np.array([1.0, 2.0, 6.0])).scatter
        array([[14.]])
        """
        rows = as_rows(data, "a Gaussian")
        n, d = rows.shape
        mean = rows.mean(axis=0)
        centred = rows - mean
        level = int(np.frexp(np.abs(centred).max())[1])
        # Scaled by an exact power of two: squares of very small numbers would underflow.
        centred = np.ldexp(centred, -level)
        if d == 1:
            root = np.sqrt(np.square(centred).sum(axis=0, keepdims=True))
        else:
            # The constant column takes one degree of freedom: n records leave rank n - 1.
            upper = _roots.upper(np.column_stack([np.ones(n), centred]))[1:, 1:]
            root = np.zeros((d, d))
            root[:, : len(upper)] = upper.T
            root = _roots.cleared(root, n)
        exponent = np.full(d, level, dtype=np.intc)
        return cls(n, mean, root, exponent, gaussian=False, record_shape=data.shape[1:])

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.mean.shape[-1])

    @property
    def replicates(self) -> int | None:
        """Number of replicates in a batch, None for a single lineage."""
        return int(self.mean.shape[0]) if self.mean.ndim > 1 else None

    @property
    def scatter(self) -> Floats:
        """Sum of ``(x - mean)(x - mean)^T``, shape (..., d, d); 0 below the smallest float."""
        root = _roots.natural(self.root, self.exponent)
        return np.asarray(root @ np.swapaxes(root, -1, -2))


@records.size.register(Moments)
def _(data: Moments) -> Any:
    return data.n


@records.layout.register
def _(data: Moments) -> object:
    return ("moments", data.d, data.replicates)


@records.take.register
def _(data: Moments, indices: Indices) -> NoReturn:
    raise Incompatible(
        "single records cannot be taken from moments, which know only the number, mean and scatter "
        "of the records. Use rows instead (a Gaussian truth without .exact()), or a random subset."
    )


@records.subset.register
def _(data: Moments, k: Count, *, rng: Generator) -> Moments:
    """Moments of `k` records chosen at random; `k` may differ between replicates.

    Given the moments of a Gaussian sample, its standardised rows are uniform on a Stiefel
    manifold whatever the parameters (Basu), so the standardised moments of a part are those of a
    part of any other Gaussian sample. Such a sample is drawn as Bartlett factors `A` of the chosen
    records and `B` of the others, and the standardised difference `z` of their means; the
    orthogonal factor of ``[A B z] = L Q`` is what its own total leaves of it.

    Each subset has the exact law given the block. Two subsets of one block are drawn independently
    given the block, though true subsets share records: their covariance is right, their joint law
    is not.
    """
    rest = np.asarray(data.n) - k
    if np.any(rest < 0) or np.any(np.asarray(k) < 0):
        raise InputError(
            f"cannot choose {np.max(k)} of {np.min(data.n)} records without replacement. "
            "Ask for at most as many as there are."
        )
    if np.ndim(rest) == 0 and rest == 0:
        return data
    if not data.gaussian:
        raise Incompatible(
            "a random subset has no known law given moments that were joined from several blocks "
            "or summarised from rows. Choose from each Gaussian block by itself, or use rows."
        )
    shape, d = data.mean.shape[:-1], data.d
    chosen: Count = int(k) if np.ndim(k) == 0 else np.asarray(k, dtype=np.intp)
    if np.ndim(chosen) and np.shape(chosen) != shape:
        raise InputError(
            f"moments of {data.replicates} replicates cannot be thinned by {np.shape(chosen)} "
            "numbers of records. Give one number, or one for each replicate."
        )
    both = (np.asarray(chosen) > 0) & (rest > 0)
    difference = rng.standard_normal((*shape, d)) * both[..., None]
    inside = _roots.bartlett(np.maximum(np.asarray(chosen) - 1, 0), d, shape, rng)
    outside = _roots.bartlett(np.maximum(rest - 1, 0), d, shape, rng)
    columns = np.concatenate([inside, outside, difference[..., None]], axis=-1)
    whole = _roots.orthogonal(columns)
    # L^-1 A has the zeros of A; the factorisation leaves rounding errors in their places.
    share = np.where(inside != 0, whole[..., :d], 0.0)
    root, exponent = _roots.multiply(data.root, data.exponent, share)
    shift = np.sqrt(rest / np.maximum(np.asarray(data.n) * chosen, 1))
    across = np.ldexp(whole[..., -1], data.exponent) * (shift * both)[..., None]
    mean = data.mean + np.einsum("...ij,...j->...i", data.root, across)
    return replace(data, n=_common(chosen), mean=mean, root=root, exponent=exponent)


@records.join.register
def _(first: Moments, parts: Sequence[Moments]) -> Moments:
    """Merge by the parallel variance formula, on the roots."""
    kinds = {(type(p).__name__, records.layout(p), getattr(p, "record_shape", 0)) for p in parts}
    if len(kinds) > 1:
        raise Incompatible(
            "moments join only with moments of as many coordinates and replicates, and moments of "
            f"arrays only with such: got {sorted(map(str, kinds))}. Let one law write all blocks."
        )
    n: Count = first.n
    mean, contrasts = first.mean, []
    for part in parts[1:]:
        total = n + np.asarray(part.n)
        apart = part.mean - mean
        weight = np.sqrt(n * np.asarray(part.n) / np.maximum(total, 1))
        contrasts.append(weight[..., None] * apart)
        mean = mean + (part.n / np.maximum(total, 1))[..., None] * apart
        n = total
    between = np.stack(contrasts, axis=-1)
    columns, level = _at_one_scale(parts, between)
    root = _roots.lower(columns, n)
    exponent = np.broadcast_to(level, mean.shape)
    return Moments(_common(n), mean, root, exponent, False, first.record_shape)


def _at_one_scale(parts: Sequence[Moments], between: Floats) -> tuple[Floats, Exponents]:
    """Columns of all roots and of `between`, to be multiplied by ``2**level`` of the replicate."""
    roots, level = [part.root for part in parts], parts[0].exponent[..., :1]
    with np.errstate(over="ignore"):
        apart = np.ldexp(between, -level[..., None])
    if all((part.exponent == level).all() for part in parts) and _roots.ordinary(apart):
        return np.concatenate([*roots, apart], axis=-1), level
    # Means may differ at another scale than the roots do: all are brought to the largest.
    level = _roots.level(between, np.zeros(between.shape[:-2] + between.shape[-1:], dtype=np.intc))
    for part in parts:
        level = np.maximum(level, _roots.level(part.root, part.exponent))
    level = np.where(level > _roots.NOWHERE, level, 0).astype(np.intc)[..., None]
    scaled = [np.ldexp(part.root, (part.exponent - level)[..., None, :]) for part in parts]
    return np.concatenate([*scaled, np.ldexp(between, -level[..., None])], axis=-1), level


def _common(n: Count) -> Count:
    """One number where all replicates hold as many records."""
    counts = np.asarray(n)
    return int(counts.flat[0]) if (counts == counts.flat[0]).all() else counts
