"""Discrete formulas against a plain simulation of counts, four standard errors, fixed seeds.

Every check is repeated with a wrong formula (another generation, another size, a misprint), which
it must reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import discrete

# --- a plain simulator ----------------------------------------------------------------------


def zipf(states, exponent):
    weights = np.arange(1, states + 1.0) ** -exponent
    return weights / weights.sum()


def draw(n, law, rng):
    """Frequencies of n records for each row of laws."""
    return rng.multinomial(n, law / law.sum(axis=1, keepdims=True)) / n


def replace(n, law, fits, replicates, rng):
    """Frequencies after some fits, shape (replicates, states)."""
    model = np.tile(law, (replicates, 1))
    for _ in range(fits):
        model = draw(n, model, rng)
    return model


def agrees(sample, expected, slack=0.0):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error + slack


def squared_distance(model, law):
    return np.sum((model - law) ** 2, axis=1)


# --- frequencies ----------------------------------------------------------------------------


def test_row_01_heterozygosity():
    law = np.full(4, 0.25)
    model = replace(20, law, 15, 20_000, np.random.default_rng(1))
    diversity = 1 - np.sum(model**2, axis=1)
    assert agrees(diversity, discrete.expected_heterozygosity(14, 20, law))
    assert not agrees(diversity, discrete.expected_heterozygosity(15, 20, law))
    assert not agrees(diversity, discrete.expected_heterozygosity(14, 19, law))


def test_variances_and_covariances():
    law = zipf(20, 1.0)
    model = replace(50, law, 10, 20_000, np.random.default_rng(13))
    first, second = model[:, 0] - law[0], model[:, 1] - law[1]
    assert agrees(first, 0.0)
    assert agrees(first**2, discrete.frequency_variance(9, 50, law[0]))
    assert agrees(first * second, discrete.frequency_covariance(9, 50, law[0], law[1]))
    assert agrees(squared_distance(model, law), discrete.expected_squared_error(9, 50, law))
    assert not agrees(first**2, discrete.frequency_variance(10, 50, law[0]))
    assert not agrees(first * second, 0.0)


def test_row_39_cross_entropy_keeps_its_mean():
    law = zipf(10, 1)
    model = replace(50, law, 20, 20_000, np.random.default_rng(39))
    entropy = -model @ np.log(law)
    mean = discrete.expected_cross_entropy(19, law)
    variance = discrete.cross_entropy_variance(19, 50, law)
    assert agrees(entropy, mean)
    assert agrees((entropy - mean) ** 2, variance)
    own = -np.sum(model * np.log(np.where(model > 0, model, 1)), axis=1)
    assert not agrees(own, mean)  # the entropy itself falls
    assert not agrees((entropy - mean) ** 2, discrete.cross_entropy_variance(17, 50, law))


def test_tail_mass_is_conserved_and_its_median_is_not():
    law, n = zipf(300, 1), 150
    tail = law < 1 / n
    model = replace(n, law, 15, 4000, np.random.default_rng(11))
    mass = model[:, tail].sum(axis=1)
    expected = discrete.expected_frequency(14, law[tail].sum())
    assert agrees(mass, expected)
    live = np.sum(model[:, tail] > 0, axis=1)
    states = discrete.expected_support(14, n, law)
    assert agrees(np.sum(model > 0, axis=1), states)
    assert live.mean() < 0.05 * tail.sum()
    assert not agrees(np.sum(model > 0, axis=1), discrete.expected_support(15, n, law))


# --- survival -------------------------------------------------------------------------------


def test_row_04_survival():
    n, q, rng = 30, 0.1, np.random.default_rng(4)
    count = rng.binomial(n, q, 100_000)
    for _ in range(11):
        count = rng.binomial(n, count / n)
    alive = count > 0
    assert agrees(alive, discrete.survival_probability(11, n, q))
    assert not agrees(alive, discrete.survival_probability(10, n, q))
    assert not agrees(alive, discrete.survival_lower_bound(11, n, q))
    assert discrete.survival_lower_bound(11, n, q) < alive.mean()
    assert alive.mean() < discrete.survival_upper_bound(11, n, q)
    # the published wording takes the eventual probability of loss for that of one step
    first = rng.binomial(n, q, 100_000) == 0
    assert agrees(first, discrete.loss_probability(n, q))
    assert not agrees(first, 1 - q)


def test_row_05_support():
    law = zipf(20, 1)
    for fits, seed in ((1, 51), (5, 55)):
        model = replace(40, law, fits, 20_000, np.random.default_rng(seed))
        live = np.sum(model > 0, axis=1)
        assert agrees(live, discrete.expected_support(fits - 1, 40, law))
        assert live.mean() > discrete.expected_support_lower_bound(fits - 1, 40, law)
        assert not agrees(live, discrete.expected_support(fits, 40, law))


def test_row_07_poisson():
    n, rng = 5, np.random.default_rng(7)
    total = rng.poisson(n * 2.0, 100_000)  # the sum of n Poisson records
    for _ in range(9):
        total = rng.poisson(n * (total / n))
    assert agrees(total > 0, discrete.poisson_survival(9, n, 2.0))
    assert not agrees(total > 0, discrete.poisson_survival(10, n, 2.0))


# --- absorption -----------------------------------------------------------------------------


@pytest.mark.parametrize("law, n", [([0.5, 0.5], 20), ([0.2, 0.3, 0.5], 30)])
def test_row_06_absorption(law, n):
    rng, law = np.random.default_rng(6), np.array(law)
    replicates = 20_000
    model, time = np.tile(law, (replicates, 1)), np.zeros(replicates)
    winner = np.zeros(replicates, dtype=int)
    running = np.arange(replicates)
    late = None
    for fits in range(1, 2000):
        model = draw(n, model, rng)
        done = model.max(axis=1) == 1
        time[running[done]] = fits
        winner[running[done]] = model[done].argmax(axis=1)
        model, running = model[~done], running[~done]
        if fits == 3 * n:
            late = running.size / replicates
        if not running.size:
            break
    assert agrees(time, discrete.absorption_time(n, law))
    assert not agrees(time, discrete.absorption_time_diffusion(n, law))
    assert not agrees(time, discrete.absorption_time(n - 2, law))
    assert agrees(winner == 0, discrete.fixation_probability(law)[0])
    assert discrete.absorption_tail_lower_bound(3 * n - 1, n, law) < late
    assert late < discrete.absorption_tail_upper_bound(3 * n - 1, n, law)


# --- real data in the loop ------------------------------------------------------------------


def test_row_21_partially_synthetic():
    law, real, written, rng = zipf(10, 1), 100, 100, np.random.default_rng(21)
    kept = draw(real, np.tile(law, (20_000, 1)), rng)
    model = kept
    for _ in range(49):
        model = (real * kept + written * draw(written, model, rng)) / (real + written)
    assert agrees(
        squared_distance(model, kept), discrete.partially_synthetic_drift(49, real, written, law)
    )
    assert agrees(
        squared_distance(model, law), discrete.partially_synthetic_error(49, real, written, law)
    )
    assert not agrees(squared_distance(model, law), discrete.fresh_error(49, real, written, law))
    assert not agrees(
        squared_distance(model, kept), discrete.partially_synthetic_drift(49, real, 200, law)
    )


def test_real_records_chosen_anew_among_the_original_ones():
    law, original, real, written, rng = zipf(10, 1), 60, 20, 80, np.random.default_rng(211)
    counts = rng.multinomial(original, law, 20_000)
    model = counts / original
    for _ in range(8):
        chosen = np.array([rng.multivariate_hypergeometric(row, real) for row in counts])
        model = (chosen + written * draw(written, model, rng)) / (real + written)
    arguments = (8, real, written, law)
    drift = squared_distance(model, counts / original)
    error = squared_distance(model, law)
    assert agrees(drift, discrete.partially_synthetic_drift(*arguments, original=original))
    assert agrees(error, discrete.partially_synthetic_error(*arguments, original=original))
    assert not agrees(drift, discrete.partially_synthetic_drift(*arguments))
    assert not agrees(error, discrete.fresh_error(*arguments, initial=original))


def test_fresh_real_data():
    law, real, written, rng = zipf(10, 1), 50, 150, np.random.default_rng(114)
    truth = np.tile(law, (20_000, 1))
    model = draw(real, truth, rng)
    for _ in range(6):
        model = (real * draw(real, truth, rng) + written * draw(written, model, rng)) / 200
    error = squared_distance(model, law)
    assert agrees(error, discrete.fresh_error(6, real, written, law))
    assert not agrees(error, discrete.partially_synthetic_error(6, real, written, law))
    assert not agrees(error, discrete.fresh_error(0, real, written, law))


def test_row_22_mixture_is_stationary():
    law, n, rng = zipf(10, 1), 40, np.random.default_rng(22)
    truth = np.tile(law, (40_000, 1))
    current = truth
    for _ in range(150):
        fitted = draw(n, current, rng)
        current = 0.95 * fitted + 0.05 * truth
    shares = {"alpha": 0.95, "gamma": 0.05}
    error = squared_distance(current, law)
    assert agrees(error, discrete.mixture_law_error_limit(n, law, **shares))
    assert agrees(squared_distance(fitted, law), discrete.mixture_error(149, n, law, **shares))
    assert not agrees(error, discrete.mixture_law_error_limit(n, law, alpha=0.9, gamma=0.05))
    assert not agrees(
        squared_distance(fitted, law), discrete.mixture_law_error(149, n, law, **shares)
    )


def test_mixture_with_a_share_of_the_previous_law():
    law, n, rng = zipf(8, 1), 15, np.random.default_rng(112)
    truth = np.tile(law, (20_000, 1))
    current = truth
    for _ in range(10):
        fitted = draw(n, current, rng)
        current = 0.5 * fitted + 0.3 * current + 0.2 * truth
    shares = {"alpha": 0.5, "gamma": 0.2}
    assert agrees(squared_distance(fitted, law), discrete.mixture_error(9, n, law, **shares))
    assert agrees(squared_distance(current, law), discrete.mixture_law_error(9, n, law, **shares))
    for wrong in ({"alpha": 0.8, "gamma": 0.2}, {"alpha": 0.5, "gamma": 0.5}):
        assert not agrees(
            squared_distance(current, law), discrete.mixture_law_error(9, n, law, **wrong)
        )
