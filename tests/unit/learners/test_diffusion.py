import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import registry, spec
from modelcollapse.errors import Degenerate, InputError, Missing
from modelcollapse.learners.diffusion import Diffusion
from modelcollapse.learners.given import Given
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


# --- the shape of pictures, from the truth --------------------------------------------------------


def first_model(truth, learner=QUICK):
    lineage = mc.Lineage(truth, learner, mc.Replace(40), size=40, holdout=8)
    chain = lineage.generations()
    next(chain)
    return next(chain).model


def test_the_truth_says_how_high_and_wide_pictures_are(halves, tmp_path):
    rows = halves.reshape(256, 16)
    np.save(tmp_path / "rows.npy", rows)
    labelled = mc.Empirical(rows, image_shape=(4, 4), labels=np.arange(256) % 2)
    for truth in (
        labelled,
        mc.RareClasses(labelled, [1], 0.5),
        mc.File(str(tmp_path / "rows.npy"), image_shape=(4, 4)),
    ):
        fitted = first_model(truth)
        assert fitted.form.image == (1, 4, 4)
        assert fitted.sample(2, rng=np.random.default_rng(0)).shape == (2, 16)
    # What the learner was told counts for more, and the spec holds what was written.
    assert first_model(labelled, replace(QUICK, image_shape=(2, 8))).form.image == (1, 2, 8)
    lineage = mc.Lineage(labelled, QUICK, mc.Replace(40), size=40)
    list(zip(range(1), lineage.generations(), strict=False))
    assert lineage.spec()["learner"]["image_shape"] is None
    with pytest.raises(InputError, match="Set image_shape of the learner"):
        first_model(mc.Empirical(rows))
    with pytest.raises(InputError, match=r"image_shape \(3, 4\) of the learner asks for 12"):
        first_model(labelled, replace(QUICK, image_shape=(3, 4)))


def test_a_given_model_hands_the_shape_on(halves):
    truth = mc.Empirical(halves.reshape(256, 16), image_shape=(4, 4))
    assert first_model(truth, Given(truth, QUICK)).form.image == (1, 4, 4)


def test_the_spec_of_the_page_on_pictures_runs():
    page = Path(__file__).parents[3] / "docs" / "pictures.md"
    (text,) = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
    (lineage,) = spec.parse(spec.from_yaml(text)).lineages.values()
    small = {"epochs": 1, "channels": 8, "sampling_steps": 2}
    lineage = lineage.but(learner=replace(lineage.learner, **small), size=40, policy=mc.Replace(4))
    history = lineage.run(1, snapshots=[1], probes=["variance"])
    assert history.snapshots[1].shape == (40, 8, 8)
