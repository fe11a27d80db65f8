"""How good is a verifier? What a sample of labelled records says, and which to label.

`estimate` reads an audit sample: records with a label, right or wrong, and whether the verifier
kept them. `design` says how many records to label, and which.
"""

from modelcollapse.verifier_quality.audit_plan import Design, design
from modelcollapse.verifier_quality.estimation import estimate
from modelcollapse.verifier_quality.intervals import Interval
from modelcollapse.verifier_quality.result import Estimate
from modelcollapse.verifier_quality.verdicts import Verdict

__all__ = ["Design", "Estimate", "Interval", "Verdict", "design", "estimate"]
