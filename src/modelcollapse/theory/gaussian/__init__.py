"""Gaussian lineages: each model is the mean and covariance of the data before it.

All values are for a truth of variance 1 and mean 0. Multiply variances, squared distances and
squared mean errors by the true variance (in several dimensions: mean errors by its trace).
Generations count from 0; generation 0 is fitted to real data.
"""

from modelcollapse.theory.gaussian.accumulate import (
    accumulate_mean_error,
    accumulate_mean_error_leading,
    accumulate_total_variance,
    accumulate_variance,
    accumulate_variance_limit,
)
from modelcollapse.theory.gaussian.covariance import (
    TraceMoments,
    determinant_ratio,
    eigenvalue_rates,
    expected_log_determinant,
    log_condition_rate,
    trace_moments,
)
from modelcollapse.theory.gaussian.growing import growing_log_variance, growing_mean_error
from modelcollapse.theory.gaussian.replace import (
    expected_squared_wasserstein,
    expected_standard_deviation,
    expected_variance,
    mean_error,
    mean_fourth_moment,
    squared_wasserstein_leading,
    squared_wasserstein_lower_bound,
    variance_moment,
)
from modelcollapse.theory.gaussian.subsample import (
    subsample_mean_error,
    subsample_pool_mean_error,
    subsample_pool_variance,
    subsample_variance,
)
from modelcollapse.theory.gaussian.tails import (
    survival_bound,
    survival_bound_chernoff,
    survival_bound_first_moment,
    survival_probability,
)
from modelcollapse.theory.gaussian.typical import (
    expected_log_variance,
    half_life,
    log_variance_drift,
    log_variance_spread,
    log_variance_variance,
    typical_variance,
    variance_quantile,
)

__all__ = [
    "TraceMoments",
    "accumulate_mean_error",
    "accumulate_mean_error_leading",
    "accumulate_total_variance",
    "accumulate_variance",
    "accumulate_variance_limit",
    "determinant_ratio",
    "eigenvalue_rates",
    "expected_log_determinant",
    "expected_log_variance",
    "expected_squared_wasserstein",
    "expected_standard_deviation",
    "expected_variance",
    "growing_log_variance",
    "growing_mean_error",
    "half_life",
    "log_condition_rate",
    "log_variance_drift",
    "log_variance_spread",
    "log_variance_variance",
    "mean_error",
    "mean_fourth_moment",
    "squared_wasserstein_leading",
    "squared_wasserstein_lower_bound",
    "subsample_mean_error",
    "subsample_pool_mean_error",
    "subsample_pool_variance",
    "subsample_variance",
    "survival_bound",
    "survival_bound_chernoff",
    "survival_bound_first_moment",
    "survival_probability",
    "trace_moments",
    "typical_variance",
    "variance_moment",
    "variance_quantile",
]
