"""What an audit gives back."""

import csv
import json

import numpy as np
import pytest

from modelcollapse import audit
from modelcollapse.auditing import Audit
from modelcollapse.auditing.result import FIELDS
from modelcollapse.errors import InputError, StoreError

RNG = np.random.default_rng(0)
REAL, NEW = RNG.normal(size=(500, 2)), 0.7 * RNG.normal(size=(500, 2))


@pytest.fixture(scope="module")
def found():
    return audit(NEW, REAL, neighbours=200)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow", None])
def test_a_tidy_frame_in_every_library(found, backend):
    frame = found.to_frame(backend)
    names = getattr(frame, "column_names", None) or list(frame.columns)
    assert tuple(names) == FIELDS
    assert len(frame) == len(found.readings)


def test_frames_hold_what_was_read(found):
    pandas, polars = found.to_frame("pandas"), found.to_frame("polars")
    bulk = pandas[(pandas["measure"] == "bulk_spread") & (pandas["about"] == "")]
    assert bulk["value"].item() == found["bulk_spread"]["value"]
    assert polars["value"].to_list()[0] == found.readings[0]["value"]
    assert pandas["headline"].dtype == bool
    assert pandas["value"].dtype == float


def test_an_unknown_library_is_refused(found):
    with pytest.raises(InputError, match="Did you mean 'pandas'"):
        found.to_frame("panda")


def test_json_and_back(found, tmp_path):
    text = found.to_json(tmp_path / "audit.json")
    assert (tmp_path / "audit.json").read_text() == text
    again = Audit.read(tmp_path / "audit.json")
    assert again.card == found.card
    assert again.to_json() == text
    assert repr(again) == repr(found)
    assert (again.stage, again.findings, again.sentence) == (
        found.stage, found.findings, found.sentence,
    )  # fmt: skip


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"verdict": {}}', "\xff"])
def test_a_file_that_is_no_audit(tmp_path, content):
    path = tmp_path / "audit.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(StoreError, match="holds no audit that can be read"):
        Audit.read(path)


def test_no_file_at_all(tmp_path):
    with pytest.raises(StoreError, match="holds no audit"):
        Audit.read(tmp_path / "none.json")


def test_a_folder_has_a_page_the_card_and_a_table(found, tmp_path):
    found.write(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "audit.json", "readings.csv", "report.html",
    ]  # fmt: skip
    assert json.loads((tmp_path / "out" / "audit.json").read_text()) == found.card
    with open(tmp_path / "out" / "readings.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == FIELDS
    assert len(rows) == len(found.readings)
    assert float(rows[0]["value"]) == found.readings[0]["value"]
    assert "<html" in (tmp_path / "out" / "report.html").read_text()


def test_readings_by_name(found):
    assert found["bulk_spread:x0"]["about"] == "x0"
    with pytest.raises(KeyError):
        found["bulk_spread:x9"]


def test_words_show_every_headline_and_no_column(found):
    lines = repr(found).splitlines()
    assert lines[0].startswith("Late collapse")
    shown = [line for line in lines if line.startswith("spread of the bulk")]
    assert len(shown) == 1
    assert "CHANGED" in shown[0]


def test_what_is_not_defined_is_nan_in_a_frame_and_infinity_is_itself(found):
    rows = [{**found.readings[0], "needed": x} for x in (None, "inf", 3.0)]
    column = Audit({**found.card, "readings": rows}).columns()["needed"]
    assert np.isnan(column[0])
    assert column[1:].tolist() == [np.inf, 3.0]
