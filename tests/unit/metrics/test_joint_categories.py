import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics import joint_categories
from modelcollapse.metrics.joint_categories import association_change
from modelcollapse.metrics.total_variation import joint_counts, total_variation_signal


def table(n, rng, weak=False):
    x = rng.zipf(1.5, n) % 30
    y = np.where(rng.random(n) < (0.2 if weak else 0.6), x, rng.integers(0, 30, n))
    return [x, np.array(list("abc"))[rng.integers(0, 3, n)], y]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_distances_and_expectations_are_those_of_each_pair(rng):
    new, reference = table(150, rng), table(220, rng)
    found = association_change(new, reference, rng=rng)
    excess = []
    for i, j in zip(found.pairs.first, found.pairs.second, strict=True):
        counts = joint_counts([new[i], new[j]], [reference[i], reference[j]])
        alone = total_variation_signal(*counts)
        excess.append((alone.value, alone.expected))
    value, expected = np.array(excess).T
    assert found.mean.value == pytest.approx(value.mean())
    assert found.mean.expected == pytest.approx(expected.mean(), rel=1e-9)
    assert found.pairs.change == pytest.approx(value - expected)
    assert np.all(np.diff(found.pairs.change) <= 0)


def test_expectation_is_that_of_permutations(rng):
    new, reference = table(40, rng), table(60, rng)
    pool = [np.concatenate(parts) for parts in zip(new, reference, strict=True)]
    values = []
    for _ in range(300):
        order = rng.permutation(100)
        sides = [[column[part] for column in pool] for part in (order[:40], order[40:])]
        values.append(association_change(*sides, rng=rng, draws=99).mean.value)
    expected = association_change(new, reference, rng=rng).mean.expected
    assert expected == pytest.approx(np.mean(values), abs=4 * np.std(values) / 300**0.5)


def test_states_in_parts_are_the_same(rng, monkeypatch):
    new, reference = table(300, rng), table(300, rng)
    whole = association_change(new, reference, rng=np.random.default_rng(1))
    monkeypatch.setattr(joint_categories, "_HELD", 5_000)
    parts = association_change(new, reference, rng=np.random.default_rng(1))
    assert parts.mean.p == whole.mean.p
    assert parts.pairs.p == pytest.approx(whole.pairs.p)


def test_lost_dependence_is_seen_and_named(rng):
    new, reference = table(800, rng, weak=True), table(800, rng)
    found = association_change(new, reference, rng=rng)
    assert found.mean.p < 0.001
    assert (found.pairs.first[0], found.pairs.second[0]) == (0, 2)
    assert found.pairs.p[0] < 0.001
    assert found.mean.value > found.mean.expected


def test_columns_with_a_label_for_each_record_say_nothing(rng):
    new, reference = np.arange(50), np.arange(50, 110)
    found = association_change([new, new], [reference, reference], rng=rng)
    assert [found.mean.value, found.mean.expected] == pytest.approx([1, 1])
    assert found.mean.p == 1
    constant = association_change([np.ones(5)] * 2, [np.ones(9)] * 2, rng=rng)
    assert (constant.mean.value, constant.mean.p) == (0, 1)


def test_wrong_input(rng):
    with pytest.raises(InputError, match="no pairs"):
        association_change([[1, 2]], [[1, 2]], rng=rng)
    with pytest.raises(InputError, match="no pairs"):
        association_change([[1, 2], [1]], [[1, 2], [1, 2]], rng=rng)
    with pytest.raises(InputError, match="two or more on each side"):
        association_change([[1], [1]], [[1, 2], [1, 2]], rng=rng)
    with pytest.raises(InputError, match="no common groups"):
        association_change([[1, 2], [1, 2]], [["a", "b"], [1, 2]], rng=rng)
