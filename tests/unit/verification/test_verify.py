import hashlib
import json
import sys
from dataclasses import dataclass, field, replace

import cloudpickle
import numpy as np
import pyarrow.parquet as pq
import pytest

from modelcollapse.errors import InputError, StoreError
from modelcollapse.shards import Records, open_records
from modelcollapse.verification import Scores, verify
from modelcollapse.verifiers.scored import Scored, column

# Worker processes cannot import a test module: its classes travel to them by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

SCORED = []
"""Records that were scored in this process."""


@dataclass(frozen=True)
class Length:
    """Number of characters; none for an empty text, and an error for some."""

    names_files = ("weights",)

    text: str = "text"
    fails_at: int = -1
    label: str | None = None
    weights: str | None = None

    @property
    def name(self):
        return self.label or "length"

    @property
    def columns(self):
        return (self.text,)

    def score(self, batch):
        texts = column(batch, self.text, self.name)
        lengths = np.array([float(len(text or "")) or np.nan for text in texts])
        if self.fails_at in lengths:
            raise ZeroDivisionError(f"the text of {self.fails_at} characters")
        SCORED.extend(texts)
        gaps = {
            int(i): f"the text '{texts[i]}' is empty" for i in np.flatnonzero(lengths != lengths)
        }
        return Scored(lengths, gaps, {"words": [len((text or "").split()) for text in texts]})


@dataclass(frozen=True)
class Centred:
    """Length less the mean length of all records, which has to be learnt."""

    text: str = "text"
    mean: float | None = None
    passes: list = field(default_factory=list, compare=False, init=False)

    @property
    def name(self):
        return "centred"

    @property
    def columns(self):
        return (self.text,)

    def learn(self, batches):
        self.passes.append(1)
        first = [len(text) for batch in batches() for text in batch[self.text]]
        again = [len(text) for batch in batches() for text in batch[self.text]]
        assert first == again
        return Fitted(self.text, float(np.mean(first)))


@dataclass(frozen=True)
class Fitted:
    text: str
    mean: float
    name = "centred"

    @property
    def columns(self):
        return (self.text,)

    def score(self, batch):
        return Scored(np.array([len(text) - self.mean for text in batch[self.text]]))


@pytest.fixture(autouse=True)
def nothing_scored():
    SCORED.clear()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr("modelcollapse.shards.text.LEAST_BYTES", 1024)


TEXTS = [f"record {i} {'x' * (i % 23)}" for i in range(300)]


def write(path, texts=TEXTS, bad=()):
    lines = [json.dumps({"text": text, "n": i}) for i, text in enumerate(texts)]
    for at in bad:
        lines.insert(at, "broken {")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "a.jsonl", bad=[5, 200])


def tree(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def parts(folder, name="length"):
    return sorted(folder.glob(f"scores/{name}@*/part-*.parquet"))


# --- what is found -------------------------------------------------------------------------------


def test_scores_are_aligned_with_the_records(data):
    scores = verify(data, Length())
    records = open_records(data)
    pieces = list(records.batches())
    assert scores.folder == data.with_name("a.jsonl.scores")
    assert scores["length"].tolist() == [float(len(text)) for text in TEXTS]
    assert len(scores) == len(TEXTS)
    assert scores.rows().tolist() == [row for piece in pieces for row in piece.rows.tolist()]
    assert scores.ids().dtype == "S32"
    assert len(set(scores.ids())) == 300
    assert scores.details("length") == {"words": [float(len(t.split())) for t in TEXTS]}
    for shard, start, stop in zip(
        records.shards, scores.offsets[:-1], scores.offsets[1:], strict=True
    ):
        texts = [text for piece in shard.batches() for text in piece.batch["text"]]
        assert scores["length"][start:stop].tolist() == [len(text) for text in texts]


def test_scores_can_be_read_later_and_by_others(data, tmp_path):
    scores = verify(data, [Length(), Length(label="again")], output=tmp_path / "out")
    later = Scores.read(tmp_path / "out")
    assert later.names == ("length", "again")
    assert np.array_equal(later["again"], scores["length"])
    assert later.to_dict()["length"]["scored"] == 300
    table = pq.read_table(parts(tmp_path / "out")[0])
    assert table.column_names == ["mc_row", "mc_id", "mc_score", "mc_reason", "words"]
    assert len(Scores.read(tmp_path / "out", ["again"]).names) == 1


def test_everything_is_accounted_for(tmp_path):
    texts = [*TEXTS[:100], "", "", *TEXTS[100:], "x" * 77]
    data = write(tmp_path / "a.jsonl", texts, bad=[0, 50])
    scores = verify(data, Length(fails_at=77), output=tmp_path / "out")
    account = scores.account("length")
    assert account.records == 305
    assert account.scored == 300
    assert account.without_score == {
        "the text '' is empty": 2,
        "ZeroDivisionError: the text of 77 characters": 1,
    }
    assert list(account.set_aside.values()) == [2]
    assert account.failed == pytest.approx(5 / 305)
    values = scores["length"]
    assert np.flatnonzero(np.isnan(values)).tolist() == [100, 101, 302]
    assert scores.reasons("length") == {
        100: "the text '' is empty",
        101: "the text '' is empty",
        302: "ZeroDivisionError: the text of 77 characters",
    }
    aside = [
        json.loads(line)
        for path in sorted((tmp_path / "out" / "set_aside").iterdir())
        for line in path.read_text().splitlines()
    ]
    assert [(each["line"], each["raw"]) for each in aside] == [(1, "broken {"), (51, "broken {")]
    assert all(each["file"].endswith("a.jsonl") for each in aside)
    shown = repr(scores)
    for words in ("305 records, 2 of them malformed", "no score of length: 2 × the text", "median"):
        assert words in shown


def test_a_score_that_is_missing_is_null_for_others(tmp_path):
    data = write(tmp_path / "a.jsonl", ["a", ""])
    verify(data, Length(), output=tmp_path / "out")
    assert pq.read_table(parts(tmp_path / "out")[0])["mc_score"].to_pylist() == [1.0, None]


def test_quantiles_are_those_of_all_scores(data):
    scores = verify(data, Length())
    found = scores.to_dict()["length"]["quantiles"]
    expected = np.quantile(scores["length"], [0, 0.05, 0.5, 1], method="inverted_cdf")
    assert [found[label] for label in ("min", "5 %", "median", "max")] == expected.tolist()


def test_records_without_any_score_have_no_quantiles(tmp_path):
    data = write(tmp_path / "a.jsonl", ["", ""])
    scores = verify(data, Length(), output=tmp_path / "out")
    assert set(scores.to_dict()["length"]["quantiles"].values()) == {None}
    assert scores.account("length").failed == 1.0
    assert "–" in repr(scores)


@pytest.mark.parametrize(
    "change", [{"n_jobs": 2}, {"batch": 7}, {"batch": 1}, {"engine": "inline"}]
)
def test_the_bytes_depend_on_no_setting_of_the_run(data, tmp_path, change, monkeypatch):
    monkeypatch.setattr("modelcollapse.verification.scoring.WORTH_SECONDS", 0.0)
    verifiers = [Length(), Length(label="fails", fails_at=20)]
    verify(data, verifiers, output=tmp_path / "one")
    verify(data, verifiers, output=tmp_path / "two", **change)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert len(parts(tmp_path / "one")) > 5


def test_progress_ends_with_everything_done(data):
    seen = []
    verify(data, Length(), progress=lambda done, total: seen.append((done, total)))
    total = len(open_records(data).shards)
    assert seen == [(done, total) for done in range(total + 1)]


def test_further_columns_may_hold_anything(tmp_path):
    @dataclass(frozen=True)
    class Detailed(Length):
        def score(self, batch):
            n = len(batch["text"])
            return Scored(
                np.ones(n),
                details={
                    "truth": [True, None, *[False] * (n - 2)],
                    "lists": [[1, 2]] * n,
                    "array": np.arange(n) / 2,
                    "nothing": [None] * n,
                    "words": ["ü"] * n,
                },
            )

    data = write(tmp_path / "a.jsonl", ["a", "b", "c"])
    found = verify(data, Detailed(), output=tmp_path / "out").details("length")
    assert found == {
        "truth": [True, None, False],
        "lists": ["[1, 2]"] * 3,
        "array": [0.0, 0.5, 1.0],
        "nothing": [None] * 3,
        "words": ["ü"] * 3,
    }


def test_a_large_part_has_row_groups_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("modelcollapse.verification.parts.ROWS", 64)
    monkeypatch.setattr("modelcollapse.shards.text.LEAST_BYTES", 2**20)
    data = write(tmp_path / "a.jsonl")
    scores = verify(data, Length(), output=tmp_path / "out", batch=50)
    (path,) = parts(tmp_path / "out")
    meta = pq.read_metadata(path)
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [64] * 4 + [44]
    assert scores["length"].tolist() == [float(len(text)) for text in TEXTS]


# --- going on ------------------------------------------------------------------------------------


def test_nothing_is_scored_twice(data, tmp_path):
    first = verify(data, Length(), output=tmp_path / "out")
    assert sorted(SCORED) == sorted(TEXTS)
    before = tree(tmp_path / "out")
    again = verify(data, Length(), output=tmp_path / "out")
    assert len(SCORED) == 300
    assert np.array_equal(first["length"], again["length"])
    assert again.reused == {"length": len(open_records(data).shards)}
    assert tree(tmp_path / "out") == before


def test_another_verifier_scores_alone_and_both_are_kept(data, tmp_path):
    verify(data, Length(), output=tmp_path / "out")
    scores = verify(data, Length(label="other"), output=tmp_path / "out")
    assert len(SCORED) == 600
    assert scores.names == ("other",)
    assert Scores.read(tmp_path / "out").names == ("length", "other")


def test_a_changed_setting_never_uses_old_scores_and_changing_it_back_does(data, tmp_path):
    first = verify(data, Length(), output=tmp_path / "out")
    changed = verify(data, Length(fails_at=20), output=tmp_path / "out")
    assert np.isnan(changed["length"]).any()
    assert not np.isnan(first["length"]).any()
    SCORED.clear()
    back = verify(data, Length(), output=tmp_path / "out")
    assert SCORED == []
    assert np.array_equal(back["length"], first["length"])
    assert not np.isnan(Scores.read(tmp_path / "out")["length"]).any()


def test_a_changed_file_of_a_verifier_never_uses_old_scores(data, tmp_path):
    weights = tmp_path / "weights.txt"
    weights.write_text("1")
    verify(data, Length(weights=str(weights)), output=tmp_path / "out")
    weights.write_text("2")
    with pytest.raises(InputError, match=r"the content of weights .*weights.txt has changed"):
        verify(data, Length(weights=str(weights)), output=tmp_path / "out", resume="always")
    verify(data, Length(weights=str(weights)), output=tmp_path / "out")
    assert len(SCORED) == 600


def test_changed_code_never_uses_old_scores(data, tmp_path):
    verify(data, Length(), output=tmp_path / "out")

    @dataclass(frozen=True)
    class Length2(Length):
        def score(self, batch):
            return Scored(-super().score(batch).scores)

    Length2.__qualname__ = "Length"
    assert verify(data, Length2(), output=tmp_path / "out")["length"].max() < 0


def test_resume_always_names_the_setting_that_differs(data, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"no scores of length in .*out to go on from"):
        verify(data, Length(), output=out, resume="always")
    verify(data, Length(), output=out)
    assert verify(data, Length(), output=out, resume="always").reused["length"] > 0
    with pytest.raises(InputError, match=r"its setting 'fails_at' was -1 and is 20"):
        verify(data, Length(fails_at=20), output=out, resume="always")
    write(data, [*TEXTS[:-1], "changed"])
    with pytest.raises(InputError, match=r"the records of .*a.jsonl from line \d+ on are not"):
        verify(data, Length(), output=out, resume="always")
    assert len(SCORED) == 300


def test_resume_never_begins_anew(data, tmp_path):
    verify(data, Length(), output=tmp_path / "out")
    before = tree(tmp_path / "out")
    again = verify(data, Length(), output=tmp_path / "out", resume="never")
    assert len(SCORED) == 600
    assert again.reused == {"length": 0}
    assert tree(tmp_path / "out") == before


def test_only_changed_records_are_scored_again(data, tmp_path):
    out = tmp_path / "out"
    verify(data, Length(), output=out)
    changed = [*TEXTS]
    changed[-1] = "something else"
    write(data, changed, bad=[5, 200])
    SCORED.clear()
    scores = verify(data, Length(), output=out)
    assert scores["length"][-1] == len("something else")
    assert 0 < len(SCORED) < 100


def test_files_that_come_before_or_go_leave_the_scores_of_the_others(tmp_path):
    folder, out = tmp_path / "gen", tmp_path / "out"
    folder.mkdir()
    for name in "bcd":
        write(folder / f"{name}.jsonl", [f"{name} {text}" for text in TEXTS], bad=[1])
    verify(folder, Length(), output=out)
    SCORED.clear()
    write(folder / "a.jsonl", TEXTS[:50])
    more = verify(folder, Length(), output=out)
    assert sorted(SCORED) == sorted(TEXTS[:50])
    assert len(more) == 950
    SCORED.clear()
    (folder / "c.jsonl").unlink()
    fewer = verify(folder, Length(), output=out)
    assert SCORED == []
    verify(folder, Length(), output=tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")
    assert len(fewer) == 650


@pytest.mark.parametrize("harm", ["cut", "changed", "deleted", "no note", "spoilt note", "empty"])
def test_parts_that_were_harmed_are_noticed_and_made_anew(data, tmp_path, harm):
    out = tmp_path / "out"
    verify(data, Length(), output=out)
    before = tree(out)
    path = parts(out)[3]
    rows = pq.read_table(path).num_rows
    content = path.read_bytes()
    if harm == "cut":
        path.write_bytes(content[:-20])
    elif harm == "changed":
        path.write_bytes(content[:60] + b"!" + content[61:])
    elif harm == "deleted":
        path.unlink()
    elif harm == "no note":
        path.with_suffix(".json").unlink()
    elif harm == "spoilt note":
        path.with_suffix(".json").write_text("{")
    else:
        path.write_bytes(b"")
    if harm in ("cut", "changed", "deleted", "empty"):
        with pytest.raises(StoreError, match="is missing or damaged"):
            Scores.read(out)["length"]
    SCORED.clear()
    verify(data, Length(), output=out)
    assert len(SCORED) == rows
    assert tree(out) == before


def test_what_was_set_aside_is_written_again_without_scoring(data, tmp_path):
    out = tmp_path / "out"
    verify(data, Length(), output=out)
    before = tree(out)
    next((out / "set_aside").iterdir()).unlink()
    SCORED.clear()
    verify(data, Length(), output=out)
    assert SCORED == []
    assert tree(out) == before


def test_a_run_that_fails_half_way_keeps_what_it_has(data, tmp_path):
    out = tmp_path / "out"

    class Stopped(Exception):
        pass

    def stop(done, total):
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        verify(data, Length(), output=out, progress=stop)
    done = len(SCORED)
    assert 0 < done < 300
    with pytest.raises(InputError, match="holds no finished scores"):
        Scores.read(out)
    scores = verify(data, Length(), output=out, resume="always")
    assert len(SCORED) == 300
    assert scores.reused == {"length": 3}
    verify(data, Length(), output=tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")


def test_scores_are_incomplete_while_some_of_them_are_replaced(data, tmp_path):
    out = tmp_path / "out"
    verify(data, [Length(), Length(label="b")], output=out)
    write(data, [f"{text} more" for text in TEXTS])

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(data, Length(), output=out, progress=stop)
    with pytest.raises(StoreError, match=r"the scores of 'length' in .* are not complete"):
        Scores.read(out)
    assert len(Scores.read(out, ["b"])["b"]) == 300
    assert verify(data, Length(), output=out).reused["length"] == 3


def test_scores_that_another_run_has_replaced_are_not_mixed_in(data, tmp_path):
    scores = verify(data, Length(), output=tmp_path / "out")
    write(data, [f"{text[:-1]}!" for text in TEXTS])
    verify(data, Length(), output=tmp_path / "out")
    with pytest.raises(StoreError, match="is missing or damaged"):
        scores["length"]


def test_resume_always_compares_with_the_nearest_scores(data, tmp_path):
    for fails_at in (5, 6, 7, 8):
        verify(data, Length(fails_at=fails_at, weights="a"), output=tmp_path / "out")
    verify(data, Length(fails_at=20), output=tmp_path / "out")
    with pytest.raises(InputError, match=r"its setting 'fails_at' was 20 and is 21"):
        verify(data, Length(fails_at=21), output=tmp_path / "out", resume="always")
    with pytest.raises(InputError, match=r"its setting 'fails_at' was 8 and is 21"):
        verify(data, Length(fails_at=21, weights="a"), output=tmp_path / "out", resume="always")


# --- verifiers that learn ------------------------------------------------------------------------


def test_what_is_learnt_is_learnt_once(data, tmp_path, monkeypatch):
    monkeypatch.setattr("modelcollapse.verification.scoring.WORTH_SECONDS", 0.0)
    centred = Centred()
    scores = verify(data, centred, output=tmp_path / "out", n_jobs=2)
    assert scores["centred"].mean() == pytest.approx(0.0, abs=1e-12)
    assert centred.passes == [1]
    verify(data, centred, output=tmp_path / "out")
    assert centred.passes == [1], "what it had learnt was not kept"


def test_what_was_learnt_belongs_to_the_settings(data, tmp_path):
    out = tmp_path / "out"
    verify(data, Centred(), output=out)
    write(data, [*TEXTS[:-1], "y" * 5000])
    scores = verify(data, Centred(), output=out)
    assert scores["centred"].mean() == pytest.approx(0.0, abs=1e-9)
    assert scores.reused == {"centred": 0}
    write(data, [*TEXTS[:-1], "z"])
    with pytest.raises(InputError, match=r"what it has learnt from the records has changed"):
        verify(data, Centred(), output=out, resume="always")


def test_learning_must_give_a_verifier(data):
    class Forgetful(Centred):
        def learn(self, batches):
            return 3

    with pytest.raises(InputError, match="has learnt a int, which cannot score"):
        verify(data, Forgetful())


# --- what is wrong -------------------------------------------------------------------------------


def test_a_type_that_changes_keeps_what_was_scored_before(tmp_path, monkeypatch):
    monkeypatch.setattr("modelcollapse.shards.opening.SAMPLE", 1)  # not found beforehand
    out = tmp_path / "out"
    data = write(tmp_path / "a.jsonl")
    lines = data.read_text().splitlines()
    odd = [f'{{"text": {i}}}' if 265 <= i < 298 else line for i, line in enumerate(lines)]
    data.write_text("\n".join(odd))
    with pytest.raises(InputError, match=r"line 2.. of .*a.jsonl holds a number in the column 'te"):
        verify(data, Length(), output=out)
    assert len(SCORED) >= 200
    data.write_text("\n".join(lines))
    verify(data, Length(), output=out)
    assert len(SCORED) < 360


def test_files_of_equal_content_keep_their_scores_when_another_comes_first(tmp_path):
    folder, out = tmp_path / "gen", tmp_path / "out"
    folder.mkdir()
    for name in "bc":
        write(folder / f"{name}.jsonl")
    verify(folder, Length(), output=out)
    SCORED.clear()
    write(folder / "a.jsonl", TEXTS[:50])
    verify(folder, Length(), output=out)
    assert sorted(SCORED) == sorted(TEXTS[:50])
    verify(folder, Length(), output=tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")


def test_a_rare_column_of_several_types_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("modelcollapse.shards.text.LEAST_BYTES", 2**14)
    monkeypatch.setattr("modelcollapse.shards.opening.SAMPLE", 1)  # not found beforehand
    data = tmp_path / "a.jsonl"
    records = [{"text": "x" * 30} for _ in range(1000)]
    records[400]["extra"], records[900]["extra"] = 1, "one"
    data.write_text("\n".join(map(json.dumps, records)))
    assert len(open_records(data).shards) > 2
    found = verify(data, Length(), output=tmp_path / "out")
    assert (len(found), found.account("length").set_aside) == (1000, {})


def test_a_type_that_another_file_shows_is_not_met_by_old_scores(tmp_path):
    folder, out = tmp_path / "gen", tmp_path / "out"
    folder.mkdir()
    ones = [{"text": f"b {i}"} for i in range(600)]
    ones[400]["n"] = "a text"
    (folder / "b.jsonl").write_text("\n".join(map(json.dumps, ones)))
    (folder / "c.jsonl").write_text("\n".join(map(json.dumps, ones[:300])))
    assert verify(folder, Length(), output=out).account("length").set_aside == {}
    (folder / "a.jsonl").write_text(json.dumps({"text": "a", "n": 1}))
    SCORED.clear()
    with pytest.raises(InputError, match="are not those that length has scored"):
        verify(folder, Length(), output=out, resume="always")
    more = verify(folder, Length(), output=out)
    assert list(more.account("length").set_aside.values()) == [1]
    # Shards without that column are left as they are.
    assert {"a", "b 400"} - {*SCORED} == {"b 400"}
    assert SCORED.count("b 1") == 0
    verify(folder, Length(), output=tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")


@dataclass(frozen=True)
class Wrong:
    kind: str
    name = "wrong"
    columns = ("text",)

    def score(self, batch):
        n = len(batch["text"])
        if self.kind == "short":
            return Scored(np.ones(n - 1))
        if self.kind == "refuses":
            raise InputError("cannot do this.")
        if self.kind == "memory":
            raise MemoryError
        raise RuntimeError(f"line one\nline two of {n}")


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("short", InputError, r"wrong gave \d+ scores for \d+ records"),
        ("refuses", InputError, "^cannot do this.$"),
        ("memory", MemoryError, None),
    ],
)
def test_a_verifier_that_breaks_its_promise_is_refused(data, kind, error, message):
    with pytest.raises(error, match=message):
        verify(data, Wrong(kind))


def test_a_verifier_that_fails_on_all_of_the_first_records_is_at_fault_itself(data, tmp_path):
    with pytest.raises(InputError, match=r"wrong fails on every one .* \(RuntimeError: line one\)"):
        verify(data, Wrong("fails"), output=tmp_path / "out")
    with pytest.raises(InputError, match="no finished scores"):
        Scores.read(tmp_path / "out")


@dataclass(frozen=True)
class Remote:
    """Fails while its server does, on texts that end on an x."""

    error: type = ConnectionError
    down: list = field(default_factory=list, compare=False, init=False)
    name = "remote"
    columns = ("text",)

    def score(self, batch):
        if self.down and any(text.endswith("x") for text in batch["text"]):
            raise RuntimeError("the call failed") from self.error("no answer")
        SCORED.extend(batch["text"])
        return Scored(np.array([float(len(text)) for text in batch["text"]]))


def test_failures_that_may_pass_are_tried_again(data, tmp_path):
    remote, out = Remote(), tmp_path / "out"
    remote.down.append(1)
    failed = verify(data, remote, output=out).account("remote").without_score
    assert failed == {"RuntimeError: the call failed": sum(t.endswith("x") for t in TEXTS)}
    remote.down.clear()
    again = verify(data, remote, output=out)
    assert again.account("remote").scored == 300
    verify(data, remote, output=tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")


def test_failures_that_last_are_not_tried_again(data, tmp_path):
    for error in (ValueError, FileNotFoundError):
        remote = Remote(error)
        remote.down.append(1)
        first = verify(data, remote, output=tmp_path / "out")
        again = verify(data, remote, output=tmp_path / "out")
        assert again.reused["remote"] == len(first.parts("remote"))


@dataclass(frozen=True)
class Silent:
    passing: bool
    name = "silent"
    columns = ("text",)

    def score(self, batch):
        n = len(batch["text"])
        gaps = dict.fromkeys(range(n), "no answer in time")
        return Scored(np.full(n, np.nan), gaps, {}, range(n) if self.passing else ())


def test_a_verifier_says_which_failures_may_pass(data, tmp_path):
    for passing in (True, False):
        first = verify(data, Silent(passing), output=tmp_path / "out")
        again = verify(data, Silent(passing), output=tmp_path / "out")
        assert again.reused["silent"] == (0 if passing else len(first.parts("silent")))
    with pytest.raises(InputError, match="record 1 of a batch has a score, so that it is no"):
        Scored(np.ones(2), {}, {}, [1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resume": "sometimes"}, "resume is 'sometimes'"),
        ({"batch": 0}, "batch is 0"),
        ({"engine": "spark"}, "no engine 'spark'"),
        ({"n_jobs": 0}, "n_jobs is 0"),
        ({"verifiers": []}, "there is no verifier"),
        ({"verifiers": [Length(), Length(fails_at=3)]}, "two verifiers have the name 'length'"),
        ({"verifiers": 7}, "int is no verifier"),
        ({"verifiers": "nonsense"}, "there is no verifier 'nonsense'"),
        ({"verifiers": Length(text="txt")}, r"length reads the column 'txt'.*Did you mean 'text'"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_written(data, tmp_path, change, message):
    options = {"verifiers": Length(), "output": tmp_path / "out", **change}
    with pytest.raises(InputError, match=message):
        verify(data, **options)
    assert not (tmp_path / "out").exists()


def test_several_files_need_a_folder_for_their_scores(data):
    with pytest.raises(InputError, match="several files have no common name"):
        verify([data], Length())


def test_a_folder_that_cannot_be_written_is_said(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        verify(data, Length(), output=tmp_path / "file" / "out")


def test_scores_that_are_not_there_are_said(data, tmp_path):
    with pytest.raises(InputError, match="holds no finished scores"):
        Scores.read(tmp_path)
    scores = verify(data, Length())
    with pytest.raises(InputError, match=r"there are no scores 'lenght'\. Did you mean 'length'"):
        scores["lenght"]
    with pytest.raises(InputError, match="holds no scores of 'x'"):
        Scores.read(scores.folder, ["x"])
    (scores.folder / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match=r"manifest\.json is damaged"):
        Scores.read(scores.folder)


def test_records_can_be_opened_first(data, tmp_path):
    records = open_records(data)
    scores = verify(records, Length(), output=tmp_path / "out")
    assert len(scores) == 300
    shards = tuple(replace(shard, digest="x" + shard.digest) for shard in records.shards)
    assert verify(Records(shards, records.schema), Length(), output=tmp_path / "out").reused == {
        "length": 0
    }
