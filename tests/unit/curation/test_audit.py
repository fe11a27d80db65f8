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


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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
    assert list(rows[0]) == ["mc_id", "label", "prompt", "text", "mc_probability", "mc_drawable"]
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


def _drawn(score, keep, truth, **given):
    """Labels of a design for the top of all, as the audit file would have them."""
    from modelcollapse import design
    from modelcollapse.curation.audit import Labels

    kept = score >= np.quantile(score, 1 - keep)
    plan = design(kept, score, kept_error=0.2, **given)
    places = plan.records
    probability = plan.probability[places]
    drawable = int((plan.probability > 0).sum())
    names = [str(place) for place in places]
    return kept, places, Labels(names, truth[places], probability, 0, probability, drawable)


def test_labels_of_kept_records_alone_say_nothing_of_a_wider_selection():
    rng = np.random.default_rng(0)
    score = rng.random(2000)
    truth = rng.random(2000) < np.where(score > 0.9, 0.95, 0.2)
    kept, places, labels = _drawn(score, 0.1, truth)
    given = {"groups": None, "prompts": None, "confidence": 0.95, "rng": rng}
    own = judge(labels, places, kept, **given)
    assert own.estimate.breaks_down.answer == "no"
    assert own.estimate.keep_rate == pytest.approx(0.1)
    assert own.covered.tolist() == kept.tolist()
    wider = judge(labels, places, score >= np.quantile(score, 0.4), **given)
    assert wider.estimate is None
    assert wider.sentence.startswith("Not known yet: 1,800 of the 2,000 candidates could not be")
    assert wider.places.size == 0
    # Whether they are all within another selection is not known either.
    assert judge(labels, places, score >= np.quantile(score, 0.95), **given).estimate is None


def test_a_pile_may_hold_unlikely_records_of_which_none_was_drawn():
    rng = np.random.default_rng(3)
    score = rng.random(2000)
    truth = rng.random(2000) < np.where(score > 0.9, 0.95, 0.2)
    wide = score >= np.quantile(score, 0.4)
    _, places, labels = _drawn(score, 0.1, truth, dropped_error=0.9)
    thin = np.flatnonzero(labels.probability > labels.probability.min())
    unlucky = type(labels)(
        [labels.ids[i] for i in thin], labels.right[thin], labels.probability[thin], 0,
        labels.drawn, labels.drawable,
    )  # fmt: skip
    found = judge(unlucky, places[thin], wide, groups=None, prompts=None, confidence=0.95, rng=rng)
    assert found.places.size < thin.size
    assert "left out by chance" in found.notes[0]


def test_a_curation_with_labels_that_do_not_fit_says_so_everywhere(
    folder, make_candidates, real_page
):
    path = folder.path / "label_me.csv"
    draw_sample(folder.spec(), path, kept_error=0.1, dropped_error=None)
    records = make_candidates()
    truth = dict(zip(ids(records), [int(r["right"]) for r in records], strict=True))
    rows = read(path)
    assert {row["mc_drawable"] for row in rows} == {"20"}
    write(path, [{**row, "label": truth[row["mc_id"]]}.values() for row in rows], rows[0])
    same = curate(folder.spec(audit="label_me.csv", output="same"))
    assert same.card["audit"]["kept_error"]["value"] is not None
    assert {row["random_error"] for row in same.card["curve"]} == {None}
    assert all((row["error"] is not None) == (row["records"] <= 20) for row in same.card["curve"])
    assert "wrong" not in {row["measure"] for row in same.card["effects"]}
    other = curate(folder.spec(audit="label_me.csv", keep=0.6, output="other"))
    assert other.card["verdict"]["state"] == "unknown"
    assert "60 of the 80 candidates could not be drawn" in other.sentence
    assert {row["error"] for row in other.card["curve"]} == {None}


def test_the_number_that_could_be_drawn_is_one(tmp_path):
    head = ("mc_id", "label", "mc_probability", "mc_drawable")
    write(tmp_path / "a.csv", [("a", 1, 0.5, 7), ("b", "", 0.25, 7)], head)
    labels = read_labels(Audit("a.csv"), tmp_path / "a.csv")
    assert (labels.drawable, labels.drawn.tolist()) == (7, [0.5, 0.25])
    write(tmp_path / "a.csv", [("a", 1, 0.5, 7), ("b", 0, 0.25, 8)], head)
    with pytest.raises(InputError, match="the same number of candidates in every row"):
        read_labels(Audit("a.csv"), tmp_path / "a.csv")


def test_the_share_of_wrong_ones_counts_piles_by_their_size(folder, make_candidates):
    names, right = ids(make_candidates()), [int(r["right"]) for r in make_candidates()]
    path = folder.path / "label_me.csv"
    draw_sample(folder.spec(), path, kept_error=0.3, dropped_error=0.6)
    truth = dict(zip(names, right, strict=True))
    rows = read(path)
    write(path, [{**row, "label": truth[row["mc_id"]]}.values() for row in rows[:25]], rows[0])
    found = curate(folder.spec(audit="label_me.csv", keep=0.25))
    wrong = next(row for row in found.card["effects"] if row["measure"] == "wrong")
    assert wrong["all"] == pytest.approx(found.card["audit"]["p"]["value"])
    assert wrong["kept"] == pytest.approx(found.card["audit"]["kept_error"]["value"])


def test_a_group_of_which_all_is_kept_is_judged_by_its_kept_records():
    rng = np.random.default_rng(1)
    kept = np.arange(1000) < 100
    codes = (np.arange(1000) >= 30).astype(int)  # all of the first group is kept
    right = rng.random(1000) < 0.7
    found = judge(
        _labels(right[:150]), np.arange(150), kept, groups=(codes, ["first", "other"]),
        prompts=None, confidence=0.95, rng=rng,
    )  # fmt: skip
    first = found.estimate.groups["first"]
    assert first.kept_error.value == pytest.approx(1 - right[:30].mean())
    assert first.keep_rate == 1.0
    assert found.estimate.groups["other"].keep_rate == pytest.approx(70 / 970)


def test_the_curve_is_as_unsure_as_the_estimate_where_records_share_prompts(folder):
    rng = np.random.default_rng(0)
    records = []
    for q in range(40):
        good = rng.random() < 0.6
        for j in range(10):
            text = "a " * int(rng.integers(1, 6) + 2 * good)
            records.append({"prompt": f"q{q}", "text": f"{text}{q}-{j}", "topic": "t",
                            "number": f"{q}-{j}", "right": int(good)})  # fmt: skip
    folder.lines("candidates.jsonl", records)
    some = [r for r in records if int(r["number"].split("-")[0]) < 25]
    write(folder.path / "a.csv", [(r["number"], r["right"]) for r in some], ("number", "label"))
    found = curate(folder.spec(audit={"file": "a.csv", "id": "number"}, keep=0.3))
    point = next(row for row in found.card["curve"] if row["chosen"])
    error = found.card["audit"]["kept_error"]
    assert (point["error_low"], point["error_high"]) == pytest.approx((error["low"], error["high"]))
    assert error["high"] - error["low"] > 0.1


def test_labels_of_other_records_are_counted(folder, make_candidates):
    records = make_candidates()
    labels = [(name, int(r["right"])) for name, r in zip(ids(records), records, strict=True)]
    write(folder.path / "audit.csv", [("f" * 32, 1), ("0" * 32, 0), *labels])
    found = curate(folder.spec(audit="audit.csv"))
    note = "2 of 82 labelled records are not among the candidates, and were left out."
    assert note in found.card["audit"]["notes"]
    assert f"mind: {note}" in repr(found)
    write(folder.path / "audit.csv", [("f" * 32, 1), ("0" * 32, 0)])
    with pytest.raises(InputError, match="none of the 2 labelled records is among the candidates"):
        curate(folder.spec(audit="audit.csv"), overwrite=True)


# --- wrong labels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([("a", "1")], ("id", "label"), "no column 'mc_id'"),
        ([("a", "1")], ("mc_id", "lable"), r"no column 'label'\. Did you mean 'lable'"),
        ([("a", ""), ("b", "nan")], ("mc_id", "label"), "has no label in its column 'label' yet"),
        ([("a", "maybe")], ("mc_id", "label"), "neither yes nor no"),
        ([("a", "1"), ("a", "0")], ("mc_id", "label"), "right in one row and wrong in another"),
        ([("a", "1"), ("a", "0"), ("a", "1")], ("mc_id", "label"), "all 3 .* the same mc_id, a"),
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
