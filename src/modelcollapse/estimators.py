"""Estimators in scikit-learn's manner that know where outcomes come from."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from modelcollapse.ridge_planning.choice import as_depth, choose


class CollapseAwareRidge(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Ridge regression that chooses its penalty by the error for real outcomes.

    Where outcomes were written by models, cross-validation measures the distance to the last of
    those models. With 30 real rows or more these judge alone, and synthetic rows get a weight of
    their own; with fewer, all rows judge and the drift of the generators is added to their errors.
    With real rows alone it is ridge regression by leave-one-out, as `RidgeCV` does it.

    Parameters
    ----------
    generations : int, default 0
        Generators between the truth and the outcomes of all rows, where `fit` gets no labels.
    generator_records : float, optional
        Records that each generator was fitted to by least squares. Needed where some rows are
        synthetic and fewer than 30 are real.
    generator_noise : float, optional
        Standard deviation of the outcomes that generators were fitted to. By default that of the
        residuals.
    penalties : array_like, shape (p,), optional
        Candidates per record; alpha is the penalty times the number of records, or the sum of
        their weights. By default a grid that suits the inputs, five to a decade.
    weights : array_like, shape (w,), optional
        Candidate weights of a synthetic row beside real ones; by default 0 and 1/128 to 1.
    fit_intercept : bool, default True
        Fit an intercept, as generators did.
    confidence : float, default 0.95
        Of `gain_interval_`.

    Attributes
    ----------
    coef_ : ndarray, shape (d,)
        Coefficients.
    intercept_ : float
        Value where all inputs are 0.
    penalty_, alpha_ : float
        Chosen penalty per record, and in all.
    weight_ : float
        Chosen weight of a synthetic row; 1 where none is beside real ones.
    gain_ : float
        Estimate of how much the expected squared error for a real outcome falls, compared with the
        least leave-one-out error over all rows as they are.
    gain_interval_ : tuple of float
        Its confidence interval.
    criterion_path_ : ndarray, shape (w, p)
        Estimated squared error for a real outcome of every candidate.
    penalties_ : ndarray, shape (p,)
        Candidate penalties.
    weights_ : ndarray, shape (w,)
        Candidate weights.
    n_features_in_ : int
        Number of inputs.

    Notes
    -----
    The correction is exact for Gaussian inputs, and needs neither the truth nor the spectrum of the
    inputs: see `modelcollapse.theory.regression.error_against_truth`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth, X = np.full(40, 0.3), rng.normal(size=(200, 40))
    >>> written = truth + 0.5 * rng.normal(size=40)  # drifted away
    >>> y = X @ written + rng.normal(size=200)
    >>> plain = CollapseAwareRidge().fit(X, y)
    >>> aware = CollapseAwareRidge(generations=20, generator_records=120).fit(X, y)
    >>> plain.penalty_ < aware.penalty_
    True
    """

    def __init__(
        self,
        *,
        generations: int = 0,
        generator_records: float | None = None,
        generator_noise: float | None = None,
        penalties: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        fit_intercept: bool = True,
        confidence: float = 0.95,
    ) -> None:
        self.generations = generations
        self.generator_records = generator_records
        self.generator_noise = generator_noise
        self.penalties = penalties
        self.weights = weights
        self.fit_intercept = fit_intercept
        self.confidence = confidence

    def fit(self, X: ArrayLike, y: ArrayLike, generation: ArrayLike | None = None) -> Self:
        """Choose a penalty, and fit with it.

        Parameters
        ----------
        X : array_like, shape (T, d)
            Inputs.
        y : array_like, shape (T,)
            Outcomes.
        generation : array_like of int, shape (T,), optional
            Generators between the truth and each outcome: 0 for a real one.

        Returns
        -------
        CollapseAwareRidge
            This estimator.

        Raises
        ------
        InputError
            If a number is out of range, or there are too few real rows and the generators are not
            described.
        """
        inputs, outcomes = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2
        )
        choice = choose(
            inputs,
            np.asarray(outcomes, dtype=np.float64),
            as_depth(generation, self.generations, len(inputs)),
            generator_records=self.generator_records,
            generator_noise=self.generator_noise,
            penalties=self.penalties,
            weights=self.weights,
            fit_intercept=self.fit_intercept,
            confidence=self.confidence,
        )
        chosen = choice.chosen
        self.coef_, self.intercept_ = chosen.coefficients, chosen.intercept
        self.penalty_, self.alpha_, self.weight_ = chosen.penalty, chosen.alpha, chosen.weight
        self.gain_ = choice.gain.value
        self.gain_interval_ = (choice.gain.low, choice.gain.high)
        self.criterion_path_ = choice.path
        self.penalties_, self.weights_ = choice.penalties, choice.weights
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict outcomes without noise.

        Parameters
        ----------
        X : array_like, shape (m, d)
            Inputs.

        Returns
        -------
        ndarray, shape (m,)
            Predictions.
        """
        check_is_fitted(self)
        inputs: Any = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(inputs @ self.coef_ + self.intercept_)
