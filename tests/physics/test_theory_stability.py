"""Retraining on mixed records against plain simulations, four standard errors, fixed seeds.

Every check is repeated with a wrong formula (another ratio or generation), which it must reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import stability


def agrees(sample, expected):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error


@pytest.mark.parametrize("ratio", [0.25, 0.8, 3.0])
def test_gaussian_mean_parameters(ratio):
    real, fits, rng = 20, 2, np.random.default_rng(80)
    written = round(ratio * real)
    mean, square = np.full(20_000, 2.0), np.full(20_000, 7.0)  # a first model far from the truth
    for _ in range(fits):
        deviation = np.sqrt(square - mean**2)[:, None]
        synthetic = mean[:, None] + deviation * rng.standard_normal((mean.size, written))
        data = np.concatenate([rng.standard_normal((mean.size, real)), synthetic], axis=1)
        mean, square = data.mean(axis=1), np.mean(data**2, axis=1)
    for sample, start, truth in ((mean, 2.0, 0.0), (square, 7.0, 1.0)):
        assert agrees(sample, stability.exponential_family_mean(fits, start, truth, ratio))
        assert not agrees(sample, stability.exponential_family_mean(fits + 1, start, truth, ratio))
        assert not agrees(
            sample, stability.exponential_family_mean(fits, start, truth, 1.1 * ratio)
        )


def test_poisson_rates_follow_the_factor_and_not_the_bound():
    real, ratio, rng = 25, 0.4, np.random.default_rng(81)
    rate = np.full(40_000, 6.0)
    distances = [5.0]
    for t in range(1, 5):
        total = rng.poisson(real * 1.0, rate.size) + rng.poisson(round(ratio * real) * rate)
        rate = total / (real * (1 + ratio))
        assert agrees(rate, 1 + 5 * stability.exponential_family_factor(ratio) ** t)
        assert not agrees(rate, 1 + 5 * stability.contraction_upper_bound(ratio) ** t)
        distances.append(abs(rate.mean() - 1))
        assert distances[t] < 5 * stability.distance_upper_bound(t, ratio)
        # the bound for the ratio that the true factor belongs to, halved, does not hold
        assert distances[t] > 5 * stability.distance_upper_bound(t, ratio / 2)


@pytest.mark.parametrize("ratio", [0.45, 2.0, 20.0])
def test_stability_does_not_need_the_published_condition(ratio):
    rng, real = np.random.default_rng(82), 400
    frequency, share = np.full(2000, 0.9), ratio / (1 + ratio)
    for _ in range(150):
        counts = rng.binomial(real, 0.3, frequency.size)
        counts = counts + rng.binomial(round(ratio * real), frequency)
        frequency = counts / (real + round(ratio * real))
    assert abs(frequency.mean() - 0.3) < 0.02
    assert stability.exponential_family_factor(ratio) == pytest.approx(share)
    assert (ratio < stability.largest_stable_ratio()) == (ratio == 0.45)
    never = rng.binomial(400, 0.9, 2000) / 400  # without real data nothing pulls it back
    assert abs(never.mean() - 0.3) > 0.5
