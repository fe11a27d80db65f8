import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from modelcollapse.errors import InputError
from modelcollapse.metrics import moments

quick = settings(max_examples=50, deadline=None)
numbers = st.floats(-10, 10, allow_nan=False, width=32)


def toy(n, offset, scale=1.0):
    """Numbers without a random generator: normal quantiles of a Kronecker sequence."""
    steps = np.array([np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2])
    return scale * stats.norm.ppf((np.arange(1, n + 1)[:, None] + offset) * steps % 1)


REFERENCE, MODEL = toy(40, 0), toy(30, 100, 0.7)


def test_the_toy_is_the_published_one():
    assert REFERENCE.sum() == pytest.approx(-1.544739875970, abs=1e-9)
    assert MODEL.sum() == pytest.approx(1.042029523976, abs=1e-9)


@pytest.mark.parametrize("ddof", [0, 1])
def test_root_is_the_cholesky_factor_of_the_covariance(rng, ddof):
    X = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + 100
    mean, root = moments.mean_and_root(X, ddof=ddof)
    cov = np.cov(X, rowvar=False, ddof=ddof)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(root, np.linalg.cholesky(cov), rtol=1e-9, atol=1e-12)


def test_replicates_are_measured_one_by_one(rng):
    X = rng.normal(size=(3, 20, 2))
    mean, root = moments.mean_and_root(X)
    for r in range(3):
        alone = moments.mean_and_root(X[r])
        np.testing.assert_allclose(mean[r], alone[0])
        np.testing.assert_allclose(root[r], alone[1], atol=1e-14)
    for measure in (moments.log_generalised_variance, moments.effective_dimension):
        np.testing.assert_allclose(measure(root), [measure(one) for one in root])


def test_fewer_records_than_coordinates_give_a_narrow_root(rng):
    X = rng.normal(size=(3, 5))
    _, root = moments.mean_and_root(X)
    assert root.shape == (5, 3)
    np.testing.assert_allclose(root @ root.T, np.cov(X, rowvar=False), atol=1e-12)
    assert moments.log_generalised_variance(root) == -np.inf


def test_as_many_records_as_coordinates_are_singular_too(rng):
    _, root = moments.mean_and_root(rng.normal(size=(4, 4)))
    assert moments.log_generalised_variance(root) == -np.inf


@pytest.mark.parametrize("value", [0.1, 1e9, -3.7e-5])
def test_a_constant_coordinate_varies_by_exactly_nothing(rng, value):
    X = np.column_stack([rng.normal(size=30), np.full(30, value)])
    _, root = moments.mean_and_root(X)
    assert (root[1] == 0).all()
    assert moments.log_generalised_variance(root) == -np.inf
    _, alone = moments.mean_and_root(np.full(30, value))
    assert moments.total_variance(alone) == 0


def test_a_dependent_coordinate_is_singular_and_a_nearly_dependent_one_is_not(rng):
    x, y = rng.normal(size=(2, 1000))
    _, dependent = moments.mean_and_root(np.column_stack([x, y, 1e6 * (x - 3 * y)]))
    assert moments.log_generalised_variance(dependent) == -np.inf
    near = 1e6 * (x - 3 * y) + 1e-3 * rng.normal(size=1000)
    _, regular = moments.mean_and_root(np.column_stack([x, y, near]))
    assert moments.log_generalised_variance(regular) == pytest.approx(np.log(1e-6), abs=0.3)


def test_nan_stays_in_its_replicate(rng):
    X = rng.normal(size=(2, 20, 2))
    X[0, 3, 1] = np.nan
    mean, root = moments.mean_and_root(X)
    for values in (
        moments.total_variance(root),
        moments.log_total_variance(root),
        moments.log_generalised_variance(root),
        moments.effective_dimension(root),
        moments.quartile_variance(X),
        mean[:, 1],
    ):
        assert np.isnan(values).tolist() == [True, False]


def test_total_and_generalised_variance_of_the_toy():
    _, model = moments.mean_and_root(MODEL)
    _, reference = moments.mean_and_root(REFERENCE)
    assert np.exp(moments.log_variance_ratio(model, reference)) == pytest.approx(0.534324, abs=1e-6)
    difference = moments.log_generalised_variance(model) - moments.log_generalised_variance(
        reference
    )
    assert difference == pytest.approx(-1.924218, abs=1e-6)


def test_generalised_variance_of_any_root(rng):
    root = rng.normal(size=(4, 4))
    expected = np.linalg.slogdet(root @ root.T).logabsdet
    assert moments.log_generalised_variance(root) == pytest.approx(expected)
    wide = np.hstack([root, np.zeros((4, 3))])
    assert moments.log_generalised_variance(wide) == pytest.approx(expected)


def test_logarithms_hold_where_numbers_underflow():
    root = np.diag([1e-200, 1e-250])
    assert moments.total_variance(root) == 0
    assert moments.log_total_variance(root) == pytest.approx(-400 * np.log(10))
    assert moments.log_generalised_variance(root) == pytest.approx(-900 * np.log(10))
    assert moments.effective_dimension(root) == pytest.approx(1)


def test_what_is_undefined_is_nan():
    nothing, something = np.zeros((2, 2)), np.eye(2)
    assert moments.log_total_variance(nothing) == -np.inf
    assert np.isnan(moments.effective_dimension(nothing))
    assert moments.log_variance_ratio(nothing, something) == -np.inf
    assert np.isnan(moments.log_variance_ratio(something, nothing))
    assert np.isnan(moments.log_variance_ratio(nothing, nothing))


def test_effective_dimension_counts_the_directions_that_matter():
    assert moments.effective_dimension(np.diag([1.0, 1.0, 1.0])) == pytest.approx(3)
    assert moments.effective_dimension(np.diag([1.0, 0.0, 0.0])) == pytest.approx(1)
    eigenvalues = np.array([4.0, 1.0])
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert moments.effective_dimension(np.diag(np.sqrt(eigenvalues))) == pytest.approx(expected)


def test_quartiles_ignore_the_tails_that_make_the_variance(rng):
    X = np.sort(rng.standard_t(2.2, size=20_000))
    cut = X[100:-100]
    whole_root, cut_root = (moments.mean_and_root(part)[1] for part in (X, cut))
    assert moments.log_variance_ratio(cut_root, whole_root) < np.log(0.6)
    assert moments.quartile_variance(cut) / moments.quartile_variance(X) > 0.95


def test_quartile_variance_is_scaled_to_the_normal_law():
    grid = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    assert moments.quartile_variance(3 * grid) == pytest.approx(9, rel=1e-3)
    assert moments.quartile_variance(np.column_stack([grid, 2 * grid])) == pytest.approx(
        5, rel=1e-3
    )


@quick
@given(arrays(float, (12, 3), elements=numbers), st.floats(0.1, 100))
def test_total_variance_scales_and_ignores_translation(X, scale):
    def measure(records):
        return moments.total_variance(moments.mean_and_root(records)[1])

    expected = np.var(X, axis=0, ddof=1).sum()
    assert measure(X) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert measure(scale * X + 5) == pytest.approx(scale**2 * expected, rel=1e-6, abs=1e-9)


@quick
@given(arrays(float, (12, 3), elements=numbers))
def test_effective_dimension_stays_in_its_range(X):
    value = moments.effective_dimension(moments.mean_and_root(X)[1])
    assert np.isnan(value) or 1 - 1e-9 <= value <= 3 + 1e-9


@pytest.mark.parametrize(
    "call",
    [
        lambda: moments.mean_and_root(np.zeros((0, 2))),
        lambda: moments.mean_and_root([1.0]),
        lambda: moments.total_variance([1.0, 2.0]),
        lambda: moments.total_variance(2.0),
        lambda: moments.total_variance_error(np.eye(2), 1),
        lambda: moments.log_generalised_variance_bias(3, 3),
        lambda: moments.log_generalised_variance_bias(3, 0),
    ],
)
def test_refuses_what_cannot_be_measured(call):
    with pytest.raises(InputError):
        call()
