import numpy as np
import pytest
from scipy.stats import norm

from modelcollapse.errors import InputError
from modelcollapse.families.mixture_truth import GaussianMixtureTruth


def test_defaults_are_equal_shares_and_unit_variances(rng):
    truth = GaussianMixtureTruth([-2.0, 2.0])
    assert truth.law.weights.tolist() == [0.5, 0.5]
    assert truth.law.cov.tolist() == [[5.0]]
    assert (truth.components, truth.d) == (2, 1)
    assert truth.sample(7, rng=rng).shape == (7, 1)


def test_density_is_the_mixture_of_densities():
    truth = GaussianMixtureTruth([0.0, 3.0], [0.25, 0.75], [1.0, 4.0])
    x = np.linspace(-3, 8, 9)
    density = 0.25 * norm.pdf(x) + 0.75 * norm.pdf(x, 3, 2)
    np.testing.assert_allclose(truth.law.log_density(x[:, None]), np.log(density), rtol=1e-12)


def test_moments_of_a_sample(rng):
    cov = [[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 3.0]]]
    truth = GaussianMixtureTruth([[0.0, 0.0], [4.0, 1.0]], [0.3, 0.7], cov)
    sample = truth.sample(40_000, rng=rng)
    deviation = (sample.mean(axis=0) - truth.law.mean) / np.sqrt(np.diag(truth.law.cov) / 40_000)
    assert np.abs(deviation).max() < 4
    np.testing.assert_allclose(np.cov(sample.T), truth.law.cov, rtol=0.05, atol=0.05)


def test_numbers_from_arrays_can_be_compared_and_written_down():
    given = GaussianMixtureTruth(np.array([[0.0, 1.0], [2.0, 3.0]]), covs=np.array([1, 2]))
    assert given == GaussianMixtureTruth([[0, 1], [2, 3]], covs=[1.0, 2.0])
    assert given.means == ((0.0, 1.0), (2.0, 3.0))
    assert hash(given) == hash(GaussianMixtureTruth(((0, 1), (2, 3)), covs=(1, 2)))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"means": 1.0}, "means must hold"),
        ({"means": []}, "one mean a component"),
        ({"means": [0.0, float("nan")]}, "means must hold"),
        ({"means": [[0.0], [1.0, 2.0]]}, "ragged"),
        ({"means": [0.0, 1.0], "weights": [0.5, 0.6]}, "sum to 1"),
        ({"means": [0.0, 1.0], "weights": [1.0]}, "weights of shape"),
        ({"means": [0.0, 1.0], "covs": [1.0, 1.0, 1.0]}, "covs has shape"),
        ({"means": [0.0, 1.0], "covs": -1.0}, "positive definite"),
    ],
)
def test_wrong_input(arguments, complaint):
    with pytest.raises(InputError, match=complaint):
        GaussianMixtureTruth(**arguments)
