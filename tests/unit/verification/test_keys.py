import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from modelcollapse import registry
from modelcollapse.curation.building import verifiers_from
from modelcollapse.curation.settings import Columns
from modelcollapse.verification import keys, verify
from modelcollapse.verification.keys import key_of
from modelcollapse.verifiers.scored import Scored


def made(**spec):
    return registry.build("verifier", spec, "it")


def key(**spec):
    return key_of(made(**spec), "it")


NAMED = [
    {"type": "ngram_perplexity", "train": "ours"},
    {"type": "detector", "real": "ours"},
    {"type": "detector", "real": ["ours/a.txt"]},
    {"type": "causal_perplexity", "model": "ours"},
    {"type": "self_confidence", "model": "ours"},
    {"type": "watermark", "model": "ours"},
    {"type": "human_labels", "file": "ours/a.txt"},
    {"type": "ensemble", "members": [{"type": "rouge"}], "audit": "ours"},
    {
        "type": "ensemble",
        "members": [{"type": "causal_perplexity", "model": "ours"}],
        "weights": [1.0],
    },
]


@pytest.fixture
def ours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ours").mkdir()
    Path("ours/a.txt").write_text("the cat sat\n" * 30)
    return Path("ours")


@pytest.mark.parametrize("spec", NAMED, ids=lambda spec: spec["type"])
def test_a_file_counts_by_its_content_not_by_its_place(ours, tmp_path, spec):
    before = key(**spec)
    there = json.loads(json.dumps(spec).replace("ours", "moved"))
    shutil.copytree(ours, "moved")
    assert key(**there).digest == before.digest
    Path("moved/a.txt").write_text("a dog ran\n" * 30)
    after = key(**there)
    assert after.digest != before.digest
    assert after.difference(before.plain()).startswith("the content of")


def test_a_text_is_no_path_by_accident(ours):
    Path("zzz.txt").write_text("1")
    for spec in (
        {"type": "rules", "must_match": ["[a-z]*.*"]},
        {"type": "exact_match", "text": "ours/a.txt"},
        {"type": "causal_perplexity", "model": "gpt2"},
    ):
        assert key(**spec).files == {}
    assert (
        key(type="causal_perplexity", model="a").digest
        != key(type="causal_perplexity", model="b").digest
    )


IDLE = {
    "max_concurrent": 2, "retries": 1, "timeout": 30.0, "budget_calls": 9, "budget_tokens": 99,
    "cache": "other", "api_key_env": "X",
}  # fmt: skip


def test_settings_without_influence_keep_the_scores():
    judge = {"type": "judge", "model": "m", "cache": "c"}
    base = key(**judge)
    joined = key(type="ensemble", members=[judge], weights=[1.0])
    for name, value in IDLE.items():
        changed = {**judge, name: value}
        assert key(**changed).digest == base.digest
        assert key(type="ensemble", members=[changed], weights=[1.0]).digest == joined.digest
    other = key(**{**judge, **IDLE, "temperature": 1.0})
    assert other.digest != base.digest
    assert other.difference(base.plain()) == "its setting 'temperature' was 0.0 and is 1.0"


def test_rounding_is_no_influence_in_float32_only():
    def of(**settings):
        return key(type="causal_perplexity", model="m", **settings).digest

    assert of() == of(batch_tokens=64, threads=2)
    assert of(precision="bfloat16") != of(precision="bfloat16", batch_tokens=64)


def test_versions_of_what_computes_the_scores_count(ours, monkeypatch):
    specs = ({"type": "detector", "real": "ours"}, {"type": "json_schema"}, {"type": "rouge"})
    before = [key(**spec) for spec in specs]
    monkeypatch.setattr(keys, "_version", lambda package: f"9 of {package}")
    monkeypatch.setattr(keys, "versions", lambda: {"modelcollapse": before[0].version})
    after = [key(**spec) for spec in specs]
    assert [a.digest == b.digest for a, b in zip(after, before, strict=True)] == [0, 0, 1]
    assert after[1].difference(before[1].plain()).endswith("and is 9 of jsonschema")


@dataclass(frozen=True)
class Weighed:
    """A verifier of somebody's own, which takes a path."""

    weights: Path
    name = "weighed"
    columns = ("text",)

    def score(self, batch):
        return Scored(np.ones(len(batch["text"])))


def test_a_path_counts_by_its_content_whoever_names_it(ours):
    before = key_of(Weighed(ours), "it")
    (ours / "deep").mkdir()
    (ours / "deep" / "b").write_text("1")
    after = key_of(Weighed(ours), "it")
    assert after.digest != before.digest
    assert after.difference(before.plain()) == "the content of weights ours has changed"


def test_what_is_learnt_does_not_depend_on_the_place_of_files(ours):
    Path("d.jsonl").write_text("\n".join(json.dumps({"text": f"a cat {i}"}) for i in range(20)))
    first = verify("d.jsonl", made(type="ngram_perplexity", train="ours"), output="out")
    ours.rename("moved")
    again = verify("d.jsonl", made(type="ngram_perplexity", train="moved"), output="out")
    assert again.reused == {"ngram_perplexity": len(first.parts("ngram_perplexity"))}
    Path("moved/a.txt").write_text("a cat 5\n" * 30)
    other = verify("d.jsonl", made(type="ngram_perplexity", train="moved"), output="out")
    assert other.reused == {"ngram_perplexity": 0}


def test_files_are_named_from_the_folder_of_the_spec(ours, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    given = [
        {"type": "ngram_perplexity", "train": "ours"},
        {"type": "rules", "must_match": ["ours/a.txt"]},
        {"type": "causal_perplexity", "model": "gpt2"},
    ]
    ngrams, rules, causal = verifiers_from(given, Columns(), tmp_path)
    assert ngrams.train == str(tmp_path / "ours")
    assert list(rules.must_match) == ["ours/a.txt"]
    assert causal.model == "gpt2"
