"""Tails and scaling laws: a learner that answers what it has seen, on data with heavy tails.

Errors are true probabilities of the items that the learner does not know. Laws over finitely many
states are given by their probabilities, those over infinitely many by the exponent of a power law.
Generations count from 0; generation 0 is fitted to real data.
"""

from modelcollapse.theory.scaling.generations import (
    accumulated_error,
    relabelled_error,
    relabelled_error_upper_bound,
    relabelled_growth,
    resampled_error,
    resampled_error_upper_bound,
    resampled_growth,
)
from modelcollapse.theory.scaling.hutter import (
    expected_error,
    expected_total_variation,
    truncation_floor,
)
from modelcollapse.theory.scaling.power_law import (
    Plateau,
    error_constant,
    error_exponent,
    plateau,
    power_law_error,
    power_law_error_asymptotic,
    power_law_floor,
    total_variation_exponent,
    truncated_error_upper_bound,
)

__all__ = [
    "Plateau",
    "accumulated_error",
    "error_constant",
    "error_exponent",
    "expected_error",
    "expected_total_variation",
    "plateau",
    "power_law_error",
    "power_law_error_asymptotic",
    "power_law_floor",
    "relabelled_error",
    "relabelled_error_upper_bound",
    "relabelled_growth",
    "resampled_error",
    "resampled_error_upper_bound",
    "resampled_growth",
    "total_variation_exponent",
    "truncated_error_upper_bound",
    "truncation_floor",
]
