"""Number columns: gaps and moves are no losses, and hide none."""

import numpy as np
import pytest

from modelcollapse import audit
from modelcollapse.auditing.catalogue import tolerances
from modelcollapse.auditing.numbers import read_numbers
from modelcollapse.profiles import profile

N = 4000
FEW = {"neighbours": 400}


def uneven(seed):
    """Columns whose deviations, in units of their own, have means far apart."""
    rng = np.random.default_rng(seed)
    return {"flat": rng.uniform(size=N), "skewed": rng.exponential(size=N) ** 2,
            "normal": rng.normal(size=N)}  # fmt: skip


def with_gaps(table, name, share, seed=9):
    gone = np.random.default_rng(seed).random(N) < share
    return table | {name: np.where(gone, np.nan, table[name])}


@pytest.mark.parametrize("name", ["flat", "skewed"])
def test_gaps_at_random_are_no_collapse(name):
    found = audit(with_gaps(uneven(1), name, 0.5), uneven(0), **FEW)
    assert found.stage in ("none", "not enough data")
    assert found.findings == ()
    assert 0.97 < found["bulk_spread"]["value"] < 1.03
    assert any(name in note and "other gaps" in note for note in found.card["notes"])
    # the control: without the shares of the reference the ratio moves by itself
    sides = [profile(uneven(0))]
    sides.append(profile(with_gaps(uneven(1), name, 0.5), like=sides[0]))
    assert abs(sides[1].bulk.ratio / sides[0].bulk.ratio - 1) > 0.03


def test_a_column_that_only_the_new_data_fill_does_not_dilute_the_tails():
    real, new = uneven(0) | {"empty": np.full(N, np.nan)}, uneven(1)
    new["empty"] = np.random.default_rng(2).normal(size=N)
    found = audit(new, real, roles={"empty": "number"}, **FEW)
    plain = audit(uneven(1), uneven(0), **FEW)
    assert found["tail_values"]["value"] == pytest.approx(plain["tail_values"]["value"])


def test_gaps_do_not_weaken_dependence():
    def pair(seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=N)
        return {"a": x, "b": x + 0.5 * rng.normal(size=N), "c": x + 0.5 * rng.normal(size=N)}

    found = audit(with_gaps(pair(1), "b", 0.3), pair(0), **FEW)
    assert found["dependence"]["outcome"] != "changed"
    assert found.findings == ()


@pytest.mark.parametrize("moved", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("factor", [0.0, 0.3, 0.8])
def test_a_law_that_moved_does_not_hide_that_it_narrowed(moved, factor):
    new = {name: factor * x + moved * np.std(x) for name, x in uneven(1).items()}
    found = audit(new, uneven(0), **FEW)
    assert found.stage == "late"
    assert "bulk_spread" in found.card["verdict"]["carried_by"]


def test_a_law_that_only_moved_has_its_spread():
    new = {name: x + 2 * np.std(x) for name, x in uneven(1).items()}
    found = audit(new, uneven(0), **FEW)
    assert found.stage != "late"
    assert "drift" in found.findings
    assert 0.97 < found["bulk_spread"]["value"] < 1.03


@pytest.mark.parametrize("n", [40, 200])
def test_the_middle_of_small_data_costs_no_level(n):
    rng = np.random.default_rng(4)
    narrow = 0
    repeats = 200
    real = profile({"a": rng.standard_t(5, 5000)}, roles={"a": "number"})
    for _ in range(repeats):
        new = profile({"a": rng.standard_t(5, n)}, like=real)
        (found,) = (x for x in read_numbers(new, real, tolerances(None))
                    if x.name == "bulk_spread")  # fmt: skip
        narrow += found.signal.p < 0.05
    assert narrow <= 0.05 * repeats + 3 * (0.05 * 0.95 * repeats) ** 0.5
