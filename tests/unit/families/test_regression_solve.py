import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge

from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.families.regression.solve import (
    RidgePath,
    RowsPath,
    least_squares,
    ridge,
)
from modelcollapse.families.regression.statistics import LeastSquares

# Below and above the size at which triangular systems are solved one by one.
SHAPES = [(1, 1), (5, 3), (3, 5), (3, 3), (80, 40), (40, 80), (35, 33)]


def problem(n, d, outputs=2, seed=0):
    rng = np.random.default_rng([seed, n, d])
    return rng.normal(size=(n, d)), rng.normal(size=(n, outputs))


def factors(x, y, weights=None):
    held = LeastSquares.of(Labelled(x, y, weights=weights))
    return held.root, held.target, held.weight


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_least_squares_has_the_smallest_norm(n, d):
    x, y = problem(n, d)
    root, target, _ = factors(x, y)
    found = least_squares(root, target)
    assert np.allclose(found, np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-10, atol=1e-11)
    assert np.allclose(found, np.linalg.pinv(x) @ y, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("penalty", [1e-6, 0.1, 30.0])
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_ridge_is_that_of_scikit_learn(n, d, penalty):
    x, y = problem(n, d)
    root, target, weight = factors(x, y)
    reference = SklearnRidge(alpha=n * penalty, fit_intercept=False, solver="svd").fit(x, y)
    expected = reference.coef_.reshape(2, d).T
    found = ridge(root, target, weight, penalty)
    assert np.allclose(found, expected, rtol=1e-10, atol=1e-12 / penalty)
    # Any factor will do, so that of the rows themselves as well.
    assert np.allclose(ridge(x, y, n, penalty), expected, rtol=1e-10, atol=1e-12 / penalty)


@pytest.mark.parametrize("penalty", [0.0, 0.05])
@pytest.mark.parametrize(("n", "d"), [(20, 4), (60, 40), (4, 20)])
def test_weighted_fits_are_those_of_scikit_learn(n, d, penalty):
    x, y = problem(n, d)
    weights = np.random.default_rng(1).uniform(0.1, 3.0, size=n)
    root, target, weight = factors(x, y, weights)
    scale = np.sqrt(weights)[:, None]
    if penalty:
        model = SklearnRidge(alpha=weights.sum() * penalty, fit_intercept=False, solver="svd")
        expected = model.fit(x, y, sample_weight=weights).coef_.T
        found = ridge(root, target, weight, penalty)
    else:
        expected = np.linalg.lstsq(x * scale, y * scale, rcond=None)[0]
        found = least_squares(root, target)
    assert np.allclose(found, expected, rtol=1e-10, atol=1e-11)
    unweighted = np.linalg.lstsq(x, y, rcond=None)[0]
    assert n < d or not np.allclose(found, unweighted, rtol=1e-3)


@pytest.mark.parametrize(("k", "d"), [(3, 3), (2, 5), (40, 40), (35, 50)])
def test_a_batch_is_its_members_one_by_one(k, d):
    rng = np.random.default_rng(4)
    root = np.triu(rng.normal(size=(3, 2, k, d))) + 3 * np.eye(k, d)
    target = rng.normal(size=(3, 2, k, 2))
    together = least_squares(root, target), ridge(root, target, 7.0, 0.2)
    assert together[0].shape == (3, 2, d, 2)
    for i, j in np.ndindex(3, 2):
        alone = (
            least_squares(root[i, j], target[i, j]),
            ridge(root[i, j], target[i, j], 7.0, 0.2),
        )
        assert np.allclose(together[0][i, j], alone[0], rtol=1e-12)
        assert np.allclose(together[1][i, j], alone[1], rtol=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_repeated_rows_change_nothing(seed):
    # Pivots of a decomposition of dependent rows are rounding errors, to be told from real ones.
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 60))
    rank, times = int(rng.integers(1, d + 1)), int(rng.integers(2, 6))
    x, y = problem(rank, d, seed=seed)
    x = x * np.arange(1.0, d + 1) ** -rng.choice([0.0, 1.0]) * 10.0 ** rng.uniform(-3, 3)
    root, target, _ = factors(np.tile(x, (times, 1)), np.tile(y, (times, 1)))
    expected = np.linalg.lstsq(x, y, rcond=None)[0]
    spread = np.linalg.svd(x, compute_uv=False)
    error = np.abs(least_squares(root, target) - expected).max() / np.abs(expected).max()
    assert error < 1e-13 * d * spread[0] / spread[-1]


@pytest.mark.parametrize(("rank", "times", "d", "seed"), [(2, 5, 3, 2117), (3, 5, 4, 5958)])
def test_rounding_that_small_pivots_multiply_is_still_rounding(rank, times, d, seed):
    # Found by search: pivots of nearly dependent columns magnify the rounding in later ones.
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rank, d))
    x[:, 1] = x[:, 0] * (1 + 1e-5 * rng.normal(size=rank))
    y = rng.normal(size=(rank, 1))
    root, target, _ = factors(np.tile(x, (times, 1)), np.tile(y, (times, 1)))
    expected = np.linalg.pinv(x) @ y
    error = np.abs(least_squares(root, target) - expected).max() / np.abs(expected).max()
    assert error < 1e-7


def test_collinear_coordinates_share_what_they_explain():
    rng = np.random.default_rng(0)
    for _ in range(300):
        d = int(rng.integers(2, 12))
        rank = int(rng.integers(1, d))
        x = rng.normal(size=(2 * d + 3, rank)) @ rng.normal(size=(rank, d))
        y = rng.normal(size=(2 * d + 3, 1))
        root, target, _ = factors(x, y)
        expected = np.linalg.pinv(x, rcond=1e-10) @ y
        found = least_squares(root, target)
        spread = np.linalg.svd(x, compute_uv=False)
        error = np.abs(found - expected).max() / np.abs(expected).max()
        assert error < 1e-12 * spread[0] / spread[rank - 1]


def test_inputs_of_very_different_scales_are_not_taken_for_dependent():
    rng = np.random.default_rng(0)
    scales = 10.0 ** -np.arange(0, 18, 3)
    x, y = rng.normal(size=(30, 6)), rng.normal(size=(30, 1))
    root, target, _ = factors(x * scales, y)
    found = least_squares(root, target)[:, 0] * scales
    assert np.allclose(found, np.linalg.lstsq(x, y, rcond=None)[0][:, 0], rtol=1e-10)


def test_coordinates_that_are_always_zero_get_no_coefficient():
    x, y = problem(12, 5)
    x[:, 2] = 0
    root, target, _ = factors(x, y)
    found = least_squares(root, target)
    assert np.allclose(found[2], 0, atol=1e-14)
    assert np.allclose(found, np.linalg.pinv(x) @ y, rtol=1e-10)


@pytest.mark.parametrize(("n", "d"), [(20, 6), (6, 20), (9, 9)])
def test_a_path_gives_the_fit_at_each_penalty(n, d):
    x, y = problem(n, d)
    root, target, weight = factors(x, y)
    penalties = np.array([0.0, 1e-4, 0.3, 10.0])
    path = RidgePath.of(root, weight)
    for output in range(2):
        found = path.coefficients(target[:, output], penalties)
        assert found.shape == (d, 4)
        expected = np.linalg.pinv(x) @ y[:, output]
        assert np.allclose(found[:, 0], expected, rtol=1e-8, atol=1e-9)
        for i, penalty in enumerate(penalties[1:], 1):
            expected = ridge(root, target, weight, penalty)[:, output]
            assert np.allclose(found[:, i], expected, rtol=1e-9, atol=1e-10)


def test_a_path_of_a_batch_is_its_members_one_by_one():
    rng = np.random.default_rng(2)
    root, target = rng.normal(size=(3, 4, 4)), rng.normal(size=(3, 4))
    penalties = np.array([0.01, 1.0])
    together = RidgePath.of(root, 9.0).coefficients(target, penalties)
    assert together.shape == (3, 4, 2)
    for i in range(3):
        alone = RidgePath.of(root[i], 9.0).coefficients(target[i], penalties)
        assert np.allclose(together[i], alone, rtol=1e-10)


def test_at_no_penalty_a_path_leaves_out_directions_without_inputs():
    x, y = problem(4, 7)
    x, y = np.tile(x, (2, 1)), np.tile(y, (2, 1))
    found = RidgePath.of(x, 8).coefficients(y[:, 0], np.zeros(1))[:, 0]
    assert np.allclose(found, np.linalg.pinv(x, rcond=1e-10) @ y[:, 0], rtol=1e-8)


@pytest.mark.parametrize(("n", "d"), [(20, 6), (6, 20)])
def test_a_path_on_rows_predicts_like_scikit_learn(n, d):
    x, y = problem(n, d)
    at = np.random.default_rng(5).normal(size=(9, d))
    found = RowsPath.of(x).values(y[:, 0], np.array([0.01, 2.0]), at)
    for i, penalty in enumerate((0.01, 2.0)):
        model = SklearnRidge(alpha=n * penalty, fit_intercept=False).fit(x, y[:, 0])
        assert np.allclose(found[:, i], model.predict(at), rtol=1e-8)
