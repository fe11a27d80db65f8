"""Advice for a table: what ridge, what weight, and how much there is to gain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError
from modelcollapse.ridge_planning.choice import Choice, as_depth, choose
from modelcollapse.ridge_planning.judge import Noise, residual_noise
from modelcollapse.ridge_planning.result import RidgePlan
from modelcollapse.theory.regression import null_predictor_generations, synthetic_record_weight

FEWEST = 10
"""Rows from which on advice is given at all."""


def plan_ridge(
    X: ArrayLike,
    y: ArrayLike,
    generation: ArrayLike | None = None,
    *,
    generations: int = 0,
    generator_records: float | None = None,
    generator_noise: float | None = None,
    penalties: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    fit_intercept: bool = True,
    goal: float | None = None,
    confidence: float = 0.95,
) -> RidgePlan:
    """Say what ridge to use on a table of which outcomes were written by models.

    With 30 real rows or more these judge alone, by leave-one-out errors of fits to all rows. With
    fewer all rows judge, and the way that the generators drifted is added to their errors.

    Parameters
    ----------
    X : array_like, shape (T, d)
        Inputs.
    y : array_like, shape (T,)
        Outcomes.
    generation : array_like of int, shape (T,), optional
        Generators between the truth and each outcome: 0 for a real one.
    generations : int, default 0
        The same for all rows, where there are no labels.
    generator_records : float, optional
        Records that each generator was fitted to by least squares; at least d + 2, and one more
        with an intercept. Needed with fewer than 30 real rows.
    generator_noise : float, optional
        Standard deviation of the outcomes that the generators were fitted to. By default that of
        the residuals here.
    penalties, weights : array_like, optional
        Candidates: penalties per record, and weights of a synthetic row in real ones.
    fit_intercept : bool, default True
        Fit an intercept, as the generators did.
    goal : float, optional
        Excess squared error, beyond the noise, for which to say how many real rows reach it.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    RidgePlan
        The advice, first of all in one sentence.

    Raises
    ------
    InputError
        If the table cannot be fitted, there are fewer than 10 rows, or a number is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 3))
    >>> plan = plan_ridge(X, X @ [1.0, 2.0, 0.0] + rng.normal(size=80))
    >>> plan.sentence[:31]
    'all 80 rows are taken as real, '
    """
    inputs, outcomes = _table(X, y)
    depth = as_depth(generation, generations, len(outcomes))
    if goal is not None and not 0 < goal < math.inf:
        raise InputError(
            f"goal is {goal!r}, but it is an excess squared error. Use a positive number."
        )
    choice = choose(
        inputs, outcomes, depth,
        generator_records=generator_records, generator_noise=generator_noise,
        penalties=penalties, weights=weights, fit_intercept=fit_intercept, confidence=confidence,
    )  # fmt: skip
    synthetic = int((depth > 0).sum())
    worth, worthless = _of_generators(choice, outcomes, depth, generator_records, fit_intercept)
    return RidgePlan(
        choice=choice,
        real=int(len(depth) - synthetic),
        synthetic=synthetic,
        generations=float(depth[depth > 0].mean()) if synthetic else 0.0,
        generator_records=generator_records,
        confidence=confidence,
        worth=worth,
        worthless_from=worthless,
        goal=goal,
        real_for_goal=None
        if goal is None
        else _for_goal(
            goal, _noise(inputs, outcomes, depth, fit_intercept), inputs.shape[1], fit_intercept
        ),
    )


def _table(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        inputs, outcomes = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"inputs and target must be numbers ({error}). Encode texts as numbers, or drop them."
        ) from error
    if inputs.ndim != 2 or outcomes.shape != inputs.shape[:1] or inputs.shape[1] == 0:
        raise InputError(
            f"inputs of shape {inputs.shape} and a target of shape {outcomes.shape} are no table. "
            "Give a row of inputs, and one outcome, for each record."
        )
    if len(outcomes) < FEWEST:
        raise InputError(
            f"there are {len(outcomes)} rows, and with fewer than {FEWEST} no penalty can be told "
            "from another. Use more rows."
        )
    for name, array in (("the inputs", inputs), ("the target", outcomes)):
        wrong = int(np.count_nonzero(~np.isfinite(array)))
        if wrong:
            raise InputError(
                f"{name} hold{'s' * (name == 'the target')} {wrong} missing or infinite value"
                f"{'s' * (wrong > 1)}, to which nothing can be fitted. Drop or fill in those rows."
            )
    if np.ptp(outcomes) == 0:
        raise InputError(
            f"the target is {outcomes[0]:g} in every row, so that there is nothing to predict. "
            "Check the column."
        )
    return inputs, outcomes


def _of_generators(
    choice: Choice,
    outcomes: NDArray[np.float64],
    depth: NDArray[np.int64],
    records: float | None,
    fit_intercept: bool,
) -> tuple[float | None, float | None]:
    """Real rows that synthetic ones are worth, and generations that leave nothing."""
    judge = choice.judge
    if judge.noise is None or records is None or judge.noise.variance == 0:
        return None, None
    scale = math.sqrt(judge.noise.variance)
    rows = depth > 0
    left = records - fit_intercept
    worth = None
    if len(np.unique(depth[rows])) == 1:
        count = int(rows.sum())
        worth = count * float(
            synthetic_record_weight(
                depth[rows][0], count,
                dimension=judge.directions, generator_records=left, noise=scale,
            )
        )  # fmt: skip
    signal = float(outcomes.var(ddof=1)) - judge.noise.variance - judge.constant
    if signal <= 0:
        return worth, math.inf
    worthless = null_predictor_generations(
        dimension=judge.directions, generator_records=left, generator_noise=scale, signal=signal
    )
    return worth, float(worthless)


def _noise(
    inputs: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    depth: NDArray[np.int64],
    fit_intercept: bool,
) -> Noise | None:
    try:
        return residual_noise(inputs, outcomes, depth, fit_intercept)
    except InputError:
        return None


def _for_goal(goal: float, noise: Noise | None, directions: int, fit_intercept: bool) -> int | None:
    """Records with which the expected error of least squares, Gaussian inputs, is the goal."""
    if noise is None:
        return None
    d, ratio = directions, goal / noise.variance
    if not fit_intercept:
        return math.ceil(d + 1 + d / ratio)
    # (n + 1) (n - 2) / (n (n - d - 2)) - 1 = ratio: of an intercept and of d slopes, exactly.
    linear = (1 + ratio) * (d + 2) - 1
    return math.ceil((linear + math.sqrt(linear**2 - 8 * ratio)) / (2 * ratio))
