import importlib.metadata
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from modelcollapse.cli import app

OUTPUTS = {"report.html", "history.csv", "summary.json", "spec.yaml", "store"}
ESCAPE = "\x1b"


def test_the_small_spec_runs_and_says_what_became_of_it(shell):
    done = shell("simulate", shell.spec())
    assert done.returncode == 0
    assert done.stderr == ""
    first, second, blank, title, *table = done.stdout.splitlines()
    assert first.startswith("replace    ")
    assert second.startswith("10 % real  ")
    assert blank == ""
    assert title == "2 lineages, 3 replicates, 4 generations"
    assert table[0].split()[:3] == ["measure", "lineage", "gen"]
    assert not list(shell.folder.glob("store*"))


def test_output_is_a_folder_with_everything(shell):
    done = shell("simulate", shell.spec(), "--output", "a/b", "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    assert {path.name for path in (shell.folder / "a/b").iterdir()} == OUTPUTS
    # What is printed with --json is JSON and nothing else, as it is in the file.
    printed = json.loads(done.stdout)
    summary = json.loads((shell.folder / "a/b/summary.json").read_text())
    assert printed["lineages"] == summary["lineages"]
    assert list(printed["lineages"]) == ["replace", "10 % real"]
    lines = (shell.folder / "a/b/history.csv").read_text().splitlines()
    assert lines[0] == "lineage,replicate,generation,measure,value"
    assert len(lines) == 1 + 2 * 3 * 5 * len(printed["lineages"]["replace"]["measures"])


def test_the_spec_that_is_left_behind_runs_to_the_same_files(shell):
    shell("simulate", shell.spec(), "--output", "a", "--seed", "5", "--generations", "3")
    assert yaml.safe_load((shell.folder / "a/spec.yaml").read_text())["seed"] == 5
    done = shell("simulate", "a/spec.yaml", "--output", "b")
    assert done.returncode == 0
    for name in OUTPUTS - {"store"}:
        assert (shell.folder / "a" / name).read_bytes() == (shell.folder / "b" / name).read_bytes()


def test_options_override_the_spec(shell):
    done = shell(
        "simulate", shell.spec(), "--generations", "6", "--replicates", "2", "--every", "4",
        "--seed", "9", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)["lineages"]["replace"]
    assert found["generations"] == [0, 4, 6]
    assert found["replicates"] == 2
    assert found["provenance"]["seed"] == 9


def test_a_run_with_an_end_is_a_result_and_not_an_error(shell):
    spec = shell.spec(policies={"tiny": {"type": "replace", "n": 1}}, generations=3)
    done = shell("simulate", spec, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["lineages"]["tiny"]["alive"] == [1, 0, 0, 0]


def test_the_installed_command_is_the_same():
    script = Path(sys.executable).with_name("modelcollapse")
    if not script.exists():
        pytest.skip("the console script is not installed beside this interpreter")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"modelcollapse {importlib.metadata.version('modelcollapse')}\n"


COMMANDS = sorted(typer.main.get_command(app).commands)


def test_the_commands_are_found():
    assert {"simulate", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=str)
def test_every_help_shows_an_example(shell, command):
    done = shell(*command, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    name = command[0] if command else "simulate"
    assert f"modelcollapse {name} " in done.stdout.split("Example")[1]
    assert ESCAPE not in done.stdout


def test_without_a_command_the_help_is_shown(shell):
    done = shell()
    assert done.returncode == 2
    assert "simulate" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulat"], "simulate"),
        (["simulate"], "spec"),
        (["simulate", "s.yaml", "--generation", "3"], "--generations"),
        (["simulate", "s.yaml", "--generations", "many"], "--generations"),
    ],
)
def test_wrong_usage_has_code_2_and_says_what_is_meant(shell, arguments, words):
    done = shell(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_pipe_gets_no_progress_bar_and_no_colours(shell):
    done = shell("simulate", shell.spec())
    assert ESCAPE not in done.stdout + done.stderr
    assert "%" in done.stdout
    assert "\r" not in done.stdout + done.stderr


def test_a_terminal_gets_a_progress_bar_that_leaves_the_output_alone(shell):
    parent, child = pty.openpty()
    spec = shell.spec(policies={"[b]odd[/b]": {"type": "replace", "n": 30}})
    process = subprocess.Popen(
        shell.command("simulate", spec),
        cwd=shell.folder, env={**shell.environment, "TERM": "xterm"},
        stdout=subprocess.PIPE, stderr=child, text=True,
    )  # fmt: skip
    os.close(child)
    seen = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    output, _ = process.communicate(timeout=60)
    os.close(parent)
    assert process.returncode == 0
    assert "100 %" in seen.decode()
    assert "[b]odd[/b]" in seen.decode()
    assert ESCAPE not in output


def test_a_reader_that_goes_away_is_no_error(shell):
    process = subprocess.Popen(
        shell.command("simulate", shell.spec(), "--json"), cwd=shell.folder,
        env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert error == ""


def test_doctor_finds_this_installation_healthy(shell):
    done = shell("doctor", "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["healthy"]
    assert found["checks"]
    assert done.stderr == ""
