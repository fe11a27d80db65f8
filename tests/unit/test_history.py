import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError, Missing
from modelcollapse.history import Ending, History
from modelcollapse.metrics.stage import Stage
from modelcollapse.protocols import Status

GOLDEN = Path(__file__).parents[1] / "golden"
NAN, INF = float("nan"), float("inf")


def history(readings=None, alive=None, **rest):
    """History of hand-made readings: a mapping of measures to rows, one row a replicate."""
    if readings is None:
        readings = {"variance": [[1.0, 0.5, 0.25], [2.0, 1.5, 1.0]]}
    arrays = {name: np.array(rows, dtype=float) for name, rows in readings.items()}
    shape = next(iter(arrays.values())).shape
    alive = np.ones(shape, dtype=bool) if alive is None else np.array(alive)
    rest.setdefault("generations", np.arange(shape[1]))
    return History(readings=arrays, alive=alive, **rest)


def column(values):
    return history({"x": np.reshape(values, (-1, 1))})


# --- bands ---------------------------------------------------------------------------------------


def test_a_band_is_the_usual_quantiles_where_all_readings_are_finite():
    values = np.random.default_rng(0).normal(size=(41, 7))
    band = history({"x": values}).band("x")
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    assert band.low == pytest.approx(low)
    assert band.median == pytest.approx(median)
    assert band.high == pytest.approx(high)
    assert band.mean == pytest.approx(values.mean(axis=0))
    assert band.standard_error == pytest.approx(values.std(axis=0, ddof=1) / np.sqrt(41))
    assert band.count.tolist() == [41] * 7


@pytest.mark.parametrize("count", [1, 2, 3, 5, 20])
def test_missing_readings_are_left_out(count):
    rng = np.random.default_rng(count)
    present = rng.normal(size=count)
    values = rng.permutation(np.concatenate([present, np.full(4, NAN)]))
    band = column(values).band("x")
    assert band.median[0] == pytest.approx(np.median(present))
    assert band.low[0] == pytest.approx(np.quantile(present, 0.05))
    assert band.mean[0] == pytest.approx(present.mean())
    assert band.count[0] == count


def test_what_was_never_read_is_undefined():
    band = column([NAN, NAN]).band("x")
    undefined = (band.median, band.low, band.high, band.mean, band.standard_error)
    assert all(np.isnan(part).all() for part in undefined)
    assert band.count[0] == 0


def test_a_single_replicate_has_no_standard_error():
    band = column([3.0]).band("x")
    assert band.median[0] == band.low[0] == band.mean[0] == 3.0
    assert np.isnan(band.standard_error[0])


@pytest.mark.parametrize(
    ("values", "low", "median", "high"),
    [
        # Nineteen of twenty-one finite: the 5 and 95 % positions are 1 and 19.
        ([-INF, -INF, *range(17), INF, INF], -INF, 8.0, INF),
        ([-INF, *range(19), INF], 0.0, 9.0, 18.0),
        ([INF] * 5, INF, INF, INF),
        ([-INF] * 5, -INF, -INF, -INF),
        ([-INF, 0.0, 1.0], -INF, 0.0, 0.9),
        ([0.0, 1.0, INF], 0.1, 1.0, INF),
        ([-INF, INF], -INF, INF, INF),
        ([NAN, -INF, NAN, -INF, 2.0], -INF, -INF, 2.0),
    ],
)
def test_infinite_readings_keep_their_place(values, low, median, high):
    band = column(values).band("x")
    assert (band.low[0], band.median[0], band.high[0]) == pytest.approx((low, median, high))


def test_quantiles_are_in_order_whatever_the_readings():
    rng = np.random.default_rng(1)
    for _ in range(300):
        values = rng.choice([-INF, INF, NAN, -1.0, 0.0, 0.5, 2.0], size=(rng.integers(1, 9), 1))
        band = column(values).band("x")
        if band.count[0]:
            assert band.low[0] <= band.median[0] <= band.high[0]


# --- comparing with theory -----------------------------------------------------------------------


def scores(simulate, curve, of, runs=400, replicates=200, seed=0):
    rng = np.random.default_rng(seed)
    values = simulate(rng, (replicates, runs))
    return history({"x": values}).compare(np.full(runs, curve), "x", of=of)


LOGNORMAL = {"sigma": 0.5}


def lognormal(rng, shape):
    return rng.lognormal(0.0, LOGNORMAL["sigma"], shape)


RIGHT = {
    "mean": (lognormal, np.exp(0.125)),
    "log": (lognormal, 0.0),
    "median": (lognormal, 1.0),
    "mean of signed readings": (lambda rng, shape: rng.normal(-1.0, 2.0, shape), -1.0),
    "median of signed readings": (lambda rng, shape: rng.normal(-1.0, 2.0, shape), -1.0),
}


@pytest.mark.parametrize("case", RIGHT)
def test_against_a_right_curve_the_score_is_standard_normal(case):
    simulate, curve = RIGHT[case]
    z = scores(simulate, curve, case.split()[0])
    assert abs(z.mean()) < 4 / np.sqrt(len(z)) + 0.1
    assert z.std() == pytest.approx(1.0, abs=0.15)
    assert np.mean(np.abs(z) > 3) < 0.015


@pytest.mark.parametrize("case", RIGHT)
@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_against_a_wrong_curve_the_score_is_large(case, factor):
    simulate, curve = RIGHT[case]
    of = case.split()[0]
    wrong = curve + np.log(factor) if of == "log" else curve * factor
    # The sign test on signed readings is the weakest of them.
    weakest = 1.0 if "signed" in case else 4.0
    assert abs(np.median(scores(simulate, wrong, of, replicates=400))) > weakest


def test_the_sign_of_the_score_says_on_which_side_the_simulation_lies():
    for of in ("mean", "median"):
        assert scores(lognormal, 0.5, of).min() > 0
        assert scores(lognormal, 3.0, of).max() < 0


def test_a_score_is_undefined_without_spread_or_replicates():
    still = history({"variance": [[1.0, 2.0], [1.0, 3.0], [1.0, NAN]]})
    z = still.compare([1.0, 2.5])
    assert np.isnan(z[0])
    assert z[1] == pytest.approx(0.0, abs=0.1)
    alone = history({"variance": [[1.0, 2.0]]})
    assert np.isnan(alone.compare([1.0, 2.0])).all()
    nothing = history({"variance": [[NAN], [NAN]]})
    for of in ("mean", "log", "median"):
        assert np.isnan(nothing.compare([1.0], of=of)).all()


def test_an_object_with_values_is_a_curve():
    class Curve:
        values = np.array([1.5, 1.0, 0.6])

    assert np.array_equal(history().compare(Curve()), history().compare([1.5, 1.0, 0.6]))


def test_a_curve_of_another_length_is_refused():
    with pytest.raises(InputError, match=r"shape \(2,\), but the history was read at 3"):
        history().compare([1.0, 2.0])


def test_an_unknown_statistic_is_refused():
    with pytest.raises(InputError, match=r"'meen' is unknown\. Did you mean 'mean'"):
        history().compare([1.0, 1.0, 1.0], of="meen")


def test_an_unknown_measure_is_refused():
    with pytest.raises(InputError, match="Did you mean 'variance'"):
        history()["varience"]


# --- status and stages ---------------------------------------------------------------------------


def test_the_status_of_each_replicate():
    found = history(
        alive=[[True, True, True], [True, True, False]], endings={0: Ending(2, "nothing left")}
    )
    assert (found.status(0), found.status(1)) == (Status.EXTINCT, Status.DEGENERATE)
    assert history().status(1) is Status.ALIVE


def test_stages_are_read_against_generation_0():
    found = history(
        {
            "variance": [[2.0, 2.0, 0.8], [2.0, 2.0, 2.0], [NAN, NAN, NAN], [1.0, 1.0, 3.0]],
            "tail_retention": [[0.8, 0.3, 0.1], [0.8, 0.7, 0.5], [NAN, NAN, NAN], [1.0, 1.0, 1.0]],
        },
        alive=[[True] * 3, [True, True, False], [True] * 3, [True] * 3],
    )
    none, early, late = Stage.NONE, Stage.EARLY, Stage.LATE
    assert found.stages().tolist() == [
        [none, early, late],
        [none, none, late],
        [Stage.UNDECIDED] * 3,
        [none, none, Stage.GROWING],
    ]


def test_without_the_measures_the_stage_is_undecided():
    assert set(history({"x": [[1.0, 2.0]]}).stages().ravel()) == {Stage.UNDECIDED}


# --- tables and files ----------------------------------------------------------------------------


def test_the_tidy_table_has_one_row_a_reading():
    frame = history().to_frame("pandas")
    assert list(frame.columns) == ["replicate", "generation", "measure", "value"]
    assert frame.values.tolist() == [
        [0, 0, "variance", 1.0], [0, 1, "variance", 0.5], [0, 2, "variance", 0.25],
        [1, 0, "variance", 2.0], [1, 1, "variance", 1.5], [1, 2, "variance", 1.0],
    ]  # fmt: skip


@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow"])
def test_any_dataframe_library_will_do(backend):
    frame = history().to_frame(backend)
    assert type(frame).__module__.split(".")[0] == backend
    assert frame.shape == (6, 4)


def test_the_first_installed_library_is_taken(monkeypatch):
    def only(*installed):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: name in installed or None)

    assert type(history().to_frame()).__module__.startswith("polars")
    only("pandas", "pyarrow")
    assert type(history().to_frame()).__module__.startswith("pandas")
    only("pyarrow")
    assert type(history().to_frame()).__module__.startswith("pyarrow")
    only()
    with pytest.raises(Missing, match=r"'polars', which is not installed.*pip install polars"):
        history().to_frame()
    with pytest.raises(Missing, match="'pandas'"):
        history().to_frame("pandas")


def test_an_unknown_dataframe_library_is_refused():
    with pytest.raises(InputError, match="Did you mean 'polars'"):
        history().to_frame("polar")


def test_csv_keeps_every_digit_and_leaves_the_undefined_empty(tmp_path):
    third = 1 / 3
    history({"x": [[third, NAN, -INF]]}).to_csv(tmp_path / "h.csv")
    lines = (tmp_path / "h.csv").read_text().splitlines()
    assert lines == [
        "replicate,generation,measure,value",
        f"0,0,x,{third!r}",
        "0,1,x,",
        "0,2,x,-inf",
    ]
    assert float(lines[1].split(",")[-1]) == third


def test_json_is_standard_and_keeps_every_digit(tmp_path):
    third = 1 / 3
    found = history({"x": [[third, NAN, INF]]}, endings={0: Ending(2, "why")})
    text = found.to_json(tmp_path / "h.json")
    assert (tmp_path / "h.json").read_text() == text

    def refuse(constant):
        pytest.fail(f"{constant} is no JSON")

    plain = json.loads(text, parse_constant=refuse)
    assert plain["measures"]["x"]["median"] == [third, None, None]
    assert plain["endings"] == {"0": {"generation": 2, "reason": "why"}}
    assert plain["replicates"] == 1
    assert math.isclose(sum(plain["stages"]["undecided"]), 3)
    assert plain == json.loads(json.dumps(found.to_dict()))


def test_a_history_without_any_measure_can_be_shown_and_written(tmp_path):
    empty = History(np.array([0]), {}, np.zeros((2, 1), dtype=bool), {0: Ending(0, "no data")})
    assert repr(empty).startswith("History of 2 replicates")
    assert json.loads(empty.to_json())["measures"] == {}
    empty.to_csv(tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_text() == "replicate,generation,measure,value\n"


def test_the_repr_is_a_table(request):
    runs = {
        "exact": mc.Lineage(mc.ExactGaussian(), mc.GaussianMLE(), mc.Replace(50), size=50).run(
            20, replicates=40, probes=["variance", "log_variance", "mean_error"]
        ),
        "edges": history(
            {
                "x": [[1.0, NAN, INF, 1e-9], [1.0, NAN, -INF, 123456.789]],
                "a longer name": [[0.0, 999.96, 1e7, -0.5], [0.0, 999.96, 2e7, 0.5]],
            }
        ),
    }
    found = "\n\n".join(f"{name}\n{run!r}" for name, run in runs.items()) + "\n"
    assert found == (GOLDEN / "history.txt").read_text()


def test_a_frozen_history_can_be_replaced_in_parts():
    assert replace(history(), provenance={"seed": 1}).provenance == {"seed": 1}
