import json

import pytest

from modelcollapse.curation import spec as specs
from modelcollapse.errors import SpecError
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.top import TopFraction


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verifers": []}, r"unknown field 'verifers'\. Did you mean 'verifiers'\?"),
        ({"synthetic": ...}, "synthetic: the field is missing or empty"),
        ({"verifiers": []}, "verifiers: the field is missing or empty"),
        ({"output": ""}, "output: the field is missing or empty"),
        ({"columns": {"txt": "a"}}, r"columns\.txt: .*Did you mean 'text'\?"),
        ({"columns": "text"}, "columns: expected a mapping"),
        ({"columns": {"text": "mc_text"}}, "begins with mc_"),
        ({"keep": 1.5}, r"keep: 1\.5 is no share"),
        ({"keep": 0.0}, "keep: 0 is no share"),
        ({"keep": 1}, r"Write 1\.0 for all"),
        ({"keep": "half"}, "keep: "),
        (
            {"select": {"type": "top_fraction", "share": 0.25}, "keep": 0.5},
            r"keep: 0\.5 and select\.share: 0\.25 both say",
        ),
        (
            {"select": {"type": "quota", "group": "topic", "rule": {
                "type": "random_choice", "share": 0.25}}, "keep": 20},
            r"keep: 20 and select\.share: 0\.25 both say",
        ),
        ({"seed": -1}, "counted from 0"),
        ({"seed": "0"}, "seed: "),
        ({"duplicates": 1.2}, "is no similarity"),
        ({"format": "csv"}, "format: "),
        ({"mix": {"policy": "mx"}}, r"mix\.policy: "),
        ({"mix": {"polcy": "mix"}}, r"mix\.polcy: .*Did you mean 'policy'\?"),
        ({"mix": {"policy": "mix"}}, "mix: the policy mix needs a share"),
        ({"mix": {"policy": "mix", "real": 0.2}}, "the field 'real' names none"),
        ({"mix": {"budget": {"rows": 5, "tokens": 5}}}, "of rows or of tokens"),
        ({"audit": {"file": "a.csv", "confidence": 95}}, "audit: confidence is 95"),
        ({"guard": 0.5}, "guard: expected a mapping"),
        ({"guard": {"groups": ["topics"]}}, r"not among columns\.groups\. Did you mean 'topic'\?"),
        ({"guard": {"least": 2.0}}, "guard: TailGuard got least"),
        ({"guard": {"rule": "top"}}, "Leave 'rule' out"),
        ({"verifiers": [{"type": "roug"}]}, r"verifiers\[0\]\.type: there is no verifier 'roug'"),
        ({"verifiers": [{"kind": "rouge1"}]}, r"verifiers\[0\]: there is no 'type'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(folder, change, message):
    with pytest.raises(SpecError, match=message):
        folder.spec(**change)


def test_two_verifiers_of_one_name_are_refused(folder, length):
    with pytest.raises(SpecError, match="two are called 'length'"):
        folder.spec(verifiers=[length(), length(sign=-1.0)])
    both = [length(), length(name="other")]
    assert len(folder.spec(verifiers=both, select=TopFraction(by="other")).verifiers) == 2


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ({"type": "top_fraction"}, r"select\.by: there are 2 verifiers \(length, other\)"),
        (None, r"select\.by: there are 2 verifiers"),
        ({"type": "top_fraction", "by": "lenth"}, r"select\.by: .*Did you mean 'length'\?"),
        ({"type": "quota", "group": "topic", "rule": {"type": "top_fraction"}}, "there are 2"),
        (
            {"type": "quota", "group": "topc", "rule": {"type": "random_choice"}},
            r"'topc' are not among columns\.groups\. Did you mean 'topic'\?",
        ),
        (
            {"type": "rake", "groups": ["topc"], "rule": {"type": "random_choice"}},
            "the groups 'topc' are not among",
        ),
    ],
)
def test_what_a_rule_chooses_by_is_checked_before_anything_is_scored(
    folder, length, select, message
):
    both = [length(), length(name="other")]
    with pytest.raises(SpecError, match=message):
        folder.spec(verifiers=both, select=select)
    random = {"type": "quota", "group": "topic", "rule": {"type": "random_choice"}}
    assert folder.spec(verifiers=both, select=random).select.group == "topic"


def test_one_earlier_set_needs_no_list(folder):
    mix = {"policy": "accumulate", "previous": "gen1"}
    assert folder.spec(mix=mix, real="real.jsonl").mix.previous == ("gen1",)


def test_a_spec_that_is_no_mapping_is_refused():
    with pytest.raises(SpecError, match="a mapping of fields"):
        specs.parse(["synthetic"])


def test_a_default_share_leaves_the_number_to_keep(folder):
    assert folder.spec(select={"type": "top_fraction"}, keep=0.5).keep == 0.5
    assert folder.spec(select={"type": "top_fraction", "share": 0.25}, keep=...).keep is None


def test_short_forms_mean_the_long_ones(folder):
    short = folder.spec(audit="a.csv", mix="augment", real="real.jsonl")
    long = folder.spec(
        audit={"file": "a.csv"}, mix={"policy": "augment"}, real=["real.jsonl"],
        columns={"prompt": "prompt", "groups": "topic"},
    )  # fmt: skip
    assert short == long
    assert folder.spec(mix={"budget": 7}) == folder.spec(mix={"budget": {"rows": 7}})


def test_settings_say_everything_but_where_it_goes(folder):
    spec = folder.spec(audit="a.csv", duplicates=0.8, guard={"least": 0.5}, scores="s")
    found = json.loads(json.dumps(spec.settings()))
    assert not {"output", "scores", "base"} & set(found)
    assert found["keep"] == 0.25
    assert found["columns"] == {
        "text": "text", "prompt": "prompt", "reference": None, "groups": ["topic"],
    }  # fmt: skip
    assert found["mix"] == {"policy": "replace", "real": None, "previous": [], "budget": None}
    assert found["verifiers"][0]["sign"] == 1.0


def test_changes_are_checked_like_a_spec(folder):
    spec = folder.spec()
    assert specs.but(spec, {"keep": 0.5}).keep == 0.5
    assert specs.but(spec, {"keep": 0.5}).verifiers == spec.verifiers
    with pytest.raises(SpecError, match="Did you mean 'keep'"):
        specs.but(spec, {"kep": 0.5})


def test_a_guard_goes_around_whatever_rule_is_chosen(folder):
    spec = folder.spec(guard={"least": 0.7})
    changed = specs.but(spec, {"select": Threshold(3.0)})
    assert (changed.guard.rule, changed.guard.least) == (Threshold(3.0), 0.7)
    own = folder.spec(select=..., guard=TailGuard(Threshold(2.0), ["topic"]))
    assert own.select == Threshold(2.0)


@pytest.mark.parametrize(("keep", "expected"), [(0.25, 25), (0.001, None), (40, 40), (101, None)])
def test_the_number_to_keep_is_the_nearest_one(folder, keep, expected):
    spec = folder.spec(keep=keep)
    if expected is None:
        with pytest.raises(SpecError, match="of 100 candidates"):
            spec.count(100)
    else:
        assert spec.count(100) == expected


def test_files_beside_the_spec_are_found_from_anywhere(folder, tmp_path, monkeypatch):
    (folder.path / "sub").mkdir()
    monkeypatch.chdir(folder.path / "sub")
    assert folder.spec().path("real.jsonl").exists()


@pytest.mark.parametrize("there", [False, True])
def test_what_a_verifier_writes_lies_beside_the_spec_from_the_first_run_on(
    folder, monkeypatch, there
):
    if there:
        (folder.path / "answers").mkdir()
    (folder.path / "sub").mkdir()
    monkeypatch.chdir(folder.path / "sub")
    (judge,) = folder.spec(
        verifiers=[{"type": "judge", "model": "m", "cache": "answers"}]
    ).verifiers
    assert judge.cache == str(folder.path / "answers")
    (plain,) = folder.spec(verifiers=[{"type": "judge", "model": "m"}]).verifiers
    assert plain.cache is None
    assert plain.columns == ("text",)  # the column of prompts is no prompt for the judge
