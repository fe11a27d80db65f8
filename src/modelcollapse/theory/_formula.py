"""What a formula claims, in a form that programs can read.

Every public formula is decorated with the kind of its claim, its source and the condition under
which it holds. `predict` reads them, and a test walks the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from modelcollapse.references import reference

Kind = Literal["exact", "bound", "asymptotic"]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Formula:
    """The claim that a function makes.

    Parameters
    ----------
    name : str
        Module and function below `modelcollapse.theory`, such as ``"gaussian.half_life"``.
    function : callable
        The function itself.
    kind : {"exact", "bound", "asymptotic"}
        Whether the value is the quantity, bounds it, or approaches it in a limit.
    source : str
        Bibliography key; ``"modelcollapse"`` where the result was derived for this package.
    where : str
        Equation, theorem or section in the source.
    holds : str
        Condition under which the claim is true, as one sentence.
    corrects : str, default ``""``
        Bibliography key and place of a printed form that is wrong and that this one replaces.
    """

    name: str
    function: Callable[..., Any]
    kind: Kind
    source: str
    where: str
    holds: str
    corrects: str = ""


CATALOGUE: dict[str, Formula] = {}
"""Every formula by its name."""


def formula(
    *, kind: Kind, source: str, where: str, holds: str, corrects: str = ""
) -> Callable[[Function], Function]:
    """Enter a function into the catalogue; the function itself stays as it is.

    Parameters
    ----------
    kind : {"exact", "bound", "asymptotic"}
        See `Formula`.
    source, where, holds, corrects : str
        See `Formula`.

    Returns
    -------
    callable
        The decorator.

    Raises
    ------
    InputError
        If a source is not in the bibliography.
    """
    for key in (source, *corrects.split(",")[:1]):
        if key:
            reference(key)

    def enter(function: Function) -> Function:
        # a package such as theory.gaussian is split into files that readers need not know
        module = function.__module__.split(".theory.")[-1].split(".")[0]
        name = f"{module}.{function.__name__}"
        CATALOGUE[name] = Formula(name, function, kind, source, where, holds, corrects)
        return function

    return enter
