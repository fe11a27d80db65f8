"""Predict: what a loop will do, before anything is spent on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, NoTheorem, suggestion
from modelcollapse.history import History
from modelcollapse.lineage import Lineage
from modelcollapse.protocols import Probe, name_of
from modelcollapse.references import citation, cite
from modelcollapse.registry import build
from modelcollapse.theorems import THEOREMS, Parts, Theorem, fitted
from modelcollapse.theory import gaussian
from modelcollapse.theory._formula import CATALOGUE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["exact", "bound", "asymptotic"]
FAR = 4.0
"""Standard errors beyond which simulation and theory disagree."""
NEAR = 0.1
"""Relative distance up to which a simulation of finite size and a limit agree."""
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
    parts : dict of str to ndarray
        What the values are the sum of, where theory tells causes apart; empty otherwise.
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
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where the statement comes from, in one line."""
        if self.source == "modelcollapse":
            return f"Derived for this package: {self.where}."
        return f"{citation(self.source)} {self.where}"

    def cite(self) -> str:
        """BibTeX of the source."""
        return cite(self.source)

    def plot(self, history: History | None = None) -> Figure:
        """Draw it along generations: parts as areas, their sum as a dashed line.

        Parameters
        ----------
        history : History, optional
            A simulation to lay over it: means with bars of two standard errors.

        Returns
        -------
        matplotlib.figure.Figure
            Apart from pyplot: nothing to close, and no setting of the caller's is changed.

        Raises
        ------
        InputError
            If the history has no such measure.
        """
        from modelcollapse.panels import parts

        return parts(self, history).plot()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "quantity": self.quantity,
            "kind": self.kind,
            "of": self.of,
            "source": self.origin,
            "holds": self.holds,
            "generations": self.generations.tolist(),
            "values": _plain(self.values),
            "parts": {name: _plain(part) for name, part in self.parts.items()},
        }

    def __repr__(self) -> str:
        shown = sorted({0, len(self.values) // 4, len(self.values) // 2, len(self.values) - 1})
        rows = "\n".join(f"  gen {self.generations[i]:<6d} {self._at(i)}" for i in shown)
        return (
            f"{self.of} {self.quantity} ({self.kind}): {self.holds}\nsource: {self.origin}\n{rows}"
        )

    def _at(self, i: int) -> str:
        shown = f"{self.values[i]:.6g}"
        if not self.parts:
            return shown
        causes = (f"{name} {part[i]:.4g}" for name, part in self.parts.items())
        return f"{shown:<11s} = {' + '.join(causes)}"


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """List for JSON, which knows neither NaN nor infinity."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def quantities() -> tuple[str, ...]:
    """Names of what some theorem predicts."""
    return tuple(dict.fromkeys(theorem.quantity for theorem in THEOREMS))


def predict(
    lineage: Lineage,
    quantity: str | Probe,
    generations: int | ArrayLike = 20,
    *,
    kind: Kind | None = None,
) -> Curve:
    """Predict a quantity of a lineage by theory, without simulating.

    Parameters
    ----------
    lineage : Lineage
        The loop.
    quantity : str or Probe
        One of `quantities`; most are names of measures. A measure itself where theory depends on
        its settings: ``DownstreamError(records=1000, penalty=0.01)``.
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
    probe, quantity = (None, quantity) if isinstance(quantity, str) else (quantity, quantity.name)
    about = [theorem for theorem in THEOREMS if theorem.quantity == quantity]
    if not about:
        raise InputError(
            f"no theorem here is about '{quantity}'. {suggestion(quantity, quantities())}"
        )
    if any(theorem.of_probe for theorem in about) and not getattr(probe, "single", False):
        raise InputError(
            f"theory of {quantity} depends on what is fitted. Pass the measure, with one number of "
            "records and one penalty: DownstreamError(records=1000, penalty=0.01)."
        )
    if kind is not None:
        about = [theorem for theorem in about if theorem.kind == kind]
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
    covering = [t for t in about if t.failing(lineage)[1] is None]
    covering = [t for t in covering if t.covers is None or t.covers(lineage, probe)]
    if not covering:
        raise NoTheorem(_refusal(lineage, quantity, about))
    theorem = min(covering, key=lambda t: _ORDER.index(t.kind))
    claim = CATALOGUE[theorem.formula]
    value = theorem.value(lineage, at, probe) if theorem.of_probe else theorem.value(lineage, at)
    parts = value.parts if isinstance(value, Parts) else {}
    total = value.total if isinstance(value, Parts) else value
    return Curve(
        quantity, at, _along(total, at), theorem.kind, theorem.of, theorem.measure, claim.source,
        claim.where, theorem.holds, {name: _along(part, at) for name, part in parts.items()},
    )  # fmt: skip


def _along(value: Any, at: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), at.shape)


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
    if history.lineage is None:
        return None
    try:
        return _about(history, measure)
    except NoTheorem:
        return None


def _about(history: History, measure: str) -> Curve | None:
    """Prediction of a measure of a history; None if there is no theory of such a measure."""
    name, _, part = measure.partition(".")
    if name not in quantities():
        return None
    if not any(theorem.of_probe for theorem in THEOREMS if theorem.quantity == name):
        return predict(history.lineage, measure, history.generations) if not part else None
    for described in history.provenance.get("probes", ()):
        if isinstance(described, Mapping) and described.get("type") == name:
            probe = build("probe", described, "measures").single_out(part)
            return predict(history.lineage, probe, history.generations)
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
    if history.lineage is None:
        return None
    try:
        curve = _about(history, measure)
    except NoTheorem as refusal:
        return Statement(None, float("nan"), str(refusal).removesuffix(" Simulate it instead."))
    if curve is None:
        return None
    if curve.kind == "bound":
        return Statement(curve, float("nan"), f"a bound on the {curve.of}. {curve.origin}")
    scores = history.compare(curve, measure, of=curve.of)
    if not np.isfinite(scores).any():
        return Statement(curve, float("nan"), f"{curve.kind}, of the {curve.of}. {curve.origin}")
    score = float(np.nanmax(np.abs(scores)))
    words = f"{curve.kind}, of the {curve.of}; the simulation {_nearness(history, curve, score)}"
    return Statement(curve, score, f"{words}. {curve.origin}", scores)


def _nearness(history: History, curve: Curve, score: float) -> str:
    """How far a simulation is from theory, in words."""
    errors = f"{score:.1f} standard errors"
    if score < FAR:
        return f"is within {errors}"
    if curve.kind == "asymptotic":
        # Enough replicates resolve what finite sizes leave of any limit.
        band = history.band(curve.measure or curve.quantity)
        centre = band.median if curve.of == "median" else band.mean
        with np.errstate(divide="ignore", invalid="ignore"):
            off = float(np.nanmax(np.abs(centre / curve.values - 1)))
        if off < NEAR:
            return f"is {errors} but at most {off:.1%} off, as finite sizes are from a limit"
    return f"DISAGREES: it is off by {errors}"


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
