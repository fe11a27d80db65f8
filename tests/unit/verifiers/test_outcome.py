"""A column of test outcomes."""

import math

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.verifiers.outcome import Outcome


def one(outcome):
    found = Outcome().score({"passed": [outcome]})
    return found.scores[0] if not found.failures else found.failures[0]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (True, 1), (False, 0), (1, 1), (0, 0), (np.True_, 1), (np.int64(0), 0), ("True", 1),
        ("0.0", 0), (" Passed ", 1), ("FAIL", 0), ("timeout", 0), ("error", 0), ("ok", 1),
        ("wrong", 0), (0.8, 0.8), ("0.8", 0.8), (np.float32(0.5), 0.5), (7, 7), (-2.5, -2.5),
    ],
)  # fmt: skip
def test_outcomes(outcome, expected):
    assert one(outcome) == expected


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (None, "no outcome in 'passed'"),
        ("", "no outcome in 'passed'"),
        (math.nan, "no outcome in 'passed'"),
        ("n/a", "no outcome in 'passed'"),
        ("maybe", "'passed' is 'maybe', neither passed nor failed nor a number"),
        (math.inf, "neither passed nor failed"),
        ("inf", "neither passed nor failed"),
        (10**400, "neither passed nor failed"),
        ([True], "neither passed nor failed"),
        ("x" * 500, "x" * 60 + "', neither"),
    ],
)
def test_nonsense_has_a_reason_and_no_score(outcome, reason):
    assert reason in one(outcome)


def test_names():
    assert Outcome("tests").name == "tests"
    assert Outcome("tests", label="unit tests").name == "unit tests"
    assert Outcome("tests").columns == ("tests",)
    with pytest.raises(InputError, match="cannot be the name of a column"):
        Outcome(3)
    with pytest.raises(InputError, match="reads the column 'passed'"):
        Outcome().score({"pass": [1]})
