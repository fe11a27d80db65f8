import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.theory import gaussian
from modelcollapse.theory._recursion import follow


def doubling(_, state):
    return (2 * state[0],)


def test_generation_zero_is_the_start():
    assert follow(0, (3.0,), doubling)[0] == 3.0


def test_scalars_give_scalars_and_arrays_keep_their_order():
    assert np.shape(follow(4, (1.0,), doubling)[0]) == ()
    np.testing.assert_array_equal(follow([5, 0, 2, 2], (1.0,), doubling)[0], [32, 1, 4, 4])


def test_generations_broadcast_with_parameters():
    start = np.array([1.0, 10.0, 100.0])
    wanted = np.array([[0], [3]])
    np.testing.assert_array_equal(
        follow(wanted, (start,), doubling)[0], [[1, 10, 100], [8, 80, 800]]
    )
    np.testing.assert_array_equal(follow([2, 0, 1], (start,), doubling)[0], [4, 10, 200])


def test_steps_are_told_their_generation():
    seen = []

    def step(t, state):
        seen.append(t)
        return state

    follow([3, 1], (0.0,), step)
    assert seen == [1, 2, 3]


def test_no_generation_gives_no_value():
    assert follow([], (1.0,), doubling)[0].shape == (0,)


@pytest.mark.parametrize("generations", [-1, 1.5, [0, -2], np.nan, np.inf])
def test_generations_are_whole_and_not_negative(generations):
    with pytest.raises(InputError, match="generations must be whole numbers, at least 0"):
        gaussian.expected_variance(generations, 10)


@pytest.mark.parametrize("n", [0, -3, 2.5, np.inf, [10, 0]])
def test_records_are_counted(n):
    with pytest.raises(InputError, match="n must be whole numbers"):
        gaussian.expected_variance(1, n)


@pytest.mark.parametrize("ddof", [-1, 0.5])
def test_ddof_is_a_count(ddof):
    with pytest.raises(InputError, match="ddof must be a whole number"):
        gaussian.expected_variance(1, 10, ddof=ddof)
