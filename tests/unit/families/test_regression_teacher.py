import dataclasses
import pickle

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

import modelcollapse as mc
from modelcollapse.errors import Incompatible, InputError, SpecError
from modelcollapse.families.regression.statistics import LeastSquares
from modelcollapse.fingerprint import fingerprint
from modelcollapse.probes import DownstreamError
from modelcollapse.protocols import Replicable, Settling
from modelcollapse.report import render
from modelcollapse.store import Store

COVARIANCE = ((2.0, 0.6, 0.1), (0.6, 1.0, -0.3), (0.1, -0.3, 0.5))
TEACHER = mc.LinearTeacher([1.0, -2.0, 0.5], COVARIANCE, noise=0.7)
TEACHERS = [
    TEACHER,
    mc.LinearTeacher([1.0, -2.0, 0.5], [2.0, 1.0, 0.5], noise=0.7),
    mc.LinearTeacher([1.0, -2.0, 0.5], 3.0, noise=0.0),
    mc.LinearTeacher([[1.0, 0.0], [-2.0, 1.0], [0.5, 3.0]], COVARIANCE),
    mc.IsotropicTeacher(4, norm=2.0, noise=0.1),
    mc.PowerLawTeacher(5, capacity=1.5, source=0.5, noise=0.2),
]
SAME = mc.IsotropicTeacher(3, noise=0.5, same_inputs=True)


def covariance_of(teacher):
    root = teacher.root
    return np.diag(root**2) if root.ndim == 1 else root.T @ root


def chain(lineage, generations=4, **options):
    found = lineage.generations(**options)
    return [next(found) for _ in range(generations)]


class TestLaw:
    @pytest.mark.parametrize("teacher", TEACHERS)
    def test_labels_are_the_function_with_noise(self, teacher, rng):
        data = teacher.sample(20_000, rng=rng)
        clean = data.inputs @ teacher.model.coefficients
        errors = data.targets - clean
        assert data.targets.shape == clean.shape
        assert np.abs(errors.std(axis=0) - teacher.noise).max() <= 0.03 * teacher.noise
        scale = np.sqrt(np.diag(covariance_of(teacher)))
        apart = np.cov(data.inputs.T) - covariance_of(teacher)
        assert np.all(np.abs(apart) < 0.05 * np.outer(scale, scale))

    def test_one_coefficient_or_a_column_of_them(self, rng):
        one = mc.LinearTeacher([1.0, 2.0]).sample(5, rng=rng)
        column = mc.LinearTeacher([[1.0], [2.0]]).sample(5, rng=rng)
        assert one.targets.shape == (5,)
        assert column.targets.shape == (5, 1)
        assert mc.LinearTeacher([[1.0], [2.0]]).outputs == 1

    def test_an_isotropic_teacher_spreads_its_norm_evenly(self):
        teacher = mc.IsotropicTeacher(9, norm=1.5)
        assert np.allclose(teacher.model.coefficients, 0.5)
        assert np.array_equal(teacher.root, np.ones(9))

    def test_a_power_law_teacher_has_the_exponents_of_its_conditions(self):
        teacher = mc.PowerLawTeacher(4)
        j = np.arange(1.0, 5)
        assert np.allclose(teacher.root**2, j**-2)
        # delta = 1 + 2 (2 0.375 - 1) = 1/2
        assert np.allclose(teacher.model.coefficients, j**-0.25)

    @pytest.mark.parametrize("teacher", TEACHERS)
    def test_a_spectrum_is_that_of_the_covariance(self, teacher):
        values, along = teacher.spectrum
        expected = np.sort(np.linalg.eigvalsh(covariance_of(teacher)))
        assert np.allclose(np.sort(values), expected)
        # Both say the same of the variance of the function, and of its length.
        assert np.allclose(
            np.einsum("j,j...->...", values, along**2),
            np.einsum("i...,ij,j...->...", teacher.model.coefficients, covariance_of(teacher),
                      teacher.model.coefficients),
        )  # fmt: skip
        length = np.square(teacher.model.coefficients).sum(axis=0)
        assert np.allclose(np.square(along).sum(axis=0), length)

    @pytest.mark.parametrize("teacher", TEACHERS)
    def test_a_risk_is_the_mean_squared_error_on_new_inputs(self, teacher, rng):
        weights = teacher.weights + rng.normal(size=(2, *teacher.weights.shape))
        exam = teacher.exam(40_000, rng=rng)
        for one, risk in zip(weights, teacher.risk(weights), strict=True):
            clean = exam.targets.reshape(40_000, -1)
            errors = np.square(exam.inputs @ one - clean).sum(axis=1)
            assert errors.mean() == pytest.approx(risk, abs=4 * errors.std() / 200)
        assert np.array_equal(teacher.risk(teacher.weights), 0)

    def test_an_exam_has_no_noise(self, rng):
        exam = TEACHER.exact().exam(9, rng=rng)
        assert np.allclose(exam.targets, exam.inputs @ [1.0, -2.0, 0.5])


class TestStatistics:
    def test_the_exact_teacher_is_the_same_law(self, rng):
        exact = TEACHER.exact()
        assert exact == dataclasses.replace(TEACHER, statistics=True)
        assert isinstance(exact.sample(10, rng=rng), LeastSquares)
        assert exact.exact() == exact
        assert exact.sample(10**12, rng=rng).n == 10**12

    def test_rows_run_one_by_one_and_statistics_in_batches(self):
        policy = mc.Replace(20)
        assert mc.Lineage(TEACHER, mc.Ridge(), policy, size=20).batch == 1
        exact = mc.Lineage(TEACHER.exact(), mc.Ridge(), policy, size=20)
        assert exact.batch == TEACHER.exact().batch == 4096
        assert mc.IsotropicTeacher(300, statistics=True).batch == 11
        assert mc.IsotropicTeacher(5000, statistics=True).batch == 1
        assert isinstance(exact.truth, Replicable)
        assert isinstance(TEACHER, Settling)

    def test_records_cannot_be_batched(self):
        with pytest.raises(Incompatible, match=r"labelled records have no leading axis.*exact\(\)"):
            TEACHER.replicate(3)
        lineage = mc.Lineage(TEACHER, mc.Ridge(), mc.Replace(20), size=20)
        with pytest.raises(Incompatible, match="no leading axis"):
            next(lineage.generations(replicates=3))

    @pytest.mark.parametrize("same", [False, True])
    def test_a_chain_of_statistics_has_the_law_of_one_of_records(self, same):
        teacher = dataclasses.replace(SAME, same_inputs=same)
        rows = mc.Lineage(teacher, mc.Ridge(0.1), mc.Accumulate(6), size=6)
        exact = rows.but(truth=teacher.exact())
        first = rows.run(3, replicates=600, seed=1)["test_error"]
        second = exact.run(3, replicates=4000, seed=2)["test_error"]
        for t in range(4):
            assert ks_2samp(first[:, t], second[:, t]).pvalue > 1e-3
        other = exact.but(truth=dataclasses.replace(teacher.exact(), noise=0.7))
        third = other.run(3, replicates=4000, seed=2)["test_error"]
        assert ks_2samp(first[:, 3], third[:, 3]).pvalue < 1e-6


class TestSameInputs:
    @pytest.mark.parametrize(
        "policy",
        [mc.Replace(8), mc.Accumulate(8), mc.Weighted(mc.Mix(16, real=0.5, fresh=True), 0.6)],
    )
    def test_every_generation_labels_the_same_inputs(self, policy):  # fmt: skip
        found = chain(mc.Lineage(SAME, mc.Ridge(0.1), policy, size=8), seed=1)
        first = found[0].corpus.data
        for generation in found[1:]:
            for block in generation.corpus.blocks:
                assert np.array_equal(block.data.inputs, first.inputs)
            newest = generation.corpus.blocks[-1].data
            assert not np.any(newest.targets == first.targets)

    def test_otherwise_inputs_are_new(self):
        teacher = dataclasses.replace(SAME, same_inputs=False)
        found = chain(mc.Lineage(teacher, mc.Ridge(), mc.Replace(8), size=8), seed=1)
        first, second = (generation.corpus.data.inputs for generation in found[:2])
        assert not np.isin(second, first).any()

    def test_they_differ_between_replicates_and_seeds(self):
        lineage = mc.Lineage(SAME, mc.Ridge(), mc.Replace(8), size=8)
        drawn = [
            chain(lineage, 1, seed=seed, replicate=replicate)[0].corpus.data.inputs
            for seed, replicate in ((0, 0), (0, 1), (1, 0), (0, 0))
        ]
        assert not np.any(drawn[0] == drawn[1])
        assert not np.any(drawn[0] == drawn[2])
        assert np.array_equal(drawn[0], drawn[3])

    def test_every_replicate_of_a_batch_has_its_own(self):
        lineage = mc.Lineage(SAME.exact(), mc.Ridge(), mc.Replace(8), size=8)
        first, second, third = (
            generation.corpus.data.root for generation in chain(lineage, 3, replicates=4)
        )
        assert np.array_equal(first, second)
        assert np.array_equal(first, third)
        assert not np.any(first[0] == first[1], where=np.triu(np.ones((3, 3), dtype=bool)))

    @pytest.mark.parametrize("teacher", [SAME, SAME.exact()], ids=["rows", "statistics"])
    def test_another_number_of_labels_is_refused(self, teacher):
        lineage = mc.Lineage(teacher, mc.Ridge(), mc.Replace(9), size=8)
        with pytest.raises(InputError, match=r"9 labels .* the same 8 inputs.*ask for 8 records"):
            lineage.run(1)

    def test_a_budget_may_see_some_of_them(self):
        lineage = mc.Lineage(SAME, mc.Ridge(), mc.Accumulate(20), size=20, budget=10)
        last = chain(lineage)[-1]
        assert last.training.size == 10
        assert np.isin(last.training.data.inputs, last.corpus.data.inputs).all()

    def test_fewer_of_them_than_coordinates_may_be_labelled_any_number_of_times(self):
        # Ten inputs, labelled three times, are not thirty in thirty dimensions.
        teacher = mc.IsotropicTeacher(30, noise=0.1, same_inputs=True)
        for truth in (teacher, teacher.exact()):
            lineage = mc.Lineage(truth, mc.Ridge(), mc.Accumulate(10), size=10)
            errors = lineage.run(4, replicates=40, seed=0)["test_error"]
            # What the inputs do not show stays unknown: 1 - 10 / 30 of the squared norm.
            assert errors.mean(axis=0) == pytest.approx(np.full(5, 2 / 3), abs=0.06)


class TestRuns:
    LINEAGES = (
        mc.Lineage(TEACHER, mc.Ridge(0.1), mc.Accumulate(10), size=10),
        mc.Lineage(SAME, mc.Ridge(), mc.Replace(9), size=9),
        mc.Lineage(SAME.exact(), mc.Ridge(), mc.Accumulate(9), size=9),
        mc.Lineage(TEACHER, mc.Ridge(0.2),
                   mc.Weighted(mc.Mix(20, real=0.5, fresh=True), 0.618), size=10),
    )  # fmt: skip

    @pytest.mark.parametrize("lineage", LINEAGES)
    @pytest.mark.parametrize("stop", [0, 2])
    def test_an_interrupted_lineage_goes_on_as_if_it_had_not_been(self, lineage, stop):
        whole = chain(lineage, 5, seed=4, replicate=1)
        state = pickle.loads(pickle.dumps(whole[stop].state))
        rest = chain(lineage, 4 - stop, seed=4, replicate=1, after=state)
        probe = DownstreamError((9, 20), 0.2)
        for before, after in zip(whole[stop + 1 :], rest, strict=True):
            assert before.index == after.index
            assert np.array_equal(before.model.coefficients, after.model.coefficients)
            assert fingerprint(before.corpus.data) == fingerprint(after.corpus.data)
            # What is made once along a lineage is made again, and the same.
            assert probe(before) == probe(after)

    def test_a_batch_goes_on_as_well(self):
        lineage = self.LINEAGES[2]
        whole = chain(lineage, 4, seed=4, replicates=3)
        rest = chain(lineage, 2, seed=4, replicates=3, after=whole[1].state)
        for before, after in zip(whole[2:], rest, strict=True):
            assert np.array_equal(before.model.coefficients, after.model.coefficients)

    @pytest.mark.parametrize("lineage", LINEAGES)
    def test_a_stored_run_comes_back_with_the_same_bytes(self, lineage, tmp_path):
        settings = {"replicates": 3, "seed": 5, "probes": ["test_error", DownstreamError(20, 0.1)]}
        plain = lineage.run(4, **settings)
        stored = lineage.run(4, store=tmp_path / "store", **settings)
        again = lineage.run(4, store=tmp_path / "store", **settings)
        for history in (stored, again):
            for measure in plain.measures:
                assert history[measure].tobytes() == plain[measure].tobytes()

    @pytest.mark.parametrize("lineage", LINEAGES)
    def test_a_run_that_was_killed_goes_on_to_the_same_bytes(self, lineage, tmp_path):
        settings = {"seed": 5, "probes": [DownstreamError(20, 0.1)]}
        plain = lineage.run(4, **settings)
        store = Store(tmp_path / "store", checkpoint_seconds=0)

        def stop(done, total):
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            lineage.run(4, store=store, progress=stop, **settings)
        assert list(store.path.glob("*.checkpoint"))
        again = lineage.run(4, store=store, **settings)
        for measure in plain.measures:
            assert again[measure].tobytes() == plain[measure].tobytes()

    @pytest.mark.parametrize("lineage", LINEAGES[2:])
    def test_snapshots_and_the_report_of_a_lineage(self, lineage):
        history = lineage.run(
            3, replicates=4, seed=1, snapshots=[0, 2],
            probes=["test_error", DownstreamError((20, 30), (0.1, 0.5))],
        )  # fmt: skip
        # Of statistics there are no records to look at.
        assert len(history.snapshots) == (0 if lineage.truth.statistics else 2)
        page = render({"": history})
        assert "Test error" in page
        assert "Downstream error" in page

    def test_processes_change_nothing(self):
        lineage = self.LINEAGES[1]
        one = lineage.run(2, replicates=4, seed=3)
        two = lineage.run(2, replicates=4, seed=3, n_jobs=2)
        assert one["test_error"].tobytes() == two["test_error"].tobytes()


class TestSpecs:
    @pytest.mark.parametrize(
        "truth",
        [
            *TEACHERS, TEACHER.exact(), SAME,
            mc.LinearTeacher([1.0, 2.0], response="sign"),
            mc.LinearTeacher(np.eye(3), np.array([1.0, 2.0, 3.0]), response="one_hot"),
            mc.PowerLawTeacher(3, statistics=True, same_inputs=True),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        ("learner", "policy"),
        [
            (mc.Ridge(), mc.Replace(20)),
            (mc.Ridge(0.25, width=2), mc.Accumulate(20)),
            (mc.Ridge(0.25), mc.Weighted(mc.Mix(20, real=0.5, fresh=True), 0.618)),
        ],
    )
    def test_a_lineage_comes_back_from_its_spec(self, truth, learner, policy):
        lineage = mc.Lineage(truth, learner, policy, size=20)
        again = mc.Lineage.from_spec(lineage.spec())
        assert again == lineage
        assert again.spec() == lineage.spec()
        assert fingerprint(again) == fingerprint(lineage)

    def test_arrays_are_kept_as_plain_numbers(self):
        teacher = mc.LinearTeacher(np.arange(3.0), np.eye(3))
        assert teacher.coefficients == (0.0, 1.0, 2.0)
        assert teacher.covariance == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        assert hash(teacher) == hash(mc.LinearTeacher([0, 1, 2], np.eye(3).tolist()))

    @pytest.mark.parametrize(
        ("truth", "message"),
        [
            ({"type": "linear_teacher", "coefficients": ["1"]}, "truth.coefficients"),
            ({"type": "linear_teacher"}, "truth.coefficients: the field is missing"),
            ({"type": "isotropic_teacher", "d": 2.5}, r"truth\.d"),
            ({"type": "isotropic_teacher", "d": 2, "nosie": 1.0}, r"truth\.nosie.*'noise'"),
            ({"type": "power_law_teacher", "d": 2, "response": "real?"}, r"truth\.response"),
            ({"type": "linear_teachr", "coefficients": [1.0]}, "Did you mean 'linear_teacher'"),
        ],
    )
    def test_mistakes_in_a_spec_are_named_by_their_field(self, truth, message):
        spec = mc.Lineage(TEACHER, mc.Ridge(), mc.Replace(9), size=9).spec()
        with pytest.raises(SpecError, match=message):
            mc.Lineage.from_spec({**spec, "truth": truth})


class TestResponses:
    def test_signs(self, rng):
        teacher = mc.LinearTeacher([3.0, 4.0], noise=2.0, response="sign")
        data = teacher.sample(20_000, rng=rng)
        assert set(np.unique(data.targets)) == {-1.0, 1.0}
        # Half the angle between the noisy function and the clean one, of lengths 29^0.5 and 5.
        wrong = np.mean(data.targets != np.where(data.inputs @ [3.0, 4.0] < 0, -1, 1))
        expected = np.arccos(5 / 29**0.5) / np.pi
        assert wrong == pytest.approx(expected, abs=4 * np.sqrt(expected / 20_000))

    def test_classes_are_the_largest_output(self, rng):
        teacher = mc.LinearTeacher(np.eye(3), noise=0.0, response="one_hot")
        data = teacher.sample(500, rng=rng)
        assert np.array_equal(data.targets.argmax(axis=1), data.inputs.argmax(axis=1))
        assert np.array_equal(data.targets.sum(axis=1), np.ones(500))

    def test_noise_makes_a_class_of_chance(self, rng):
        teacher = mc.LinearTeacher([[1.0, -1.0]], noise=1.0, response="one_hot")
        exam = teacher.exam(20_000, rng=rng)
        labels = exam.design.label(exam.inputs @ teacher.weights, rng=rng)
        # The first class wins where 2 x + sqrt(2) e > 0.
        x = exam.inputs[:, 0]
        expected = norm.cdf(np.sqrt(2) * x).mean()
        assert labels[:, 0].mean() == pytest.approx(expected, abs=4 * 0.5 / 20_000**0.5)
        near = np.abs(x - 0.5) < 0.1
        assert labels[near, 0].mean() == pytest.approx(norm.cdf(np.sqrt(2) * 0.5), abs=0.05)

    @pytest.mark.parametrize(
        "teacher",
        [
            mc.LinearTeacher([2.0, 1.0], noise=0.5, response="sign"),
            mc.LinearTeacher(np.eye(3), noise=0.5, response="one_hot"),
        ],
    )
    def test_a_chain_of_classifiers(self, teacher):
        lineage = mc.Lineage(teacher, mc.Ridge(0.01), mc.Replace(100), size=100)
        first, _, third = chain(lineage, 3)
        assert set(np.unique(third.corpus.data.targets)) <= {-1.0, 0.0, 1.0}
        assert third.corpus.data.targets.shape == first.corpus.data.targets.shape
        history = lineage.run(5, replicates=20, seed=0)
        assert history.measures == ("misclassification",)
        rates = history["misclassification"].mean(axis=0)
        assert 0 < rates[0] < rates[-1] < 0.6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: mc.LinearTeacher([1.0, 1.0], [[1.0, 1.0], [1.0, 1.0]]),
            r"not positive definite \(smallest eigenvalue .*\).*Use a regular one",
        ),
        (
            lambda: mc.LinearTeacher([1.0, 1.0], [[1.0, 2.0], [2.0, 1.0]]),
            r"not positive definite \(smallest eigenvalue -1\)",
        ),
        (
            lambda: mc.LinearTeacher([1.0, 1.0], [[1.0, 0.5], [0.2, 1.0]]),
            r"not symmetric. Use \(cov \+ cov\.T\) / 2",
        ),
        (lambda: mc.LinearTeacher([1.0, 1.0], [1.0, 0.0]), "variance of 0: .*Drop that coordinate"),
        (lambda: mc.LinearTeacher([1.0, 1.0], -2.0), "variance of -2"),
        (lambda: mc.LinearTeacher([1.0, 1.0], [1.0, 1.0, 1.0]), r"\(3,\) does not fit 2 coeff"),
        (lambda: mc.LinearTeacher([1.0, 1.0], np.ones((2, 3))), r"\(2, 3\) does not fit"),
        (lambda: mc.LinearTeacher([1.0, 1.0], [[1.0], [1.0, 2.0]]), "ragged rows"),
        (lambda: mc.LinearTeacher([1.0, np.nan]), "coefficients must be finite numbers"),
        (lambda: mc.LinearTeacher([1.0], np.inf), "covariance must be finite numbers"),
        (lambda: mc.LinearTeacher([]), "coefficients must be"),
        (lambda: mc.LinearTeacher("ab"), "coefficients must be finite numbers"),
        (lambda: mc.LinearTeacher(3.0), r"coefficients have shape \(\)"),
        (lambda: mc.LinearTeacher(np.ones((2, 2, 2))), "as a vector or a matrix"),
        (lambda: mc.LinearTeacher([1.0], noise=-1.0), "noise is -1.0"),
        (lambda: mc.LinearTeacher([1.0], noise="1"), "noise is '1'"),
        (lambda: mc.LinearTeacher([1.0], response="signs"), "Did you mean 'sign'"),
        (lambda: mc.LinearTeacher([1.0], response="one_hot"), "there is one"),
        (lambda: mc.LinearTeacher([[1.0]], response="one_hot"), "there is one"),
        (
            lambda: mc.LinearTeacher([1.0], response="sign", statistics=True),
            "statistics=True with the response 'sign'.*Write records instead",
        ),
        (lambda: mc.LinearTeacher([1.0], response="sign").exact(), "Write records instead"),
        (lambda: mc.IsotropicTeacher(0), "d is 0"),
        (lambda: mc.IsotropicTeacher(2.0), r"d is 2\.0.*whole number"),
        (lambda: mc.IsotropicTeacher(2, norm=np.nan), "norm is nan"),
        (lambda: mc.IsotropicTeacher(2, norm="1"), "norm is '1'"),
        (lambda: mc.PowerLawTeacher(3, capacity=-1.0), "capacity is -1.0"),
        (lambda: mc.PowerLawTeacher(3, source=np.inf), "source is inf"),
        (lambda: mc.PowerLawTeacher(3, source=None), "source is None"),
    ],
)
def test_a_nature_that_makes_no_sense_is_refused_with_a_reason(make, message):
    with pytest.raises(InputError, match=message) as refusal:
        make()
    assert "\n" not in str(refusal.value)


def test_a_large_value_is_not_repeated_in_full():
    wrong = np.full((200, 200), np.nan)
    with pytest.raises(InputError) as refusal:
        mc.LinearTeacher(np.ones(200), wrong.tolist())
    assert len(str(refusal.value)) < 400
