"""Keep records by chance: what every other rule is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from modelcollapse.selection.order import (
    NO_SCORE,
    Marks,
    Order,
    check_share,
    cut,
    no_scores,
    noise_for,
    portion,
)
from modelcollapse.selection.pile import Choice, Floats, Pile


@dataclass(frozen=True)
class RandomChoice:
    """Choose at random among the records that have any score.

    Parameters
    ----------
    share : float, default 1.0
        Share of these records that is kept at most, rounded to the nearest number.

    Raises
    ------
    InputError
        If `share` is not above 0 and at most 1.

    Notes
    -----
    A record without a score of any verifier is one that could not be read: it is dropped here as
    everywhere, so that the comparison is fair.
    """

    share: float = 1.0

    def __post_init__(self) -> None:
        check_share("RandomChoice", self.share)

    def order(self, pile: Pile, noise: Floats) -> Order:
        """Rank all alike.

        Raises
        ------
        InputError
            If no record has a score.
        """
        missing = unscored(pile)
        if missing.all():
            raise no_scores("RandomChoice", pile)
        return Order(
            np.where(missing, np.nan, 0.0),
            ~missing,
            (NO_SCORE,),
            np.where(missing, 0, -1),
            number=portion(self.share, int((~missing).sum())),
        )

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Draw `n` records, or the share.

        Raises
        ------
        InputError
            If there are fewer than `n`.
        """
        noise = noise_for(pile, rng)
        return cut(self.order(pile, noise), n, noise, "RandomChoice")


def unscored(pile: Pile) -> Marks:
    """Mark the records that no verifier gave a score."""
    return np.asarray(np.all([np.isnan(score) for score in pile.scores.values()], axis=0))
