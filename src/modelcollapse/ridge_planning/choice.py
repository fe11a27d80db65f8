"""Choice of a penalty, and of a weight for synthetic rows, among candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole
from modelcollapse.ridge_planning.difference import Difference, Option, Unseen, best, gain
from modelcollapse.ridge_planning.fits import Fits, Floats, default_penalties
from modelcollapse.ridge_planning.judge import Judge, judge

WEIGHTS = (0.0, *(2.0**-k for k in range(7, -1, -1)))
"""Candidate weights of a synthetic row, in real rows."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One fit.

    Attributes
    ----------
    penalty : float
        Per record, or per unit of weight.
    alpha : float
        The same times the sum of the weights, as scikit-learn counts it.
    weight : float
        Of a synthetic row; a real one has 1.
    degrees : float
        Trace of the hat matrix, without the intercept.
    error : float
        Expected squared error for a new real outcome, in squared units of the outcomes.
    coefficients : ndarray, shape (d,)
        Of the inputs.
    intercept : float
        Value where all inputs are 0.
    """

    penalty: float
    alpha: float
    weight: float
    degrees: float
    error: float
    coefficients: Floats
    intercept: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data without the coefficients."""
        return {
            key: getattr(self, key) for key in ("penalty", "alpha", "weight", "degrees", "error")
        }


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen among all candidates, and what would have been without regard to origin.

    Attributes
    ----------
    classical : Candidate
        Least leave-one-out error over all rows as they are, all of weight 1.
    chosen : Candidate
        Least expected error for a real outcome.
    gain : Difference
        From the classical fit to the chosen one.
    alone, mixed : Candidate or None
        Best fits without synthetic rows and with them, where real rows judge.
    mixing : Difference or None
        From the former to the latter.
    path : ndarray, shape (w, p)
        Expected error of every candidate by weight and penalty.
    weights : ndarray, shape (w,)
        Candidate weights of synthetic rows.
    penalties : ndarray, shape (p,)
        Candidate penalties.
    judge : Judge
        Which rows judged, and what they owe for drift.
    """

    classical: Candidate
    chosen: Candidate
    gain: Difference
    alone: Candidate | None
    mixed: Candidate | None
    mixing: Difference | None
    path: Floats
    weights: Floats
    penalties: Floats
    judge: Judge


def choose(
    X: Floats,
    y: Floats,
    depth: NDArray[np.int64],
    *,
    generator_records: float | None = None,
    generator_noise: float | None = None,
    penalties: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    fit_intercept: bool = True,
    confidence: float = 0.95,
) -> Choice:
    """Choose the fit with the least expected error for a real outcome.

    Parameters
    ----------
    X : ndarray, shape (T, d)
        Inputs.
    y : ndarray, shape (T,)
        Outcomes.
    depth : ndarray of int, shape (T,)
        Generators between the truth and each outcome; 0 is a real one.
    generator_records, generator_noise : float, optional
        Records that each generator was fitted to, and standard deviation of the outcomes that it
        saw; needed only where too few rows are real.
    penalties : array_like, shape (p,), optional
        Candidates, per record.
    weights : array_like, shape (w,), optional
        Candidate weights of a synthetic row, where some rows are real and some are not.
    fit_intercept : bool, default True
        Fit an intercept, as the generators did.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    Choice
        Fits and their difference.

    Raises
    ------
    InputError
        If a value is out of range, or there is nothing to judge by.
    """
    grid = default_penalties(X) if penalties is None else _candidates(penalties, "penalties")
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence!r}. Use a share between 0 and 1, e.g. 0.95.")
    who = judge(
        X, y, depth,
        generator_records=generator_records, generator_noise=generator_noise,
        fit_intercept=fit_intercept,
    )  # fmt: skip
    real = depth == 0
    mixture = bool(real.any() and not real.all())
    given = _candidates(WEIGHTS if weights is None else weights, "weights")
    pooled = Option(1.0, Fits(X, y, np.ones(len(y)), grid, fit_intercept), who)
    options = [pooled]
    if mixture:
        options = [
            pooled
            if weight == 1
            else Option(weight, Fits(X, y, np.where(real, 1.0, weight), grid, fit_intercept), who)
            for weight in map(float, np.unique(given))
        ]
    plain = (pooled.fits.left_out() ** 2).sum(axis=0)
    told = np.isfinite(plain)

    def usual(unseen: Unseen = None) -> int:
        errors = plain.copy()
        if unseen is not None:
            errors[told] -= pooled.squares[unseen][:, told].sum(axis=0)
        return int(errors.argmin())

    if not (told.any() and all(np.isfinite(o.errors).any() for o in options)):
        raise InputError(
            "every candidate penalty lets the fit reproduce each outcome, so that leaving a row "
            "out says nothing. Use penalties above 0, or more rows than inputs."
        )
    # Where all rows are real there is nothing to be aware of.
    chosen = best(options) if depth.any() else (pooled, usual())
    same = chosen == (pooled, usual())
    alone = [o for o in options if mixture and o.weight == 0]
    mixed = [o for o in options if mixture and o.weight > 0]
    return Choice(
        classical=_candidate(pooled, usual()),
        chosen=_candidate(*chosen),
        gain=Difference(0.0, 0.0, 0.0) if same else gain(who, pooled, options, confidence, usual),
        alone=_candidate(*best(alone)) if alone else None,
        mixed=_candidate(*best(mixed)) if mixed else None,
        mixing=gain(who, alone[0], mixed, confidence) if alone and mixed else None,
        path=np.stack([o.errors for o in options]),
        weights=np.array([o.weight for o in options]),
        penalties=grid,
        judge=who,
    )


def _candidate(option: Option, place: int) -> Candidate:
    slopes, level = option.fits.coefficients(place)
    penalty = float(option.fits.penalties[place])
    return Candidate(
        penalty=penalty,
        alpha=penalty * option.fits.total,
        weight=option.weight,
        degrees=float(option.fits.degrees[place]),
        error=float(option.errors[place]),
        coefficients=slopes,
        intercept=level,
    )


def as_depth(generation: Any, generations: Any, rows: int) -> NDArray[np.int64]:
    """Depth of every row, from labels or from one number for all.

    Raises
    ------
    InputError
        If labels are not whole numbers from 0 upwards, one for each row, or the number is not.
    """
    if generation is None:
        if not is_whole(generations) or generations < 0:
            raise InputError(
                f"generations is {generations!r}, but it counts the generators between the truth "
                "and the outcomes. Use a whole number from 0 upwards."
            )
        return np.full(rows, int(generations))
    try:
        labels = np.asarray(generation, dtype=np.float64)
    except (TypeError, ValueError):
        labels = np.full(rows, np.nan)
    if labels.shape != (rows,):
        raise InputError(
            f"generation has shape {labels.shape}, but there are {rows} rows and each needs one "
            "label. Give 0 for real rows, and the number of generators for others."
        )
    if not np.all((labels >= 0) & (labels == np.floor(labels)) & np.isfinite(labels)):
        raise InputError(
            "generation holds a label that is no whole number from 0 upwards: it counts generators "
            "between the truth and an outcome. Give 0 for real rows."
        )
    return labels.astype(np.int64)


def _candidates(given: ArrayLike, name: str) -> Floats:
    array = np.atleast_1d(np.asarray(given, dtype=np.float64))
    if array.ndim != 1 or array.size == 0 or not np.all((array >= 0) & np.isfinite(array)):
        raise InputError(
            f"{name} must be finite numbers from 0 upwards, got {given!r}: they are candidates to "
            "choose from. Leave them out for a grid that suits the data."
        )
    return array
