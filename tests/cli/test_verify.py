"""Scores from the command line, whole or killed, on files of any size."""

import gzip
import hashlib
import json
import os
import pty
import random
import shlex
import signal
import subprocess
import sys
import time

import pytest

MINE = '''
import os, time
from dataclasses import dataclass
import numpy as np
from modelcollapse.verifiers.scored import Scored, column


@dataclass(frozen=True)
class Length:
    """Length of a text; for tests, slow and with a diary of what it has scored."""

    text: str = "text"
    reference: str = "reference"
    at_most: int = 1000
    label: str | None = None

    @property
    def name(self):
        return self.label or "length"

    @property
    def columns(self):
        return (self.text,)

    def score(self, batch):
        texts = column(batch, self.text, self.name)
        if os.environ.get("DIARY"):
            time.sleep(0.002 * len(texts))
            with open(os.environ["DIARY"], "a") as diary:
                diary.write("".join(f"{n}\\n" for n in batch["n"]))
        if any(len(text) > self.at_most for text in texts):
            raise ValueError("too long")
        gaps = {i: "the text is empty" for i, text in enumerate(texts) if not text}
        return Scored(np.array([len(text) or np.nan for text in texts], dtype=float), gaps)


@dataclass(frozen=True)
class Settings:
    """Takes settings of every kind and scores nothing."""

    number: float = 0.0
    words: str = ""
    several: tuple[int, ...] = ()
    strict: bool = False
    prediction: str = "text"
    name = "settings"
    columns = ()

    def score(self, batch):
        n = len(batch["text"])
        return Scored(np.full(n, self.number))
'''


def provide(shell):
    """Install two verifiers where the shell finds them, as another package would."""
    shell.write("mine.py", MINE)
    shell.write("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    shell.write(
        "mine-1.0.dist-info/entry_points.txt",
        "[modelcollapse.verifier]\ntext_length = mine:Length\nsettings = mine:Settings\n",
    )
    return shell


@pytest.fixture
def here(shell):
    return provide(shell)


def write(shell, n=200, name="data.jsonl", bad=()):
    lines = [json.dumps({"text": f"text {i} {'x' * (i % 40)}", "n": i}) for i in range(n)]
    for at in bad:
        lines[at] = "broken"
    shell.write(name, "\n".join(lines) + "\n")
    return name


def tree(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- what it says --------------------------------------------------------------------------------


def test_scores_lie_beside_the_data_and_are_summed_up(here):
    done = here("verify", write(here, bad=[3, 8]), "--with", "text_length")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "200 records, 2 of them malformed and set aside"
    assert lines[1].split() == [
        "verifier", "scored", "no", "score", "min", "5", "%", "25", "%", "median", "75", "%",
        "95", "%", "max",
    ]  # fmt: skip
    assert lines[2].split()[:3] == ["length", "198", "0"]
    assert lines[3].startswith("set aside: 2 × not JSON")
    assert lines[-1] == "scores: data.jsonl.scores"
    assert (here.folder / "data.jsonl.scores" / "manifest.json").exists()


def test_a_record_of_another_type_takes_no_other_along(here):
    name = write(here)
    lines = (here.folder / name).read_text().splitlines()
    lines[60] = lines[60].replace('"n": 60', '"n": "60"')
    here.write(name, "\n".join(lines))
    done = here("verify", name, "--with", "text_length")
    assert done.returncode == 0, done.stderr
    assert "200 records, 1 of them malformed and set aside" in done.stdout
    aside = here.folder / "data.jsonl.scores" / "set_aside" / "part-00000.jsonl"
    found = json.loads(aside.read_text())
    assert (found["line"], found["raw"]) == (61, lines[60])
    assert "column 'n', which holds a number" in done.stdout


def test_a_change_of_type_or_a_file_cut_off_is_found_before_anything_is_written(here):
    lines = ['{"text": "x"}'] * 280 + ['{"text": 5}'] * 20
    here.write("changes.jsonl", "\n".join(lines))
    packed = gzip.compress("\n".join(lines[:280]).encode())
    (here.folder / "cut.jsonl.gz").write_bytes(packed[:-6])
    for name in ("changes.jsonl", "cut.jsonl.gz"):
        here.refused(name, "verify", name, "-w", "text_length")
        assert not (here.folder / f"{name}.scores").exists()


def test_the_examples_of_the_help_run(here):
    records = [{"text": "a b c d e f", "reference": "a b", "gold": "a b"}] * 3
    here.write("gen2.jsonl", "\n".join(map(json.dumps, records)))
    here.write("gen2/a.jsonl", "\n".join(map(json.dumps, records)))
    shown = here("verify", "--help").stdout
    words = " ".join(shown.replace("│", " ").split()).split("Examples")[1].split("modelcollapse ")
    examples = [shlex.split(each) for each in words if each.startswith("verify ")]
    assert len(examples) == 2
    for example in examples:
        done = here(*(each.replace("parquet", "jsonl") for each in example))
        assert done.returncode == 0, (example, done.stderr)


def test_json_says_the_same(here):
    done = here("verify", write(here), "-w", "text_length", "-w", "settings:number=2", "--json")
    found = json.loads(done.stdout)
    assert list(found) == ["length", "settings"]
    assert found["length"]["scored"] == 200
    assert found["settings"]["quantiles"]["median"] == 2.0
    assert found["settings"]["verifier"]["spec"]["type"] == "settings"


def test_settings_are_given_with_the_name(here):
    given = "settings:number=0.5,words='a, b=c',several=[1, 2],strict=true"
    done = here("verify", write(here), "--with", given, "--output", "out", "--json")
    assert done.returncode == 0, done.stderr
    spec = json.loads(done.stdout)["settings"]["verifier"]["spec"]
    assert (spec["number"], spec["words"], spec["several"], spec["strict"]) == (
        0.5, "a, b=c", [1, 2], True,
    )  # fmt: skip


def test_columns_are_given_once_for_all_verifiers(here):
    here.write("data.csv", "summary,gold,text\nfour,x,y\n")
    given = ("-w", "text_length", "-w", "settings", "-w", "text_length:text=gold,label=gold")
    done = here("verify", "data.csv", *given, "--text-column", "summary", "--json")
    found = json.loads(done.stdout)
    assert found["length"]["quantiles"]["median"] == 4.0
    assert found["gold"]["quantiles"]["median"] == 1.0
    assert found["settings"]["verifier"]["spec"]["prediction"] == "summary"


@pytest.mark.parametrize(
    "content",
    [
        "- text_length\n- {type: settings, number: 2.0}\n",
        "verifiers:\n  - type: text_length\n  - {type: settings, number: 2.0}\n",
        '[{"type": "text_length"}, {"type": "settings", "number": 2.0}]',
    ],
)
def test_verifiers_may_stand_in_a_file(here, content):
    here.write("checks.yaml", content)
    done = here("verify", write(here), "--with", "checks.yaml", "--json")
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)) == ["length", "settings"]


def test_several_files_and_patterns(here):
    for name in ("gen/a.jsonl", "gen/b.jsonl", "more.jsonl"):
        write(here, 50, name)
    arguments = ("gen/*.jsonl", "more.jsonl", "-w", "text_length", "-o", "out", "--json")
    done = here("verify", *arguments)
    assert json.loads(done.stdout)["length"]["records"] == 150


def test_too_many_failures_are_exit_code_1_and_keep_the_scores(here):
    data = write(here)
    done = here("verify", data, "--with", "text_length:at_most=20", "-o", "out")
    assert done.returncode == 1
    assert "length has no score for" in done.stderr
    assert "The scores there are were kept." in done.stderr
    assert "ValueError: too long" in done.stdout
    again = here(
        "verify", data, "--with", "text_length:at_most=20", "-o", "out", "--max-failures", "1",
        "--json",
    )  # fmt: skip
    assert again.returncode == 0
    assert json.loads(again.stdout)["length"]["reused_shards"] > 0


def test_a_bar_is_shown_on_a_terminal_only(here):
    leader, follower = pty.openpty()
    command = here.command("verify", write(here), "--with", "text_length")
    done = subprocess.run(
        command, cwd=here.folder, env=here.environment, stderr=follower, stdout=subprocess.PIPE,
        timeout=60, check=False,
    )  # fmt: skip
    os.close(follower)
    assert done.returncode == 0
    assert b"data.jsonl" in os.read(leader, 10_000)
    os.close(leader)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.jsonl"], "cannot read no.jsonl: No such file"),
        (["*.csv", "-o", "out"], r"no file matches \*.csv"),
        (["data.jsonl", "-w", "text_lenght"], "no verifier 'text_lenght'. Did you mean 'text_len"),
        (["data.jsonl", "-w", "settings:numbr=1"], "no such field. Did you mean 'number'"),
        (["data.jsonl", "-w", "settings:number=x"], r"number: input should be .*, got 'x'"),
        (["data.jsonl", "-w", "settings:number"], "'number' is no setting"),
        (["data.jsonl", "-w", "settings:words=[1"], "cannot be read as a value"),
        (["data.jsonl", "-w", "no.yaml"], "cannot read no.yaml"),
        (["data.jsonl", "-w", "empty.yaml"], "empty.yaml holds no verifiers"),
        (["data.jsonl", "-w", "bad.yaml"], "bad.yaml is not valid YAML"),
        (["data.jsonl", "--text-column", "txt"], "length reads the column 'txt'.*mean 'text'"),
        (["data.jsonl", "-w", "agreement"], "reads the column 'prompt'.* with --prompt-column"),
        (["data.jsonl", "--prompt-column", "n"], "none of the verifiers reads a prompt"),
        (["data.jsonl", "--resume", "maybe"], "resume is 'maybe'"),
        (["data.jsonl", "--resume", "always"], "no scores of length in .* to go on from"),
        (["data.jsonl", "--engine", "rai"], "no engine 'rai'. Did you mean 'ray'"),
        (["data.jsonl", "--jobs", "0"], "--jobs is 0"),
        (["data.jsonl", "--batch", "0"], "batch is 0"),
        (["data.jsonl", "data.jsonl"], "given twice|no common name"),
        (["data.jsonl", "-w", "text_length"], "two verifiers have the name 'length'"),
        (["changes.jsonl"], "line 281 of changes.jsonl holds a number in the column 'text'"),
        (["empty.jsonl"], "empty.jsonl holds no records"),
        (["data.jsonl", "-o", "data.jsonl/x"], "cannot write"),
        (["data.jsonl", "-o", "data.jsonl"], "data.jsonl is a file, but scores need a folder"),
        (["data.jsonl", "-w", "settings:words=####,number=x"], "number: input should be"),
    ],
)
def test_wrong_input_is_one_sentence(here, arguments, message):
    write(here)
    here.write("empty.yaml", "[]")
    here.write("bad.yaml", "{")
    here.write("empty.jsonl", "")
    lines = ['{"text": "x"}'] * 280 + ['{"text": 5}'] * 20
    here.write("changes.jsonl", "\n".join(lines))
    named = (
        arguments
        if any("settings" in a or ".yaml" in a or "lenght" in a for a in arguments)
        else [*arguments, "-w", "text_length"]
    )
    here.refused(message, "verify", *named)


def test_a_setting_that_changed_is_named(here):
    data = write(here)
    assert here("verify", data, "-w", "text_length").returncode == 0
    here.refused(
        "its setting 'at_most' was 1000 and is 999", "verify", data, "-w",
        "text_length:at_most=999", "--resume", "always",
    )  # fmt: skip


# --- stopped -------------------------------------------------------------------------------------


def start(shell, data, output, jobs):
    command = shell.command(
        "verify", data, "-w", "text_length:at_most=5000", "-o", output, "--jobs", str(jobs)
    )
    environment = {**shell.environment, "DIARY": str(shell.folder / f"{output}.diary")}
    return subprocess.Popen(
        command, cwd=shell.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def finished_parts(shell, output):
    return len(list((shell.folder / output).glob("scores/*/part-*.json")))


def diary(shell, output):
    path = shell.folder / f"{output}.diary"
    return list(map(int, path.read_text().split())) if path.exists() else []


@pytest.fixture(scope="module")
def undisturbed(shared_shell):
    provide(shared_shell)
    # Large enough for a dozen shards, of which each takes a while.
    lines = [json.dumps({"text": f"text {i} " + "x" * 2000, "n": i}) for i in range(1000)]
    shared_shell.write("data.jsonl", "\n".join(lines))
    process = start(shared_shell, "data.jsonl", "undisturbed", 1)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert sorted(diary(shared_shell, "undisturbed")) == list(range(1000))
    assert finished_parts(shared_shell, "undisturbed") > 8
    return tree(shared_shell.folder / "undisturbed")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.xdist_group("verify")
def test_a_killed_run_goes_on_to_the_same_bytes_and_scores_nothing_twice(
    shared_shell, undisturbed, jobs
):
    shell, output, chance, kills = shared_shell, f"killed{jobs}", random.Random(3), 0
    lost = 0
    while kills < 3:
        before = finished_parts(shell, output)
        process = start(shell, "data.jsonl", output, jobs)
        target = before + chance.randint(1, 3)
        while finished_parts(shell, output) < target and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.1)
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        kills += 1
        done = set()
        for note in (shell.folder / output).glob("scores/*/part-*.json"):
            plain = json.loads(note.read_text())
            assert note.with_suffix(".parquet").exists()
            done.update(range(plain["first"] - 1, plain["first"] - 1 + plain["scored"]))
        lost = len(diary(shell, output)) - len(done)
    assert kills >= 2, "too fast to be killed"
    process = start(shell, "data.jsonl", output, jobs)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert tree(shell.folder / output) == undisturbed
    # What a finished part holds was scored once; only shards that were cut short come again.
    seen = diary(shell, output)
    assert set(seen) == set(range(1000))
    again = len(seen) - 1000
    assert again <= lost
    shard = 1000 / finished_parts(shell, output)
    assert again <= kills * jobs * shard * 1.5


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.xdist_group("verify")
def test_an_interrupted_run_says_so_and_goes_on(shared_shell, undisturbed, jobs):
    shell, output = shared_shell, f"interrupted{jobs}"
    process = start(shell, "data.jsonl", output, jobs)
    while finished_parts(shell, output) < 3:
        time.sleep(0.01)
    # As from a keyboard: to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines() == [
        "modelcollapse: stopped. With --output, the same command goes on from here."
    ]
    process = start(shell, "data.jsonl", output, jobs)
    process.communicate(timeout=60)
    assert tree(shell.folder / output) == undisturbed


# --- memory --------------------------------------------------------------------------------------

MEASURE = """
import sys, json, gzip
from pathlib import Path

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

path, how = sys.argv[1:]
if how == "whole":
    import pyarrow.parquet, pydantic, modelcollapse.verification
    opened = gzip.open if path.endswith(".gz") else open
    records = [json.loads(line) for line in opened(path, "rt")]
else:
    from mine import Length
    from modelcollapse.verification import verify
    verify(path, Length(), output=path + "." + how)
print(peak())
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz"])
def test_memory_does_not_grow_with_the_file(here, form):
    here.write("measure.py", MEASURE)
    rng = random.Random(0)
    words = [f"{rng.random():.12f}" for _ in range(5000)]

    def peak(n, how):
        path = here.folder / f"data{n}.{form}"
        if not path.exists():
            with gzip.open(path, "wb", 1) if form.endswith("gz") else path.open("wb") as file:
                for i in range(n):
                    text = " ".join(rng.choices(words, k=40))
                    file.write(json.dumps({"text": text, "n": i}).encode() + b"\n")
        command = [sys.executable, here.folder / "measure.py", path, how]
        done = subprocess.run(
            command, env=here.environment, capture_output=True, text=True, timeout=100, check=True
        )
        return float(done.stdout)

    few, many = 9_000, 36_000  # about 5 and 20 MB
    growth = peak(many, "scores") - peak(few, "scores")
    control = peak(many, "whole") - peak(few, "whole")
    assert control > 15, "the measurement is blind"
    assert growth < control / 3
