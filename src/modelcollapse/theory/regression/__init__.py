"""Linear and ridge regression on outcomes that earlier fits wrote.

Inputs are always real, normal and drawn anew unless said otherwise; only outcomes are written.
Errors are those of predictions for new inputs, without the noise of new outcomes: in squared units
of the outcomes. `noise` is a standard deviation, a penalty lambda is that of ``X'X / n +
lambda I``, and coefficients are along the eigenvectors of the covariance of the inputs. Generations
count from 0; generation 0 is fitted to real data.
"""

from modelcollapse.theory.regression.accumulation import (
    accumulate_error,
    accumulate_error_limit,
    growing_replace_error,
    replace_error,
    subsample_error,
    subsample_error_limit,
)
from modelcollapse.theory.regression.best import (
    OptimalPenalty,
    optimal_penalty,
)
from modelcollapse.theory.regression.chain import (
    ChainError,
    chain_error,
    generator_error,
)
from modelcollapse.theory.regression.criterion import (
    drift_variance,
    error_against_truth,
    synthetic_record_weight,
)
from modelcollapse.theory.regression.defects import isotropic_defect
from modelcollapse.theory.regression.equivalents import (
    degrees_of_freedom,
    effective_penalty,
    isotropic_effective_penalty,
)
from modelcollapse.theory.regression.fixed_design import (
    interpolator_error,
    isotropic_interpolator_error,
    optimal_ridge_weight,
    weighted_ridge_error_limit,
)
from modelcollapse.theory.regression.isotropic import (
    projected_chain_error,
    projection_bias,
)
from modelcollapse.theory.regression.least_squares import (
    growing_least_squares_error,
    least_squares_chain_error,
    least_squares_chain_error_asymptotic,
    null_predictor_generations,
)
from modelcollapse.theory.regression.power_law import (
    chain_error_exponent,
    chain_penalty_exponent,
    classical_error_exponent,
    classical_excess_exponent,
    classical_penalty_exponent,
)
from modelcollapse.theory.regression.ridge import (
    RidgeError,
    error_per_generation,
    ridge_error,
)
from modelcollapse.theory.regression.strong import (
    MixedError,
    defect_floor,
    mixed_error,
    tolerated_defect,
)
from modelcollapse.theory.regression.truncated import (
    TruncatedMoments,
    truncated_moments,
)
from modelcollapse.theory.regression.verified import (
    verified_contraction,
    verified_drift,
    verified_error,
    verified_error_series,
    verified_tolerated_offset,
)
from modelcollapse.theory.regression.verified_rounds import (
    growing_verified_distance_upper_bound,
    verified_distance_upper_bound,
    verified_distance_upper_bound_limit,
)
from modelcollapse.theory.regression.weighting import (
    optimal_weight,
    pooled_error_limit,
    weighted_error,
    weighted_error_limit,
    weighted_variance_error,
    weighted_variance_error_limit,
)
from modelcollapse.theory.regression.worth import (
    effective_records,
    rule_of_thumb_penalty,
    saturation_records,
)

__all__ = [
    "ChainError",
    "MixedError",
    "OptimalPenalty",
    "RidgeError",
    "TruncatedMoments",
    "accumulate_error",
    "accumulate_error_limit",
    "chain_error",
    "chain_error_exponent",
    "chain_penalty_exponent",
    "classical_error_exponent",
    "classical_excess_exponent",
    "classical_penalty_exponent",
    "defect_floor",
    "degrees_of_freedom",
    "drift_variance",
    "effective_penalty",
    "effective_records",
    "error_against_truth",
    "error_per_generation",
    "generator_error",
    "growing_least_squares_error",
    "growing_replace_error",
    "growing_verified_distance_upper_bound",
    "interpolator_error",
    "isotropic_defect",
    "isotropic_effective_penalty",
    "isotropic_interpolator_error",
    "least_squares_chain_error",
    "least_squares_chain_error_asymptotic",
    "mixed_error",
    "null_predictor_generations",
    "optimal_penalty",
    "optimal_ridge_weight",
    "optimal_weight",
    "pooled_error_limit",
    "projected_chain_error",
    "projection_bias",
    "replace_error",
    "ridge_error",
    "rule_of_thumb_penalty",
    "saturation_records",
    "subsample_error",
    "subsample_error_limit",
    "synthetic_record_weight",
    "tolerated_defect",
    "truncated_moments",
    "verified_contraction",
    "verified_distance_upper_bound",
    "verified_distance_upper_bound_limit",
    "verified_drift",
    "verified_error",
    "verified_error_series",
    "verified_tolerated_offset",
    "weighted_error",
    "weighted_error_limit",
    "weighted_ridge_error_limit",
    "weighted_variance_error",
    "weighted_variance_error_limit",
]
