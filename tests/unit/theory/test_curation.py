"""Curation: published cases by row number, table values, enumeration, limits, bounds."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr

from modelcollapse.errors import InputError
from modelcollapse.theory import curation

INFINITE = np.inf


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


def enumerated(law, rewards, candidates):
    """Weights by going through every set of rivals."""
    law, strength = np.asarray(law), np.exp(np.asarray(rewards, dtype=float))
    weights = np.zeros(law.size)
    for rivals in product(range(law.size), repeat=candidates - 1):
        others = strength[list(rivals)].sum()
        weights += np.prod(law[list(rivals)]) * candidates * strength / (strength + others)
    return weights


# --- acceptance rows and tables -------------------------------------------------------------


def test_row_28_curated_law():
    law, rewards = [0.6, 0.3, 0.1], [0, 1, 2]
    few = curation.curated_law(1, law, rewards, 3)
    close(few, [0.4123764689, 0.3897669419, 0.1978565891], 1e-9)
    many = [0.2785010866, 0.3785222214, 0.3429766920]
    close(curation.curated_law(1, law, rewards, INFINITE), many, 1e-9)
    close(curation.tilted_law(1, law, rewards), many, 1e-9)


@pytest.mark.parametrize(
    "law, rewards, candidates, chosen",
    [
        ([0.5, 0.3, 0.2], [0.0, 1.0, 2.0], 2, [0.35452, 0.34159, 0.30389]),
        ([0.7, 0.2, 0.1], [0.0, 0.5, 3.0], 4, [0.4963, 0.20495, 0.29875]),
        ([0.25] * 4, [0.0, 0.3, 0.6, 0.9], 6, [0.16436, 0.21353, 0.27435, 0.34776]),
    ],
)
def test_table_of_curated_laws(law, rewards, candidates, chosen):
    close(curation.curated_law(1, law, rewards, candidates), chosen, 6e-6)


def test_table_of_convergence():
    law = curation.curated_law([1, 3, 10], [0.5, 0.3, 0.1, 0.1], [0, 1, 2, 2], 3)
    close(law[:, 2:].sum(axis=1), [0.364, 0.746, 0.998], 6e-4)
    limit = curation.curated_law_limit([0.5, 0.3, 0.1, 0.1], [0, 1, 2, 2])
    close(limit, [0, 0, 0.5, 0.5], 0)


@pytest.mark.parametrize(
    "top, candidates, t, probability",
    [(0.05, 2, 1, 0.0975), (0.05, 3, 2, 0.36975), (0.05, 4, 1, 0.18549)],
)
def test_table_of_best_of(top, candidates, t, probability):
    law = curation.best_of_law(t, [0.7, 1 - top - 0.7, top], [0, 1, 2], candidates)
    close(law[2], probability, 6e-6)


def test_table_of_best_of_divergence():
    close(curation.best_of_divergence([2, 4, 16]), [0.19315, 0.63629, 1.8351], 5e-5)


# --- one round ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "law, rewards",
    [
        ([0.6, 0.3, 0.1], [0.0, 1.0, 2.0]),
        ([0.05, 0.9, 0.05], [5.0, -7.0, 5.0]),
        ([0.4, 0.6], [0.0, 300.0]),
        ([1.0, 0.0], [0.0, 3.0]),
    ],
)
@pytest.mark.parametrize("candidates", [1, 2, 3, 6])
def test_weights_are_those_of_every_set_of_rivals(law, rewards, candidates):
    weights = curation.selection_weights(law, rewards, candidates)
    np.testing.assert_allclose(weights, enumerated(law, rewards, candidates), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=8),
    candidates=st.integers(1, 5000),
    scale=st.floats(0.0, 60.0),
    seed=st.integers(0, 1000),
)
def test_weights_average_to_one_and_stay_below_the_number_of_candidates(
    weights, candidates, scale, seed
):
    law = np.array(weights) / np.sum(weights)
    rewards = scale * np.random.default_rng(seed).random(law.size)
    factor = curation.selection_weights(law, rewards, candidates)
    assert law @ factor == pytest.approx(1, abs=1e-11)
    assert np.all((factor > 0) & (factor <= candidates * (1 + 1e-12)))
    # better states gain more
    assert np.all(np.diff(factor[np.argsort(rewards)]) >= -1e-12 * candidates)


def test_many_candidates_approach_infinitely_many():
    law, rewards = [0.5, 0.3, 0.2], [0.0, 1.0, 2.0]
    limit = curation.selection_weights(law, rewards, INFINITE)
    gaps = [
        np.abs(curation.selection_weights(law, rewards, k) - limit).max()
        for k in (100, 1000, 10**4)
    ]
    np.testing.assert_allclose(np.array(gaps) * [1, 10, 100], gaps[0], rtol=0.03)
    mixed = curation.selection_weights(law, rewards, [3, INFINITE, 1])
    close(mixed[1], limit, 1e-15)
    close(mixed[0], enumerated(law, rewards, 3), 1e-14)
    close(mixed[2], 1.0, 1e-14)


def test_a_shift_of_all_rewards_changes_nothing():
    law, rewards = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 2.0])
    for shift in (-1e4, 1e4):
        for function in (curation.selection_weights, curation.reward_lower_bound):
            close(function(law, rewards + shift, 4), function(law, rewards, 4), 1e-11)
        close(
            curation.tilted_law(3, law, rewards + shift),
            curation.tilted_law(3, law, rewards),
            1e-11,
        )


# --- generations ----------------------------------------------------------------------------


def test_generations_iterate_the_round():
    law, rewards = np.array([0.5, 0.3, 0.2]), [0.0, 0.4, 2.0]
    current = law
    for t in range(6):
        close(curation.curated_law(t, law, rewards, 4, ratio=1.5), current, 1e-13)
        chosen = current * enumerated(current, rewards, 4)
        current = (law + 1.5 * chosen) / 2.5


def test_no_curated_records_and_no_choice_leave_the_truth():
    law, rewards = np.array([0.5, 0.3, 0.2]), [0.0, 0.4, 2.0]
    close(curation.curated_law([0, 5, 50], law, rewards, 4, ratio=0.0), np.tile(law, (3, 1)), 1e-13)
    close(curation.curated_law([0, 5, 50], law, rewards, 1), np.tile(law, (3, 1)), 1e-13)
    close(curation.curated_law(50, law, np.zeros(3), 4), law, 1e-13)


def test_late_generations_reach_the_limit_without_overflow():
    law, rewards = [0.5, 0.3, 0.1, 0.1, 0.0], [0, 1, 2, 2, 3]
    limit = curation.curated_law_limit(law, rewards)
    close(limit, [0, 0, 0.5, 0.5, 0], 0)
    for candidates in (2, 7, INFINITE):
        close(curation.curated_law(3000, law, rewards, candidates), limit, 1e-12)
    close(curation.best_of_law(3000, law, rewards, 2), limit, 1e-12)
    close(curation.tilted_law(3000, law, rewards), limit, 1e-12)


def test_infinitely_many_candidates_tilt_the_truth():
    law, rewards = [0.5, 0.3, 0.2], [0.0, 0.4, 2.0]
    t = np.arange(9)
    close(
        curation.curated_law(t, law, rewards, INFINITE), curation.tilted_law(t, law, rewards), 1e-13
    )


@pytest.mark.parametrize("ratio", [0.0, 0.3, 2.0, 40.0])
def test_the_limit_with_real_data_is_where_the_iteration_ends(ratio):
    law, rewards = np.array([0.6, 0.3, 0.1, 0.0]), [0.0, 1.0, 2.0, 5.0]
    limit = curation.tilted_law_limit(law, rewards, ratio)
    late = curation.curated_law(4000, law, rewards, INFINITE, ratio=ratio)
    close(limit, late, 1e-11)
    assert np.all(limit >= law / (1 + ratio) - 1e-15)


def test_the_reward_is_an_expectation_and_rises():
    law, rewards = np.array([0.5, 0.3, 0.2]), np.array([0.0, 0.4, 2.0])
    t = np.arange(12)
    reward = curation.curated_reward(t, law, rewards, 4)
    laws = curation.curated_law(t, law, rewards, 4)
    close(reward, laws @ np.exp(rewards - 2), 1e-14)
    assert np.all(np.diff(reward) > 0)
    assert curation.curated_reward(500, law, rewards, 4) == pytest.approx(1)


# --- bounds ---------------------------------------------------------------------------------

LAWS = st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=4).map(lambda w: np.array(w) / np.sum(w))


@settings(max_examples=80, deadline=None)
@given(law=LAWS, candidates=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_the_reward_grows_by_its_variance(law, candidates, seed):
    rewards = 3 * np.random.default_rng(seed).standard_normal(law.size)
    for number in (candidates, INFINITE):
        reached = curation.curated_reward(1, law, rewards, number)
        assert reached >= curation.reward_lower_bound(law, rewards, number) - 1e-12


def test_the_growth_bound_is_not_void():
    law, rewards = [0.5, 0.5], [0.0, 1.0]
    start = curation.curated_reward(0, law, rewards, 4)
    bound = curation.reward_lower_bound(law, rewards, [1, 4, INFINITE])
    assert bound[0] == pytest.approx(float(start))
    gain = curation.curated_reward(1, law, rewards, 4) - start
    assert bound[1] - start > 0.5 * gain
    assert bound[2] > bound[1]


@settings(max_examples=60, deadline=None)
@given(
    law=LAWS, candidates=st.integers(2, 6), ratio=st.floats(0.01, 5.0), seed=st.integers(0, 10**6)
)
def test_bounds_with_real_data(law, candidates, ratio, seed):
    rewards = 3 * np.random.default_rng(seed).standard_normal(law.size)
    t = np.arange(1, 40)
    reached = curation.curated_reward(t, law, rewards, candidates, ratio=ratio)
    floor = curation.retained_reward_lower_bound(law, rewards, candidates, ratio)
    assert np.all(reached >= floor - 1e-12)
    laws = curation.curated_law(t, law, rewards, candidates, ratio=ratio)
    distance = rel_entr(laws, law).sum(axis=-1)
    assert np.all(distance <= curation.divergence_upper_bound(candidates, ratio) + 1e-12)


def test_the_divergence_bound_is_nearly_reached():
    # one very good and very rare state takes as much as it can
    law, rewards = np.array([1 - 1e-9, 1e-9]), [0.0, 60.0]
    late = curation.curated_law(200, law, rewards, 3, ratio=0.4)
    assert late[1] / law[1] == pytest.approx(
        np.exp(float(curation.divergence_upper_bound(3, 0.4))), rel=1e-3
    )


def test_the_divergence_bound_ends_at_its_ratio():
    bound = curation.divergence_upper_bound(
        [1, 1, 3, 3, 3, INFINITE, INFINITE], [9.0, INFINITE, 0.0, 0.4, 0.5, 0.0, 0.1]
    )
    close(bound[[0, 1, 2, 5]], 0, 0)
    assert bound[3] == pytest.approx(-np.log(0.2))
    assert np.all(np.isinf(bound[[4, 6]]))


# --- best of K ------------------------------------------------------------------------------


def test_best_of_follows_the_power_of_the_distribution_function():
    law = np.array([0.1, 0.4, 0.2, 0.3])
    rewards = np.array([2.0, 0.0, 5.0, 1.0])
    order = np.argsort(rewards)
    for t, candidates in product(range(4), (1, 2, 5)):
        chosen = curation.best_of_law(t, law, rewards, candidates)
        close(np.cumsum(chosen[order]), np.cumsum(law[order]) ** candidates**t, 1e-12)


def test_equally_good_states_share_what_their_level_wins():
    chosen = curation.best_of_law([1, 2], [0.3, 0.2, 0.45, 0.05], [0, 1, 1, 2], 3)
    np.testing.assert_allclose(chosen[:, 1] / chosen[:, 2], 0.2 / 0.45)
    close(chosen[:, 0], [0.3**3, 0.3**9], 1e-12)
    close(chosen.sum(axis=1), 1, 1e-12)


def test_rare_good_states_keep_their_relative_accuracy():
    chosen = curation.best_of_law(1, [1 - 1e-20, 1e-20], [0, 1], 10)
    assert chosen[1] == pytest.approx(1e-19, rel=1e-12)


def test_the_divergence_of_fine_rewards_is_the_continuous_one():
    states, candidates = 20_000, 4
    law = np.full(states, 1 / states)
    chosen = curation.best_of_law(1, law, np.arange(states), candidates)
    distance = rel_entr(chosen, law).sum()
    limit = curation.best_of_divergence(candidates)
    assert distance == pytest.approx(float(limit), rel=1e-4)
    assert distance <= limit
    assert curation.best_of_divergence(1) == 0


# --- arguments ------------------------------------------------------------------------------


def test_formulas_broadcast_over_every_argument():
    laws = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
    rewards = np.array([[0.0, 1.0, 2.0]] * 2 + [[1.0, 0.0, 0.5]])[:, None, :]  # (3, 1, states)
    t, ratio = np.arange(4)[:, None, None, None], np.array([0.5, INFINITE])[:, None, None]
    grid = curation.curated_law(t, laws, rewards, [2, 5], ratio=ratio)
    assert grid.shape == (4, 2, 3, 2, 3)
    one = curation.curated_law(3, laws[1], rewards[2, 0], 5, ratio=0.5)
    close(grid[3, 0, 2, 1], one, 1e-13)
    reward = curation.curated_reward(t, laws, rewards, [2, 5], ratio=ratio)
    assert reward.shape == grid.shape[:-1]
    assert curation.tilted_law_limit(laws, rewards, [[0.1], [0.2], [0.3]]).shape == (3, 2, 3)
    assert curation.curated_law_limit(laws, rewards).shape == (3, 2, 3)
    assert curation.tilted_law(np.arange(5)[:, None], laws, [0, 1, 2]).shape == (5, 2, 3)
    assert curation.best_of_law(np.arange(5)[:, None], laws, [0, 1, 2], [2, 3]).shape == (5, 2, 3)
    assert curation.reward_lower_bound(laws, rewards, [2, 5]).shape == (3, 2)


LAW, REWARDS = [0.5, 0.5], [0.0, 1.0]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: curation.curated_law(1, LAW, REWARDS, 0), "candidates must be whole numbers"),
        (lambda: curation.curated_law(1, LAW, REWARDS, np.nan), "candidates must be whole numbers"),
        (lambda: curation.curated_law(1, LAW, REWARDS, 2.5), "candidates must be whole numbers"),
        (lambda: curation.curated_law(-1, LAW, REWARDS, 2), "generations must be whole numbers"),
        (lambda: curation.curated_law(1, LAW, REWARDS, 2, ratio=-1), "ratio must be 0 or larger"),
        (lambda: curation.selection_weights(LAW, [0.0, np.inf], 2), "rewards must be finite"),
        (
            lambda: curation.selection_weights(LAW, [0.0, 1.0, 2.0], 2),
            "one reward for each of the 2",
        ),
        (lambda: curation.selection_weights(LAW, [0.0, 900.0], 2), "within 500 of each other"),
        (lambda: curation.selection_weights([0.5, 0.2], REWARDS, 2), "sum"),
        (lambda: curation.tilted_law_limit(LAW, REWARDS, INFINITE), "ratio must be finite"),
        (
            lambda: curation.best_of_law(1, LAW, REWARDS, INFINITE),
            "candidates must be whole numbers",
        ),
        (lambda: curation.best_of_divergence(0), "candidates must be whole numbers"),
        (lambda: curation.divergence_upper_bound(2, np.nan), "ratio must be 0 or larger"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
