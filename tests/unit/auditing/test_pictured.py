"""Data of the pictures."""

import numpy as np
import pytest

from modelcollapse.auditing.pictured import (
    POINTS,
    band_names,
    decile_edges,
    rank_frequency,
    record_deciles,
    rows_of,
    shortened,
    type_deciles,
)
from modelcollapse.metrics.neighbours import neighbours
from modelcollapse.metrics.retention import retention_by_rarity


def zipf(types, total, seed):
    # in no order, so that types with equal counts stand in none
    law = 1 / np.random.default_rng(99).permutation(np.arange(1, types + 1))
    return np.random.default_rng(seed).multinomial(total, law / law.sum())


def test_ranks_are_those_of_the_reference():
    counts, real = np.array([4, 0, 7, 1]), np.array([10, 3, 0, 20])
    found = rank_frequency("c", "categories", counts, real)
    assert found["types"] == 3  # the third is unknown to the reference
    assert found["lost"] == 1
    assert found["reference"] == {"ranks": [1, 2, 3], "counts": [20.0, 10.0, 3.0]}
    assert found["new"]["counts"] == pytest.approx([1 * 33 / 12, 4 * 33 / 12, 0.0])


def test_long_laws_are_thinned_and_keep_their_ends():
    real = zipf(5000, 200_000, 0)
    found = rank_frequency("w", "words", zipf(5000, 100_000, 1), real)
    ranks = found["reference"]["ranks"]
    assert len(ranks) <= POINTS
    assert ranks[0] == 1
    assert ranks == sorted(set(ranks))
    assert len(found["new"]["counts"]) == len(ranks)
    assert found["reference"]["counts"] == sorted(found["reference"]["counts"], reverse=True)


@pytest.mark.parametrize(("types", "total"), [(5000, 40_000), (300_000, 40_000), (5000, 10_000)])
def test_an_honest_redraw_has_lost_as_many_as_chance_loses_and_no_tail(types, total):
    real = zipf(types, 40_000, 0)
    found = rank_frequency("w", "words", zipf(types, total, 1), real)
    # a count has at most its own variance
    assert abs(found["lost"] - found["expected_lost"]) < 4 * np.sqrt(2 * found["types"])
    assert found["lost"] == pytest.approx(found["expected_lost"], rel=0.15)
    assert found["lost_from"] is None


def test_a_larger_redraw_loses_fewer():
    real = zipf(5000, 20_000, 0)
    even, twice = (
        rank_frequency("w", "words", zipf(5000, total, 1), real) for total in (20_000, 40_000)
    )
    assert twice["expected_lost"] < even["expected_lost"]
    assert twice["lost"] == pytest.approx(twice["expected_lost"], rel=0.25)


def test_a_tail_that_is_gone_is_found_where_it_begins():
    real = zipf(1000, 100_000, 0)
    cut = zipf(1000, 100_000, 1)
    cut[np.argsort(-real)[300:]] = 0
    assert rank_frequency("w", "words", cut, real)["lost_from"] == pytest.approx(301, abs=5)


def test_all_gone():
    found = rank_frequency("w", "words", np.zeros(50, dtype=int), zipf(50, 10_000, 0))
    assert found["lost"] == found["types"]
    assert not any(found["new"]["counts"])


def test_edges_rise_from_two_and_name_bands():
    edges = decile_edges(zipf(2000, 50_000, 0))
    assert edges == sorted(set(edges))
    assert edges[0] >= 2
    assert len(edges) <= 9
    assert len(band_names(edges)) == len(edges) + 1
    assert decile_edges(np.array([0, 1, 1])) == []
    assert band_names([2, 4, 9]) == ["1", "2-3", "4-8", "9+"]


def test_bands_of_types_are_the_rarest_first():
    real = zipf(2000, 50_000, 0)
    edges = decile_edges(real)
    bands = retention_by_rarity(zipf(2000, 50_000, 1), real, edges=edges, names=band_names(edges))
    found = type_deciles("w", "words", bands)
    assert [one["decile"] for one in found["deciles"]] == list(range(1, len(edges) + 2))
    assert [one["band"] for one in found["deciles"]] == band_names(edges)
    for one in found["deciles"]:
        assert one["low"] <= one["ratio"] <= one["high"]
    assert type_deciles("w", "words", {}) is None


def test_tenths_of_records_hold_as_many_real_ones():
    rng = np.random.default_rng(0)
    real, new = rng.normal(size=(500, 3)), rng.normal(size=(500, 3))
    far = real[np.linalg.norm(real, axis=1).argsort()[:250]]  # the middle only
    honest = record_deciles("records", neighbours(new, real, k=5, directions=3, most=500))
    narrow = record_deciles(
        "records",
        neighbours(far[rng.integers(0, 250, 500)] + 0.01 * new, real, k=5, directions=3, most=500),
    )
    assert [one["types"] for one in honest["deciles"]] == [50.0] * 10
    assert sum(one["found"] for one in honest["deciles"]) == 500
    assert honest["deciles"][0]["low"] < 1.3
    assert narrow["deciles"][0]["high"] < 0.5
    assert narrow["deciles"][0]["ratio"] < honest["deciles"][0]["ratio"]


def test_records_become_words():
    sample = {
        "x": np.array([1.0, np.nan]), "t": np.array(["a" * 300, None], dtype=object),
        "e": np.zeros((2, 3)),
    }  # fmt: skip
    first, second = rows_of(sample, [0, 1])
    assert list(first) == ["x", "t"]
    assert first["x"] == "1"
    assert len(first["t"]) == 240
    assert first["t"].endswith("…")
    assert second == {"x": "", "t": ""}
    assert shortened({"a": 5}) == {"a": "5"}
