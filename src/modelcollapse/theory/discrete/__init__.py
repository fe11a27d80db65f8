"""Discrete lineages: each model is the table of frequencies of the data before it.

Under replacement this is the Wright-Fisher chain of population genetics with population size n.
Generations count from 0; generation 0 is fitted to real data, so that at generation t the records
have been resampled t + 1 times.
"""

from modelcollapse.theory.discrete.absorption import (
    absorption_tail_lower_bound,
    absorption_tail_upper_bound,
    absorption_time,
    absorption_time_coalescent,
    absorption_time_diffusion,
    fixation_probability,
)
from modelcollapse.theory.discrete.branching import (
    branching_survival,
    branching_survival_asymptotic,
    expected_support_lower_bound,
    poisson_survival,
    survival_asymptotic,
    survival_lower_bound,
    survival_upper_bound,
)
from modelcollapse.theory.discrete.frequencies import (
    cross_entropy_variance,
    expected_cross_entropy,
    expected_frequency,
    expected_heterozygosity,
    expected_squared_error,
    frequency_covariance,
    frequency_variance,
)
from modelcollapse.theory.discrete.mixtures import (
    mixture_error,
    mixture_law_error,
    mixture_law_error_limit,
)
from modelcollapse.theory.discrete.retained import (
    fresh_error,
    fresh_error_limit,
    partially_synthetic_drift,
    partially_synthetic_drift_limit,
    partially_synthetic_error,
    partially_synthetic_inflation,
)
from modelcollapse.theory.discrete.survival import (
    expected_support,
    loss_probability,
    survival_probability,
)

__all__ = [
    "absorption_tail_lower_bound",
    "absorption_tail_upper_bound",
    "absorption_time",
    "absorption_time_coalescent",
    "absorption_time_diffusion",
    "branching_survival",
    "branching_survival_asymptotic",
    "cross_entropy_variance",
    "expected_cross_entropy",
    "expected_frequency",
    "expected_heterozygosity",
    "expected_squared_error",
    "expected_support",
    "expected_support_lower_bound",
    "fixation_probability",
    "frequency_covariance",
    "frequency_variance",
    "fresh_error",
    "fresh_error_limit",
    "loss_probability",
    "mixture_error",
    "mixture_law_error",
    "mixture_law_error_limit",
    "partially_synthetic_drift",
    "partially_synthetic_drift_limit",
    "partially_synthetic_error",
    "partially_synthetic_inflation",
    "poisson_survival",
    "survival_asymptotic",
    "survival_lower_bound",
    "survival_probability",
    "survival_upper_bound",
]
