"""Plan: how much real data, or how many records, a loop needs to keep what it has."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from modelcollapse.errors import InputError, NoTheorem, suggestion
from modelcollapse.learners.estimator import Estimator
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Mix, Replace
from modelcollapse.prediction import predict
from modelcollapse.protocols import Finite
from modelcollapse.registry import names
from modelcollapse.sources import File
from modelcollapse.tabular import number
from modelcollapse.trials import Simulator, Statistic, Trial

Vary = Literal["real", "n"]
ALIASES = {"tails": "tail_retention"}
KEEPABLE = (
    "variance", "tail_retention", "support", "entropy", "hill_number", "distinct", "subgroups",
)  # fmt: skip
"""Built-in measures that fall in collapse, so that a share of them can be kept."""
GRID = 9
"""Settings evaluated over the whole range first, to see whether the response is monotone."""


@dataclass(frozen=True)
class Plan:
    """What it takes to hold a target.

    Attributes
    ----------
    measure : str
        What is to be kept.
    target : float
        How much of it, as a share of generation 0.
    generations : int
        At which generation.
    vary : {"real", "n"}
        Whether the answer is a share of real records or a number of records.
    answer : float
        The least setting that is known to hold the target.
    fails : float or None
        The largest setting below it that is not known to hold; None if every setting holds.
    of : {"mean", "median"}
        The statistic over replicates that is kept.
    confidence : float or None
        Joint confidence of all decisions by simulation, None by theory.
    monotone : bool
        Whether more never made it worse. If not, all settings evaluated from `answer` on hold.
    trials : tuple of Trial
        Everything that was evaluated, by setting.
    accumulate : Trial
        The same target with everything accumulated instead.
    source : str
        Where the theory comes from, or how it was simulated.
    """

    measure: str
    target: float
    generations: int
    vary: Vary
    answer: float
    fails: float | None
    of: Statistic
    confidence: float | None
    monotone: bool
    trials: tuple[Trial, ...]
    accumulate: Trial
    source: str

    @property
    def sentence(self) -> str:
        """The answer in words."""

        def shown(setting: float) -> str:
            share = f"{setting:.2%} real records"
            return share if self.vary == "real" else f"{setting:.0f} records"

        need = f"use at least {shown(self.answer)}" if self.answer else "no real records are needed"
        text = (
            f"to keep the {self.of} {self.measure} at {self.target:.0%} of generation 0 for "
            f"{self.generations} generations, {need}"
        )
        sure = "by theory" if self.confidence is None else f"with {self.confidence:.0%} confidence"
        if self.fails is None:
            text += f" ({sure})" if self.answer == 0 else f" ({sure}; nothing less was tried)"
        elif self.confidence is None:
            text += f" ({sure}; {shown(self.fails)} are not enough)"
        else:
            text += f" ({sure}; {shown(self.fails)} are not known to be enough)"
        if not self.monotone:
            text += ". Mind that more is not always better here: see the trials"
        kept = f"{self.accumulate.value:.0%}"
        verb = "would keep" if self.accumulate.low >= self.target else "would keep only"
        return f"{text}. Accumulating everything {verb} {kept}."

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **{key: getattr(self, key) for key in ("measure", "target", "generations", "vary")},
            **{key: getattr(self, key) for key in ("answer", "fails", "of", "confidence")},
            "monotone": self.monotone,
            "trials": [vars(trial) for trial in self.trials],
            "accumulate": vars(self.accumulate),
            "source": self.source,
            "sentence": self.sentence,
        }

    def __repr__(self) -> str:
        head = "real share" if self.vary == "real" else "records"
        rows = [f"  {head:>10}  kept   between          replicates"]
        for trial in self.trials:
            setting = f"{trial.setting:.2%}" if self.vary == "real" else f"{trial.setting:.0f}"
            exact = trial.replicates == 0
            band = "exact" if exact else f"{number(trial.low)} and {number(trial.high)}"
            rows.append(
                f"  {setting:>10}  {trial.value:<5.3f}  {band:<16} {trial.replicates or '-'}"
            )
        return "\n".join([self.sentence, f"source: {self.source}", *rows])


def plan(
    lineage: Lineage,
    keep: dict[str, float],
    generations: int = 20,
    *,
    vary: Vary = "real",
    fresh: bool = False,
    of: Statistic = "mean",
    confidence: float = 0.95,
    replicates: int = 512,
    resolution: float = 0.01,
    seed: int = 0,
    n_jobs: int = 1,
    say: Callable[[str], None] | None = None,
) -> Plan:
    """Find the least real share, or the least number of records, that holds a target.

    By theory where a theorem covers the lineage, which answers at once; by simulation with
    bisection otherwise.

    Parameters
    ----------
    lineage : Lineage
        The loop. Its policy gives the number of records written per generation; what is varied
        replaces the rest of it.
    keep : dict of str to float
        One measure, and the share of its value at generation 0 that must be left; ``tails`` stands
        for ``tail_retention``.
    generations : int, default 20
        The target is to be met at this generation, at least 1.
    vary : {"real", "n"}, default "real"
        Vary the share of real records in a blend of fixed size, or the number of records per
        generation under the lineage's own policy.
    fresh : bool, default False
        With ``vary="real"``: real records are new ones each time, instead of original ones.
    of : {"mean", "median"}, default "mean"
        The statistic over replicates to keep. Means of variances are carried by rare replicates;
        the median is what a single run can expect, and is planned by simulation.
    confidence : float, default 0.95
        With which all decisions by simulation are right together.
    replicates : int, default 512
        At most so many for one setting; fewer where the answer is clear earlier.
    resolution : float, default 0.01
        Steps in which the share is varied, never finer than one record.
    seed, n_jobs
        As in `Lineage.run`.
    say : callable, optional
        Is told what is being done, and how long it will take.

    Returns
    -------
    Plan
        The answer with everything that was evaluated.

    Raises
    ------
    InputError
        If an argument is out of range, or no setting can hold the target.
    """
    measure, target = _target(keep)
    if generations < 1:
        raise InputError(f"generations is {generations}, but a plan is for at least 1.")
    for name, value, allowed in (("vary", vary, ("real", "n")), ("of", of, ("mean", "median"))):
        if value not in allowed:
            raise InputError(f"{name} = '{value}' is unknown. {suggestion(str(value), allowed)}")
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence:g}. Use a share between 0 and 1, e.g. 0.95.")
    settings = _settings(lineage, vary, fresh, resolution)
    say = say or (lambda message: None)
    theory = None if of == "median" else _theory(settings, measure, generations)
    if theory is not None:
        evaluate, source = theory
        return _search(
            settings, evaluate, measure, target, generations, vary, of, None, source, lineage
        )
    # The coarse grid, the bisection between two of its settings, and accumulation beside them.
    most = GRID + math.ceil(math.log2(math.ceil(len(settings) / (GRID - 1)))) + 1
    simulator = Simulator(
        measure, target, generations, of, 1 - confidence, replicates, seed, n_jobs, say, most,
    )  # fmt: skip
    source = f"simulated, {simulator.first} to {replicates} replicates a setting, seed {seed}"
    return _search(
        settings, simulator, measure, target, generations, vary, of, confidence, source, lineage
    )


def parse_target(text: str) -> dict[str, float]:
    """Target from ``measure=share``.

    Raises
    ------
    InputError
        If it is not of this form.
    """
    name, _, share = text.partition("=")
    try:
        return {name.strip(): float(share)}
    except ValueError:
        raise InputError(
            f"'{text}' is no target. Write a measure and a share, e.g. variance=0.9."
        ) from None


def from_file(path: Path, generator: str, *, fresh: bool, generations: int) -> Lineage:
    """Lineage of a user's own records and generator, under replacement.

    Parameters
    ----------
    path : path
        File of real records; a fifth is held out for the measures.
    generator : str
        Import path of a callable that makes a new estimator with ``fit`` and ``sample``.
    fresh : bool
        Whether real records must last for new ones in every generation.
    generations : int
        Number of generations, for dividing the records if `fresh`.
    """
    source = File(str(path))
    left = len(source) - len(source) // 5
    size = left // (generations + 1) if fresh else left
    return Lineage(source, Estimator(generator), Replace(size), size=size)


Settings = dict[float, Lineage]
Evaluate = Callable[[Lineage], tuple[float, float, float, int]]


def _target(keep: dict[str, float]) -> tuple[str, float]:
    if len(keep) != 1:
        raise InputError(
            f"keep names {len(keep)} measures, but a plan is for one: the least share for several "
            "is the largest of theirs. Plan for each."
        )
    ((name, target),) = keep.items()
    if not 0 < target < math.inf:
        raise InputError(
            f"keep {name} = {target:g}, but a target is a positive share of generation 0. Use e.g. "
            "0.9 to keep nine tenths."
        )
    name = ALIASES.get(name, name)
    if name in names("probe") and name not in KEEPABLE:
        raise InputError(
            f"{name} is no measure of which a share could be kept: it grows in collapse, or is a "
            f"logarithm. Choose one of: {', '.join(KEEPABLE)}."
        )
    return name, target


def _settings(lineage: Lineage, vary: Vary, fresh: bool, resolution: float) -> Settings:
    """Every setting that may be tried, ascending, with the lineage it stands for."""
    n = getattr(lineage.policy, "n", None)
    if not isinstance(n, int):
        raise InputError(
            "the policy does not say how many records are written per generation, so there is "
            "nothing to vary. Use one with a number n, such as Replace(1000)."
        )
    if vary == "n":
        policy: Any = lineage.policy
        # An unbiased covariance needs more records than coordinates; a finite source has so many.
        least = getattr(lineage.truth, "d", 1) + 1 if getattr(lineage.learner, "ddof", 0) else 2
        most = len(lineage.truth) * 4 // 5 if isinstance(lineage.truth, Finite) else math.inf
        sizes = sorted({round(n * 2 ** (k / 16)) for k in range(-128, 129)})
        sizes = [size for size in sizes if least <= size <= most]
        return {
            float(size): lineage.but(policy=type(policy)(**{**vars(policy), "n": size}), size=size)
            for size in sizes
        }
    most = n if fresh else min(n, lineage.size)
    step = max(1, round(resolution * n))
    counts = sorted({*range(0, most + 1, step), most})
    return {
        k / n: lineage.but(policy=Mix(n, real=k / n, fresh=fresh) if k else Replace(n))
        for k in counts
    }


def _theory(settings: Settings, measure: str, generations: int) -> tuple[Evaluate, str] | None:
    at = np.array([0, generations])

    def evaluate(lineage: Lineage) -> tuple[float, float, float, int]:
        # A blend without synthetic records is real data again and again.
        pure = isinstance(lineage.policy, Mix) and lineage.policy.shares[0] <= 0
        values = np.ones(2) if pure else predict(lineage, measure, at, kind="exact").values
        ratio = float(values[1] / values[0])
        return ratio, ratio, ratio, 0

    try:
        for lineage in settings.values():
            if not isinstance(lineage.policy, Mix) or 0 < lineage.policy.shares[0] < 1:
                source = predict(lineage, measure, at, kind="exact").origin
    except (NoTheorem, InputError):
        return None
    return evaluate, source


def _search(
    settings: Settings, evaluate: Evaluate, measure: str, target: float, generations: int,
    vary: Vary, of: Statistic, confidence: float | None, source: str, lineage: Lineage,
) -> Plan:  # fmt: skip
    keys = list(settings)
    trials: dict[int, Trial] = {}

    def holds(index: int) -> bool:
        if index not in trials:
            trials[index] = Trial(keys[index], *evaluate(settings[keys[index]]))
        return trials[index].low >= target

    coarse = sorted({round(i) for i in np.linspace(0, len(keys) - 1, GRID)})
    held = [holds(index) for index in coarse]
    ordered = [trials[index] for index in coarse]
    monotone = all(b.high >= a.low - 1e-12 for a, b in itertools.pairwise(ordered))
    if not held[-1]:
        best = max(trials.values(), key=lambda trial: trial.value)
        raise InputError(
            f"no {'share of real records' if vary == 'real' else 'number of records'} is seen to "
            f"keep {measure} at {target:g} of generation 0 for {generations} generations: the most "
            f"reached is {number(best.value)}. Lower the target, or plan for fewer generations."
        )
    # All coarse settings from here on hold; below it at least one does not.
    last_failure = max((i for i, ok in enumerate(held) if not ok), default=None)
    if last_failure is None:
        answer, fails = 0, None
    else:
        low, answer = coarse[last_failure], coarse[last_failure + 1]
        while answer - low > 1:
            middle = (low + answer) // 2
            if holds(middle):
                answer = middle
            else:
                low = middle
        fails = keys[low]
    kept = Trial(math.nan, *_accumulated(lineage, evaluate))
    return Plan(
        measure, target, generations, vary, keys[answer], fails, of, confidence, monotone,
        tuple(trials[index] for index in sorted(trials)), kept, source,
    )  # fmt: skip


def _accumulated(lineage: Lineage, evaluate: Evaluate) -> tuple[float, float, float, int]:
    n = lineage.policy.n  # type: ignore[attr-defined]  # checked when the settings were made
    try:
        return evaluate(lineage.but(policy=Accumulate(n)))
    except NoTheorem:
        return math.nan, math.nan, math.nan, 0
