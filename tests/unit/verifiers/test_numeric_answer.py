"""Reading numbers in texts, and comparing them."""

import math
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.verifiers.numeric_answer import NumericAnswer, answer_in

quick = settings(max_examples=60, deadline=None)

HALF = Fraction(1, 2)


def value(text, *settings):
    found = answer_in(text, *settings)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the last number
        ("3 apples and 4 pears are 7 pieces of fruit.", 7),
        ("no number at all", None),
        ("", None),
        # marks
        ("6 * 3 = 18.\n#### 18\n(in 2 steps)", 18),
        ("#### -1,018.5", Fraction("-1018.5")),
        ("It is \\boxed{42}, by lemma 3.", 42),
        ("\\boxed{x = 5} or so, 9", 5),
        ("\\boxed{\\text{none}}, although 3 is near", None),
        ("\\fbox{ {7} } 8", 7),
        ("\\boxed{5", 5),
        ("The answer is -5, not 6.", -5),
        ("The answer is about $3.50 for 2", Fraction("3.5")),
        ("The answer is 3 + 4 = 7 apples, not 12", 7),
        ("The answer is \\boxed{6}. I checked 12 times", 6),
        ("The answer to question 2 is 5, since 3 + 2 = 5", 5),
        ("Answer: 3/4 of 8", Fraction(3, 4)),
        ("**Final Answer:**\n\n18 dollars in 3 days", 18),
        ("Final answer: **42**\nThanks, 2", 42),
        ("A: 18\n\nQ: what is 3?", 18),
        ("The answer is 5. No: the answer is 6. 7 tries", 6),
        ("#### 5\nOn second thought the answer is 6, by 7", 6),
        # headings are no answers
        ("#### 1. Understand it\nit has 5\n#### 2. Compute\nso it is 9", 9),
        # signs, and hyphens that are none
        ("x = -3", -3),
        ("-$5", -5),
        ("$-5", -5),
        ("−7", -7),
        ("5-3", 3),
        ("from 3-5", 5),
        ("答案是-18元", -18),
        ("答案是18元", 18),
        # words and dates
        ("GPT4", None),
        ("20GB", 20),
        ("H2O", None),
        ("12/05/2024", 12),
        # thousands and decimals
        ("1,234,567.50 dollars", Fraction("1234567.5")),
        ("1'000'000", 10**6),
        ("1\u202f000\u00a0000", 10**6),
        ("it was 1,2,3", 3),
        (".5", HALF),
        ("3.", 3),
        ("１２３", 123),
        ("٣", 3),
        # fractions
        ("3/4", Fraction(3, 4)),
        ("16 / 2", 8),
        ("7 1/2", Fraction(15, 2)),
        ("-7 1/2", Fraction(-15, 2)),
        ("½", HALF),
        ("1½ cups", Fraction(3, 2)),
        ("1/0", None),
        ("3 1/0", None),
        ("\\boxed{\\dfrac{3}{4}}", Fraction(3, 4)),
        ("\\boxed{-\\frac12}", -HALF),
        ("\\boxed{2\\frac{1}{2}}", Fraction(5, 2)),
        ("\\boxed{1{,}234\\%}", 1234),
        # powers
        ("3.2e-4", Fraction("0.00032")),
        ("1E+3", 1000),
        ("3.2 × 10^5", 320000),
        ("$3.2\\times 10^{5}$", 320000),
        ("2 * 10^-1", Fraction(1, 5)),
        ("10⁵", 100000),
        ("10⁻²", Fraction(1, 100)),
        ("2^10", 1024),
        ("2**3", 8),
        ("0^-1", None),
        ("5 m²", 5),
        ("5 m^2", 5),
        # beyond all measure
        ("1e999999", None),
        ("9" * 5000, None),
        ("99^9999", None),
    ],
)
def test_numbers_in_texts(text, expected):
    assert value(text) == expected


def test_decimal_commas():
    assert value("1.234,5", ",") == Fraction("1234.5")
    assert value("3,25 %", ",") == Fraction("3.25")


def test_a_marker_of_ones_own():
    assert value("Antwort: 7, nicht 8", ".", r"Antwort:") == 7
    assert value("Antwort 7, nicht 8", ".", r"Antwort:") == 8
    assert value("Antwort: keine", ".", r"Antwort:") is None


@quick
@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_what_python_writes_is_read_back(number, decimals):
    exact = Fraction(number, 10**decimals)
    assert value(f"so the answer is {float(exact):,.6f}.") == Fraction(f"{float(exact):.6f}")
    assert value(f"so it is {number:,}!") == number


@quick
@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text):
    found = answer_in(text)
    assert found is None or found.written


def agrees(text, reference, **settings):
    found = NumericAnswer(**settings).score({"text": [text], "reference": [reference]})
    return found.scores[0] if not found.failures else found.failures[0]


@pytest.mark.parametrize(
    ("text", "reference", "settings", "expected"),
    [
        ("It is 18.00.", "18", {}, 1),
        ("18.01", "18", {}, 0),
        ("18.01", "18", {"tolerance": 0.01}, 1),
        ("18.011", "18", {"tolerance": 0.01}, 0),
        (18, 18.0, {}, 1),
        (np.float64(0.1), Decimal("0.1"), {}, 1),
        (10**400, "18", {}, 0),
        ("1/3", 0.333, {}, 0),
        ("1/3", 0.333, {"tolerance": 0.001}, 1),
        # percentages
        ("25%", "25", {}, 1),
        ("25%", 0.25, {}, 1),
        ("0.25", "25 percent", {}, 1),
        ("0.25%", "25%", {}, 0),
        ("0.25%", 25, {}, 0),
        # references that are worked out, and several of them
        ("18", "9 * 2 = 18\n#### 18", {}, 1),
        ("3", [1, "3", None], {}, 1),
        ("4", [1, "3", "none"], {}, 0),
        # no number is a wrong answer
        ("I do not know", 18, {}, 0),
        ("", 18, {}, 0),
        # settings
        ("1.234,5", "1234,5", {"decimal": ","}, 1),
        ("Antwort: 7, nicht 8", 7, {"marker": "Antwort"}, 1),
    ],
)
def test_comparisons(text, reference, settings, expected):
    assert agrees(text, reference, **settings) == expected


@pytest.mark.parametrize(
    ("text", "reference", "reason"),
    [
        ("1", None, "nothing in 'reference'"),
        ("1", "unknown", "no number can be read in 'reference': 'unknown'"),
        ("1", math.inf, "'reference' holds inf"),
        (None, "1", "nothing in 'text'"),
        (math.inf, "1", "'text' holds inf"),
        (True, "1", "'text' holds no text but true or false"),
        (["1"], "1", "'text' holds no text"),
    ],
)
def test_what_cannot_be_compared_has_a_reason_and_no_score(text, reference, reason):
    assert reason in agrees(text, reference)


def test_what_was_read_stands_beside_the_score():
    texts = ["It is $1,018.50 then", "nothing", None]
    found = NumericAnswer().score({"text": texts, "reference": [1, 1, 1]})
    assert found.details == {"read": ["$1,018.50", None, None]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": -1}, "tolerance = -1"),
        ({"tolerance": math.nan}, "tolerance = nan"),
        ({"decimal": ";"}, "decimals stand behind"),
        ({"marker": "("}, "no regular expression"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InputError, match=message):
        NumericAnswer(**settings)


@pytest.mark.parametrize(
    "text",
    [
        "####" + "." * 40000 + "a", "1," * 40000, "111," * 20000 + "1111", "answer " * 10000,
        "9" * 80000, "- " * 40000, "\\boxed{" * 10000, "1/" * 40000, "10^" * 30000,
        "\\frac{" * 10000, "answer is " + " " * 80000, "1 " * 40000,
    ],
    ids=lambda text: text[:9],
)  # fmt: skip
def test_no_text_takes_longer_than_in_proportion_to_its_length(text):
    def seconds(n):
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            answer_in(text[:n])
            taken.append(time.perf_counter() - start)
        return min(taken)

    # Eight times the text takes some eight times as long; were it the square, 64 times.
    assert seconds(len(text)) < 32 * seconds(len(text) // 8) + 0.05
