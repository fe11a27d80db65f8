"""The estimator in scikit-learn's world."""

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import modelcollapse as mc
from modelcollapse.errors import InputError
from modelcollapse.ridge_planning import plan_ridge


@parametrize_with_checks([mc.CollapseAwareRidge(), mc.CollapseAwareRidge(fit_intercept=False)])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_it_keeps_scikit_learns_rules(estimator, check):
    check(estimator)


@pytest.fixture
def table(rng):
    X = rng.normal(size=(100, 5)) * [1, 2, 0.5, 1, 1]
    depth = np.repeat([0, 3], [80, 20])
    y = X @ [1.0, 0.5, 0, 0, 1.0] + depth * (X @ [0.2, 0.0, 0.3, -0.2, 0.1])
    return X, y + 2 + 0.5 * rng.normal(size=100), depth


@pytest.mark.parametrize("intercept", [True, False])
def test_with_real_rows_alone_it_is_ridge_by_cross_validation(table, intercept):
    X, y, _ = table
    grid = np.geomspace(1e-4, 10, 30)
    ours = mc.CollapseAwareRidge(penalties=grid, fit_intercept=intercept).fit(X, y)
    theirs = RidgeCV(grid * len(y), fit_intercept=intercept).fit(X, y)
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-9)
    assert ours.criterion_path_.min() == pytest.approx(-theirs.best_score_)
    assert ours.gain_ == 0
    assert ours.gain_interval_ == (0, 0)
    assert ours.weight_ == 1


def test_labels_and_weights(table):
    X, y, depth = table
    found = mc.CollapseAwareRidge().fit(X, y, generation=depth)
    assert found.weight_ < 1
    assert found.criterion_path_.shape == (found.weights_.size, found.penalties_.size)
    again = Ridge(found.alpha_).fit(X, y, sample_weight=np.where(depth == 0, 1.0, found.weight_))
    np.testing.assert_allclose(found.coef_, again.coef_, rtol=1e-6)
    assert found.intercept_ == pytest.approx(again.intercept_)
    np.testing.assert_allclose(found.predict(X), again.predict(X), rtol=1e-6)
    plan = plan_ridge(X, y, depth)
    assert found.penalty_ == plan.choice.chosen.penalty
    assert found.gain_ == plan.choice.gain.value
    assert found.gain_interval_ == (plan.choice.gain.low, plan.choice.gain.high)


def test_depth_of_all_rows(table):
    X, y, _ = table
    labels = np.full(100, 4)
    by_number = mc.CollapseAwareRidge(generations=4, generator_records=20).fit(X, y)
    by_label = mc.CollapseAwareRidge(generator_records=20).fit(X, y, generation=labels)
    assert by_number.penalty_ == by_label.penalty_
    assert by_number.penalty_ > mc.CollapseAwareRidge().fit(X, y).penalty_
    louder = mc.CollapseAwareRidge(generations=4, generator_records=20, generator_noise=5.0)
    assert louder.fit(X, y).penalty_ > by_number.penalty_


def test_labels_travel_through_pipelines_and_cross_validation(table):
    X, y, depth = table
    with sklearn.config_context(enable_metadata_routing=True):
        aware = mc.CollapseAwareRidge().set_fit_request(generation=True)
        pipeline = make_pipeline(StandardScaler(), aware)
        pipeline.fit(X, y, generation=depth)
        assert pipeline[-1].weight_ < 1
        shuffled = np.random.default_rng(0).permutation(100)
        scores = cross_val_score(
            aware, X[shuffled], y[shuffled], params={"generation": depth[shuffled]}, cv=2,
            error_score="raise",
        )  # fmt: skip
        assert scores.min() > 0
        search = GridSearchCV(aware, {"fit_intercept": [True, False]}, cv=2, error_score="raise")
        search.fit(X[shuffled], y[shuffled], generation=depth[shuffled])
        assert search.best_params_ == {"fit_intercept": True}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"generations": 2}, "0 of 100 rows are real"),
        ({"generations": -1}, "counts the generators"),
        ({"generations": 1, "generator_records": 7}, "infinite for one record less"),
        ({"penalties": [np.nan]}, "penalties must be finite"),
        ({"confidence": 0}, "confidence is 0"),
    ],
)
def test_wrong_parameters_are_refused_by_fit(table, given, message):
    X, y, _ = table
    with pytest.raises(InputError, match=message):
        mc.CollapseAwareRidge(**given).fit(X, y)


def test_labels_of_another_length_are_refused(table):
    X, y, depth = table
    with pytest.raises(InputError, match="100 rows and each needs one label"):
        mc.CollapseAwareRidge().fit(X, y, generation=depth[1:])
