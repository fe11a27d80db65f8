"""Advice for a chain of ridge fits that a spec describes."""

from __future__ import annotations

from pathlib import Path

from modelcollapse.errors import Incompatible
from modelcollapse.families.regression.linear import Ridge
from modelcollapse.policies import Replace
from modelcollapse.ridge_planning.from_law import Law, plan_ridge_from_law
from modelcollapse.ridge_planning.law_result import LawPlan
from modelcollapse.spec import read


def plan_ridge_from_spec(
    path: Path,
    *,
    generations: int | None = None,
    records: int | None = None,
    real: int = 0,
    goal: float | None = None,
) -> LawPlan:
    """Say what theory advises on ridge at the end of the chain of a spec.

    Parameters
    ----------
    path : Path
        Spec of which the truth is a linear teacher, the learner a ridge and the policy to replace
        all records. Of several policies the first one of this kind is taken.
    generations : int, optional
        Generators before the fit; by default as many as the spec runs for.
    records : int, optional
        Of the fit; as many as the generators have by default.
    real, goal
        As for `plan_ridge_from_law`.

    Returns
    -------
    LawPlan
        The advice.

    Raises
    ------
    InputError
        If the spec describes another kind of lineage, or a number is out of range.
    """
    simulation = read(path)
    lineages = list(simulation.lineages.values())
    lineage = next((x for x in lineages if isinstance(x.policy, Replace)), lineages[0])
    learner, policy = lineage.learner, lineage.policy
    if not isinstance(learner, Ridge) or learner.width is not None:
        raise Incompatible(
            f"the learner of {path} is no ridge on the inputs themselves, and theory of the best "
            "ridge is about a chain of those. Use the learner ridge, without a width."
        )
    if not isinstance(policy, Replace) or policy.n != lineage.size:
        raise Incompatible(
            f"{path} has no policy that replaces all {lineage.size} records in every generation, "
            f"and theory of the best ridge is about those. Use replace with n: {lineage.size}."
        )
    if lineage.curator is not None or lineage.budget is not None:
        raise Incompatible(
            f"{path} has a curator or a budget, which theory of the best ridge does not know. "
            "Leave it out."
        )
    return plan_ridge_from_law(
        Law.of(lineage.truth),
        generations=simulation.generations if generations is None else generations,
        records=policy.n if records is None else records,
        generator_records=policy.n,
        generator_penalty=learner.penalty,
        same_inputs=bool(getattr(lineage.truth, "same_inputs", False)),
        real=real,
        goal=goal,
    )
