"""Advice for a known law: what theory says of ridge on outcomes that a chain of fits wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import Incompatible, InputError
from modelcollapse.ridge_planning.law_result import LawPlan
from modelcollapse.theory.regression import (
    chain_error,
    drift_variance,
    mixed_error,
    optimal_penalty,
    optimal_weight,
    synthetic_record_weight,
)

FAR = 1_000
"""Generations after which nothing is looked for any more."""
_MOST = 10**15


@dataclass(frozen=True, eq=False)
class Law:
    """A linear truth with normal inputs, along the eigenvectors of their covariance.

    Parameters
    ----------
    eigenvalues : array_like, shape (d,)
        Of the covariance of the inputs, above 0.
    coefficients : array_like, shape (d,)
        Not all 0.
    noise : float
        Standard deviation of outcomes, above 0.

    Raises
    ------
    InputError
        If the noise is not positive or all coefficients are 0.
    """

    eigenvalues: ArrayLike
    coefficients: ArrayLike
    noise: float

    def __post_init__(self) -> None:
        if not 0 < self.noise < math.inf:
            raise InputError(
                f"noise is {self.noise!r}, and without noise no penalty is needed. Use the "
                "standard deviation of the outcomes about their mean, above 0."
            )
        if not np.any(np.asarray(self.coefficients, dtype=np.float64)):
            raise InputError("all coefficients are 0, so that there is nothing to fit. Change one.")

    @classmethod
    def of(cls, teacher: Any) -> Law:
        """Law of a linear teacher with one outcome.

        Raises
        ------
        Incompatible
            If it is no linear teacher, or has several outcomes or classes.
        """
        spectrum = getattr(teacher, "spectrum", None)
        if spectrum is None or getattr(teacher, "response", "real") != "real":
            raise Incompatible(
                f"{type(teacher).__name__} is no linear truth with real outcomes, and the theory "
                "of ridge is about those. Use LinearTeacher, IsotropicTeacher or PowerLawTeacher."
            )
        eigenvalues, coefficients = spectrum
        if np.size(coefficients) != np.size(eigenvalues):
            raise Incompatible("the truth has several outcomes. Plan for each by itself.")
        return cls(eigenvalues, np.ravel(coefficients), float(teacher.noise))


def plan_ridge_from_law(
    law: Law,
    *,
    generations: int,
    records: int,
    generator_records: float,
    generator_noise: float | None = None,
    generator_penalty: float = 0.0,
    same_inputs: bool = False,
    real: int = 0,
    goal: float | None = None,
) -> LawPlan:
    """Say what theory advises on ridge at the end of a chain of generators.

    Parameters
    ----------
    law : Law
        The truth; `Law.of` takes a teacher.
    generations : int
        Generators between the truth and the fit.
    records : int
        Records that the fit sees.
    generator_records : float
        Records that each generator was fitted to.
    generator_noise : float, optional
        Standard deviation of the outcomes that generators see; that of the law by default.
    generator_penalty : float, default 0
        Penalty of the generators.
    same_inputs : bool, default False
        All generators see the same inputs.
    real : int, default 0
        Real records at hand.
    goal : float, optional
        Excess error for which to say how many real records reach it.

    Returns
    -------
    LawPlan
        The advice, first of all in one sentence.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> law = Law(np.ones(300), np.full(300, 300**-0.5), noise=0.1)
    >>> found = plan_ridge_from_law(
    ...     law, generations=10, records=1000, generator_records=600, generator_noise=0.2
    ... )
    >>> round(found.penalty, 3), round(found.error, 3), found.worth
    (0.272, 0.308, 215)
    """
    noise = law.noise if generator_noise is None else generator_noise
    truth = {"eigenvalues": law.eigenvalues, "coefficients": law.coefficients, "noise": law.noise}
    chain: dict[str, Any] = {
        **truth, "generator_records": generator_records, "generator_noise": noise,
        "generator_penalty": generator_penalty, "same_inputs": same_inputs,
    }  # fmt: skip

    def tuned(t: int, n: int) -> float:
        return float(optimal_penalty(t, n, **chain).error)

    best, clean = (optimal_penalty(t, records, **chain) for t in (generations, 0))
    usual = float(clean.penalty)

    def classical(t: int) -> float:
        return float(chain_error(t, records, usual, **chain).total)

    null = float(np.asarray(law.eigenvalues) @ np.square(np.asarray(law.coefficients)))
    found: dict[str, Any] = {}
    if real < 0:
        raise InputError(f"real is {real!r}, but it counts records. Use 0 or more.")
    if real:
        alone = tuned(0, real)
        found |= {"real": real, "real_error": alone}
        found["break_even"] = _first(lambda t: tuned(t, records) >= alone, 0, FAR)
        least_squares = generator_penalty == 0 and generator_records >= np.size(law.eigenvalues) + 2
        if generations and least_squares:
            found |= _mixing(law, generations, records, generator_records, noise, real)
    if goal is not None:
        if not goal > 0:
            raise InputError(
                f"goal is {goal!r}, but it is an excess squared error. Use a positive number."
            )
        found |= {
            "goal": goal, "real_for_goal": _first(lambda n: tuned(0, n) <= goal, 1, _MOST)
        }  # fmt: skip
    error = float(best.error)
    return LawPlan(
        generations=generations,
        records=records,
        # A search over scales does not end at 0 itself.
        penalty=float(best.penalty)
        if best.penalty > 1e-12 * np.mean(np.asarray(law.eigenvalues, dtype=np.float64))
        else 0.0,
        error=error,
        classical_penalty=usual,
        classical_error=classical(generations),
        clean_error=float(clean.error),
        null_error=null,
        worth=_first(lambda n: tuned(0, n) <= error, 1, records) or records,
        worthless_from=_first(lambda t: classical(t) >= null, 0, FAR),
        **found,
    )


def _mixing(
    law: Law, generations: int, records: int, generator_records: float, noise: float, real: int
) -> dict[str, Any]:
    """What synthetic records add to real ones, at the best penalty for each number of them."""
    eigenvalues = np.asarray(law.eigenvalues, dtype=np.float64)
    about: dict[str, Any] = {
        "dimension": eigenvalues.size,
        "generator_records": generator_records,
        "generator_noise": noise,
    }
    drift = drift_variance(generations, **about)
    grid = eigenvalues.mean() * 10.0 ** np.arange(-7, 4, 0.02)
    counts = _numbers(records)
    errors = mixed_error(
        real, counts[:, None], grid,
        eigenvalues=eigenvalues, coefficients=law.coefficients, defect=drift / eigenvalues,
        noise=law.noise,
    ).total.min(axis=1)  # fmt: skip
    return {
        "pooled_error": float(errors[-1]),
        "best_synthetic": int(counts[errors.argmin()]),
        "best_error": float(errors.min()),
        "weight": float(synthetic_record_weight(generations, records, noise=law.noise, **about)),
        "loop_weight": float(optimal_weight(real, records)),
    }


def _numbers(most: int) -> NDArray[np.int64]:
    """Numbers from 0 to the most, some ten to a doubling."""
    grown = np.unique(np.geomspace(1, most, 10 * max(1, math.ceil(math.log2(most)))).round())
    return np.concatenate([[0], grown.astype(np.int64)])


def _first(holds: Callable[[int], bool], start: int, most: int) -> int | None:
    """Smallest whole number for which something holds that holds from there on."""
    if holds(start):
        return start
    low, step = start, 1
    while not holds(min(low + step, most)):
        if low + step >= most:
            return None
        low, step = low + step, 2 * step
    high = min(low + step, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
