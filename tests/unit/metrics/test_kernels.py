import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cdist, pdist

from modelcollapse.errors import InputError
from modelcollapse.metrics import kernels

quick = settings(max_examples=30, deadline=None)
STEPS = np.array([np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2])
REFERENCE = stats.norm.ppf(np.arange(1, 41)[:, None] * STEPS % 1)
MODEL = 0.7 * stats.norm.ppf(np.arange(101, 131)[:, None] * STEPS % 1)


def test_energy_and_mmd_of_the_toy():
    assert kernels.energy_distance(MODEL, REFERENCE) == pytest.approx(-0.035328, abs=1e-6)
    value = kernels.energy_distance(MODEL, REFERENCE, unbiased=False)
    assert value == pytest.approx(0.071579, abs=1e-6)
    value = kernels.mmd_squared(MODEL, REFERENCE, bandwidth=1.0)
    assert value == pytest.approx(0.000276, abs=1e-6)
    value = kernels.mmd_squared(MODEL, REFERENCE, bandwidth=1.0, unbiased=False)
    assert value == pytest.approx(0.042147, abs=1e-6)


@pytest.mark.parametrize("sizes", [(40, 30), (1, 7), (200, 200)])
def test_energy_of_single_numbers_is_the_square_of_scipys(rng, sizes):
    x, y = rng.normal(size=sizes[0]), rng.exponential(size=sizes[1])
    ours = kernels.energy_distance(x, y, unbiased=False)
    assert ours == pytest.approx(stats.energy_distance(x, y) ** 2, rel=1e-9)


def test_ranks_and_pairs_agree(rng):
    x, y = rng.normal(size=(40, 1)), rng.normal(size=(25, 1)) + 1
    flat = np.zeros((40, 1)), np.zeros((25, 1))
    for unbiased in (True, False):
        by_ranks = kernels.energy_distance(x, y, unbiased=unbiased)
        by_pairs = kernels.energy_distance(
            np.hstack([x, flat[0]]), np.hstack([y, flat[1]]), unbiased=unbiased
        )
        assert by_ranks == pytest.approx(by_pairs, abs=1e-7)


@pytest.mark.parametrize("block", [1, 64, 1000, 10**6])
def test_blocks_do_not_change_the_sum(rng, monkeypatch, block):
    X, Y = rng.normal(size=(37, 3)), rng.normal(size=(53, 3)) + 0.5
    monkeypatch.setattr(kernels, "_BLOCK", block)
    energy = 2 * cdist(X, Y).mean() - pdist(X).mean() - pdist(Y).mean()
    assert kernels.energy_distance(X, Y) == pytest.approx(energy, abs=1e-7)
    gauss = [np.exp(-np.square(d) / 8).mean() for d in (pdist(X), pdist(Y), cdist(X, Y))]
    expected = gauss[0] + gauss[1] - 2 * gauss[2]
    assert kernels.mmd_squared(X, Y, bandwidth=2.0) == pytest.approx(expected, abs=1e-9)


def test_a_far_origin_costs_no_digits(rng):
    X, Y = rng.normal(size=(30, 2)), rng.normal(size=(40, 2))
    for measure in (kernels.energy_distance, kernels.mmd_squared):
        assert measure(X + 1e6, Y + 1e6) == pytest.approx(measure(X, Y), abs=1e-7)


@quick
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
def test_symmetry_scale_and_translation(seed, d, unbiased):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(12, d)), rng.normal(size=(9, d)) * 2
    energy = kernels.energy_distance(X, Y, unbiased=unbiased)
    assert kernels.energy_distance(Y, X, unbiased=unbiased) == pytest.approx(energy, abs=1e-7)
    scaled = kernels.energy_distance(3 * X + 1, 3 * Y + 1, unbiased=unbiased)
    assert scaled == pytest.approx(3 * energy, abs=1e-6)
    mmd = kernels.mmd_squared(X, Y, bandwidth=1.5, unbiased=unbiased)
    assert kernels.mmd_squared(Y, X, bandwidth=1.5, unbiased=unbiased) == pytest.approx(mmd)
    assert kernels.mmd_squared(3 * X, 3 * Y, bandwidth=4.5, unbiased=unbiased) == pytest.approx(mmd)
    if not unbiased:
        assert energy >= -1e-7
        assert mmd >= -1e-12
        assert kernels.energy_distance(X, X, unbiased=False) == pytest.approx(0, abs=1e-7)


def test_both_grow_with_the_change(rng):
    X, Y = rng.normal(size=(300, 4)), rng.normal(size=(300, 4))
    for measure in (kernels.energy_distance, kernels.mmd_squared):
        values = [measure(scale * X, Y) for scale in (0.9, 0.6, 0.2)]
        assert values == sorted(values)
        assert values[-1] > 0.05


def test_bandwidth_is_the_median_distance_of_the_reference(rng, monkeypatch):
    Y = rng.normal(size=(61, 3))
    assert kernels.median_bandwidth(Y) == pytest.approx(np.median(pdist(Y)))
    X = 5 * rng.normal(size=(30, 3))
    assert kernels.mmd_squared(X, Y) == pytest.approx(
        kernels.mmd_squared(X, Y, bandwidth=np.median(pdist(Y)))
    )
    monkeypatch.setattr(kernels, "_PAIRED", 3)
    assert kernels.median_bandwidth(Y) == pytest.approx(np.median(pdist(Y[[0, 30, 60]])))


def test_nan_gives_nan():
    X, Y = np.array([[0.0, 1.0], [np.nan, 2.0]]), np.eye(2)
    assert np.isnan(kernels.energy_distance(X, Y))
    assert np.isnan(kernels.energy_distance(X[:, 0], Y[:, 0]))
    assert np.isnan(kernels.mmd_squared(X, Y))
    assert np.isnan(kernels.mmd_squared(Y, X))


@pytest.mark.parametrize(
    "call",
    [
        lambda: kernels.energy_distance([1.0], [1.0, 2.0]),
        lambda: kernels.energy_distance([], [1.0, 2.0], unbiased=False),
        lambda: kernels.energy_distance(np.zeros((3, 2)), np.zeros((3, 3))),
        lambda: kernels.energy_distance(np.zeros((2, 3, 2)), np.zeros((3, 2))),
        lambda: kernels.mmd_squared([1.0, 2.0], [3.0, 3.0]),
        lambda: kernels.mmd_squared([1.0, 2.0], [3.0, 3.0], bandwidth=0.0),
        lambda: kernels.median_bandwidth([1.0]),
    ],
)
def test_refuses(call):
    with pytest.raises(InputError):
        call()
