"""Exact matches of short answers, and which spellings count as the same."""

import math
import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.verifiers.exact_match import ExactMatch
from modelcollapse.verifiers.normalisation import SQUAD, STEPS, normalised

quick = settings(max_examples=60, deadline=None)


def one(text, reference, **settings):
    found = ExactMatch(**settings).score({"text": [text], "reference": [reference]})
    return found.scores[0] if not found.failures else found.failures[0]


def squad(text):
    """The four steps of SQuAD's evaluation, written out."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


@quick
@given(st.text(alphabet=string.printable, max_size=40))
def test_the_default_is_squads_on_ascii(text):
    assert normalised(text, SQUAD) == (squad(text) or text.strip())


@pytest.mark.parametrize(
    ("text", "reference", "settings", "expected"),
    [
        ("The Eiffel Tower!", "eiffel  tower", {}, 1),
        ("Eiffel Towers", "Eiffel Tower", {}, 0),
        ("Straße", "STRASSE", {}, 1),
        ("«Paris»", "paris", {}, 1),
        ("Eiffel", "eiffel", {"normalise": ()}, 0),
        ("Eiffel ", "Eiffel", {"normalise": ()}, 0),
        ("ｆine", "fine", {}, 0),
        ("ｆine", "fine", {"normalise": ("unicode",)}, 1),
        ("18", 18, {}, 1),
        (18, "18", {}, 1),
        (np.int64(18), ["17", "18"], {}, 1),
        # nothing is left of these, so they are compared as they stand
        ("The", "A", {}, 0),
        ("?", " ? ", {}, 1),
        ("", "", {}, 1),
        ("", "Paris", {}, 0),
        # several references, as columns of lists hold them
        ("b", ["x b", "B"], {}, 1),
        ("b", ("x b", None, "c"), {}, 0),
        ("b", np.array(["b", None], dtype=object), {}, 1),
    ],
)
def test_matches(text, reference, settings, expected):
    assert one(text, reference, **settings) == expected


@pytest.mark.parametrize(
    ("text", "reference", "reason"),
    [
        (None, "x", "nothing in 'text'"),
        (math.nan, "x", "nothing in 'text'"),
        ("x", None, "nothing in 'reference'"),
        ("x", [], "nothing in 'reference'"),
        ("x", [None, math.nan], "nothing in 'reference'"),
        ("x", {"answer": "x"}, "'reference' holds no text but an object"),
        ("x", ["x", {}], "'reference' holds no text but an object"),
        (True, "true", "'text' holds no text but true or false"),
        ("0.5", 0.5, "numeric_answer compares numbers"),
    ],
)
def test_what_cannot_be_compared_has_a_reason_and_no_score(text, reference, reason):
    assert reason in one(text, reference)


def test_a_faulty_record_takes_no_other_along():
    found = ExactMatch().score({"text": ["a", None, "b"], "reference": ["a", "a", "c"]})
    assert found.scores[[0, 2]].tolist() == [1, 0]
    assert list(found.failures) == [1]


def test_a_column_that_is_not_there():
    with pytest.raises(
        InputError, match=r"reads the column 'reference'.*Did you mean 'references'"
    ):
        ExactMatch().score({"text": ["a"], "references": ["a"]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normalise": ("cases",)}, "cannot normalise by 'cases'. Did you mean 'case'"),
        ({"normalise": "case"}, "takes a list of steps"),
        ({"text": ""}, "cannot be the name of a column"),
        ({"reference": None}, "cannot be the name of a column"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InputError, match=message):
        ExactMatch(**settings)


def test_steps_are_done_in_one_order():
    assert normalised("THE cat", tuple(reversed(STEPS))) == normalised("THE cat", tuple(STEPS))


def test_names():
    assert ExactMatch().name == "exact_match"
    assert ExactMatch(label="em").name == "em"
    assert ExactMatch(text="answer").columns == ("answer", "reference")
