"""Gaussian formulas against a plain simulation of rows, four standard errors, fixed seeds.

Every check is repeated with a wrong formula (another divisor, another generation, a misprint),
which it must reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import gaussian

# --- a plain simulator ----------------------------------------------------------------------


def replace(n, fits, replicates, ddof, rng, sizes=None):
    """Mean and variance of the last model, each of shape (replicates,)."""
    mean, deviation = np.zeros(replicates), np.ones(replicates)
    for size in sizes if sizes is not None else [n] * fits:
        rows = mean[:, None] + deviation[:, None] * rng.standard_normal((replicates, size))
        mean, deviation = rows.mean(axis=1), rows.std(axis=1, ddof=ddof)
    return mean, deviation**2


def replace_vectors(n, d, fits, replicates, ddof, rng):
    """Mean and covariance of the last model, (replicates, d) and (replicates, d, d)."""
    mean = np.zeros((replicates, d))
    root = np.broadcast_to(np.eye(d), (replicates, d, d))
    for _ in range(fits):
        rows = mean[:, None] + rng.standard_normal((replicates, n, d)) @ root.transpose(0, 2, 1)
        mean = rows.mean(axis=1)
        rows -= mean[:, None]
        covariance = rows.transpose(0, 2, 1) @ rows / (n - ddof)
        root = np.linalg.cholesky(covariance)
    return mean, covariance


def accumulate(n, fits, replicates, ddof, rng, budget=None):
    """Mean and variance of the last model; all rows are kept, a budget picks some of them."""
    mean, deviation = np.zeros(replicates), np.ones(replicates)
    pool = np.empty((replicates, 0))
    for _ in range(fits):
        rows = mean[:, None] + deviation[:, None] * rng.standard_normal((replicates, n))
        pool = np.concatenate([pool, rows], axis=1)
        seen = pool
        if budget is not None and budget < pool.shape[1]:
            keys = rng.random(pool.shape, dtype=np.float32)
            chosen = np.argpartition(keys, budget, axis=1)[:, :budget]
            seen = np.take_along_axis(pool, chosen, axis=1)
        mean, deviation = seen.mean(axis=1), seen.std(axis=1, ddof=ddof)
    return mean, deviation**2


def agrees(sample, expected, slack=0.0):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error + slack


# --- replacement ----------------------------------------------------------------------------


def test_row_08_log_variance_walks_with_the_drift_and_spread():
    _, variance = replace(10, 5, 100_000, 1, np.random.default_rng(8))
    logs = np.log(variance)
    assert agrees(logs, gaussian.expected_log_variance(4, 10, ddof=1))
    assert agrees((logs - logs.mean()) ** 2, gaussian.log_variance_variance(4, 10))
    assert agrees(np.sqrt(variance), gaussian.expected_standard_deviation(4, 10, ddof=1))
    assert not agrees(logs, gaussian.expected_log_variance(4, 10, ddof=0))
    assert not agrees(logs, gaussian.expected_log_variance(5, 10, ddof=1))
    assert not agrees((logs - logs.mean()) ** 2, gaussian.log_variance_variance(5, 10))
    assert not agrees(np.sqrt(variance), gaussian.expected_standard_deviation(5, 10, ddof=1))


def test_row_09_squared_wasserstein_distance():
    rng = np.random.default_rng(9)
    distance = []
    for _ in range(20):
        mean, variance = replace(25, 10, 50_000, 1, rng)
        distance.append(mean**2 + (np.sqrt(variance) - 1) ** 2)
    distance = np.concatenate(distance)
    assert agrees(distance, gaussian.expected_squared_wasserstein(9, 25, ddof=1))
    assert not agrees(distance, gaussian.expected_squared_wasserstein(10, 25, ddof=1))
    assert not agrees(distance, gaussian.expected_squared_wasserstein(9, 25, ddof=0))


def test_row_10_divide_by_n_bounds_the_mean_error():
    mean, variance = replace(8, 16, 200_000, 0, np.random.default_rng(10))
    assert agrees(variance, gaussian.expected_variance(15, 8))
    assert agrees(mean**2, gaussian.mean_error(15, 8))
    distance = mean**2 + (np.sqrt(variance) - 1) ** 2
    assert agrees(distance, gaussian.expected_squared_wasserstein(15, 8))
    assert not agrees(variance, gaussian.expected_variance(14, 8))
    assert not agrees(mean**2, gaussian.mean_error(15, 8, ddof=1))
    assert not agrees(distance, gaussian.expected_squared_wasserstein(15, 8, ddof=1))


def test_fourth_moment_of_the_mean_error():
    mean, _ = replace(20, 10, 200_000, 1, np.random.default_rng(4))
    assert agrees(mean**4, gaussian.mean_fourth_moment(9, 20, ddof=1))
    assert not agrees(mean**4, gaussian.mean_fourth_moment(9, 20))
    assert not agrees(mean**4, 3 * gaussian.mean_error(9, 20, ddof=1) ** 2)  # were it normal


def test_growing_sizes():
    sizes = np.arange(5, 55, 5)
    mean, variance = replace(None, None, 60_000, 0, np.random.default_rng(28), sizes=sizes)
    assert agrees(mean**2, gaussian.growing_mean_error(sizes)[-1])
    assert agrees(np.log(variance), gaussian.growing_log_variance(sizes)[-1])
    assert not agrees(mean**2, gaussian.growing_mean_error(sizes, ddof=1)[-1])
    assert not agrees(np.log(variance), gaussian.growing_log_variance(sizes[::-1][:-1])[-1])


def test_the_median_lineage_and_the_tail():
    n, fits, threshold = 10, 100, 0.1
    _, variance = replace(n, fits, 40_000, 1, np.random.default_rng(26))
    below = variance < gaussian.typical_variance(fits - 1, n, ddof=1)
    assert agrees(below, 0.5, slack=0.02)  # the median only in the limit of many generations
    assert not agrees(variance < gaussian.expected_variance(fits - 1, n, ddof=1), 0.5, slack=0.02)
    alive = variance > threshold**2
    assert agrees(alive, gaussian.survival_probability(fits - 1, n, threshold, ddof=1), 0.003)
    assert not agrees(alive, gaussian.survival_probability(fits - 1, n, threshold), 0.003)
    for bound in (
        gaussian.survival_bound(fits - 1, n, threshold),
        gaussian.survival_bound_first_moment(fits - 1, n, threshold, ddof=1),
        gaussian.survival_bound_chernoff(fits - 1, n, threshold, ddof=1),
    ):
        assert alive.mean() < bound
    # the bound of a lineage that loses more spread does not hold for this one
    assert alive.mean() > gaussian.survival_bound_chernoff(fits - 1, n, threshold)


# --- several dimensions ---------------------------------------------------------------------


def test_row_12_log_determinant():
    _, covariance = replace_vectors(30, 4, 1, 40_000, 1, np.random.default_rng(12))
    logs = np.linalg.slogdet(covariance)[1]
    assert agrees(logs, gaussian.expected_log_determinant(0, 30, dimension=4, ddof=1))
    assert not agrees(logs, gaussian.expected_log_determinant(0, 30, dimension=4))
    assert not agrees(logs, 4 * gaussian.log_variance_drift(30, ddof=1))  # were it diagonal


def test_row_13_trace_moments():
    mean, covariance = replace_vectors(25, 3, 12, 60_000, 1, np.random.default_rng(13))
    trace = np.trace(covariance, axis1=1, axis2=2)
    square = np.sum(covariance**2, axis=(1, 2))
    expected = gaussian.trace_moments(11, 25, np.eye(3), ddof=1)
    assert agrees(square, expected.trace_of_square)
    assert agrees(trace**2, expected.square_of_trace)
    assert agrees(np.sum(mean**2, axis=1), 3 * gaussian.mean_error(11, 25, ddof=1))
    biased = gaussian.trace_moments(11, 25, np.eye(3))
    assert not agrees(square, biased.trace_of_square)
    assert not agrees(trace**2, biased.square_of_trace)
    assert not agrees(square, expected.square_of_trace)


@pytest.mark.parametrize("ddof", [0, 1])
def test_determinant_ratio(ddof):
    _, covariance = replace_vectors(10, 2, 3, 60_000, ddof, np.random.default_rng(29))
    ratio = np.linalg.det(covariance)
    assert agrees(ratio, gaussian.determinant_ratio(2, 10, dimension=2, ddof=ddof))
    assert not agrees(ratio, gaussian.determinant_ratio(2, 10, dimension=2, ddof=1 - ddof))
    assert not agrees(ratio, gaussian.determinant_ratio(3, 10, dimension=2, ddof=ddof))


def test_eigenvalues_shrink_at_different_rates():
    n, d, replicates, rng = 20, 3, 1500, np.random.default_rng(27)
    root, sizes = np.broadcast_to(np.eye(d), (replicates, d, d)), {}
    for t in range(160):
        rows = rng.standard_normal((replicates, n, d))
        rows -= rows.mean(axis=1, keepdims=True)
        scatter = rows.transpose(0, 2, 1) @ rows / (n - 1)
        root = root @ np.linalg.cholesky(scatter)  # the square root, which keeps its accuracy
        if t in (59, 159):
            sizes[t] = 2 * np.log(np.linalg.svd(root, compute_uv=False))
    shrinkage = (sizes[159] - sizes[59]) / 100
    rates = gaussian.eigenvalue_rates(n, dimension=d, ddof=1)
    for j in range(d):
        assert agrees(shrinkage[:, j], rates[j])
        assert not agrees(shrinkage[:, j], rates.mean() if j != 1 else rates[0])
    growth = shrinkage[:, 0] - shrinkage[:, -1]
    assert agrees(growth, gaussian.log_condition_rate(n, dimension=d))


def test_early_distance_in_three_dimensions():
    n, d, fits = 400, 3, 3
    mean, covariance = replace_vectors(n, d, fits, 5000, 1, np.random.default_rng(23))
    values = np.linalg.eigvalsh(covariance)
    distance = np.sum(mean**2, axis=1) + np.sum((np.sqrt(values) - 1) ** 2, axis=1)
    leading = gaussian.squared_wasserstein_leading(fits - 1, n, dimension=d)
    assert agrees(distance, leading, slack=0.01 * leading)
    independent = d * gaussian.squared_wasserstein_leading(fits - 1, n)
    assert not agrees(distance, independent, slack=0.01 * leading)
    assert distance.mean() > d * gaussian.squared_wasserstein_lower_bound(fits - 1, n)


# --- accumulation ---------------------------------------------------------------------------


def test_rows_14_and_15_accumulation():
    for ddof, seed in ((0, 14), (1, 15)):
        mean, variance = accumulate(16, 10, 60_000, ddof, np.random.default_rng(seed))
        other = 1 - ddof
        assert agrees(variance, gaussian.accumulate_variance(9, 16, ddof=ddof))
        assert agrees(mean**2, gaussian.accumulate_mean_error(9, 16, ddof=ddof))
        assert agrees(variance + mean**2, gaussian.accumulate_total_variance(9, 16, ddof=ddof))
        assert not agrees(variance, gaussian.accumulate_variance(9, 16, ddof=other))
        assert not agrees(mean**2, gaussian.accumulate_mean_error(4, 16, ddof=ddof))
        printed = 1 + np.sum(1 / np.arange(1, 11) ** 2) / 16  # the misprint, at this generation
        assert not agrees(variance + mean**2, printed)


@pytest.mark.parametrize("ddof", [0, 1])
def test_row_16_accumulation_with_a_budget(ddof):
    mean, variance = accumulate(20, 25, 10_000, ddof, np.random.default_rng(16), budget=20)
    assert agrees(variance, gaussian.subsample_variance(24, 20, ddof=ddof))
    assert agrees(mean**2, gaussian.subsample_mean_error(24, 20, ddof=ddof))
    assert not agrees(variance, gaussian.subsample_variance(24, 20, ddof=1 - ddof))
    assert not agrees(mean**2, gaussian.accumulate_mean_error(24, 20, ddof=ddof))


@pytest.mark.parametrize("ddof", [0, 1])
def test_a_budget_other_than_the_block(ddof):
    mean, variance = accumulate(6, 12, 60_000, ddof, np.random.default_rng(17), budget=15)
    arguments = {"budget": 15, "ddof": ddof}
    assert agrees(variance, gaussian.subsample_variance(11, 6, **arguments))
    assert agrees(mean**2, gaussian.subsample_mean_error(11, 6, **arguments))
    assert not agrees(variance, gaussian.subsample_variance(11, 6, ddof=ddof))
    assert not agrees(mean**2, gaussian.subsample_mean_error(11, 6, ddof=ddof))
