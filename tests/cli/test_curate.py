"""`curate` and `design` as a person at a terminal meets them."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import yaml
from typer.testing import CliRunner

from modelcollapse import registry
from modelcollapse.cli import app

PARTS = '''
import os, time
from dataclasses import dataclass
import numpy as np
from modelcollapse.verifiers.scored import Scored, column


@dataclass(frozen=True)
class Logged:
    """Words of a text. Writes down what it scores, and can be slow about it."""

    text: str = "text"
    constant: bool = False

    name = "logged"

    @property
    def columns(self):
        return (self.text,)

    def score(self, batch):
        texts = column(batch, self.text, self.name)
        if "LOG" in os.environ:
            with open(os.environ["LOG"], "a") as file:
                file.writelines(f"{text}\\n" for text in texts)
            time.sleep(float(os.environ.get("SLOW", "0")))
        scores = np.array([len(t.split()) if t else np.nan for t in texts], dtype=float)
        if self.constant:
            scores[:] = 1.0
        missing = {i: "it is empty" for i in np.flatnonzero(np.isnan(scores)).tolist()}
        return Scored(scores, missing)
'''


def records(n=40, start=0):
    return [
        {"prompt": f"p{i // 4}", "text": " ".join(["word"] * (1 + i * 7 % 9)) + f" {i}",
         "gold": f"word word {i}", "topic": "ab"[i % 8 == 0]}
        for i in range(start, start + n)
    ]  # fmt: skip


@pytest.fixture
def run(shell):
    shell.write("parts.py", PARTS)
    shell.write("parts-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parts\nVersion: 0\n")
    shell.write(
        "parts-0.dist-info/entry_points.txt",
        "[modelcollapse.verifier]\nlogged = parts:Logged\n",
    )

    def lines(name, entries):
        return shell.write(name, "".join(json.dumps(entry) + "\n" for entry in entries))

    def spec(**changes):
        document = {
            "synthetic": "gen1.jsonl", "real": "real.jsonl",
            "columns": {"prompt": "prompt", "groups": ["topic"]},
            "verifiers": [{"type": "logged"}], "select": "top_fraction", "keep": 0.25,
            "generation": 1, "output": "out",
        }  # fmt: skip
        given = {k: v for k, v in {**document, **changes}.items() if v is not ...}
        shell.write("spec.yaml", yaml.safe_dump(given, sort_keys=False))
        return "spec.yaml"

    lines("gen1.jsonl", records())
    lines("real.jsonl", [{"text": f"a real text {i}", "topic": "a"} for i in range(12)])
    shell.lines, shell.curation = lines, spec
    return shell


@pytest.fixture
def here(run, monkeypatch):
    """The command line within this process: a tenth of the time, for what needs no other."""
    monkeypatch.chdir(run.folder)
    monkeypatch.syspath_prepend(run.folder)
    registry.names.cache_clear()
    yield lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))
    sys.modules.pop("parts", None)
    registry.names.cache_clear()


@pytest.fixture
def refused(here):
    """Like `shell.refused`, within this process."""

    def refused(message, *arguments):
        done = here(*arguments)
        assert done.exit_code == 2, done.output
        assert done.stdout == ""
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("modelcollapse: ")
        assert re.search(message, lines[0]), lines[0]
        assert lines[0].endswith((".", "?")), lines[0]

    return refused


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- what it does --------------------------------------------------------------------------------


def test_a_training_set_is_made(run):
    done = run("curate", run.curation(mix={"policy": "mix", "real": 0.2}))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "report: out/report.html"
    assert {path.name for path in (run.folder / "out").iterdir()} == {
        "part-00000.parquet", "dropped", "manifest.json", "README.md", "croissant.json",
        "report.html",
    }  # fmt: skip
    page = (run.folder / "out" / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page


def test_json_is_the_manifest(run, here):
    done = here("curate", run.curation(), "--json", "--output", "elsewhere", "--keep", "8")
    card = json.loads(done.stdout)
    assert card == json.loads((run.folder / "elsewhere" / "manifest.json").read_text())
    assert card["counts"]["states"]["kept"] == 8
    assert not (run.folder / "out").exists()


def test_paths_are_those_beside_the_spec(run):
    (run.folder / "sub").mkdir()
    spec = run.curation()
    done = subprocess.run(
        run.command("curate", f"../{spec}"), cwd=run.folder / "sub", env=run.environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (run.folder / "out" / "manifest.json").exists()


def test_a_dry_run_prints_counts_and_writes_nothing(run, here):
    spec = run.curation(mix={"policy": "mix", "real": 0.2})
    before = contents(run.folder)
    done = here("curate", spec, "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "40 candidates, 10 prompts, 2 groups of topic",
        "  logged: to be scored",
        "to keep: 10",
        "real records: 12, earlier synthetic ones: 0",
        "training set: 12 records (2 real, 10 synthetic)",
        "nothing was scored or written",
    ]
    assert {k: v for k, v in contents(run.folder).items() if "__pycache__" not in k} == before
    assert json.loads(here("curate", spec, "--dry-run", "--json").stdout)["keep"] == 10


def test_the_sample_to_label_is_drawn_once(run, here, refused):
    spec = run.curation()
    done = here("design", spec, "--output", "label_me.csv", "--dropped-error", "0.9")
    assert done.exit_code == 0, done.stderr
    assert "which label_me.csv lists" in done.stdout
    with (run.folder / "label_me.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == {""}
    refused("might hold labels", "design", spec, "--output", "label_me.csv")
    for i, row in enumerate(rows):
        row["label"] = "right" if i % 3 else "wrong"
    with (run.folder / "label_me.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    done = here("curate", run.curation(audit="label_me.csv"))
    assert done.exit_code == 0, done.stderr
    assert "phi" in json.loads((run.folder / "out" / "manifest.json").read_text())["audit"]


def test_killed_while_scoring_it_goes_on_and_writes_the_same_bytes(run):
    for number in range(4):
        run.lines(f"gen1/part-{number}.jsonl", records(10, 10 * number))
    log = run.folder / "log.txt"
    spec = run.curation(synthetic="gen1/*.jsonl", keep=0.5)
    run.environment["LOG"] = str(log)
    process = subprocess.Popen(
        run.command("curate", spec, "--jobs", "1"), cwd=run.folder,
        env={**run.environment, "SLOW": "1.5"}, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not log.exists() or len(log.read_text().splitlines()) < 25:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (run.folder / "out").exists()
    before = log.read_text().splitlines()
    assert run("curate", spec, "--jobs", "1").returncode == 0
    after = log.read_text().splitlines()[len(before) :]
    assert len(set(before) & set(after)) <= 10  # the shard that was being scored
    assert set(before) | set(after) == {record["text"] for record in records()}
    resumed = contents(run.folder / "out")
    whole = run("curate", spec, "--output", "out", "--resume", "never", "--jobs", "2")
    assert whole.returncode == 0, whole.stderr
    assert contents(run.folder / "out") == resumed


def test_ties_and_constant_scores_are_drawn_by_chance_and_said(run, here):
    done = here("curate", run.curation(verifiers=[{"type": "logged", "constant": True}]))
    assert done.exit_code == 0, done.stderr
    assert "have the same score, 1: the choice is random" in done.stdout


def test_a_malformed_line_takes_no_other_along(run, here):
    path = run.folder / "gen1.jsonl"
    path.write_text(path.read_text().replace("\n", "\n{broken\n", 1))
    done = here("curate", run.curation())
    assert done.exit_code == 0, done.stderr
    assert "set aside" in done.stdout
    aside = (run.folder / "out" / "dropped" / "set_aside.jsonl").read_text()
    assert json.loads(aside)["line"] == 2


# --- again ---------------------------------------------------------------------------------------


def test_another_selection_in_the_same_folder_needs_a_word(run, here, refused):
    assert here("curate", run.curation()).exit_code == 0
    before = contents(run.folder / "out")
    refused(r"its keep is 0\.25 and would be 0\.5.*--overwrite", "curate",
                run.curation(keep=0.5))  # fmt: skip
    assert contents(run.folder / "out") == before
    assert here("curate", "spec.yaml", "--overwrite").exit_code == 0
    assert contents(run.folder / "out") != before


# --- wrong input: one sentence, code 2, nothing lost ---------------------------------------------

WRONG = {
    "misspelt field": ({"synthetc": "a"}, "unknown field 'synthetc'.*Did you mean 'synthetic'"),
    "no such file": ({"synthetic": "gen9.jsonl"}, r"gen9\.jsonl"),
    "no match": ({"synthetic": "gen9/*.jsonl"}, r"no file matches gen9/\*\.jsonl"),
    "no real file": ({"real": "nowhere.parquet"}, r"nowhere\.parquet"),
    "unknown verifier": ({"verifiers": ["roug"]}, "there is no verifier 'roug'"),
    "unknown setting": ({"verifiers": [{"type": "logged", "txt": "a"}]}, r"verifiers\[0\]\.txt"),
    "unknown rule": ({"select": "top_fractoin"}, "Did you mean 'top_fraction'"),
    "missing column": ({"columns": {"text": "summary"}}, "the column 'summary', which the records"),
    "missing reference": (
        {"columns": {"reference": "golden"}}, "'golden', which.*Did you mean 'gold'",
    ),
    "missing group": ({"columns": {"groups": ["theme"]}}, "the column 'theme'"),
    "real without text": (
        {"columns": {"text": "gold"}}, "a mix with real records reads the column 'gold'",
    ),
    "keep too many": ({"keep": 41}, "keep: 41 of 40 candidates"),
    "keep no share": ({"keep": 1.5}, "keep: 1.5 is no share"),
    "too few real": (
        {"mix": {"policy": "mix", "real": 0.9}}, "takes 90 real ones, and there are 12",
    ),
    "mix without share": ({"mix": "mix"}, "mix: the policy mix needs a share"),
    "no real to mix": ({"mix": "augment", "real": ...}, "the field 'real' names none"),
    "previous": (
        {"mix": {"policy": "accumulate", "previous": ["a", "b"]}}, "names 2 earlier sets",
    ),
    "empty budget": ({"mix": {"budget": {"tokens": 0}}}, "holds nothing"),
    "tokenizer": (
        {"mix": {"budget": {"tokens": 9, "tokenizer": "t.json"}}}, "cannot be read as a tokenizer",
    ),
    "guard of nothing": ({"guard": {"groups": ["theme"]}}, "not among columns.groups"),
    "no audit file": ({"audit": "nobody.csv"}, r"cannot read nobody\.csv"),
    "output is a file": ({"output": "gen1.jsonl"}, "is a file, but the output"),
    "output of somebody": ({"output": "sub"}, "holds files that curate has not written"),
}  # fmt: skip


def test_a_mistake_is_one_sentence_in_a_process_of_its_own(run):
    run.refused("unknown field 'synthetc'", "curate", run.curation(synthetc="a"))


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_one_sentence_and_nothing_is_written(run, refused, name):
    changes, message = WRONG[name]
    run.write("sub/mine.txt", "mine")
    spec = run.curation(**changes)
    refused(message, "curate", spec)
    assert not (run.folder / "out").exists()
    assert (run.folder / "sub" / "mine.txt").read_text() == "mine"
    assert not list(run.folder.glob(".*building*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("mc_id,label\n", "holds no records"),
        ("mc_id,label\na,\n", "has no label in its column 'label' yet"),
        ("mc_id,label\na,maybe\n", "neither yes nor no"),
        ("id,label\na,1\n", "no column 'mc_id'"),
        ("mc_id,label\na,1\nb,0\n", "none of the 2 labelled records"),
    ],
)
def test_labels_of_no_use(run, refused, content, message):
    run.write("audit.csv", content)
    refused(message, "curate", run.curation(audit="audit.csv"))
    assert not (run.folder / "out").exists()


def test_a_schema_that_changes_half_way(run, refused):
    entries = records(600)
    for entry in entries[400:]:
        entry["text"] = 7
    run.lines("gen1.jsonl", entries)
    refused(r"line \d+ of gen1\.jsonl.*'text'", "curate", run.curation())


def test_no_scores_at_all(run, refused):
    run.lines("gen1.jsonl", [{**record, "text": ""} for record in records()])
    message = r"none of the 40 candidates has a score .*\(40 × it is empty\)"
    refused(message, "curate", run.curation())


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--resume", "allways"], "Did you mean 'always'"),
        (["--resume", "always"], "to go on from"),
        (["--engine", "raey"], "ray"),
        (["--keep", "half"], "--keep is 'half'"),
    ],
)
def test_wrong_options(run, refused, option, message):
    refused(message, "curate", run.curation(), *option)
    assert not (run.folder / "out").exists()


def test_a_missing_spec(run, refused):
    refused("there is no file nowhere.yaml", "curate", "nowhere.yaml")
    refused("there is no file nowhere.yaml", "design", "nowhere.yaml", "--output", "a.csv")
