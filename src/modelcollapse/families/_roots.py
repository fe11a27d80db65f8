"""Square roots of scatter matrices: drawn, multiplied and merged without forming the matrix.

A root is a lower triangular ``(..., d, d)`` array in which column `j` is to be multiplied by
``2**exponent[..., j]``. Along a chain the columns shrink at different exponential rates, so each
one keeps its own exponent; powers of two are exact, and nothing underflows in a million
generations. Squaring would halve the digits, and a covariance stops being positive definite long
before its root stops being a root.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.records import Indices

Floats = NDArray[np.float64]
Exponents = NDArray[np.intc]
Count = int | NDArray[np.intp]

_WINDOW = 2.0**256  # diagonals that leave [1/_WINDOW, _WINDOW] are brought back
_PIECE = 2**14  # numbers in the factors that are held at once
_REGULAR = 1e-3  # share of a variance that the coordinates before must leave for Cholesky
NOWHERE = -(2**30)  # exponent of an exact zero: below every other


def bartlett(degrees: Count, d: int, shape: tuple[int, ...], rng: Generator) -> Floats:
    """Lower triangular `A` such that ``A A^T`` is Wishart with unit scale.

    Parameters
    ----------
    degrees : int or integer ndarray, shape `shape`
        Degrees of freedom, 0 or larger; where they are fewer than `d` the matrix is singular and
        only its first `degrees` columns differ from zero.
    d : int
        Dimensions.
    shape : tuple of int
        Leading axes.
    rng : numpy.random.Generator
        Draws, in this order, ``shape + (d,)`` gammas and ``shape + (d(d-1)/2,)`` normals, which
        fill the part below the diagonal row by row.

    Returns
    -------
    ndarray, shape ``shape + (d, d)``
        Square roots of chi-squares on the diagonal, normals below it.

    References
    ----------
    Textbook: the Bartlett decomposition.
    """
    return _triangle(_diagonal(degrees, d, shape, rng), rng)


def wishart(
    root: Floats, exponent: Exponents, scale: Floats, degrees: int, rng: Generator
) -> tuple[Floats, Exponents]:
    """Root of a Wishart matrix.

    Parameters
    ----------
    root, exponent : ndarray, shapes ``(..., d, d)`` and ``(..., d)``
        Root of the expectation divided by `degrees`, but for `scale`.
    scale : ndarray, shape ``()`` or ``(...)``
        What the root is to be multiplied by.
    degrees : int
        Degrees of freedom, 0 or larger.
    rng : numpy.random.Generator
        Draws as `bartlett` does.

    Returns
    -------
    tuple of ndarray
        Root and exponents.
    """
    shape, d = root.shape[:-2], root.shape[-1]
    diagonal = _diagonal(degrees, d, shape, rng) * scale[..., None]
    if d == 1:
        return _checked(root * diagonal[..., None], exponent)
    # Piece by piece, the factors stay in the cache and only the product needs fresh memory.
    product = np.empty((math.prod(shape), d, d))
    roots, diagonals = root.reshape(product.shape), diagonal.reshape(-1, d)
    exponents = exponent.reshape(-1, d)
    scales = np.broadcast_to(scale, shape).reshape(-1, 1)
    for start in range(0, len(product), max(1, _PIECE // d**2)):
        piece = slice(start, start + max(1, _PIECE // d**2))
        triangle = _triangle(diagonals[piece], rng, scales[piece])
        np.matmul(roots[piece], _shifted(triangle, exponents[piece]), out=product[piece])
    return _checked(product.reshape(root.shape), exponent)


def multiply(root: Floats, exponent: Exponents, triangle: Floats) -> tuple[Floats, Exponents]:
    """Product of a root and a lower triangular matrix of ordinary size, as a root.

    Parameters
    ----------
    root, exponent : ndarray, shapes ``(..., d, d)`` and ``(..., d)``
        The left factor.
    triangle : ndarray, shape ``(..., d, d)``
        The right factor.

    Returns
    -------
    tuple of ndarray
        Root and exponents of the product.
    """
    return _checked(root @ _shifted(triangle, exponent), exponent)


def _diagonal(degrees: Count, d: int, shape: tuple[int, ...], rng: Generator) -> Floats:
    """Square roots of chi-squares with `degrees`, one fewer, ... degrees of freedom."""
    if d == 1:  # a single shape parameter is drawn three times as fast as an array of them
        return np.sqrt(2 * rng.standard_gamma(np.asarray(degrees) / 2, shape))[..., None]
    left = np.maximum(np.asarray(degrees)[..., None] - np.arange(d), 0)
    return np.asarray(np.sqrt(2 * rng.standard_gamma(left / 2, (*shape, d))))


def _triangle(diagonal: Floats, rng: Generator, scale: Floats | float = 1.0) -> Floats:
    """Matrix with this diagonal and scaled normals below it; zero columns below a zero."""
    shape, d = diagonal.shape[:-1], diagonal.shape[-1]
    flat = np.zeros((*shape, d * d))
    flat[..., :: d + 1] = diagonal
    triangle = flat.reshape(*shape, d, d)
    if d > 1:
        normals = rng.standard_normal((*shape, d * (d - 1) // 2))
        flat[..., _below(d)] = normals * scale
        if not diagonal.all():
            triangle *= (diagonal > 0)[..., None, :]
    return triangle


@lru_cache(maxsize=64)
def _below(d: int) -> Indices:
    """Positions below the diagonal in a flattened matrix, row by row."""
    row, column = np.tril_indices(d, -1)
    return np.asarray(row * d + column)


def _shifted(triangle: Floats, exponent: Exponents) -> Floats:
    """Right factor with the differences between the left factor's exponents applied."""
    if (exponent[..., 1:] == exponent[..., :-1]).all():
        return triangle
    return np.asarray(np.ldexp(triangle, exponent[..., :, None] - exponent[..., None, :]))


def _checked(product: Floats, exponent: Exponents) -> tuple[Floats, Exponents]:
    if exponent.shape != product.shape[:-1]:
        exponent = np.broadcast_to(exponent, product.shape[:-1])
    diagonal = np.abs(product.diagonal(0, -2, -1))
    if diagonal.min() < 1 / _WINDOW or diagonal.max() > _WINDOW:
        return _rescale(product, exponent)
    return product, exponent


def _rescale(root: Floats, exponent: Exponents) -> tuple[Floats, Exponents]:
    """Bring the columns back to ordinary size.

    Exponents never increase from left to right, because each product adds a share of the later
    columns to the earlier ones: so `multiply` only ever scales down and cannot overflow.
    """
    size = np.abs(root).max(axis=-2)
    level = np.where(size > 0, exponent + np.frexp(size)[1], NOWHERE)
    level = np.maximum.accumulate(level[..., ::-1], axis=-1)[..., ::-1]
    level = np.where(level > NOWHERE, level, exponent.min(axis=-1, keepdims=True))
    level = np.minimum.accumulate(level, axis=-1).astype(np.intc)
    return np.ldexp(root, (exponent - level)[..., None, :]), level


def lower(columns: Floats, n: Count) -> Floats:
    """Triangular root of the scatter of `n` records, a sum of outer products.

    Parameters
    ----------
    columns : ndarray, shape ``(..., d, c)``
        Vectors, one per column, with ``c >= d``; at most ``n - 1`` of them differ from zero.
    n : int or integer ndarray, shape ``(...)``
        Number of records.

    Returns
    -------
    ndarray, shape ``(..., d, d)``
        Lower triangular `L` with ``L L^T = columns columns^T``; at most its first ``n - 1``
        columns differ from zero.
    """
    d = columns.shape[-2]
    if d == 1:
        return np.asarray(np.sqrt(np.square(columns).sum(axis=-1, keepdims=True)))
    if np.min(n) <= d:
        # Zeros last: reflections leave them alone, so that the rank stays n - 1 without rounding.
        order = np.argsort(~columns.any(axis=-2), axis=-1, kind="stable")
        columns = np.take_along_axis(columns, order[..., None, :], axis=-1)
    found = _by_cholesky(columns)
    if found is not None:
        return found
    triangle = np.swapaxes(upper(np.swapaxes(columns, -1, -2)), -1, -2)
    return cleared(np.ascontiguousarray(triangle), columns.shape[-1])


def _by_cholesky(columns: Floats) -> Floats | None:
    """Root by way of the matrix, at a third of the cost, where that loses no digits to speak of.

    None where, in any of the matrices, a coordinate is nearly determined by the ones before it.
    """
    matrix = columns @ np.swapaxes(columns, -1, -2)
    try:
        root = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    left = np.square(root.diagonal(0, -2, -1))
    return root if (left > _REGULAR * matrix.diagonal(0, -2, -1)).all() else None


def orthogonal(columns: Floats) -> Floats:
    """Rows of unit length, at right angles, from ``columns = L Q`` with `L` lower triangular.

    Parameters
    ----------
    columns : ndarray, shape ``(..., d, c)``
        With ``c >= d``.

    Returns
    -------
    ndarray, shape ``(..., d, c)``
        The factor `Q`.
    """
    if columns.shape[-2] == 1:
        length = np.sqrt(np.square(columns).sum(axis=-1, keepdims=True))
        return np.asarray(columns / np.where(length > 0, length, 1.0))
    return np.swapaxes(np.linalg.qr(np.swapaxes(columns, -1, -2))[0], -1, -2)


def upper(rows: Floats) -> Floats:
    """Triangular factor of a QR factorisation."""
    return np.asarray(np.linalg.qr(rows, mode="r"))


def cleared(triangle: Floats, c: int) -> Floats:
    """Write exact zeros on the diagonal, in place, where only rounding errors stand.

    A coordinate that depends linearly on the ones before it has a zero there, and its logarithm
    must not be taken for that of a small number. Where those coordinates nearly depend on one
    another too, rounding errors are larger than this rule allows for and are left standing: it is
    worse to call a thin distribution flat.

    Parameters
    ----------
    triangle : ndarray, shape ``(..., d, d)``
        Root that a QR factorisation gave.
    c : int
        Number of vectors that were factorised.

    Returns
    -------
    ndarray, shape ``(..., d, d)``
        The same array.
    """
    diagonal = np.einsum("...ii->...i", triangle)
    lengths = np.sqrt(np.square(triangle).sum(axis=-1))
    diagonal[np.abs(diagonal) <= 8 * math.sqrt(c) * np.finfo(np.float64).eps * lengths] = 0.0
    return triangle


def ordinary(values: Floats) -> bool:
    """Whether no value is so large that the powers of two should be chosen anew."""
    return bool(np.abs(values).max() < _WINDOW)


def natural(root: Floats, exponent: Exponents) -> Floats:
    """Root with the exponents applied: entries below the smallest float become 0."""
    return np.asarray(np.ldexp(root, exponent[..., None, :]))


def level(root: Floats, exponent: Exponents) -> Exponents:
    """Exponent of the largest entry of each root, shape ``(...)``; far below all others for 0."""
    size = np.abs(root).max(axis=-2)
    return np.asarray(np.where(size > 0, exponent + np.frexp(size)[1], NOWHERE).max(axis=-1))


def log_scaled(values: Floats, exponent: Exponents) -> Floats:
    """Natural logarithm of ``abs(values) * 2**exponent``, -inf for 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.abs(values)) + exponent * math.log(2))
