"""Panels as pictures: theory in the colour of what it is about, bars, marks and areas."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex

import modelcollapse as mc
from modelcollapse.errors import InputError, NoTheorem
from modelcollapse.panels import Curve, Mark, Panel, mean_curve, parts
from modelcollapse.plot import PAPER
from modelcollapse.probes import DownstreamError
from modelcollapse.regression_panels import (
    Readings,
    by_penalty,
    by_records,
    crossover,
    parts_by_records,
)

SIZES, PENALTIES = (15, 60, 200), (0.001, 0.05, 0.5)


def chain(**changes):
    truth = mc.IsotropicTeacher(20, noise=0.4).exact()
    return mc.Lineage(truth, mc.Ridge(), mc.Replace(50), size=50).but(**changes)


@pytest.fixture(scope="module")
def history():
    probes = ["test_error", DownstreamError(SIZES, PENALTIES, noise=0.2)]
    return chain().run(6, replicates=30, probes=probes)


def axes_of(panel):
    figure = panel.plot()
    figure.savefig(io.BytesIO(), format="png")
    return figure.axes[0]


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def simple(label="simulated", **more):
    return Curve(label, [1, 2, 3], [1.0, 2.0, 3.0], **more)


# --- drawing --------------------------------------------------------------------------------


def test_theory_takes_the_colour_of_what_it_is_about_and_is_named_once():
    curves = [
        simple("a", style="bars", low=[0, 1, 2], high=[2, 3, 4]),
        simple("theory", theory=True, like="a"),
        simple("b", style="bars", low=[0, 1, 2], high=[2, 3, 4]),
        simple("theory", theory=True, like="b"),
    ]
    axes = axes_of(Panel("", "x", curves))
    dashed = [line for line in axes.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    assert [to_hex(line.get_color()) for line in dashed] == list(PAPER.series[:2])
    assert legend(axes) == ["a", "b", "theory"]


def test_points_with_bars_are_not_joined_and_the_bars_are_where_they_should_be():
    low, high = [0.5, 1.5, 2.0], [1.5, 2.0, 5.0]
    axes = axes_of(Panel("", "x", [simple(style="bars", low=low, high=high)]))
    (points,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert points.get_linestyle() == "None"
    (bars,) = axes.collections
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, np.transpose([low, high]))


def test_a_fifth_set_of_points_has_a_colour_of_its_own():
    curves = [simple(f"{i}", style="bars") for i in range(5)]
    axes = axes_of(Panel("", "x", curves))
    colours = {to_hex(handle.get_color()) for handle in axes.get_legend().legend_handles}
    assert len(colours) == 5


def test_marks_are_vertical_lines_within_the_axis():
    axes = axes_of(Panel("", "x", [simple()], marks=[Mark("here", 2.5), Mark("there", 9.0)]))
    marks = [line for line in axes.lines if line.get_label() in ("here", "there")]
    assert [line.get_xdata()[0] for line in marks] == [2.5, 9.0]
    assert len({str(line._dash_pattern) for line in marks}) == 2
    assert axes.get_xlim()[1] > 9.0


def test_areas_lie_on_top_of_one_another_and_negative_ones_hang_down():
    stack = [
        Curve("first", [0, 1], [1.0, 2.0]),
        Curve("below", [0, 1], [0.0, -0.5]),
        Curve("second", [0, 1], [3.0, 1.0]),
    ]
    axes = axes_of(Panel("", "x", [Curve("sum", [0, 1], [4.0, 2.5], theory=True)], stack=stack))
    tops = {c.get_label(): c.get_paths()[0].vertices[:, 1].max() for c in axes.collections}
    assert (tops["first"], tops["second"]) == (2.0, 4.0)
    assert min(c.get_paths()[0].vertices[:, 1].min() for c in axes.collections) == -0.5
    assert axes.get_ylim()[0] < -0.5
    assert set(legend(axes)) == {"first", "below", "second", "sum"}


@pytest.mark.parametrize(
    ("values", "ticks"), [([1.0, 2.0, 5.0], {1.0, 3.0}), ([1.0, 10.0, 1e4], {1.0, 100.0})]
)
def test_a_logarithmic_axis_has_ticks_however_few_decades_it_spans(values, ticks):
    axes = axes_of(Panel("", "x", [Curve("a", [1, 2, 3], values)], log="y"))
    low, high = axes.get_ylim()
    assert ticks <= {round(t, 9) for t in axes.get_yticks() if low <= t <= high}


def test_ticks_between_whole_numbers_where_places_are_not_whole():
    axes = axes_of(Panel("", "x", [Curve("a", [0.2, 0.5, 0.8], [1.0, 2.0, 3.0])]))
    assert any(tick % 1 for tick in axes.get_xticks())


# --- what a prediction looks like ------------------------------------------------------------


def test_parts_of_a_prediction_add_up_to_its_line(history):
    told = mc.predict(chain(), "test_error", 6)
    panel = parts(told, history)
    np.testing.assert_allclose(np.sum([p.y for p in panel.stack], axis=0), told.values)
    assert [c.label for c in panel.curves] == ["simulated mean", f"theory, {told.kind}"]
    axes = axes_of(panel)
    assert {"clean variance", "added variance"} <= set(legend(axes))
    assert told.plot().axes[0].get_title(loc="left") == "Test error"


def test_a_prediction_without_parts_is_a_line():
    lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(50), size=50)
    panel = parts(mc.predict(lineage, "variance", 200), lineage.run(200, replicates=3))
    assert not panel.stack
    assert len(np.asarray(panel.curves[0].y)) <= 21


def test_a_measure_that_was_not_read_is_refused(history):
    with pytest.raises(InputError, match="no measure 'downstream_error'"):
        mc.predict(chain(), DownstreamError(60, 0.05), 6).plot(history)


def test_a_curve_of_means_keeps_first_and_last_generation(history):
    curve = mean_curve("", history, "test_error", "bars")
    np.testing.assert_array_equal(curve.x, np.arange(7))
    np.testing.assert_allclose(curve.y, history["test_error"].mean(axis=0))
    error = history["test_error"].std(axis=0, ddof=1) / np.sqrt(30)
    np.testing.assert_allclose(curve.high, np.asarray(curve.y) + 2 * error)


# --- regression -----------------------------------------------------------------------------


def within(panel, errors=5):
    """Largest distance between points and theory of the same colour, in standard errors."""
    found = []
    theory = {c.like: c for c in panel.curves if c.like and c.style == "line"}
    for points in (c for c in panel.curves if c.style == "bars"):
        x, y = np.asarray(theory[points.label].x), np.asarray(theory[points.label].y)
        expected = np.exp(np.interp(np.log(points.x), np.log(x), np.log(y)))
        bars = (np.asarray(points.high) - np.asarray(points.y)) / 2
        found.append(np.abs(np.asarray(points.y) - expected) / (bars + 0.03 * expected / errors))
    return max(np.max(one) for one in found) < errors


def test_error_by_records_lies_on_theory_for_every_depth(history):
    panel = by_records(history, penalty=0.05, generations=(0, 1, 6))
    labels = [c.label for c in panel.curves if c.style == "bars"]
    assert labels == ["real data", "1 generation deep", "6 generations deep"]
    assert panel.log == "xy"
    assert within(panel)
    wrong = [
        Curve(c.label, c.x, 1.5 * np.asarray(c.y), theory=True, like=c.like) if c.like else c
        for c in panel.curves
    ]
    assert not within(Panel("", "", wrong))


def test_a_rule_for_the_penalty_picks_one_for_each_number_of_records(history):
    rule = dict(zip(SIZES, PENALTIES[::-1], strict=True))
    panel = by_records(history, penalty=lambda n: rule.get(n, 0.05), generations=(6,))
    measure = DownstreamError(SIZES, PENALTIES).measure
    expected = [history[measure(n, rule[n])][:, 6].mean() for n in SIZES]
    np.testing.assert_allclose(panel.curves[0].y, expected)


def test_the_best_penalty_is_circled_and_moves_up_with_depth(history):
    panel = by_penalty(history, records=60, generations=(0, 6))
    spots = [c for c in panel.curves if c.style == "spots"]
    assert [c.like for c in spots] == ["real data", "6 generations deep"]
    assert spots[1].x[0] > spots[0].x[0]
    (mark,) = panel.marks
    assert (mark.label, mark.x) == ("best for real data", spots[0].x[0])
    chosen = by_penalty(history, records=60, generations=(6,), marks={"mine": 0.1})
    assert [(m.label, m.x) for m in chosen.marks] == [("mine", 0.1)]
    assert "best at each depth" in legend(axes_of(panel))


def test_parts_by_records_add_up_to_the_prediction(history):
    panel = parts_by_records(history, penalty=0.05, generation=6)
    total = np.sum([p.y for p in panel.stack], axis=0)
    told = [
        mc.predict(chain(), DownstreamError(int(n), 0.05, 0.2), np.array([6])).values[0]
        for n in panel.stack[0].x
    ]
    np.testing.assert_allclose(total, told)


def test_the_crossover_is_where_the_last_rule_overtakes_the_first(history):
    rules = {"weak": lambda n: 0.001, "strong": lambda n: 0.5}
    panel = crossover(history, rules, generation=1)
    assert [c.label for c in panel.curves if c.style == "bars"] == ["weak", "strong"]
    weak, strong = (c for c in panel.curves if c.like)
    ahead = np.asarray(strong.y) < np.asarray(weak.y)
    for mark in panel.marks:
        after = ahead[np.asarray(strong.x) > mark.x][0]
        assert mark.label == f"'strong' {'wins' if after else 'loses'} from here"
    assert len(panel.marks) == np.abs(np.diff(ahead.astype(int))).sum() > 0
    same = crossover(history, {"one": lambda n: 0.5, "two": lambda n: 0.5}, generation=1)
    assert not same.marks


def test_without_a_theorem_there_are_points_and_no_parts():
    probe = DownstreamError(SIZES, 0.05)
    history = chain(policy=mc.Accumulate(50)).run(2, replicates=3, probes=[probe])
    panel = by_records(history)
    assert {c.style for c in panel.curves} == {"bars"}
    assert not by_penalty(history, records=60).marks
    with pytest.raises(NoTheorem):
        parts_by_records(history, generation=2)


def test_one_replicate_has_points_without_bars():
    history = chain().run(1, probes=[DownstreamError(SIZES, 0.05)])
    points = by_records(history).curves[0]
    np.testing.assert_array_equal(points.low, points.y)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda h: by_records(h), r"has 3 penalties.*penalty="),
        (lambda h: by_penalty(h), r"has 3 numbers of records.*records="),
        (lambda h: by_records(h, penalty=0.05, generations=(9,)), "generation 9 was not read"),
        (lambda h: by_records(h, penalty=0.07), "no measure"),
        (lambda h: Readings.of(chain().run(1, probes=["test_error"])), "no downstream error"),
    ],
)
def test_wrong_input_says_what_to_do(history, draw, message):
    with pytest.raises(InputError, match=message):
        draw(history)
