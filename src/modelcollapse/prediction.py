"""Predict: what a loop will do, before anything is spent on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, NoTheorem, suggestion
from modelcollapse.history import History
from modelcollapse.lineage import Lineage
from modelcollapse.protocols import name_of
from modelcollapse.references import citation, cite
from modelcollapse.theorems import THEOREMS, Theorem, fitted
from modelcollapse.theory import gaussian
from modelcollapse.theory._formula import CATALOGUE

Kind = Literal["exact", "bound", "asymptotic"]
FAR = 4.0
"""Standard errors beyond which simulation and theory disagree."""
_ORDER: tuple[Kind, ...] = ("exact", "asymptotic", "bound")


@dataclass(frozen=True, eq=False)
class Curve:
    """What theory says about a quantity, generation by generation.

    Attributes
    ----------
    quantity : str
        What is predicted.
    generations : ndarray of int
        Counted from 0.
    values : ndarray, same shape
        The prediction, in the units of the truth.
    kind : {"exact", "bound", "asymptotic"}
        Whether the value is the quantity, bounds it, or approaches it in a limit.
    of : {"mean", "median"}
        What the value states about the measure over replicates.
    measure : str or None
        The probe whose readings the curve is about.
    source : str
        Bibliography key; ``"modelcollapse"`` where the result was derived for this package.
    where : str
        Equation, theorem or section in the source.
    holds : str
        Condition under which it holds, which this lineage meets.
    """

    quantity: str
    generations: NDArray[np.int64]
    values: NDArray[np.float64]
    kind: Kind
    of: Literal["mean", "median"]
    measure: str | None
    source: str
    where: str
    holds: str

    @property
    def origin(self) -> str:
        """Where the statement comes from, in one line."""
        if self.source == "modelcollapse":
            return f"Derived for this package: {self.where}."
        return f"{citation(self.source)} {self.where}"

    def cite(self) -> str:
        """BibTeX of the source."""
        return cite(self.source)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "quantity": self.quantity,
            "kind": self.kind,
            "of": self.of,
            "source": self.origin,
            "holds": self.holds,
            "generations": self.generations.tolist(),
            "values": [v if np.isfinite(v) else None for v in self.values.tolist()],
        }

    def __repr__(self) -> str:
        shown = sorted({0, len(self.values) // 4, len(self.values) // 2, len(self.values) - 1})
        rows = "\n".join(f"  gen {self.generations[i]:<6d} {self.values[i]:.6g}" for i in shown)
        return (
            f"{self.of} {self.quantity} ({self.kind}): {self.holds}\nsource: {self.origin}\n{rows}"
        )


def quantities() -> tuple[str, ...]:
    """Names of what some theorem predicts."""
    return tuple(dict.fromkeys(theorem.quantity for theorem in THEOREMS))


def predict(
    lineage: Lineage,
    quantity: str,
    generations: int | ArrayLike = 20,
    *,
    kind: Kind | None = None,
) -> Curve:
    """Predict a quantity of a lineage by theory, without simulating.

    Parameters
    ----------
    lineage : Lineage
        The loop.
    quantity : str
        One of `quantities`; most are names of measures.
    generations : int or array of int, default 20
        Generations after generation 0, or the generations themselves.
    kind : {"exact", "bound", "asymptotic"}, optional
        Insist on a kind of statement; the strongest there is when not given.

    Returns
    -------
    Curve
        Values with their kind, source and condition.

    Raises
    ------
    InputError
        If no theorem is about such a quantity, or a generation is negative.
    NoTheorem
        If none covers this lineage. The message names the nearest theorem and the condition that
        fails; nothing is ever approximated silently.

    Examples
    --------
    >>> import modelcollapse as mc
    >>> lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(100), size=100)
    >>> curve = predict(lineage, "variance", 50)
    >>> curve.kind, round(float(curve.values[-1]), 4)
    ('exact', 0.599)
    """
    about = [theorem for theorem in THEOREMS if theorem.quantity == quantity]
    if not about:
        raise InputError(
            f"no theorem here is about '{quantity}'. {suggestion(quantity, quantities())}"
        )
    if kind is not None:
        about = [theorem for theorem in about if CATALOGUE[theorem.formula].kind == kind]
        if not about:
            raise NoTheorem(
                f"no theorem about {quantity} is of the kind '{kind}'. Leave the kind open."
            )
    given = np.asarray(generations)
    if given.dtype.kind not in "iu":
        raise InputError(f"generations are whole numbers, got {generations!r}.")
    at = np.arange(max(int(given), -1) + 1) if given.ndim == 0 else given
    if given.size == 0:
        raise InputError("there are no generations to predict. Give at least one.")
    if given.min() < 0:
        raise InputError(f"generations count from 0, got {int(given.min())}. Use 0 or more.")
    covering = [theorem for theorem in about if theorem.failing(lineage)[1] is None]
    if not covering:
        raise NoTheorem(_refusal(lineage, quantity, about))
    theorem = min(covering, key=lambda t: _ORDER.index(CATALOGUE[t.formula].kind))
    claim = CATALOGUE[theorem.formula]
    values = np.broadcast_to(np.asarray(theorem.value(lineage, at), dtype=np.float64), at.shape)
    return Curve(
        quantity, at, values, claim.kind, theorem.of, theorem.measure, claim.source, claim.where,
        claim.holds,
    )  # fmt: skip


def half_life(lineage: Lineage) -> float:
    """Generations in which the typical variance of a Gaussian lineage under replacement halves.

    Parameters
    ----------
    lineage : Lineage
        The loop.

    Returns
    -------
    float
        Of the median path; the mean takes about twice as long with the divisor n, and never
        halves with n - 1.

    Raises
    ------
    NoTheorem
        If no theorem covers the lineage.
    """
    about = next(t for t in THEOREMS if t.quantity == "typical_variance")
    if about.failing(lineage)[1] is not None:
        raise NoTheorem(_refusal(lineage, "half-life", [about]))
    ddof = lineage.learner.ddof  # type: ignore[attr-defined]  # a condition of the theorem
    return float(gaussian.half_life(fitted(lineage), ddof=ddof))


def overlay(history: History, measure: str) -> Curve | None:
    """Curve for a measure of a simulated lineage, None if no theorem covers it."""
    if history.lineage is None or measure not in quantities():
        return None
    try:
        return predict(history.lineage, measure, history.generations)
    except NoTheorem:
        return None


@dataclass(frozen=True)
class Statement:
    """What theory has to say about one measure of one simulated lineage.

    Attributes
    ----------
    curve : Curve or None
        The prediction, None if no theorem covers the lineage.
    score : float
        Largest distance of the simulation from it over the generations read, in standard errors;
        NaN without a prediction, or where it is only a bound.
    words : str
        The same in a sentence: agreement and source, or the condition that fails.
    scores : ndarray or None, shape (generations read,)
        Distance at each generation, in standard errors and with its sign; None where `score` is
        NaN.
    """

    curve: Curve | None
    score: float
    words: str
    scores: NDArray[np.float64] | None = None


def statement(history: History, measure: str) -> Statement | None:
    """Theory's word on a measure; None if there is no theory of such a measure, or no lineage."""
    if history.lineage is None or measure not in quantities():
        return None
    try:
        curve = predict(history.lineage, measure, history.generations)
    except NoTheorem as refusal:
        return Statement(None, float("nan"), str(refusal).removesuffix(" Simulate it instead."))
    if curve.kind == "bound":
        return Statement(curve, float("nan"), f"a bound on the {curve.of}. {curve.origin}")
    scores = history.compare(curve, measure, of=curve.of)
    if not np.isfinite(scores).any():
        return Statement(curve, float("nan"), f"{curve.kind}, of the {curve.of}. {curve.origin}")
    score = float(np.nanmax(np.abs(scores)))
    near = "is within" if score < FAR else "DISAGREES: it is off by"
    words = f"{curve.kind}, of the {curve.of}; the simulation {near} {score:.1f} standard errors"
    return Statement(curve, score, f"{words}. {curve.origin}", scores)


def _refusal(lineage: Lineage, quantity: str, about: list[Theorem]) -> str:
    nearest = max(about, key=lambda theorem: theorem.failing(lineage)[0])
    failing = nearest.failing(lineage)[1]
    assert failing is not None
    claim = CATALOGUE[nearest.formula]
    return (
        f"no theorem covers the {quantity} of {name_of(lineage.learner)} under "
        f"{name_of(lineage.policy)}. The nearest ({claim.name}: {claim.holds}) needs that "
        f"{failing.needs}, but {failing.found(lineage)}. Simulate it instead."
    )
