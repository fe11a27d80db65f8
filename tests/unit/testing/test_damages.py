"""Damages do what they are called."""

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.testing.damages import DAMAGES, LEVELS, mixed_table

N = 4000
REAL, NEW = (mixed_table(N, numbers=4, rng=np.random.default_rng(seed)) for seed in (0, 1))


def damaged(name):
    return DAMAGES[name](NEW, REAL, np.random.default_rng(2))


def is_number(name):
    return name.startswith("number")


def test_a_table_has_correlated_heavy_tailed_numbers_and_categories_by_zipf():
    table = mixed_table(20_000, numbers=3, rng=np.random.default_rng(0))
    assert list(table) == ["number_0", "number_1", "number_2", *(f"category_{k}" for k in LEVELS)]
    ranks = np.argsort(np.argsort([table["number_0"], table["number_1"]], axis=1), axis=1)
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(0.3, abs=0.05)
    # t with 6 degrees of freedom has variance 3/2
    assert table["number_0"].var() == pytest.approx(1.5, rel=0.1)
    assert (table["number_2"] > 0).all()
    _, counts = np.unique(table["category_8"], return_counts=True)
    assert len(counts) == 8
    assert counts[0] / counts[1] == pytest.approx(2**1.3, rel=0.1)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_keeps_the_form_and_leaves_its_input_alone(name):
    before = {column: values.copy() for column, values in NEW.items()}
    found = damaged(name)
    assert list(found) == list(NEW)
    assert all(len(values) == N for values in found.values())
    assert all((NEW[column] == before[column]).all() for column in NEW)
    again = damaged(name)
    assert all((found[column] == again[column]).all() for column in NEW)


def test_none_is_none():
    assert damaged("none (an honest redraw)") is NEW


def test_rare_categories_go_and_nothing_else():
    found = damaged("categories in the last 2 % erased")
    known, counts = np.unique(REAL["category_100"], return_counts=True)
    order = np.argsort(counts, kind="stable")
    rare = set(known[order[np.cumsum(counts[order]) <= 0.02 * N]])
    assert rare
    assert not rare & set(found["category_100"])
    kept = ~np.isin(NEW["category_100"], list(rare))
    assert (found["category_100"][kept] == NEW["category_100"][kept]).all()
    assert all((found[name] == NEW[name]).all() for name in NEW if is_number(name))


def test_tails_go_and_nothing_else():
    found = damaged("0.5 % tails of each number cut")
    for name in filter(is_number, NEW):
        low, high = np.quantile(REAL[name], [0.005, 0.995])
        assert low < found[name].min() <= found[name].max() < high
        assert (found[name] != NEW[name]).mean() == pytest.approx(0.01, abs=0.008)
    assert (found["category_100"] == NEW["category_100"]).all()


@pytest.mark.parametrize("factor", [0.95, 0.80])
def test_deviations_shrink_by_the_factor(factor):
    found = damaged(f"deviations x {factor:.2f}")
    for name in filter(is_number, NEW):
        assert found[name].std() == pytest.approx(factor * NEW[name].std())


def test_a_fifth_become_copies():
    found = damaged("20 % of the records duplicated")
    different = {tuple(row) for row in zip(*(found[name] for name in found), strict=True)}
    assert len(different) == N - N // 5


@pytest.mark.parametrize("given", [{"n": 0}, {"n": 2.5}, {"n": 5, "numbers": 0}])
def test_tables_that_cannot_be(given):
    with pytest.raises(InputError, match="needs records and numbers"):
        mixed_table(rng=np.random.default_rng(0), **given)
