"""Keep one of every cluster of near duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError, suggestion
from modelcollapse.selection.chance import unscored
from modelcollapse.selection.groups import part
from modelcollapse.selection.pile import Choice, Floats, Pile, Rule

Keep = Literal["best", "first"]

NEAR_DUPLICATE = "a near duplicate of a record that stays"
"""Why a record goes that is like another."""


@dataclass(frozen=True)
class NearDuplicates:
    """Keep one of each cluster of near duplicates, and let another rule choose among these.

    Parameters
    ----------
    rule : Rule
        Chooses among what is left.
    clusters : str, default "near_duplicates"
        Column of the groups with the number of each record's cluster, from `near_duplicates`.
    keep : {"best", "first"}, default "best"
        Which one is left: the highest score, equal ones by chance; or the one that comes first.
        One with a score goes before one without.
    by : str, optional
        Verifier that says which is best; may be left out where there is only one, and for
        ``"first"``.

    Raises
    ------
    InputError
        If `keep` is unknown.

    Examples
    --------
    >>> from modelcollapse.selection.duplicates import near_duplicates
    >>> from modelcollapse.selection.top import TopFraction
    >>> codes = near_duplicates(["The cat sat.", "the cat sat", "A dog ran off."])
    >>> scores = np.array([0.7, 0.9, 0.8])
    >>> pile = Pile({"grade": scores}, groups={"near_duplicates": codes})
    >>> choice = NearDuplicates(TopFraction()).choose(pile, None, rng=np.random.default_rng(0))
    >>> choice.copies.tolist(), choice.dropped
    ([0, 1, 1], {'a near duplicate of a record that stays': 1})
    """

    rule: Rule
    clusters: str = "near_duplicates"
    keep: Keep = "best"
    by: str | None = None

    def __post_init__(self) -> None:
        known = get_args(Keep)
        if self.keep not in known:
            raise InputError(f"there is no keep '{self.keep}'. {suggestion(self.keep, known)}")

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Leave one of each cluster, and choose among them.

        Raises
        ------
        InputError
            If the clusters are not known, or the rule refuses.
        """
        codes = pile.codes(self.clusters, "NearDuplicates")
        noise = rng.random(pile.size)
        if self.keep == "best":
            score = pile.by(self.by, "NearDuplicates")
            line = np.lexsort((noise, -score, codes))
        else:
            line = np.lexsort((np.arange(pile.size), unscored(pile), codes))
        _, first = np.unique(codes[line], return_index=True)
        left = np.sort(line[first])
        inner = self.rule.choose(part(pile, left), n, rng=rng)
        copies = np.zeros(pile.size, dtype=np.int64)
        reason = np.full(pile.size, len(inner.reasons))
        copies[left], reason[left] = inner.copies, inner.reason
        weights: Floats | None = None
        if inner.weights is not None:
            weights = np.zeros(pile.size)
            weights[left] = inner.weights
        removed = pile.size - left.size
        notes = [f"{removed} of {pile.size} records are near duplicates of others and left out."]
        return Choice(
            copies,
            (*inner.reasons, NEAR_DUPLICATE),
            reason,
            weights,
            notes=(*(notes if removed else ()), *inner.notes),
            figures={"near_duplicates": float(removed), **inner.figures},
            lost=inner.lost,
        )
