"""Which theorem speaks about which lineage."""

from modelcollapse.theorems._theorem import Condition, Parts, Theorem, fitted
from modelcollapse.theorems.classification import CLASSIFICATION
from modelcollapse.theorems.distributions import DISTRIBUTIONS
from modelcollapse.theorems.regression import REGRESSION

__all__ = ["THEOREMS", "Condition", "Parts", "Theorem", "fitted"]

THEOREMS: tuple[Theorem, ...] = (*DISTRIBUTIONS, *REGRESSION, *CLASSIFICATION)
