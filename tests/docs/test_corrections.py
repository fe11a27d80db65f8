"""The page of corrections names tests that exist; here are those that stand nowhere else."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gamma

from modelcollapse.theory import discrete, mixing, scaling

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")


def test_names():
    found = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 15
    assert named <= found


def test_every_row_says_what_shows_it():
    rows = re.findall(r"^\| (?!printed|---)(.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 15
    for row in rows:
        assert "`test_" in row.split(" | ")[-1] or "not tested: " in row.split(" | ")[-1], row


def zipf(states, exponent):
    weights = np.arange(1, states + 1.0) ** -exponent
    return weights / weights.sum()


def test_a_misprinted_lower_bound_on_survival():
    value = float(discrete.survival_lower_bound(11, 30, 0.1))
    assert value == pytest.approx(0.3553534069, abs=5e-11)
    assert value != pytest.approx(0.3553534041, abs=5e-11)


@pytest.mark.parametrize(
    "exponent, temperature, printed, right",
    [
        (1.5, 0.7, (0.15362, 0.15364), (0.15346, 0.15348)),
        (1.5, 1.3, (0.07514, 0.07516), (0.07940, 0.07943)),
        (2.0, 0.5, (0.09992, 0.09995), (0.09992, 0.09995)),  # printed rightly
    ],
)
def test_tempered_power_laws(exponent, temperature, printed, right):
    of = {"exponent": exponent, "temperature": temperature}
    ours = scaling.power_law_error(1000, **of), scaling.power_law_error_asymptotic(1000, **of)
    assert ours == pytest.approx(right, abs=6e-6)
    # what was printed: a finite law, with the integral over the rest of an infinite one added
    b, states = exponent / temperature, 500_000
    p, q = zipf(states, exponent), zipf(states, b)
    rest = p[0] * (states + 0.5) ** (1 - exponent) / (exponent - 1)
    exact = np.sum(p * np.exp(1000 * np.log1p(-q))) + rest
    c = (exponent - 1) / b
    asymptotic = p[0] / b * gamma(c) * (1000 * q[0]) ** -c
    assert (exact, asymptotic) == pytest.approx(printed, abs=6e-6)


def test_tables_of_two_thousand_states():
    small, large = zipf(2000, 1.5), zipf(200_000, 1.5)
    of = {"rank": 20, "real": 0.1}
    assert scaling.expected_error(3000, small, **of) == pytest.approx(0.11538, abs=6e-6)
    assert scaling.expected_error(3000, large, **of) > 1.1 * 0.11538
    assert scaling.expected_total_variation(200, small) == pytest.approx(0.20933, abs=6e-6)
    assert scaling.expected_total_variation(200, large) > 1.05 * 0.20933


@pytest.mark.parametrize("real", [5, 50])
def test_fresh_data_gain_slightly_more_than_twofold(real):
    law, many = zipf(10, 1.0), 10**8
    frequencies = (1 - np.sum(law**2)) / real / discrete.fresh_error_limit(real, many, law)
    divided_by_n = 1 / real / mixing.fresh_loop_limit(real, many).mean_error
    unbiased = 1 / real / mixing.fresh_loop_limit(real, many, ddof=1).mean_error
    assert frequencies == pytest.approx(2 + 1 / real, rel=1e-5)
    assert divided_by_n == pytest.approx(2 + 1 / real, rel=1e-5)
    assert unbiased == pytest.approx(2 - 1 / real, rel=1e-5)


def agreeing(first, second, third, size=400_000):
    """Wrong labels of a generator, and of the direction learnt from those a verifier shares.

    Angles between truth and generator, generator and verifier, verifier and truth; `third` is
    that of the verifier. Records are normal, labels the side of a plane.
    """
    truth = np.array([1.0, 0.0, 0.0])
    generator = np.array([np.cos(first), np.sin(first), 0.0])
    x = np.cos(third)
    y = (np.cos(second) - x * generator[0]) / generator[1]
    verifier = np.array([x, y, np.sqrt(1 - x**2 - y**2)])
    records = np.random.default_rng(11).standard_normal((size, 3))
    labels = np.sign(records @ generator)
    right = labels == np.sign(records @ truth)
    kept = labels == np.sign(records @ verifier)
    breakdown = kept[right].mean() / (kept[right].mean() + kept[~right].mean())
    student = labels[kept] @ records[kept]
    error = np.arccos(student @ truth / np.linalg.norm(student)) / np.pi
    return 1 - right.mean(), breakdown, error


def test_a_verifier_below_its_breakdown_point_may_still_do_harm():
    wrong, breakdown, student = agreeing(0.3, 0.9, 0.8)
    assert wrong == pytest.approx(0.0955, abs=0.002)
    assert breakdown == pytest.approx(0.693, abs=0.01)
    assert wrong < breakdown / 5
    assert student == pytest.approx(0.1303, abs=0.002)
    wrong, _, student = agreeing(0.6, 0.8, 0.5)  # another verifier does good
    assert student < 0.7 * wrong
