import pickle
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

import modelcollapse as mc
from modelcollapse import registry
from modelcollapse.errors import Degenerate, InputError, Missing
from modelcollapse.learners.vae import VAE
from modelcollapse.learners.vae_model import VAEModel
from modelcollapse.testing import BrokenPromise, check_learner

torch = pytest.importorskip("torch")

SMALL = VAE(latent=4, width=64, epochs=40, batch=64, learning_rate=3e-3, device="cpu")
QUICK = replace(SMALL, epochs=2)


@pytest.fixture(scope="module")
def digits():
    pixels = load_digits(return_X_y=True)[0] / 16
    return pixels[np.random.default_rng(0).permutation(len(pixels))[:400]]


@pytest.fixture(scope="module")
def model(digits):
    return SMALL.fit(digits, rng=np.random.default_rng(1))


def test_it_may_take_part_in_a_lineage(digits):
    check_learner(SMALL, digits)


def test_so_may_one_of_black_and_white_pictures(digits):
    check_learner(replace(SMALL, likelihood="bernoulli"), (digits > 0.5).astype(float))


def test_so_may_a_convolutional_one(digits):
    learner = replace(SMALL, architecture="convolutional", width=8, epochs=20)
    check_learner(learner, digits.reshape(-1, 8, 8))


def test_decoding_means_is_caught(digits):
    with pytest.raises(BrokenPromise, match="times the variance"):
        check_learner(replace(SMALL, decode="mean"), digits)


def test_the_standard_prior_writes_less_variance_than_the_fitted_one(digits):
    """Encodings of the data lie further out than it says."""
    learner, rng = replace(SMALL, latent=8), np.random.default_rng
    total = [
        replace(learner, prior=prior).fit(digits, rng=rng(1)).sample(2_000, rng=rng(2)).var(axis=0)
        for prior in ("standard", "fitted")
    ]
    standard, fitted = (part.sum() / digits.var(axis=0).sum() for part in total)
    assert standard < 0.8
    assert 0.85 < fitted < 1.1


@dataclass(frozen=True)
class Frozen:
    """An autoencoder that keeps a seed."""

    inner: VAE

    def fit(self, data, *, rng, parent=None):
        return FrozenModel(self.inner.fit(data, rng=rng))


@dataclass(frozen=True, eq=False)
class FrozenModel:
    inner: VAEModel

    def sample(self, n, *, rng):
        return self.inner.sample(n, rng=np.random.default_rng(0))


def test_a_frozen_seed_is_caught(digits):
    with pytest.raises(BrokenPromise, match="keeps a seed"):
        check_learner(Frozen(QUICK), digits)


def test_samples_have_the_moments_of_each_value(digits, model):
    written = model.sample(20_000, rng=np.random.default_rng(2))
    np.testing.assert_allclose(written.mean(axis=0), digits.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(written.var(axis=0), digits.var(axis=0), rtol=0.35, atol=0.01)
    means = replace(model, recipe=replace(SMALL, decode="mean"))
    shrunk = means.sample(5_000, rng=np.random.default_rng(2)).var(axis=0).sum()
    assert shrunk < 0.75 * digits.var(axis=0).sum()


def test_values_that_never_varied_stay_as_they_are(digits, model):
    constant = (digits == digits[0]).all(axis=0)
    assert constant.any()
    written = model.sample(50, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(written[:, constant], np.tile(digits[0][constant], (50, 1)))
    assert (np.ptp(written[:, ~constant], axis=0) > 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(64,), (8, 8), (4, 8, 2)])
def test_records_come_back_in_the_form_they_came_in(digits, dtype, shape):
    data = digits.reshape(-1, *shape).astype(dtype)
    fitted = QUICK.fit(data, rng=np.random.default_rng(1))
    written = fitted.sample(7, rng=np.random.default_rng(2))
    assert (written.shape, written.dtype) == ((7, *shape), dtype)
    assert fitted.sample(0, rng=np.random.default_rng(2)).shape == (0, *shape)


def test_channels_are_told_apart(digits):
    """The same picture twice, once dark: a convolution over mixed-up channels could not fit it."""
    data = np.stack([digits.reshape(-1, 8, 8), np.zeros((400, 8, 8))], axis=-1)
    data[..., 1] += 0.1 * np.random.default_rng(0).random((400, 8, 8))
    learner = replace(SMALL, architecture="convolutional", width=8, epochs=10)
    written = learner.fit(data, rng=np.random.default_rng(1)).sample(
        100, rng=np.random.default_rng(2)
    )
    assert written[..., 0].mean() > 0.2
    assert abs(written[..., 1].mean() - 0.05) < 0.02


def test_the_published_network_has_the_published_size():
    data = np.random.default_rng(0).random((16, 28, 28))
    published = VAE(20, architecture="convolutional", width=64, epochs=1, device="cpu")
    weights = published.fit(data, rng=np.random.default_rng(0)).weights
    assert sum(array.size for array in weights.values()) == 647_081


def test_torch_is_left_as_it_was(digits):
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    QUICK.fit(digits, rng=np.random.default_rng(1)).sample(5, rng=np.random.default_rng(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_a_model_survives_a_pickle(digits, model):
    again = pickle.loads(pickle.dumps(model))
    one, two = (m.sample(5, rng=np.random.default_rng(2)) for m in (model, again))
    np.testing.assert_array_equal(one, two)


def test_encodings_of_what_was_fitted_are_near_the_prior(digits, model):
    found = model.encode(digits)
    assert found.shape == (400, 4)
    np.testing.assert_allclose(found.mean(axis=0), model.prior[0], atol=0.1)
    root = model.prior[1]
    assert found.var(axis=0).sum() == pytest.approx(np.trace(root @ root.T), rel=0.2)


def test_a_warm_start_goes_on_from_the_parent(digits):
    warm = replace(QUICK, start="warm")
    parent = SMALL.fit(digits, rng=np.random.default_rng(1))
    on = warm.fit(digits, rng=np.random.default_rng(2), parent=parent).loss
    new = warm.fit(digits, rng=np.random.default_rng(2)).loss
    cold = QUICK.fit(digits, rng=np.random.default_rng(2), parent=parent).loss
    assert on < parent.loss + 1 < cold
    assert new == cold


def test_fresh_batches_come_from_the_parent_and_not_from_the_corpus(digits):
    fresh = replace(SMALL, fresh_batches=True)
    bright = SMALL.fit(digits + 5, rng=np.random.default_rng(1))
    child = fresh.fit(digits, rng=np.random.default_rng(2), parent=bright)
    written = child.sample(200, rng=np.random.default_rng(3)).mean()
    varied = (digits != digits[0]).any(axis=0)
    assert written > 4 * varied.mean()
    first = fresh.fit(digits, rng=np.random.default_rng(2))
    assert first.loss == SMALL.fit(digits, rng=np.random.default_rng(2)).loss


def test_a_model_without_noise_or_signal_does_not_vary(digits, model):
    assert model.varies
    dead = {name: np.zeros_like(array) for name, array in model.weights.items()}
    still = replace(model, weights=dead, recipe=replace(SMALL, decode="mean"))
    assert not still.varies
    assert replace(still, recipe=SMALL).varies
    assert not replace(still, recipe=SMALL, noise=np.zeros(64)).varies
    shares = replace(SMALL, likelihood="bernoulli")
    assert replace(still, recipe=shares).varies
    assert not replace(still, recipe=replace(shares, decode="mean")).varies


def test_it_can_be_written_down():
    recipe = replace(SMALL, image_shape=(8, 8))
    written = {name: registry.describe(value) for name, value in vars(recipe).items()}
    assert registry.make(VAE, written, "learner") == replace(recipe, image_shape=[8, 8])


def test_no_model_of_one_picture(digits):
    with pytest.raises(Degenerate, match="all 5 records are the same"):
        QUICK.fit(np.tile(digits[0], (5, 1)), rng=np.random.default_rng(1))


def test_a_loss_that_is_no_number_ends_the_generation(digits):
    wild = replace(QUICK, learning_rate=1e12, epochs=5, likelihood="bernoulli", decode="mean")
    with pytest.raises(Degenerate, match="the loss was infinite or NaN in epoch"):
        wild.fit(digits, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent": 0}, "VAE got latent = 0"),
        ({"epochs": 2.5}, "VAE got epochs = 2.5"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0"),
        ({"weight_decay": -1.0}, "weight_decay = -1"),
        ({"likelihood": "gausian"}, "Did you mean 'gaussian'"),
        ({"decode": "means"}, "Did you mean 'mean'"),
        ({"image_shape": (8,)}, "Give height and width"),
        ({"device": "balanced"}, "too small to be spread"),
    ],
)
def test_wrong_settings_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        VAE(**settings)


@pytest.mark.parametrize(
    ("settings", "change", "message"),
    [
        ({"likelihood": "bernoulli"}, lambda x: x, "values of 0 and 1 only"),
        ({"likelihood": "bernoulli"}, lambda x: 2 * x, "from 0 to 1"),
        ({"architecture": "convolutional"}, lambda x: x, "do not say how high and wide"),
        ({"architecture": "convolutional", "image_shape": (32, 2)}, lambda x: x, "halved twice"),
        ({"image_shape": (8, 9)}, lambda x: x, "asks for 72 values"),
        ({}, lambda x: x[:1], "at least two"),
        ({}, lambda x: np.where(x > 0.9, np.nan, x), "NaN or infinite"),
        ({}, lambda x: x.tolist(), "an array of numbers"),
    ],
)
def test_wrong_data_are_told(digits, settings, change, message):
    with pytest.raises(InputError, match=message):
        replace(QUICK, **settings).fit(change(digits), rng=np.random.default_rng(1))


def test_a_warm_start_needs_pictures_of_one_shape(digits):
    parent = QUICK.fit(digits, rng=np.random.default_rng(1))
    with pytest.raises(InputError, match="A warm start needs one shape"):
        replace(QUICK, start="warm").fit(
            digits[:, :32], rng=np.random.default_rng(1), parent=parent
        )


def test_without_torch_the_extra_is_named(digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Missing, match=r"a variational autoencoder.*extra 'neural'"):
        QUICK.fit(digits, rng=np.random.default_rng(1))


@pytest.mark.parametrize("count", [3, 10])
def test_fewer_records_than_latent_dimensions(digits, count):
    model = replace(QUICK, latent=20).fit(digits[:count], rng=np.random.default_rng(0))
    written = model.sample(5, rng=np.random.default_rng(1))
    assert written.shape == (5, 64)
    assert np.isfinite(written).all()


def test_convolutions_take_the_shape_of_pictures_from_the_truth():
    learner = replace(QUICK, architecture="convolutional", width=8)
    lineage = mc.Lineage(mc.Digits(), learner, mc.Replace(60), size=60)
    assert next(lineage.generations()).model.form.image == (1, 8, 8)
