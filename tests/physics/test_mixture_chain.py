"""Weight of a rare, well separated component under replacement: it drifts as an allele does.

With M records a generation the component's count is binomial given its parent's share, so its
weight is a martingale and its survival is that of the Wright-Fisher chain with M genes
(textbook: Ewens, Mathematical Population Genetics, section 3.2).
"""

import numpy as np
import pytest
from scipy.stats import binom

from modelcollapse.families.mixture import Mixture, MixtureOfGaussians

M, SHARE, STEPS, REPLICATES = 100, 0.03, 12, 500
TRUTH = MixtureOfGaussians.from_covariances(
    [0.6, 0.4 - SHARE, SHARE],
    [[-20.0, 0.0], [20.0, 0.0], [0.0, 30.0]],
    np.tile(np.eye(2), (3, 1, 1)),
)


def survival(genes):
    """Probability that the rare type is left after each generation of Wright-Fisher drift."""
    counts = np.arange(genes + 1)
    step = binom.pmf(counts[None, :], genes, counts[:, None] / genes)
    law = binom.pmf(counts, genes, SHARE)
    alive = [1 - law[0]]
    for _ in range(STEPS - 1):
        law = law @ step
        alive.append(1 - law[0])
    return np.array(alive)


def run(start, replicates, follow):
    rng, learner, runs = np.random.default_rng(5), Mixture(3, start), []
    for _ in range(replicates):
        model, weights = TRUTH, []
        for _ in range(STEPS):
            model = learner.fit(model.sample(M, rng=rng), rng=rng, parent=model)
            weights.append(follow(model.weights))
        runs.append(weights)
    return np.array(runs)


@pytest.fixture(scope="module")
def warm():
    """Weight of the rare component, followed by its place, shape (replicates, steps)."""
    return run("warm", REPLICATES, lambda weights: weights[2])


def deviations(values, expected):
    """Standard errors between means over replicates and what is expected, at each step."""
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.abs(values.mean(axis=0) - expected) / error


def test_weight_is_a_martingale(warm):
    assert deviations(warm, SHARE)[[0, 3, 7, -1]].max() < 4


def test_survival_is_that_of_wright_fisher(warm):
    assert deviations(warm > 0, survival(M))[[0, 3, 7, -1]].max() < 4


def test_survival_with_half_the_genes_is_rejected(warm):
    assert deviations(warm > 0, survival(M // 2))[[0, 3, 7, -1]].max() > 4


def test_cold_start_hides_the_loss():
    smallest = run("cold", 100, np.min)
    assert deviations(smallest, SHARE)[-1] > 4
    assert smallest[:, -1].mean() > 2 * SHARE
    assert (smallest > 0).mean() > survival(M)[-1] + 0.2
