"""Loops with real data against plain simulations, four standard errors, fixed seeds.

Every check is repeated with a wrong formula (another share, another kind of loop, another
divisor), which it must reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import gaussian, kernel, mixing


def agrees(sample, expected):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error


# --- every record picks its source ----------------------------------------------------------


def mixture(n, fits, alpha, gamma, ddof, replicates, rng):
    """Moments of the last model and of the law after it; components are kept as a list."""
    means, deviations = np.zeros((replicates, 1)), np.ones((replicates, 1))
    shares, beta = np.ones(1), max(1 - alpha - gamma, 0)
    rows = np.arange(replicates)[:, None]
    for _ in range(fits):
        pick = rng.choice(shares.size, size=(replicates, n), p=shares / shares.sum())
        data = means[rows, pick] + deviations[rows, pick] * rng.standard_normal(pick.shape)
        mean, deviation = data.mean(axis=1), data.std(axis=1, ddof=ddof)
        means = np.column_stack([means, mean])
        deviations = np.column_stack([deviations, deviation])
        shares = np.append(beta * shares, alpha)
        shares[0] += gamma  # component 0 is the truth
    centre = means @ shares
    spread = (means**2 + deviations**2) @ shares - centre**2
    return (mean, deviation**2), (centre, spread)


@pytest.mark.parametrize("ddof", [0, 1])
def test_row_17_mixture(ddof):
    model, law = mixture(50, 10, 0.6, 0.2, ddof, 20_000, np.random.default_rng(17))
    shares = {"alpha": 0.6, "gamma": 0.2}
    for (mean, variance), formula in ((model, mixing.iid_mixture), (law, mixing.iid_mixture_law)):
        expected = formula(9, 50, **shares, ddof=ddof)
        assert agrees(mean**2, expected.mean_error)
        assert agrees(variance, expected.variance)
        assert not agrees(variance, formula(9, 50, **shares, ddof=1 - ddof).variance)
        assert not agrees(mean**2, formula(9, 50, alpha=0.8, gamma=0.2, ddof=ddof).mean_error)
        assert not agrees(mean**2, formula(9, 50, alpha=0.6, gamma=0.4, ddof=ddof).mean_error)


def test_row_18_the_mixture_settles():
    _, (mean, variance) = mixture(50, 25, 0.8, 0.2, 1, 20_000, np.random.default_rng(18))
    limit = mixing.iid_mixture_limit(50, alpha=0.8, gamma=0.2, ddof=1)
    assert agrees(mean**2, limit.mean_error)
    assert agrees(variance, limit.variance)
    assert not agrees(mean**2, mixing.iid_mixture_law(2, 50, alpha=0.8, gamma=0.2).mean_error)
    assert not agrees(variance, 1.0)


# --- a fixed number of real records ---------------------------------------------------------


def loop_of_rows(real, synthetic, steps, bias, ddof, fresh, replicates, rng):
    """Mean and variance of the last model, and mean and unbiased variance of kept records."""
    kept = rng.standard_normal((replicates, real))
    mean, variance = kept.mean(axis=1), kept.var(axis=1, ddof=ddof)
    for _ in range(steps):
        scale = np.sqrt(bias * variance)[:, None]
        written = mean[:, None] + scale * rng.standard_normal((replicates, synthetic))
        truth = rng.standard_normal((replicates, real)) if fresh else kept
        data = np.concatenate([truth, written], axis=1)
        mean, variance = data.mean(axis=1), data.var(axis=1, ddof=ddof)
    return mean, variance, kept.mean(axis=1), kept.var(axis=1, ddof=1)


def fresh_loop_of_moments(real, synthetic, steps, bias, replicates, rng):
    """The same fresh loop, unbiased, by drawing each block's mean and sum of squares."""
    total = real + synthetic
    mean = rng.standard_normal(replicates) / np.sqrt(real)
    variance = rng.chisquare(real - 1, replicates) / (real - 1)
    for _ in range(steps):
        spread = bias * variance
        ours = rng.standard_normal(replicates) / np.sqrt(real)
        theirs = mean + np.sqrt(spread / synthetic) * rng.standard_normal(replicates)
        squares = rng.chisquare(real - 1, replicates)
        squares += spread * rng.chisquare(synthetic - 1, replicates)
        squares += (ours - theirs) ** 2 * real * synthetic / total
        mean, variance = (real * ours + synthetic * theirs) / total, squares / (total - 1)
    return mean, variance


@pytest.mark.parametrize("bias", [1.0, 0.9])
def test_row_19_fresh_loop_settles(bias):
    # 150 steps of 60,000 replicates by moments; rows follow in the next test
    mean, variance = fresh_loop_of_moments(30, 70, 150, bias, 60_000, np.random.default_rng(19))
    limit = mixing.fresh_loop_limit(30, 70, bias=bias, ddof=1)
    assert agrees(mean**2, limit.mean_error)
    assert agrees(variance, limit.variance)
    fixed = mixing.fixed_real_loop_limit(30, 70, bias=bias, ddof=1)
    assert not agrees(mean**2, fixed.mean_error)
    assert not agrees(variance, mixing.fresh_loop_limit(30, 70, bias=bias).variance)
    assert not agrees(mean**2, 1 / 30)


@pytest.mark.parametrize("bias, ddof", [(1.0, 1), (0.8, 0)])
def test_fresh_loop_of_rows(bias, ddof):
    rng = np.random.default_rng(190)
    mean, variance, _, _ = loop_of_rows(10, 30, 8, bias, ddof, True, 60_000, rng)
    expected = mixing.fresh_loop(8, 10, 30, bias=bias, ddof=ddof)
    assert agrees(mean**2, expected.mean_error)
    assert agrees(variance, expected.variance)
    wrong = mixing.fresh_loop(8, 10, 30, bias=bias, ddof=1 - ddof)
    assert not agrees(variance, wrong.variance)
    assert not agrees(mean**2, mixing.fixed_real_loop(8, 10, 30, bias=bias, ddof=ddof).mean_error)


@pytest.mark.parametrize("bias, ddof", [(1.0, 1), (0.8, 0)])
def test_row_20_fixed_real_loop(bias, ddof):
    rng = np.random.default_rng(20)
    mean, variance, centre, spread = loop_of_rows(10, 30, 12, bias, ddof, False, 60_000, rng)
    expected = mixing.fixed_real_loop(12, 10, 30, bias=bias, ddof=ddof)
    assert agrees((mean - centre) ** 2 / spread, expected.mean_error)
    assert agrees(variance / spread, expected.variance)
    assert agrees(mean**2, expected.mean_error + 1 / 10)
    assert agrees(variance, expected.variance)
    wrong = mixing.fixed_real_loop(12, 10, 30, bias=bias, ddof=1 - ddof)
    assert not agrees(variance / spread, wrong.variance)
    assert not agrees(mean**2, mixing.fresh_loop(12, 10, 30, bias=bias, ddof=ddof).mean_error)


@pytest.mark.parametrize("bias, ddof", [(1.0, 0), (0.8, 1)])
def test_real_records_chosen_anew_among_the_original_ones(bias, ddof):
    original, real, synthetic, replicates = 40, 10, 30, 40_000
    rng = np.random.default_rng(21)
    sample = rng.standard_normal((replicates, original))
    mean, variance = sample.mean(axis=1), sample.var(axis=1, ddof=ddof)
    for _ in range(8):
        keys = rng.random(sample.shape, dtype=np.float32)
        pick = np.argpartition(keys, real, axis=1)[:, :real]
        scale = np.sqrt(bias * variance)[:, None]
        written = mean[:, None] + scale * rng.standard_normal((replicates, synthetic))
        data = np.concatenate([np.take_along_axis(sample, pick, axis=1), written], axis=1)
        mean, variance = data.mean(axis=1), data.var(axis=1, ddof=ddof)
    arguments = {"bias": bias, "ddof": ddof}
    expected = mixing.fixed_real_loop(8, real, synthetic, original=original, **arguments)
    assert agrees((mean - sample.mean(axis=1)) ** 2, expected.mean_error)
    assert agrees(mean**2, expected.mean_error + 1 / original)
    assert agrees(variance, expected.variance)
    same = mixing.fixed_real_loop(8, real, synthetic, **arguments)
    assert not agrees((mean - sample.mean(axis=1)) ** 2, same.mean_error)
    assert not agrees(variance, same.variance)
    fresh = mixing.fresh_loop(8, real, synthetic, initial=original, **arguments)
    assert not agrees(mean**2, fresh.mean_error)


# --- kernel densities -----------------------------------------------------------------------


def test_kernel_densities():
    n, bandwidth, replicates, rng = 20, 0.5, 10_000, np.random.default_rng(3)
    for pooled, formula in ((False, kernel.replace_variance), (True, kernel.accumulate_variance)):
        data = rng.standard_normal((replicates, n))
        for _ in range(4):
            pick = rng.integers(data.shape[1], size=(replicates, n))
            new = np.take_along_axis(data, pick, axis=1)
            new += bandwidth * rng.standard_normal(new.shape)
            data = np.concatenate([data, new], axis=1) if pooled else new
        variance = data.var(axis=1) + bandwidth**2
        assert agrees(variance, formula(4, n, bandwidth))
        assert not agrees(variance, formula(5, n, bandwidth))
        assert not agrees(variance, formula(4, n, bandwidth) - bandwidth**2)
        assert not agrees(variance, gaussian.expected_variance(4, n) + bandwidth**2)
