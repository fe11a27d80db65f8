"""Pieces of a curation by themselves."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelcollapse.curation import curate, curve, writing
from modelcollapse.curation.accounting import STATES, Fate, balance
from modelcollapse.curation.curating import scores_folder
from modelcollapse.curation.deciding import relaxed, without_room
from modelcollapse.curation.provenance import Origin, earlier
from modelcollapse.curation.writing import Parts
from modelcollapse.errors import InputError, StoreError
from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.pile import Pile
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.top import TopFraction
from modelcollapse.shards import record_ids
from modelcollapse.verification import verify
from modelcollapse.verifiers.rules import Rules

# --- accounts ------------------------------------------------------------------------------------


def test_accounts_that_add_up_are_returned_by_state():
    states = {"kept": {"": 3}, "dropped": {"a": 1, "b": 2}, "set aside": {"broken": 1}}
    written = {"kept": 3, "dropped": 3, "set aside": 1}
    found = balance(7, states, written)
    assert found == {**dict.fromkeys(STATES, 0), **written}


@pytest.mark.parametrize(
    ("read", "written", "message"),
    [
        (8, {"kept": 3, "dropped": 3}, "8 candidates were read, but 6 are accounted for"),
        (6, {"kept": 3, "dropped": 2}, "3 candidates are 'dropped', but 2 were written"),
        (6, {"kept": 3, "dropped": 3, "duplicate": 1}, "0 candidates are 'duplicate', but 1"),
    ],
)
def test_accounts_that_do_not_add_up_are_an_error(read, written, message):
    with pytest.raises(StoreError, match=message):
        balance(read, {"kept": {"": 3}, "dropped": {"a": 3}}, written)


def test_what_has_no_room_gets_its_own_state():
    fate = Fate(
        np.array([0, 0, 1], dtype=np.int8), np.array([-1, -1, 0], dtype=np.int32), ["low"],
        np.array([2, 1, 0]), np.array([1.0, 1.0, 0.0]),
    )  # fmt: skip
    left = without_room(fate, np.array([1, 0, 0]))
    states = left.by_reason()
    assert states["kept"] == {"": 1}
    assert sum(states["out of budget"].values()) == 1
    assert left.copies.tolist() == [1, 0, 0]
    assert left.weights.tolist() == [1.0, 0.0, 0.0]
    assert fate.copies.tolist() == [2, 1, 0]


# --- writing -------------------------------------------------------------------------------------

FIELDS = {"text": pa.string(), "tags": pa.list_(pa.string()), "n": pa.int64(), "none": pa.null()}


def columns(begin, end):
    return {
        "text": [f"text {i} é" for i in range(begin, end)],
        "tags": [["a", str(i)] for i in range(begin, end)],
        "n": list(range(begin, end)),
    }


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_parts_do_not_depend_on_how_records_arrive(tmp_path, monkeypatch, form):
    monkeypatch.setattr(writing, "GROUP_ROWS", 7)
    monkeypatch.setattr(writing, "PART_ROWS", 21)
    found = []
    for name, step in (("one", 50), ("two", 1), ("three", 13)):
        parts = Parts(tmp_path / name, "", form, FIELDS)
        for begin in range(0, 50, step):
            end = min(begin + step, 50)
            parts.write(columns(begin, end), end - begin)
        found.append(parts.close())
    assert found[0] == found[1] == found[2]
    assert [part.rows for part in found[0]] == [21, 21, 8]
    assert [part.name for part in found[0]] == [f"part-0000{i}.{form}" for i in range(3)]


def test_a_column_without_entries_is_one_of_texts(tmp_path):
    parts = Parts(tmp_path, "sub", "parquet", FIELDS)
    parts.write(columns(0, 3), 3)
    (part,) = parts.close()
    table = pq.read_table(tmp_path / part.name)
    assert part.name == "sub/part-00000.parquet"
    assert table.schema.field("none").type == pa.string()
    assert table["tags"].to_pylist()[1] == ["a", "1"]


def test_no_records_make_one_empty_part(tmp_path):
    (part,) = Parts(tmp_path, "", "parquet", FIELDS).close()
    assert part.rows == 0
    assert pq.read_table(tmp_path / part.name).num_rows == 0


def test_an_entry_of_another_type_is_named(tmp_path):
    parts = Parts(tmp_path, "", "parquet", FIELDS)
    parts.write({"n": ["seven"]}, 1)
    with pytest.raises(InputError, match="the column 'n' cannot be written as int64"):
        parts.close()


def test_memory_does_not_grow_with_the_files(folder, monkeypatch):
    # Batches so small that both files have many.
    monkeypatch.setattr(writing, "GROUP_LETTERS", 2**16)
    monkeypatch.setattr("modelcollapse.selection.word_tally._BATCH", 50)
    for module in ("survey", "publishing"):
        monkeypatch.setattr(f"modelcollapse.curation.{module}.BATCH", 50)
    monkeypatch.setattr("modelcollapse.curation.inputs.BATCH", 50)
    words = [f"word{i}" for i in range(300)]
    peaks = []
    for size in (400, 1600):
        rng = np.random.default_rng(0)
        records = [
            {"prompt": str(i % 40), "text": " ".join(rng.choice(words, 400)), "topic": "a"}
            for i in range(size)
        ]
        folder.lines("candidates.jsonl", records)
        del records
        spec = folder.spec(verifiers=[Rules(min_words=2)], keep=0.9, output=f"out{size}")
        verify(spec.path("candidates.jsonl"), spec.verifiers[0])
        tracemalloc.start()
        curate(spec, engine="inline")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


# --- provenance ----------------------------------------------------------------------------------


def test_records_keep_what_was_known_of_them():
    batch = {
        "text": ["a", "b"], "mc_origin": ["0", None], "mc_parent": ["p", None],
        "mc_generator": [None, "old"], "mc_weight": [2.0, None], "mc_score_x": [0.5, None],
        "mc_reason": ["never", "mind"],
    }  # fmt: skip
    found = earlier(Origin("3", "new", "text"), batch, 2)
    assert found["mc_origin"] == ["0", "3"]
    assert found["mc_generator"] == ["new", "old"]
    assert found["mc_parent"][0] == "p"
    assert len(found["mc_parent"][1]) == 32
    assert found["mc_weight"] == [2.0, 1.0]
    assert found["mc_score_x"] == [0.5, None]
    assert "mc_reason" not in found
    assert found["mc_id"] == record_ids({"text": ["a", "b"]})


def test_real_records_have_no_parent():
    found = Origin("real").columns({"text": ["a"], "mc_origin": ["2"]}, 1)
    assert found["mc_origin"] == ["real"]
    assert "mc_parent" not in found


# --- the curve -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (TopFraction(0.1, by="a"), TopFraction(1.0, by="a")),
        (BestPerPrompt(2, by="a", least=0.5), BestPerPrompt(None, by="a")),
        (Threshold(0.5, by="a"), TopFraction(by="a")),
        (
            TailGuard(TopFraction(0.1), ["topic"], least=0.3),
            TailGuard(TopFraction(1.0), ["topic"], least=0.3),
        ),
    ],
)
def test_the_curve_follows_the_rule_beyond_its_end(rule, expected):
    assert relaxed(rule) == expected


def test_points_are_nested_and_as_large_as_their_random_ones():
    rng = np.random.default_rng(0)
    score = rng.random(500)
    pile = Pile({"a": score})
    kept = score > np.quantile(score, 0.7)
    found = curve.points(TopFraction(), pile, kept, lambda role: np.random.default_rng(1))
    sizes = [point.number for point in found]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 500
    assert [point.number for point in found if point.chosen] == [150]
    for small, large in pairwise(found):
        assert (small.kept <= large.kept).all()
        assert (small.chance <= large.chance).all()
        assert small.chance.sum() == small.number


def test_retention_weighs_rare_words_by_how_often_they_are_used():
    words = curve.Words()
    # 90 of 100 words are common; a stands 6 times, b 4 times
    words.count(["the " * 90, "a " * 6, "b " * 4])
    marks = [np.array(m, dtype=bool) for m in ([1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1])]
    found = words.retention(["the A", "b", "c the"], marks)
    assert found == pytest.approx([1.0, 0.6, 0.4, 0.0])


def test_without_words_there_is_no_retention():
    words = curve.Words()
    words.count([""])
    assert np.isnan(words.retention(["a"], [np.array([True])])).all()


# --- where scores lie ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("synthetic", "expected"),
    [
        ("gen2.jsonl", "gen2.jsonl.scores"),
        ("gen2", "gen2.scores"),
        ("gen2/*.parquet", "gen2.scores"),
        ("data/gen2/part-?.jsonl", "data/gen2.scores"),
    ],
)
def test_scores_lie_beside_the_candidates(folder, synthetic, expected):
    assert scores_folder(folder.spec(synthetic=synthetic)) == folder.path / expected
    assert scores_folder(folder.spec(scores="s")) == folder.path / "s"
