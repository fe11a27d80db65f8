"""What a simulation leaves behind: four files that say the same, the same bytes every time."""

import csv
import json

import pytest

from modelcollapse import spec as specs
from modelcollapse.errors import StoreError
from modelcollapse.outputs import write_outputs
from modelcollapse.simulation import simulate

DOCUMENT = {
    "title": "A <small> run",
    "truth": {"type": "gaussian", "mean": 0.0, "cov": 1.0},
    "learner": {"type": "gaussian_mle"},
    "size": 30,
    "policies": {
        "replace": {"type": "replace", "n": 30},
        "accumulate": {"type": "accumulate", "n": 30},
    },
    "generations": 4,
    "replicates": 3,
    "seed": 5,
    "snapshots": [0, 4],
    "measures": ["variance", "tail_retention"],
}


@pytest.fixture(scope="module")
def run():
    simulation = specs.parse(DOCUMENT)
    return simulation, simulate(simulation)


def test_four_files_and_nothing_else(run, tmp_path):
    write_outputs(*run, tmp_path / "new" / "folder")
    names = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert names == {"report.html", "history.csv", "summary.json", "spec.yaml"}


def test_same_run_same_bytes(run, tmp_path):
    write_outputs(*run, tmp_path / "a")
    again = specs.parse(DOCUMENT)
    write_outputs(again, simulate(again), tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_spec_gives_the_run_again(run, tmp_path):
    simulation, comparison = run
    write_outputs(simulation, comparison, tmp_path)
    again = simulate(specs.read(tmp_path / "spec.yaml"))
    for label, history in comparison.items():
        assert (history["variance"] == again[label]["variance"]).all()
    assert specs.read(tmp_path / "spec.yaml").spec() == simulation.spec()


def test_the_table_is_tidy_and_complete(run, tmp_path):
    write_outputs(*run, tmp_path)
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 5 * 2
    assert set(rows[0]) == {"lineage", "replicate", "generation", "measure", "value"}
    value = float(run[1]["accumulate"]["variance"][2, 4])
    (found,) = [
        row
        for row in rows
        if (row["lineage"], row["replicate"], row["generation"], row["measure"])
        == ("accumulate", "2", "4", "variance")
    ]
    assert float(found["value"]) == value


def test_the_summary_holds_results_spec_and_versions(run, tmp_path):
    simulation, comparison = run
    write_outputs(simulation, comparison, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["lineages"] == json.loads(json.dumps(comparison.to_dict()["lineages"]))
    assert summary["spec"] == json.loads(json.dumps(simulation.spec()))
    assert {"modelcollapse", "numpy", "scipy", "python"} <= set(summary["versions"])


def test_the_report_shows_title_spec_and_records(run, tmp_path):
    write_outputs(*run, tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert "<title>A &lt;small&gt; run</title>" in text
    assert "type: gaussian_mle" in text
    assert "Histograms of the first 30 records" in text


def test_a_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        write_outputs(*run, tmp_path / "file" / "out")
    assert (tmp_path / "file").read_text() == "in the way"
