"""What a choice did to subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.metrics.rarefaction import rarefied_richness
from modelcollapse.metrics.subgroups import lost_subgroups, share_ratios
from modelcollapse.selection.drawing import effective_size
from modelcollapse.selection.groups import Groups, groups_of
from modelcollapse.selection.pile import Codes, Floats, Pile


@dataclass(frozen=True)
class GroupEffect:
    """Share of one subgroup among what is kept.

    Parameters
    ----------
    column, group : str
        Which subgroup.
    candidates : float
        Its share of the candidates, which a random choice keeps on average.
    kept : float
        Its share of what is kept, by weight.
    sd : float
        Standard deviation of its share in a random choice, exact.
    real : float
        Its share of the real records; NaN if they are not known.
    ratio, ratio_low, ratio_high : float
        Kept share over real share, with a 95 % interval; NaN likewise.
    """

    column: str
    group: str
    candidates: float
    kept: float
    sd: float
    real: float = float("nan")
    ratio: float = float("nan")
    ratio_low: float = float("nan")
    ratio_high: float = float("nan")

    @property
    def z(self) -> float:
        """Standard deviations of the random choice by which the kept share differs from it."""
        return (self.kept - self.candidates) / self.sd if self.sd > 0 else float("nan")


Row = tuple[str, float, float, float, float]


def group_effects(
    pile: Pile,
    columns: Sequence[str],
    there: NDArray[np.bool_],
    copies: Codes,
    weights: Floats,
    spread: float,
    random: NDArray[np.integer[Any]],
) -> tuple[list[GroupEffect], dict[str, list[str]], list[Row]]:
    """Shares of all subgroups, and which are lost.

    Parameters
    ----------
    pile : Pile
        The candidates.
    columns : sequence of str
        Columns whose groups are looked at.
    there : ndarray of bool, shape (records,)
        Those that could be kept.
    copies : ndarray of int, shape (records,)
        Those that are.
    weights : ndarray, shape (records,)
        Copies times weight.
    spread : float
        From `modelcollapse.selection.effects.random_spread`.
    random : ndarray of int, shape (records, draws)
        Copies in random choices.

    Returns
    -------
    effects : list of GroupEffect
        By column, in order of the codes.
    lost : dict of str to list of str
        By column, groups of the candidates of which nothing is kept.
    rows : list of tuple
        For each column: measure, number of groups lost among the candidates, in what is kept,
        expected in a random choice, and its standard deviation.
    """
    found: list[GroupEffect] = []
    lost: dict[str, list[str]] = {}
    rows: list[Row] = []
    size = effective_size(weights)
    for column in columns:
        real = pile.reference.get(column)
        groups = groups_of(pile, column, "candidates", "The report")
        before = groups.count(there)
        shares = before / before.sum()
        kept = groups.count(weights) / weights.sum()
        sd = np.sqrt(shares * (1 - shares) * there.sum() / max(there.sum() - 1, 1) * spread)
        base = {"candidates": shares, "kept": kept, "sd": sd}
        if real is not None and real.sum() > 0:
            # Repeated and weighted records are worth fewer than they are.
            worth = np.round(kept * size).astype(np.int64)
            ratios = share_ratios(worth, real)
            base |= {
                "real": real / real.sum(),
                "ratio": ratios.ratio,
                "ratio_low": ratios.ratio_low,
                "ratio_high": ratios.ratio_high,
            }
        for i, name in enumerate(groups.names):
            values = {key: float(value[i]) for key, value in base.items()}
            found.append(GroupEffect(column, name, **values))
        gone = (groups.count(copies) == 0) & (before > 0)
        if gone.any():
            lost[column] = groups.named(gone)
        rows.append(_lost_row(groups, before, copies, random))
    return found, lost, rows


def _lost_row(
    groups: Groups, before: Floats, copies: Codes, random: NDArray[np.integer[Any]]
) -> Row:
    """Groups of the candidates that are lost."""
    number = min(int(copies.sum()), int(before.sum()))
    drawn = [float(lost_subgroups(groups.count(one), before)) for one in random.T]
    return (
        f"lost.{groups.column}",
        0.0,
        float(lost_subgroups(groups.count(copies), before)),
        float((before > 0).sum() - rarefied_richness(before, number)),
        float(np.std(drawn, ddof=1)),
    )
