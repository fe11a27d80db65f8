import numpy as np
import pytest
from sklearn import decomposition
from sklearn.datasets import load_digits

from modelcollapse.errors import Degenerate, InputError
from modelcollapse.families.kernel import KernelDensity
from modelcollapse.families.mixture import Mixture
from modelcollapse.learners.pca import PCA, principal_axes


@pytest.fixture
def rng():
    return np.random.default_rng(2)


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


@pytest.mark.parametrize("n", [8, 200])
def test_axes_span_what_scikit_learns_span(rng, n):
    data = rng.normal(size=(n, 12)) * np.arange(1, 13)
    axes = principal_axes(data - data.mean(axis=0), 4)
    expected = decomposition.PCA(4, svd_solver="full").fit(data).components_
    np.testing.assert_allclose(np.abs(np.diag(expected @ axes)), 1, atol=1e-9)


def test_axes_without_variance_are_left_out(rng):
    flat = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 6))
    assert principal_axes(flat - flat.mean(axis=0), 5).shape == (6, 2)


def test_samples_have_the_moments_of_each_feature(rng, digits):
    data = digits[0][:800]
    model = PCA(Mixture(10), 20).fit(data, rng=rng)
    sample = model.sample(40_000, rng=rng)
    np.testing.assert_allclose(sample.mean(axis=0), data.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(sample.var(axis=0), data.var(axis=0), rtol=0.06, atol=1e-3)


def test_without_the_residual_noise_the_moments_are_missed(rng, digits):
    """The control of the test above: what the axes leave out is not negligible."""
    data = digits[0][:800]
    model = PCA(Mixture(10), 20).fit(data, rng=rng)
    mean_only = model.inner.sample(40_000, rng=rng) @ model.axes.T
    assert mean_only.var(axis=0).sum() < 0.95 * data.var(axis=0).sum()


def test_samples_look_like_digits(rng, digits):
    """Held-out digits recognise the samples: they lie nearer to real ones than shuffled pixels."""
    data, rest = digits[0][:800], digits[0][800:]
    sample = PCA(Mixture(20), 25).fit(data, rng=rng).sample(200, rng=rng)
    shuffled = rng.permuted(data[:200], axis=0)

    def nearest(records):
        return np.linalg.norm(records[:, None] - rest, axis=2).min(axis=1)

    assert np.median(nearest(sample)) < 0.8 * np.median(nearest(shuffled))


def test_constant_features_stay_constant(rng):
    data = rng.normal(size=(60, 4))
    data[:, 2] = 5.1
    for axes in ("refit", "kept"):
        learner = PCA(Mixture(2), 2, axes=axes)
        first = learner.fit(data, rng=rng)
        assert (first.sample(50, rng=rng)[:, 2] == 5.1).all()
        data[:, 0] = 0.3  # varied when the axes were found, and no longer
        second = learner.fit(data, rng=rng, parent=first)
        assert (second.sample(50, rng=rng)[:, [0, 2]] == [0.3, 5.1]).all()


@pytest.mark.parametrize("shape", [(8, 8), (64,)])
def test_records_keep_their_shape(rng, digits, shape):
    data = digits[0][:100].reshape(-1, *shape)
    model = PCA(Mixture(3), 5).fit(data, rng=rng)
    assert model.sample(7, rng=rng).shape == (7, *shape)
    assert model.coordinates(data).shape == (100, 5)


def test_kept_axes_hand_the_parent_on(rng):
    data = rng.normal(size=(200, 6)) * np.arange(1, 7)
    learner = PCA(Mixture(3, "warm"), 3, axes="kept")
    first = learner.fit(data, rng=rng)
    moved = data + 2
    second = learner.fit(moved, rng=rng, parent=first)
    np.testing.assert_array_equal(second.axes, first.axes)
    sample = second.sample(50_000, rng=rng)
    np.testing.assert_allclose(sample.mean(axis=0), moved.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(second.coordinates(moved), first.coordinates(moved), atol=1e-9)
    assert learner.fit(data, rng=rng, parent=first).inner.iterations == 2 < first.inner.iterations


def test_refitted_axes_hand_no_parent_on(rng):
    class Recorder:
        def fit(self, data, *, rng, parent=None):
            self.parent = parent
            return Mixture(1).fit(data, rng=rng)

    data, recorder = rng.normal(size=(50, 3)), Recorder()
    learner = PCA(recorder, 2)
    learner.fit(data, rng=rng, parent=learner.fit(data, rng=rng))
    assert recorder.parent is None


def test_varies_follows_the_inner_model_and_the_noise(rng):
    line = np.outer(rng.normal(size=30), [1.0, 2.0])
    model = PCA(KernelDensity("scott"), 1).fit(line, rng=rng)
    assert model.varies


def test_equal_records_are_degenerate(rng):
    with pytest.raises(Degenerate, match="all 4 records are the same"):
        PCA(Mixture(1)).fit(np.ones((4, 3)), rng=rng)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "wraps a learner, got int"),
        ((Mixture(1), 0), "dimensions is a whole number"),
        ((Mixture(1), 2, "keep"), "Did you mean 'kept'"),
    ],
)
def test_options_out_of_range_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        PCA(*arguments)
