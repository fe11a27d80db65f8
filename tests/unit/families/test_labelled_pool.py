import numpy as np
import pytest

from modelcollapse import Lineage, Replace, records
from modelcollapse.errors import InputError
from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.families.regression.pool import LabelledPool, held_out

N = 200
INPUTS = np.arange(2.0 * N).reshape(N, 2)
TARGETS = np.arange(float(N)) - 50


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def test_labels_are_targets_plus_noise(rng):
    clean = LabelledPool(INPUTS, TARGETS).sample(100, rng=rng)
    np.testing.assert_array_equal(clean.targets, clean.inputs[:, 0] / 2 - 50)
    noisy = LabelledPool(INPUTS, TARGETS, noise=3.0).sample(160, rng=rng)
    noise = noisy.targets - (noisy.inputs[:, 0] / 2 - 50)
    assert abs(noise.std() - 3) < 4 * 3 / np.sqrt(2 * 160)
    assert noisy.design.noise == 3.0


def test_inputs_are_different_and_each_as_likely(rng):
    pool = LabelledPool(INPUTS, TARGETS)
    counts = np.zeros(N)
    for _ in range(400):
        data = pool.sample(40, rng=rng)
        places = (data.inputs[:, 0] / 2).astype(int)
        assert len(set(places)) == 40
        counts[places] += 1
    trained = ~held_out(N, 0.2)
    assert not counts[~trained].any()
    assert np.abs(counts[trained] - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


def test_what_is_held_out_is_never_trained_on(rng):
    pool = LabelledPool(INPUTS, TARGETS, noise=1.0)
    exam = pool.exam(10_000, rng=rng)
    assert (len(pool), len(exam.inputs)) == (160, 40)
    trained = pool.sample(160, rng=rng)
    assert not set(exam.inputs[:, 0]) & set(trained.inputs[:, 0])
    np.testing.assert_array_equal(exam.targets, exam.inputs[:, 0] / 2 - 50)
    few = pool.exam(15, rng=rng)
    assert set(few.inputs[:, 0]) < set(exam.inputs[:, 0])
    assert len(few.inputs) == 15


@pytest.mark.parametrize(("n", "test", "number"), [(10, 0.2, 2), (10, 3, 3), (1797, 0.2, 359)])
def test_the_split_is_fixed_even_and_without_period(n, test, number):
    out = held_out(n, test)
    assert out.sum() == number
    np.testing.assert_array_equal(out, held_out(n, test))
    if n > 100:
        # As many in each tenth of the file, and of each class of records in rotation.
        assert np.ptp([part.sum() for part in np.array_split(out, 10)]) <= 2
        assert np.ptp([out[k::10].sum() for k in range(10)]) <= 4


def test_other_records_may_be_held_out(rng):
    other = (INPUTS[:5] + 0.5, TARGETS[:5])
    pool = LabelledPool(INPUTS, TARGETS, test=other, scaling="global")
    assert len(pool) == N
    exam = pool.exam(9, rng=rng)
    np.testing.assert_allclose(exam.inputs, (other[0] - INPUTS.mean()) / INPUTS.std())


def test_the_same_inputs_are_labelled_anew(rng):
    pool = LabelledPool(INPUTS, TARGETS, noise=1.0, same_inputs=True)
    settled = pool.settle(30, rng=rng)
    first, second = (settled.sample(30, rng=rng) for _ in range(2))
    np.testing.assert_array_equal(first.inputs, second.inputs)
    assert (first.targets != second.targets).all()
    with pytest.raises(InputError, match="31 labels were asked for on the same 30 inputs"):
        settled.sample(31, rng=rng)
    elsewhere = pool.settle(30, rng=rng).sample(30, rng=rng)
    assert (elsewhere.inputs != first.inputs).any()
    fresh = LabelledPool(INPUTS, TARGETS)
    assert fresh.settle(30, rng=rng) is fresh


@pytest.mark.parametrize("same_inputs", [False, True])
def test_a_lineage_keeps_or_changes_its_inputs(same_inputs):
    pool = LabelledPool(INPUTS, TARGETS, 1.0, same_inputs=same_inputs, scaling="standard")
    lineage = Lineage(pool, KernelRidge(), Replace(30), size=30)
    inputs = [
        generation.training.data.inputs
        for generation, _ in zip(lineage.generations(seed=4), range(3), strict=False)
    ]
    assert np.array_equal(inputs[0], inputs[1]) is same_inputs
    assert np.array_equal(inputs[1], inputs[2]) is same_inputs


def test_scaling_uses_the_training_part_only(rng):
    columns = np.column_stack([INPUTS[:, 0], 5 * INPUTS[:, 1], np.ones(N)])
    kept = ~held_out(N, 0.2)
    standard = LabelledPool(columns, TARGETS, scaling="standard").clean.inputs
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), [1, 1, 0])
    whole = LabelledPool(columns, TARGETS, scaling="global")
    part = columns[kept]
    np.testing.assert_allclose(whole.clean.inputs, (part - part.mean()) / part.std())
    exam = whole.exam(N, rng=rng).inputs
    np.testing.assert_allclose(exam, (columns[~kept] - part.mean()) / part.std())
    np.testing.assert_array_equal(LabelledPool(columns, TARGETS).clean.inputs, part)
    scaled = LabelledPool(columns, TARGETS, target_scaling="standard")
    mean, spread = TARGETS[kept].mean(), TARGETS[kept].std()
    np.testing.assert_allclose(scaled.clean.targets, (TARGETS[kept] - mean) / spread)
    np.testing.assert_allclose(scaled.exam(N, rng=rng).targets, (TARGETS[~kept] - mean) / spread)


def test_classes_are_flipped_by_noise_and_clean_in_the_exam(rng):
    signs = np.where(TARGETS < 0, -1.0, 1.0)
    pool = LabelledPool(INPUTS, signs, noise=1.0, response="sign")
    data = pool.sample(160, rng=rng)
    wrong = data.targets != np.where(data.inputs[:, 0] / 2 < 50, -1.0, 1.0)
    # A standard normal exceeds 1 with probability 0.1587.
    assert abs(wrong.mean() - 0.1587) < 4 * np.sqrt(0.1587 * 0.8413 / 160)
    exam = pool.exam(40, rng=rng)
    np.testing.assert_array_equal(exam.targets, np.where(exam.inputs[:, 0] / 2 < 50, -1.0, 1.0))


def test_one_hot_targets_and_the_models_fitted_to_them(rng):
    classes = np.eye(4)[np.arange(N) // 50]
    pool = LabelledPool(INPUTS, classes, 0.2, response="one_hot", scaling="standard")
    data = pool.sample(120, rng=rng)
    assert records.layout(data) == ("labelled", 2, (4,))
    assert (data.targets.sum(axis=1) == 1).all()
    model = KernelRidge(gamma=5.0, penalty=1e-3).fit(data, rng=rng)
    written = model.sample(100, rng=rng)
    assert set(np.unique(written.targets)) == {0.0, 1.0}
    exam = pool.exam(40, rng=rng)
    right = model.predict(exam.inputs).argmax(axis=1) == exam.targets.argmax(axis=1)
    assert right.mean() > 0.9


def test_models_label_inputs_of_the_pool(rng):
    pool = LabelledPool(INPUTS, TARGETS, scaling="standard", target_scaling="standard")
    model = KernelRidge(gamma=1.0, penalty=1e-6).fit(pool.sample(80, rng=rng), rng=rng)
    written = model.sample(160, rng=rng)
    assert isinstance(written, Labelled)
    np.testing.assert_array_equal(written.inputs, pool.clean.inputs)
    np.testing.assert_allclose(written.targets, pool.clean.targets, atol=0.1)


BROKEN = TARGETS.copy()
BROKEN[7] = np.nan


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"targets": BROKEN}, r"1 of 200 targets are NaN or infinite \(the first is record 7"),
        ({"targets": TARGETS[:-1]}, "do not fit together"),
        ({"inputs": INPUTS[:, 0]}, "do not fit together"),
        ({"targets": [str(t) for t in TARGETS]}, "targets must be numbers"),
        ({"targets": np.ones(N)}, "all targets to train on are equal"),
        ({"noise": -1.0}, r"noise is -1\.0"),
        ({"test": 0.0}, r"test is 0\.0 for 200 records"),
        ({"test": 1.0}, r"test is 1\.0 for 200 records"),
        ({"test": 200}, "test is 200 for 200 records"),
        ({"test": 1}, "199 records to train on and 1 to test on"),
        ({"test": (INPUTS[:, :1], TARGETS)}, "must be alike but for their number"),
        ({"scaling": "standart"}, "Did you mean 'standard'"),
        ({"target_scaling": "global"}, "target_scaling 'global' is unknown"),
        ({"response": "signs"}, "Did you mean 'sign'"),
        ({"response": "sign", "targets": TARGETS + 50}, "Code the classes as -1 and 1"),
        ({"response": "one_hot"}, "a column for each class"),
    ],
)
def test_wrong_values_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        LabelledPool(**{"inputs": INPUTS, "targets": TARGETS} | given)


def test_a_pool_that_is_too_small_says_so(rng):
    with pytest.raises(InputError, match="161 different inputs were asked for and the pool holds"):
        LabelledPool(INPUTS, TARGETS).sample(161, rng=rng)
