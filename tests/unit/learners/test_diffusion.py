import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest

from modelcollapse import registry
from modelcollapse.errors import Degenerate, InputError, Missing
from modelcollapse.learners.diffusion import Diffusion
from modelcollapse.testing import check_learner

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

SMALL = Diffusion(
    channels=16, epochs=40, batch=64, learning_rate=5e-3, sampling_steps=20, device="cpu"
)
QUICK = replace(SMALL, channels=8, epochs=1, sampling_steps=3)


@pytest.fixture(scope="module")
def halves():
    """Pictures of a bright half: the left one or the upper one."""
    rng = np.random.default_rng(0)
    pictures, level = np.zeros((256, 4, 4)), rng.uniform(0.3, 1, size=(256, 1, 1))
    left = rng.random(256) < 0.5
    pictures[left, :, :2] = level[left]
    pictures[~left, :2, :] = level[~left]
    return pictures + 0.2 * rng.standard_normal(pictures.shape)


def test_it_may_take_part_in_a_lineage(halves):
    check_learner(SMALL, halves, draws=8)


def test_records_come_back_in_the_form_they_came_in(halves):
    rows = halves.reshape(256, 16).astype(np.float32)
    fitted = replace(QUICK, image_shape=(4, 4)).fit(rows, rng=np.random.default_rng(1))
    written = fitted.sample(3, rng=np.random.default_rng(2))
    assert (written.shape, written.dtype) == ((3, 16), np.float32)
    assert fitted.sample(0, rng=np.random.default_rng(2)).shape == (0, 16)
    assert rows.min() <= written.min() < written.max() <= rows.max()
    assert fitted.varies


def test_both_schedulers_write_what_the_generator_says(halves):
    rng = np.random.default_rng
    for scheduler in ("ddpm", "ddim"):
        fitted = replace(QUICK, scheduler=scheduler).fit(halves, rng=rng(1))
        one, same, other = (fitted.sample(3, rng=rng(seed)) for seed in (2, 2, 3))
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()


def test_torch_is_left_as_it_was_and_a_model_survives_a_pickle(halves):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fitted = QUICK.fit(halves, rng=np.random.default_rng(1))
    one = fitted.sample(2, rng=np.random.default_rng(2))
    assert torch.equal(torch.get_rng_state(), before)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.sample(2, rng=np.random.default_rng(2)), one)


def test_a_warm_start_goes_on_from_the_parent(halves):
    parent = replace(SMALL, epochs=15).fit(halves, rng=np.random.default_rng(1))
    later = replace(SMALL, epochs=1, learning_rate=1e-6, start="warm")
    on = later.fit(halves + 1, rng=np.random.default_rng(2), parent=parent)
    assert on.bounds == parent.bounds
    on = later.fit(halves, rng=np.random.default_rng(2), parent=parent)
    assert on.loss < 0.5 < later.fit(halves, rng=np.random.default_rng(2)).loss


def test_it_can_be_written_down():
    written = {name: registry.describe(value) for name, value in vars(SMALL).items()}
    assert registry.make(Diffusion, written, "learner") == SMALL


def test_no_model_of_one_picture(halves):
    with pytest.raises(Degenerate, match="all 5 records are the same"):
        QUICK.fit(np.tile(halves[:1], (5, 1, 1)), rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": 12}, "multiple of 8"),
        ({"sampling_steps": 2000}, "more than the 1000 levels"),
        ({"scheduler": "dpm"}, "Did you mean 'ddpm'"),
        ({"start": "hot"}, "Choose one of: cold, warm"),
        ({"epochs": 0}, "Diffusion got epochs = 0"),
    ],
)
def test_wrong_settings_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        Diffusion(**settings)


def test_wrong_data_are_told(halves):
    with pytest.raises(InputError, match="do not say how high and wide"):
        QUICK.fit(halves.reshape(256, 16), rng=np.random.default_rng(1))
    with pytest.raises(InputError, match="cannot be halved"):
        QUICK.fit(halves[:, :3], rng=np.random.default_rng(1))


@pytest.mark.parametrize(("package", "extra"), [("torch", "neural"), ("diffusers", "diffusion")])
def test_without_a_package_its_extra_is_named(halves, monkeypatch, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Missing, match=rf"a diffusion model needs.*{package}.*extra '{extra}'"):
        QUICK.fit(halves, rng=np.random.default_rng(1))
