"""Least squares over generations that keep records: published cases, tables, sums, limits."""

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.theory import regression

ONE = {"dimension": 10, "noise": 1.0}


def close(value, expected, rtol):
    np.testing.assert_allclose(value, expected, rtol=rtol)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_18_replace_and_accumulate():
    close(regression.replace_error(9, 100, **ONE), 1.1235955056, 1e-10)
    close(regression.accumulate_error(9, 100, same_inputs=True, **ONE), 0.17413120574905, 1e-10)
    close(regression.accumulate_error(9, 100, **ONE), 0.16961362026123, 1e-10)


def test_row_19_constant_of_the_subsampled_pool():
    first = regression.replace_error(0, 100, **ONE)
    later = regression.subsample_error([4, 19], 100, **ONE) / first
    close(later, [2.3908333333, 2.7884897317], 1e-9)
    close(regression.subsample_error_limit(100, **ONE) / first, 2.9348022005, 1e-9)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule, d, n, variance, fits, expected",
    [
        ("replace", 5, 20, 1.0, 10, 3.5714),
        ("replace", 10, 32, 0.25, 8, 0.95238),
        ("replace", 10, 100, 1.0, 10, 1.1236),
        ("replace", 10, 40, 1.0, 3, 1.0345),
        ("replace", 3, 12, 1.0, 6, 2.25),
        ("same", 5, 20, 1.0, 10, 0.55349),
        ("same", 10, 32, 0.25, 8, 0.1818),
        ("same", 10, 32, 1.0, 6, 0.7102),
        ("same", 3, 30, 1.0, 8, 0.17624),
        ("same", 10, 60, 1.0, 15, 0.32254),
        ("fresh", 5, 20, 1.0, 10, 0.51154),
        ("fresh", 10, 32, 0.25, 8, 0.1664),
        ("fresh", 10, 32, 1.0, 6, 0.6537),
        ("fresh", 10, 15, 1.0, 6, 2.9646),
    ],
)
def test_table_of_least_squares(rule, d, n, variance, fits, expected):
    setting = {"dimension": d, "noise": variance**0.5}
    if rule == "replace":
        value = regression.replace_error(fits - 1, n, **setting)
    else:
        value = regression.accumulate_error(fits - 1, n, same_inputs=rule == "same", **setting)
    close(value, expected, 3e-4)


@pytest.mark.parametrize(
    "d, n, expected",
    [
        (2, 400, (0.00875, 0.01195, 0.01394)),
        (3, 1000, (0.00525, 0.00717, 0.00837)),
        (10, 100, (0.1750, 0.2391, 0.2789)),
    ],
)
def test_table_of_the_subsampled_pool(d, n, expected):
    # the table has d / n where the error of the first fit is d / (n - d - 1)
    value = regression.subsample_error([1, 4, 19], n, dimension=d, noise=1.0)
    close(value * (n - d - 1) / n, expected, 1e-3)


# --- identities and limits ------------------------------------------------------------------


@pytest.mark.parametrize("n", [12, 13, 30, 219, 221, 10**5, 10**9])
def test_sums_over_fits(n):
    d, t = 10, np.arange(60)
    k = t + 1.0
    setting = {"dimension": d, "noise": 0.3}
    gap = n - d - 1

    def added(terms):
        return 0.09 * d * np.cumsum(terms)

    close(regression.replace_error(t, n, **setting), added(np.ones(60) / gap), 1e-13)
    close(regression.accumulate_error(t, n, **setting), added(1 / (k * (k * n - d - 1))), 1e-12)
    same = regression.accumulate_error(t, n, same_inputs=True, **setting)
    close(same, added(1 / (k * k * gap)), 1e-12)
    close(regression.growing_replace_error(t, n, **setting), added(1 / (k * n - d - 1)), 1e-12)
    same = regression.growing_replace_error(t, n, same_inputs=True, **setting)
    close(same, added(1 / (k * gap)), 1e-12)


def test_accumulation_settles():
    n = np.array([12, 20, 300, 10**6])
    for same in (False, True):
        limit = regression.accumulate_error_limit(n, same_inputs=same, **ONE)
        late = regression.accumulate_error(10**6, n, same_inputs=same, **ONE)
        close(late, limit, 2e-6)
        assert np.all(late < limit)
    first = regression.replace_error(0, n, **ONE)
    close(
        regression.accumulate_error_limit(n, same_inputs=True, **ONE), np.pi**2 / 6 * first, 1e-13
    )
    assert np.all(regression.accumulate_error_limit(n, **ONE) < np.pi**2 / 6 * first)


def test_the_subsampled_pool_settles():
    limit = regression.subsample_error_limit(100, **ONE)
    late = regression.subsample_error([1000, 4000], 100, **ONE)
    assert np.all(late < limit)
    close((limit - late[0]) / (limit - late[1]), 4.0, 0.01)


def test_growing_data_slow_replacement_to_a_logarithm():
    error = regression.growing_replace_error([99, 999, 9999], 100, **ONE)
    close(np.diff(error), 0.1 * np.log(10), 5e-3)


def test_rules_agree_on_the_first_fit_and_order_afterwards():
    rules = (
        regression.accumulate_error,
        regression.subsample_error,
        regression.growing_replace_error,
        regression.replace_error,
    )
    start = [rule(0, 40, **ONE) for rule in rules]
    close(start, start[0], 1e-13)
    # a budget settles, so that even growing data overtake it in the end
    assert rules[0](50, 40, **ONE) < rules[1](50, 40, **ONE) < rules[2](50, 40, **ONE)
    assert rules[2](50, 40, **ONE) < rules[3](50, 40, **ONE)


def test_replacement_is_the_chain_of_generators():
    t = np.arange(5)
    chain = regression.least_squares_chain_error(
        t, 40, dimension=10, generator_records=40, noise=0.7, generator_noise=0.7
    )
    close(regression.replace_error(t, 40, dimension=10, noise=0.7), chain, 1e-13)


def test_arguments_broadcast():
    t, n = np.arange(3), np.array([[20], [50]])
    for rule in (
        regression.replace_error,
        regression.accumulate_error,
        regression.subsample_error,
        regression.growing_replace_error,
    ):
        grid = rule(t, n, dimension=5, noise=1.0)
        assert grid.shape == (2, 3)
        close(grid[1, 2], rule(2, 50, dimension=5, noise=1.0), 1e-13)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"n": 11}, "n must be at least dimension"),
        ({"n": 5.5}, "n must be"),
        ({"dimension": 0}, "dimension must be"),
        ({"noise": -1.0}, "noise must be finite and at least 0"),
        ({"noise": np.nan}, "noise must be finite"),
        ({"generations": -1}, "generations must be whole"),
    ],
)
def test_wrong_input(arguments, words):
    given = {"generations": 3, "n": 100, **ONE, **arguments}
    for rule in (
        regression.replace_error,
        regression.accumulate_error,
        regression.subsample_error,
        regression.growing_replace_error,
    ):
        with pytest.raises(InputError, match=words):
            rule(**given)
    if "generations" not in arguments:
        del given["generations"]
        for rule in (regression.accumulate_error_limit, regression.subsample_error_limit):
            with pytest.raises(InputError, match=words):
                rule(**given)
