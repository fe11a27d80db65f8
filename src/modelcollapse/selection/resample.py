"""Importance resampling: written records made to follow the real law."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator
from scipy.special import log_expit, logit

from modelcollapse.errors import InputError, suggestion
from modelcollapse.selection.drawing import check_repeats, resampled
from modelcollapse.selection.order import Marks, by_score
from modelcollapse.selection.pile import Choice, Floats, Pile

Scale = Literal["probability", "log_odds"]
Weight = Literal["odds", "probability"]


@dataclass(frozen=True)
class Resample:
    """Draw records by the odds that a detector takes them for real.

    Parameters
    ----------
    exponent : float, default 1.0
        Power of the odds: 1 estimates the real law, 0 draws all alike, more than 1 favours what
        looks real beyond that.
    by : str, optional
        Detector whose scores count; may be left out where there is only one.
    scale : {"probability", "log_odds"}, default "probability"
        What the scores are: calibrated probabilities of being real, or logarithms of their odds.
    weight : {"odds", "probability"}, default "odds"
        Whether odds or probabilities are raised to the power. Probabilities are bounded, so that
        no record can weigh very much, and estimate nothing.
    repeats : int, default 3
        Most copies of a record.

    Raises
    ------
    InputError
        If a number is out of range or a choice unknown.

    Notes
    -----
    With a calibrated detector trained on both kinds, the odds are the ratio of the two laws up to
    a constant, which cancels: weights are divided by their sum (sampling importance resampling,
    Rubin 1988). Copies are drawn by systematic sampling in random order, so that the expected
    number of copies is in exact proportion to the weight up to the limit. Probabilities of exactly
    0 and 1 count as if half a record among all spoke against them, or as the least and greatest
    of the others where these are beyond that; all others count as they are. The effective sample
    size says what the weights are worth; it is also how many are drawn where no number is asked
    for.

    References
    ----------
    Powers of probabilities: Drayson, Yilmaz and Lampos (2025), "Machine-generated text detection
    prevents language model collapse", arXiv:2502.15654.

    Examples
    --------
    >>> pile = Pile({"real": np.array([0.5, 0.5, 0.8])})
    >>> choice = Resample(repeats=2).choose(pile, 3, rng=np.random.default_rng(0))
    >>> choice.copies.sum(), choice.copies[2], round(choice.figures["effective_sample_size"], 6)
    (np.int64(3), np.int64(2), 2.0)
    """

    exponent: float = 1.0
    by: str | None = None
    scale: Scale = "probability"
    weight: Weight = "odds"
    repeats: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.exponent < np.inf:
            raise InputError(
                f"Resample got exponent = {self.exponent!r}, but a negative power would favour "
                "what looks generated. Use 0 or more."
            )
        for name, known in (("scale", get_args(Scale)), ("weight", get_args(Weight))):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"there is no {name} '{value}'. {suggestion(value, known)}")
        check_repeats("Resample", self.repeats)

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Draw `n` records, or as many as the weights are worth.

        Raises
        ------
        InputError
            If scores are no probabilities, or there are not enough records.
        """
        order = by_score(pile, self.by, "Resample")
        missing = ~order.passing
        odds, certain = self._log_odds(order.value, missing)
        logs = self.exponent * (odds if self.weight == "odds" else log_expit(odds))
        choice = resampled(logs, missing, n, self.repeats, rng, "Resample")
        notes = list(choice.notes)
        if certain:
            notes.append(
                f"{certain} records have a probability of 0 or 1, which no detector can know: "
                "they count as half a record among all, or as the nearest of the others."
            )
        if np.ptp(order.value[~missing]) == 0:
            notes.append("All records have the same score: they are drawn all alike.")
        return replace(choice, notes=notes)

    def _log_odds(self, score: Floats, missing: Marks) -> tuple[Floats, int]:
        """Logarithms of the odds of being real, and how many had to be made finite."""
        if self.scale == "log_odds":
            return score, 0
        known = score[~missing]
        if known.min() < 0 or known.max() > 1:
            raise InputError(
                f"Resample reads probabilities of being real, but scores run from {known.min():.6g}"
                f" to {known.max():.6g}. Choose by a detector, or with scale='log_odds' by the "
                "logarithms of odds."
            )
        half = 0.5 / known.size
        never, always = score == 0, score == 1
        # Not above what is nearly certain, lest the order turn.
        low = min(half, float(np.min(known[known > 0], initial=half)))
        high = max(1 - half, float(np.max(known[known < 1], initial=1 - half)))
        finite = np.where(never, low, np.where(always, high, score))
        return np.asarray(logit(finite)), int(never.sum() + always.sum())
