"""Keep the highest scores."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np  # noqa: F401  # for the example
from numpy.random import Generator

from modelcollapse.selection.order import (
    Order,
    by_score,
    check_share,
    cut,
    noise_for,
    portion,
)
from modelcollapse.selection.pile import Choice, Floats, Pile


@dataclass(frozen=True)
class TopFraction:
    """Keep the records with the highest scores, whatever they answer.

    Parameters
    ----------
    share : float, default 1.0
        Share of the records with a score that is kept at most, rounded to the nearest number.
    by : str, optional
        Verifier to choose by; may be left out where there is only one.

    Raises
    ------
    InputError
        If `share` is not above 0 and at most 1.

    Notes
    -----
    Equal scores at the cut are drawn by chance. All records compete with one another, so prompts
    and groups whose records score low are cut away: see `BestPerPrompt` and `TailGuard`.

    Examples
    --------
    >>> pile = Pile({"grade": np.array([0.9, 0.2, 0.8, 0.7])})
    >>> TopFraction(0.5).choose(pile, None, rng=np.random.default_rng(0)).copies.tolist()
    [1, 0, 1, 0]
    """

    share: float = 1.0
    by: str | None = None

    def __post_init__(self) -> None:
        check_share("TopFraction", self.share)

    def order(self, pile: Pile, noise: Floats) -> Order:
        """Rank by score."""
        scored = by_score(pile, self.by, "TopFraction")
        return replace(scored, number=portion(self.share, int(scored.passing.sum())))

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Keep the best, `n` or the share.

        Raises
        ------
        InputError
            If there are fewer than `n`.
        """
        noise = noise_for(pile, rng)
        return cut(self.order(pile, noise), n, noise, "TopFraction")
