"""Chains of kernel ridge regressions: where theory is exact, and on images.

- With the linear kernel on normal inputs and no penalty, the fit is least squares in d dimensions,
  and the error after t + 1 fits on n records is ``(t + 1) noise^2 d / (n - d - 1)``.
- On MNIST (set MODELCOLLAPSE_DATA) an independent program found the table below: digits as
  numbers of variance 1, label noise 0.3, kernel ``exp(-0.02 |x - z|^2)`` on pixels in 0..1,
  generators fitted on 500 images at penalty 1e-6, a downstream fit on 1,000 images at the best of
  six penalties, clean error on 2,000 test images, mean of three seeds.
"""

import os

import numpy as np
import pytest

from modelcollapse import Lineage, Replace
from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.families.regression.linear import Ridge
from modelcollapse.families.regression.teacher import IsotropicTeacher
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.sources.elsewhere import DATA
from modelcollapse.sources.labelled import MnistTask

D, N, NOISE, GENERATIONS, REPLICATES = 10, 18, 0.5, 3, 800
EXACT = NOISE**2 * D / (N - D - 1)
ASYMPTOTIC = NOISE**2 * D / (N - D)


@pytest.fixture(scope="module")
def errors():
    """Squared distance from the true coefficients, shape (replicates, generations)."""
    teacher, learner = IsotropicTeacher(D, noise=NOISE), KernelRidge("linear", penalty=0.0)
    lineage = Lineage(teacher, learner, Replace(N), size=N)
    found = np.empty((REPLICATES, GENERATIONS))
    for replicate in range(REPLICATES):
        chain = lineage.generations(seed=3, replicate=replicate)
        for t, generation in zip(range(GENERATIONS), chain, strict=False):
            coefficients = generation.model.predict(np.eye(D))
            found[replicate, t] = np.square(coefficients - teacher.model.coefficients).sum()
    return found


def deviation(errors, step):
    """Largest distance from a line through the origin, in standard errors."""
    error = errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    return np.abs(errors.mean(axis=0) - step * np.arange(1, GENERATIONS + 1)) / error


def test_the_linear_kernel_follows_the_law_of_least_squares(errors):
    assert deviation(errors, EXACT).max() < 4


def test_wrong_laws_are_rejected(errors):
    assert deviation(errors, ASYMPTOTIC).max() > 4
    # No growth with generations.
    assert deviation(errors, EXACT / np.arange(1, GENERATIONS + 1))[-1] > 4


@pytest.mark.parametrize("same_inputs", [False, True])
@pytest.mark.parametrize("penalty", [1e-3, 0.2])
def test_the_linear_kernel_makes_the_chain_of_ridge_regressions(penalty, same_inputs):
    teacher = IsotropicTeacher(D, noise=NOISE, same_inputs=same_inputs)
    points = np.random.default_rng(0).normal(size=(5, D))
    learners = (KernelRidge("linear", penalty), Ridge(penalty))
    chains = [
        Lineage(teacher, learner, Replace(N), size=N).generations(seed=1) for learner in learners
    ]
    for _, kernel, linear in zip(range(4), *chains, strict=False):
        np.testing.assert_allclose(
            kernel.model.predict(points), linear.model.predict(points), rtol=1e-8
        )


PENALTIES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
SEEDS, RUNS = 3, 12
# Generations 0, 1 and 2, for fresh inputs and the same ones.
TABLE = {False: (0.239, 0.347, 0.409), True: (0.239, 0.347, 0.351)}


@pytest.fixture(scope="module")
def mnist():
    """Downstream errors at the best penalty, shape (runs, generations), by same inputs."""
    if not os.environ.get(DATA):
        pytest.skip(f"{DATA} is not set, so there is no MNIST to reproduce a table on")
    found = {}
    for same in TABLE:
        task = MnistTask(
            noise=0.3,
            scaling="none",
            target_scaling="standard",
            test=2000,
            same_inputs=same,
        )
        learner = KernelRidge(gamma=0.02, penalty=1e-6)
        lineage = Lineage(task, learner, Replace(500), size=500, holdout=2000)
        probe = DownstreamError([1000], PENALTIES)
        history = lineage.run(2, replicates=RUNS, seed=0, probes=[probe])
        errors = np.stack([history[probe.measure(1000, p)] for p in PENALTIES])
        best = errors.mean(axis=1).argmin(axis=0)
        found[same] = errors[best, :, np.arange(3)].T
    return found


def apart(runs, table):
    """Distance from the table in standard errors of both, with our spread for theirs."""
    error = runs.std(axis=0, ddof=1) * np.sqrt(1 / RUNS + 1 / SEEDS)
    return np.abs(runs.mean(axis=0) - table) / error


def test_the_table_of_errors_on_mnist_comes_out(mnist):
    for same, table in TABLE.items():
        assert apart(mnist[same], table).max() < 4


def test_the_table_of_other_inputs_is_rejected(mnist):
    assert apart(mnist[False], TABLE[True])[2] > 4
    assert apart(mnist[True], TABLE[False])[2] > 4
