"""An audit sample as four counts, and what follows from them.

The cells of a sample are, in this order: right and kept, right and dropped, wrong and kept, wrong
and dropped. They are real numbers, since clusters make a sample worth less than it counts.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Share = Literal["p", "phi", "psi", "breakdown_point", "kept_error"]

SHARES: tuple[Share, ...] = ("p", "phi", "psi", "breakdown_point", "kept_error")
RIGHT_KEPT, RIGHT_DROPPED, WRONG_KEPT, WRONG_DROPPED = range(4)
Pair = tuple[tuple[int, ...], tuple[int, ...]]

_PHI: Pair = ((RIGHT_KEPT,), (RIGHT_DROPPED,))
_PSI: Pair = ((WRONG_KEPT,), (WRONG_DROPPED,))
_KEPT: Pair = ((WRONG_KEPT,), (RIGHT_KEPT,))
_DROPPED: Pair = ((WRONG_DROPPED,), (RIGHT_DROPPED,))
_WRONG: Pair = ((WRONG_KEPT, WRONG_DROPPED), (RIGHT_KEPT, RIGHT_DROPPED))


def proportions(share: Share, stratified: bool) -> tuple[Pair, ...]:
    """Independent proportions that a share is a function of, each as its two outcomes.

    Parameters
    ----------
    share : str
        One of `SHARES`.
    stratified : bool
        Whether kept and dropped records were sampled apart.
    """
    if share == "kept_error":
        return (_KEPT,)
    if stratified:
        return (_KEPT, _DROPPED)
    plain: dict[Share, tuple[Pair, ...]] = {
        "p": (_WRONG,), "phi": (_PHI,), "psi": (_PSI,), "breakdown_point": (_PHI, _PSI)
    }  # fmt: skip
    return plain[share]


def composed(share: Share, parts: tuple[Any, ...], keep_rate: float | None) -> Any:
    """Value of a share for values, one or many, of the proportions that it is a function of."""
    if keep_rate is None or share == "kept_error":
        if share != "breakdown_point":
            return parts[0]
        phi, psi = parts
    else:
        kept, dropped = parts
        p = keep_rate * kept + (1 - keep_rate) * dropped
        if share == "p":
            return p
        with np.errstate(divide="ignore", invalid="ignore"):
            phi, psi = keep_rate * (1 - kept) / (1 - p), keep_rate * kept / p
        if share != "breakdown_point":
            return phi if share == "phi" else psi
    with np.errstate(divide="ignore", invalid="ignore"):
        return phi / (phi + psi)


def totals(cells: Floats, pair: Pair) -> tuple[float, float]:
    """Counts of the first outcome of a proportion, and of both."""
    first = float(sum(cells[i] for i in pair[0]))
    return first, first + float(sum(cells[i] for i in pair[1]))


def value(share: Share, cells: Floats, keep_rate: float | None) -> float:
    """Estimate of a share; NaN where the sample says nothing about it."""
    counted = [totals(cells, pair) for pair in proportions(share, keep_rate is not None)]
    if any(of == 0 for _, of in counted):
        return float("nan")
    parts = tuple(np.float64(k / of) for k, of in counted)
    return float(composed(share, parts, keep_rate))


def influences(share: Share, cells: Floats, keep_rate: float | None) -> Floats:
    """Change of a share that one more record of each cell makes, shape (4,).

    For the breakdown point it is that of ``log(psi / phi)``, in which it is monotone. Half a
    record is added to each cell, so that empty ones give finite numbers.
    """
    full = cells + 0.5

    def of(pair: Pair) -> tuple[float, Floats]:
        first, size = totals(full, pair)
        change = np.zeros(4)
        change[list(pair[0])] = (1 - first / size) / size
        change[list(pair[1])] = -first / size / size
        return first / size, change

    if share == "kept_error" or (keep_rate is None and share != "breakdown_point"):
        return of(proportions(share, False)[0])[1]
    if keep_rate is None:
        (phi, by_phi), (psi, by_psi) = of(_PHI), of(_PSI)
        return np.asarray(by_psi / psi - by_phi / phi)
    (kept, by_kept), (dropped, by_dropped) = of(_KEPT), of(_DROPPED)
    p = keep_rate * kept + (1 - keep_rate) * dropped
    by_p = keep_rate * by_kept + (1 - keep_rate) * by_dropped
    if share == "p":
        return np.asarray(by_p)
    phi, psi = keep_rate * (1 - kept) / (1 - p), keep_rate * kept / p
    by_phi = (phi * by_p - keep_rate * by_kept) / (1 - p)
    by_psi = (keep_rate * by_kept - psi * by_p) / p
    if share == "breakdown_point":
        return np.asarray(by_psi / psi - by_phi / phi)
    return np.asarray(by_phi if share == "phi" else by_psi)


def log_ratio(cells: Floats, keep_rate: float | None) -> tuple[float, float]:
    """Estimate of ``log(psi / phi)`` with half a record more in each cell, and its variance."""
    star = value("breakdown_point", cells + 0.5, keep_rate)
    change = influences("breakdown_point", cells, keep_rate)
    return float(np.log1p(-star) - np.log(star)), float(np.sum(cells * change**2))
