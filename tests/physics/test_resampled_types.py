"""Types that survive generations of resampling, against chains."""

import numpy as np
import pytest

from modelcollapse.metrics.resampled_types import resampling_generations, surviving_types

N = 5000
P = 1 / np.arange(1, 2001) ** 1.1
P /= P.sum()
RARE = P * N < 8


def chains(generations, repeats, rng):
    """Rare types that the last of each chain shows."""
    counts = rng.multinomial(N, P, size=repeats)
    for _ in range(generations):
        counts = rng.multinomial(N, counts / N)
    return (counts[:, RARE] > 0).sum(axis=1)


def agrees(seen, told):
    return abs(seen.mean() - told) < 4 * seen.std(ddof=1) / len(seen) ** 0.5


@pytest.mark.parametrize("generations", [0, 1, 4, 15])
def test_survivors_are_those_of_a_branching_process(generations):
    seen = chains(generations, 60, np.random.default_rng(generations))
    assert agrees(seen, surviving_types(N * P[RARE], generations))


def test_one_generation_more_or_less_is_rejected():
    seen = chains(4, 60, np.random.default_rng(4))
    assert not agrees(seen, surviving_types(N * P[RARE], 3))
    assert not agrees(seen, surviving_types(N * P[RARE], 5))


@pytest.mark.parametrize("generations", [1, 10])
def test_generations_are_read_off_a_chain(generations):
    expected = N * P[RARE]
    start = surviving_types(expected, 0)
    read = [
        resampling_generations(expected, share, share, share).value
        for share in chains(generations, 60, np.random.default_rng(7)) / start
    ]
    assert np.mean(read) == pytest.approx(generations, rel=0.1)
