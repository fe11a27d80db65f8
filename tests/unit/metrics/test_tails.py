import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelcollapse.errors import InputError
from modelcollapse.metrics import regions, tails

quick = settings(max_examples=60, deadline=None)


# --- numeric records ---


def test_interval_of_one_coordinate_cuts_half_the_level_at_each_end():
    reference = np.arange(1.0, 1000.0)  # 999 records: quantiles fall on the records
    region = regions.central_region(reference, level=0.02)
    assert tails.tail_mass([10.0, 990.0], region) == 0
    assert tails.tail_mass([9.999, 990.001], region) == 1
    assert tails.tail_mass([0.0, 500.0, 500.0, 2000.0], region) == 0.5


def test_ellipsoid_follows_the_covariance(rng):
    X = rng.normal(size=(4_000, 2)) @ np.array([[3.0, 0.0], [2.9, 0.3]]).T + 7
    region = regions.central_region(X, level=0.05)
    outside = tails.tail_mass(np.array([[13.0, 12.8]]), region)  # along the ridge: two sd
    across = tails.tail_mass(np.array([[8.0, 5.0]]), region)  # near, but off the ridge
    assert (outside, across) == (0, 1)
    assert tails.tail_mass(X, region) == pytest.approx(0.05, abs=0.002)


@quick
@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(0.01, 100))
def test_tail_mass_does_not_depend_on_units_or_axes(seed, d, scale):
    rng = np.random.default_rng(seed)
    reference, X = rng.normal(size=(300, d)), 1.3 * rng.normal(size=(100, d))
    change = scale * (stats.ortho_group(d).rvs(random_state=seed) if d > 1 else np.eye(1))
    plain = tails.tail_mass(X, regions.central_region(reference, level=0.1))
    moved = regions.central_region(reference @ change + 5, level=0.1)
    assert tails.tail_mass(X @ change + 5, moved) == pytest.approx(plain, abs=0.011)


def test_shrinking_empties_the_tail_and_noise_fills_it(rng):
    reference, X = rng.normal(size=(5_000, 3)), rng.normal(size=(5_000, 3))
    region = regions.central_region(reference, level=0.02)
    masses = tails.tail_mass(np.stack([0.8 * X, X, 1.2 * X]), region)
    assert masses[0] < 0.5 * masses[1] < 0.5 * 0.5 * masses[2]
    assert masses[1] == pytest.approx(0.02, abs=0.01)


def test_repeated_values_on_the_edge_are_inside():
    reference = np.round(np.linspace(-0.3, 0.5, 9).repeat(50), 1)
    region = regions.central_region(reference, level=0.1)
    assert tails.tail_mass(reference, region) == 0


def test_nan_stays_in_its_replicate(rng):
    region = regions.central_region(rng.normal(size=500))
    value = tails.tail_mass([[[0.0], [np.nan]], [[0.0], [9.0]]], region)
    assert np.isnan(value[0])
    assert value[1] == 0.5


@pytest.mark.parametrize(
    ("reference", "match"),
    [
        (np.arange(50.0), "at least 200"),
        (np.random.default_rng(0).normal(size=(50, 2)), "at least 100"),
        (np.ones(500), "constant"),
        (np.append(np.zeros(999), 1.0), "one value"),
        (np.full(500, np.nan), "NaN"),
        (np.zeros((5, 500, 2)), "one set"),
        (np.outer(np.arange(500.0), [1.0, 2.0]), "depend"),
        (np.zeros(0), "rows"),
    ],
)
def test_refuses_a_reference_without_a_region(reference, match):
    with pytest.raises(InputError, match=match):
        regions.central_region(reference)


def test_refuses_other_coordinates_and_levels(rng):
    region = regions.central_region(rng.normal(size=(500, 2)))
    with pytest.raises(InputError, match="coordinates"):
        tails.tail_mass(np.zeros((3, 3)), region)
    for level in (0.0, 1.0, 5):
        with pytest.raises(InputError, match="level"):
            regions.central_region(rng.normal(size=500), level=level)


def test_gaussian_tail_mass_is_what_the_records_show(rng):
    exact = tails.gaussian_tail_mass(0.4, 1.5, 0.0, 1.0, level=0.05)
    edge = stats.norm.ppf(0.975)
    assert exact == pytest.approx(
        stats.norm.sf(edge, 0.4, 1.5) + stats.norm.cdf(-edge, 0.4, 1.5), rel=1e-12
    )
    region = regions.central_region(rng.normal(size=200_000), level=0.05)
    sampled = tails.tail_mass(0.4 + 1.5 * rng.normal(size=200_000), region)
    assert sampled == pytest.approx(exact, abs=0.006)
    assert tails.gaussian_tail_mass(3, 2, 3, 2, level=0.05) == pytest.approx(0.05)


def test_gaussian_tail_mass_of_points_and_of_nothing():
    assert tails.gaussian_tail_mass([0.0, 9.0], 0.0).tolist() == [0, 1]
    assert np.isnan(tails.gaussian_tail_mass(0.0, 1.0, 0.0, 0.0))
    with pytest.raises(InputError, match="negative"):
        tails.gaussian_tail_mass(0.0, -1.0)


# --- categories ---


def test_rare_states_are_the_fewest_that_reach_the_level():
    p = np.array([50, 30, 12, 5, 2, 1]) / 100
    assert np.flatnonzero(tails.rare_states(p, level=0.01)).tolist() == [5]
    assert np.flatnonzero(tails.rare_states(p, level=0.03)).tolist() == [4, 5]
    assert np.flatnonzero(tails.rare_states(p, level=0.031)).tolist() == [3, 4, 5]
    assert tails.rare_states([0.5, 0.5, 0.0], level=0.1).tolist() == [True, False, False]


@quick
@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(0.001, 0.9))
def test_rare_states_hold_the_level_and_no_spare_state(seed, states, level):
    p = np.random.default_rng(seed).dirichlet(np.ones(states))
    tail = tails.rare_states(p, level=level)
    assert p[tail].sum() >= level - 1e-9
    assert p[tail].sum() - p[tail].max() < level
    if not tail.all():
        assert p[tail].max() <= p[~tail].min()


@quick
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 5))
def test_ragged_is_dense(seed, states, replicates):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(8, rng.dirichlet(np.ones(states)), size=replicates)
    q = rng.dirichlet(np.ones(states))
    tail = tails.rare_states(q, level=0.2)
    alive = counts > 0
    starts = np.concatenate([[0], np.cumsum(alive.sum(axis=1))])
    p, q_there = (counts / 8)[alive], np.broadcast_to(q, counts.shape)[alive]
    tail_there = np.broadcast_to(tail, counts.shape)[alive]
    np.testing.assert_allclose(
        tails.rare_mass(p, tail_there, starts=starts), tails.rare_mass(counts / 8, tail)
    )
    lost = tails.lost_mass(counts / 8, q)
    np.testing.assert_allclose(tails.lost_mass(p, q_there, starts=starts), lost, atol=1e-12)
    np.testing.assert_allclose(lost, [q[row == 0].sum() for row in counts], atol=1e-12)


def test_a_replicate_without_states_has_lost_everything():
    p, q, starts = [0.5, 0.5, 1.0], [0.5, 0.5, 0.25], [0, 2, 2, 3]
    assert tails.lost_mass(p, q, starts=starts) == pytest.approx([0, 1, 0.75])
    assert np.isnan(tails.rare_mass(p, [True] * 3, starts=starts)).tolist() == [False, True, False]


def test_nothing_lost_is_exactly_nothing(rng):
    q = rng.dirichlet(np.ones(1000))
    assert tails.lost_mass(q, q) == 0


def test_retention_relative_to_real_records():
    control, shares = np.array([50, 30, 12, 5, 2, 1]), np.array([0, 0, 0, 0.5, 0.25, 0.25])
    assert tails.tail_retention(control, control, shares) == pytest.approx(1)
    assert tails.tail_retention([70, 30, 0, 0, 0, 0], control, shares) == 0
    assert 0 < tails.tail_retention([60, 30, 8, 2, 0, 0], control, shares) < 1
    assert tails.tail_retention([10, 10, 10, 30, 30, 30], control, shares, m=50) > 1
    assert np.isnan(tails.tail_retention(control, [50, 50, 0, 0, 0, 0], shares))


def test_retention_does_not_grow_with_the_number_of_records():
    control, shares = np.array([500, 300, 12, 5, 2, 1]), np.array([0, 0, 0, 0.5, 0.25, 0.25])
    model = np.array([60, 30, 8, 2, 1, 0])
    one = tails.tail_retention(model, control, shares, m=40)
    assert tails.tail_retention(10 * model, control, shares, m=40) == pytest.approx(one, rel=0.15)
    both = tails.tail_retention(np.stack([model, 10 * model]), control, shares)
    assert both.shape == (2,)


def test_shares_of_an_empty_tail_are_refused():
    with pytest.raises(InputError, match="tail"):
        tails.tail_shares([5, 0], [False, True])
