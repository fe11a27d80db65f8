import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from modelcollapse.errors import InputError
from modelcollapse.metrics import distances

quick = settings(max_examples=50, deadline=None)
numbers = st.floats(-100, 100, allow_nan=False, width=32)
samples = st.integers(1, 12).flatmap(lambda n: arrays(float, n, elements=numbers))


def roots(seed, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=d), rng.normal(size=(d, d))


# --- Gaussian laws ---


def test_gaussian_w2_agrees_with_pot(rng):
    means, factors = rng.normal(size=(4, 3)), rng.normal(size=(4, 3, 3))
    mean, factor = roots(9)
    ours = distances.gaussian_w2_squared(means, factors, mean, factor)
    for r in range(4):
        theirs = ot.gaussian.bures_wasserstein_distance(
            means[r], mean, factors[r] @ factors[r].T, factor @ factor.T
        )
        assert ours[r] == pytest.approx(float(theirs) ** 2, rel=1e-9)


def test_gaussian_w2_of_commuting_covariances():
    value = distances.gaussian_w2_squared([0, 0], np.diag([1.0, 2.0]), [3, 4], np.diag([2.0, 5.0]))
    assert value == pytest.approx(25 + 1 + 9)


def test_gaussian_w2_in_one_dimension_has_no_rounding_at_all():
    sd = np.array([0.0, 1e-12, 1.0, 3.0])
    value = distances.gaussian_w2_squared(np.zeros((4, 1)), sd[:, None, None], [0.0], [[-1.0]])
    assert (value == (sd - 1) ** 2).all()


def test_gaussian_w2_of_singular_and_of_rectangular_roots():
    flat = np.array([[2.0], [0.0]])  # one direction in two dimensions
    assert distances.gaussian_w2_squared([0, 0], flat, [0, 0], np.eye(2)) == pytest.approx(2.0)
    padded = np.hstack([flat, np.zeros((2, 1))])
    assert distances.gaussian_w2_squared([0, 0], flat, [0, 0], padded) == pytest.approx(0, abs=1e-9)


def test_gaussian_w2_gives_nan_where_a_replicate_is_nan():
    root = np.stack([np.eye(2), np.full((2, 2), np.nan)])
    value = distances.gaussian_w2_squared(np.zeros((2, 2)), root, [0, 0], np.eye(2))
    assert value[0] == pytest.approx(0, abs=1e-12)
    assert np.isnan(value[1])


@quick
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_gaussian_w2_is_a_metric_and_reads_the_covariance_only(seed, d):
    (a, A), (b, B), (c, C) = (roots(seed + i, d) for i in range(3))

    def distance(*laws):
        return np.sqrt(distances.gaussian_w2_squared(*laws))

    assert distance(a, A, a, A) == pytest.approx(0, abs=1e-6)
    assert distance(a, A, b, B) == pytest.approx(distance(b, B, a, A))
    assert distance(a, A, c, C) <= distance(a, A, b, B) + distance(b, B, c, C) + 1e-9
    rotation = stats.ortho_group(d).rvs(random_state=seed) if d > 1 else -np.eye(1)
    assert distance(a, A @ rotation, b, B) == pytest.approx(distance(a, A, b, B))
    assert distance(rotation @ a, rotation @ A, rotation @ b, rotation @ B) == pytest.approx(
        distance(a, A, b, B)
    )


# --- samples ---


@pytest.mark.parametrize("sizes", [(50, 50), (50, 37), (1, 20), (30, 60)])
def test_wasserstein_of_order_1_agrees_with_scipy(rng, sizes):
    x, y = rng.normal(size=sizes[0]), rng.exponential(size=sizes[1])
    assert distances.wasserstein_1d(x, y, p=1) == pytest.approx(stats.wasserstein_distance(x, y))


@pytest.mark.parametrize("p", [1, 2, 3, 1.5])
def test_wasserstein_of_any_order_agrees_with_pot(rng, p):
    x, y = rng.normal(size=23), rng.exponential(size=41)
    ours = distances.wasserstein_1d(x, y, p=p)
    assert ours**p == pytest.approx(float(ot.wasserstein_1d(x, y, p=p)))


def test_wasserstein_of_replicates(rng):
    x, y = rng.normal(size=(3, 10)), rng.normal(size=15)
    together = distances.wasserstein_1d(x, y)
    np.testing.assert_allclose(together, [distances.wasserstein_1d(row, y) for row in x])


def test_wasserstein_of_the_toy():
    steps = np.arange(1, 41) * (np.sqrt(2) - 1) % 1
    model = 0.7 * stats.norm.ppf((np.arange(101, 131) * (np.sqrt(2) - 1)) % 1)
    value = distances.wasserstein_1d(model, stats.norm.ppf(steps), p=1)
    assert value == pytest.approx(0.206094, abs=1e-6)


def test_wasserstein_of_a_sample_with_nan_is_nan():
    value = distances.wasserstein_1d([[1.0, np.nan], [1.0, 2.0]], [1.0, 2.0])
    assert np.isnan(value).tolist() == [True, False]


@quick
@given(samples, samples, samples, st.sampled_from([1.0, 2.0]))
def test_wasserstein_is_a_metric(x, y, z, p):
    def distance(a, b):
        return distances.wasserstein_1d(a, b, p=p)

    assert distance(x, x) == 0
    assert distance(x, y) == pytest.approx(distance(y, x), abs=1e-9)
    assert distance(x, z) <= distance(x, y) + distance(y, z) + 1e-7
    assert distance(x + 3, y + 3) == pytest.approx(distance(x, y), abs=1e-5)
    # repeating all records changes nothing about the law
    assert distance(np.repeat(x, 3), y) == pytest.approx(distance(x, y), abs=1e-6)


def test_sliced_agrees_with_pot_along_the_same_directions(rng):
    X, Y = rng.normal(size=(60, 4)), 2 * rng.normal(size=(45, 4)) + 1
    ours = distances.sliced_wasserstein(X, Y, directions=30, rng=np.random.default_rng(7))
    axes = distances.unit_directions(4, 30, rng=np.random.default_rng(7))
    theirs = ot.sliced_wasserstein_distance(X, Y, projections=axes, p=2)
    assert ours == pytest.approx(float(theirs), rel=1e-9)


def test_sliced_along_three_axes_is_that_of_the_toy(monkeypatch):
    steps = np.array([np.sqrt(2) - 1, np.sqrt(3) - 1, (np.sqrt(5) - 1) / 2])
    X = stats.norm.ppf(np.arange(1, 41)[:, None] * steps % 1)
    Y = 0.7 * stats.norm.ppf(np.arange(101, 131)[:, None] * steps % 1)
    monkeypatch.setattr(distances, "unit_directions", lambda d, k, rng: np.eye(3))
    value = distances.sliced_wasserstein(Y, X, rng=np.random.default_rng(0))
    assert value == pytest.approx(0.266818, abs=1e-6)


def test_sliced_in_one_dimension_is_exact(rng):
    x, y = rng.normal(size=20), rng.normal(size=30)
    assert distances.sliced_wasserstein(x, y, rng=rng) == pytest.approx(
        distances.wasserstein_1d(x, y)
    )


def test_sliced_does_not_depend_on_the_size_of_the_blocks(rng, monkeypatch):
    X, Y = rng.normal(size=(2, 20, 3)), rng.normal(size=(30, 3))
    whole = distances.sliced_wasserstein(X, Y, directions=11, rng=np.random.default_rng(1))
    assert whole.shape == (2,)
    monkeypatch.setattr(distances, "_BLOCK", 100)
    pieces = distances.sliced_wasserstein(X, Y, directions=11, rng=np.random.default_rng(1))
    np.testing.assert_allclose(pieces, whole, rtol=1e-12)


def test_sliced_of_a_shift_is_the_shift_over_the_root_of_the_dimension(rng):
    X = rng.normal(size=(50, 5))
    shift = np.array([3.0, 0, 0, 0, 4.0])
    value = distances.sliced_wasserstein(X, X + shift, directions=20_000, rng=rng)
    assert value == pytest.approx(5 / np.sqrt(5), rel=0.02)


def test_directions_have_length_one(rng):
    assert np.linalg.norm(distances.unit_directions(6, 9, rng=rng), axis=0) == pytest.approx(1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: distances.wasserstein_1d([], [1.0]),
        lambda: distances.wasserstein_1d([1.0], [1.0], p=0.5),
        lambda: distances.wasserstein_1d([1.0], [1.0], p=np.inf),
        lambda: distances.wasserstein_1d([1.0], [1.0], p=np.nan),
        lambda: distances.gaussian_w2_squared([0.0], np.eye(2), [0.0], np.eye(2)),
        lambda: distances.sliced_wasserstein(
            np.zeros((3, 2)), np.zeros((3, 3)), rng=np.random.default_rng(0)
        ),
        lambda: distances.sliced_wasserstein(
            np.zeros((3, 2)), np.zeros((3, 2)), directions=0, rng=np.random.default_rng(0)
        ),
    ],
)
def test_refuses_what_has_no_distance(call):
    with pytest.raises(InputError):
        call()
