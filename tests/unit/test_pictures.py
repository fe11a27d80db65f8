"""Pictures of what models wrote: the first records, on one scale."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib.image import imread

from modelcollapse.pictures import CHARACTERS, TEXTS, contact_sheet, gallery, kind_of


def pixels(uri):
    return imread(io.BytesIO(base64.b64decode(uri.split(",")[1])), format="png")


@pytest.mark.parametrize(
    ("taken", "kind"),
    [
        (np.zeros((3, 8, 8)), "images"),
        (np.zeros((3, 8, 8, 3)), "images"),
        (np.zeros(5), "histogram"),
        (np.zeros((5, 1)), "histogram"),
        (np.zeros((5, 2)), "scatter"),
        (np.zeros((5, 7)), "none"),
        (np.zeros((0, 8, 8)), "none"),
        (np.array(["a"]), "none"),
        (["a", "b"], "texts"),
        ([1, 2], "none"),
        ([], "none"),
        ({"a": 1}, "none"),
    ],
)
def test_kinds(taken, kind):
    assert kind_of(taken) == kind


def test_sheet_shows_the_first_records_in_their_order():
    images = np.zeros((40, 4, 6))
    images[:25] = np.linspace(0, 1, 25)[:, None, None]
    images[25:] = 0.5
    shown = imread(io.BytesIO(contact_sheet(images, 0.0, 1.0)), format="png")
    assert shown.shape == (5 * 5 - 1, 5 * 7 - 1, 4)
    firsts = shown[::5, ::7, 0].ravel()
    np.testing.assert_allclose(firsts, np.linspace(0, 1, 25), atol=0.5 / 255 + 1e-6)
    # The gaps are transparent.
    assert (shown[4, :, 3] == 0).all()
    assert (shown[:4, :6, 3] == 1).all()


def test_large_pictures_are_fewer_and_thinner():
    sheet = contact_sheet(np.random.default_rng(0).random((30, 400, 300)), 0.0, 1.0)
    shown = imread(io.BytesIO(sheet), format="png")
    assert shown.shape[0] <= 3 * 160 + 30
    assert len(sheet) < 600_000


def test_values_outside_the_scale_are_clipped():
    images = np.array([[[-5.0, 0.0], [np.nan, 9.0]]])
    shown = imread(io.BytesIO(contact_sheet(images, 0.0, 1.0)), format="png")
    np.testing.assert_array_equal(shown[:2, :2, 0], [[0, 0], [0, 1]])


def test_lineages_share_one_scale():
    bright, dim = np.full((4, 2, 2), 2.0), np.full((4, 2, 2), 1.0)
    dark = np.zeros((4, 2, 2))
    shown = gallery({"a": {0: np.concatenate([bright, dark])}, "b": {0: dim}})
    assert pixels(shown.rows["a"][0].content)[0, 0, 0] == 1
    assert pixels(shown.rows["b"][0].content)[0, 0, 0] == pytest.approx(0.5, abs=0.01)
    assert "from 0 (black) to 2 (white)" in shown.caption
    assert "none was picked" in shown.caption


def test_whole_numbers_are_taken_for_bytes():
    shown = gallery({"a": {0: np.full((1, 2, 2), 51, dtype=np.uint8)}})
    assert pixels(shown.rows["a"][0].content)[0, 0, 0] == pytest.approx(0.2)


def test_texts_are_the_first_and_cut():
    texts = [f"{i} " + "x" * 1000 for i in range(9)]
    picture = gallery({"a": {0: texts}}).rows["a"][0]
    assert [text[:2] for text in picture.content] == [f"{i} " for i in range(TEXTS)]
    assert all(len(text) <= CHARACTERS + 2 and text.endswith("…") for text in picture.content)


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 2)])
def test_charts_show_generation_0_behind(shape):
    rng = np.random.default_rng(0)
    shown = gallery({"a": {0: rng.random(shape), 5: 0.1 * rng.random(shape)}})
    for picture in shown.rows["a"].values():
        assert picture.kind == "chart"
        assert 'class="before' in picture.content
        assert 'class="now' in picture.content
        assert "50 records, mean" in picture.words
    assert shown.generations == (0, 5)
    assert "Grey: generation 0" in shown.caption


def test_histograms_hold_all_records():
    values = np.r_[np.zeros(10), np.ones(10), np.full(20, 0.5)]
    content = gallery({"a": {0: values}}).rows["a"][0].content
    # Shares 1/4, 1/2, 1/4 on a scale whose top is twice the largest: heights 24, 48, 24 of 96.
    path = re.search(r'class="before" d="M0 100(.*?)V100Z"', content).group(1)
    heights = [100 - float(height) for height in re.findall(r"V([\d.]+)H", path)]
    assert max(heights) == pytest.approx(48)
    assert heights[0] == pytest.approx(24)


@pytest.mark.parametrize(
    "values", [np.full((5, 2), np.nan), np.full(5, np.inf), np.full((5, 1), 3.0)]
)
def test_degenerate_records_still_give_a_chart(values):
    picture = gallery({"a": {0: values}}).rows["a"][0]
    assert "nan" not in picture.content
    assert "inf" not in picture.content


def test_missing_snapshots_leave_gaps():
    shown = gallery({"a": {0: ["x"], 9: ["y"]}, "b": {0: ["z"]}, "c": {}})
    assert shown.generations == (0, 9)
    assert set(shown.rows["b"]) == {0}
    assert shown.rows["c"] == {}


def test_what_cannot_be_drawn_is_left_out_with_a_sentence():
    shown = gallery({"a": {0: {"column": [1, 2]}}})
    assert not shown.drawn
    assert "not drawn" in shown.caption
    mixed = gallery({"a": {0: np.zeros((2, 8, 8))}, "b": {0: ["text"]}})
    assert not mixed.drawn


def test_nothing_at_all():
    assert gallery({"a": {}}).generations == ()


def test_real_pictures_are_on_the_same_scale():
    dark, bright = np.zeros((30, 2, 2)), np.ones((30, 2, 2))
    shown = gallery({"a": {0: dark, 1: dark}}, {"a": bright})
    assert "First, as many real records" in shown.caption
    assert pixels(shown.real["a"].content)[0, 0, 0] == 1
    assert pixels(shown.rows["a"][0].content)[0, 0, 0] == 0
    assert gallery({"a": {0: dark}}).real == {}
