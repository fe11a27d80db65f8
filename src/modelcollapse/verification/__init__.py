"""The verb `verify`: scores of records in files of their own, resumable, on any engine."""

from modelcollapse.verification.resume import RESUME
from modelcollapse.verification.scores import Account, Scores
from modelcollapse.verification.scoring import verify

__all__ = ["RESUME", "Account", "Scores", "verify"]
