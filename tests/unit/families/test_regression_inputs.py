import numpy as np
import pytest
from scipy.stats import chisquare, ks_2samp

from modelcollapse.errors import InputError
from modelcollapse.families.regression.inputs import (
    FixedInputs,
    Inputs,
    NormalInputs,
    PoolInputs,
    is_finite,
)

COVARIANCE = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
CORRELATED = NormalInputs(np.linalg.cholesky(COVARIANCE).T)
SCALED = NormalInputs(np.array([2.0, 1.0, 0.5]))


def covariance_of(inputs):
    return np.diag(inputs.root**2) if inputs.root.ndim == 1 else inputs.root.T @ inputs.root


def factors_of_rows(inputs, n, draws, rng):
    """Triangular factors of inputs that were really drawn, with positive pivots."""
    rows = np.stack([inputs.draw(n, rng=rng) for _ in range(draws)])
    factors = np.linalg.qr(rows, mode="r")
    signs = np.sign(np.diagonal(factors, axis1=-2, axis2=-1))
    return factors * signs[..., None]


def smallest_p(first, second):
    """Of the Kolmogorov-Smirnov tests of all entries of a triangular factor, and their number."""
    found = [
        ks_2samp(first[:, i, j], second[:, i, j]).pvalue
        for i in range(first.shape[1])
        for j in range(i, first.shape[2])
    ]
    return min(found) * len(found)


@pytest.mark.parametrize("inputs", [CORRELATED, SCALED], ids=["correlated", "scaled"])
def test_normal_inputs_have_the_covariance_of_their_root(inputs, rng):
    rows = inputs.draw(40_000, rng=rng)
    assert rows.shape == (40_000, 3)
    errors = np.sqrt(2 / 40_000) * np.sqrt(np.outer(np.diag(covariance_of(inputs)), [2, 1, 0.5]))
    assert np.all(np.abs(np.cov(rows.T) - covariance_of(inputs)) < 5 * errors)


@pytest.mark.parametrize("inputs", [CORRELATED, SCALED], ids=["correlated", "scaled"])
def test_mean_squares_of_linear_functions(inputs, rng):
    vectors = rng.normal(size=(4, 3, 2))
    expected = np.einsum("aim,ij,ajm->am", vectors, covariance_of(inputs), vectors)
    assert np.allclose(inputs.squared(vectors), expected)


@pytest.mark.parametrize("n", [9, 3, 2, 1])
@pytest.mark.parametrize("inputs", [CORRELATED, SCALED], ids=["correlated", "scaled"])
def test_the_drawn_factor_has_the_law_of_a_qr_decomposition(inputs, n):
    drawn = inputs.factor(n, (4000,), rng=np.random.default_rng(1))
    real = factors_of_rows(inputs, n, 4000, np.random.default_rng(2))
    assert drawn.shape == real.shape == (4000, min(n, 3), 3)
    assert np.array_equal(drawn, np.triu(drawn))
    assert smallest_p(drawn, real) > 1e-3
    more = factors_of_rows(inputs, n + 2, 4000, np.random.default_rng(2))
    assert smallest_p(drawn, more[:, : min(n, 3)]) < 1e-6


def test_the_square_of_a_factor_is_wishart(rng):
    squares = CORRELATED.factor(7, (40_000,), rng=rng)
    squares = np.swapaxes(squares, -1, -2) @ squares
    variances = np.diag(COVARIANCE)
    spread = 7 * (COVARIANCE**2 + np.outer(variances, variances))
    errors = np.sqrt(spread / 40_000)
    assert np.all(np.abs(squares.mean(axis=0) - 7 * COVARIANCE) < 4 * errors)
    assert np.allclose(squares.var(axis=0), spread, rtol=0.08)


def test_factors_of_a_batch_are_independent(rng):
    factors = SCALED.factor(20, (2, 3000), rng=rng)
    assert factors.shape == (2, 3000, 3, 3)
    assert abs(np.corrcoef(factors[0, :, 0, 0], factors[1, :, 0, 0])[0, 1]) < 0.08


def test_a_factor_of_a_billion_inputs_is_no_larger_than_one_of_a_few(rng):
    factor = SCALED.factor(10**9, (), rng=rng)
    assert factor.shape == (3, 3)
    assert np.allclose(factor.T @ factor / 1e9, covariance_of(SCALED), atol=1e-3)


def test_a_pool_gives_different_inputs_in_its_order(rng):
    pool = PoolInputs(np.arange(20.0).reshape(10, 2))
    drawn = pool.draw(6, rng=rng)
    assert drawn.shape == (6, 2)
    assert np.all(np.diff(drawn[:, 0]) > 0)
    assert np.isin(drawn[:, 0], pool.rows[:, 0]).all()
    assert np.array_equal(pool.draw(10, rng=rng), pool.rows)


def test_a_pool_prefers_no_input(rng):
    pool = PoolInputs(np.arange(8.0)[:, None])
    times = np.bincount(np.concatenate([pool.choose(3, rng=rng) for _ in range(4000)]))
    # Choosing without replacement varies less than a chi-square by the factor (8 - 3) / 7.
    assert chisquare(times).statistic * 7 / 5 < 24.3
    lazy = np.bincount(np.tile([0, 1, 2], 4000), minlength=8)
    assert chisquare(lazy).statistic > 24.3


def test_a_pool_that_is_too_small_says_so(rng):
    with pytest.raises(InputError, match=r"11 different inputs .* pool holds 10\. Ask for fewer"):
        PoolInputs(np.zeros((10, 2))).draw(11, rng=rng)


def test_fixed_inputs_are_always_the_same(rng):
    rows = rng.normal(size=(5, 3))
    fixed = FixedInputs(rows, 5)
    assert fixed.draw(5, rng=rng) is rows
    assert fixed.factor(5, (), rng=rng) is rows
    for n in (4, 6):
        with pytest.raises(InputError, match=rf"{n} labels .* same 5 inputs.*ask for 5 records"):
            fixed.draw(n, rng=rng)


@pytest.mark.parametrize(
    ("inputs", "d"),
    [(CORRELATED, 3), (SCALED, 3), (PoolInputs(np.zeros((4, 2))), 2),
     (FixedInputs(np.zeros((7, 4, 6)), 4), 6)],
)  # fmt: skip
def test_every_source_of_inputs_knows_their_coordinates(inputs, d):
    assert isinstance(inputs, Inputs)
    assert inputs.d == d


@pytest.mark.parametrize("value", [0, 1.5, -2, np.float32(1), np.int64(3)])
def test_numbers_are_finite(value):
    assert is_finite(value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "1", None, [1.0], np.ones(2), 1j])
def test_other_values_are_not(value):
    assert not is_finite(value)
