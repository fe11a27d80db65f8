import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.linear_model import Ridge as SklearnRidge

import modelcollapse as mc
from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.regression.inputs import FixedInputs
from modelcollapse.families.regression.statistics import LeastSquares

TEACHER = mc.LinearTeacher([1.0, -2.0, 0.5, 0.0], [1.0, 4.0, 0.25, 1.0], noise=0.5)


@pytest.mark.parametrize("n", [2, 20])
@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_a_fit_is_that_of_scikit_learn(n, penalty, rng):
    data = TEACHER.sample(n, rng=rng)
    model = SklearnRidge(alpha=n * penalty, fit_intercept=False, solver="svd")
    expected = model.fit(data.inputs, data.targets)
    for given in (data, LeastSquares.of(data)):
        found = mc.Ridge(penalty).fit(given, rng=rng)
        assert np.allclose(found.coefficients, expected.coef_, rtol=1e-10)
        assert np.allclose(found.predict(data.inputs), expected.predict(data.inputs), rtol=1e-9)


def test_the_penalty_counts_weights_and_not_records(rng):
    data = TEACHER.sample(12, rng=rng)
    weights = rng.uniform(0.5, 4.0, size=12)
    model = SklearnRidge(alpha=weights.sum() * 0.2, fit_intercept=False, solver="svd")
    expected = model.fit(data.inputs, data.targets, sample_weight=weights).coef_
    found = mc.Ridge(0.2).fit(data.but(weights=weights), rng=rng)
    assert np.allclose(found.coefficients, expected, rtol=1e-10)
    # Only ratios of weights matter, so that weighing all records alike changes nothing.
    alike = mc.Ridge(0.2).fit(records.weigh(data, 9.0), rng=rng)
    assert np.allclose(alike.coefficients, mc.Ridge(0.2).fit(data, rng=rng).coefficients)


def test_several_outputs_are_fitted_one_by_one(rng):
    data = mc.LinearTeacher(rng.normal(size=(4, 3)), noise=0.1).sample(15, rng=rng)
    together = mc.Ridge(0.1).fit(data, rng=rng)
    assert together.coefficients.shape == (4, 3)
    assert together.predict(data.inputs).shape == (15, 3)
    for i in range(3):
        alone = mc.Ridge(0.1).fit(type(data)(data.inputs, data.targets[:, i]), rng=rng)
        assert np.allclose(together.coefficients[:, i], alone.coefficients)
        assert alone.coefficients.shape == (4,)


def test_a_model_writes_what_it_was_fitted_to(rng):
    data = TEACHER.sample(30, rng=rng)
    model = mc.Ridge().fit(data, rng=rng)
    written = model.sample(20_000, rng=rng)
    assert written.design is data.design
    noise = written.targets - model.predict(written.inputs)
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert np.allclose(written.inputs.std(axis=0), [1, 2, 0.5, 1], rtol=0.03)
    # Records that were summarised for the fit are records again when written.
    held = mc.Ridge().fit(LeastSquares.of(data), rng=rng)
    assert type(held.sample(5, rng=rng)) is type(data)
    statistics = mc.Ridge().fit(TEACHER.exact().sample(30, rng=rng), rng=rng).sample(9, rng=rng)
    assert isinstance(statistics, LeastSquares)
    assert statistics.n == 9


def test_a_batch_is_fitted_at_once(rng):
    held = TEACHER.exact().replicate(6).sample(20, rng=rng)
    model = mc.Ridge(0.1).fit(held, rng=rng)
    assert model.coefficients.shape == (6, 4)
    one = LeastSquares(20, 20.0, held.root[2], held.target[2], held.design)
    alone = mc.Ridge(0.1).fit(one, rng=rng)
    assert np.allclose(model.coefficients[2], alone.coefficients, rtol=1e-11)
    assert model.sample(7, rng=rng).root.shape == (6, 4, 4)


class TestWidth:
    @pytest.mark.parametrize(("n", "width"), [(30, 2), (30, 9), (2, 8)])
    @pytest.mark.parametrize("penalty", [0.0, 0.3])
    def test_the_fit_lies_in_the_projection(self, n, width, penalty, rng):
        data = TEACHER.sample(n, rng=rng)
        found = mc.Ridge(penalty, width).fit(data, rng=np.random.default_rng(7))
        # Drawn as the learner says: independent normal entries of variance 1 / width.
        projection = np.random.default_rng(7).standard_normal((4, width)) / np.sqrt(width)
        narrow = data.inputs @ projection
        if penalty:
            model = SklearnRidge(alpha=n * penalty, fit_intercept=False, solver="svd")
            inside = model.fit(narrow, data.targets).coef_
        else:
            inside = np.linalg.pinv(narrow, rcond=1e-10) @ data.targets
        assert np.allclose(found.coefficients, projection @ inside, rtol=1e-9, atol=1e-11)

    def test_projections_are_drawn_anew_in_every_fit_and_replicate(self, rng):
        data = TEACHER.sample(30, rng=rng)
        first, second = (mc.Ridge(width=2).fit(data, rng=rng).coefficients for _ in range(2))
        assert not np.allclose(first, second)
        batch = TEACHER.exact().replicate(2).sample(10**9, rng=rng)
        one, other = mc.Ridge(width=2).fit(batch, rng=rng).coefficients
        assert not np.allclose(one, other, atol=0.01)

    def test_a_batch_has_the_law_of_records(self):
        learner, rng = mc.Ridge(0.1, width=3), np.random.default_rng(0)
        batch = learner.fit(TEACHER.exact().replicate(2000).sample(8, rng=rng), rng=rng)
        rows = [learner.fit(TEACHER.sample(8, rng=rng), rng=rng).coefficients for _ in range(2000)]
        narrower = mc.Ridge(0.1, width=2)
        other = narrower.fit(TEACHER.exact().replicate(2000).sample(8, rng=rng), rng=rng)
        for i in range(4):
            assert ks_2samp(batch.coefficients[:, i], np.array(rows)[:, i]).pvalue > 1e-3
        assert ks_2samp(other.coefficients[:, 1], np.array(rows)[:, 1]).pvalue < 1e-4


class TestNumbersOfRecords:
    @pytest.mark.parametrize("n", [3, 4, 5])
    @pytest.mark.parametrize("teacher", [TEACHER, TEACHER.exact()], ids=["rows", "statistics"])
    def test_least_squares_near_the_dimension_is_refused(self, teacher, n):
        with pytest.raises(InputError, match=rf"on {n} records in 4 dimensions has an infinite"):
            mc.Lineage(teacher, mc.Ridge(), mc.Replace(20), size=n).run(1)

    def test_the_refusal_says_what_diverges_and_what_to_do(self, rng):
        with pytest.raises(InputError) as refusal:
            mc.Ridge().fit(TEACHER.sample(4, rng=rng), rng=rng)
        message = str(refusal.value)
        assert "1 / |n - d|" in message
        assert "Use at least 6 records, at most 2, or a penalty above 0." in message

    @pytest.mark.parametrize(("n", "penalty"), [(2, 0.0), (6, 0.0), (4, 1e-9), (3, 1.0)])
    def test_farther_away_or_with_a_penalty_it_is_fitted(self, n, penalty, rng):
        model = mc.Ridge(penalty).fit(TEACHER.sample(n, rng=rng), rng=rng)
        assert np.all(np.isfinite(model.coefficients))

    def test_it_is_the_width_that_counts_in_a_projection(self, rng):
        mc.Ridge(width=2).fit(TEACHER.sample(5, rng=rng), rng=rng)
        with pytest.raises(InputError, match="on 3 records in 2 dimensions"):
            mc.Ridge(width=2).fit(TEACHER.sample(3, rng=rng), rng=rng)
        # A width beyond the coordinates adds no direction.
        mc.Ridge(width=30).fit(TEACHER.sample(30, rng=rng), rng=rng)
        with pytest.raises(InputError, match="on 5 records in 4 dimensions"):
            mc.Ridge(width=30).fit(TEACHER.sample(5, rng=rng), rng=rng)

    def test_the_same_inputs_labelled_again_are_no_new_ones(self, rng):
        rows = rng.normal(size=(5, 10))
        data = TEACHER.sample(5, rng=rng).but(inputs=rows)
        design = data.design.but(inputs=FixedInputs(rows, 5))
        twice = records.concat([data.but(design=design)] * 2)
        # Ten records in ten dimensions, but of five inputs: an interpolation like any other.
        found = mc.Ridge().fit(twice, rng=rng)
        assert np.allclose(found.coefficients, np.linalg.pinv(rows) @ data.targets, rtol=1e-10)
        with pytest.raises(InputError, match="on 10 records in 10 dimensions"):
            mc.Ridge().fit(records.concat([data, data]), rng=rng)


def test_a_path_serves_every_penalty(rng):
    data = TEACHER.sample(30, rng=rng)
    at = rng.normal(size=(5, 4))
    values = mc.Ridge().path(data.inputs).values(data.targets, np.array([0.0, 0.4]), at)
    for i, penalty in enumerate((0.0, 0.4)):
        expected = mc.Ridge(penalty).fit(data, rng=rng).predict(at)
        assert np.allclose(values[:, i], expected, rtol=1e-9)


def test_nothing_is_drawn_without_a_projection():
    rng = np.random.default_rng(0)
    mc.Ridge(0.1).fit(TEACHER.sample(9, rng=np.random.default_rng(1)), rng=rng)
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mc.Ridge(-0.1), "the penalty is -0.1.*Use 0 for least squares"),
        (lambda: mc.Ridge(np.nan), "the penalty is nan"),
        (lambda: mc.Ridge(np.inf), "the penalty is inf"),
        (lambda: mc.Ridge("0.1"), "the penalty is '0.1'"),
        (lambda: mc.Ridge(None), "the penalty is None"),
        (lambda: mc.Ridge(width=0), "width is 0.*at least 1"),
        (lambda: mc.Ridge(width=2.5), "width is 2.5"),
    ],
)
def test_impossible_settings_are_refused_with_a_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("data", [np.zeros((5, 2)), [1.0, 2.0]])
def test_other_records_are_refused(data, rng):
    with pytest.raises(Incompatible, match=r"fitted to labelled records, and got (ndarray|list)"):
        mc.Ridge().fit(data, rng=rng)
