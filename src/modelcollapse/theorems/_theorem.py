"""What a theorem is: conditions on one side, a closed form on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Mix, Replace
from modelcollapse.protocols import name_of
from modelcollapse.theory._formula import CATALOGUE, Kind

Floats = NDArray[np.float64]
Generations = NDArray[np.int64]


@dataclass(frozen=True)
class Condition:
    """Something a theorem needs of a lineage.

    Attributes
    ----------
    needs : str
        The condition in words.
    holds : callable
        From a lineage to bool; called only when all conditions before it hold.
    found : callable
        From a lineage to what it has instead, in words.
    """

    needs: str
    holds: Callable[[Any], bool]
    found: Callable[[Any], str]


@dataclass(frozen=True, eq=False)
class Parts:
    """A value as a sum of named parts."""

    parts: Mapping[str, Any]

    @property
    def total(self) -> Floats:
        """Sum of the parts."""
        return np.asarray(sum(self.parts.values()))


@dataclass(frozen=True)
class Theorem:
    """A closed form and the lineages it covers.

    Attributes
    ----------
    quantity : str
        What it predicts; for most, the name of a probe.
    formula : str
        Name in `modelcollapse.theory` under which kind and source are registered.
    conditions : tuple of Condition
        In the order in which a reader would check them.
    value : callable
        From a lineage and generations to the values, or to their `Parts`.
    of : {"mean", "median"}
        What it states about the measure.
    measure : str or None
        The probe whose readings it is about; None if no probe reads it.
    of_probe : bool
        Whether the value depends on the settings of the probe, which is then its third argument.
    covers : callable or None
        From a lineage that meets the conditions and the probe to bool: whether the formula speaks
        about a probe of these settings; None if it does about any.
    leading : str
        What the formula, exact for its own quantity, only approaches here; empty if nothing.
    """

    quantity: str
    formula: str
    conditions: tuple[Condition, ...]
    value: Callable[..., Any]
    of: Literal["mean", "median"] = "mean"
    measure: str | None = None
    of_probe: bool = False
    covers: Callable[[Any, Any], bool] | None = None
    leading: str = ""

    @property
    def kind(self) -> Kind:
        """Kind of the statement about a lineage: the formula's, or weaker."""
        return "asymptotic" if self.leading else CATALOGUE[self.formula].kind

    @property
    def holds(self) -> str:
        """Condition under which it holds, in words."""
        holds = CATALOGUE[self.formula].holds
        return f"{holds}; {self.leading}" if self.leading else holds

    def failing(self, lineage: Lineage) -> tuple[int, Condition | None]:
        """How many conditions hold, in order, and the first that does not."""
        for count, condition in enumerate(self.conditions):
            if not condition.holds(lineage):
                return count, condition
        return len(self.conditions), None


def fitted(lineage: Any) -> int:
    """Records that each model after the first is fitted to, under a policy of fixed size."""
    n: int = lineage.policy.n
    return n if lineage.budget is None else min(n, lineage.budget)


def first(lineage: Any) -> int:
    """Records that the model of generation 0 is fitted to."""
    size: int = lineage.size
    return size if lineage.budget is None else min(size, lineage.budget)


def shares(lineage: Any) -> tuple[int, int]:
    """Real and synthetic records of a mix."""
    real = round(lineage.policy.shares[2] * lineage.policy.n)
    return real, lineage.policy.n - real


def part_is(role: str, kind: Any, words: str) -> Condition:
    """Condition that a part of the lineage is of some kind."""
    return Condition(
        f"the {role} is {words}",
        lambda lineage: isinstance(getattr(lineage, role), kind),
        lambda lineage: f"it is {name_of(getattr(lineage, role))}",
    )


REPLACE = part_is("policy", Replace, "Replace")
ACCUMULATE = part_is("policy", Accumulate, "Accumulate")
MIX = part_is("policy", Mix, "Mix")
UNCURATED = Condition(
    "there is no curator", lambda x: x.curator is None, lambda x: f"there is {name_of(x.curator)}"
)
WHOLE = Condition(
    "there is no budget", lambda x: x.budget is None, lambda x: f"the budget is {x.budget}"
)
EQUAL = Condition(
    "every generation is fitted to as many records as generation 0",
    lambda x: fitted(x) == first(x),
    lambda x: f"it is {fitted(x)} after {first(x)}",
)
EQUAL_BLOCKS = Condition(
    "n equals the size of generation 0",
    lambda x: x.policy.n == x.size,
    lambda x: f"n is {x.policy.n} and the size {x.size}",
)
NO_OLD = Condition(
    "no records of the previous generation are re-used (beta is 0)",
    lambda x: x.policy.beta == 0,
    lambda x: f"beta is {x.policy.beta:g}",
)
SOME_REAL = Condition(
    "there are real and synthetic records in the mix",
    lambda x: min(shares(x)) > 0,
    lambda x: f"there are {shares(x)[0]} real and {shares(x)[1]} synthetic ones",
)
FRESH = Condition("real records are fresh", lambda x: x.policy.fresh, lambda x: "they are original")
