"""Categorical chains against exact population genetics, each with a formula that must fail.

Generations count from 0, so generation `t` has been resampled ``t + 1`` times.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from modelcollapse.families.categorical import Categorical, Frequencies
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Augment, Replace
from modelcollapse.theory import discrete


def agrees(readings, expected):
    """Whether the mean of independent readings is within 4 standard errors of the formula."""
    readings = np.asarray(readings, dtype=float)
    return abs(readings.mean() - expected) < 4 * readings.std(ddof=1) / np.sqrt(len(readings))


def model_at(lineage, generation, replicates, seed=0):
    chain = lineage.generations(seed, replicates=replicates)
    return next(itertools.islice(chain, generation, None)).model


def replaced(truth, n, generation, replicates, **changes):
    lineage = Lineage(truth, Frequencies(), Replace(n), size=n, **changes)
    return model_at(lineage, generation, replicates)


def heterozygosity(model):
    return 1 - model.total(model.probabilities**2)


def support(model):
    return np.diff(model.starts)


def test_heterozygosity_decays_by_one_part_in_n():
    truth = Categorical.uniform(4)
    readings = heterozygosity(replaced(truth, 20, 14, 20_000))
    assert agrees(readings, discrete.expected_heterozygosity(14, 20, truth.dense()))
    assert not agrees(readings, 0.75 * (1 - 1 / 40) ** 15)  # two copies of each record
    assert not agrees(readings, 0.75 * (1 - 1 / 20) ** 14)  # generations counted from 1


def test_variance_and_covariance_of_the_frequencies():
    truth = Categorical.zipf(20)
    p = truth.dense()
    fitted = replaced(truth, 50, 9, 20_000).dense()
    first, second = fitted[:, 0] - p[0], fitted[:, 1] - p[1]
    assert agrees(fitted[:, 0], p[0])
    assert not agrees(fitted[:, 0], 1 / 20)
    assert agrees(first**2, discrete.frequency_variance(9, 50, p[0]))
    assert not agrees(first**2, 10 * p[0] * (1 - p[0]) / 50)  # noise that would add up for ever
    assert agrees(first * second, discrete.frequency_covariance(9, 50, p[0], p[1]))
    assert not agrees(first * second, -discrete.frequency_covariance(9, 50, p[0], p[1]))


def test_a_rare_state_is_lost_in_one_generation():
    lost = replaced(Categorical([0.02, 0.98]), 50, 0, 20_000).dense()[:, 0] == 0
    assert agrees(lost, discrete.loss_probability(50, 0.02))
    assert not agrees(lost, 1 - 0.02)  # the probability of losing it in the long run


def test_survival_follows_the_two_type_chain_and_its_lower_bound():
    alive = replaced(Categorical([0.1, 0.2, 0.7]), 30, 11, 100_000).dense()[:, 0] > 0
    assert agrees(alive, discrete.survival_probability(11, 30, 0.1))
    bound = discrete.survival_lower_bound(11, 30, 0.1)
    assert alive.mean() >= bound
    assert not agrees(alive, bound)  # a bound, not the value


def test_absorption_where_and_when():
    p, n, replicates = np.array([0.2, 0.3, 0.5]), 30, 10_000
    time = np.zeros(replicates)
    lineage = Lineage(Categorical(p), Frequencies(), Replace(n), size=n)
    for generation in lineage.generations(0, replicates=replicates):
        if not np.any(generation.alive):
            break
        time[generation.alive] = generation.index + 1  # the next resampling may end it
    final = generation.model.states
    for state in range(len(p)):
        assert agrees(final == state, discrete.fixation_probability(p)[state])
        assert not agrees(final == state, 1 / 3)
    assert agrees(time + 1, discrete.absorption_time(n, p))
    assert not agrees(time + 1, discrete.absorption_time_diffusion(n, p))


@pytest.mark.parametrize("generation", [0, 4])
def test_support_of_a_small_world(generation):
    truth = Categorical.zipf(20)
    readings = support(replaced(truth, 40, generation, 20_000))
    assert agrees(readings, discrete.expected_support(generation, 40, truth.dense()))
    assert not agrees(readings, discrete.expected_support(generation + 1, 40, truth.dense()))


@pytest.mark.parametrize("generation", [1, 6])
def test_support_and_heterozygosity_of_many_states(generation):
    # Enough states for the Poisson way of drawing.
    truth = Categorical.zipf(600)
    model = replaced(truth, 800, generation, 400)
    p = truth.dense()
    assert agrees(support(model), discrete.expected_support(generation, 800, p))
    assert not agrees(support(model), discrete.expected_support(generation, 750, p))
    assert agrees(heterozygosity(model), discrete.expected_heterozygosity(generation, 800, p))
    assert not agrees(heterozygosity(model), discrete.expected_heterozygosity(generation, 80, p))


def test_cross_entropy_under_the_truth_keeps_its_mean_and_gains_variance():
    truth = Categorical.zipf(10)
    p, n, generation = truth.dense(), 50, 19
    model = replaced(truth, n, generation, 20_000)
    readings = model.total(-model.probabilities * np.log(p[model.states]))
    mean = discrete.expected_cross_entropy(generation, p)
    assert agrees(readings, mean)
    assert not agrees(readings, np.log(10))
    squared = (readings - mean) ** 2
    assert agrees(squared, discrete.cross_entropy_variance(generation, n, p))
    assert not agrees(squared, discrete.cross_entropy_variance(generation - 5, n, p))


def test_rows_obey_the_same_law_as_counts():
    truth, generation, n = Categorical.zipf(20), 4, 40
    lineage = Lineage(truth.rows(), Frequencies(), Replace(n), size=n)
    models = [model_at(lineage, generation, None, seed) for seed in range(400)]
    p = truth.dense()
    lost = [p[np.setdiff1d(np.arange(20), model.states)].sum() for model in models]
    left = [support(model)[0] for model in models]
    varied = [heterozygosity(model) for model in models]
    counts = replaced(truth, n, generation, 20_000)
    assert agrees(left, discrete.expected_support(generation, n, p))
    assert not agrees(left, discrete.expected_support(generation + 1, n, p))
    assert agrees(varied, discrete.expected_heterozygosity(generation, n, p))
    assert not agrees(varied, discrete.expected_heterozygosity(generation, 2 * n, p))
    assert agrees(lost, np.mean(1 - counts.total(p[counts.states])))


def test_a_random_subset_of_counts_is_a_smaller_sample():
    truth = Categorical.uniform(4)
    readings = heterozygosity(replaced(truth, 60, 9, 10_000, budget=20))
    assert agrees(readings, discrete.expected_heterozygosity(9, 20, truth.dense()))
    assert not agrees(readings, discrete.expected_heterozygosity(9, 60, truth.dense()))


def test_a_kept_real_sample_bounds_the_error():
    truth, n = Categorical.zipf(10), 100
    model = model_at(Lineage(truth, Frequencies(), Augment(n), size=n), 49, 5_000)
    p = truth.dense()
    error = ((model.dense() - p) ** 2).sum(axis=1)
    assert agrees(error, discrete.partially_synthetic_error(49, n, n, p))
    assert not agrees(error, discrete.expected_squared_error(0, n, p))  # the real sample alone


def test_fresh_real_records_each_generation():
    truth, n = Categorical.zipf(10), 50
    fresh = Lineage(
        truth, Frequencies(), lambda corpus, draw: draw.fresh(n) + draw.synthetic(n), size=n
    )
    p = truth.dense()
    error = ((model_at(fresh, 29, 5_000).dense() - p) ** 2).sum(axis=1)
    assert agrees(error, discrete.fresh_error(29, n, n, p))
    assert not agrees(error, discrete.partially_synthetic_error(29, n, n, p))
