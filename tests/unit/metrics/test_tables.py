"""Measures of tables: closed forms, limits, and what they must not see."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.tables import (
    MISSING,
    associations,
    category_retention,
    column_values,
    correlation_ratio,
    cramers_v,
    expected_categories,
    quantile_tail_retention,
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


# --- columns --------------------------------------------------------------------------------


@pytest.mark.parametrize("library", [pl, pd])
def test_columns_are_numbers_with_nan_or_labels_with_a_label_for_gaps(library):
    numbers = column_values(library.Series([1, 2, 3]))
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(column_values(library.Series([1.5, None])), [1.5, np.nan])
    assert column_values(library.Series(["x", None])).tolist() == ["x", MISSING]
    assert column_values(library.Series([True, False])).tolist() == ["True", "False"]


def test_a_column_without_records_keeps_its_kind():
    assert column_values(pl.Series([], dtype=pl.String)).dtype.kind == "U"
    assert column_values(pl.Series([], dtype=pl.Int64)).dtype.kind == "f"


# --- categories -----------------------------------------------------------------------------


def test_expected_categories_is_what_samples_show_on_average(rng):
    shares = np.array([0.9, 0.06, 0.03, 0.01])
    shown = np.count_nonzero(rng.multinomial(40, shares, size=20_000), axis=1)
    error = shown.std() / np.sqrt(len(shown))
    assert abs(shown.mean() - expected_categories(shares, 40)) < 4 * error
    assert abs(shown.mean() - expected_categories(shares, 20)) > 4 * error


def test_expected_categories_at_the_ends():
    assert expected_categories([0.2, 0.0, 1.0], 0) == 0
    assert expected_categories([1.0, 0.0], 1) == 1
    assert expected_categories([1e-12], 1) == pytest.approx(1e-12)
    np.testing.assert_allclose(expected_categories([[0.5, 0.5], [1.0, 0.0]], 2), [1.5, 1.0])


@pytest.mark.parametrize("by_mass", [False, True])
def test_retention_is_one_on_average_where_nothing_changed(rng, by_mass):
    shares = np.array([0.93, 0.04, 0.02, 0.01])
    rare = np.where(shares < 0.05, shares, 0)
    counts = rng.multinomial(30, shares, size=20_000)
    kept = category_retention(counts, rare, by_mass=by_mass)
    assert abs(kept.mean() - 1) < 4 * kept.std() / np.sqrt(len(kept))


def test_retention_forgets_nobody_and_counts_only_what_is_in_question():
    assert category_retention([10, 0], [0.0, 0.5]) == 0
    assert category_retention([0, 10], [0.0, 0.5]) == pytest.approx(1 / (1 - 0.5**10))
    assert np.isnan(category_retention([5, 5], [0.0, 0.0]))
    assert np.isnan(category_retention([0, 0], [0.5, 0.5]))


def test_a_lost_category_weighs_its_mass():
    counts, shares = [1000, 0, 10_000], [0.03, 0.01, 0.0]
    assert category_retention(counts, shares) == pytest.approx(0.5)
    assert category_retention(counts, shares, by_mass=True) == pytest.approx(0.75)


@pytest.mark.parametrize("shares", [[-0.1], [1.1], [np.nan]])
def test_shares_are_checked(shares):
    with pytest.raises(InputError, match="between 0 and 1"):
        expected_categories(shares, 3)
    with pytest.raises(InputError, match="cannot be drawn"):
        expected_categories([0.5], -1)


# --- tails ----------------------------------------------------------------------------------


def test_tails_that_were_cut_on_one_side_count_half(rng):
    real = rng.normal(size=5000)
    assert quantile_tail_retention(real, real, level=0.1) == 1
    assert quantile_tail_retention(real[real < 1.5], real, level=0.1) == pytest.approx(0.5, abs=0.1)
    assert quantile_tail_retention(3 * real, real, level=0.1) == 1  # a surplus hides nothing


def test_tails_of_ties_are_undefined_and_gaps_are_left_out(rng):
    assert np.isnan(quantile_tail_retention([1.0, 2.0], np.zeros(50), level=0.1))
    real = rng.normal(size=400)
    gappy = np.append(real, np.nan)
    assert quantile_tail_retention(gappy, gappy, level=0.2) == 1
    with pytest.raises(InputError, match="no number at all"):
        quantile_tail_retention([np.nan], real, level=0.2)
    with pytest.raises(InputError, match="level"):
        quantile_tail_retention(real, real, level=1.0)


# --- pairs ----------------------------------------------------------------------------------


def test_associations_of_independent_columns_are_near_zero_and_without_the_plain_bias(rng):
    first, second = rng.integers(12, size=(2, 300))
    table = np.zeros((12, 12), dtype=int)
    np.add.at(table, (first, second), 1)
    expected = np.outer(table.sum(1), table.sum(0)) / 300
    plain = np.sqrt(((table - expected) ** 2 / expected).sum() / 300 / 11)
    assert plain > 0.15
    assert cramers_v(table) < 0.1
    assert correlation_ratio(rng.normal(size=300), first) < 0.2


def test_cramers_v_does_not_see_order_nor_empty_rows(rng):
    table = rng.integers(1, 30, size=(3, 4))
    shuffled = np.insert(table[[2, 0, 1]][:, [3, 1, 0, 2]], 1, 0, axis=0)
    assert cramers_v(shuffled) == pytest.approx(cramers_v(table))
    assert cramers_v(table.T) == pytest.approx(cramers_v(table))


def test_associations_that_do_not_exist_are_undefined():
    assert np.isnan(cramers_v([[5, 6]]))
    assert np.isnan(correlation_ratio([1.0, 1.0, 1.0], ["a", "b", "b"]))
    assert np.isnan(correlation_ratio([1.0, 2.0], ["a", "a"]))
    with pytest.raises(InputError, match="2 labels for 3 numbers"):
        correlation_ratio([1, 2, 3], ["a", "b"])


def test_a_matrix_of_associations_is_symmetric_and_treats_each_pair_by_its_kinds(rng):
    x = rng.normal(size=500)
    labels = np.where(x > 0, "up", "down")
    noise = rng.choice(["p", "q"], size=500)
    gaps = np.where(rng.random(500) < 0.1, np.nan, np.exp(x))
    constant = np.zeros(500)
    matrix = associations([x, labels, noise, gaps, constant, labels])
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    assert matrix[0, 3] == pytest.approx(1)  # ranks do not see the exponential
    assert 0.8 < matrix[0, 1] < 0.9  # sqrt(3)/2, of ranks
    assert matrix[1, 5] == pytest.approx(1)
    assert matrix[0, 2] < 0.15
    assert np.isnan(matrix[4, :4]).all()
    assert associations([x, -x])[0, 1] == pytest.approx(-1)
