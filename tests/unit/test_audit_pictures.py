"""Pictures of an audit show what they are given, and nothing that is not there."""

import math
import re

import numpy as np
import pytest

from modelcollapse.audit_pictures import (
    Scale,
    band_of,
    defined,
    forest,
    ranks,
    retention,
    trajectory,
)

GONE = "var(--series-1)"


def law(lost_from=4, new=(90.0, 40.0, 20.0, 0.0, 0.0)):
    return {
        "name": "body", "kind": "words", "types": 60, "lost": 50, "expected_lost": 9.0,
        "lost_from": lost_from,
        "reference": {"ranks": [1, 2, 4, 10, 40], "counts": [100.0, 50.0, 25.0, 10.0, 2.0]},
        "new": {"counts": list(new)},
    }  # fmt: skip


def bands(values, **more):
    return {
        "name": "body", "kind": "words",
        "deciles": [
            {"decile": i + 1, "ratio": x, "low": None if x is None else 0.9 * x,
             "high": None if x is None else 1.1 * x, **more}
            for i, x in enumerate(values)
        ],
    }  # fmt: skip


def path(**more):
    row = {
        "generation": [1, 2, 3, 4], "value": [1.0, 0.8, 0.5, 0.3], "low": [0.9, 0.7, 0.4, 0.2],
        "high": [1.1, 0.9, 0.6, 0.4], "expected": [1.0] * 4,
        "outcome": ["held", "not decided", "changed", "changed"], "lost_at": 3,
    }  # fmt: skip
    return row | more


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def points(svg, colour):
    """How many marks of a colour there are; bands, which are drawn alike, have no edge."""
    found = re.findall(r"<use [^>]*>", svg)
    return sum(colour in use and "fill-opacity: 0.1" not in use for use in found)


@pytest.mark.parametrize(
    ("draw", "given"),
    [
        (ranks, (law(),)),
        (retention, (bands([0.1, 0.5, 1.0]),)),
        (trajectory, (path(), [0.2] * 4)),
    ],
)
def test_pictures_are_the_page_s_own(draw, given):
    svg = draw(*given, "here")
    assert svg == draw(*given, "here")
    assert svg.startswith("<svg viewBox")
    assert "#0101" not in svg
    assert "font-family" not in svg
    ids = re.findall(r' id="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("here-") for name in ids)
    assert set(re.findall(r'href="#([^"]*)"', svg)) <= set(ids)


def test_the_lost_tail_is_shaded_and_every_lost_rank_ticked():
    svg = ranks(law(), "a")
    assert points(svg, GONE) == 2
    assert points(svg, "var(--series-0)") == 3
    assert "opacity: 0.16" in svg
    whole = ranks(law(None, (90.0, 40.0, 20.0, 9.0, 1.0)), "a")
    assert GONE not in whole
    assert points(whole, "var(--series-0)") == 5


def test_a_law_without_any_new_type_can_be_drawn():
    assert points(ranks(law(1, [0.0] * 5), "a"), GONE) == 5


def test_many_bands_are_named_at_the_ends_and_few_everywhere():
    few = retention(bands([0.2, 0.5, 1.0]), "a")
    assert {"1", "2", "3"} <= set(texts(few))
    many = retention(bands(np.linspace(0.1, 1, 10)), "a")
    assert {"1", "10"} <= set(texts(many))
    assert "5" not in texts(many)
    assert band_of({"decile": 2, "band": "3-4"}) == "3-4"
    assert band_of({"decile": 2}) == "2"


def test_an_undefined_band_is_left_out():
    assert points(retention(bands([0.2, 0.5, 1.0]), "a"), "var(--series-0)") == 3
    svg = retention(bands([0.2, None, 1.0]), "a")
    assert points(svg, "var(--series-0)") == 2
    assert {"1", "3"} <= set(texts(svg))
    assert "2" not in texts(svg)
    assert "nan" not in svg.lower()


def test_a_huge_interval_does_not_flatten_the_picture():
    row = bands([0.2, 1.0])
    row["deciles"][0]["high"] = "inf"
    assert "8" not in texts(retention(row, "a"))
    row["deciles"][0]["high"] = 3.0
    assert max(float(text) for text in texts(retention(row, "a")) if text[:1].isdigit()) <= 2


def test_a_trajectory_marks_where_the_tail_was_lost():
    svg = trajectory(path(), [0.2] * 4, "a")
    assert GONE in svg
    assert GONE not in trajectory(path(lost_at=None), [0.2] * 4, "a")
    # Hollow marks, of which there is one, are filled with another colour than decided ones.
    assert points(svg, "fill: var(--rule)") == 1
    assert points(svg, "fill: var(--series-0)") == 3


def test_rounding_is_no_trajectory():
    row = path(value=[-2e-16, 3e-17, 0.0, 1e-16], low=[0.0] * 4, high=[0.0] * 4, expected=[0.0] * 4)
    assert not [text for text in texts(trajectory(row, [0.01] * 4, "a")) if "10" in text]


def test_a_trajectory_may_be_undefined_or_infinite():
    row = path(value=[None, 0.8, "inf", 0.3], low=[None] * 4, high=["inf"] * 4)
    assert "nan" not in trajectory(row, [math.nan] * 4, "a").lower()
    nothing = path(value=[None] * 4, low=[None] * 4, high=[None] * 4, expected=[None] * 4)
    assert trajectory(nothing, [math.nan] * 4, "a")
    one = {name: x[:1] if isinstance(x, list) else x for name, x in path(lost_at=1).items()}
    assert trajectory(one, [0.2], "a")


def ratio(value, low, high):
    return {"ratio": value, "low": low, "high": high}


def test_a_scale_of_ratios_holds_them_all():
    scale = Scale.of_ratios([ratio(0.2, 0.12, 0.4), ratio(2.0, 1.5, 2.9)])
    assert (scale.low, scale.high) == (0.1, 3.0)
    assert scale.ticks == (0.1, 0.3, 1.0, 3.0)
    assert [label for label, _ in scale.marks()] == ["0.1", "0.3", "1", "3"]
    far = Scale.of_ratios([ratio(0.0, 0.0, 1e-6), ratio("inf", 4.0, "inf"), ratio(None, None, 500)])
    assert (far.low, far.high) == (0.01, 100.0)
    assert far.ticks == (0.01, 0.1, 1.0, 10.0, 100.0)
    assert Scale.of_ratios([]).ticks == (0.3, 1.0, 3.0)


def test_places_rise_and_stop_at_the_edges():
    scale = Scale(0.1, 10.0, 1.0, log=True)
    places = [scale.place(x) for x in (0.0, 0.01, 0.1, 0.5, 1.0, 9.0, 10.0, math.inf)]
    assert places == sorted(places)
    assert places[0] == places[1] == 0
    assert scale.place(1.0) == pytest.approx(50)
    assert places[-1] == 100
    linear = Scale(-5.0, 2.5, 0.0)
    assert linear.place(-5.0) > 0 == linear.place(-9.0) == linear.place(-math.inf)
    assert linear.place(0.0) - linear.place(-1.0) == pytest.approx(
        linear.place(1.0) - linear.place(0.0)
    )


def test_a_row_points_to_what_lies_beyond():
    scale = Scale(0.1, 10.0, 1.0, log=True)
    inside = forest(0.5, 0.3, 0.8, scale, "early")
    assert "<circle" in inside
    assert "<path" not in inside
    assert 'class="reach"' in inside
    erased, new = (forest(x, 0.0, x, scale, "late") for x in (0.0, math.inf))
    assert '<svg x="0%"' in erased
    assert '<svg x="100%"' in new
    assert erased != new


def test_a_row_without_a_value_has_only_its_line():
    scale = Scale(-5.0, 2.5, 0.0, zone=(-1.0, 1.0))
    empty = forest(math.nan, math.nan, math.nan, scale, "undecided")
    assert 'class="rule"' in empty
    assert 'class="zone"' in empty
    assert "mark" not in empty
    assert "nan" not in empty
    assert 'class="mark hollow"' in forest(0.0, -1.0, 1.0, scale, "undecided", hollow=True)
    assert "reach" not in forest(0.0, math.nan, math.nan, scale, "undecided")


def test_numbers_of_a_card():
    assert math.isnan(defined(None))
    assert defined("inf") == math.inf
    assert defined(2) == 2.0
