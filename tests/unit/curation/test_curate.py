import json
import os
import shutil
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from modelcollapse.curation import Curation, curate, manifest
from modelcollapse.errors import InputError, SpecError, StoreError
from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.tilt import Tilt
from modelcollapse.shards import record_ids
from modelcollapse.verifiers.scored import Scored


def rows(path):
    """Records of the Parquet parts in a folder."""
    return [
        row
        for part in sorted(path.glob("part-*.parquet"))
        for row in pq.read_table(part).to_pylist()
    ]


def content(path):
    """Bytes of all files below a folder."""
    return {
        str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*"))
        if file.is_file()
    }  # fmt: skip


# --- every record --------------------------------------------------------------------------------


def test_every_candidate_is_written_once_with_its_columns_and_its_fate(folder, make_candidates):
    found = curate(folder.spec())
    given = make_candidates()
    kept, dropped = rows(found.folder), rows(found.folder / "dropped")
    assert len(kept) == 20
    assert len(dropped) == 60
    names = record_ids({name: [r[name] for r in given] for name in given[0]})
    assert sorted(row["mc_id"] for row in kept + dropped) == sorted(names)
    by_id = dict(zip(names, given, strict=True))
    for row in kept + dropped:
        original = by_id[row["mc_id"]]
        assert {name: row[name] for name in original} == original
        assert row["mc_score_length"] == len(original["text"].split())
        assert row["mc_origin"] == "1"
    assert min(row["mc_score_length"] for row in kept) >= max(
        row["mc_score_length"] for row in dropped
    )
    assert {row["mc_state"] for row in dropped} == {"dropped"}
    assert all(row["mc_reason"] for row in dropped)


def test_malformed_records_are_set_aside_with_their_line(folder):
    path = folder.path / "candidates.jsonl"
    lines = path.read_text().splitlines()
    lines[4:4] = ['{"text": ', "[1]"]
    path.write_text("\n".join(lines) + "\n")
    found = curate(folder.spec())
    assert found.states["set aside"] == 2
    assert sum(found.states.values()) == found.card["counts"]["read"] == 82
    aside = [
        json.loads(line)
        for line in (found.folder / "dropped" / "set_aside.jsonl").read_text().splitlines()
    ]
    assert [entry["line"] for entry in aside] == [5, 6]
    assert [entry["raw"] for entry in aside] == ['{"text": ', "[1]"]


def test_records_without_a_score_say_why(folder, make_candidates):
    given = make_candidates()
    for record in given[:7]:
        record["text"] = ""
    folder.lines("candidates.jsonl", given)
    found = curate(folder.spec())
    assert found.states["no score"] == 7
    assert found.card["counts"]["reasons"]["no score"] == {"length: it is empty": 7}
    assert {
        row["mc_reason"] for row in rows(found.folder / "dropped") if row["mc_state"] == "no score"
    } == {"length: it is empty"}


def test_a_verifier_that_scores_nothing_is_named_with_its_reason(folder):
    folder.lines("candidates.jsonl", [{"text": "", "prompt": "p", "topic": "a"}] * 9)
    with pytest.raises(
        InputError, match=r"none of the 9 candidates has a score of length.*\(9 × it is empty\)"
    ):
        curate(folder.spec())


def test_reasons_that_quote_records_are_counted_together(folder, make_candidates):
    @dataclass(frozen=True)
    class Picky:
        name: str = "picky"
        columns: tuple[str, ...] = ("text",)

        def score(self, batch):
            texts = batch["text"]
            odd = {i: f"'{t}' is odd" for i, t in enumerate(texts) if "amber" in t}
            return Scored(np.array([np.nan if i in odd else 1.0 for i in range(len(texts))]), odd)

    ones = make_candidates()
    count = sum("amber" in each["text"] for each in ones)
    found = curate(folder.spec(verifiers=[Picky()], keep=10))
    assert found.card["counts"]["reasons"]["no score"] == {"picky: '…' is odd": count}
    assert f"    {count} × picky: '…' is odd\n" in repr(found)
    assert count > 4


def test_of_duplicates_the_best_stays(folder, make_candidates):
    given = make_candidates()
    twin = {**given[0], "text": "one two three four five six seven eight nine ten eleven twelve"}
    folder.lines("candidates.jsonl", [*given, twin, {**twin, "prompt": "other"}])
    found = curate(folder.spec(duplicates=0.8))
    assert found.states["duplicate"] >= 1
    assert sum(found.states.values()) == 82
    assert sum(row["text"] == twin["text"] for row in rows(found.folder)) == 1


def test_a_share_is_at_most_what_is_left(folder, make_candidates):
    given = make_candidates()
    given[3]["text"] = ""
    twin = {**given[0], "text": "one two three four five six seven eight nine ten eleven twelve"}
    folder.lines("candidates.jsonl", [*given, twin, {**twin, "prompt": "other"}])
    found = curate(folder.spec(duplicates=0.8, keep=1.0))
    assert found.states["duplicate"] >= 1
    assert found.states["no score"] == 1
    assert found.states["kept"] == 82 - 1 - found.states["duplicate"]
    note = f"{found.states['kept']} are left without duplicates and records without a score"
    assert any(note in text for text in found.card["selection"]["notes"])
    with pytest.raises(InputError, match="to give"):  # a number is meant as it is given
        curate(folder.spec(duplicates=0.8, keep=82, output="number"))
    less = curate(folder.spec(duplicates=0.8, keep=0.5, output="half"))
    assert less.states["kept"] == 41
    assert not any("are left" in text for text in less.card["selection"]["notes"])


def test_a_group_without_candidates_is_not_lost_by_the_selection(folder):
    folder.lines("real.jsonl", [{"text": f"real {i}", "topic": "human"} for i in range(9)])
    found = curate(folder.spec(real="real.jsonl"))
    assert "human" not in str(found.card["selection"]["lost"])
    notes = [n for n in found.card["selection"]["notes"] if "human" in n]
    assert len(notes) == 1
    assert "No candidate belongs to a group of 'topic'" in notes[0]
    guarded = curate(
        folder.spec(
            real="real.jsonl", guard={"least": 0.5, "against": "reference"}, output="guarded"
        )
    )
    assert [n for n in guarded.card["selection"]["notes"] if "human" in n] == notes


def test_a_sum_that_does_not_add_up_publishes_nothing(folder, monkeypatch):
    from modelcollapse.curation import publishing

    def forgetful(self, batch, begin, length):
        if begin == 0:
            original(self, {k: v[1:] for k, v in batch.items()}, begin, length - 1)

    original = publishing._Candidates._sort
    monkeypatch.setattr(publishing._Candidates, "_sort", forgetful)
    with pytest.raises(StoreError, match=r"Nothing was published"):
        curate(folder.spec())
    assert not (folder.path / "out").exists()
    assert [p.name for p in folder.path.iterdir() if p.name.startswith(".")] == []


# --- the same bytes ------------------------------------------------------------------------------


def test_the_same_bytes_whoever_works(folder):
    from modelcollapse.verifiers.rules import Rules

    spec = {"verifiers": [Rules(max_words=6)], "real": "real.jsonl",
            "mix": {"policy": "mix", "real": 0.2}, "scores": ...}  # fmt: skip
    one = curate(folder.spec(**spec, output="one"), n_jobs=1)
    two = curate(folder.spec(**{**spec, "scores": "elsewhere"}, output="two"), n_jobs=2)
    a, b = content(one.folder), content(two.folder)
    a["croissant.json"] = a["croissant.json"].replace(b'"one"', b'"two"')
    assert a == b


def test_another_seed_draws_others(folder):
    spec = {"real": "real.jsonl", "mix": {"policy": "augment", "budget": 20}}
    ids = [
        {
            row["mc_id"]
            for row in rows(curate(folder.spec(**spec, seed=seed, output=f"o{seed}")).folder)
        }
        for seed in (0, 1)
    ]
    assert ids[0] != ids[1]


# --- again ---------------------------------------------------------------------------------------


def test_nothing_is_scored_twice(folder, calls, length):
    curate(folder.spec())
    assert len(calls) == 80
    found = curate(folder.spec(keep=0.5), overwrite=True)
    assert found.states["kept"] == 40
    curate(folder.spec(select=BestPerPrompt(), keep=..., output="other"))
    assert len(calls) == 80
    curate(folder.spec(verifiers=[length(sign=-1.0)], output="minus"))
    assert len(calls) == 160


def test_a_finished_output_is_left_alone_and_a_damaged_one_made_anew(folder):
    first = curate(folder.spec())
    before = {path: os.stat(path).st_mtime_ns for path in first.folder.iterdir()}
    again = curate(folder.spec())
    assert again.card == first.card
    assert {path: os.stat(path).st_mtime_ns for path in first.folder.iterdir()} == before
    whole = content(first.folder)
    part = first.files[0]
    part.write_bytes(part.read_bytes()[:-20])
    curate(folder.spec())
    assert content(first.folder) == whole
    (first.folder / "report.html").unlink()
    curate(folder.spec())
    assert content(first.folder) == whole


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"keep": 0.5}, r"its keep is 0\.25 and would be 0\.5"),
        ({"seed": 3}, "its seed is 0 and would be 3"),
        ({"mix": {"policy": "augment"}, "real": "real.jsonl"}, "its "),
        ({"columns": {"prompt": "prompt"}}, r"columns\.groups"),
        ({"select": BestPerPrompt()}, "its select"),
    ],
)
def test_the_output_of_another_spec_is_refused_by_the_name_of_the_setting(folder, change, named):
    curate(folder.spec())
    whole = content(folder.path / "out")
    with pytest.raises(StoreError, match=rf"another curation: .*{named}.*--overwrite"):
        curate(folder.spec(**change))
    assert content(folder.path / "out") == whole


def test_another_content_of_the_tokenizer_is_noticed(folder):
    tokenizers = pytest.importorskip("tokenizers")

    def write(split):
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[U]": 0}, unk_token="[U]"))
        made.pre_tokenizer = split
        made.save(str(folder.path / "tok.json"))

    mix = {"policy": "replace", "budget": {"tokens": 60, "tokenizer": "tok.json"}}
    write(tokenizers.pre_tokenizers.Whitespace())
    first = curate(folder.spec(mix=mix))
    assert curate(folder.spec(mix=mix)).card == first.card
    write(tokenizers.pre_tokenizers.Split("", "isolated"))
    with pytest.raises(StoreError, match="input files were others"):
        curate(folder.spec(mix=mix))


def test_another_code_of_a_member_of_an_ensemble_is_noticed(folder, length):
    from modelcollapse.verifiers.ensemble import Ensemble

    class Backwards(length):
        def score(self, batch):
            found = super().score(batch)
            return replace(found, scores=-found.scores)

    Backwards.__qualname__, Backwards.__module__ = length.__qualname__, length.__module__
    curate(folder.spec(verifiers=[Ensemble((length(),), weights=(1.0,))]))
    curate(folder.spec(verifiers=[Ensemble((length(),), weights=(1.0,))]))
    with pytest.raises(StoreError, match="input files were others"):
        curate(folder.spec(verifiers=[Ensemble((Backwards(),), weights=(1.0,))]))


def test_another_version_is_noticed(folder, monkeypatch):
    curate(folder.spec())
    now = manifest.versions()
    monkeypatch.setattr(manifest, "versions", lambda: {**now, "modelcollapse": "99"})
    with pytest.raises(StoreError, match=r"modelcollapse was .* and is 99 now.*--overwrite"):
        curate(folder.spec())
    assert curate(folder.spec(), overwrite=True).card["versions"]["modelcollapse"] == "99"


def test_a_copy_of_the_folder_gives_the_same_bytes_whatever_its_dates(tmp_path):
    one, two = tmp_path / "one", tmp_path / "a second one"
    one.mkdir()
    lines = [json.dumps({"text": f"the cat {i} sat on mat {i % 7}"}) for i in range(40)]
    (one / "s.jsonl").write_text("\n".join(lines))
    (one / "train.txt").write_text("the cat sat on the mat\n" * 20)
    (one / "spec.yaml").write_text(
        "synthetic: s.jsonl\nverifiers: [{type: ngram_perplexity, train: train.txt}]\n"
        "select: top_fraction\nkeep: 0.5\ngeneration: 1\noutput: out\n"
    )
    shutil.copytree(one, two)
    for file in two.iterdir():
        os.utime(file, (1e9, 1e9))
    found = [content(curate(folder / "spec.yaml").folder) for folder in (one, two)]
    assert found[0] == found[1]
    assert b'"datePublished": "1970-01-01"' in found[0]["croissant.json"]


def test_the_day_is_what_the_environment_says(folder, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    text = (curate(folder.spec()).folder / "croissant.json").read_text()
    assert '"datePublished": "2023-11-14"' in text


def test_records_without_a_prompt_do_not_compete(folder, make_candidates):
    given = make_candidates()
    for record in given[:40]:
        record["prompt"] = None
    folder.lines("candidates.jsonl", given)
    found = curate(folder.spec(select=BestPerPrompt(), keep=...))
    assert found.states["kept"] == 40 + 10
    assert "40 records have no prompt" in found.card["selection"]["notes"][-1]


def test_other_records_under_the_same_name_are_noticed(folder, make_candidates):
    curate(folder.spec())
    folder.lines("candidates.jsonl", make_candidates(seed=1))
    with pytest.raises(StoreError, match="input files were others"):
        curate(folder.spec())


def test_a_folder_of_somebody_else_is_left_alone(folder):
    (folder.path / "out").mkdir()
    (folder.path / "out" / "thesis.txt").write_text("chapter one")
    with pytest.raises(StoreError, match="holds files that curate has not written"):
        curate(folder.spec(), overwrite=True)
    assert (folder.path / "out" / "thesis.txt").read_text() == "chapter one"
    (folder.path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        curate(folder.spec(output="file"))


def test_a_run_that_fails_while_writing_leaves_what_was_there(folder, monkeypatch, calls):
    first = curate(folder.spec())
    whole = content(first.folder)

    def full(*given):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(manifest, "write", full)
        with pytest.raises(OSError, match="No space"):
            curate(folder.spec(keep=0.5), overwrite=True)
    assert content(first.folder) == whole
    assert len(calls) == 80
    assert curate(folder.spec(keep=0.5), overwrite=True).states["kept"] == 40


def test_killed_between_the_two_renamings_nothing_is_lost(folder):
    first = curate(folder.spec())
    whole = content(first.folder)
    os.rename(first.folder, folder.path / ".out.replaced")
    curate(folder.spec())
    assert content(first.folder) == whole


def test_resume_never_scores_afresh_and_always_refuses_to_begin(folder, calls):
    with pytest.raises(InputError, match="to go on from"):
        curate(folder.spec(), resume="always")
    curate(folder.spec())
    curate(folder.spec(), resume="never")
    assert len(calls) == 160
    with pytest.raises(InputError, match="Did you mean"):
        curate(folder.spec(), resume="allways")


# --- mixing --------------------------------------------------------------------------------------


def test_the_share_of_real_records_is_exact_and_they_say_so(folder):
    found = curate(folder.spec(real="real.jsonl", mix={"policy": "mix", "real": 0.2}))
    assert found.rows == {"real": 5, "previous": 0, "synthetic": 20}
    written = rows(found.folder)
    assert [row["mc_origin"] for row in written] == ["real"] * 5 + ["1"] * 20
    assert all(row["mc_score_length"] is None for row in written[:5])
    assert all(row["mc_weight"] == 1.0 for row in written)
    assert written[0]["text"].startswith("real ")


def test_what_a_budget_leaves_out_is_in_its_own_state(folder):
    found = curate(folder.spec(real="real.jsonl", mix={"policy": "mix", "real": 0.5, "budget": 10}))
    assert found.rows == {"real": 5, "previous": 0, "synthetic": 5}
    assert found.states["kept"] == 5
    assert found.states["out of budget"] == 15
    assert found.states["dropped"] == 60


def test_a_budget_of_tokens_stops_at_the_last_whole_record(folder):
    found = curate(folder.spec(mix={"policy": "replace", "budget": {"tokens": 50}}))
    used = sum(len(row["text"].split()) for row in rows(found.folder))
    assert used + found.card["mix"]["remainder"] == 50
    assert 0 <= found.card["mix"]["remainder"] < 9


def test_accumulating_takes_earlier_sets_as_they_were_and_real_records_once(
    folder, make_candidates
):
    mix = {"policy": "mix", "real": 0.2}
    first = curate(
        folder.spec(real="real.jsonl", mix=mix, generation=0, output="gen1", generator="m-0")
    )
    folder.lines("next.jsonl", make_candidates(seed=5))
    found = curate(
        folder.spec(
            synthetic="next.jsonl", real="real.jsonl", generation=1, output="gen2",
            mix={"policy": "accumulate", "previous": ["gen1"]}, generator="m-1",
        )
    )  # fmt: skip
    assert found.rows == {"real": 36, "previous": 20, "synthetic": 20}
    written = rows(found.folder)
    assert [row["mc_origin"] for row in written] == ["real"] * 36 + ["0"] * 20 + ["1"] * 20
    assert [row["mc_generator"] for row in written[36:]] == ["m-0"] * 20 + ["m-1"] * 20
    earlier = {row["mc_id"]: row["mc_score_length"] for row in rows(first.folder)}
    assert all(earlier[row["mc_id"]] == row["mc_score_length"] for row in written[36:56])
    assert all(row["mc_parent"] for row in written[36:])


def test_soft_weights_are_written(folder):
    found = curate(folder.spec(select=Tilt(0.5), keep=...))
    weights = np.array([row["mc_weight"] for row in rows(found.folder)])
    assert weights.size == 80
    assert weights.std() > 0
    assert weights.mean() == pytest.approx(1.0)


def test_lines_can_be_written_instead(folder):
    found = curate(folder.spec(format="jsonl"))
    written = [json.loads(line) for path in found.files for line in path.read_text().splitlines()]
    assert len(written) == 20
    assert set(written[0]) >= {"text", "prompt", "mc_id", "mc_score_length"}
    (dropped,) = (found.folder / "dropped").iterdir()
    assert dropped.name == "part-00000.jsonl"
    left = [json.loads(line) for line in dropped.read_text().splitlines()]
    assert len(left) == 60
    assert {record["mc_state"] for record in left} == {"dropped"}


ODD = {
    "meta": [{"a": 1}, {"a": "x"}],
    "tags": [["a"], ["a", 1]],
    "number": [7, 10**30],
    "empty": [{}, {}],
    "inside": [[{"b": {}}], [{}]],
}


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_entries_that_parquet_has_no_type_for_stop_nothing(folder, make_candidates, form):
    ones = [
        {**each, **{name: pair[i == 70] for name, pair in ODD.items()}}
        for i, each in enumerate(make_candidates())
    ]
    folder.lines("candidates.jsonl", ones)
    folder.lines("real.jsonl", [{"text": "a", "meta": {"a": 1}, "number": 1}] * 9)
    found = curate(folder.spec(format=form, keep=1.0, real="real.jsonl", mix="augment"))
    if form == "jsonl":
        written = [json.loads(line) for line in found.files[0].read_text().splitlines()]
        assert [{n: each[n] for n in ODD} for each in written[9:]] == [
            {n: each[n] for n in ODD} for each in ones
        ]
        assert not any("Parquet" in note for note in found.card["selection"]["notes"])
        return
    table = pq.read_table(found.files[0])
    for name in ODD:
        assert list(map(json.loads, table[name].to_pylist()[9:])) == [each[name] for each in ones]
        told = f"Parquet has no type for the entries of '{name}': they are written as JSON."
        assert told in found.card["selection"]["notes"]
    assert table["meta"].to_pylist()[0] == '{"a": 1}'
    assert table.schema.field("right").type == pa.bool_()


def test_columns_that_do_not_fit_are_refused_by_name(folder):
    folder.lines("real.jsonl", [{"text": "a", "right": "yes"}])
    with pytest.raises(
        InputError, match="the column 'right' is string in the real records and bool"
    ):
        curate(folder.spec(real="real.jsonl", mix={"policy": "augment"}))


# --- papers --------------------------------------------------------------------------------------


def test_the_data_card_has_the_front_matter_of_the_hub(folder):
    found = curate(folder.spec(real="real.jsonl", mix={"policy": "mix", "real": 0.2}))
    text = (found.folder / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert "synthetic" in front["tags"]
    assert front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == "part-*.parquet"
    assert "Real share: 20.0%" in text


# What rdflib and mlcroissant warn of is theirs.
ELSEWHERE = pytest.mark.filterwarnings("ignore")


@ELSEWHERE
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_the_lineage_is_valid_croissant(folder, form):
    mlcroissant = pytest.importorskip("mlcroissant")
    found = curate(folder.spec(
        real="real.jsonl", mix={"policy": "mix", "real": 0.2}, format=form, generator="m/1 (beta)",
        license="https://creativecommons.org/licenses/by/4.0/",
    ))  # fmt: skip
    path = found.folder / "croissant.json"
    data = mlcroissant.Dataset(jsonld=path)
    assert data.metadata.ctx.issues.errors == set()
    assert data.metadata.ctx.issues.warnings == set()
    back = data.metadata.to_json()
    assert back["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    for term in ("wasDerivedFrom", "wasGeneratedBy", "wasAttributedTo"):
        assert f"prov:{term}" in back
    written = list(data.records("records"))
    assert len(written) == 25
    assert written[0]["records/mc_origin"] == b"real"


def test_no_licence_is_made_up(folder):
    found = curate(folder.spec())
    assert "license" not in json.loads((found.folder / "croissant.json").read_text())
    with pytest.raises(SpecError, match="license"):
        folder.spec(license=["MIT"])


@ELSEWHERE
def test_a_wrong_croissant_would_be_noticed(folder):
    mlcroissant = pytest.importorskip("mlcroissant")
    found = curate(folder.spec())
    document = json.loads((found.folder / "croissant.json").read_text())
    document["recordSet"][0]["field"][0]["source"]["fileSet"]["@id"] = "elsewhere"
    with pytest.raises(mlcroissant.ValidationError):
        mlcroissant.Dataset(jsonld=document)


def test_the_manifest_reads_back_and_has_nothing_undefined(folder):
    found = curate(folder.spec())
    text = (found.folder / "manifest.json").read_text()
    assert "NaN" not in text
    assert str(folder.path) not in text
    assert Curation.read(found.folder).card == found.card == json.loads(text)
    assert found.to_dict()["counts"]["read"] == 80
    lines = repr(found).splitlines()
    assert lines[0].startswith("Not known: no record is labelled.")
    assert any(line.split()[:2] == ["kept", "20"] for line in lines)
    with pytest.raises(StoreError, match="no curated records"):
        Curation.read(folder.path)


# --- rules ---------------------------------------------------------------------------------------


def test_a_rule_decides_where_no_number_is_asked_for(folder):
    found = curate(folder.spec(select=Threshold(5.0), keep=...))
    kept = [row["mc_score_length"] for row in rows(found.folder)]
    dropped = [row["mc_score_length"] for row in rows(found.folder / "dropped")]
    assert min(kept) >= 5.0 > max(dropped)


def test_the_guard_keeps_a_place_for_a_rare_group(folder, make_candidates):
    given = make_candidates()
    for record in given:
        if record["topic"] == "rare":
            record["text"] = "short"
    folder.lines("candidates.jsonl", given)
    plain = curate(folder.spec(), output="plain")
    guarded = curate(folder.spec(guard={"least": 0.8}, output="guarded"))
    topics = [[row["topic"] for row in rows(found.folder)] for found in (plain, guarded)]
    assert topics[0].count("rare") == 0
    assert topics[1].count("rare") == 4
    assert len(topics[1]) == 20


def test_more_than_there_is_cannot_be_kept(folder):
    with pytest.raises(SpecError, match="of 80 candidates would be 500"):
        curate(folder.spec(keep=500))
    with pytest.raises(InputError, match="only 20 to give"):
        curate(folder.spec(select=BestPerPrompt(), keep=30))
