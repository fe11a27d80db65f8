import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from modelcollapse.errors import Degenerate, InputError
from modelcollapse.families import em, kmeans
from modelcollapse.families.mixture import Mixture, MixtureOfGaussians

TRUTH = MixtureOfGaussians.from_covariances(
    [0.5, 0.3, 0.2],
    [[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]],
    [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 2.0]], [[0.5, 0.0], [0.0, 0.5]]],
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def sklearn_from(model, records, kind, tolerance):
    """scikit-learn's fit, started at the parameters of `model`."""
    cov = model.roots @ model.roots.transpose(0, 2, 1)
    if kind == "diag":
        cov = np.diagonal(cov, axis1=1, axis2=2)
    other = GaussianMixture(
        len(model.weights),
        covariance_type=kind,
        tol=tolerance,
        max_iter=500,
        weights_init=model.weights,
        means_init=model.means,
        precisions_init=1 / cov if kind == "diag" else np.linalg.inv(cov),
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return other.fit(records)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-7])
@pytest.mark.parametrize("kind", ["full", "diag"])
def test_one_start_leads_where_scikit_learn_ends(rng, kind, tolerance):
    records = TRUTH.sample(2000, rng=rng)
    start = MixtureOfGaussians.from_covariances(
        [0.4, 0.3, 0.3], [[-1.0, 0.0], [1.0, 0.5], [0.0, 1.0]], np.tile(np.eye(2), (3, 1, 1))
    )
    covariance = "full" if kind == "full" else "diagonal"
    learner = Mixture(3, "warm", covariance=covariance, tolerance=tolerance, max_iterations=500)
    ours = learner.fit(records, rng=rng, parent=start)
    theirs = sklearn_from(start, records, kind, tolerance)
    cov = theirs.covariances_
    expected = cov if kind == "full" else cov[:, :, None] * np.eye(2)
    assert ours.iterations == theirs.n_iter_ > 5
    np.testing.assert_allclose(ours.weights, theirs.weights_, rtol=1e-6)
    np.testing.assert_allclose(ours.means, theirs.means_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        ours.roots @ ours.roots.transpose(0, 2, 1), expected, rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(ours.log_density(records), theirs.score_samples(records), atol=1e-6)


def test_cold_start_is_as_good_as_scikit_learns(rng):
    gaps = []
    for seed in range(20):
        records = TRUTH.sample(300, rng=rng)
        other = GaussianMixture(3, random_state=seed, tol=1e-6, max_iter=2000).fit(records)
        ours = Mixture(3, tolerance=1e-6, max_iterations=2000).fit(records, rng=rng)
        gaps.append(ours.log_density(records).mean() - other.score(records))
    assert np.median(gaps) > -1e-4


def test_cold_start_orders_components_by_weight(rng):
    model = Mixture(3).fit(TRUTH.sample(3000, rng=rng), rng=rng)
    assert list(model.weights) == sorted(model.weights, reverse=True)
    np.testing.assert_allclose(model.weights, TRUTH.weights, atol=0.05)


def test_restarts_never_lose_likelihood(rng):
    records = np.concatenate([rng.normal(size=(30, 2)) + 4 * c for c in rng.normal(size=(8, 2))])
    once, often = (
        Mixture(8, restarts=r).fit(records, rng=np.random.default_rng(1)) for r in (1, 10)
    )
    gain = often.log_density(records).mean() - once.log_density(records).mean()
    assert gain > -1e-3


def test_warm_start_keeps_each_component_in_its_place(rng):
    permuted = MixtureOfGaussians(TRUTH.weights[::-1], TRUTH.means[::-1], TRUTH.roots[::-1])
    records = TRUTH.sample(3000, rng=rng)
    model = Mixture(3, "warm").fit(records, rng=rng, parent=permuted)
    np.testing.assert_allclose(model.means, permuted.means, atol=0.3)
    assert np.mean(model.component_of(permuted.means) == [0, 1, 2]) == 1


def test_extinct_component_stays_extinct_under_a_warm_start(rng):
    far = MixtureOfGaussians([0.5, 0.5], [0.0, 100.0], np.ones((2, 1, 1)))
    learner = Mixture(2, "warm")
    model = learner.fit(rng.normal(size=200), rng=rng, parent=far)
    assert model.weights.tolist() == [1, 0]
    both = np.concatenate([rng.normal(size=100), rng.normal(100, 1, size=100)])
    heir = learner.fit(both, rng=rng, parent=model)
    assert heir.weights.tolist() == [1, 0]
    assert heir.means[1] == model.means[1]
    assert (heir.responsibilities(both)[:, 1] == 0).all()


@pytest.mark.parametrize("parent", [None, TRUTH, "other"])
def test_warm_start_without_a_fitting_parent_is_a_cold_start(rng, parent):
    records = TRUTH.sample(500, rng=rng)
    warm = Mixture(2, "warm").fit(records, rng=np.random.default_rng(3), parent=parent)
    cold = Mixture(2, "cold").fit(records, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(warm.means, cold.means)


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_fit_writes_what_it_read(rng, covariance):
    records = TRUTH.sample(2000, rng=rng) + 1000
    model = Mixture(3, covariance=covariance).fit(records, rng=rng)
    cov = np.cov(records.T, ddof=0)
    np.testing.assert_allclose(model.mean, records.mean(axis=0), rtol=1e-9)
    if covariance == "full":
        np.testing.assert_allclose(model.cov, cov, atol=1e-5)
    np.testing.assert_allclose(np.diag(model.cov), np.diag(cov), atol=1e-5)
    sample = model.sample(200_000, rng=rng)
    np.testing.assert_allclose(np.cov(sample.T), model.cov, atol=0.05)
    np.testing.assert_allclose(sample.mean(axis=0), model.mean, atol=0.03)


def test_densities_agree_with_scipy(rng):
    records = TRUTH.sample(50, rng=rng)
    cov = TRUTH.roots @ TRUTH.roots.transpose(0, 2, 1)
    parts = np.array(
        [
            w * multivariate_normal(m, c).pdf(records)
            for w, m, c in zip(TRUTH.weights, TRUTH.means, cov, strict=True)
        ]
    )
    np.testing.assert_allclose(TRUTH.log_density(records), np.log(parts.sum(axis=0)))
    np.testing.assert_allclose(TRUTH.responsibilities(records), (parts / parts.sum(axis=0)).T)
    assert np.isfinite(TRUTH.log_density(np.full((1, 2), 1e4))).all()


def test_sample_is_in_random_order_and_uses_only_rng():
    first, again = (TRUTH.sample(1000, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    component = TRUTH.component_of(first)
    halves = [np.mean(component[half] == 0) for half in (slice(500), slice(500, None))]
    assert abs(halves[0] - halves[1]) < 0.15


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_records_keep_their_shape(rng, shape):
    model = Mixture(2).fit(rng.normal(size=(100, *shape)), rng=rng)
    assert model.sample(7, rng=rng).shape == (7, *shape)
    assert model.mean.shape == shape


def test_blocks_do_not_change_the_result(rng, monkeypatch):
    records = TRUTH.sample(3000, rng=rng)
    whole = Mixture(3).fit(records, rng=np.random.default_rng(1))
    monkeypatch.setattr(em, "_BLOCK", 6 * 300)
    parts = Mixture(3).fit(records, rng=np.random.default_rng(1))
    np.testing.assert_allclose(parts.means, whole.means, rtol=1e-9)
    np.testing.assert_allclose(parts.log_density(records), whole.log_density(records), rtol=1e-9)


def test_narrow_components_far_from_the_origin_are_fitted_exactly(rng):
    records = np.concatenate([1e6 + 1e-2 * rng.normal(size=500), 1e-2 * rng.normal(size=500)])
    model = Mixture(2, regularisation=0).fit(records, rng=rng)
    expected = {1e6: records[:500].std(), 0.0: records[500:].std()}
    for mean, root in zip(model.means, model.roots[:, 0, 0], strict=True):
        assert root == pytest.approx(expected[1e6 if mean > 1 else 0.0], rel=1e-6)


def test_lloyd_gives_a_lost_centre_the_worst_served_record():
    columns = np.array([[-1.0, -1.1, -0.9, 1.0, 1.1, 0.9, 0.0]])
    centres = kmeans.lloyd(columns, np.array([[-1.0], [1.0], [50.0]]))
    assert len(np.unique(np.abs(columns.T - centres[:, 0]).argmin(axis=1))) == 3


def test_too_few_distinct_records_are_degenerate(rng):
    with pytest.raises(Degenerate, match="only 2 of 40 records are distinct"):
        Mixture(3).fit(np.repeat([0.0, 1.0], 20), rng=rng)
    for start in ("cold", "warm"):
        with pytest.raises(Degenerate, match="all 5 records are the same"):
            Mixture(3, start).fit(np.ones((5, 2)), rng=rng, parent=TRUTH)


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_without_regularisation_a_flat_component_is_degenerate(rng, covariance):
    flat = np.c_[rng.normal(size=50), np.ones(50)]
    with pytest.raises(Degenerate, match="lost all variation in some direction"):
        Mixture(1, covariance=covariance, regularisation=0).fit(flat, rng=rng)
    assert Mixture(1, covariance=covariance).fit(flat, rng=rng).varies


def test_varies_says_what_floating_point_resolves():
    assert TRUTH.varies
    point = np.full((1, 1, 1), 1e-20)
    assert not MixtureOfGaussians([1.0], [4.0], point).varies
    assert not MixtureOfGaussians([1.0, 0.0], [4.0, 5.0], np.tile(point, (2, 1, 1))).varies
    assert MixtureOfGaussians([0.5, 0.5], [4.0, 5.0], np.tile(point, (2, 1, 1))).varies


def test_model_reports_a_missed_tolerance(rng):
    records = TRUTH.sample(500, rng=rng)
    model = Mixture(3, tolerance=0, max_iterations=4).fit(records, rng=rng)
    assert (model.converged, model.iterations) == (False, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"components": 0}, "components is a whole number"),
        ({"restarts": 1.5}, "restarts is a whole number"),
        ({"tolerance": -1}, "tolerance is a number of 0 or more"),
        ({"regularisation": float("nan")}, "regularisation is a number"),
        ({"start": "worm"}, "Did you mean 'warm'"),
        ({"covariance": "fulll"}, "Did you mean 'full'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Mixture(**options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], [0.0, 1.0], [1.0, 1.0]), "sum to 1"),
        (([1.0], [0.0, 1.0], [1.0, 1.0]), "need weights of shape"),
        (([1.0], [0.0], [-1.0]), "positive definite"),
        (([], [], np.empty((0, 1, 1))), "at least one component"),
    ],
)
def test_mixtures_that_are_none_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        MixtureOfGaussians.from_covariances(*arguments)


def test_root_without_positive_diagonal_is_refused():
    with pytest.raises(InputError, match="positive diagonal"):
        MixtureOfGaussians([1.0], [0.0], [[[0.0]]])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1.0, 2.0]], "got list"),
        (np.array(["a"]), "an array of <U1"),
        (np.array([1.0, np.nan, np.inf]), "2 of 3 records hold one"),
        (np.empty((0, 2)), "no numbers"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(rng, data, message):
    with pytest.raises(InputError, match=message):
        Mixture(2).fit(data, rng=rng)


def test_density_of_records_of_another_size_is_refused():
    with pytest.raises(InputError, match="records of 3 numbers"):
        TRUTH.log_density(np.zeros((2, 3)))
