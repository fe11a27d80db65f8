"""What ridge to use on outcomes that models wrote, and what it gains.

`plan_ridge` reads it off a table; `plan_ridge_from_law` asks theory about a known law.
"""

from modelcollapse.ridge_planning.advice import plan_ridge
from modelcollapse.ridge_planning.from_law import Law, plan_ridge_from_law
from modelcollapse.ridge_planning.law_result import LawPlan
from modelcollapse.ridge_planning.result import RidgePlan

__all__ = ["Law", "LawPlan", "RidgePlan", "plan_ridge", "plan_ridge_from_law"]
