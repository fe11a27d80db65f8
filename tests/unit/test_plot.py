"""Curves: one panel per measure, the same line for a lineage in all of them, nothing leaks."""

import io
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from modelcollapse import svg
from modelcollapse.errors import InputError
from modelcollapse.history import Ending, History
from modelcollapse.plot import PAPER, number, plot_histories

GENERATIONS = 11


def history(rate, *, replicates=5, generations=GENERATIONS, seed=0, **more):
    rng = np.random.default_rng(seed)
    at = np.arange(generations)
    noise = np.cumsum(rng.normal(0, 0.1, (replicates, generations)), axis=1)
    noise -= noise[:, :1]
    readings = {
        "variance": np.exp(-rate * at + noise),
        "log_variance": -rate * at + noise,
    }
    alive = np.ones((replicates, generations), dtype=bool)
    return History(at, readings, alive, **more)


def lines(axes, colour):
    return [line for line in axes.lines if to_hex(line.get_color()) == colour]


def test_a_panel_per_measure_and_a_line_with_its_band_per_lineage():
    figure = plot_histories({"replace": history(0.6), "accumulate": history(0.01)})
    shown = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in shown] == ["variance", "log_variance"]
    for axes in shown:
        assert len(axes.collections) == 2
        for colour in PAPER.series[:2]:
            assert len(lines(axes, colour)) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["replace", "accumulate"]


def test_the_line_is_the_median():
    told = history(0.3)
    axes = plot_histories({"": told}, ["variance"]).axes[0]
    (line,) = lines(axes, PAPER.series[0])
    np.testing.assert_array_equal(line.get_ydata(), np.median(told["variance"], axis=0))


def test_only_the_measures_asked_for_in_their_order():
    figure = plot_histories({"": history(0.1)}, ["log_variance", "variance"])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["log_variance", "variance"]
    assert not figure.legends


@pytest.mark.parametrize(
    ("rate", "measure", "scale"),
    [(0.9, "variance", "log"), (0.01, "variance", "linear"), (0.9, "log_variance", "linear")],
)
def test_axis_is_logarithmic_where_a_positive_measure_spans_decades(rate, measure, scale):
    axes = plot_histories({"": history(rate)}, [measure]).axes[0]
    assert axes.get_yscale() == scale


def test_a_band_that_reaches_decades_beyond_the_medians_does_not_squeeze_them():
    told = history(0.2)
    told.readings["variance"][0] = 10.0 ** (-3.0 * told.generations)
    bottom, top = plot_histories({"": told}, ["variance"]).axes[0].get_ylim()
    medians = np.median(told["variance"], axis=0)
    assert bottom < medians.min()
    assert np.log10(medians.max() / medians.min()) / np.log10(top / bottom) > 0.3


def test_zeros_do_not_spoil_a_logarithmic_axis():
    told = history(0.9)
    told.readings["variance"][:, -3:] = 0.0
    axes = plot_histories({"": told}, ["variance"]).axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 1e-6


def test_ends_are_marked():
    endings = {replicate: Ending(4 + replicate, "nothing left") for replicate in range(5)}
    told = history(0.3, endings=endings)
    for replicate, ending in endings.items():
        for values in told.readings.values():
            values[replicate, ending.generation :] = np.nan
    axes = plot_histories({"": told}, ["variance"]).axes[0]
    (cross,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert list(cross.get_xdata()) == [7]
    (ticks,) = [line for line in axes.lines if line.get_marker() == 2]
    assert list(ticks.get_xdata()) == [4, 5, 6, 7, 8]
    del endings[0]
    axes = plot_histories({"": told}, ["variance"]).axes[0]
    assert not [line for line in axes.lines if line.get_marker() == "x"]


def test_twelve_lineages_have_twelve_different_lines():
    figure = plot_histories({f"lineage {i}": history(0.1 * i) for i in range(12)}, ["variance"])
    looks = {
        (to_hex(line.get_color()), str(line._dash_pattern), line.get_marker())
        for line in figure.legends[0].legend_handles
    }
    assert len(looks) == 12
    assert len({look[:2] for look in looks}) == 12


@pytest.mark.parametrize("generations", [1, 2])
@pytest.mark.parametrize("replicates", [1, 3])
def test_short_histories_are_drawn(generations, replicates):
    told = history(0.5, generations=generations, replicates=replicates)
    figure = plot_histories({"a": told})
    figure.savefig(io.BytesIO(), format="png")
    (line,) = lines(figure.axes[0], PAPER.series[0])
    assert len(line.get_xdata()) == generations


def test_a_measure_that_is_undefined_throughout_says_so():
    told = history(0.5)
    told.readings["kl"] = np.full(told.alive.shape, np.nan)
    axes = plot_histories({"": told}, ["kl"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["undefined throughout"]


def test_a_measure_that_only_some_lineages_have():
    told = history(0.5)
    told.readings["support"] = np.ones(told.alive.shape)
    axes = plot_histories({"a": history(0.1), "b": told}, ["support"]).axes[0]
    assert len(axes.collections) == 1
    assert len(lines(axes, PAPER.series[1])) == 1
    assert not lines(axes, PAPER.series[0])


def test_infinite_readings_leave_the_axis_finite():
    told = history(0.1)
    told.readings["variance"][:, -1] = np.inf
    axes = plot_histories({"": told}, ["variance"]).axes[0]
    assert np.isfinite(axes.get_ylim()).all()


def test_misspelt_measure():
    with pytest.raises(InputError, match=r"no measure 'varience'.*Did you mean 'variance'"):
        plot_histories({"a": history(0.1)}, ["varience"])


def test_nothing_to_plot():
    with pytest.raises(InputError, match="nothing to plot"):
        plot_histories({})


def test_settings_neither_leak_out_nor_in():
    before = dict(matplotlib.rcParams)
    plain = svg.panel("variance", {"a": history(0.2)}, "p")
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"axes.grid": False, "font.size": 30, "lines.linewidth": 9}):
        assert svg.panel("variance", {"a": history(0.2)}, "p") == plain


def test_pyplot_is_left_alone():
    assert type(plot_histories({"a": history(0.2)})) is Figure
    code = "import sys, modelcollapse.report; print('matplotlib.pyplot' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_labels_are_never_mathematics():
    figure = plot_histories({"$\\frac$ and $x": history(0.1)})
    figure.savefig(io.BytesIO(), format="svg")
    assert figure.legends[0].get_texts()[0].get_text() == "$\\frac$ and $x"


def test_labels_with_an_underscore_reach_the_legend():
    (text,) = plot_histories({"_hidden": history(0.1)}).legends[0].get_texts()
    assert text.get_text().endswith("_hidden")


def test_svg_takes_colours_from_the_page():
    text = svg.panel("variance", {"a": history(0.2), "b": history(0.4)}, "curve-7")
    for variable in ("--muted", "--rule", "--series-0", "--series-1"):
        assert f"var({variable})" in text
    assert "#0101" not in text
    assert "font-family" not in text
    assert "http" not in text
    assert 'id="curve-7-0"' in text


def test_svg_is_the_same_every_time():
    told = {"a": history(0.2)}
    assert svg.panel("variance", told, "c") == svg.panel("variance", told, "c")
    assert svg.panel("variance", told, "c") != svg.panel("log_variance", told, "c")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (12, "12"),
        (1e-3, "0.001"),
        (-0.0421, "−0.0421"),
        (123456.7, "123,457"),
        (1e-4, "10⁻⁴"),
        (-2.5e9, "−2.5×10⁹"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (np.nan, "undefined"),
    ],
)
def test_numbers_for_people(value, text):
    assert number(value) == text
