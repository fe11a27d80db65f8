"""The command `reproduce`: list, verdicts, files, exit codes."""

import json

from typer.testing import CliRunner

from modelcollapse.cli import app
from modelcollapse.recipes import NAMES, _recipe


def test_the_list_names_every_experiment(shell):
    done = shell("reproduce", "--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(NAMES)
    rows = json.loads(shell("reproduce", "--list", "--json").stdout)["recipes"]
    assert [row["name"] for row in rows] == list(NAMES)


def test_a_result_on_the_screen_and_in_files(shell):
    done = shell("reproduce", "retraining-stability", "--seed", "3", "--output", "out")
    assert done.returncode == 0
    assert done.stderr == ""
    for word in ("published", "ours", "tolerance", "verdict", "Wrong laws", "reproduced: "):
        assert word in done.stdout
    names = {path.name for path in (shell.folder / "out").iterdir()}
    assert names == {"figure.svg", "reproduction.html", "result.json"}


def test_several_results_have_a_folder_each_and_one_document(shell):
    done = shell("reproduce", "retraining-stability", "gaussian-law", "-o", "out", "--json")
    found = json.loads(done.stdout)["reproductions"]
    assert [one["recipe"] for one in found] == ["retraining-stability", "gaussian-law"]
    assert all(one["passed"] for one in found)
    assert (shell.folder / "out" / "gaussian-law" / "result.json").exists()


def test_misspelt_names_are_refused_before_anything_runs(shell):
    shell.refused(
        "no recipe 'gausian-law'. Did you mean 'gaussian-law'",
        "reproduce", "retraining-stability", "gausian-law", "--output", "out",
    )  # fmt: skip
    assert not (shell.folder / "out").exists()
    shell.refused(
        "no scale 'fulll'. Did you mean 'full'", "reproduce", NAMES[0], "--scale", "fulll"
    )
    shell.refused("the seed is -1", "reproduce", NAMES[0], "--seed", "-1")
    shell.refused("no experiment to reproduce", "reproduce")


def test_a_law_that_fails_is_exit_code_1(monkeypatch):
    from modelcollapse.recipes import retraining_stability as module

    def broken(scale, seed):
        outcome = module.run(scale, seed)
        wrong = _recipe.claim("the sky is green", 1.0, 2.0)
        return _recipe.Outcome([*outcome.claims, wrong], outcome.panels)

    changed = _recipe.Recipe(**{**vars(module.RECIPE), "run": broken})
    monkeypatch.setattr(module, "RECIPE", changed)
    done = CliRunner().invoke(app, ["reproduce", "retraining-stability"])
    assert done.exit_code == 1
    assert "FAIL           the sky is green" in done.output
    assert "NOT reproduced" in done.output
