"""Category columns and subgroups in an audit: minorities, other codes, and nothing to compare."""

from types import SimpleNamespace

import numpy as np
import pytest

from modelcollapse import audit
from modelcollapse.auditing.categories import subgroups
from modelcollapse.auditing.reading import Outcome
from modelcollapse.auditing.resampling import loss
from modelcollapse.profiles import profile

N = 4000
FEW = {"neighbours": 400}


def table(shares, seed, codes="abcde"):
    rng = np.random.default_rng(seed)
    label = rng.choice(list(codes[: len(shares)]), p=shares, size=N)
    return {"label": label, "x": rng.normal(size=N), "y": rng.normal(size=N)}


@pytest.mark.parametrize(
    ("before", "after"),
    [([0.7, 0.3], [0.5, 0.5]), ([0.2] * 5, [0.14, 0.26, 0.2, 0.2, 0.2])],
)
def test_a_majority_that_shrinks_is_no_loss_of_tails(before, after):
    found = audit(table(after, 1), table(before, 0), **FEW)
    assert found.stage in ("none", "not enough data")
    assert found["category_law:label"]["outcome"] == "changed"


def test_a_minority_that_shrinks_is_a_loss():
    found = audit(table([0.85, 0.15], 1), table([0.7, 0.3], 0), **FEW)
    assert found.stage == "early"
    assert found["category_shares"]["note"] == "label = b"


def test_new_categories_do_not_blunt_the_test_of_old_ones():
    real, new = table([0.9, 0.1], 0), table([0.93, 0.07], 1)
    alone = audit(new, real, **FEW)["category_shares"]["p"]
    label = np.where(
        np.arange(N) % 10 == 0, np.char.add("new", (np.arange(N) % 300).astype(str)), new["label"]
    )
    label[np.flatnonzero(label == "b")[:3]] = "a"
    kept = {"label": np.where(new["label"] == "b", "b", label)}
    assert audit(new | kept, real, **FEW)["category_shares"]["p"] <= 1.01 * alone


def test_other_codes_are_said_and_no_collapse():
    real = table([0.2] * 5, 0)
    found = audit(table([0.2] * 5, 1, codes="ABCDE"), real, **FEW)
    assert found.stage in ("none", "not enough data")
    assert found.findings == ()
    assert "label has no category of the reference here." in found.card["notes"]
    assert found["new_categories:label"]["value"] == 1


def test_subgroups_without_a_record_are_left_out():
    real, new = table([0.5, 0.5], 0), table([0.5, 0.5], 1)
    new["label"] = np.full(N, None, dtype=object)
    found = audit(new, real, groups=[["label"]], **FEW)
    assert found.card["groups"] == []
    assert found.stage in ("none", "not enough data")


def test_subgroups_whose_names_read_alike_stay_apart():
    columns = {"a": ["p x q"] * 30 + ["p"] * 20, "b": ["r"] * 30 + ["q x r"] * 20}
    side = profile(columns, roles=dict.fromkeys("ab", "category"), groups=[["a", "b"]])
    (found,) = subgroups(side, side)
    assert found.found.counts.tolist() == [30, 20]


def test_generations_are_of_as_many_records_as_were_compared():
    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, 1501)
    names = np.array([f"c{i}" for i in range(1500)])
    real = rng.choice(names, p=chances / chances.sum(), size=N)
    few = rng.choice(names[:300], p=chances[:300] / chances[:300].sum(), size=10 * N)
    found = audit({"c": few}, {"c": real}, roles={"c": "category"})
    assert found.card["verdict"]["generations"]["records"] == N // 2


def test_an_even_law_has_no_rare_category_to_count_generations_by():
    side = profile({"label": list("abcd") * 100})
    lost = SimpleNamespace(name="rare_categories", outcome=Outcome.CHANGED, signal=None)
    by = SimpleNamespace(by="label")
    found = SimpleNamespace(readings=[lost], prose=[], categories=[by])
    assert loss(side, side, found) is None


def renamed(names, values):
    return np.array([names.get(x, x) for x in values])


def test_renamed_categories_are_drift_and_erased_ones_are_not():
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1, 41)
    labels = np.array([f"c{i:02d}" for i in range(40)])
    real, new = (rng.choice(labels, size=4000, p=weight / weight.sum()) for _ in range(2))
    others = {f"c{i:02d}": f"other {i}" for i in range(20, 40, 2)}
    found = audit(renamed(others, new), real)
    assert found.stage not in ("early", "late")
    assert "drift" in found.findings
    erased = audit(renamed(dict.fromkeys(others, "c00"), new), real)
    assert erased.stage in ("early", "late")


def test_errors_of_columns_that_say_the_same_are_added():
    rng = np.random.default_rng(1)
    weight = 1 / np.arange(1, 31)
    labels = np.array([f"c{i:02d}" for i in range(30)])
    real, new = (rng.choice(labels, size=800, p=weight / weight.sum()) for _ in range(2))
    one, four = (
        audit({f"x{j}": new for j in range(k)}, {f"x{j}": real for j in range(k)})[
            "rare_categories"
        ]
        for k in (1, 4)
    )
    assert four["high"] - four["low"] == pytest.approx(one["high"] - one["low"], rel=0.02)
