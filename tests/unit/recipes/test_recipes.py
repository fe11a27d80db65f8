"""Published experiments: complete, short, repeatable; the fast ones are run."""

import json
from pathlib import Path

import numpy as np
import pytest

import modelcollapse
from modelcollapse.bibliography import BIBLIOGRAPHY
from modelcollapse.errors import InputError
from modelcollapse.recipes import NAMES, recipe
from modelcollapse.reproduction import overview, reproduce
from modelcollapse.reproduction_page import render, result, write

FOLDER = Path(modelcollapse.__file__).parent / "recipes"
# A second or so each; the others run with `modelcollapse reproduce all`.
FAST = (
    "accumulate-gaussian", "gaussian-law", "hutter-tails", "loops-augmentation",
    "loops-bias", "loops-synthetic", "overparametrised-chain", "retraining-stability",
    "ridge-crossover", "strong-collapse", "verified-drift",
)  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return {name: reproduce(name, seed=11) for name in FAST}


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_what_was_published_and_which_options_it_takes(name):
    one = recipe(name)
    assert one.name == name
    assert one.source in BIBLIOGRAPHY
    assert len(one.claims) > 40
    assert one.options
    assert all(one.options.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_one_short_file(name):
    lines = (FOLDER / f"{name.replace('-', '_')}.py").read_text().splitlines()
    assert len(lines) <= 80


def test_every_file_is_listed():
    files = {path.stem.replace("_", "-") for path in FOLDER.glob("[a-z]*.py")}
    assert files == set(NAMES)
    assert [row["name"] for row in overview()] == list(NAMES)


@pytest.mark.parametrize("name", FAST)
def test_a_published_result_comes_out(found, name):
    one = found[name]
    assert one.passed, repr(one)
    laws = [claim for claim in one.outcome.claims if not claim.control]
    assert any(claim.verdict == "pass" for claim in laws)
    assert any(claim.control for claim in one.outcome.claims)
    assert all(np.isfinite([claim.ours, claim.tolerance]).all() for claim in laws)


@pytest.mark.parametrize("name", ["gaussian-law", "retraining-stability"])
def test_the_same_seed_gives_the_same_numbers(found, name):
    again = reproduce(name, seed=11)
    other = reproduce(name, seed=12)
    ours = [claim.ours for claim in found[name].outcome.claims]
    assert [claim.ours for claim in again.outcome.claims] == ours
    assert [claim.ours for claim in other.outcome.claims] != ours


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "nature-gausian"}, "no recipe 'nature-gausian'. Did you mean 'nature-gaussian'"),
        ({"name": "gaussian-law", "scale": "fast"}, "no scale 'fast'"),
        ({"name": "gaussian-law", "seed": -1}, "the seed is -1"),
    ],
)
def test_wrong_input_is_told_apart(arguments, message):
    with pytest.raises(InputError, match=message):
        reproduce(**arguments)


@pytest.mark.parametrize("name", FAST)
def test_a_page_shows_every_claim_and_needs_no_network(found, name):
    page = render(found[name])
    assert page.count("<svg viewBox") == len(found[name].outcome.panels)
    for row in ("http://", "https://", "<script"):
        assert row not in page.replace("http://www.w3.org", "")
    assert page.count('class="reason"') == len(found[name].outcome.claims)


def test_files_hold_specs_seed_versions_and_duration(found, tmp_path):
    one = found["gaussian-law"]
    paths = write(one, tmp_path / "out")
    assert [path.name for path in paths] == ["figure.svg", "reproduction.html", "result.json"]
    stored = json.loads(paths[-1].read_text())
    assert stored == json.loads(json.dumps(result(one)))
    assert (stored["seed"], stored["scale"]) == (11, "quick")
    assert stored["seconds"] >= 0
    assert {"modelcollapse", "numpy", "python"} <= set(stored["versions"])
    rebuilt = modelcollapse.Lineage.from_spec(stored["lineages"]["M = 10"])
    assert rebuilt == one.outcome.lineages["M = 10"]
    assert "Date" not in paths[0].read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_results_is_up_to_date(found, name):
    page = FOLDER.parents[2] / "docs" / "reproduce.md"
    row = next(line for line in page.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    one = recipe(name)
    assert f"[{one.source}]" in row
    assert one.claims.replace("<=", "≤") in row
    assert all(f"{option}: {taken}" in row for option, taken in one.options.items())
    if name in found:
        assert found[name].sentence in row
