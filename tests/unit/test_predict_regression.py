from dataclasses import replace

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError, NoTheorem
from modelcollapse.prediction import overlay, predict, statement
from modelcollapse.probes import DownstreamError, TestError
from modelcollapse.report import render
from modelcollapse.theory import regression

TEACHER = mc.IsotropicTeacher(10, noise=0.5, statistics=True)
CHAIN = mc.Lineage(TEACHER, mc.Ridge(), mc.Replace(32), size=32)
GOLDEN = mc.Lineage(
    mc.IsotropicTeacher(2, noise=0.5),
    mc.Ridge(),
    mc.Weighted(mc.Mix(200, real=0.5, fresh=True), 0.618),
    size=100,
)


def test_least_squares_is_known_exactly():
    curve = predict(CHAIN, "test_error", 5)
    # sigma^2 d / (n - d - 1) for each fit
    assert np.allclose(curve.values, np.arange(1, 7) * 0.25 * 10 / 21)
    assert curve.kind == "exact"
    assert curve.measure == "test_error"
    assert np.allclose(curve.parts["clean variance"], 0.25 * 10 / 21)
    assert np.allclose(curve.parts["added variance"], np.arange(6) * 0.25 * 10 / 21)


@pytest.mark.parametrize("covariance", [2.0, np.arange(1.0, 11), np.eye(10) + 0.5])
def test_the_covariance_of_inputs_makes_no_difference_to_it(covariance):
    truth = mc.LinearTeacher(np.arange(10.0), covariance, noise=0.5)
    other = CHAIN.but(truth=truth)
    assert np.allclose(predict(other, "test_error").values, predict(CHAIN, "test_error").values)


def test_the_same_inputs_make_no_difference_to_it():
    same = CHAIN.but(truth=replace(TEACHER, same_inputs=True))
    assert np.allclose(predict(same, "test_error").values, predict(CHAIN, "test_error").values)


def test_accumulated_errors_tell_the_same_inputs_from_new_ones():
    pooled = CHAIN.but(policy=mc.Accumulate(32))
    same = pooled.but(truth=replace(TEACHER, same_inputs=True))
    fits = np.arange(1, 8)
    unit = 0.25 * 10
    new = unit * np.cumsum(1 / (fits * (32 * fits - 11)))
    assert np.allclose(predict(pooled, "test_error", 6).values, new)
    old = unit / 21 * np.cumsum(1 / fits**2)
    assert np.allclose(predict(same, "test_error", 6).values, old)


@pytest.mark.parametrize(
    "lineage",
    [
        CHAIN,
        CHAIN.but(learner=mc.Ridge(0.1)),
        CHAIN.but(size=6, policy=mc.Replace(6)),
        CHAIN.but(truth=mc.PowerLawTeacher(10, noise=0.3), learner=mc.Ridge(0.01)),
    ],
)
@pytest.mark.parametrize("probe", ["test_error", DownstreamError(50, 0.1)])
def test_parts_add_up_to_the_prediction(lineage, probe):
    curve = predict(lineage, probe, 6)
    assert set(curve.parts) <= {"clean bias", "clean variance", "added bias", "added variance"}
    assert np.allclose(sum(curve.parts.values()), curve.values)
    assert curve.parts["added variance"][0] == 0
    assert np.all(np.diff(curve.values) > 0)
    told = repr(curve)
    assert all(name in told for name in curve.parts)
    assert curve.to_dict()["parts"].keys() == curve.parts.keys()


def test_with_a_penalty_the_model_of_a_generation_is_one_more_downstream_fit():
    penalised = CHAIN.but(learner=mc.Ridge(0.1))
    own = predict(penalised, "test_error", 5)
    same = predict(penalised, DownstreamError(32, 0.1), 5)
    assert own.kind == same.kind == "asymptotic"
    assert np.allclose(own.values, same.values)


def test_generators_with_fewer_records_than_coordinates():
    few = CHAIN.but(size=6, policy=mc.Replace(6))
    t = np.arange(5)
    # Isotropic, exactly: what 6 of 10 directions keep, and the noise of fits, kept as long.
    kept = 0.6 ** (t + 1)
    noise = 0.25 * 6 / (10 - 6 - 1) * (1 - kept) / 0.4
    curve = predict(few, "test_error", 4)
    assert curve.kind == "exact"
    assert np.allclose(curve.values, 1 - kept + noise)
    assert np.allclose(sum(curve.parts.values()), curve.values)
    assert np.allclose(curve.parts["clean bias"], 0.4)
    limit = predict(few, "test_error", 4, kind="asymptotic")
    assert np.allclose(limit.values, 1 - kept + noise * 3 / 4)
    same = few.but(truth=replace(TEACHER, same_inputs=True))
    held = predict(same, "test_error", 4).values
    assert np.allclose(held, 0.4 + (t + 1) * 0.25 * 6 / 3)


def test_what_is_fitted_downstream_is_said_by_the_measure():
    curve = predict(CHAIN, DownstreamError(50, 0.1, noise=0.2), 4)
    expected = regression.chain_error(
        np.arange(5), 50, 0.1, eigenvalues=np.ones(10), coefficients=np.full(10, 0.1**0.5),
        noise=0.2, generator_records=32, generator_noise=0.5,
    )  # fmt: skip
    assert np.allclose(curve.values, expected.total)
    # The noise of the truth where the measure has none of its own.
    assert np.allclose(
        predict(CHAIN, DownstreamError(50, 0.1), 4).values,
        predict(CHAIN, DownstreamError(50, 0.1, noise=0.5), 4).values,
    )
    assert np.allclose(
        predict(CHAIN, TestError(), 4).values, predict(CHAIN, "test_error", 4).values
    )


@pytest.mark.parametrize("quantity", ["downstream_error", DownstreamError((50, 60), 0.1)])
def test_without_its_settings_there_is_nothing_to_predict(quantity):
    with pytest.raises(InputError, match=r"Pass the measure, with one number .*DownstreamError\("):
        predict(CHAIN, quantity)


@pytest.mark.parametrize("n", [9, 10, 11])
def test_a_downstream_fit_that_diverges_is_refused(n):
    with pytest.raises(InputError, match=rf"on {n} records in 10 dimensions has an infinite"):
        predict(CHAIN, DownstreamError(n))
    assert np.all(np.isfinite(predict(CHAIN, DownstreamError(n, 0.01)).values))


def test_the_weighted_error_is_of_leading_order_and_says_so():
    curve = predict(GOLDEN, "test_error", 200)
    unit = 0.25 * 2 / (100 - 2 - 1)
    assert curve.values[0] == pytest.approx(unit)
    assert curve.values[-1] == pytest.approx(0.618034 * unit, rel=1e-5)
    assert curve.kind == "asymptotic"
    with pytest.raises(NoTheorem):
        predict(GOLDEN, "test_error", kind="exact")


@pytest.mark.parametrize(
    ("lineage", "reason"),
    [
        (CHAIN.but(policy=mc.Replace(40)), "as many records as generation 0, but it is 40 after 3"),
        (CHAIN.but(policy=mc.Mix(32, real=0.5)), "the policy is Replace, but it is Mix"),
        (CHAIN.but(budget=20), "there is no budget, but the budget is 20"),
        (CHAIN.but(curator=mc.RandomSelection()), "there is no curator"),
        (CHAIN.but(size=11, policy=mc.Replace(11)), "there are 11 records for 10 coordinates"),
        (CHAIN.but(learner=mc.Ridge(width=3)), "they are projected"),
        (CHAIN.but(truth=mc.LinearTeacher(np.eye(3))), "there are several of them"),
        (CHAIN.but(truth=mc.LinearTeacher([1.0], response="sign")), "they are classes"),
        (
            CHAIN.but(truth=replace(TEACHER, same_inputs=True), learner=mc.Ridge(0.1)),
            "a penalty see new inputs, but they see the same ones",
        ),
        (CHAIN.but(truth=mc.Empirical(np.zeros((99, 2)))), "a linear teacher, but it is Empirical"),
        (CHAIN.but(learner=mc.GaussianMLE()), "the learner is Ridge, but it is GaussianMLE"),
        (CHAIN.but(policy=mc.Accumulate(40)), "n is 40 and the size 32"),
        (CHAIN.but(policy=mc.Accumulate(32), learner=mc.Ridge(0.1)), "the penalty is 0.1"),
        (CHAIN.but(policy=mc.Accumulate(6), size=6), "there are 6 for d = 10"),
        (GOLDEN.but(size=50), "it has 50, and later ones 100"),
        (
            GOLDEN.but(size=60, policy=mc.Weighted(mc.Mix(120, real=0.5, fresh=True), 0.618)),
            "there are 60 for d = 2",
        ),
        (GOLDEN.but(learner=mc.Ridge(0.1)), "the penalty is 0.1"),
        (
            GOLDEN.but(truth=mc.IsotropicTeacher(2, same_inputs=True)),
            "inputs are drawn anew, but they are always the same",
        ),
    ],
)
def test_where_no_theorem_applies_the_failing_condition_is_named(lineage, reason):
    with pytest.raises(NoTheorem) as refusal:
        predict(lineage, "test_error")
    assert reason in str(refusal.value)
    assert str(refusal.value).endswith("Simulate it instead.")


@pytest.mark.parametrize(
    "policy",
    [
        mc.Weighted(mc.Mix(200, real=0.5), 0.618),
        mc.Weighted(mc.Mix(200, real=0.5, beta=0.1, fresh=True), 0.618),
        mc.Weighted(mc.Accumulate(100), 0.618),
    ],
)
def test_other_weighted_policies_are_not_covered(policy):
    with pytest.raises(NoTheorem):
        predict(GOLDEN.but(policy=policy), "test_error")


PAIRS = DownstreamError((30, 60), (0.0, 0.25))


@pytest.fixture(scope="module")
def history():
    return CHAIN.run(4, replicates=400, seed=2, probes=["test_error", PAIRS])


class TestHistories:
    def test_theory_lies_over_every_measure(self, history):
        assert len(history.measures) == 5
        assert np.allclose(
            overlay(history, "test_error").values, predict(CHAIN, "test_error", 4).values
        )
        for n in (30, 60):
            for penalty in (0.0, 0.25):
                found = overlay(history, PAIRS.measure(n, penalty))
                expected = predict(CHAIN, DownstreamError(n, penalty), 4)
                assert np.array_equal(found.values, expected.values)
                assert found.generations.tolist() == [0, 1, 2, 3, 4]

    def test_what_is_said_of_each(self, history):
        said = statement(history, "test_error")
        assert said.words.startswith("exact, of the mean; the simulation is within")
        assert 0 < said.score < 4
        for measure in history.measures[1:]:
            said = statement(history, measure)
            assert said.words.startswith(f"{said.curve.kind}, of the mean")
            assert said.scores.shape == (5,)

    def test_a_single_pair_has_its_theory_as_well(self):
        probe = DownstreamError(60, 0.25, noise=0.1)
        history = CHAIN.run(3, replicates=20, probes=[probe], every=3)
        found = overlay(history, "downstream_error")
        assert found.generations.tolist() == [0, 3]
        assert np.allclose(found.values, predict(CHAIN, probe, [0, 3]).values)

    def test_where_there_is_none_the_reason_is_told(self):
        lineage = CHAIN.but(policy=mc.Replace(40))
        history = lineage.run(1, replicates=3, probes=["test_error", DownstreamError(60, 0.1)])
        for measure in ("test_error", "downstream_error"):
            assert overlay(history, measure) is None
            said = statement(history, measure)
            assert said.curve is None
            assert "40 after 32" in said.words

    def test_misclassification_by_a_linear_teacher_has_no_theory(self):
        truth = mc.LinearTeacher([1.0, 2.0], response="sign")
        history = CHAIN.but(truth=truth).run(1, replicates=3)
        assert overlay(history, "misclassification") is None
        told = statement(history, "misclassification")
        assert told.curve is None
        assert "but it is LinearTeacher" in told.words

    def test_a_report_shows_it(self, history):
        page = render({"chain": history})
        assert "Gerstgrasser" in page
        assert "Derived for this package" in page
        assert "asymptotic, of the mean" in page
