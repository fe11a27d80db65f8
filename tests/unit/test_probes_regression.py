import itertools
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.linear_model import Ridge as SklearnRidge

import modelcollapse as mc
from modelcollapse import registry
from modelcollapse.errors import Exhausted, Incompatible, InputError
from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.families.regression.labelled import Design, Labelled
from modelcollapse.families.regression.linear import LinearModel
from modelcollapse.probes import DownstreamError, Misclassification, TestError

COVARIANCE = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
TRUE = np.array([1.0, -2.0, 0.5])
TEACHER = mc.LinearTeacher(TRUE, COVARIANCE, noise=0.7)
LINEAGE = mc.Lineage(TEACHER, mc.Ridge(), mc.Replace(10), size=10)


@dataclass(frozen=True)
class Wrapped:
    """A model that is known by its predictions only."""

    inside: LinearModel

    def predict(self, inputs):
        return self.inside.predict(inputs)

    def sample(self, n, *, rng):
        return self.inside.sample(n, rng=rng)


@dataclass(frozen=True, eq=False)
class Closed:
    """A linear learner whose models do not show their coefficients; notes its paths."""

    penalty: float = 0.0
    asked: Any = ()

    def fit(self, data, *, rng, parent=None):
        return Wrapped(mc.Ridge(self.penalty).fit(data, rng=rng))

    def path(self, inputs, *, rng=None):
        if isinstance(self.asked, list):
            self.asked.append(inputs)
        return mc.Ridge().path(inputs, rng=rng)


@dataclass(frozen=True)
class Plain:
    """A learner without a penalty."""

    def fit(self, data, *, rng, parent=None):
        return Wrapped(mc.Ridge().fit(data, rng=rng))


def chain(lineage, generations=3, **options):
    found = lineage.generations(**options)
    return [next(found) for _ in range(generations)]


def distance(weights):
    apart = weights - TRUE
    return apart @ COVARIANCE @ apart


class TestTestErrors:
    def test_of_linear_models_it_is_known_without_any_records(self):
        for generation in chain(LINEAGE):
            expected = distance(generation.model.coefficients)
            assert TestError()(generation) == pytest.approx(expected, rel=1e-12)

    def test_a_batch_has_one_for_each_replicate(self):
        for generation in chain(LINEAGE.but(truth=TEACHER.exact()), replicates=5):
            found = TestError()(generation)
            expected = [distance(one) for one in generation.model.coefficients]
            assert found == pytest.approx(expected, rel=1e-12)

    def test_of_other_models_it_is_read_on_clean_labels(self):
        lineage = LINEAGE.but(learner=Closed(), holdout=20_000)
        for generation in chain(lineage, 2):
            expected = distance(generation.model.inside.coefficients)
            # A mean of squared normal values: its relative error is (2 / n)^0.5.
            assert TestError()(generation) == pytest.approx(expected, rel=4 * 0.01)

    def test_outputs_add_up(self):
        weights = np.array([[1.0, 0.0], [-2.0, 1.0], [0.5, 3.0]])
        two = mc.LinearTeacher(weights, COVARIANCE, noise=0.7)
        generation = chain(LINEAGE.but(truth=two), 1)[0]
        apart = generation.model.coefficients - weights
        expected = np.einsum("io,ij,jo->", apart, COVARIANCE, apart)
        assert TestError()(generation) == pytest.approx(expected, rel=1e-12)

    def test_of_records_of_ones_own_it_is_read_on_what_is_held_out(self, rng):
        x = rng.normal(size=(90, 2))
        source = mc.Empirical(Labelled(x, x @ [1.0, 2.0] + rng.normal(size=90)))
        lineage = mc.Lineage(source, mc.Ridge(), mc.Replace(30), size=30, holdout=40)
        generation = chain(lineage, 1)[0]
        held = generation.reference
        assert len(held.inputs) == 40
        expected = np.mean((generation.model.predict(held.inputs) - held.targets) ** 2)
        assert TestError()(generation) == pytest.approx(expected, rel=1e-12)


class TestMisclassifications:
    def test_signs_differ_in_the_angle_between_the_functions(self):
        teacher = mc.LinearTeacher([1.0, 1.0], noise=0.5, response="sign")
        lineage = mc.Lineage(teacher, mc.Ridge(0.01), mc.Replace(20), size=20, holdout=40_000)
        for generation in chain(lineage):
            w = generation.model.coefficients
            expected = np.arccos(w.sum() / np.linalg.norm(w) / 2**0.5) / np.pi
            error = 4 * np.sqrt(expected / 40_000)
            assert Misclassification()(generation) == pytest.approx(expected, abs=error)

    def test_classes_are_the_largest_outputs(self):
        teacher = mc.LinearTeacher(np.eye(3), noise=0.3, response="one_hot")
        lineage = mc.Lineage(teacher, mc.Ridge(0.01), mc.Replace(60), size=60, holdout=500)
        generation = chain(lineage, 1)[0]
        exam = teacher.exam(500, rng=generation.rng_once("exam"))
        given = generation.model.predict(exam.inputs).argmax(axis=1)
        expected = np.mean(given != exam.inputs.argmax(axis=1))
        assert 0 < expected < 0.3
        assert Misclassification()(generation) == expected

    def test_real_labels_have_no_classes(self):
        with pytest.raises(Incompatible, match=r"these labels are real numbers.*Read test_error"):
            LINEAGE.run(0, probes=["misclassification"])

    @pytest.mark.parametrize("probe", ["test_error", DownstreamError(20, 0.1)])
    def test_classes_have_no_squared_error(self, probe):
        signs = replace(TEACHER, response="sign")
        with pytest.raises(Incompatible, match=r"response here is 'sign'.*misclassification"):
            LINEAGE.but(truth=signs).run(0, probes=[probe])


@cache
def explicit(generations, size, penalty, noise=0.7):
    """Downstream errors by rows and scikit-learn: a chain of least squares, then one ridge fit."""
    rng = np.random.default_rng([generations, size])
    root = np.linalg.cholesky(COVARIANCE)

    def rows(n, weights, level):
        x = rng.normal(size=(n, 3)) @ root.T
        return x, x @ weights + level * rng.normal(size=n)

    found = []
    for _ in range(500):
        weights = TRUE
        for _ in range(generations):
            x, y = rows(10, weights, 0.7)
            weights = np.linalg.lstsq(x, y, rcond=None)[0]
        x, y = rows(size, weights, noise)
        model = SklearnRidge(alpha=size * penalty, fit_intercept=False, solver="svd")
        found.append(distance(model.fit(x, y).coef_))
    return np.array(found)


class TestDownstreamErrors:
    @pytest.mark.parametrize("learner", [mc.Ridge(), Closed()], ids=["linear", "general"])
    @pytest.mark.parametrize("size", [8, 2])
    def test_it_is_a_ridge_fit_to_what_the_last_generation_wrote(self, learner, size):
        exact = isinstance(learner, mc.Ridge)
        lineage = LINEAGE.but(learner=learner, truth=TEACHER.exact() if exact else TEACHER)
        if not exact:
            lineage = lineage.but(holdout=500)
        history = lineage.run(
            2, replicates=4000 if exact else 300, seed=3, probes=[DownstreamError(size, 0.05)]
        )
        for t in (0, 2):
            found = history["downstream_error"][:, t]
            assert ks_2samp(found, explicit(t, size, 0.05)).pvalue > 1e-3
            assert ks_2samp(found, explicit(t, size, 4.0)).pvalue < 1e-4

    def test_its_noise_is_that_of_the_truth_or_its_own(self):
        exact = LINEAGE.but(truth=TEACHER.exact())
        history = exact.run(1, replicates=4000, seed=3, probes=[DownstreamError(9, 0.05, noise=2)])
        found = history["downstream_error"][:, 1]
        assert ks_2samp(found, explicit(1, 9, 0.05, noise=2.0)).pvalue > 1e-3
        assert ks_2samp(found, explicit(1, 9, 0.05)).pvalue < 1e-6
        clean = exact.run(1, replicates=3, probes=[DownstreamError(9, noise=0.0)])
        assert np.allclose(clean["downstream_error"][:, 0], 0, atol=1e-20)
        assert np.all(clean["downstream_error"][:, 1] > 0)

    def test_generation_0_is_a_fit_to_real_data(self):
        # Without noise every generation is the truth, and all fits see the same inputs.
        lineage = LINEAGE.but(truth=replace(TEACHER, noise=0.0))
        errors = lineage.run(3, replicates=3, probes=[DownstreamError(5, 0.3)])["downstream_error"]
        assert np.allclose(errors, errors[:, :1], rtol=1e-9)
        assert len(np.unique(errors[:, 0])) == 3

    @pytest.mark.parametrize("learner", [mc.Ridge(), Closed()], ids=["linear", "general"])
    def test_several_pairs_are_what_each_would_be_alone(self, learner):
        lineage = LINEAGE.but(learner=learner)
        several = DownstreamError((9, 12), [0.0, 0.25])
        history = lineage.run(2, replicates=2, seed=1, probes=[several])
        assert len(history.measures) == 4
        for n in (9, 12):
            for penalty in (0.0, 0.25):
                measure = several.measure(n, penalty)
                assert several.single_out(measure.partition(".")[2]) == DownstreamError(n, penalty)
                alone = lineage.run(2, replicates=2, seed=1, probes=[DownstreamError(n, penalty)])
                assert np.allclose(history[measure], alone["downstream_error"], rtol=1e-9)

    def test_a_single_pair_has_no_second_name(self):
        probe = DownstreamError(9, 0.25)
        assert probe.single
        assert probe.measure(9, 0.25) == "downstream_error"
        assert probe.single_out("") is probe

    def test_outputs_add_up(self):
        first, second = TRUE, np.array([0.0, 1.0, 3.0])
        found = []
        for weights in (first, second, np.stack([first, second], axis=1)):
            teacher = mc.LinearTeacher(weights, COVARIANCE, noise=0.0)
            for learner in (mc.Ridge(), Closed()):
                lineage = LINEAGE.but(truth=teacher, learner=learner, holdout=30)
                history = lineage.run(1, seed=2, probes=[DownstreamError(8, [0.3, 0.5])])
                found.append([history[measure][0] for measure in history.measures])
        found = np.array(found)
        assert np.allclose(found[4:], found[:2] + found[2:4], rtol=1e-9)

    def test_the_inputs_stay_and_the_noise_is_new(self):
        learner = Closed(asked=[])
        lineage = LINEAGE.but(learner=learner)
        history = lineage.run(3, replicates=2, probes=[DownstreamError(9, 0.1)])
        assert len(learner.asked) == 2
        assert len(np.unique(history["downstream_error"])) == 8

    def test_a_learner_with_a_kernel_is_asked_at_generation_0_as_well(self):
        # What the kernel cannot express stays, whoever labelled the records.
        flat = KernelRidge(lambda x, y: np.ones((len(x), len(y))))
        lineage = LINEAGE.but(learner=flat, truth=replace(TEACHER, noise=0.0), holdout=4000)
        errors = lineage.run(1, probes=[DownstreamError(200, 1e-6)])["downstream_error"][0]
        size = TRUE @ COVARIANCE @ TRUE
        assert errors[0] == pytest.approx(size, rel=0.15)

    @pytest.mark.parametrize("features", [None, "nystroem", "fourier"])
    def test_it_works_on_feature_maps(self, features):
        lineage = LINEAGE.but(learner=KernelRidge(features=features, components=9), holdout=50)
        first, second = (
            lineage.run(1, seed=1, probes=[DownstreamError(20, (0.01, 1.0))]) for _ in range(2)
        )
        for measure in first.measures:
            assert np.all(first[measure] > 0)
            assert first[measure].tobytes() == second[measure].tobytes()

    def test_of_a_finite_source_it_never_sees_what_is_held_out(self, rng):
        x = np.arange(120.0).reshape(60, 2) / 60
        source = mc.Empirical(Labelled(x, rng.normal(size=60)))
        learner = Closed(asked=[])
        lineage = mc.Lineage(source, learner, mc.Replace(20), size=20, holdout=25)
        generation = chain(lineage, 1)[0]
        assert DownstreamError(35, 0.1)(generation) > 0
        (seen,) = learner.asked
        assert len(np.unique(seen[:, 0])) == 35
        assert not np.isin(seen[:, 0], generation.reference.inputs[:, 0]).any()
        with pytest.raises(Exhausted, match=r"asked for 36 real records .* 35 that are not held"):
            DownstreamError(36, 0.1)(generation)

    def test_real_labels_that_are_given_have_no_other_noise(self, rng):
        source = mc.Empirical(Labelled(rng.normal(size=(90, 2)), rng.normal(size=90)))
        lineage = mc.Lineage(source, mc.Ridge(), mc.Replace(20), size=20)
        with pytest.raises(Incompatible, match=r"real labels of Empirical .*Leave out noise"):
            lineage.run(1, probes=[DownstreamError(30, 0.1, noise=0.5)])

    @pytest.mark.parametrize("n", [2, 3, 4])
    def test_least_squares_near_the_dimension_is_refused(self, n):
        for truth in (TEACHER, TEACHER.exact()):
            with pytest.raises(InputError, match=rf"on {n} records in 3 dimensions"):
                LINEAGE.but(truth=truth).run(0, probes=[DownstreamError(n, [0.1, 0.0])])

    def test_a_learner_without_a_penalty_is_refused(self):
        with pytest.raises(Incompatible, match="needs a learner with a ridge penalty, and Plain h"):
            LINEAGE.but(learner=Plain()).run(0, probes=[DownstreamError(9, 0.1)])

    @pytest.mark.parametrize("probe", ["test_error", "misclassification", DownstreamError(9, 0.1)])
    def test_other_data_are_refused(self, probe):
        lineage = mc.Lineage(mc.Gaussian(), mc.GaussianMLE(), mc.Replace(9), size=9)
        with pytest.raises(Incompatible):
            lineage.run(0, probes=[probe])

    def test_numbers_of_numpy_are_numbers(self):
        probe = DownstreamError(np.arange(5, 7), np.float32(0.5))
        assert probe == DownstreamError((5, 6), 0.5)
        assert DownstreamError(np.int64(5)).single

    @pytest.mark.parametrize(
        "probe",
        [
            DownstreamError(100),
            DownstreamError(100, 0.1, 0.5),
            DownstreamError((100, 200), (0.0, 1e-3)),
            DownstreamError(np.array([100, 200]), np.geomspace(0.1, 1, 3)),
        ],
    )
    def test_it_comes_back_from_its_description(self, probe):
        assert registry.build("probe", registry.describe(probe), "measures") == probe

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: DownstreamError("100"), "records is '100', but it counts records"),
            (lambda: DownstreamError(0), "records is 0"),
            (lambda: DownstreamError(10.5), "records is 10.5"),
            (lambda: DownstreamError(None), "records is None"),
            (lambda: DownstreamError((5, -5)), "records is -5"),
            (lambda: DownstreamError([]), "no number of records"),
            (lambda: DownstreamError(5, []), "or no penalty"),
            (lambda: DownstreamError(5, -0.1), "the penalty is -0.1"),
            (lambda: DownstreamError(5, (0.1, np.nan)), "the penalty is nan"),
            (lambda: DownstreamError(5, "0.1"), "the penalty is '0.1'"),
            (lambda: DownstreamError(5, 0.1, -1.0), "noise is -1.0"),
            (lambda: DownstreamError(5, 0.1, "1"), "noise is '1'"),
        ],
    )
    def test_impossible_settings_are_refused_with_a_reason(self, make, message):
        with pytest.raises(InputError, match=message):
            make()


def test_what_is_measured_by_default_suits_the_labels(rng):
    def measures(truth):
        return mc.Lineage(truth, mc.Ridge(0.1), mc.Replace(9), size=9).run(0).measures

    assert measures(TEACHER) == measures(TEACHER.exact()) == ("test_error",)
    assert measures(replace(TEACHER, response="sign")) == ("misclassification",)
    x = rng.normal(size=(40, 2))
    assert measures(mc.Empirical(Labelled(x, x[:, 0]))) == ("test_error",)
    design = Design(TEACHER.model.design.inputs, response="sign")
    source = mc.Empirical(Labelled(rng.normal(size=(40, 3)), np.ones(40), design))
    assert measures(source) == ("misclassification",)


def test_models_write_on_no_input_that_is_held_out():
    x = np.random.default_rng(0).normal(size=(100, 3))
    data = mc.Labelled(x, x @ [1.0, 2.0, 3.0])
    lineage = mc.Lineage(mc.Empirical(data), mc.Ridge(0.01), mc.Replace(50), size=50, holdout=20)
    for one in itertools.islice(lineage.generations(), 4):
        held_out = set(map(tuple, one.reference.inputs))
        assert len(held_out) == 20
        assert not held_out & set(map(tuple, one.training.data.inputs))


def test_a_projected_fit_has_no_downstream_error():
    lineage = mc.Lineage(mc.IsotropicTeacher(8), mc.Ridge(0.1, width=3), mc.Replace(30), size=30)
    with pytest.raises(Incompatible, match="projects them to 3 coordinates"):
        lineage.run(1, probes=[DownstreamError(20, 0.1)])


def test_least_squares_on_a_pool_is_refused_where_its_error_is_infinite():
    x = np.random.default_rng(0).normal(size=(100, 5))
    pool = mc.LabelledPool(x, x @ np.arange(5.0))
    lineage = mc.Lineage(pool, mc.Ridge(0.1), mc.Replace(30), size=30)
    with pytest.raises(InputError, match="on 5 records in 5 dimensions"):
        lineage.run(1, probes=[DownstreamError(5)])
