import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError, NoTheorem
from modelcollapse.prediction import Curve, predict, quantities, statement
from modelcollapse.theorems import THEOREMS
from modelcollapse.theory._formula import CATALOGUE

GAUSS = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(50), size=50)
ZIPF = mc.Lineage(mc.Zipf(20), mc.Frequencies(), mc.Replace(30), size=30)


def test_a_prediction_says_what_kind_it_is_and_where_it_comes_from():
    curve = predict(GAUSS, "variance", 10)
    assert np.allclose(curve.values, (1 - 1 / 50) ** np.arange(1, 12))
    assert curve.kind == "exact"
    assert "Muirhead" in curve.origin
    assert curve.cite().startswith("@")
    assert "mean variance (exact)" in repr(curve)
    assert curve.to_dict()["values"][0] == pytest.approx(0.98)


def test_units_are_those_of_the_truth():
    wide = GAUSS.but(truth=mc.Gaussian(3.0, 4.0))
    assert np.allclose(
        predict(wide, "variance", 5).values, 4 * predict(GAUSS, "variance", 5).values
    )
    shift = predict(wide, "log_variance", 5).values - predict(GAUSS, "log_variance", 5).values
    assert np.allclose(shift, np.log(4))


def test_generations_may_be_given_one_by_one():
    curve = predict(GAUSS, "variance", [0, 7])
    assert curve.generations.tolist() == [0, 7]
    assert np.allclose(curve.values, predict(GAUSS, "variance", 7).values[[0, 7]])


def test_a_budget_is_a_smaller_sample():
    budgeted = GAUSS.but(budget=20)
    smaller = GAUSS.but(size=20, policy=mc.Replace(20))
    for quantity in ("variance", "mean_error", "log_variance"):
        a, b = predict(budgeted, quantity), predict(smaller, quantity)
        assert np.allclose(a.values, b.values)


@pytest.mark.parametrize(
    ("lineage", "reason"),
    [
        (GAUSS.but(learner=mc.Mixture(2)), "the learner is GaussianMLE, but it is Mixture"),
        (
            GAUSS.but(policy=mc.Replace(60)),
            "as many records as generation 0, but it is 60 after 50",
        ),
        (GAUSS.but(policy=mc.Accumulate(60)), "n equals the size of generation 0"),
        (GAUSS.but(policy=mc.Mix(50, real=0.2, beta=0.1)), "beta is 0.1"),
        (GAUSS.but(policy=mc.Mix(50, real=0.2, fixed=True)), "a fixed part of them"),
        (GAUSS.but(curator=mc.RandomSelection()), "there is no curator"),
        (ZIPF.but(learner=mc.Frequencies(smoothing=0.5, states=20)), "smoothing is 0.5"),
    ],
)
def test_where_no_theorem_applies_the_failing_condition_is_named(lineage, reason):
    with pytest.raises(NoTheorem, match=r"no theorem covers the variance .*Simulate it instead"):
        predict(lineage, "variance")
    with pytest.raises(NoTheorem) as refusal:
        predict(lineage, "variance")
    assert reason in str(refusal.value)


def test_a_quantity_that_does_not_exist_lists_those_that_do():
    with pytest.raises(InputError, match="Did you mean 'variance'"):
        predict(GAUSS, "varience")


def test_a_kind_that_is_not_there_is_refused():
    with pytest.raises(NoTheorem, match="of the kind 'bound'"):
        predict(GAUSS, "variance", kind="bound")


def test_negative_generations_are_refused():
    with pytest.raises(InputError, match="count from 0"):
        predict(GAUSS, "variance", [-1, 2])


def test_the_strongest_statement_is_preferred():
    assert predict(ZIPF, "support").kind == "exact"
    large = ZIPF.but(size=10_000, policy=mc.Replace(10_000))
    assert predict(large, "support").kind == "bound"


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: f"{t.quantity}-{t.formula}")
def test_every_theorem_rests_on_a_formula_of_the_catalogue(theorem):
    claim = CATALOGUE[theorem.formula]
    assert claim.kind in ("exact", "bound", "asymptotic")
    assert claim.holds
    assert theorem.quantity in quantities()


def test_a_statement_reports_the_agreement():
    history = GAUSS.run(10, replicates=300, probes=["variance", "tail_retention"])
    said = statement(history, "variance")
    assert isinstance(said.curve, Curve)
    assert 0 < said.score < 4
    assert "standard errors" in said.words
    assert statement(history, "tail_retention") is None


def test_a_statement_without_a_theorem_says_why():
    lineage = GAUSS.but(policy=mc.Replace(60))
    said = statement(lineage.run(2, replicates=3, probes=["variance"]), "variance")
    assert said.curve is None
    assert "60 after 50" in said.words


def test_the_half_life_is_where_the_median_halves():
    generations = GAUSS.half_life()
    curve = predict(GAUSS, "typical_variance", [0, round(generations)])
    assert curve.values[1] / curve.values[0] == pytest.approx(0.5, rel=0.03)
    with pytest.raises(NoTheorem, match="half-life"):
        GAUSS.but(policy=mc.Accumulate(50)).half_life()
