import json
from pathlib import Path

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.comparison import Comparison

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def comparison():
    lineage = mc.Lineage(mc.ExactGaussian(), mc.GaussianMLE(), mc.Replace(50), size=50)
    policies = {"replace": mc.Replace(50), "accumulate": mc.Accumulate(50)}
    return mc.simulate(
        {label: lineage.but(policy=policy) for label, policy in policies.items()},
        generations=8,
        replicates=20,
        probes=["variance", "mean_error"],
    )


def test_it_is_a_mapping_of_labels_to_histories(comparison):
    assert list(comparison) == ["replace", "accumulate"]
    assert len(comparison) == 2
    assert comparison["replace"].replicates == 20
    assert "nothing" not in comparison
    assert comparison.measures == ("variance", "mean_error")


def test_replicates_share_the_real_records(comparison):
    first, second = (comparison[label]["variance"] for label in comparison)
    assert np.array_equal(first[:, 0], second[:, 0])
    assert not np.array_equal(first[:, 1], second[:, 1])


def test_the_tidy_table_names_the_lineage(comparison):
    frame = comparison.to_frame("pandas")
    assert list(frame.columns) == ["lineage", "replicate", "generation", "measure", "value"]
    assert len(frame) == 2 * 2 * 20 * 9
    assert frame.groupby("lineage").size().to_dict() == {"replace": 360, "accumulate": 360}
    one = frame.query("lineage == 'accumulate' and replicate == 3 and measure == 'mean_error'")
    assert np.array_equal(one["value"], comparison["accumulate"]["mean_error"][3])


def test_measures_that_only_one_lineage_has(comparison):
    lineage = mc.Lineage(mc.Zipf(10), mc.Frequencies(), mc.Replace(50), size=50)
    both = Comparison({**comparison, "zipf": lineage.run(8, replicates=2, probes=["support"])})
    assert both.measures == ("variance", "mean_error", "support")
    assert len(both.to_frame("pandas")) == 720 + 18
    assert "support" in repr(both)


def test_csv_and_json_hold_every_lineage(comparison, tmp_path):
    comparison.to_csv(tmp_path / "h.csv")
    lines = (tmp_path / "h.csv").read_text().splitlines()
    assert lines[0] == "lineage,replicate,generation,measure,value"
    assert len(lines) == 1 + 720
    value = comparison["replace"]["variance"][0, 0]
    assert lines[1] == f"replace,0,0,variance,{float(value)!r}"
    plain = json.loads(comparison.to_json(tmp_path / "h.json"))
    assert list(plain["lineages"]) == ["replace", "accumulate"]
    assert json.loads((tmp_path / "h.json").read_text()) == plain


def test_the_repr_is_a_table(comparison):
    assert f"{comparison!r}\n" == (GOLDEN / "comparison.txt").read_text()


def test_it_can_be_drawn(comparison, tmp_path):
    import matplotlib.pyplot as plt

    figure = comparison.plot(["variance"])
    assert len(figure.axes[0].lines) >= 2
    plt.close(figure)
    comparison.to_html(tmp_path / "report.html")
    assert "accumulate" in (tmp_path / "report.html").read_text()
