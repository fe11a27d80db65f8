"""Measures of other packages."""

import math

import numpy as np
import pytest

from modelcollapse import audit
from modelcollapse.auditing import AuditMeasure, gate, plugins
from modelcollapse.errors import InputError
from modelcollapse.metrics.signal import Signal

REAL = np.random.default_rng(0).normal(size=(500, 2))
NEW = np.random.default_rng(1).normal(size=(500, 2))


class Ages:
    """Loses all of its tails."""

    title = "ages in the tails"
    concern = "tails"
    tolerance = 0.1
    headline = True

    def __call__(self, new, reference, *, rng):
        if "x0" not in new.numbers:
            return None
        value = 0.3 + 0.001 * rng.random()
        return Signal(value, 1.0, 0.01, 0.28, 0.32, 1e-12, "falls", new.rows, reference.rows)


class Entry:
    def __init__(self, name, loaded):
        self.name, self.loaded = name, loaded

    def load(self):
        return self.loaded


@pytest.fixture
def offer(monkeypatch):
    """Install measures as another package would."""

    def install(**offered):
        def entry_points(*, group):
            assert group == "modelcollapse.measure"
            return [Entry(name, loaded) for name, loaded in offered.items()]

        monkeypatch.setattr(plugins, "entry_points", entry_points)
        plugins.plugins.cache_clear()

    yield install
    plugins.plugins.cache_clear()


def test_a_measure_is_read_judged_and_carries_the_verdict(offer):
    offer(age_tails=Ages)
    found = audit(NEW, REAL, neighbours=200)
    row = found["age_tails"]
    assert row["outcome"] == "changed"
    assert row["title"] == "ages in the tails"
    assert found.stage == "early"
    assert found.card["verdict"]["carried_by"] == ["age_tails"]
    assert found.failed([gate("metric=age_tails<0.5")])
    assert audit(NEW, REAL, neighbours=200)["age_tails"] == row


def test_an_instance_will_do_and_is_a_measure():
    assert isinstance(Ages(), AuditMeasure)
    assert plugins.checked("mine", Ages()).title == "ages in the tails"


def test_a_measure_that_does_not_apply_is_left_out(offer):
    offer(age_tails=Ages)
    found = audit({"y": NEW[:, 0]}, {"y": REAL[:, 0]}, neighbours=200)
    with pytest.raises(KeyError):
        found["age_tails"]


def test_without_an_offer_there_is_no_gate_on_it(offer):
    offer()
    with pytest.raises(InputError, match="no measure 'age_tails' for the gate"):
        gate("metric=age_tails")


class Wrong(Ages):
    def __call__(self, new, reference, *, rng):
        return math.nan


class Worried(Ages):
    concern = "tail"


@pytest.mark.parametrize(
    ("name", "offered", "said"),
    [
        ("energy", Ages, "'energy' has the name of a built-in one"),
        ("mine", object(), "'mine' is no measure of an audit"),
        ("mine", Worried, "warns of 'tail', which is no concern. Did you mean 'tails'"),
        ("mine", Wrong, "'mine' returned float instead of"),
    ],
)
def test_what_is_no_measure(offer, name, offered, said):
    offer(**{name: offered})
    with pytest.raises(InputError, match=said):
        audit(NEW, REAL, neighbours=200)
