"""Two classes: laws that label rightly, wrongly at random, or wrongly at given places."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.families.classification.classified import Classified
from modelcollapse.families.classification.laws import GaussianClasses, SplitGaussian, direction

LAWS = [GaussianClasses(6, 1.5), SplitGaussian(6)]
GENERATORS = [
    GaussianClasses(6, 1.5, label_error=0.2), GaussianClasses(6, 1.5, angle=0.7),
    GaussianClasses(6, 1.5, angle=0.7, label_error=0.2), SplitGaussian(6, label_error=0.2),
    SplitGaussian(6, angle=0.7), SplitGaussian(6, angle=2.0, label_error=0.2),
]  # fmt: skip


@pytest.mark.parametrize("law", LAWS)
def test_nature_labels_rightly_and_evenly(law, rng):
    data = law.sample(20_000, rng=rng)
    assert data.right.all()
    assert set(np.unique(data.targets)) == {-1.0, 1.0}
    assert abs(data.targets.mean()) < 4 / np.sqrt(20_000)
    assert law.error == 0


def test_gaussian_classes_have_their_means_and_unit_covariance(rng):
    data = GaussianClasses(4, 2.0).sample(40_000, rng=rng)
    for sign in (-1, 1):
        rows = data.inputs[data.classes == sign]
        np.testing.assert_allclose(rows.mean(axis=0), [2.0 * sign, 0, 0, 0], atol=0.04)
        np.testing.assert_allclose(np.cov(rows.T), np.eye(4), atol=0.04)


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generator_is_wrong_as_often_as_it_says(generator, rng):
    n = 60_000
    wrong = 1 - generator.sample(n, rng=rng).right.mean()
    assert abs(wrong - generator.error) < 4 * np.sqrt(generator.error / n)
    nature = type(generator)(6, *([1.5] if isinstance(generator, GaussianClasses) else []))
    assert nature.misclassified(generator) == generator.error


@pytest.mark.parametrize("law", LAWS)
def test_a_linear_model_is_judged_in_closed_form(law, rng):
    model = mc.Ridge(0.1).fit(law.sample(50, rng=rng), rng=rng)
    exam = law.exam(100_000, rng=rng)
    tested = (np.sign(model.predict(exam.inputs)) != exam.targets).mean()
    assert abs(law.misclassified(model) - tested) < 4 * np.sqrt(tested / 100_000)
    assert law.misclassified(object()) is None


@pytest.mark.parametrize("law", LAWS)
def test_what_a_student_writes_keeps_the_right_classes(law, rng):
    student = mc.Ridge(0.1).fit(law.sample(60, rng=rng), rng=rng)
    written = student.sample(50_000, rng=rng)
    assert isinstance(written, Classified)
    wrong = law.misclassified(student)
    assert abs(1 - written.right.mean() - wrong) < 4 * np.sqrt(wrong / 50_000)


def test_classes_go_along_with_their_records(rng):
    data = SplitGaussian(3, label_error=0.5).sample(10, rng=rng)
    picked = records.take(data, np.array([4, 1]))
    np.testing.assert_array_equal(picked.classes, data.classes[[4, 1]])
    joined = records.concat([picked, data])
    np.testing.assert_array_equal(joined.right, np.concatenate([picked.right, data.right]))
    assert records.layout(joined) == records.layout(data)
    np.testing.assert_array_equal(records.weigh(data, 2.0).classes, data.classes)
    mixed = records.concat([records.weigh(data, 2.0), picked])
    assert mixed.weights.tolist() == [2.0] * 10 + [1.0] * 2


def test_classes_are_the_targets_unless_told(rng):
    assert Classified(np.eye(2), np.array([1.0, -1.0])).right.all()
    with pytest.raises(InputError, match=r"classes of shape \(3,\) do not fit 2 records"):
        Classified(np.eye(2), np.ones(2), None, None, np.ones(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SplitGaussian(1), "d is 1"),
        (lambda: GaussianClasses(2.5), "d is 2.5"),
        (lambda: SplitGaussian(5, label_error=1.2), "label_error is 1.2"),
        (lambda: SplitGaussian(5, angle=-0.1), "angle is -0.1"),
        (lambda: SplitGaussian(5, angle=4.0), "angle is 4.0"),
        (lambda: GaussianClasses(5, 0.0), "separation is 0.0"),
        (lambda: GaussianClasses(5, float("nan")), "separation is nan"),
        (lambda: direction(0.3, 0.3, 1.0), "no three directions"),
        (lambda: direction(0.3, 0.0, 1.0), "no three directions"),
    ],
)
def test_wrong_numbers_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(("v", "g", "b"), [(0.5, 0.6, 0.8), (0.5, 0.6, 1.1), (0.4, 0.0, 0.4)])
def test_a_direction_has_its_angles(v, g, b):
    found = np.array(direction(v, g, b))
    other = np.array([np.cos(g), np.sin(g), 0.0])
    assert np.linalg.norm(found) == pytest.approx(1)
    assert np.arccos(found[0]) == pytest.approx(v)
    assert np.arccos(found @ other) == pytest.approx(b)
