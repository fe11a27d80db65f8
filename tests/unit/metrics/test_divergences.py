import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelcollapse.errors import InputError
from modelcollapse.metrics import divergences

quick = settings(max_examples=60, deadline=None)
DISCRETE = (
    divergences.total_variation,
    divergences.hellinger,
    divergences.kl,
    divergences.cross_entropy,
)


def law(seed, states, dead=0.4):
    """A law with some states of probability 0."""
    rng = np.random.default_rng(seed)
    p = rng.exponential(size=states) * (rng.random(states) > dead)
    p[rng.integers(states)] += 0.5
    return p / p.sum()


def sparse(P, q):
    """Ragged form of laws as rows: what each has left, and the reference at the same states."""
    alive = P > 0
    starts = np.concatenate([[0], np.cumsum(alive.sum(axis=1))])
    return P[alive], np.broadcast_to(q, P.shape)[alive], starts


def test_textbook_values():
    p, q = [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]
    assert divergences.total_variation(p, q) == pytest.approx(0.5)
    assert divergences.hellinger(p, q) == pytest.approx(np.sqrt(1 - 2 * np.sqrt(0.125)))
    assert divergences.kl(p, q) == pytest.approx(np.log(2))
    assert divergences.cross_entropy(p, q) == pytest.approx(np.log(4))


def test_total_variation_of_the_toy():
    reference = np.array([50, 30, 12, 5, 2, 1]) / 100
    model = np.array([45, 12, 3, 0, 0, 0]) / 60
    assert divergences.total_variation(model, reference) == pytest.approx(0.25)


def test_kl_agrees_with_scipy(rng):
    p, q = rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(7))
    assert divergences.kl(p, q) == pytest.approx(stats.entropy(p, q))


def test_kl_keeps_its_digits_for_almost_equal_laws():
    eps = 1e-9
    value = divergences.kl([0.5 + eps, 0.5 - eps], [0.5, 0.5])
    assert value == pytest.approx(2 * eps**2, rel=1e-3)


@quick
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5))
def test_ragged_is_dense(seed, states, replicates):
    P = np.array([law(seed + r, states) for r in range(replicates)])
    q = law(seed + 99, states, dead=0.2)
    p, q_there, starts = sparse(P, q)
    for measure in DISCRETE:
        np.testing.assert_allclose(
            measure(p, q_there, starts=starts), measure(P, q), rtol=1e-9, atol=1e-9
        )


@quick
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_axioms_of_discrete_divergences(seed, states):
    p, q, z = (law(seed + i, states) for i in range(3))
    for metric in (divergences.total_variation, divergences.hellinger):
        assert metric(p, p) == 0
        assert 0 <= metric(p, q) <= 1 + 1e-12
        assert metric(p, q) == pytest.approx(metric(q, p))
        assert metric(p, z) <= metric(p, q) + metric(q, z) + 1e-9
        order = np.random.default_rng(seed).permutation(states)
        assert metric(p[order], q[order]) == pytest.approx(metric(p, q))
    variation, affinity = divergences.total_variation(p, q), divergences.hellinger(p, q)
    assert affinity**2 <= variation + 1e-9  # textbook: H^2 <= TV <= sqrt(2) H
    assert variation <= np.sqrt(2) * affinity + 1e-9
    assert divergences.kl(p, p) == 0
    assert divergences.kl(p, q) >= 2 * variation**2 - 1e-9  # Pinsker
    assert (divergences.kl(p, q) == np.inf) == bool(((p > 0) & (q == 0)).any())


def test_kl_is_infinite_where_support_is_missing_and_only_there():
    assert divergences.kl([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert divergences.cross_entropy([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert divergences.kl([1.0, 0.0], [0.5, 0.5]) == pytest.approx(np.log(2))


def test_a_replicate_without_states_is_undefined():
    for measure in DISCRETE:
        value = measure([0.5, 0.5, 1.0], [0.5, 0.5, 1.0], starts=[0, 2, 2, 3])
        assert np.isnan(value).tolist() == [False, True, False]


@pytest.mark.parametrize("measure", DISCRETE)
def test_refuses_what_is_no_law(measure):
    with pytest.raises(InputError, match="sum to 1"):
        measure([3, 5], [0.5, 0.5])
    with pytest.raises(InputError, match="negative"):
        measure([1.5, -0.5], [0.5, 0.5])
    with pytest.raises(InputError, match="negative"):
        measure([0.5, 0.5], [1.5, -0.5])
    with pytest.raises(InputError, match="more than 1"):
        measure([0.5, 0.5], [0.9, 0.9])
    with pytest.raises(InputError, match="states"):
        measure([0.5, 0.5], [0.5, 0.25, 0.25])


@pytest.mark.parametrize("starts", [[0, 1], [1, 2], [0, 3], [0, 2, 1, 2], [0], [[0, 2]]])
def test_refuses_starts_that_do_not_fit(starts):
    with pytest.raises(InputError, match="starts"):
        divergences.kl([0.5, 0.5], [0.5, 0.5], starts=starts)


# --- Gaussian laws ---


def test_gaussian_kl_in_one_dimension():
    value = divergences.gaussian_kl([1.0], [[2.0]], [3.0], [[0.5]])
    assert value == pytest.approx(np.log(0.5 / 2) + (4 + 4) / (2 * 0.25) - 0.5)


def test_gaussian_kl_agrees_with_the_textbook_form(rng):
    mean, root = rng.normal(size=(4, 3)), rng.normal(size=(4, 3, 3))
    other, base = rng.normal(size=3), rng.normal(size=(3, 3))
    ours = divergences.gaussian_kl(mean, root, other, base)
    Q = base @ base.T
    for r in range(4):
        P, shift = root[r] @ root[r].T, mean[r] - other
        expected = np.trace(np.linalg.solve(Q, P)) - 3 + shift @ np.linalg.solve(Q, shift)
        expected += np.linalg.slogdet(Q).logabsdet - np.linalg.slogdet(P).logabsdet
        assert ours[r] == pytest.approx(expected / 2)


def test_gaussian_kl_is_infinite_nan_or_zero_where_it_must_be():
    flat, full, bad = np.diag([1.0, 0.0]), np.eye(2), np.full((2, 2), np.nan)
    zero = np.zeros(2)
    assert divergences.gaussian_kl(zero, flat, zero, full) == np.inf
    assert divergences.gaussian_kl(zero, full, zero, flat) == np.inf
    assert np.isnan(divergences.gaussian_kl(zero, flat, zero, flat))
    assert np.isnan(divergences.gaussian_kl(zero, bad, zero, full))
    assert divergences.gaussian_kl(zero, full, zero, full) == 0
    batch = divergences.gaussian_kl(zero, np.stack([full, flat, bad]), zero, full)
    assert batch[0] == 0
    assert batch[1] == np.inf
    assert np.isnan(batch[2])


def test_gaussian_kl_keeps_its_digits_for_almost_equal_laws():
    value = divergences.gaussian_kl([0.0], [[1 + 1e-7]], [0.0], [[1.0]])
    assert value == pytest.approx(1e-14, rel=1e-2)


def test_gaussian_kl_needs_square_roots():
    with pytest.raises(InputError, match="square"):
        divergences.gaussian_kl([0.0, 0.0], np.ones((2, 1)), [0.0, 0.0], np.eye(2))
