"""Generations against one reference: trajectories, slopes, onsets."""

import json
import math

import numpy as np
import pytest

from modelcollapse import audit_lineage, profile
from modelcollapse.auditing import Audit, LineageAudit, gate, generations_in
from modelcollapse.auditing.trajectory import lineage_card, slope
from modelcollapse.errors import InputError


def row(value, outcome="held", *, error=0.01, relative=True, measure="tail_values", about=""):
    return {
        "measure": measure, "about": about, "title": "values in the tails", "concern": "tails",
        "headline": True, "collapse": "falls", "value": value, "low": value - 0.02,
        "high": value + 0.02, "expected": 1.0, "error": error, "outcome": outcome,
        "relative": relative,
    }  # fmt: skip


def card(stage="none", rows=(), notes=(), leak=None):
    return Audit({
        "modelcollapse": "0", "readings": list(rows), "notes": list(notes), "settings": {},
        "verdict": {"stage": stage, "heading": "", "sentence": "Some words.", "leak": leak,
                    "findings": []},
        "data": {"reference": {"rows": 5}},
    })  # fmt: skip


def stages(*given):
    return lineage_card({i: card(stage) for i, stage in enumerate(given, start=1)})["verdict"]


@pytest.mark.parametrize(
    ("given", "tails", "spread"),
    [
        (("none", "early", "late"), 2, 3),
        (("none", "none"), None, None),
        (("early", "none", "early", "early"), 3, None),
        (("early", "none"), None, None),
        (("late", "late"), 1, 1),
        (("late", "early"), 1, None),
    ],
)
def test_onset_is_where_a_loss_begins_to_stay(given, tails, spread):
    found = stages(*given)
    assert found["onset"] == {"tails": tails, "spread": spread}
    assert found["stage"] == given[-1]


def test_the_sentence_says_where_it_began():
    words = stages("none", "early", "late")["sentence"]
    assert words == (
        "In 3 generations, 1 to 3, the tails are lost from generation 2 on and the spread is lost "
        "from generation 3 on. The last one: Some words."
    )
    assert "neither tails nor spread are lost for good" in stages("early", "none")["sentence"]


def test_a_trajectory_has_every_generation_that_was_read():
    rows = {1: row(0.9), 2: row(0.6, "changed"), 5: row(0.3, "changed")}
    others = [row(1.0, measure="vendi"), row(0.5, about="age")]
    made = lineage_card({
        g: card(rows=[one, *(others if g == 2 else [])]) for g, one in rows.items()
    })  # fmt: skip
    (found,) = made["trajectories"]  # what one generation has is no trajectory
    assert found["generation"] == [1, 2, 5]
    assert found["value"] == [0.9, 0.6, 0.3]
    assert found["lost_at"] == 2
    assert found["slope"]["unit"] == "log per generation"
    assert found["slope"]["high"] < 0


def test_a_slope_is_that_of_a_line():
    rows = [row(math.exp(-0.3 * g), error=0.01 * math.exp(-0.3 * g)) for g in (1, 2, 3, 4)]
    found = slope([1, 2, 3, 4], rows)
    assert found["value"] == pytest.approx(-0.3)
    # weights are equal: the error is 0.01 / sqrt(sum of squares about the centre)
    assert found["high"] - found["value"] == pytest.approx(1.959964 * 0.01 / math.sqrt(5), rel=1e-4)


def test_a_slope_of_differences_is_in_their_unit():
    rows = [row(0.1 * g, relative=False) for g in (1, 2, 3)]
    found = slope([1, 2, 3], rows)
    assert (found["unit"], found["value"]) == ("per generation", pytest.approx(0.1))


def test_scatter_about_the_line_widens_the_interval():
    even = slope([1, 2, 3, 4], [row(v, relative=False) for v in (0.1, 0.2, 0.3, 0.4)])
    rough = slope([1, 2, 3, 4], [row(v, relative=False) for v in (0.1, 0.4, 0.1, 0.4)])
    assert rough["high"] - rough["low"] > 3 * (even["high"] - even["low"])


@pytest.mark.parametrize("bad", [None, "inf"])
def test_readings_without_a_value_are_left_out_of_a_slope(bad):
    blank = {**row(0.5), "value": bad}
    assert slope([1, 2], [row(0.5), blank]) is None
    assert slope([1, 2, 3], [row(0.5), blank, row(0.5)])["value"] == pytest.approx(0.0)


def test_notes_say_their_generations_and_leaks_go_first():
    found = lineage_card({
        1: card(notes=["Small."]), 2: card(notes=["Leak.", "Small."], leak=1.0),
        3: card(notes=["Small.", "Constant."]), 4: card(notes=["Small.", "Constant."]),
    })["notes"]  # fmt: skip
    assert found == ["Generation 2: Leak.", "Small.", "Generations 3, 4: Constant."]


def test_generations_are_found_by_their_names(tmp_path):
    for name in ("gen10.csv", "gen_2.csv", ".gen3.csv", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "Generation-001").mkdir()
    found = generations_in(tmp_path)
    assert {number: path.name for number, path in found.items()} == {
        1: "Generation-001", 2: "gen_2.csv", 10: "gen10.csv",
    }  # fmt: skip
    assert list(found) == [1, 2, 10]
    assert generations_in(tmp_path / "none") == {}
    (tmp_path / "gen2.parquet").touch()
    with pytest.raises(InputError, match="both generation 2"):
        generations_in(tmp_path)


def test_words_that_end_in_gen_are_no_generations(tmp_path):
    for name in ("imagen-0001.parquet", "imagen-0002.parquet", "oxygen1.csv"):
        (tmp_path / name).touch()
    assert generations_in(tmp_path) == {}
    (tmp_path / "run_Gen2.csv").touch()
    assert list(generations_in(tmp_path)) == [2]


# --- a lineage of numbers ---------------------------------------------------------------------

REAL = np.random.default_rng(0).normal(size=(600, 1))


def generation(factor, seed):
    return factor * np.random.default_rng(seed).normal(size=(600, 1))


@pytest.fixture(scope="module")
def lineage():
    made = [generation(factor, seed) for seed, factor in enumerate((1.0, 0.7, 0.5), start=1)]
    return audit_lineage(made, profile(REAL), neighbours=200)


def test_spread_is_lost_and_stays_lost(lineage):
    assert isinstance(lineage, LineageAudit)
    assert lineage.stage == "late"
    assert lineage.card["verdict"]["onset"]["spread"] == 2
    assert list(lineage.generations) == [1, 2, 3]
    (bulk,) = (one for one in lineage.trajectories if one["measure"] == "bulk_spread")
    assert bulk["lost_at"] == 2
    assert bulk["slope"]["high"] < -0.1
    assert lineage.readings == lineage.generations[3].readings


def test_gates_are_about_the_last_generation(lineage):
    assert lineage.failed([gate("late")])
    assert lineage.failed([gate("metric=bulk_spread<0.9")])
    assert not lineage.failed([gate("metric=bulk_spread<0.1")])


def test_a_lineage_as_frame_json_and_words(lineage, tmp_path):
    frame = lineage.to_frame("pandas")
    assert set(frame["generation"]) == {1, 2, 3}
    assert len(frame) == sum(len(one.readings) for one in lineage.generations.values())
    lineage.to_json(tmp_path / "audit.json")
    again = Audit.read(tmp_path / "audit.json")
    assert isinstance(again, LineageAudit)
    assert again.card == lineage.card
    json.dumps(lineage.card, allow_nan=False)
    assert "changed from 2 on" in repr(lineage)
    assert repr(lineage).startswith("Late collapse")


def test_generations_by_number_and_by_name_are_the_same(tmp_path):
    by_number = {3: generation(1.0, 1), 1: generation(1.0, 2)}
    for number, data in by_number.items():
        np.save(tmp_path / f"gen{number}.npy", data)
    found = audit_lineage(by_number, REAL, neighbours=200, seed=1)
    named = audit_lineage(tmp_path, REAL, neighbours=200, seed=1)
    assert list(found.generations) == list(named.generations) == [1, 3]
    for number in (1, 3):
        assert found.generations[number].readings == named.generations[number].readings


@pytest.mark.parametrize(
    ("given", "said"),
    [([], "there are no generations"), ("none", "there are no generations"),
     (np.zeros((5, 2)), "ndarray holds no generations")],
)  # fmt: skip
def test_no_generations(given, said):
    with pytest.raises(InputError, match=said):
        audit_lineage(given, REAL)


def test_a_dict_of_columns_is_no_lineage():
    with pytest.raises(InputError, match="by number"):
        audit_lineage({"x": np.arange(20.0)}, {"x": np.arange(20.0)})
