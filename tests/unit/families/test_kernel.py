import numpy as np
import pytest
from scipy.stats import gaussian_kde
from sklearn.neighbors import KernelDensity as Reference

from modelcollapse.errors import Degenerate, InputError
from modelcollapse.families import kernel
from modelcollapse.families.kernel import KernelDensity


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_density_agrees_with_scikit_learn_near_and_far(rng, monkeypatch):
    data = rng.normal(size=(300, 3))
    points = np.concatenate([data[:20] + 0.1, np.full((1, 3), 60.0)])
    model = KernelDensity(0.4).fit(data, rng=rng)
    expected = Reference(bandwidth=0.4).fit(data).score_samples(points)
    np.testing.assert_allclose(model.log_density(points), expected, rtol=1e-9)
    monkeypatch.setattr(kernel, "_BLOCK", 7 * len(points))
    np.testing.assert_allclose(model.log_density(points), expected, rtol=1e-9)


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_rules_are_scipys_coordinate_by_coordinate(rng, rule):
    data = rng.normal(size=(200, 2)) * [1.0, 10.0]
    model = KernelDensity(rule).fit(data, rng=rng)
    factor = gaussian_kde(data.T, bw_method=rule).factor
    np.testing.assert_allclose(model.bandwidth, factor * data.std(axis=0, ddof=1))
    line = KernelDensity(rule).fit(data[:, 0], rng=rng)
    expected = gaussian_kde(data[:, 0], bw_method=rule).logpdf([0.3])
    np.testing.assert_allclose(line.log_density(np.array([0.3])), expected)


def test_model_writes_what_it_says(rng):
    data = rng.normal(size=(50, 2)) * [1.0, 3.0] + 5
    model = KernelDensity(0.7).fit(data, rng=rng)
    sample = model.sample(200_000, rng=rng)
    np.testing.assert_allclose(np.cov(sample.T), model.cov, atol=0.15)
    np.testing.assert_allclose(sample.mean(axis=0), model.mean, atol=0.05)
    np.testing.assert_allclose(model.cov, np.cov(data.T, ddof=0) + 0.49 * np.eye(2))


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_records_keep_their_shape_and_are_not_copied(rng, shape):
    data = rng.normal(size=(20, *shape))
    model = KernelDensity(1.0).fit(data, rng=rng)
    assert model.records is data
    assert model.sample(4, rng=rng).shape == (4, *shape)


def test_whole_numbers_get_real_noise(rng):
    sample = KernelDensity(0.5).fit(np.arange(10), rng=rng).sample(100, rng=rng)
    assert sample.dtype == np.float64
    assert (sample != np.round(sample)).any()


def test_sample_uses_only_rng():
    model = KernelDensity(1.0).fit(np.arange(5.0), rng=np.random.default_rng(0))
    first, again, other = (model.sample(9, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_rule_on_equal_records_leaves_no_variation(rng):
    model = KernelDensity("scott").fit(np.ones((5, 2)), rng=rng)
    assert not model.varies
    assert (model.sample(3, rng=rng) == 1).all()
    assert np.isnan(model.log_density(np.ones((2, 2)))).all()
    assert KernelDensity(0.1).fit(np.ones((5, 2)), rng=rng).varies


def test_a_rule_on_one_record_is_degenerate(rng):
    with pytest.raises(Degenerate, match="one record has none"):
        KernelDensity("scott").fit(np.ones((1, 2)), rng=rng)


@pytest.mark.parametrize("bandwidth", [0, -1.0, float("nan"), float("inf")])
def test_bandwidths_that_are_none_are_refused(bandwidth):
    with pytest.raises(InputError, match="positive number"):
        KernelDensity(bandwidth)


def test_misspelt_rule_is_helped():
    with pytest.raises(InputError, match="Did you mean 'silverman'"):
        KernelDensity("silvermann")


def test_density_of_records_of_another_size_is_refused(rng):
    model = KernelDensity(1.0).fit(np.ones((2, 2)), rng=rng)
    with pytest.raises(InputError, match="records of 3 numbers"):
        model.log_density(np.zeros((2, 3)))


def test_gaps_are_refused(rng):
    with pytest.raises(InputError, match="1 of 2 records"):
        KernelDensity(1.0).fit(np.array([[1.0, np.nan], [0.0, 0.0]]), rng=rng)


def test_large_numbers_are_no_gaps(rng):
    assert KernelDensity(1.0).fit(np.full(4, 1e308), rng=rng).varies
