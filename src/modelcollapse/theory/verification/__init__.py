"""Verification: what is learnt from records that a verifier, good or bad, let through.

A generator's labels are wrong with probability `p`. A verifier keeps a record with probability
`phi` if its label is right and `psi` if it is wrong. A student is fitted to what was kept.

Where errors of generator and verifier have nothing to do with the record, these three numbers say
everything. Where they depend on it, as they do for any two models of the same data, the angles
between truth, generator and verifier matter as well: `agreement_accuracy` has cases in which `p`
is far below the breakdown point and the student is still worse than its generator.

The accuracies are limits of many coordinates and many records at a fixed ratio of the two.
"""

from modelcollapse.theory.verification.audits import (
    audit_error,
    labels_for_breakdown_point,
    majority_test,
    stratified_audit_error,
)
from modelcollapse.theory.verification.dependent import (
    agreement_accuracy,
    agreement_shares,
    selection_accuracy,
)
from modelcollapse.theory.verification.independent import (
    flipped_label_accuracy,
    iterated_error,
    mixture_accuracy,
    resolvent_traces,
)
from modelcollapse.theory.verification.shares import (
    breakdown_point,
    corpus_error,
    keep_rate,
    kept_error,
)

__all__ = [
    "agreement_accuracy",
    "agreement_shares",
    "audit_error",
    "breakdown_point",
    "corpus_error",
    "flipped_label_accuracy",
    "iterated_error",
    "keep_rate",
    "kept_error",
    "labels_for_breakdown_point",
    "majority_test",
    "mixture_accuracy",
    "resolvent_traces",
    "selection_accuracy",
    "stratified_audit_error",
]
