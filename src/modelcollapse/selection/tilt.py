"""Weights that grow with the score, instead of a cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError
from modelcollapse.selection.drawing import (
    check_repeats,
    effective_note,
    effective_size,
    relative_weights,
    resampled,
    weighted,
)
from modelcollapse.selection.order import Marks, by_score, cut, noise_for
from modelcollapse.selection.pile import Choice, Floats, Pile


@dataclass(frozen=True)
class Tilt:
    """Weigh records by ``exp(strength * z)``, where z is the standardised score.

    Parameters
    ----------
    strength : float, default 1.0
        How much a standard deviation of the score counts: 0 leaves all alike; the larger, the
        more the best are favoured. A negative one favours low scores.
    by : str, optional
        Verifier whose scores count; may be left out where there is only one.
    resample : bool, default False
        Draw records by these weights rather than hand the weights on.
    repeats : int, default 3
        Most copies of a record when drawing.

    Raises
    ------
    InputError
        If a number is out of range.

    Notes
    -----
    The law of the records is tilted exponentially: that of the best of very many candidates by a
    noisy judge (see `modelcollapse.theory.curation`). No record is lost for sure, so
    tails thin out but do not end. With weights, a number to keep is drawn at random from all.

    Examples
    --------
    >>> pile = Pile({"grade": np.array([0.0, 1.0])})
    >>> choice = Tilt(0.5).choose(pile, None, rng=np.random.default_rng(0))
    >>> choice.weights.round(3).tolist()
    [0.538, 1.462]
    """

    strength: float = 1.0
    by: str | None = None
    resample: bool = False
    repeats: int = 3

    def __post_init__(self) -> None:
        if not np.isfinite(self.strength):
            raise InputError(
                f"Tilt got strength = {self.strength!r}. Give a finite number; for the best alone "
                "use TopFraction."
            )
        check_repeats("Tilt", self.repeats)

    def choose(self, pile: Pile, n: int | None, *, rng: Generator) -> Choice:
        """Weigh all records that have a score, or draw `n`.

        Raises
        ------
        InputError
            If there are fewer than `n`.
        """
        order = by_score(pile, self.by, "Tilt")
        missing = ~order.passing
        z, constant = _standardised(order.value, missing)
        logs = self.strength * z
        if self.resample:
            choice = resampled(logs, missing, n, self.repeats, rng, "Tilt")
            return _with_notes(choice, constant)
        noise = noise_for(pile, rng)
        alike = replace(order, value=np.where(missing, np.nan, 0.0), by_chance=True)
        choice = cut(alike, n, noise, "Tilt")
        weights = weighted(relative_weights(logs, missing), choice.copies)
        size = effective_size(weights)
        return _with_notes(
            Choice(
                choice.copies,
                choice.reasons,
                choice.reason,
                weights,
                notes=[effective_note(size, choice.kept)],
                figures={"effective_sample_size": size},
            ),
            constant,
        )


def _with_notes(choice: Choice, constant: list[str]) -> Choice:
    return replace(choice, notes=(*constant, *choice.notes))


def _standardised(score: Floats, missing: Marks) -> tuple[Floats, list[str]]:
    """Scores in standard deviations from their mean; zeros where all are equal."""
    known = score[~missing]
    if np.ptp(known) == 0:
        return np.where(missing, np.nan, 0.0), [
            f"All {known.size} records have the same score, {known[0]:.6g}: they weigh all alike."
        ]
    return (score - known.mean()) / known.std(), []
