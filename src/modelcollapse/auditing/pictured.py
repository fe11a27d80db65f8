"""What the pictures of a report show, as plain data: ranks and frequencies, retention by rarity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.metrics.neighbours import Neighbours
from modelcollapse.metrics.retention import Retention
from modelcollapse.metrics.share_comparison import ratio_interval

POINTS = 400
FEWEST = 3  # real records of a type whose loss can be told from chance
DECILES = 10


def rank_frequency(
    name: str, kind: str, counts: NDArray[np.int64], reference_counts: NDArray[np.int64]
) -> dict[str, Any]:
    """Counts of the reference's types by rank, and those of the same types in the new data.

    Parameters
    ----------
    name : str
        Column.
    kind : {"words", "categories"}
        What the types are.
    counts, reference_counts : ndarray of int, shape (types,)
        Of both sides.

    Returns
    -------
    dict
        At most 400 ranks, even on a logarithm; new counts are scaled to the reference's total.
        A rank far out stands for the median of the types up to the next; from `lost_from` on
        most types are gone.
    """
    real = reference_counts > 0
    order = np.argsort(-reference_counts[real], kind="stable")
    theirs = reference_counts[real][order].astype(np.float64)
    ours = counts[real][order].astype(np.float64)
    ratio = max(float(counts.sum()), 1.0) / theirs.sum()
    edges = np.unique(np.geomspace(1, len(theirs) + 1, POINTS + 1).astype(np.intp)) - 1
    parts = [slice(*pair) for pair in pairwise(edges)]
    # A mean would hide that most types of a rank are gone, as the rest make up for it.
    real_middle, middle = (
        [float(np.median(side[part])) for part in parts] for side in (theirs, ours / ratio)
    )
    gone = ours == 0
    return {
        "name": name, "kind": kind, "types": len(theirs), "lost": int(gone.sum()),
        "expected_lost": _expected_lost(theirs, ratio),
        "lost_from": _lost_from(gone, theirs, ratio),
        "reference": {"ranks": (edges[:-1] + 1).tolist(), "counts": real_middle},
        "new": {"counts": middle},
    }  # fmt: skip


def _expected_lost(theirs: NDArray[np.float64], ratio: float) -> float:
    """Types of the reference that an honest sample, larger by the ratio, would miss.

    Without bias up to a ratio of one (Good and Toulmin 1956: of types that k records hold,
    ``(1 - ratio)^k - (-ratio)^k`` each). That diverges beyond; from there on it shrinks as the
    chances of `_lost_from` do.
    """
    k = theirs.astype(np.int64)
    up_to_one = min(ratio, 1.0)
    lost = float((np.power(1 - up_to_one, k) - np.power(-up_to_one, k)).sum())
    if ratio > 1:
        lost *= float(np.power(1 + ratio, -theirs).sum() / np.power(2.0, -theirs).sum())
    return min(max(lost, 0.0), float(len(theirs)))


def _lost_from(gone: NDArray[np.bool_], theirs: NDArray[np.float64], ratio: float) -> int | None:
    """Rank from which on less than half is left of what chance would keep: the change point.

    A type met r times in N records is missing from n others with probability (1 + n / N)^-r, its
    rate being known no better than that (gamma posterior; Jeffreys: r - 1/2).
    """
    common = theirs >= FEWEST
    if not common.any():
        return None
    chance = np.power(1 + ratio, 0.5 - theirs[common])
    short = np.cumsum((0.5 * (1 - chance) - ~gone[common])[::-1])[::-1]
    noise = np.sqrt(np.cumsum((chance * (1 - chance))[::-1])[::-1])
    most = int(np.argmax(short))
    return most + 1 if short[most] > 3 * noise[most] else None


def decile_edges(reference_counts: NDArray[np.int64]) -> list[int]:
    """Counts in half of the reference that part the types into tenths by rarity.

    Parameters
    ----------
    reference_counts : ndarray of int, shape (types,)
        Real records (or documents) that hold each type.

    Returns
    -------
    list of int
        Rising from 2; fewer than nine where many types share a count, none where all are rare.
    """
    half = np.sort(reference_counts[reference_counts > 1] / 2)
    if not half.size:
        return []
    cuts = {math.ceil(float(x)) for x in np.quantile(half, np.arange(1, DECILES) / DECILES)}
    return sorted(cut for cut in cuts if cut >= 2)


def band_names(edges: Sequence[int]) -> list[str]:
    """Names of the bands of rarity between edges."""
    bounds = [1, *edges]
    inner = [str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in pairwise(bounds)]
    return [*inner, f"{bounds[-1]}+"]


def type_deciles(name: str, kind: str, found: Mapping[str, Retention]) -> dict[str, Any] | None:
    """Retention of the types of each band of rarity, the rarest first.

    Parameters
    ----------
    name : str
        Column.
    kind : {"words", "categories"}
        What the types are.
    found : mapping of str to Retention
        By band.

    Returns
    -------
    dict or None
        None where there is no second band to compare with.
    """
    if len(found) < 2:
        return None
    return {
        "name": name, "kind": kind,
        "deciles": [
            _band(i, one.signal.value, one.signal.low, one.signal.high)
            | {"types": one.types, "found": one.found, "expected": one.expected, "band": band}
            for i, (band, one) in enumerate(found.items())
        ],
    }  # fmt: skip


def record_deciles(name: str, found: Neighbours) -> dict[str, Any]:
    """New records in each tenth of the reference by rarity, the sparsest first.

    Parameters
    ----------
    name : str
        Embedding column, or "records".
    found : Neighbours
        Of both sets.
    """
    n, k = found.n, found.k - 1
    own = found.own_distances[:n, k]  # of a real record from the k-th other
    across = found.across_distances[n:, k]  # of a new one from the k-th real
    edges = np.quantile(own, np.arange(1, DECILES) / DECILES)
    theirs, ours = (
        np.bincount(np.searchsorted(edges, side), minlength=DECILES)[::-1] for side in (own, across)
    )
    ends = ratio_interval(ours, np.full(DECILES, n), theirs, np.full(DECILES, n))
    low, high = (np.asarray(end) for end in ends)
    return {
        "name": name, "kind": "records",
        "deciles": [
            _band(i, ours[i] / theirs[i] if theirs[i] else math.nan, low[i], high[i])
            | {"types": float(theirs[i]), "found": float(ours[i]), "expected": float(theirs[i])}
            for i in range(DECILES)
        ],
    }  # fmt: skip


def _band(position: int, ratio: float, low: float, high: float) -> dict[str, Any]:
    return {"decile": position + 1, "ratio": ratio, "low": low, "high": high}


def shortened(record: Mapping[str, Any], most: int = 240) -> dict[str, str]:
    """A record as words, long texts cut."""
    return {name: _cut(_spelt(value), most) for name, value in record.items()}


def _spelt(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def rows_of(sample: Mapping[str, ArrayLike], rows: Iterable[int]) -> list[dict[str, str]]:
    """Records of a sample as words; embeddings are left out."""
    columns = {name: np.asarray(values) for name, values in sample.items()}
    return [
        shortened({name: x[int(i)] for name, x in columns.items() if x.ndim == 1}) for i in rows
    ]
