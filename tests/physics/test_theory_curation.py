"""Curation against plain simulations of choices, four standard errors, fixed seeds.

A record of generation 2 is chosen among records of generation 1, each of them chosen among records
of the truth: a tree of choices, simulated from its leaves, has no other error than chance. Every
check is repeated with a wrong formula, which it must reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import curation


def agrees(sample, expected):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error


def draw(law, shape, rng):
    """States drawn from a law, by inversion."""
    return np.searchsorted(np.cumsum(law)[:-1], rng.random(shape), side="right")


def choose(candidates, rewards, rng, *, certain=False):
    """One of the states along the last axis, by a Bradley-Terry choice or the best."""
    strength = np.exp(rewards[candidates])
    if certain:
        noise = rng.random(candidates.shape) * 1e-9  # ties fall at random
        best = np.argmax(rewards[candidates] + noise, axis=-1)
        return np.take_along_axis(candidates, best[..., None], -1)[..., 0]
    running = np.cumsum(strength, axis=-1)
    pick = rng.random(candidates.shape[:-1]) * running[..., -1]
    return np.take_along_axis(candidates, np.sum(running < pick[..., None], -1)[..., None], -1)[
        ..., 0
    ]


def records(t, law, rewards, candidates, size, rng, *, ratio=np.inf, certain=False):
    """Independent records of generation t."""
    states = draw(law, (size, candidates**t), rng)
    for _ in range(t):
        states = choose(states.reshape(size, -1, candidates), rewards, rng, certain=certain)
        real = rng.random(states.shape) * (1 + ratio) < 1
        states = np.where(real, draw(law, states.shape, rng), states)
    return states[:, 0]


def matches(states, law):
    return all(agrees(states == i, law[i]) for i in range(len(law)))


LAW, REWARDS = np.array([0.6, 0.3, 0.1]), np.array([0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "law, rewards, candidates",
    [
        (LAW, REWARDS, 3),
        ([0.7, 0.2, 0.1], [0.0, 0.5, 3.0], 4),
        ([0.25, 0.25, 0.25, 0.25], [0.0, 0.3, 0.6, 0.9], 6),
    ],
)
def test_row_28_one_round(law, rewards, candidates):
    law, rewards = np.array(law), np.array(rewards)
    states = records(1, law, rewards, candidates, 300_000, np.random.default_rng(28))
    assert matches(states, curation.curated_law(1, law, rewards, candidates))
    assert matches(states, law * curation.selection_weights(law, rewards, candidates))
    assert not matches(states, curation.curated_law(1, law, rewards, candidates - 1))
    assert not matches(states, curation.tilted_law(1, law, rewards))


def test_row_28_very_many_candidates():
    rng = np.random.default_rng(281)
    states = draw(LAW, 600_000, rng)
    for t in (1, 2):  # rejection draws from the tilted law
        states = states[rng.random(states.size) < np.exp(REWARDS[states] - 2)]
        assert matches(states, curation.tilted_law(t, LAW, REWARDS))
        assert matches(states, curation.curated_law(t, LAW, REWARDS, np.inf))
        assert not matches(states, curation.tilted_law(t + 1, LAW, REWARDS))
        assert not matches(states, curation.curated_law(t, LAW, REWARDS, 30))


@pytest.mark.parametrize("ratio", [np.inf, 1.5])
def test_two_rounds(ratio):
    states = records(2, LAW, REWARDS, 3, 200_000, np.random.default_rng(282), ratio=ratio)
    assert matches(states, curation.curated_law(2, LAW, REWARDS, 3, ratio=ratio))
    assert not matches(states, curation.curated_law(1, LAW, REWARDS, 3, ratio=ratio))
    assert not matches(states, curation.curated_law(2, LAW, REWARDS, 3, ratio=1.2))
    reward = np.exp(REWARDS[states] - 2)
    assert agrees(reward, curation.curated_reward(2, LAW, REWARDS, 3, ratio=ratio))
    assert not agrees(reward, curation.curated_reward(3, LAW, REWARDS, 3, ratio=ratio))


def test_the_reward_is_above_its_bounds_and_the_divergence_below():
    rng = np.random.default_rng(283)
    one = np.exp(REWARDS[records(1, LAW, REWARDS, 3, 100_000, rng)] - 2).mean()
    assert one > curation.reward_lower_bound(LAW, REWARDS, 3)
    start = curation.curated_reward(0, LAW, REWARDS, 3)
    assert one < start + 5 * (curation.reward_lower_bound(LAW, REWARDS, 3) - start)
    states = records(3, LAW, REWARDS, 3, 100_000, rng, ratio=0.4)
    mixed = np.exp(REWARDS[states] - 2).mean()
    assert mixed > curation.retained_reward_lower_bound(LAW, REWARDS, 3, 0.4)
    # the bound on what follows one round without real data does not hold
    assert mixed < curation.reward_lower_bound(curation.curated_law(1, LAW, REWARDS, 3), REWARDS, 3)
    share = np.bincount(states) / states.size
    divergence = np.sum(share * np.log(share / LAW))
    assert divergence < curation.divergence_upper_bound(3, 0.4)
    assert divergence > curation.divergence_upper_bound(3, 0.005)


def test_limits_by_a_large_population():
    rng, size = np.random.default_rng(284), 200_000
    law, rewards = np.array([0.5, 0.3, 0.1, 0.1]), np.array([0.0, 1.0, 2.0, 2.0])
    states = draw(law, size, rng)
    for _ in range(14):
        states = choose(states[rng.integers(0, size, (size, 3))], rewards, rng)
    share = np.bincount(states, minlength=4) / size
    # chance adds up over the rounds: a drift of a few standard errors
    assert np.all(np.abs(share - curation.curated_law_limit(law, rewards)) < 0.03)
    assert np.abs(share - law).max() > 0.3
    with_real = draw(law, size, rng)
    strongest = np.exp(2.0)
    for _ in range(25):  # very many candidates: rejection
        tilted = with_real[rng.random(size) * strongest < np.exp(rewards[with_real])]
        curated = tilted[rng.integers(0, tilted.size, size)]
        real = rng.random(size) * 3 < 1
        with_real = np.where(real, draw(law, size, rng), curated)
    share = np.bincount(with_real, minlength=4) / size
    assert np.all(np.abs(share - curation.tilted_law_limit(law, rewards, 2.0)) < 0.01)
    assert np.abs(share - curation.tilted_law_limit(law, rewards, 1.7)).max() > 0.01


@pytest.mark.parametrize("candidates, t", [(2, 1), (3, 2), (4, 1)])
def test_best_of(candidates, t):
    law, rewards = np.array([0.5, 0.3, 0.15, 0.05]), np.array([1.0, 0.0, 1.0, 2.0])
    rng = np.random.default_rng(285)
    states = records(t, law, rewards, candidates, 200_000, rng, certain=True)
    assert matches(states, curation.best_of_law(t, law, rewards, candidates))
    assert not matches(states, curation.best_of_law(t, law, rewards, candidates + 1))
    assert not matches(states, curation.curated_law(t, law, rewards, candidates))


@pytest.mark.parametrize("candidates", [2, 4, 16])
def test_divergence_of_the_best_of(candidates):
    best = np.random.default_rng(286).random((100_000, candidates)).max(axis=1)
    log_ratio = np.log(candidates * best ** (candidates - 1))
    assert agrees(log_ratio, curation.best_of_divergence(candidates))
    assert not agrees(log_ratio, np.log(candidates) - 1)
