"""The assertion for tests and pipelines."""

import numpy as np
import pytest

from modelcollapse import profile
from modelcollapse.errors import InputError
from modelcollapse.testing import Collapsed, assert_no_collapse

RNG = np.random.default_rng(0)
REAL, HONEST = RNG.normal(size=(2, 30_000, 2))


def test_honest_data_pass_and_the_audit_comes_back():
    found = assert_no_collapse(HONEST, REAL, neighbours=200)
    assert found.stage == "none"


def test_collapsed_data_fail_as_an_assertion_that_holds_the_audit():
    with pytest.raises(AssertionError, match=r"the stage is late\. Spread of the bulk") as caught:
        assert_no_collapse(0.7 * HONEST, REAL, neighbours=200)
    assert isinstance(caught.value, Collapsed)
    assert caught.value.audit.stage == "late"
    assert "CHANGED" in str(caught.value)


def test_gates_and_settings_are_those_of_an_audit():
    reference = profile(REAL)
    cut = np.clip(HONEST, -2.2, 2.2)
    assert assert_no_collapse(cut, reference, fail_on="late", neighbours=200).stage == "early"
    with pytest.raises(Collapsed, match=r"tail_values is .*< 0.9"):
        assert_no_collapse(
            cut, reference, fail_on=["late", "metric=tail_values<0.9"], neighbours=200
        )
    generous = {"tails": 1.1, "drift": 1.0}
    assert_no_collapse(cut, reference, tolerance=generous, neighbours=200)


def test_a_gate_that_is_none_is_said_before_the_data_are_read():
    with pytest.raises(InputError, match="Did you mean 'early'"):
        assert_no_collapse("none.csv", "none.csv", fail_on="erly")
