"""Claims: each law can fail, and a control that does not fail is an alarm."""

import numpy as np
import pytest

from modelcollapse.recipes import _recipe as r
from modelcollapse.reproduction import Reproduction, numbers


@pytest.mark.parametrize(
    ("law", "ours", "verdict"),
    [
        ("=", 1.09, "pass"), ("=", 1.11, "fail"), ("=", 0.89, "fail"),
        ("<", 0.89, "pass"), ("<", 0.95, "fail"), ("<", 1.2, "fail"),
        (">", 1.11, "pass"), (">", 1.05, "fail"), (">", 0.8, "fail"),
        ("<=", 1.05, "pass"), ("<=", 0.1, "pass"), ("<=", 1.11, "fail"),
    ],
)  # fmt: skip
def test_a_law_holds_on_its_side_of_the_tolerance(law, ours, verdict):
    assert r.Claim("law", 1.0, ours, 0.1, law).verdict == verdict


@pytest.mark.parametrize("law", ["=", "<", ">", "<="])
def test_an_undefined_measurement_fails(law):
    assert r.Claim("law", 1.0, float("nan"), 0.1, law).verdict == "fail"


def test_tolerance_is_four_standard_errors_of_both_sides():
    found = r.claim("law", 0.0, r.Estimate(0.0, 3.0), error=4.0, rounding=0.5)
    assert found.tolerance == pytest.approx(4 * 5 + 0.5)


def test_a_control_is_in_order_only_when_it_fails():
    assert r.control("wrong", 2.0, r.Estimate(1.0, 0.1)).in_order
    assert not r.control("right after all", 1.0, r.Estimate(1.0, 0.1)).in_order


def test_what_cannot_be_compared_neither_passes_nor_fails():
    found = r.Claim("law", 1.0, 5.0, 0.1, incomparable="other models")
    assert found.verdict == "not comparable"
    assert found.in_order


def test_estimates_have_the_errors_they_say(rng):
    many = rng.normal(2.0, 3.0, size=(400, 900))
    for estimate, truth in ((r.mean, 2.0), (r.spread, 3.0)):
        found = [estimate(row) for row in many]
        z = np.array([(x.value - truth) / x.error for x in found])
        assert abs(z.mean()) < 0.25
        assert 0.85 < z.std() < 1.15


def test_a_share_has_an_error_even_where_all_agree():
    assert r.share(np.ones(100, dtype=bool)) == r.Estimate(1.0, pytest.approx(0.005))


def test_a_slope_is_that_of_least_squares(rng):
    x = np.array([0.0, 1.0, 3.0, 7.0])
    curves = rng.normal(size=(50, 4)) + 0.5 * x
    fits = [np.polyfit(x, row, 1)[0] for row in curves]
    assert r.slope(x, curves).value == pytest.approx(np.mean(fits))
    assert r.slope(x, curves).error == pytest.approx(np.std(fits, ddof=1) / np.sqrt(50))


def reproduction(*claims):
    recipe = r.Recipe("x", "X", "kingman1982", "a law", {"divisor": "n"}, None)
    return Reproduction(recipe, "quick", 0, r.Outcome(claims, []), 0.1)


HOLDS, BREAKS = r.claim("holds", 1.0, 1.0), r.claim("breaks", 1.0, 2.0)
REJECTED, BLIND = r.control("rejected", 2.0, 1.0), r.control("blind", 1.0, 1.0)


@pytest.mark.parametrize(
    ("claims", "passed"),
    [
        ((HOLDS, REJECTED), True),
        ((HOLDS, BREAKS, REJECTED), False),
        ((HOLDS, REJECTED, BLIND), False),
    ],
)
def test_a_reproduction_passes_if_laws_hold_and_wrong_ones_are_rejected(claims, passed):
    found = reproduction(*claims)
    assert found.passed is passed
    assert ("NOT reproduced" in repr(found)) is not passed
    assert found.to_dict()["passed"] is passed


def test_the_text_says_what_went_wrong():
    text = repr(reproduction(HOLDS, BREAKS, BLIND))
    assert "FAIL           breaks [theory]" in text
    assert "PASS, so the check is blind blind" in text
    assert "1 of 2 laws hold, 0 of 1 wrong laws are rejected" in text


def test_numbers_are_for_people():
    assert numbers(r.claim("x", -0.00123456, 12.3456789, law="<=", rounding=0.054321)) == (
        "≤ −0.001235", "12.35", "0.054",
    )  # fmt: skip
