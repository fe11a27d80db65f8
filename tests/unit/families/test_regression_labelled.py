import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import records
from modelcollapse.errors import Exhausted, InputError
from modelcollapse.families.regression.inputs import NormalInputs, PoolInputs
from modelcollapse.families.regression.labelled import Design, Labelled, responded


@pytest.fixture
def data(rng):
    return Labelled(rng.normal(size=(6, 2)), np.arange(6.0))


def test_records_are_inputs_with_targets(data):
    assert records.size(data) == 6
    assert records.layout(data) == ("labelled", 2, ())
    part = records.take(data, np.array([4, 1]))
    assert np.array_equal(part.targets, [4.0, 1.0])
    assert np.array_equal(part.inputs, data.inputs[[4, 1]])
    assert part.design is data.design


def test_several_outputs_are_columns_of_the_targets(rng):
    data = Labelled(rng.normal(size=(4, 2)), np.eye(4)[:, :3])
    assert data.design.outputs == 3
    assert records.layout(data) == ("labelled", 2, (3,))
    assert records.layout(data) != records.layout(Labelled(data.inputs, np.zeros(4)))


def test_a_subset_keeps_the_order_and_pairs_inputs_with_their_targets(data, rng):
    part = records.subset(data, 3, rng=rng)
    where = part.targets.astype(int)
    assert np.all(np.diff(where) > 0)
    assert np.array_equal(part.inputs, data.inputs[where])


def test_joined_records_stand_one_after_the_other(data):
    joined = records.concat([data, data.but(targets=data.targets + 6)])
    assert records.size(joined) == 12
    assert np.array_equal(joined.targets, np.arange(12.0))
    assert np.array_equal(joined.inputs[6:], data.inputs)
    assert joined.weights is None


def test_records_without_weights_join_those_with_weights_as_ones(data):
    joined = records.concat([data, records.weigh(data, 3.0)])
    assert np.array_equal(joined.weights, np.repeat([1.0, 3.0], 6))
    assert np.array_equal(records.take(joined, np.array([0, 8])).weights, [1.0, 3.0])


def test_a_new_weight_replaces_the_old_ones(data):
    uneven = data.but(weights=np.arange(6.0))
    assert np.array_equal(records.weigh(uneven, 0.5).weights, np.full(6, 0.5))
    assert np.array_equal(uneven.weights, np.arange(6.0))


def test_plain_lists_become_arrays():
    data = Labelled([[1, 2], [3, 4]], [True, False], weights=[1, 2])
    assert data.inputs.dtype == data.targets.dtype == data.weights.dtype == np.float64
    assert np.array_equal(records.take(data, np.array([1])).weights, [2.0])


def test_by_default_models_write_on_the_inputs_of_the_records(data, rng):
    written = data.design.write(lambda x: x.sum(axis=1), 4, rng=rng)
    assert isinstance(data.design.inputs, PoolInputs)
    assert np.array_equal(written.targets, written.inputs.sum(axis=1))
    assert np.isin(written.inputs[:, 0], data.inputs[:, 0]).all()
    assert written.design is data.design


def test_noise_is_added_to_the_function_or_another_level_of_it(rng):
    design = Design(NormalInputs(np.ones(1)), noise=2.0)
    for asked, level in ((None, 2.0), (0.5, 0.5), (0.0, 0.0)):
        written = design.write(lambda x: 5 + 0 * x[:, 0], 20_000, rng=rng, noise=asked)
        assert written.targets.mean() == pytest.approx(5, abs=4 * level / 20_000**0.5 + 1e-12)
        assert written.targets.std() == pytest.approx(level, rel=0.03, abs=1e-12)


def test_noise_is_independent_between_outputs(rng):
    labels = Design(NormalInputs(np.ones(1)), noise=1.0, outputs=3).label(
        np.zeros((20_000, 3)), rng=rng
    )
    assert np.abs(np.corrcoef(labels.T) - np.eye(3)).max() < 4 / 20_000**0.5


def test_labels_are_values_signs_or_classes():
    values = np.array([-0.5, 0.0, 2.0])
    assert np.array_equal(responded(values, "real"), values)
    # What is exactly 0 has one sign, lest there be a third class.
    assert np.array_equal(responded(values, "sign"), [-1.0, 1.0, 1.0])
    several = np.array([[0.1, 0.3, 0.2], [5.0, -1.0, 0.0]])
    assert np.array_equal(responded(several, "one_hot"), [[0, 1, 0], [1, 0, 0]])


def test_signs_are_taken_after_the_noise(rng):
    design = Design(NormalInputs(np.ones(1)), noise=1.0, response="sign")
    labels = design.label(np.full(20_000, 1.0), rng=rng)
    assert set(np.unique(labels)) == {-1.0, 1.0}
    # P(1 + e < 0) = Phi(-1)
    assert np.mean(labels < 0) == pytest.approx(0.1587, abs=4 * 0.0026)


def test_a_lineage_may_start_from_records_of_ones_own(rng):
    x = rng.normal(size=(200, 3))
    source = mc.Empirical(Labelled(x, x @ [1.0, 2.0, 3.0] + 0.1 * rng.normal(size=200)))
    lineage = mc.Lineage(source, mc.Ridge(), mc.Replace(80), size=80)
    chain = lineage.generations(seed=3)
    first, second = next(chain), next(chain)
    assert np.isin(first.corpus.data.inputs[:, 0], x[:, 0]).all()
    # The source's own design adds no noise: the second fit is the first one again.
    assert np.allclose(second.model.coefficients, first.model.coefficients)
    history = lineage.run(3, replicates=2, seed=3)
    assert history.measures == ("test_error",)
    assert np.all((history["test_error"] > 0) & (history["test_error"] < 0.1))


def test_records_of_ones_own_may_have_a_design_of_ones_own(rng):
    x = rng.normal(size=(300, 2))
    clean = x @ [1.0, -1.0]
    design = Design(PoolInputs(x), noise=0.5, response="sign")
    source = mc.Empirical(Labelled(x, np.where(clean < 0, -1.0, 1.0), design))
    lineage = mc.Lineage(source, mc.Ridge(0.01), mc.Replace(100), size=100)
    history = lineage.run(3, seed=0)
    assert history.measures == ("misclassification",)
    assert np.all(history["misclassification"] < 0.3)
    written = next(iter(lineage.generations())).model.sample(50, rng=rng)
    assert set(np.unique(written.targets)) == {-1.0, 1.0}


def test_a_source_of_labelled_records_runs_dry_like_any_other(rng):
    source = mc.Empirical(Labelled(rng.normal(size=(50, 2)), np.zeros(50)))
    policy = mc.Mix(20, real=0.5, fresh=True)
    with pytest.raises(Exhausted, match="10 unseen real records"):
        mc.Lineage(source, mc.Ridge(), policy, size=30, holdout=5).run(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Labelled(np.zeros((3, 2)), np.zeros(4)), r"\(3, 2\) and .* \(4,\) do not fit"),
        (lambda: Labelled(np.zeros(3), np.zeros(3)), "Inputs are rows"),
        (lambda: Labelled(np.zeros((3, 2)), np.zeros((3, 1, 1))), "do not fit together"),
        (lambda: Labelled(np.nan, 1.0), "do not fit together"),
        (
            lambda: Labelled(np.zeros((4, 1)), [0, np.nan, 1, np.inf]),
            r"2 of 4 targets are NaN or infinite \(the first is record 1\).*Drop or impute",
        ),
        (lambda: Labelled([[np.nan, 1.0]], [0.0]), r"1 of 1 inputs are NaN"),
        (lambda: Labelled(np.zeros((2, 1)), ["a", "b"]), "targets must be numbers.*Encode"),
        (lambda: Labelled(np.zeros((2, 1)), [None, 1.0]), "targets must be numbers, got object"),
        (lambda: Labelled(np.zeros((2, 1)), [0, 1], weights=[1, -1]), "weight of 0 or more"),
        (lambda: Labelled(np.zeros((2, 1)), [0, 1], weights=[0, 0]), "are not positive"),
        (lambda: Labelled(np.zeros((2, 1)), [0, 1], weights=[1]), r"shape \(1,\) do not fit 2"),
        (lambda: Labelled(np.zeros((2, 1)), [0, 1], weights=[1, np.nan]), "1 of 2 weights are NaN"),
        (lambda: Design(NormalInputs(np.ones(1)), noise=-1.0), "noise is -1.0.*0 or a positive"),
        (lambda: Design(NormalInputs(np.ones(1)), noise=np.inf), "noise is inf"),
        (lambda: Design(NormalInputs(np.ones(1)), noise="1"), "noise is '1'"),
        (lambda: Design(NormalInputs(np.ones(1)), response="sgin"), "Did you mean 'sign'"),
        (
            lambda: Design(NormalInputs(np.ones(1)), response="one_hot"),
            "largest of several outputs, and there is one",
        ),
    ],
)
def test_records_that_make_no_sense_are_refused_with_a_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()
