import csv

import numpy as np
import pytest

from modelcollapse.curation import curate
from modelcollapse.curation.audit import judge, read_labels
from modelcollapse.curation.preview import preview
from modelcollapse.curation.sampling import draw_sample
from modelcollapse.curation.settings import Audit
from modelcollapse.errors import InputError, StoreError
from modelcollapse.shards import record_ids


def write(path, rows, header=("mc_id", "label")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def ids(records):
    return record_ids({name: [r[name] for r in records] for name in records[0]})


@pytest.fixture
def labelled(folder, make_candidates):
    """The folder, with the truth about all its records in audit.csv."""
    records = make_candidates()
    rows = zip(ids(records), [int(r["right"]) for r in records], strict=True)
    write(folder.path / "audit.csv", rows)
    return folder


def test_the_verdict_is_that_of_the_labels(labelled, make_candidates):
    found = curate(labelled.spec(audit="audit.csv"))
    audit = found.card["audit"]
    right = np.array([r["right"] for r in make_candidates()])
    assert audit["labels"] == 80
    assert audit["p"]["value"] == pytest.approx(1 - right.mean())
    assert audit["counts"]["right_kept"] + audit["counts"]["wrong_kept"] == 20
    assert set(audit["groups"]) == {"common", "rare"}
    assert found.card["verdict"]["heading"] == "Not known yet"  # words say nothing about truth


def test_the_random_choice_has_the_error_of_all(labelled):
    found = curate(labelled.spec(audit="audit.csv"))
    p = found.card["audit"]["p"]["value"]
    assert [row["random_error"] for row in found.card["curve"]] == pytest.approx(
        [p] * len(found.card["curve"])
    )
    rows = {row["measure"]: row for row in found.card["effects"]}
    assert rows["wrong"]["random"] == pytest.approx(p)
    chosen = next(row for row in found.card["curve"] if row["chosen"])
    assert chosen["error"] == pytest.approx(found.card["audit"]["kept_error"]["value"])
    assert found.card["curve"][-1]["error"] == pytest.approx(p)


def test_an_oracle_is_known_to_help(folder, make_candidates, length):
    records = make_candidates()
    for record in records:
        record["text"] = "a b c d e f" if record["right"] else "a"
        record["text"] += f" {record['prompt']} {records.index(record)}"
    folder.lines("candidates.jsonl", records)
    write(
        folder.path / "audit.csv",
        zip(ids(records), [int(r["right"]) for r in records], strict=True),
    )
    found = curate(folder.spec(audit="audit.csv", keep=0.5))
    assert found.card["verdict"]["heading"] == "Selection helps"
    assert found.card["audit"]["psi"]["value"] == 0.0
    backwards = curate(
        folder.spec(audit="audit.csv", keep=0.4, verifiers=[length(sign=-1.0)], output="minus")
    )
    assert backwards.card["verdict"]["heading"] == "Selection does harm"
    assert "SELECTION" not in backwards.sentence.upper().split(":")[0]


# --- drawing the sample --------------------------------------------------------------------------


def test_the_sample_to_label_is_blind_and_fits_the_verdict(folder, make_candidates):
    path = folder.path / "label_me.csv"
    drawn = draw_sample(folder.spec(), path, kept_error=0.2, dropped_error=0.9)
    assert drawn.dropped_labels > 0
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["mc_id", "label", "prompt", "text", "mc_probability"]
    assert len(rows) == drawn.kept_labels + drawn.dropped_labels
    assert {row["label"] for row in rows} == {""}
    truth = dict(zip(ids(make_candidates()), make_candidates(), strict=True))
    assert all(truth[row["mc_id"]]["text"] == row["text"] for row in rows)
    with pytest.raises(StoreError, match="might hold labels"):
        draw_sample(folder.spec(), path)
    labels = [
        (row["mc_id"], int(truth[row["mc_id"]]["right"]), row["mc_probability"]) for row in rows
    ]
    write(path, labels, ("mc_id", "label", "mc_probability"))
    found = curate(folder.spec(audit="label_me.csv"))
    assert found.card["audit"]["labels"] == len(rows)
    assert found.card["audit"]["keep_rate"] == 0.25


def test_labels_of_another_selection_are_thinned_to_a_fair_sample():
    rng = np.random.default_rng(0)
    n, covered = 20_000, 0
    truth, score = rng.random(n) < 0.6, rng.random(n)
    truth |= score > 0.8
    was_kept, is_kept = score > 0.7, score > 0.5
    probability = np.where(was_kept, 0.2, 0.02)
    for seed in range(40):
        draw = np.random.default_rng(100 + seed)
        places = np.flatnonzero(draw.random(n) < probability)
        labels = _labels(truth[places], probability[places])
        found = judge(labels, places, is_kept, groups=None, prompts=None, confidence=0.95, rng=draw)
        error = found.estimate.kept_error
        covered += error.low <= 1 - truth[is_kept].mean() <= error.high
        assert any("left out by chance" in note for note in found.notes)
    assert covered >= 34  # of 40 with 95 %: fewer would have a chance of 0.3 %
    # Negative control: taken as they come, the labels are far too good.
    biased = 1 - truth[places][is_kept[places]].mean()
    assert biased < 0.8 * (1 - truth[is_kept].mean())


def _labels(right, probability=None):
    from modelcollapse.curation.audit import Labels

    return Labels([str(i) for i in range(len(right))], np.asarray(right), probability, 0)


def test_equal_probabilities_lose_no_label():
    rng = np.random.default_rng(1)
    right, kept = rng.random(200) < 0.7, rng.random(200) < 0.4
    found = judge(
        _labels(right, np.full(200, 0.3)), np.arange(200), kept, groups=None, prompts=None,
        confidence=0.95, rng=rng,
    )  # fmt: skip
    assert found.estimate.labels == 200
    assert found.notes == ()


def test_a_sample_that_is_no_random_one_is_taken_pile_by_pile():
    rng = np.random.default_rng(1)
    kept = np.arange(1000) < 100
    right = rng.random(1000) < 0.7
    places = np.arange(150)  # two thirds kept, of a tenth
    found = judge(
        _labels(right[:150]), places, kept, groups=None, prompts=None, confidence=0.95, rng=rng
    )
    assert found.estimate.keep_rate == 0.1
    assert "random samples of the kept and of the dropped" in found.notes[0]


def test_records_of_one_prompt_are_clusters():
    rng = np.random.default_rng(1)
    right, kept = rng.random(200) < 0.7, rng.random(200) < 0.4
    found = judge(
        _labels(right), np.arange(200), kept, groups=None, prompts=np.arange(200) // 4,
        confidence=0.95, rng=rng,
    )  # fmt: skip
    assert found.estimate.clusters == 50


# --- wrong labels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([("a", "1")], ("id", "label"), "no column 'mc_id'"),
        ([("a", "1")], ("mc_id", "lable"), r"no column 'label'\. Did you mean 'lable'"),
        ([("a", ""), ("b", "nan")], ("mc_id", "label"), "has no label in its column 'label' yet"),
        ([("a", "maybe")], ("mc_id", "label"), "neither yes nor no"),
        ([("a", "1"), ("a", "0")], ("mc_id", "label"), "right in one row and wrong in another"),
        ([("a", "1", "x")], ("mc_id", "label", "mc_probability"), "that is no probability"),
        ([("a", "1", "0")], ("mc_id", "label", "mc_probability"), "that is no probability"),
        ([], ("mc_id", "label"), "holds no records"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_before_any_work(
    folder, calls, rows, header, message
):
    write(folder.path / "audit.csv", rows, header)
    with pytest.raises(InputError, match=message):
        curate(folder.spec(audit="audit.csv"))
    assert calls == []
    assert not (folder.path / "out").exists()


def test_a_missing_audit_file_is_refused(folder):
    with pytest.raises(InputError, match="cannot read"):
        curate(folder.spec(audit="nowhere.csv"))


def test_labels_of_other_records_are_refused(folder):
    write(folder.path / "audit.csv", [("a", 1), ("b", 0)])
    with pytest.raises(InputError, match="none of the 2 labelled records is among"):
        curate(folder.spec(audit="audit.csv"))


def test_one_kind_of_labels_says_so_and_keeps_the_rest(folder, make_candidates):
    write(folder.path / "audit.csv", [(name, 1) for name in ids(make_candidates())[:40]])
    found = curate(folder.spec(audit="audit.csv"))
    assert found.card["audit"]["helps"]["answer"] == "not known yet"
    assert found.card["audit"]["breaks_down"]["answer"] == "no"
    assert found.card["audit"]["phi"]["value"] is None
    assert "ll 40 labelled records are right" in found.sentence
    assert "it does not break down" in found.sentence
    assert found.states["kept"] == 20
    assert found.card["curve"][0]["labels"] >= 0


def test_a_column_of_the_records_can_identify_them(folder, make_candidates):
    records = make_candidates()
    for number, record in enumerate(records):
        record["number"] = number
    folder.lines("candidates.jsonl", records)
    write(
        folder.path / "audit.csv", [(i, int(r["right"])) for i, r in enumerate(records[:60])],
        ("number", "label"),
    )  # fmt: skip
    found = curate(folder.spec(audit={"file": "audit.csv", "id": "number"}))
    assert found.card["audit"]["labels"] == 60


def test_unlabelled_rows_are_counted(tmp_path):
    write(tmp_path / "a.csv", [("a", "1"), ("b", ""), ("c", "right"), ("c", "1")])
    labels = read_labels(Audit("a.csv"), tmp_path / "a.csv")
    assert labels.ids == ["a", "c"]
    assert labels.right.tolist() == [True, True]
    assert labels.unlabelled == 1


# --- beforehand ----------------------------------------------------------------------------------


def test_a_preview_counts_and_leaves_no_trace(folder, calls):
    before = sorted(folder.path.rglob("*"))
    spec = folder.spec(real="real.jsonl", mix={"policy": "mix", "real": 0.2})
    seen = preview(spec)
    assert (seen.candidates, seen.prompts, seen.keep, seen.real) == (80, 20, 20, 36)
    assert seen.rows == {"real": 5, "previous": 0, "synthetic": 20}
    assert seen.scored == {"length": False}
    assert sorted(folder.path.rglob("*")) == before
    assert calls == []
    curate(spec)
    assert preview(spec).scored == {"length": True}
    assert preview(folder.spec(keep=0.5), overwrite=True).keep == 40
    with pytest.raises(StoreError, match="its real"):
        preview(folder.spec())
