"""Keep what scores high enough."""

from __future__ import annotations

import numbers
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError
from modelcollapse.selection.order import Order, by_score, cut, noise_for
from modelcollapse.selection.pile import Choice, Floats, Pile


@dataclass(frozen=True)
class Threshold:
    """Keep the records with at least a certain score.

    Parameters
    ----------
    at : float
        The lowest score that passes.
    by : str, optional
        Verifier to choose by; may be left out where there is only one.

    Raises
    ------
    InputError
        If the threshold is no number, NaN or infinite.

    Notes
    -----
    If fewer records are asked for than pass, the highest scores are kept, and equal ones at the
    cut by chance. Records without a score are dropped.

    Examples
    --------
    >>> pile = Pile({"grade": np.array([0.9, 0.2, np.nan, 0.7])})
    >>> choice = Threshold(0.5).choose(pile, None, rng=np.random.default_rng(0))
    >>> choice.copies.tolist(), choice.dropped
    ([1, 0, 0, 1], {'no score': 1, 'a score below 0.5': 1})
    """

    at: float
    by: str | None = None

    def __post_init__(self) -> None:
        given: object = self.at
        if not isinstance(given, numbers.Real) or not np.isfinite(self.at):
            raise InputError(
                f"Threshold got at = {self.at!r}, which no score can be compared with. Give a "
                "finite number on the scale of the scores."
            )

    def order(self, pile: Pile, noise: Floats) -> Order:
        """Rank by score; those below the threshold do not pass.

        Raises
        ------
        InputError
            If no record passes.
        """
        scored = by_score(pile, self.by, "Threshold")
        passing = scored.value >= self.at
        if not passing.any():
            raise InputError(
                f"no record reaches the threshold at = {self.at:g}: the highest score is "
                f"{np.nanmax(scored.value):.6g}. Lower it."
            )
        low = scored.passing & ~passing
        return Order(
            scored.value,
            passing,
            (*scored.reasons, f"a score below {self.at:g}"),
            np.where(low, 1, scored.reason),
            score=scored.value,
        )

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Keep all that pass, or the `n` best of them.

        Raises
        ------
        InputError
            If none or fewer than `n` pass.
        """
        noise = noise_for(pile, rng)
        return cut(self.order(pile, noise), n, noise, "Threshold")
