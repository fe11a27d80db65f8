"""Audit: whether a data set has lost tails, minorities or spread, against a reference."""

from modelcollapse.auditing.catalogue import MEASURES, Concern
from modelcollapse.auditing.comparing import Settings, audit, compare
from modelcollapse.auditing.gates import Gate, gate
from modelcollapse.auditing.judging import Stage
from modelcollapse.auditing.lineages import LineageAudit, audit_lineage
from modelcollapse.auditing.plugins import AuditMeasure
from modelcollapse.auditing.reading import Outcome, Reading
from modelcollapse.auditing.result import Audit
from modelcollapse.auditing.trajectory import generations_in

__all__ = [
    "MEASURES",
    "Audit",
    "AuditMeasure",
    "Concern",
    "Gate",
    "LineageAudit",
    "Outcome",
    "Reading",
    "Settings",
    "Stage",
    "audit",
    "audit_lineage",
    "compare",
    "gate",
    "generations_in",
]
