"""ROUGE: how much of a reference a text has, and how much of the text the reference has.

Values are those of the package rouge-score, to the last bit.
"""

from modelcollapse.metrics.rouge.scoring import Scores, check, scores, scores_by_kind

__all__ = ["Scores", "check", "scores", "scores_by_kind"]
