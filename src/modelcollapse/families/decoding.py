"""Temperature, top-k and top-p: how a written law differs from the law that was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError

Floats = NDArray[np.float64]

_ROUNDING = 1e-8


@dataclass(frozen=True)
class Decoding:
    """Changes to a discrete law before it writes, in this order.

    1. `temperature` t: every probability p becomes p^(1/t), and they are made to sum to 1;
    2. `top_k`: only the k most probable outcomes stay (of equally probable ones, the first);
    3. `top_p`: of what stays, made to sum to 1, the fewest outcomes stay, most probable first,
       whose probabilities reach p.

    Parameters
    ----------
    temperature : float, default 1.0
        Dimensionless, above 0; below 1 favours what is probable already.
    top_k : int, optional
        At least 1; all outcomes stay by default.
    top_p : float, optional
        Above 0, at most 1; all outcomes stay by default.

    Raises
    ------
    InputError
        If one of the three is outside its range.

    References
    ----------
    Fan, Lewis and Dauphin (2018), "Hierarchical neural story generation" (top-k); Holtzman et
    al. (2020), "The curious case of neural text degeneration", eq. 2 and 3 (top-p).

    Examples
    --------
    >>> Decoding(top_p=0.6).apply(np.array([0.5, 0.25, 0.25])).round(3)
    array([0.667, 0.333, 0.   ])
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise InputError(
                f"temperature must be above 0 and finite, got {self.temperature}. For the most "
                "probable outcome only, use top_k=1."
            )
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top_k must leave at least 1 outcome, got {self.top_k}.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError(f"top_p must be above 0 and at most 1, got {self.top_p}.")

    @property
    def changes(self) -> bool:
        """Whether anything is changed at all."""
        return self.temperature != 1 or self.top_k is not None or self.top_p not in (None, 1)

    def apply(self, weights: Floats, starts: NDArray[np.intp] | None = None) -> Floats:
        """Decoded probabilities of one law, or of many laid end to end.

        Parameters
        ----------
        weights : ndarray, shape (outcomes,)
            Counts or probabilities, 0 or larger, of all laws.
        starts : ndarray of int, shape (laws,), optional
            Where each law begins, rising from 0; each holds at least one positive weight. One law
            by default.

        Returns
        -------
        ndarray, shape (outcomes,)
            Probabilities that sum to 1 in each law; 0 stays 0.
        """
        starts = np.zeros(1, np.intp) if starts is None else starts
        law = np.repeat(np.arange(starts.size), np.diff(np.append(starts, weights.size)))
        probability = weights.astype(np.float64)
        if self.temperature != 1:
            # Relative to the largest, lest small probabilities underflow together.
            probability /= np.maximum.reduceat(probability, starts)[law]
            probability **= 1 / self.temperature
        probability /= np.add.reduceat(probability, starts)[law]
        if self.top_k is None and self.top_p in (None, 1):
            return probability
        order = np.lexsort((-probability, law))
        ranked = probability[order]
        kept = np.ones(ranked.size, dtype=bool)
        if self.top_k is not None:
            kept = np.arange(ranked.size) - starts[law] < self.top_k
            ranked = np.where(kept, ranked, 0.0)
            ranked /= np.add.reduceat(ranked, starts)[law]
        if self.top_p is not None:
            before = np.cumsum(ranked) - ranked
            before -= before[starts][law]
            # The running sum is exact to about 1e-9; without the margin, one outcome too many
            # stays where the probabilities reach top_p exactly.
            kept &= before < self.top_p - _ROUNDING
            kept[starts] = True
            ranked = np.where(kept, ranked, 0.0)
        probability[order] = ranked / np.add.reduceat(ranked, starts)[law]
        return probability
